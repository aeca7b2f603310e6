"""Vertebral fractures of known shape and height loss, made on six-point geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.anatomy.vertebra import Vertebra
from endplate.errors import InputRefused

Shape = Literal["wedge", "biconcave", "crush"]
LOSS_OF_GRADE = {1: 0.225, 2: 0.32, 3: 0.50}
"""Height loss drawn for a Genant grade: the middle of 20-25 %, 25-40 % and above 40 % (Genant 1993)."""
# loss of (anterior, middle, posterior) height as a share of the fracture's loss
_PATTERN = {"wedge": (1.0, 0.75, 0.0), "biconcave": (0.1, 1.0, 0.0), "crush": (1.0, 1.0, 1.0)}
# share of the loss taken from the superior endplate
_SUPERIOR = {"wedge": 0.8, "biconcave": 0.55, "crush": 0.7}
_FOLLOWS = 0.7
"""Share of a wedge's angle by which the spine above tips forward; the disc above opens by the rest."""


class Fracture(NamedTuple):
    """A fracture as asked for on the command line, such as ``T12:wedge:2``."""

    level: str
    shape: Shape
    grade: int


def parse_fracture(text: str) -> Fracture:
    """A fracture from ``LEVEL:SHAPE:GRADE``.

    Raises:
        InputRefused: naming the part that is wrong.

    >>> parse_fracture("T12:wedge:2")
    Fracture(level='T12', shape='wedge', grade=2)
    """
    parts = text.split(":")
    if len(parts) != 3:
        raise InputRefused("bad_fracture", f"fracture {text!r} is not LEVEL:SHAPE:GRADE; write, for example, T12:wedge:2")
    level, shape, grade = parts[0].upper(), parts[1].lower(), parts[2]
    if level not in levels.ALL:
        raise InputRefused("bad_fracture", f"unknown level {parts[0]!r} in {text!r}; give one of C3 to L5, such as T12")
    if shape not in get_args(Shape):
        raise InputRefused("bad_fracture", f"unknown shape {parts[1]!r} in {text!r}; give wedge, biconcave or crush")
    if grade not in {"1", "2", "3"}:
        raise InputRefused("bad_fracture", f"unknown grade {grade!r} in {text!r}; give 1, 2 or 3")
    return Fracture(level, cast(Shape, shape), int(grade))


def fracture(vertebrae: Sequence[Vertebra], level: str, shape: Shape, grade: int) -> tuple[Vertebra, ...]:
    """The spine with one body fractured to the middle of a Genant grade; what lies above moves down."""
    return fracture_by(vertebrae, level, shape, LOSS_OF_GRADE[grade])


def fracture_by(vertebrae: Sequence[Vertebra], level: str, shape: Shape, loss: float) -> tuple[Vertebra, ...]:
    """The spine with one body fractured by an exact loss of height.

    Args:
        vertebrae: head to feet.
        level: which body.
        shape: ``wedge`` lowers the anterior height by ``loss``, ``biconcave`` the middle one, ``crush`` all three.
        loss: share of that body's present height, 0 to below 1.

    Raises:
        InputRefused: if the level is not among the vertebrae.
    """
    names = [v.level for v in vertebrae]
    if level not in names:
        raise InputRefused("bad_fracture", f"{level} is not in this spine ({names[0]} to {names[-1]}); choose a level in it")
    if not 0.0 <= loss < 1.0:
        raise InputRefused("bad_fracture", f"height loss {loss} is not from 0 to below 1; a grade 2 loses about 0.32")
    index = names.index(level)
    broken = replace(vertebrae[index], points_mm=_collapsed(vertebrae[index].points_mm, shape, loss))
    follow = _follow(vertebrae[index].points_mm, broken.points_mm)
    above = [replace(v, points_mm=v.points_mm @ follow[0].T + follow[1]) for v in vertebrae[:index]]
    return (*above, broken, *vertebrae[index + 1 :])


def _collapsed(points: NDArray[np.floating], shape: Shape, loss: float) -> NDArray[np.floating]:
    lost = np.array(_PATTERN[shape])[:, None] * loss
    column = points[:, 1] - points[:, 0]
    share = _SUPERIOR[shape]
    fallen = np.stack([points[:, 0] + column * lost * share, points[:, 1] - column * lost * (1 - share)], 1)
    # the body rests on the disc below: its posterior inferior rim stays where it was
    return fallen + (points[2, 1] - fallen[2, 1])


def _follow(before: NDArray[np.floating], after: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Rotation (3, 3) and shift (3,) that take the old superior endplate to the new one, tipping by `_FOLLOWS`."""
    old, new = before[0, 0] - before[2, 0], after[0, 0] - after[2, 0]
    axis = np.cross(old, new)
    sine = np.linalg.norm(axis)
    if sine < 1e-9:
        return np.eye(3), after[2, 0] - before[2, 0]
    angle = np.arctan2(sine, old @ new) * _FOLLOWS
    x, y, z = axis / sine
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation = np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
    return rotation, after[2, 0] - rotation @ before[2, 0]
