"""Expected ratios and heights per level: versioned tables, replaceable by the user's own."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from statistics import median, pstdev

from endplate.anatomy import levels

EXPERTS = "chest-ct-experts-1"
"""The experts' convention: middle points deep in the endplate's dish (Hm/Hp about .85)."""
DEFAULT = "ct-keypoints-1"
"""The convention of the points that the shipped networks learnt from (Hm/Hp about .90); docs/decisions/0013."""
SHIPPED = (DEFAULT, EXPERTS)
COLUMNS = ("level", "ha_hp", "ha_hp_sd", "hm_hp", "hm_hp_sd", "hp_mm", "weak")


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
        bodies: how many were; 0 where not told.
    """

    ha_hp: float
    ha_hp_sd: float
    hm_hp: float
    hm_hp_sd: float
    hp_mm: float
    weak: bool
    bodies: int = 0


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
        """The norm of a level; T13 and L6 take that of the level above; an unknown level (None) takes ``unknown``.

        None outside the table.
        """
        if level is None:
            return self.unknown
        return self.levels.get({"T13": "T12", "L6": "L5"}.get(level, level))

    @property
    def fingerprint(self) -> str:
        """A short hash of all numbers."""
        return sha256(repr(sorted(self.levels.items())).encode()).hexdigest()[:12]

    @property
    def unknown(self) -> LevelNorm:
        """What is expected where the level is unknown: the middle of all well-founded levels, spread as widely as they are."""
        firm = [n for n in self.levels.values() if not n.weak] or list(self.levels.values())
        ha, hm = _pooled([(n.ha_hp, n.ha_hp_sd) for n in firm]), _pooled([(n.hm_hp, n.hm_hp_sd) for n in firm])
        return LevelNorm(*ha, *hm, float("nan"), True)


def read_norms(path: Path) -> Norms:
    """A table from a CSV file with the columns of the shipped one; lines that begin with # are comments.

    Raises:
        ValueError: if a column is missing or a value is no number.
    """
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines)
    try:
        table = {_known(row["level"]): _norm(row) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}; expected the columns {', '.join(COLUMNS)}, bodies optional, on every line") from None
    if not table:
        raise ValueError(f"{path}: no level in it; expected a header line and one line per level")
    return Norms(path.stem, table)


def _known(level: str) -> str:
    levels.coordinate(level)
    return level


def _norm(row: Mapping[str, str]) -> LevelNorm:
    ha, ha_sd, hm, hm_sd = (float(row[k]) for k in COLUMNS[1:5])
    hp = float(row["hp_mm"] or "nan")
    if not min(ha, ha_sd, hm, hm_sd) > 0 or hp <= 0:
        raise ValueError(f"{row['level']}: ratios, standard deviations and heights must be above 0")
    return LevelNorm(ha, ha_sd, hm, hm_sd, hp, row["weak"] == "1", int(row.get("bodies") or 0))


def _pooled(values: list[tuple[float, float]]) -> tuple[float, float]:
    means, spreads = [v[0] for v in values], [v[1] for v in values]
    return median(means), (median(spreads) ** 2 + pstdev(means) ** 2) ** 0.5


def chosen(name_or_path: str) -> Norms:
    """A shipped table by its name, or a user's own by its path.

    Raises:
        ValueError: if there is neither, or the file is damaged.
    """
    if name_or_path in SHIPPED:
        return shipped(name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise ValueError(f"{name_or_path} is neither a shipped table of norms ({', '.join(SHIPPED)}) nor a file")
    return read_norms(path)


@cache
def shipped(name: str = DEFAULT) -> Norms:
    """A table that comes with endplate."""
    with resources.as_file(resources.files("endplate.morphometry") / "tables" / f"{name}.csv") as path:
        return read_norms(path)
