"""CT volumes: Hounsfield units plus the map from voxels to the patient."""

from endplate.volume.volume import Volume

__all__ = ["Volume"]
