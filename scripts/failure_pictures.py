"""Pictures of known weaknesses for MODEL_CARD.md, from phantoms and the shipped weights: docs/failures/*.png.

usage: python scripts/failure_pictures.py      prints truth and finding of what each picture shows
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from endplate import measure, models, phantom, pipeline
from endplate.anatomy import Vertebra, levels
from endplate.phantom import Anatomy, Phantom, ScannerSettings
from endplate.phantom.settings import BodySettings, TissueSettings
from endplate.report.figure import overview_png

FOLDER = Path(__file__).parents[1] / "docs" / "failures"
CHEST = ScannerSettings((7.6, 21.4), 0.9, 1.25, field_mm=(330.0, 300.0))


def spine(*fractures: str) -> tuple[Vertebra, ...]:
    """C2 to S1 with some fractures."""
    bodies = phantom.spine(levels.USUAL[1:])
    for text in fractures:
        bodies = phantom.fracture(bodies, *phantom.parse_fracture(text))
    return bodies


def thick_slices() -> Phantom:
    """A biconcave and a wedge fracture in noisy slices of 5 mm."""
    scanner = replace(CHEST, slice_mm=5.0, noise_hu=45.0)
    return phantom.render(spine("T8:biconcave:2", "T12:wedge:2"), scanner=scanner, seed=5)


def short_field() -> Phantom:
    """Five vertebrae in a field too narrow for the ribs."""
    scanner = replace(CHEST, view=(12.6, 17.4), field_mm=(110.0, 120.0))
    return phantom.render(spine(), scanner=scanner, seed=6)


def implants() -> Phantom:
    """Screws from T11 to L1, cement in T8."""
    bodies = {"T8": BodySettings(cement=True), **{name: BodySettings(screws=True) for name in ("T11", "T12", "L1")}}
    return phantom.render(spine(), Anatomy(TissueSettings(cancellous=70.0), bodies=bodies), CHEST, seed=7)


CASES: dict[str, Callable[[], Phantom]] = {"thick-slices": thick_slices, "short-field": short_field, "implants": implants}


def main() -> None:
    """Draw all, and say what is true."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    networks = models.load()
    for name, make in CASES.items():
        made = make()
        volume = replace(made.volume, source=replace(made.volume.source, name=name))
        result = pipeline.quantify_volume(volume, networks)
        (FOLDER / f"{name}.png").write_bytes(overview_png(result.report, result.spine))
        whole = [v for v in made.vertebrae if v.complete]
        true = {f.vertebra.level: f for f in measure(np.array([v.points_mm for v in whole]), [v.level for v in whole])}
        for v in result.report.vertebrae:
            f = true.get(v.level)
            if v.reason or v.grade or (f and f.grade):
                truth = f"true loss {f.loss:.2f}, grade {f.grade}" if f else "not in the truth"
                print(f"{name}: {v.level}: {truth}; read {v.loss}, grade {v.grade}, {v.reason or ''}")
        levels_said = result.report.levels
        print(f"{name}: names {levels_said.confidence:.2f}" if levels_said else name)


if __name__ == "__main__":
    main()
