"""Heights, norms, Genant grades: what a radiologist would measure by hand. Needs numpy alone."""

from endplate.morphometry.measure import Finding, measure
from endplate.morphometry.norms import Norms

__all__ = ["Finding", "Norms", "measure"]
