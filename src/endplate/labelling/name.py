"""Names for a chain of vertebrae: the sequence of levels that agrees best with what was read at every body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy import Vertebra, levels
from endplate.labelling.codec import LEVELS

Floats = NDArray[np.floating]
SKIP = -3.5
"""Log-odds of each missed body between two neighbours at 1.2 times their usual distance."""
MOST_SKIPPED = 3
IMPOSSIBLE = -50.0
VARIANT = -6.0
"""Log-probability of a numeric variant (T13, L6, no T12, no L5); about one person in ten has one, but the pictures of the
neighbours look alike, so that evidence for it is weak and the usual count is the safer name."""
SACRAL = -2.0
"""Log-probability that what follows a segment of the sacrum was still taken for a body."""
SACRAL_SEGMENTS = 5
COORDINATE_SCALE = 2.5
"""Laplace scale, in levels, of the localiser's level coordinate, by names right on held-out scans (docs/decisions/0015)."""
INDEPENDENT = 1.8
"""How many bodies' worth of evidence a whole chain holds: errors of neighbours go together. With half of the errors' variance
shared by the whole chain, simulated chains are then named as often rightly as the confidence says (tests/labelling)."""
LEAST_ALTERNATIVE = 0.05


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


def name_levels(
    vertebrae: Sequence[Vertebra], log_probability: Floats, top_level: str | None = None, temperature: float = 1.0
) -> Labelling:
    """Names by forward-backward over chains of levels.

    Args:
        vertebrae: head to feet.
        log_probability: (n, 25) of the levels C1 to S1 at each body.
        top_level: name of the first complete vertebra; given by a reader, it overrides the evidence.
        temperature: flattens the evidence where probabilities are computed (labelling.codec.Settings); names do not depend on it.

    Raises:
        ValueError: if ``top_level`` is no level, or runs out of levels.
    """
    if not vertebrae:
        return Labelling((), 0.0, None, 0.0)
    if top_level:
        return _counted_down(vertebrae, top_level)
    evidence = _states(log_probability * min(1.0, INDEPENDENT / len(vertebrae)))
    steps = _steps(vertebrae)
    path, _ = _best_chain(evidence, steps)
    flat = evidence / temperature
    posterior, total = _posterior(flat, steps)
    score = flat[np.arange(len(path)), path].sum() + sum(step[a, b] for step, (a, b) in zip(steps, pairwise(path), strict=True))
    others = posterior[0].copy()
    others[path[0]] = 0.0
    second = int(others.argmax())
    alternative = levels.ALL[second] if others[second] > LEAST_ALTERNATIVE else None
    sure = [float(posterior[i, p]) for i, p in enumerate(path)]
    return Labelling(_named(vertebrae, path, sure), min(float(np.exp(score - total)), 1.0), alternative, float(others[second]))


def with_coordinate(log_probability: Floats, coordinate: Floats, scale: float | Floats = COORDINATE_SCALE) -> Floats:
    """The level reader's log-probabilities (n, 25), joined with the localiser's level coordinate (n,).

    Args:
        log_probability: of the levels C1 to S1 at each body.
        coordinate: level coordinate at each body; NaN says nothing.
        scale: Laplace scale in levels, one or (n,); heavy tails bear a body that was read three levels off.
    """
    away = np.abs(np.asarray(coordinate, float)[:, None] - np.arange(1, LEVELS + 1))
    joined: Floats = log_probability - np.where(np.isfinite(away), away, 0.0) / np.reshape(scale, (-1, 1))
    return joined


def counted(vertebrae: Sequence[Vertebra]) -> NDArray[np.intp]:
    """Steps (n,) from the first body to each, with the bodies that were missed between two as their distance tells."""
    steps = [1 + int(np.argmax([0.0, *_skips(upper, lower)])) for upper, lower in pairwise(vertebrae)]
    return np.cumsum([0, *steps])


def _named(vertebrae: Sequence[Vertebra], path: Sequence[int], confidence: Sequence[float]) -> tuple[Vertebra, ...]:
    """The bodies with their names; the sacrum's are no bodies to measure."""
    named = [v.named(levels.ALL[p], min(c, 1.0)) for v, p, c in zip(vertebrae, path, confidence, strict=True)]
    return tuple(v for v in named if v.level != "S1")


def _counted_down(vertebrae: Sequence[Vertebra], top_level: str) -> Labelling:
    """Names from a reader's top level down; only a gap in the chain or a numeric variant can break the count."""
    first = next((i for i, v in enumerate(vertebrae) if v.complete), 0)
    top = levels.USUAL.index(top_level) if top_level in levels.USUAL else -1
    evidence = np.zeros((len(vertebrae), len(levels.ALL)))
    evidence[first] = IMPOSSIBLE
    evidence[first, levels.ALL.index(top_level) if top >= 0 else 0] = 0.0
    steps = _steps(vertebrae)
    path, score = _best_chain(evidence, steps)
    if top < first or score < IMPOSSIBLE / 2 or path.count(levels.ALL.index("S1")) > SACRAL_SEGMENTS:
        raise ValueError(f"{len(vertebrae)} vertebrae from {top_level!r} down do not fit into C1 to S1; give another top level")
    if all(b - a == 1 for a, b in pairwise([levels.USUAL.index(levels.ALL[p]) for p in path])):
        return Labelling(_named(vertebrae, path, [1.0] * len(path)), 1.0, None, 0.0)
    posterior, total = _posterior(evidence, steps)
    sure = [float(posterior[i, p]) for i, p in enumerate(path)]
    return Labelling(_named(vertebrae, path, sure), min(float(np.exp(score - total)), 1.0), None, 0.0)


def _states(log_probability: Floats) -> Floats:
    """Evidence of the 27 names in ``levels.ALL`` from that of the 25 usual ones; a variant looks like its neighbours."""
    usual = {name: log_probability[:, i] for i, name in enumerate(levels.USUAL)}
    usual["T13"] = np.logaddexp(usual["T12"], usual["L1"]) - np.log(2.0)
    usual["L6"] = np.logaddexp(usual["L5"], usual["S1"]) - np.log(2.0)
    return np.stack([usual[name] for name in levels.ALL], -1)


def _steps(vertebrae: Sequence[Vertebra]) -> Floats:
    """Log-probability (n - 1, 27, 27) of the next body's name given this one's."""
    names = levels.ALL
    usual = np.full((len(names), len(names)), IMPOSSIBLE)
    for here, there, cost in _moves():
        usual[names.index(here), names.index(there)] = cost
    out = [usual for _ in vertebrae[1:]]
    for i, (upper, lower) in enumerate(pairwise(vertebrae)):
        for missed, odds in enumerate(_skips(upper, lower), 1):
            out[i] = np.logaddexp(out[i], _jump(missed) + odds)
    return np.array(out).reshape(-1, len(names), len(names))


def _jump(missed: int) -> Floats:
    """0 from each usual level to that ``missed`` + 1 below, else impossible (27, 27)."""
    jump = np.full((len(levels.ALL), len(levels.ALL)), IMPOSSIBLE)
    for here, there in zip(levels.USUAL, levels.USUAL[missed + 1 :], strict=False):
        jump[levels.ALL.index(here), levels.ALL.index(there)] = 0.0
    return jump


def _moves() -> list[tuple[str, str, float]]:
    pairs = [(a, b, 0.0) for a, b in pairwise(levels.USUAL)]
    thirteenth = [("T12", "T13", VARIANT), ("T13", "L1", 0.0), ("T11", "L1", VARIANT)]
    sixth = [("L5", "L6", VARIANT), ("L6", "S1", 0.0), ("L4", "S1", VARIANT)]
    # further segments of the sacrum may look like bodies: they are read as more of S1
    return [*pairs, *thirteenth, *sixth, ("S1", "S1", SACRAL)]


def _skips(upper: Vertebra, lower: Vertebra) -> list[float]:
    """Log-odds of one, two, three missed bodies between two neighbours, from their distance in units of the usual one."""
    distance = float(np.linalg.norm(lower.centre_mm - upper.centre_mm))
    tall = [float(np.linalg.norm(v.points_mm[:, 0] - v.points_mm[:, 1], axis=-1).max()) for v in (upper, lower)]
    steps = distance / (1.2 * max(tall))
    each = [np.clip(SKIP + 12.0 * (steps - 0.2 - missed), -20.0, 8.0) for missed in range(1, MOST_SKIPPED + 1)]
    return [float(x) for x in np.cumsum(each)]


def _best_chain(states: Floats, steps: Floats) -> tuple[list[int], float]:
    """The likeliest chain of states (n,) and its log-probability, unnormalised."""
    score, back = states[0], []
    for step, state in zip(steps, states[1:], strict=True):
        total = score[:, None] + step
        back.append(total.argmax(0))
        score = total.max(0) + state
    path = [int(score.argmax())]
    for pointer in reversed(back):
        path.append(int(pointer[path[-1]]))
    return path[::-1], float(score.max())


def _posterior(states: Floats, steps: Floats) -> tuple[Floats, float]:
    """Probability (n, 27) of each name at each body over all chains, and the log of all chains' sum."""
    forward, backward = [states[0]], [np.zeros(states.shape[1])]
    for step, state in zip(steps, states[1:], strict=True):
        forward.append(np.logaddexp.reduce(forward[-1][:, None] + step, axis=0) + state)
    for step, state in zip(steps[::-1], states[:0:-1], strict=True):
        backward.append(np.logaddexp.reduce(step + (state + backward[-1])[None], axis=1))
    total = np.array(forward) + np.array(backward[::-1])
    all_chains = np.logaddexp.reduce(total, axis=1, keepdims=True)
    return np.exp(total - all_chains), float(all_chains[0, 0])
