from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from endplate.anatomy import Vertebra
from endplate.morphometry import measure
from endplate.report.sentence import describe, sentence
from strategies import chains

from .conftest import THORAX, chest, report_of


def test_a_fracture_is_named_with_level_shape_grade_loss_and_interval() -> None:
    findings = measure(chest({"T12": (0.69, 0.9, 1.0)}))
    said = describe(findings[THORAX.index("T12")])
    assert said.startswith("T12 wedge, grade 2 (moderate), height loss 31 % (95 % interval ")
    assert said.endswith(" %)")
    assert sentence(findings).startswith(
        f"Vertebral fracture: {said}. Further assessment or fracture-liaison referral is suggested."
    )


def test_worst_level_first() -> None:
    said = sentence(measure(chest({"T6": (0.7, 0.9, 1.0), "T10": (0.5, 0.8, 1.0)})))
    assert said.index("T10 wedge, grade 3 (severe)") < said.index("T6 wedge, grade 2 (moderate)")


def test_a_mild_deformity_is_not_called_a_fracture() -> None:
    said = sentence(measure(chest({"T8": (0.78, 0.9, 1.0)})))
    assert said.startswith("Mild deformity, indeterminate: T8 wedge, grade 1 (mild)")
    assert "Vertebral fracture" not in said


def test_no_fracture_says_what_was_looked_at() -> None:
    assert sentence(measure(chest())) == "No vertebral fracture found by height loss (9 bodies assessed, T4-T12)."
    assert sentence(measure(chest()[:1])) == "No vertebral fracture found by height loss (1 body assessed, T4)."


def test_what_was_not_assessed_and_what_is_uncertain_is_said() -> None:
    said = sentence(measure(chest(cut=("T4",), sure=0.5)))
    assert "Not assessed: T4 (cut by the field of view)." in said
    assert said.endswith("Level names are uncertain.")


@pytest.mark.parametrize("bodies", [[], chest(cut=THORAX)])
def test_nothing_could_be_assessed(bodies: list[Vertebra]) -> None:
    assert sentence(measure(bodies)).startswith("No vertebral body could be assessed.")


@settings(deadline=None, max_examples=50)
@given(chains())
def test_osteoporosis_is_never_diagnosed_and_mimics_are_prompted(chain: tuple[Vertebra, ...]) -> None:
    findings = measure(chain)
    said = sentence(findings)
    assert "osteopor" not in said.lower()
    assert "nan" not in said
    assert any(f.grade for f in findings) == ("Other causes" in said)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.21, 0.6))
@example(0.22503)
def test_the_sentence_and_the_table_say_the_same_per_cent(lost: float) -> None:
    bodies = chest({"T8": (1.0 - lost, 1.0, 1.0)})
    entry = next(e for e in report_of(bodies).vertebrae if e.level == "T8")
    assert entry.loss is not None
    assert f"height loss {100 * entry.loss:.0f} %" in describe(measure(bodies)[THORAX.index("T8")])
