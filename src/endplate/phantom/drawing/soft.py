"""Soft tissues as polygons, slice by slice, painted in order from the skin inwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from endplate.phantom.drawing.canvas import Canvas
from endplate.phantom.drawing.trunk import CAVITY, SKIN, Trunk
from endplate.phantom.settings import Habitus, TissueSettings

Floats = NDArray[np.floating]
AIR = -1000.0


@dataclass(frozen=True)
class Layer:
    """One tissue in all slices.

    Attributes:
        polygons_mm: (n, points, 2) x, y in LPS.
        hu: density.
        drawn: (n,) whether the slice has it.
    """

    polygons_mm: Floats
    hu: float
    drawn: NDArray[np.bool_]


def paint_layers(canvas: Canvas, layers: list[Layer]) -> None:
    """Fill the canvas slice by slice."""
    to_pixel = 1.0 / canvas.step_mm[:2]
    polygons = [((layer.polygons_mm - canvas.origin_mm[:2]) * to_pixel).astype(np.float32) for layer in layers]
    rows, columns = canvas.hu.shape[1:]
    for k in range(canvas.hu.shape[0]):
        image = Image.new("F", (columns, rows), AIR)
        draw = ImageDraw.Draw(image)
        for layer, outline in zip(layers, polygons, strict=True):
            if layer.drawn[k]:
                draw.polygon(outline[k].ravel().tolist(), fill=layer.hu)
        canvas.hu[k] = np.asarray(image)


@dataclass(frozen=True)
class Painter:
    """Builds the layers of one trunk.

    Attributes:
        trunk, habitus, tissue: what is drawn.
        size: of the patient.
        seed: for the positions of bowel and small variations.
    """

    trunk: Trunk
    habitus: Habitus
    tissue: TissueSettings
    size: float
    seed: int

    def layers(self) -> list[Layer]:
        """All tissues, in painting order."""
        return [*self.outside(), *self.wall(), *self.chest(), *self.belly(), *self.mediastinum(), *self.around_spine()]

    def ellipse(
        self, place: tuple[Floats | float, Floats | float], radii: tuple[Floats | float, Floats | float], turn_deg: float = 0.0
    ) -> Floats:
        """Polygons (n, 40, 2): centre (left, posterior of the vertebral body) and radii in mm, per slice or constant."""
        n = len(self.trunk.z_mm)
        x, y, a, b = (np.broadcast_to(np.asarray(v, float), (n,))[:, None] for v in (*place, *radii))
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)[None]
        turn = np.deg2rad(turn_deg)
        u, v = a * np.cos(angle), b * np.sin(angle)
        local = np.stack([x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)], -1)
        return self.trunk.place(np.arange(n)[:, None], local)

    def between(self, low: float, high: float) -> NDArray[np.bool_]:
        """Slices within level coordinates."""
        return (self.trunk.level >= low) & (self.trunk.level <= high)

    def bump(self, low: float, high: float, power: float = 2.0) -> Floats:
        """0 at the ends of a level range, 1 in its middle: the profile of an ellipsoid."""
        x = np.clip((self.trunk.level - (low + high) / 2) / ((high - low) / 2), -1, 1)
        profile: Floats = (1 - np.abs(x) ** power) ** (1 / power)
        return profile

    def along(self, knots: list[float], values: list[float]) -> Floats:
        """A length by level coordinate, scaled to the patient."""
        return np.interp(self.trunk.level, knots, values) * self.size

    def outside(self) -> Iterator[Layer]:
        """Couch, arms."""
        trunk, everywhere = self.trunk, np.ones(len(self.trunk.z_mm), bool)
        if self.habitus.table:
            back = float((trunk.centre_mm[:, 1] + trunk.wall[:, 1]).max() + 12)
            across = np.linspace(-1, 1, 30)
            middle = float(trunk.centre_mm[:, 0].mean())
            for thick, hu in ((0.0, -600.0), (3.0, -940.0)):
                top = np.stack([middle + (215 - thick) * across, back - 38 * across**4 + thick - 4 * (1 - across**2)], -1)
                bottom = np.stack([middle + (215 - thick) * across[::-1], back + 42 - thick - 55 * across[::-1] ** 4], -1)
                yield Layer(np.broadcast_to(np.concatenate([top, bottom]), (len(trunk.z_mm), 60, 2)), hu, everywhere)
        for side in (-1.0, 1.0):
            x: Floats
            y: Floats
            if self.habitus.arms == "down":
                x, y = side * (trunk.wall[:, 0] + np.interp(trunk.level, [9, 13], [-12, 42])), self.along([9, 20], [-8, 10])
                seen = self.between(10, 28)
            else:
                x, y = side * self.along([-3, 8, 9], [115, 150, 130]), self.along([-3, 9], [-20, 0])
                seen = self.between(-9, 8.6)
            r = 40 * self.size * self.habitus.girth
            yield Layer(self.ellipse((x, y), (r, r)), self.tissue.fat, seen)
            yield Layer(self.ellipse((x, y), (r - 7, r - 8)), self.tissue.muscle, seen)
            yield Layer(self.ellipse((x, y), (11.0, 11.0)), 900.0, seen)
            yield Layer(self.ellipse((x, y), (6.5, 6.5)), 40.0, seen)

    def wall(self) -> Iterator[Layer]:
        """Skin, subcutaneous fat and the muscle of the trunk."""
        everywhere = np.ones(len(self.trunk.z_mm), bool)
        yield Layer(self.trunk.outline(SKIN), 30.0, everywhere)
        yield Layer(self.trunk.outline(SKIN, 2.0), self.tissue.fat, everywhere)
        # the back carries less fat than flanks and belly
        shrunk = self.trunk.wall.copy()
        fat = self.habitus.fat_mm * np.interp(self.trunk.level, [4, 9], [0.35, 1.0])
        shrunk[:, 0] -= fat
        shrunk[:, 1] -= 0.6 * fat + 1
        shrunk[:, 2] -= 1.1 * fat
        inner = Trunk(self.trunk.z_mm, self.trunk.level, self.trunk.centre_mm, shrunk, self.trunk.roll)
        yield Layer(inner.outline(SKIN), self.tissue.muscle, everywhere)

    def chest(self) -> Iterator[Layer]:
        """Lungs with vessels."""
        trunk, tissue = self.trunk, self.tissue
        apex = np.sqrt(np.clip((trunk.level - 7.6) / 1.6, 0, 1))
        lungs = trunk.wall.copy()
        lungs[:, 3:] *= np.maximum(apex, 0.05)[:, None]
        inner = Trunk(trunk.z_mm, trunk.level, trunk.centre_mm, lungs, trunk.roll)
        yield Layer(inner.outline(CAVITY, power=2.6), tissue.lung, (apex > 0) & (trunk.level < 20.4))
        rng = np.random.default_rng(self.seed)
        for _ in range(26):
            top = rng.uniform(8.5, 16.5)
            side = rng.choice([-1, 1])
            x, y = side * rng.uniform(45, 105) * self.size, rng.uniform(-95, 8) * self.size
            r = rng.uniform(1.2, 5.0) * self.bump(top, top + rng.uniform(0.5, 2.5)) + 0.3
            yield Layer(self.ellipse((x + 12 * (trunk.level - top) * side, y), (r, r)), tissue.blood, self.between(top, top + 2))

    def belly(self) -> Iterator[Layer]:
        """Domes of the diaphragm, liver, spleen, kidneys, bowel."""
        trunk, tissue, size = self.trunk, self.tissue, self.size
        dome = 16.6 + 1.2 * (1 - self.habitus.lungs)
        rise = np.sqrt(np.clip((trunk.level - dome) / 3.3, 0, 1))
        front = np.sqrt(np.clip((trunk.level - dome) / 1.6, 0, 1))
        low = trunk.wall.copy()
        low[:, 3] *= 0.25 + 0.76 * rise
        low[:, 4] = low[:, 4] * rise - 30 * size * (1 - rise)
        low[:, 5] *= 0.5 + 0.51 * front
        cavity = Trunk(trunk.z_mm, trunk.level, trunk.centre_mm, low, trunk.roll)
        yield Layer(cavity.outline(CAVITY), tissue.muscle, trunk.level > dome)
        yield Layer(cavity.outline(CAVITY, 3.0), tissue.fat + 5, trunk.level > dome + 0.6)
        liver, left_lobe = self.bump(dome + 0.1, 22.6, 2.8), self.bump(dome + 0.2, 20.5, 2.4)
        width, deep = low[:, 3], (low[:, 5] + low[:, 4]) / 2
        y = (low[:, 4] - low[:, 5]) / 2
        yield Layer(self.ellipse((-0.44 * width, y), (0.53 * width * liver, 0.86 * deep * liver)), tissue.organ + 35, liver > 0.1)
        place = (0.08 * width, y - 0.5 * deep)
        yield Layer(self.ellipse(place, (0.45 * width * left_lobe, 0.36 * deep * left_lobe)), tissue.organ + 35, left_lobe > 0.1)
        spleen = self.bump(dome - 0.4, 20.6)
        yield Layer(
            self.ellipse((0.74 * width, -15 * size), (24 * size * spleen, 45 * size * spleen), 20), tissue.organ + 45, spleen > 0.1
        )
        stomach = self.bump(dome - 0.2, 20.0)
        yield Layer(self.ellipse((0.45 * width, -80 * size), (42 * size * stomach, 36 * size * stomach)), 25.0, stomach > 0.1)
        yield Layer(self.ellipse((0.45 * width, -94 * size), (30 * size * stomach, 16 * size * stomach)), -950.0, stomach > 0.6)
        yield from self.bowel()
        for side in (-1.0, 1.0):
            kidney = self.bump(18.9 + 0.2 * (side < 0), 22.2 + 0.2 * (side < 0))
            beside = (side * self.along([19, 22], [50, 62]), self.along([19, 22], [6, -4]))
            yield Layer(self.ellipse(beside, (27 * size * kidney, 32 * size * kidney), 30 * side), tissue.organ + 70, kidney > 0.1)
            yield Layer(self.ellipse(beside, (9 * size * kidney, 14 * size * kidney), 30 * side), tissue.fat, kidney > 0.5)

    def bowel(self) -> Iterator[Layer]:
        """Loops with fluid, gas or contrast."""
        rng = np.random.default_rng(self.seed + 1)
        for _ in range(self.habitus.blobs):
            top, length = rng.uniform(19.0, 26.5), rng.uniform(0.6, 2.0)
            x, y = rng.uniform(-85, 85) * self.size, rng.uniform(-105, -48) * self.size
            r, shape = rng.uniform(9, 24) * self.size, self.bump(top, top + length)
            hu = float(rng.choice([20.0, 40.0, -900.0, -100.0, 250.0], p=[0.35, 0.3, 0.17, 0.13, 0.05]))
            seen = (shape > 0.05) & (self.trunk.level > 19.3)
            yield Layer(self.ellipse((x, y), (r * shape * rng.uniform(0.7, 1.5), r * shape)), 45.0, seen)
            yield Layer(self.ellipse((x, y), ((r - 3) * shape, (r - 3) * shape)), hu, seen)

    def mediastinum(self) -> Iterator[Layer]:
        """Fat between the lungs, heart, great vessels, airway, gullet."""
        trunk, tissue, size = self.trunk, self.tissue, self.size
        front = trunk.wall[:, 5]
        thorax = self.between(7.8, 18.2)
        half = self.along([7.8, 9, 11, 13, 16, 18], [30, 34, 34, 36, 30, 26])
        yield Layer(self.ellipse((4 * size, -front * 0.55), (half, front * 0.56)), tissue.fat + 15, thorax)
        heart = self.bump(12.2, 18.2, 2.4)
        yield Layer(self.ellipse((24 * size, -78 * size), (62 * size * heart, 50 * size * heart), -25), tissue.blood, heart > 0.1)
        yield Layer(self.ellipse((14 * size, -50 * size), (34 * size * heart, 26 * size * heart)), tissue.blood + 10, heart > 0.5)
        root = self.between(11.2, 13.5)
        yield Layer(self.ellipse((-14 * size, -62 * size), (17 * size, 17 * size)), tissue.blood, root)
        arch = self.bump(10.4, 11.6)
        yield Layer(self.ellipse((6 * size, -38 * size), (17 * size * arch, 36 * size * arch), -25), tissue.blood, arch > 0.2)
        yield Layer(self.ellipse((-28 * size, -52 * size), (9 * size, 10 * size)), tissue.blood, self.between(8.5, 13))
        for left, back in ((-12, -48), (4, -50), (16, -40)):
            yield Layer(self.ellipse((left * size, back * size), (6.0, 6.0)), tissue.blood, self.between(6, 10.6))
        y = self.along([4, 7, 9, 12.5], [-36, -34, -32, -30])
        yield Layer(self.ellipse((0.0, y), (11 * size, 10 * size)), 60.0, self.between(3, 12.4))
        yield Layer(self.ellipse((0.0, y), (8.5 * size, 7.8 * size)), AIR, self.between(2, 12.4))
        for side in (-1.0, 1.0):
            apart = self.along([12.2, 14], [9, 38])
            yield Layer(
                self.ellipse((side * apart, self.along([12.2, 14], [-30, -42])), (6.5 * size, 6.0 * size)),
                AIR,
                self.between(12.2, 13.8),
            )
        yield Layer(self.ellipse((4 * size, self.along([6, 9, 17], [-24, -22, -30])), (8.0, 6.0)), 40.0, self.between(5, 18.5))

    def around_spine(self) -> Iterator[Layer]:
        """Sleeve of soft tissue round the bodies, aorta and cava, psoas, back muscles."""
        trunk, tissue, size = self.trunk, self.tissue, self.size
        rng = np.random.default_rng(self.seed + 2)
        half = self.along([4, 8, 12, 16, 20, 24], [20, 20, 16.5, 19.5, 25, 31]) + rng.uniform(-0.5, 3)
        deep = self.along([4, 8, 12, 16, 20, 24], [12, 11.5, 14.5, 17.5, 20.5, 23]) + rng.uniform(-0.5, 3)
        yield Layer(self.ellipse((0.0, 0.0), (half, deep)), 0.5 * (tissue.muscle + tissue.fat) + 15, self.between(-2, 27))
        yield Layer(self.ellipse((0.0, 36 * size), (half + 12 * size, 26 * size)), tissue.muscle, np.ones(len(trunk.z_mm), bool))
        for side in (-1.0, 1.0):
            psoas = np.sqrt(np.clip((trunk.level - 19.4) / 3, 0, 1))
            place = (side * self.along([19.5, 24, 28], [28, 42, 62]), self.along([19.5, 24, 28], [4, -4, -25]))
            yield Layer(
                self.ellipse(place, (17 * size * psoas, 20 * size * psoas), 15 * side), tissue.muscle, self.between(19.5, 29)
            )
            girth = self.along([2, 8, 12, 20, 24], [20, 22, 17, 27, 24])
            back = (side * self.along([2, 8, 20, 24], [19, 24, 31, 27]), self.along([2, 8, 14, 20, 25], [32, 38, 44, 41, 48]))
            lean = tissue.muscle + self.habitus.muscle_fat * (tissue.fat - tissue.muscle)
            yield Layer(self.ellipse(back, (girth + 2, 0.75 * girth + 2), -10 * side), tissue.fat, self.between(0, 26))
            yield Layer(self.ellipse(back, (girth, 0.75 * girth), -10 * side), lean, self.between(0, 26))
        x, y = self.along([11, 12.5, 16, 19, 22], [22, 24, 19, 8, 6]), self.along([11, 14, 18, 20, 22.5], [-10, -14, -27, -32, -33])
        radius = self.along([11, 17, 22, 23], [13, 12.5, 9.5, 9])
        yield Layer(self.ellipse((x, y), (radius, radius)), tissue.blood + 5, self.between(10.9, 23.2))
        for _ in range(self.habitus.plaques):
            angle, top = rng.uniform(0, 2 * np.pi), rng.uniform(12, 23)
            place = (x + (radius - 1) * np.cos(angle), y + (radius - 1) * np.sin(angle))
            yield Layer(
                self.ellipse(place, (rng.uniform(1.2, 3.0), rng.uniform(0.9, 2.0))),
                650.0,
                self.between(top, top + rng.uniform(0.05, 0.4)),
            )
        yield Layer(
            self.ellipse((-24 * size, self.along([16, 23], [-40, -33])), (12 * size, 9 * size)),
            0.7 * tissue.blood + 15,
            self.between(16, 23.4),
        )
        for side in (-1.0, 1.0):
            place = (side * self.along([23, 27], [9, 45]), self.along([23, 27], [-33, -40]))
            yield Layer(self.ellipse(place, (6.5 * size, 6.5 * size)), tissue.blood, self.between(23.1, 28))
