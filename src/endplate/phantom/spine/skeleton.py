"""A whole spine, C2 to S1, around the vertebrae that were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import levels
from endplate.anatomy.vertebra import Vertebra, exact
from endplate.errors import InputRefused
from endplate.phantom.spine.frame import Frame, frame_of
from endplate.phantom.spine.norms import norm
from endplate.phantom.spine.shape import SpineShape, spine


@dataclass(frozen=True)
class Skeleton:
    """Vertebrae C2 to S1 without gaps, head to feet.

    Attributes:
        vertebrae: all bodies, six points each; C2 and S1 are drawn but are no truth for heights.
        frames: their local frames.
    """

    vertebrae: tuple[Vertebra, ...]
    frames: tuple[Frame, ...]

    @property
    def names(self) -> list[str]:
        """Level names, head to feet."""
        return [str(v.level) for v in self.vertebrae]

    @property
    def coordinates(self) -> NDArray[np.floating]:
        """Level coordinates (n,)."""
        return np.array([levels.coordinate(name) for name in self.names])

    @property
    def centres_mm(self) -> NDArray[np.floating]:
        """Centres of the bodies (n, 3), LPS mm."""
        return np.array([v.centre_mm for v in self.vertebrae])

    def z_of(self, coordinate: float) -> float:
        """Height z in mm at a level coordinate; linear beyond C2 and S1."""
        known, z = self.coordinates, self.centres_mm[:, 2]
        if coordinate > known[-1]:
            return float(z[-1] - (coordinate - known[-1]) * 30.0)
        if coordinate < known[0]:
            return float(z[0] + (known[0] - coordinate) * 20.0)
        return float(np.interp(coordinate, known, z))


def skeleton(vertebrae: Sequence[Vertebra], shape: SpineShape | None = None) -> Skeleton:
    """The given vertebrae, with plausible ones for the levels that are missing above, between and below.

    Raises:
        InputRefused: without vertebrae, or where they are unnamed or out of order.
    """
    if not vertebrae:
        raise InputRefused("no_vertebrae", "a phantom needs at least one vertebra; give six-point vertebrae")
    names = [v.level or "?" for v in vertebrae]
    if any(n not in levels.ALL for n in names) or sorted(names, key=levels.order) != names or len(set(names)) < len(names):
        raise InputRefused("bad_levels", f"vertebrae must be named and run head to feet, got {', '.join(names)}")
    wanted = _levels(names)
    template = {str(v.level): v for v in spine(wanted, _sized(vertebrae, shape or SpineShape()))}
    filled: list[Vertebra] = []
    for upper, lower in pairwise(vertebrae):
        filled += [upper, *_between(upper, lower, template)]
    filled.append(vertebrae[-1])
    above = [template[n] for n in wanted[: wanted.index(names[0])]]
    below = [template[n] for n in wanted[wanted.index(names[-1]) + 1 :]]
    everything = (
        *_attached(above, template[names[0]], vertebrae[0]),
        *filled,
        *_attached(below, template[names[-1]], vertebrae[-1]),
    )
    return Skeleton(everything, tuple(frame_of(v) for v in everything))


def _levels(names: Sequence[str]) -> list[str]:
    """C2 to S1; the variants T13 and L6 only where given."""
    return [n for n in levels.ALL[1:] if n in levels.USUAL or n in names]


def _sized(vertebrae: Sequence[Vertebra], shape: SpineShape) -> SpineShape:
    heights = [np.linalg.norm(v.points_mm[2, 1] - v.points_mm[2, 0]) for v in vertebrae]
    expected = [float(norm("height", levels.coordinate(str(v.level)))) for v in vertebrae]
    return replace(shape, size=float(np.median(np.array(heights) / expected)), noise=0.0)


def _attached(bodies: Sequence[Vertebra], hinge: Vertebra, end: Vertebra) -> list[Vertebra]:
    """Template bodies moved rigidly so that the template's end vertebra lies on the given one."""
    source, target = frame_of(hinge), frame_of(end)
    return [exact(target.patient(source.local(v.points_mm)), v.level) for v in bodies]


def _between(upper: Vertebra, lower: Vertebra, template: dict[str, Vertebra]) -> list[Vertebra]:
    """Bodies for the levels that were skipped between two given ones, squeezed into the gap."""
    names = list(template)
    missing = names[names.index(str(upper.level)) + 1 : names.index(str(lower.level))]
    bodies = []
    for i, name in enumerate(missing, 1):
        share = i / (len(missing) + 1)
        points = (1 - share) * upper.points_mm + share * lower.points_mm
        bodies.append(exact(points, name))
    return bodies
