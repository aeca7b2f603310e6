"""Drawing of tissues and bones on a voxel canvas."""
