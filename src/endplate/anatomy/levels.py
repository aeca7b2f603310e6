"""Names of the vertebrae, head to feet, and the level coordinate that networks regress.

The coordinate counts from C1 = 1 over T1 = 8, T12 = 19, L1 = 20, L5 = 24 to S1 = 25. The variants T13 and L6 lie half a
step behind their upper neighbour, so that the usual levels keep their numbers.
"""

from __future__ import annotations

USUAL = tuple([f"C{i}" for i in range(1, 8)] + [f"T{i}" for i in range(1, 13)] + [f"L{i}" for i in range(1, 6)] + ["S1"])
ALL = (*USUAL[:19], "T13", *USUAL[19:24], "L6", "S1")
_COORDINATE = {name: float(i) for i, name in enumerate(USUAL, 1)} | {"T13": 19.5, "L6": 24.5}


def coordinate(level: str) -> float:
    """Level coordinate of a name.

    Raises:
        ValueError: if the name is not a level.

    >>> coordinate("T1"), coordinate("L5"), coordinate("T13")
    (8.0, 24.0, 19.5)
    """
    try:
        return _COORDINATE[level]
    except KeyError:
        raise ValueError(f"unknown level {level!r}; expected one of {', '.join(ALL)}") from None


def nearest(value: float) -> str:
    """The usual level nearest to a coordinate.

    >>> nearest(11.3)
    'T4'
    """
    return USUAL[min(max(round(value) - 1, 0), len(USUAL) - 1)]


def order(level: str) -> int:
    """Position of a level from head to feet, variants included."""
    coordinate(level)
    return ALL.index(level)
