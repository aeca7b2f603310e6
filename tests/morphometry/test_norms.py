from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from endplate.morphometry.norms import COLUMNS, DEFAULT, EXPERTS, SHIPPED, chosen, read_norms, shipped

# median and robust SD of Ha/Hp and Hm/Hp on the public expert annotation of 100 chest CTs
PUBLISHED = {
    "C7": (0.987, 0.064, 0.855, 0.052),
    "T1": (0.964, 0.048, 0.862, 0.045),
    "T2": (0.980, 0.053, 0.861, 0.037),
    "T3": (0.959, 0.064, 0.851, 0.044),
    "T4": (0.940, 0.041, 0.852, 0.038),
    "T5": (0.908, 0.051, 0.844, 0.047),
    "T6": (0.877, 0.055, 0.840, 0.048),
    "T7": (0.867, 0.051, 0.842, 0.050),
    "T8": (0.891, 0.060, 0.846, 0.040),
    "T9": (0.924, 0.056, 0.852, 0.044),
    "T10": (0.945, 0.053, 0.863, 0.031),
    "T11": (0.918, 0.066, 0.853, 0.039),
    "T12": (0.916, 0.066, 0.861, 0.042),
    "L1": (0.939, 0.066, 0.858, 0.042),
    "L2": (0.959, 0.033, 0.864, 0.039),
}
ROOT = Path(__file__).parents[2]
POSTERIOR_MM = {"T1": 17.2, "T4": 19.6, "T8": 21.7, "T10": 23.4, "T12": 26.7, "L1": 27.9, "L2": 28.7}
WEAK = {"C3", "C4", "C5", "C6", "L3", "L4", "L5"}
LINE = "T8,.9,.05,.85,.04,21.0,0"


@pytest.mark.parametrize("level", PUBLISHED)
def test_the_shipped_table_holds_the_published_values(level: str) -> None:
    norm = shipped(EXPERTS).levels[level]
    assert (norm.ha_hp, norm.ha_hp_sd, norm.hm_hp, norm.hm_hp_sd) == PUBLISHED[level]
    assert not norm.weak
    assert norm.bodies > 0


def test_posterior_heights_are_the_published_means_and_run_smoothly_between() -> None:
    table = shipped(EXPERTS).levels
    assert {level: table[level].hp_mm for level in POSTERIOR_MM} == POSTERIOR_MM
    course = [table[n].hp_mm for n in table if np.isfinite(table[n].hp_mm) and not table[n].weak]
    assert (np.diff(course) > 0).all()


def test_weak_levels_are_marked() -> None:
    assert {name for name, norm in shipped(EXPERTS).levels.items() if norm.weak} == WEAK


def test_variants_and_unknown_levels_fall_back_as_declared() -> None:
    table = shipped(EXPERTS)
    assert table.of("T13") is table.of("T12")
    assert table.of("L6") is table.of("L5")
    assert table.of("C2") is None
    unknown = table.of(None)
    assert unknown is not None
    assert unknown.weak
    assert np.isnan(unknown.hp_mm)
    assert unknown.ha_hp == pytest.approx(0.93, abs=0.03)
    assert unknown.ha_hp_sd > table.levels["T8"].ha_hp_sd - 0.005


def test_the_default_is_the_experts_course_in_the_convention_of_the_networks_points() -> None:
    """Their middle points sit deeper: one factor on all well-founded levels, the bodies themselves at the weak ones."""
    ours, theirs = shipped(DEFAULT).levels, shipped(EXPERTS).levels
    firm = [name for name in theirs if not theirs[name].weak]
    assert [ours[n].hm_hp / theirs[n].hm_hp for n in firm] == pytest.approx([1.053] * len(firm), abs=0.001)
    assert [ours[n].ha_hp / theirs[n].ha_hp for n in firm] == pytest.approx([0.963] * len(firm), abs=0.001)
    assert ours["L5"].ha_hp > 1.15
    assert ours["L5"].bodies == 3
    assert [ours[n].hp_mm for n in firm] == [theirs[n].hp_mm for n in firm]


@pytest.mark.data
def test_the_default_table_is_what_the_script_makes_of_the_annotated_cts(shared_data: Path) -> None:
    script = runpy.run_path(str(ROOT / "scripts/norms_table.py"))
    assert script["text"](*script["table"](shared_data / "ct")) == (script["FOLDER"] / f"{DEFAULT}.csv").read_text()


def test_a_table_is_chosen_by_name_or_by_path(tmp_path: Path) -> None:
    assert [chosen(name).name for name in SHIPPED] == list(SHIPPED)
    path = tmp_path / "mine.csv"
    path.write_text(f"{','.join(COLUMNS)}\n{LINE}\n")
    assert chosen(str(path)).name == "mine"
    assert len({chosen(name).fingerprint for name in (*SHIPPED, str(path))}) == 3
    with pytest.raises(ValueError, match=r"neither a shipped table of norms .ct-keypoints-1, chest-ct-experts-1. nor a file"):
        chosen("women")


def test_a_users_table(tmp_path: Path) -> None:
    path = tmp_path / "women-over-70.csv"
    path.write_text(f"# mine\n{','.join(COLUMNS)}\n{LINE}\nT9,.9,.05,.85,.04,,1\n")
    table = read_norms(path)
    assert (table.name, table.levels["T8"].hp_mm, table.levels["T8"].bodies) == ("women-over-70", 21.0, 0)
    assert np.isnan(table.levels["T9"].hp_mm)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no level"),
        ("level,ha_hp\nT8,.9\n", "ha_hp_sd"),
        (f"{','.join(COLUMNS)}\nT8,.9,.05,much,.04,21,0\n", "much"),
        (f"{','.join(COLUMNS)}\nTh8,.9,.05,.85,.04,21,0\n", "Th8"),
        (f"{','.join(COLUMNS)}\nT8,-.9,.05,.85,.04,21,0\n", "above 0"),
        (f"{','.join(COLUMNS)}\nT8,.9\n", "expected the columns"),
    ],
)
def test_a_damaged_table_is_refused_with_its_path(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "norms.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=said) as refusal:
        read_norms(path)
    assert str(path) in str(refusal.value)
