"""What a CT can be: refuses masks, windowed images, lost intercepts and headers in the wrong unit."""

from __future__ import annotations

from endplate.errors import InputRefused
from endplate.volume.hounsfield import HounsfieldArray
from endplate.volume.volume import Volume

_THINNEST_STEP_MM, _THICKEST_STEP_MM = 0.02, 25.0

_NARROWEST_SPAN_HU = 200
"""Air to bone spans more than 1,000 HU; masks and images scaled to 0..1 span less than this."""


def check_plausible(volume: Volume, name: str) -> None:
    """Refuses what cannot be a CT in Hounsfield units.

    Raises:
        InputRefused: ``absurd_spacing``, ``constant``, or ``not_hounsfield`` for masks, windowed images, a lost intercept.
    """
    _check_spacing(volume, name)
    _check_values(volume.hu, name)


def _check_spacing(volume: Volume, name: str) -> None:
    steps = volume.spacing_mm
    if steps.min() < _THINNEST_STEP_MM or steps.max() > _THICKEST_STEP_MM:
        raise InputRefused(
            "absurd_spacing",
            f"{name}: voxel steps are {', '.join(f'{s:.4g}' for s in steps)} mm (k, j, i); "
            f"expected {_THINNEST_STEP_MM:g} to {_THICKEST_STEP_MM:g} mm; check the header's units",
        )


def _check_values(hu: HounsfieldArray, name: str) -> None:
    low, high = float(hu.min()), float(hu.max())
    if low == high:
        raise InputRefused("constant", f"{name}: every voxel is {low:g}; expected a CT; export the image again")
    if low >= 0 or high - low < _NARROWEST_SPAN_HU:
        raise InputRefused(
            "not_hounsfield",
            f"{name}: values run from {low:g} to {high:g}; Hounsfield units run from about -1000 (air) to above 300 (bone); "
            "a mask, a windowed image or a lost intercept looks like this; give the CT itself",
        )
