"""A procedural spine CT whose truth is known exactly."""

from endplate.phantom.phantom import Phantom
from endplate.phantom.randomise import Ranges, random_phantom
from endplate.phantom.render import render
from endplate.phantom.settings import Anatomy, BodySettings, Habitus, ScannerSettings, TissueSettings
from endplate.phantom.spine.fracture import fracture, fracture_by, parse_fracture
from endplate.phantom.spine.shape import SpineShape, spine

__all__ = [
    "Anatomy",
    "BodySettings",
    "Habitus",
    "Phantom",
    "Ranges",
    "ScannerSettings",
    "SpineShape",
    "TissueSettings",
    "fracture",
    "fracture_by",
    "parse_fracture",
    "random_phantom",
    "render",
    "spine",
]
