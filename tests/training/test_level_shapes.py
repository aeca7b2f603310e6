from __future__ import annotations

from pathlib import Path

import numpy as np

from endplate.anatomy import levels
from endplate.anatomy.vertebra import exact
from endplate.labelling.geometry_evidence import geometry_evidence, shipped
from endplate.labelling.name import name_levels
from endplate.training.level_shapes import estimate, estimate_without, measured
from endplate.training.truth import read_truth


def test_shipped_table_is_that_of_the_annotated_scans(shared_data: Path) -> None:
    found = estimate(measured(shared_data / "ct"))
    for ours, theirs in zip(
        (found.expected, found.spread, found.between), (shipped().expected, shipped().spread, shipped().between), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_most_annotated_spines_are_within_one_level_by_shape_alone(shared_data: Path) -> None:
    """Each by a table of the other patients; shape alone is too weak to name, it only has to help."""
    scans, near = measured(shared_data / "ct"), []
    for case in scans:
        truth = read_truth(shared_data / "ct" / case)
        assert truth.points_mm is not None
        bodies = [exact(p) for p in truth.points_mm]
        evidence = geometry_evidence(bodies, estimate_without(scans, case))
        found = name_levels(bodies, evidence).vertebrae[0].level
        near.append(abs(levels.coordinate(str(found)) - truth.level[0]) <= 1.0)
    assert np.mean(near) >= 0.75


def test_a_held_out_patient_is_not_in_the_table(shared_data: Path) -> None:
    """The head of ``acrin-flt-001`` is the same patient as the annotated ``acrin-flt-001b``."""
    scans = measured(shared_data / "ct")
    others = estimate({name: of for name, of in scans.items() if name != "acrin-flt-001b"})
    for case in ("acrin-flt-001", "acrin-flt-001b"):
        np.testing.assert_array_equal(estimate_without(scans, case).expected, others.expected)
