"""What makes a body not assessable although it is whole: metal or cement, and points that do not come to rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from endplate import models, oracle, phantom, pipeline
from endplate.anatomy import levels
from endplate.detection.refine import Seen
from endplate.phantom import Anatomy, ScannerSettings
from endplate.phantom.settings import BodySettings

VIEW = ScannerSettings((13.1, 20.8), 1.6, 1.5, field_mm=(240.0, 200.0))


def reasons(networks: models.Models, ct: phantom.Phantom) -> dict[str | None, str]:
    report = pipeline.quantify_volume(ct.volume, networks).report
    return {v.level: v.reason or "" for v in report.vertebrae if v.complete}


def test_cement_is_told_and_its_neighbours_are_graded() -> None:
    bodies = {"T9": BodySettings(cement=True), "T12": BodySettings(screws=True)}
    ct = phantom.render(phantom.spine(levels.USUAL[1:]), Anatomy(bodies=bodies), VIEW, seed=3)
    found = reasons(oracle.models(ct.vertebrae), ct)
    assert found["T9"] == "metal or cement in the body"
    assert found["T10"] == found["T11"] == ""
    assert found["T12"] == "", "screws beside the mid-plane do not hide the endplates"


def test_points_that_two_looks_place_apart_are_not_graded() -> None:
    ct = phantom.render(phantom.spine(levels.USUAL[1:]), scanner=VIEW, seed=3)
    looks = []

    def restless(patches: np.ndarray) -> Seen:
        """Places the first body's points elsewhere at every look, and the others' where a body of usual size has them."""
        looks.append(1)
        usual = np.array([[[18.0, c], [46.0, c]] for c in (18.0, 39.5, 61.0)])
        points = np.repeat(usual[None], len(patches), axis=0)
        points[0] += (0.0, 6.0 * (len(looks) % 2 == 0))
        return Seen(points, np.ones((len(patches), 3, 2)))

    found = reasons(replace(oracle.models(ct.vertebrae), refiner=restless), ct)
    assert [level for level, reason in found.items() if "two looks disagree" in reason] == [next(iter(found))]
