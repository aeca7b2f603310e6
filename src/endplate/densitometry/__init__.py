"""Attenuation of trabecular bone: of each body, and what it says at L1."""

from endplate.densitometry.opportunistic import Opportunistic, opportunistic
from endplate.densitometry.trabecular import Attenuation, attenuation, attenuations

__all__ = ["Attenuation", "Opportunistic", "attenuation", "attenuations", "opportunistic"]
