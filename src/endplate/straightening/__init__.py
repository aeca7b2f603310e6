"""The volume, straightened along the vertebral column."""

from endplate.straightening.straight_spine import StraightSpine
from endplate.straightening.straighten import Settings, straighten

__all__ = ["Settings", "StraightSpine", "straighten"]
