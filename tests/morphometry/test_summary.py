from __future__ import annotations

import numpy as np
import pytest

from endplate.anatomy import Vertebra
from endplate.morphometry import measure
from endplate.morphometry.summary import SDI_LEVELS, kyphosis_deg, summarise
from strategies import normal_column

CHEST = ("T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "L1")


def chest(fractures: dict[str, float], sd: float = 0.0, bend_deg: float = 0.0) -> list[Vertebra]:
    """A chest whose fractured levels keep a share of the front; each level leans ``bend_deg`` more forward than the last."""
    points, bodies = normal_column(CHEST), []
    for i, (name, body) in enumerate(zip(CHEST, points, strict=True)):
        body = body.copy()
        body[0, 0] = body[0, 1] + (body[0, 0] - body[0, 1]) * fractures.get(name, 1.0)
        angle = np.deg2rad(bend_deg * (CHEST.index("T8") - i))
        turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
        centre = body.mean((0, 1))
        bodies.append(Vertebra((body - centre) @ turn.T + centre, np.full((3, 2), sd), name, 1.0))
    return bodies


def test_counts_worst_level_and_index() -> None:
    s = summarise(measure(chest({"T3": 0.7, "T8": 0.55, "T11": 0.78})))
    assert (s.assessed, s.worst_level, s.worst_grade, s.fractures, s.mild_deformities) == (11, "T8", 3, 2, 1)
    assert s.worst_loss == pytest.approx(0.45)
    assert s.spinal_deformity_index == 4, "T3 lies above T4 and does not count"
    assert s.fracture_probability == 1.0


def test_the_deformity_index_spans_thirteen_levels() -> None:
    assert (SDI_LEVELS[0], SDI_LEVELS[-1], len(SDI_LEVELS)) == ("T4", "L4", 13)


def test_probability_of_any_fracture_grows_with_doubt_near_the_cut() -> None:
    sure, unsure = (summarise(measure(chest({"T8": 0.78}, sd))).fracture_probability for sd in (0.01, 0.7))
    assert sure < 0.01
    assert 0.1 < unsure < 0.9


def test_kyphosis_is_positive_when_the_chest_bends_forward() -> None:
    straight, kyphotic, lordotic = (kyphosis_deg(measure(chest({}, bend_deg=b))) for b in (0.0, 5.0, -5.0))
    assert straight is not None
    assert kyphotic is not None
    assert lordotic is not None
    assert kyphotic - straight == pytest.approx(40.0)
    assert lordotic - straight == pytest.approx(-40.0)


def test_kyphosis_needs_both_ends_in_view() -> None:
    assert kyphosis_deg(measure(chest({})[2:])) is None


def test_nothing_found() -> None:
    s = summarise(())
    assert (s.assessed, s.worst_level, s.worst_loss, s.fractures, s.fracture_probability, s.kyphosis_deg) == (
        0,
        None,
        None,
        0,
        0.0,
        None,
    )
