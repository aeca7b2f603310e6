"""Expected ratios and heights per level: versioned tables, replaceable by the user's own."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

DEFAULT = "chest-ct-experts-1"


@dataclass(frozen=True)
class LevelNorm:
    """What is expected at one level.

    Attributes:
        ha_hp: median Ha/Hp.
        ha_hp_sd: its robust standard deviation.
        hm_hp: median Hm/Hp.
        hm_hp_sd: its robust standard deviation.
        hp_mm: mean posterior height; only its course from level to level is used; NaN where unknown.
        weak: True where too few bodies were measured.
    """

    ha_hp: float
    ha_hp_sd: float
    hm_hp: float
    hm_hp_sd: float
    hp_mm: float
    weak: bool


@dataclass(frozen=True)
class Norms:
    """A table of norms.

    Attributes:
        name: with its version.
        levels: by level name.
    """

    name: str
    levels: Mapping[str, LevelNorm]

    def of(self, level: str | None) -> LevelNorm | None:
        """The norm of a level; T13 and L6 take that of the level above; None outside the table."""
        return self.levels.get({"T13": "T12", "L6": "L5"}.get(level or "", level or ""))


def read_norms(path: Path) -> Norms:
    """A table from a CSV file with the columns of the shipped one; lines that begin with # are comments.

    Raises:
        ValueError: if a column is missing or a value is no number.
    """
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines)
    try:
        return Norms(path.stem, {row["level"]: _norm(row) for row in rows})
    except KeyError as error:
        raise ValueError(f"{path}: column {error} is missing; expected level, ha_hp, ha_hp_sd, hm_hp, hm_hp_sd, hp_mm, weak") from None


def _norm(row: Mapping[str, str]) -> LevelNorm:
    ha, ha_sd, hm, hm_sd, hp = (float(row[k] or "nan") for k in ("ha_hp", "ha_hp_sd", "hm_hp", "hm_hp_sd", "hp_mm"))
    return LevelNorm(ha, ha_sd, hm, hm_sd, hp, row["weak"] == "1")


@cache
def shipped(name: str = DEFAULT) -> Norms:
    """A table that comes with endplate."""
    with resources.as_file(resources.files("endplate.morphometry") / "tables" / f"{name}.csv") as path:
        return read_norms(path)
