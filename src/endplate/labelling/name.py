"""Names for a chain of vertebrae: the sequence of levels that agrees best with what was read at every body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra, levels
from endplate.labelling.codec import LEVELS

Floats = NDArray[np.floating]
SKIP = -3.5
"""Log-probability that the detector missed a body between two neighbours at an ordinary distance."""
VARIANT = -6.0
"""Log-probability of a numeric variant (T13, L6, no T12, no L5); about one person in ten has one, but the pictures of the
neighbours look alike, so that evidence for it is weak and the usual count is the safer name."""
COORDINATE_SCALE = 1.2
"""Laplace scale, in levels, of the localiser's level coordinate on held-out scans."""
INDEPENDENT = 4.0
"""How many bodies' worth of evidence a whole chain holds: errors of neighbours go together."""


@dataclass(frozen=True)
class Labelling:
    """Named vertebrae.

    Attributes:
        vertebrae: with levels, head to feet; bodies read as S1 are left out.
        confidence: probability that all names are right.
        alternative: the next likely name of the first vertebra, or None where there is none above 5 %.
        alternative_probability: its probability.
    """

    vertebrae: tuple[Vertebra, ...]
    confidence: float
    alternative: str | None
    alternative_probability: float


def name_levels(vertebrae: Sequence[Vertebra], log_probability: Floats, top_level: str | None = None) -> Labelling:
    """Names by forward-backward over chains of levels.

    Args:
        vertebrae: head to feet.
        log_probability: (n, 25) of the levels C1 to S1 at each body.
        top_level: name of the first complete vertebra; given by a reader, it overrides the evidence.

    Raises:
        ValueError: if ``top_level`` is no level, or runs out of levels.
    """
    if not vertebrae:
        return Labelling((), 0.0, None, 0.0)
    evidence = log_probability * min(1.0, INDEPENDENT / len(vertebrae))
    if top_level:
        evidence = _forced(vertebrae, top_level)
    steps = _steps(vertebrae)
    path, posterior = _best_chain(evidence, steps), _posterior(evidence, steps)
    named = [v.named(levels.ALL[p], float(posterior[i, p])) for i, (v, p) in enumerate(zip(vertebrae, path, strict=True))]
    others = posterior[0].copy()
    others[path[0]] = 0.0
    second = int(others.argmax())
    confidence = float(min(posterior[i, p] for i, p in enumerate(path)))
    kept = tuple(v for v in named if v.level != "S1")
    return Labelling(kept, confidence, levels.ALL[second] if others[second] > 0.05 else None, float(others[second]))


def with_coordinate(log_probability: Floats, coordinate: Floats) -> Floats:
    """The level reader's log-probabilities (n, 25), joined with the localiser's level coordinate (n,)."""
    away = np.abs(coordinate[:, None] - np.arange(1, LEVELS + 1))
    return log_probability - away / COORDINATE_SCALE


def _states(log_probability: Floats) -> Floats:
    """Evidence of the 27 names in ``levels.ALL`` from that of the 25 usual ones; a variant looks like its neighbours."""
    usual = {name: log_probability[:, i] for i, name in enumerate(levels.USUAL)}
    usual["T13"] = np.logaddexp(usual["T12"], usual["L1"]) - np.log(2.0)
    usual["L6"] = np.logaddexp(usual["L5"], usual["S1"]) - np.log(2.0)
    return np.stack([usual[name] for name in levels.ALL], -1)


def _forced(vertebrae: Sequence[Vertebra], top_level: str) -> Floats:
    first = next((i for i, v in enumerate(vertebrae) if v.complete), 0)
    top = levels.USUAL.index(top_level) if top_level in levels.USUAL else -1
    if top < first or top - first + len(vertebrae) > LEVELS:
        raise ValueError(f"{len(vertebrae)} vertebrae from {top_level!r} down do not fit into C1 to S1; give another top level")
    evidence = np.full((len(vertebrae), LEVELS), -1e3)
    evidence[np.arange(len(vertebrae)), top - first + np.arange(len(vertebrae))] = 0.0
    return evidence


def _steps(vertebrae: Sequence[Vertebra]) -> Floats:
    """Log-probability (n - 1, 27, 27) of the next body's name given this one's."""
    names = levels.ALL
    usual = np.full((len(names), len(names)), -50.0)
    for here, there, cost in _moves():
        usual[names.index(here), names.index(there)] = max(cost, usual[names.index(here), names.index(there)])
    skipped = np.full_like(usual, -50.0)
    for i in range(len(levels.USUAL) - 2):
        skipped[names.index(levels.USUAL[i]), names.index(levels.USUAL[i + 2])] = 0.0
    out = []
    for upper, lower in zip(vertebrae, vertebrae[1:], strict=False):
        out.append(np.logaddexp(usual, skipped + _skip(upper, lower)))
    return np.array(out).reshape(-1, len(names), len(names))


def _moves() -> list[tuple[str, str, float]]:
    pairs = [(a, b, 0.0) for a, b in zip(levels.USUAL, levels.USUAL[1:], strict=False)]
    return [*pairs, ("T12", "T13", VARIANT), ("T13", "L1", 0.0), ("L5", "L6", VARIANT), ("L6", "S1", 0.0), ("T11", "L1", VARIANT), ("L4", "S1", VARIANT)]


def _skip(upper: Vertebra, lower: Vertebra) -> float:
    """Log-odds of a missed body between two neighbours, from their distance in units of their depth's usual spacing."""
    distance = float(np.linalg.norm(lower.centre_mm - upper.centre_mm))
    tall = [float(np.linalg.norm(v.points_mm[:, 0] - v.points_mm[:, 1], axis=-1).max()) for v in (upper, lower)]
    usual = 1.2 * max(tall)
    return float(np.clip(SKIP + 12.0 * (distance / usual - 1.2), -20.0, 8.0))


def _best_chain(evidence: Floats, steps: Floats) -> list[int]:
    states = _states(evidence)
    score, back = states[0], []
    for step, state in zip(steps, states[1:], strict=True):
        total = score[:, None] + step
        back.append(total.argmax(0))
        score = total.max(0) + state
    path = [int(score.argmax())]
    for pointer in reversed(back):
        path.append(int(pointer[path[-1]]))
    return path[::-1]


def _posterior(evidence: Floats, steps: Floats) -> Floats:
    """Probability (n, 27) of each name at each body, over all chains."""
    states = _states(evidence)
    forward, backward = [states[0]], [np.zeros(states.shape[1])]
    for step, state in zip(steps, states[1:], strict=True):
        forward.append(np.logaddexp.reduce(forward[-1][:, None] + step, axis=0) + state)
    for step, state in zip(steps[::-1], states[:0:-1], strict=True):
        backward.append(np.logaddexp.reduce(step + (state + backward[-1])[None], axis=1))
    total = np.array(forward) + np.array(backward[::-1])
    return np.exp(total - np.logaddexp.reduce(total, axis=1, keepdims=True))
