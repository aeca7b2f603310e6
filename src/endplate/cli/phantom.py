"""``endplate phantom``: a synthetic CT with known fractures, for a first try and for tests."""

from __future__ import annotations

from pathlib import Path

from endplate.anatomy import levels as level_names
from endplate.errors import InputRefused


def phantom(
    *,
    out: Path,
    fracture: list[str] | None = None,
    levels: str = "C7-L5",
    spacing_mm: float = 0.8,
    slice_mm: float = 1.0,
    kyphosis_deg: float = 38.0,
    scoliosis_deg: float = 0.0,
    noise_hu: float = 18.0,
    seed: int = 0,
) -> None:
    """Write a synthetic CT of the spine as a DICOM series, with its exact truth.

    Args:
        out: folder for ``series/*.dcm`` and ``truth.json``.
        fracture: LEVEL:SHAPE:GRADE, such as T12:wedge:2; shapes wedge, biconcave, crush; may be given more than once.
        levels: first and last vertebra wholly in view.
        spacing_mm: pixel spacing.
        slice_mm: distance and thickness of the slices.
        kyphosis_deg: thoracic kyphosis T1-T12.
        scoliosis_deg: Cobb angle of a thoracic curve.
        noise_hu: standard deviation of the image noise.
        seed: of texture, bowel and noise; the same seed gives the same files.
    """
    from endplate import phantom as phantoms
    from endplate.phantom.dicom import write_series

    top, bottom = _range(levels)
    shape = phantoms.SpineShape(kyphosis_deg=kyphosis_deg, scoliosis_deg=scoliosis_deg)
    vertebrae = phantoms.spine(level_names.USUAL[1:], shape)
    for asked in sorted(map(phantoms.parse_fracture, fracture or []), key=lambda f: -level_names.order(f.level)):
        vertebrae = phantoms.fracture(vertebrae, *asked)
    scanner = phantoms.ScannerSettings((top - 0.9, bottom + 0.8), spacing_mm, slice_mm, noise_hu=noise_hu)
    made = phantoms.render(vertebrae, scanner=scanner, seed=seed, shape=shape)
    series = write_series(made, out)
    whole = [v.level for v in made.vertebrae if v.complete]
    print(f"{series}: {made.volume.hu.shape[0]} slices, {whole[0]} to {whole[-1]} complete; truth in {out / 'truth.json'}")


def _range(text: str) -> tuple[float, float]:
    """Level coordinates of ``FIRST-LAST``."""
    names = text.upper().split("-")
    known = [n in level_names.USUAL[2:24] for n in names]
    if len(names) != 2 or not all(known) or level_names.order(names[0]) > level_names.order(names[1]):
        raise InputRefused("bad_levels", f"levels {text!r} are not FIRST-LAST between C3 and L5; write, for example, C7-L5")
    return level_names.coordinate(names[0]), level_names.coordinate(names[1])
