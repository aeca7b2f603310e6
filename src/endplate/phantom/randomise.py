"""Domain randomisation: every parameter of a phantom is drawn first, and applied second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast, get_args

import numpy as np

from endplate.anatomy import levels
from endplate.anatomy.vertebra import Vertebra
from endplate.phantom.phantom import Phantom
from endplate.phantom.render import render
from endplate.phantom.settings import Anatomy, BodySettings, Habitus, ScannerSettings, TissueSettings
from endplate.phantom.spine.fracture import Shape, fracture_by
from endplate.phantom.spine.shape import SpineShape, spine
from endplate.phantom.spine.turn import turned

WHOLE = levels.USUAL[1:]
"""C2 to S1."""


@dataclass(frozen=True)
class Ranges:
    """How widely to draw.

    Attributes:
        fractured: share of phantoms with fractures.
        degenerative: share of phantoms with marked degenerative change.
        metal: share with screws, cement or a port.
        views: share of each kind of scan.
        pixel_mm, slice_mm: spans of the spacing, drawn log-uniformly.
        field_mm: fixed width and depth of the field of view, or None for one that holds the trunk; a narrow field round
            the spine (such as 130 x 150) is much faster.
        plain: 0 draws everything; 1 draws clean images (no noise, no blur) of random anatomy.
    """

    fractured: float = 0.5
    degenerative: float = 0.35
    metal: float = 0.08
    views: dict[str, float] = field(
        default_factory=lambda: {
            "chest": 0.32,
            "abdomen": 0.2,
            "trunk": 0.2,
            "lumbar": 0.08,
            "neck": 0.06,
            "upper": 0.06,
            "slab": 0.08,
        }
    )
    pixel_mm: tuple[float, float] = (0.6, 1.2)
    slice_mm: tuple[float, float] = (0.6, 5.0)
    field_mm: tuple[float, float] | None = None
    plain: float = 0.0


@dataclass(frozen=True)
class Draw:
    """All parameters of one random phantom.

    Attributes:
        shape: of the spine.
        fractures: (level, shape, share of height lost).
        turn_deg: rotation of the patient about x (nodding), y (tilting sideways), z (rolling).
        anatomy, scanner: as in `render`.
        seed: of geometry noise, texture and noise.
    """

    shape: SpineShape
    fractures: tuple[tuple[str, Shape, float], ...]
    turn_deg: tuple[float, float, float]
    anatomy: Anatomy
    scanner: ScannerSettings
    seed: int


def random_phantom(rng: np.random.Generator, ranges: Ranges | None = None) -> Phantom:
    """A phantom of random anatomy, disease and scanner.

    Args:
        rng: source of all randomness; the same state gives the same phantom.
        ranges: how widely to draw.
    """
    return render_draw(draw(rng, ranges or Ranges()))


def render_draw(drawn: Draw) -> Phantom:
    """The phantom of drawn parameters."""
    return render(geometry(drawn), drawn.anatomy, drawn.scanner, drawn.seed, drawn.shape)


def geometry(drawn: Draw) -> tuple[Vertebra, ...]:
    """Six-point vertebrae C2 to S1 of drawn parameters, fractured and turned."""
    vertebrae = spine(WHOLE, drawn.shape, np.random.default_rng(drawn.seed))
    # from the feet up, so that each fracture moves what is already broken above it
    for level, shape, loss in sorted(drawn.fractures, key=lambda f: -levels.order(f[0])):
        vertebrae = fracture_by(vertebrae, level, shape, loss)
    return turned(vertebrae, drawn.turn_deg)


def draw(rng: np.random.Generator, ranges: Ranges) -> Draw:
    """Parameters of one random phantom."""
    view, name = _view(rng, ranges)
    fractures = _fractures(rng, view) if rng.random() < ranges.fractured else ()
    turn = np.clip(rng.normal(0, [4.0, 3.0, 5.0]), -15, 15)
    habitus = replace(_habitus(rng), roll_deg=float(turn[2]))
    if rng.random() < ranges.metal and name != "neck":
        habitus = replace(habitus, port=bool(rng.random() < 0.5))
    bodies = _bodies(rng, ranges, {f[0] for f in fractures})
    anatomy = Anatomy(_tissue(rng), habitus, bodies)
    scanner = _scanner(rng, ranges, view)
    return Draw(
        _shape(rng), fractures, (float(turn[0]), float(turn[1]), float(turn[2])), anatomy, scanner, int(rng.integers(2**31))
    )


def _span(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _shape(rng: np.random.Generator) -> SpineShape:
    scoliotic = rng.random() < 0.3
    return SpineShape(
        kyphosis_deg=float(np.clip(rng.normal(42, 13), 10, 85)),
        lordosis_deg=float(np.clip(rng.normal(48, 11), 15, 75)),
        cervical_deg=float(np.clip(rng.normal(22, 14), -15, 55)),
        scoliosis_deg=float(rng.normal(0, 18)) if scoliotic else float(rng.normal(0, 3)),
        scoliosis_apex=_span(rng, 12, 21),
        size=float(np.clip(rng.normal(0.98, 0.075), 0.78, 1.2)),
        depth=float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.15)),
        disc=float(np.clip(rng.normal(0.92, 0.2), 0.45, 1.4)),
        middle=float(np.clip(rng.normal(1.025, 0.03), 0.95, 1.08)),
        noise=_span(rng, 0.5, 1.6),
    )


def _fractures(rng: np.random.Generator, view: tuple[float, float]) -> tuple[tuple[str, Shape, float], ...]:
    names = [n for n in levels.USUAL[4:24] if view[0] - 0.5 < levels.coordinate(n) < view[1] + 0.5]
    if not names:
        return ()
    # commonest at T7-T8 and at the thoracolumbar junction
    c = np.array([levels.coordinate(n) for n in names])
    weight = 0.25 + np.exp(-(((c - 14.5) / 1.8) ** 2)) + 1.4 * np.exp(-(((c - 19.5) / 1.8) ** 2))
    count = min(int(rng.choice([1, 2, 3, 4], p=[0.5, 0.28, 0.15, 0.07])), len(names))
    chosen = rng.choice(len(names), count, replace=False, p=weight / weight.sum())
    shapes = cast(list[Shape], list(rng.choice(get_args(Shape), count, p=[0.5, 0.3, 0.2])))
    return tuple((names[i], shape, _loss(rng)) for i, shape in zip(chosen, shapes, strict=True))


def _loss(rng: np.random.Generator) -> float:
    """Share of height lost: subtle to severe, overlapping grades."""
    low, high = ((0.12, 0.3), (0.25, 0.42), (0.4, 0.65))[rng.choice(3, p=[0.4, 0.35, 0.25])]
    return _span(rng, low, high)


def _tissue(rng: np.random.Generator) -> TissueSettings:
    cancellous = _span(rng, 30, 330) if rng.random() < 0.5 else float(np.clip(rng.normal(130, 45), 30, 330))
    contrast = _span(rng, 60, 320) if rng.random() < 0.55 else 0.0
    return TissueSettings(
        cancellous=cancellous,
        cortex=_span(rng, 320, 900),
        endplate=_span(rng, 350, 1000),
        cortex_mm=_span(rng, 0.5, 1.3),
        endplate_mm=_span(rng, 0.5, 1.4),
        subchondral=_span(rng, 20, 190),
        texture=_span(rng, 20, 110),
        muscle=_span(rng, 35, 75),
        fat=_span(rng, -120, -85),
        organ=_span(rng, 35, 80) + 0.2 * contrast,
        blood=_span(rng, 35, 55) + contrast,
        lung=_span(rng, -920, -720),
        disc=_span(rng, 60, 125),
        fluid=_span(rng, 0, 30),
        cord=_span(rng, 28, 48),
    )


def _habitus(rng: np.random.Generator) -> Habitus:
    return Habitus(
        girth=float(np.clip(rng.normal(1.0, 0.1), 0.78, 1.3)),
        depth=float(np.clip(rng.normal(1.0, 0.12), 0.75, 1.4)),
        fat_mm=float(np.clip(rng.gamma(3.0, 6.0), 4, 55)),
        arms="down" if rng.random() < 0.3 else "up",
        muscle_fat=float(rng.beta(1.5, 3.5)),
        lungs=_span(rng, 0.4, 1.6),
        blobs=int(rng.integers(15, 60)),
        plaques=int(rng.integers(0, 30)) if rng.random() < 0.5 else 0,
        table=bool(rng.random() < 0.85),
    )


def _bodies(rng: np.random.Generator, ranges: Ranges, fractured: set[str]) -> dict[str, BodySettings]:
    worn = rng.random() < ranges.degenerative
    dish = _stretch(rng, 0.25 if worn else 0.03)
    metal = rng.random() < ranges.metal
    screws = _stretch(rng, 0.5) if metal else set()
    waist = _span(rng, 1.0, 3.2)
    found = {}
    for name in WHOLE[1:]:
        own = BodySettings(
            osteophytes_mm=(_spur(rng, worn), _spur(rng, worn)),
            bridge_mm=_span(rng, 2.5, 7) if name in dish else 0.0,
            schmorl=tuple(_node(rng) for _ in range(rng.choice([0, 1, 2], p=[0.75, 0.18, 0.07] if worn else [0.93, 0.06, 0.01]))),
            vacuum=bool(rng.random() < (0.08 if worn else 0.01)),
            sclerosis=_span(rng, 60, 350) if name in fractured and rng.random() < 0.6 else 0.0,
            cement=bool(metal and name in fractured and rng.random() < 0.3),
            screws=name in screws,
            waist_mm=waist * _span(rng, 0.7, 1.3),
            width=float(np.clip(rng.normal(1, 0.04), 0.85, 1.15)),
            cancellous=float(rng.normal(0, 15)),
        )
        found[name] = own
    return found


def _spur(rng: np.random.Generator, worn: bool) -> float:
    return _span(rng, 2, 10) if rng.random() < (0.3 if worn else 0.03) else 0.0


def _node(rng: np.random.Generator) -> tuple[int, float, float, float]:
    return int(rng.integers(2)), _span(rng, -5, 6), _span(rng, -7, 7), _span(rng, 2.0, 5.0)


def _stretch(rng: np.random.Generator, chance: float) -> set[str]:
    """A run of neighbouring levels between T4 and L5, or none."""
    if rng.random() >= chance:
        return set()
    first = int(rng.integers(9, 20))
    return set(WHOLE[first : first + int(rng.integers(2, 8))])


_VIEWS: dict[str, Callable[[np.random.Generator], tuple[float, float]]] = {
    "chest": lambda r: (_span(r, 5.5, 8.6), _span(r, 18.3, 22.0)),
    "abdomen": lambda r: (_span(r, 15.0, 18.5), _span(r, 23.5, 28.0)),
    "trunk": lambda r: (_span(r, 5.5, 9.0), _span(r, 23.5, 28.0)),
    "lumbar": lambda r: (_span(r, 17.5, 20.0), _span(r, 23.0, 26.0)),
    "neck": lambda r: (_span(r, -1.0, 3.5), _span(r, 8.0, 12.5)),
    "upper": lambda r: (_span(r, 1.0, 5.0), _span(r, 17.0, 21.0)),
}


def _view(rng: np.random.Generator, ranges: Ranges) -> tuple[tuple[float, float], str]:
    names = list(ranges.views)
    share = np.array([ranges.views[n] for n in names])
    name = str(rng.choice(names, p=share / share.sum()))
    if name in _VIEWS:
        return _VIEWS[name](rng), name
    top = _span(rng, 2.5, 22.0)
    return (top, top + _span(rng, 2.5, 7.0)), name


def _scanner(rng: np.random.Generator, ranges: Ranges, view: tuple[float, float]) -> ScannerSettings:
    clean = rng.random() < ranges.plain
    pixel = float(np.exp(_span(rng, *np.log(ranges.pixel_mm))))
    slice_mm = float(np.exp(_span(rng, *np.log(ranges.slice_mm))))
    sharp = rng.random() < 0.3
    blur = _span(rng, 0.25, 0.5) if sharp else _span(rng, 0.35, 1.0)
    thin = slice_mm * _span(rng, 1.0, 1.6) if rng.random() < 0.3 else slice_mm
    noise = float(np.clip(rng.lognormal(np.log(22 if sharp else 14), 0.55), 3, 110))
    field = ranges.field_mm or (_span(rng, 300, 460), _span(rng, 280, 420))
    narrow = min(field) < 250
    away = (float(rng.normal(0, 4 if narrow else 15)), float(rng.normal(0, 4 if narrow else 18)))
    return ScannerSettings(
        view=view,
        pixel_mm=pixel,
        slice_mm=slice_mm,
        thickness_mm=min(thin, 6.0) if thin > slice_mm else 0.0,
        field_mm=field,
        off_centre_mm=away,
        blur_mm=0.0 if clean else blur,
        sharpening=0.0 if clean or not sharp else _span(rng, 0.2, 1.3),
        noise_hu=0.0 if clean else noise / float(np.sqrt(min(slice_mm, 3.0))),
        noise_mm=_span(rng, 0.5, 0.9) if sharp else _span(rng, 0.7, 1.8),
        streaks_hu=0.0 if clean else _span(rng, 0, 70),
        offset_hu=float(rng.normal(0, 6)),
        feet_first=bool(rng.random() < 0.6),
    )
