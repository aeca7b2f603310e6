"""From six-point vertebrae to a CT: soft tissue, cage, girdles, arches, discs and bodies, then the scanner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from endplate.anatomy.vertebra import Vertebra
from endplate.geometry import frames
from endplate.phantom.drawing import bodies, cage, girdles, posterior
from endplate.phantom.drawing.bodies import BodyShape
from endplate.phantom.drawing.canvas import Canvas, Capsule, Shell, paint_bone, paint_solid
from endplate.phantom.drawing.soft import Painter, paint_layers
from endplate.phantom.drawing.texture import tile
from endplate.phantom.drawing.trunk import Trunk, trunk
from endplate.phantom.phantom import Phantom, inside, is_measured
from endplate.phantom.scanner import fine_slices, scan
from endplate.phantom.settings import Anatomy, ScannerSettings
from endplate.phantom.spine.norms import norm
from endplate.phantom.spine.shape import SpineShape
from endplate.phantom.spine.skeleton import Skeleton, skeleton
from endplate.volume.volume import Source, Volume


def render(
    vertebrae: Sequence[Vertebra],
    anatomy: Anatomy | None = None,
    scanner: ScannerSettings | None = None,
    seed: int = 0,
    shape: SpineShape | None = None,
) -> Phantom:
    """A CT of any six-point vertebrae, with plausible neighbours wherever the field of view reaches beyond them.

    Args:
        vertebrae: named, head to feet, LPS mm; kept exactly.
        anatomy: tissues, trunk and particulars of single bodies.
        scanner: field of view, spacing, blur, noise.
        seed: of texture, bowel and noise.
        shape: of the spine that is added above and below.
    """
    anatomy, scanner = anatomy or Anatomy(), scanner or ScannerSettings()
    rng = np.random.default_rng(seed)
    scene = _scene(skeleton(vertebrae, shape), anatomy, scanner)
    _draw(scene, rng, seed)
    noisy = np.interp(_levels_of_slices(scene), [5, 8, 9.5, 11.5, 18], [0.9, 1.7, 1.7, 0.85, 1.0])
    hu = scan(scene.canvas.hu, scanner, noisy, rng)
    volume = _volume(hu, scene, seed)
    ribs = {f"{'R' if side < 0 else 'L'}{n}": rib.path_mm[0] for (n, side), rib in scene.ribs().items()}
    names = scene.skeleton.names
    return Phantom(
        volume,
        _seen(scene.skeleton.vertebrae, volume),
        dict(zip(names, scene.skeleton.centres_mm, strict=True)),
        scene.skeleton.vertebrae[names.index("S1")].points_mm[:, 0],
        ribs,
        seed,
    )


@dataclass(frozen=True)
class _Scene:
    skeleton: Skeleton
    shapes: tuple[BodyShape, ...]
    arches: tuple[posterior.Arch, ...]
    trunk: Trunk
    canvas: Canvas
    anatomy: Anatomy
    scanner: ScannerSettings
    size: float

    def ribs(self) -> dict[tuple[int, int], cage.Rib]:
        """Ribs of T1 to T12 by number and side (-1 right)."""
        found = {}
        for name, shape, arch in zip(self.skeleton.names, self.shapes, self.arches, strict=True):
            if name.startswith("T") and int(name[1:]) <= 12:
                for side in (-1, 1):
                    found[int(name[1:]), side] = cage.rib(int(name[1:]), side, (shape, arch), self.trunk, self.size)
        return found


def _scene(spine: Skeleton, anatomy: Anatomy, scanner: ScannerSettings) -> _Scene:
    heights = np.array([np.linalg.norm(v.points_mm[2, 1] - v.points_mm[2, 0]) for v in spine.vertebrae])
    size = float(np.clip(np.median(heights / norm("height", spine.coordinates)), 0.7, 1.4))
    canvas = _canvas(spine, scanner)
    z = canvas.origin_mm[2] - canvas.step_mm[2] * np.arange(canvas.hu.shape[0])
    shapes = _shapes(spine, anatomy, size)
    arches = tuple(posterior.arch(c, size) for c in spine.coordinates)
    return _Scene(spine, shapes, arches, trunk(spine, anatomy.habitus, z, size), canvas, anatomy, scanner, size)


def _canvas(spine: Skeleton, scanner: ScannerSettings) -> Canvas:
    step, per_step, pad = fine_slices(scanner)
    top, bottom = spine.z_of(scanner.view[0]), spine.z_of(scanner.view[1])
    count = max(round((top - bottom) / scanner.slice_mm) + 1, 8)
    shape = np.maximum(np.round(np.array(scanner.field_mm) / scanner.pixel_mm).astype(int), 16)
    z = spine.centres_mm[:, 2]
    seen = spine.centres_mm[(z < top + 30) & (z > bottom - 30)]
    middle = (seen if len(seen) else spine.centres_mm).mean(0)[:2]
    # usual place of the spine: a little behind the middle of a field that holds the whole trunk
    behind = max(min(scanner.field_mm[1] - 120.0, 260.0), 0.0) * 0.17
    centre = middle + np.array(scanner.off_centre_mm) - np.array([0.0, behind])
    origin = np.array([*(centre - (shape - 1) / 2 * scanner.pixel_mm), top + pad * step])
    slices = (count - 1) * per_step + 1 + 2 * pad
    return Canvas(np.empty((slices, shape[1], shape[0]), np.float32), origin, np.array([scanner.pixel_mm, scanner.pixel_mm, step]))


def _shapes(spine: Skeleton, anatomy: Anatomy, size: float) -> tuple[BodyShape, ...]:
    centres = np.array([f.origin_mm for f in spine.frames])
    shapes = []
    for i, (vertebra, frame) in enumerate(zip(spine.vertebrae, spine.frames, strict=True)):
        own, coordinate = anatomy.body(str(vertebra.level)), spine.coordinates[i]
        along = frame.axes @ (centres[min(i + 1, len(centres) - 1)] - centres[max(i - 1, 0)])
        local = frame.local(vertebra.points_mm)[..., :2]
        kidney = float(np.interp(coordinate, [3, 8, 16, 20, 25], [0.5, 1.5, 3.0, 3.0, 1.5]))
        uncus = float(np.interp(coordinate, [6.5, 8.0], [4.0, 0.0]))
        half = float(norm("width", coordinate)) * size * own.width / 2
        lean = float(np.clip(along[2] / along[0], -0.5, 0.5))
        shapes.append(BodyShape(frame, local, half, kidney, own.waist_mm, lean, uncus))
    return tuple(shapes)


def _draw(scene: _Scene, rng: np.random.Generator, seed: int) -> None:
    anatomy, canvas = scene.anatomy, scene.canvas
    tissue = anatomy.tissue
    paint_layers(canvas, Painter(scene.trunk, anatomy.habitus, tissue, scene.size, seed).layers())
    thin = Shell(1.2, 0.9 * tissue.cortex, 0.4 * tissue.cancellous + 30)
    _draw_far(scene, thin)
    colours = {"fat": 0.4 * tissue.fat + 10, "fluid": tissue.fluid, "cord": tissue.cord}
    half = np.array([a.canal_t for a in scene.arches])
    canal = np.array([posterior.canal_centre(s, a) for s, a in zip(scene.shapes, scene.arches, strict=True)])
    for name, limb in posterior.contents(canal, half, scene.skeleton.coordinates):
        paint_solid(canvas, [limb], colours[name])
    for (number, _side), rib in scene.ribs().items():
        paint_bone(canvas, rib.capsules(), replace(thin, cortex_mm=0.9 if number > 10 else 1.2))
    pairs = zip(scene.skeleton.names[:-1], scene.shapes[:-1], scene.shapes[1:], strict=True)
    for name, above, below in pairs:
        bodies.paint_disc(canvas, above, below, tissue.disc, anatomy.body(name).vacuum)
    arch_shell = Shell(1.4, 1.1 * tissue.cortex, 0.9 * tissue.cancellous + 60)
    for shape, arch, coordinate in zip(scene.shapes, scene.arches, scene.skeleton.coordinates, strict=True):
        if coordinate < 25:
            paint_bone(canvas, posterior.limbs(shape, arch, float(coordinate)), arch_shell)
    _draw_bodies(scene, arch_shell, rng)


def _draw_bodies(scene: _Scene, shell: Shell, rng: np.random.Generator) -> None:
    pattern = tile(rng, scene.canvas.step_mm)
    following = [*scene.shapes[1:], None]
    for name, shape, below in zip(scene.skeleton.names, scene.shapes, following, strict=True):
        own = scene.anatomy.body(name)
        bodies.paint_spurs(scene.canvas, (shape, below), own, shell)
    for name, shape, arch in zip(scene.skeleton.names, scene.shapes, scene.arches, strict=True):
        own = scene.anatomy.body(name)
        bodies.paint_body(scene.canvas, shape, (scene.anatomy.tissue, own), pattern, rng.integers(0, 64, 3))
        if own.screws:
            paint_solid(scene.canvas, _screws(shape, arch), 3000.0)


def _draw_far(scene: _Scene, shell: Shell) -> None:
    spine, canvas, size = scene.skeleton, scene.canvas, scene.size
    by_name = dict(zip(spine.names, scene.shapes, strict=True))
    reach = 150 * size * scene.anatomy.habitus.girth
    sternum, clavicles = cage.front(scene.trunk, (spine.z_of(10.4), spine.z_of(17.0)), reach)
    z_shoulder = spine.z_of(9.3)
    groups: list[tuple[list[Capsule], Shell]] = [
        (sternum, replace(shell, inside_hu=90.0)),
        (clavicles, shell),
        (girdles.scapula(scene.trunk, z_shoulder, size), shell),
        (girdles.humeri(scene.trunk, z_shoulder, scene.anatomy.habitus.arms), replace(shell, cortex_mm=2.0, inside_hu=80.0)),
        (girdles.ilium(by_name["S1"], scene.trunk, size), replace(shell, cortex_mm=1.8)),
        (girdles.sacrum(by_name["S1"], size), replace(shell, inside_hu=0.6 * scene.anatomy.tissue.cancellous)),
    ]
    atlas, skull, jaw = girdles.head(by_name["C2"], size)
    groups = [(skull, Shell(6.0, 1000.0, 38.0)), (jaw, replace(shell, cortex_mm=2.0)), (atlas, shell), *groups]
    for limbs, look in groups:
        paint_bone(canvas, limbs, look)
    if scene.anatomy.habitus.port:
        z = spine.z_of(11.0)
        xy = scene.trunk.at(scene.trunk.slice_of(np.array([z])), np.array([-np.deg2rad(150.0)]), (0, 1, 2), 14.0)[0]
        at = np.array([*xy, z])
        paint_solid(canvas, [Capsule(at, at + 0.1, (12.0, 12.0), np.array([0.0, 1, 0]), 2.4)], 2800.0)


def _screws(shape: BodyShape, arch: posterior.Arch) -> list[Capsule]:
    screws = []
    s, wall = shape.points[2, :, 0].mean() - 4, shape.points[2, :, 1].mean()
    for side in (-1.0, 1.0):
        r = side * (arch.canal_r + arch.pedicle[1])
        ends = shape.frame.patient(np.array([[s, wall + 26.0, r * 1.25], [s, wall - 20.0, r * 0.55]]))
        rod = shape.frame.patient(np.array([[-20.0, wall + 28.0, r * 1.28], [20.0, wall + 28.0, r * 1.28]]))
        screws += [Capsule(ends[0], ends[1], (3.2, 2.6)), Capsule(rod[0], rod[1], (3.0, 3.0))]
    return screws


def _levels_of_slices(scene: _Scene) -> NDArray[np.floating]:
    _, per_step, pad = fine_slices(scene.scanner)
    end = len(scene.trunk.level) - pad
    return scene.trunk.level[pad:end:per_step]


def _volume(hu: NDArray[np.int16], scene: _Scene, seed: int) -> Volume:
    scanner, canvas = scene.scanner, scene.canvas
    step, _, pad = fine_slices(scanner)
    first = canvas.origin_mm - np.array([0, 0, pad * step])
    down = np.array([[0, 0, scanner.pixel_mm], [0, scanner.pixel_mm, 0], [-scanner.slice_mm, 0, 0]])
    if scanner.feet_first:
        hu = np.ascontiguousarray(hu[::-1])
        first = first - np.array([0, 0, (len(hu) - 1) * scanner.slice_mm])
        down[2, 0] *= -1
    return Volume(hu, frames.affine(down, first), Source("phantom", name=f"phantom-{seed}"))


def _seen(vertebrae: Sequence[Vertebra], volume: Volume) -> tuple[Vertebra, ...]:
    seen = []
    for vertebra in vertebrae:
        within = inside(volume, vertebra.points_mm)
        if is_measured(vertebra.level) and within.any():
            seen.append(replace(vertebra, complete=bool(within.all()), level_confidence=1.0))
    return tuple(seen)
