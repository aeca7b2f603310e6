"""The measurements as a Comprehensive 3D SR after PS3.16 TID 1500."""
