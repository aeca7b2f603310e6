"""Everything that a phantom's look depends on, drawn first and applied second."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class TissueSettings:
    """Densities in HU and thicknesses in mm.

    Attributes:
        cancellous: marrow space of the vertebral bodies (about 60 in osteoporosis, 250 in the young).
        cortex, endplate: densities of the walls and of the bony endplates.
        cortex_mm, endplate_mm: their thicknesses.
        subchondral: density added to the marrow space within a few mm of an endplate.
        texture: standard deviation of the trabecular pattern.
        muscle, fat, organ, blood, lung, disc, fluid, cord: soft tissues; blood rises with contrast.
    """

    cancellous: float = 170.0
    cortex: float = 550.0
    endplate: float = 650.0
    cortex_mm: float = 0.8
    endplate_mm: float = 0.8
    subchondral: float = 90.0
    texture: float = 60.0
    muscle: float = 55.0
    fat: float = -100.0
    organ: float = 70.0
    blood: float = 45.0
    lung: float = -860.0
    disc: float = 85.0
    fluid: float = 15.0
    cord: float = 38.0


@dataclass(frozen=True)
class BodySettings:
    """What is particular about one vertebra; keyed by level in `Anatomy.bodies`.

    Attributes:
        osteophytes_mm: length of spurs at (superior anterior, inferior anterior) rims.
        bridge_mm: thickness of ossification that bridges the disc below, in front (0: none).
        schmorl: (endplate 0 superior or 1 inferior, t, r in mm from the centre, radius) of nodes.
        vacuum: gas in the disc below.
        sclerosis: HU added under the superior endplate.
        cement: filled with cement.
        screws: pedicle screws.
        waist_mm: how far the walls are drawn in at mid-height.
        width: factor on the width.
        cancellous: HU added to this body.
    """

    osteophytes_mm: tuple[float, float] = (0.0, 0.0)
    bridge_mm: float = 0.0
    schmorl: tuple[tuple[int, float, float, float], ...] = ()
    vacuum: bool = False
    sclerosis: float = 0.0
    cement: bool = False
    screws: bool = False
    waist_mm: float = 2.0
    width: float = 1.0
    cancellous: float = 0.0


@dataclass(frozen=True)
class Habitus:
    """The body around the spine.

    Attributes:
        girth: factor on width and depth of the trunk.
        depth: further factor on its depth.
        fat_mm: subcutaneous fat at the flank.
        arms: where the arms are.
        muscle_fat: share of fat in the back muscles, 0 to 1.
        lungs: factor on the height of the lungs' domes.
        roll_deg: rotation of the trunk about the long axis.
        blobs: number of random bowel loops.
        plaques: number of calcifications in the wall of the aorta.
        table: whether the couch is drawn.
        port: a metal port under the skin of the chest.
    """

    girth: float = 1.0
    depth: float = 1.0
    fat_mm: float = 14.0
    arms: Literal["up", "down"] = "up"
    muscle_fat: float = 0.15
    lungs: float = 1.0
    roll_deg: float = 0.0
    blobs: int = 36
    plaques: int = 4
    table: bool = True
    port: bool = False


@dataclass(frozen=True)
class Anatomy:
    """Tissues, trunk and particulars of single vertebrae (by level name)."""

    tissue: TissueSettings = TissueSettings()
    habitus: Habitus = Habitus()
    bodies: dict[str, BodySettings] = field(default_factory=dict)

    def body(self, level: str) -> BodySettings:
        """Settings of one level."""
        return self.bodies.get(level, BodySettings())


@dataclass(frozen=True)
class ScannerSettings:
    """How the anatomy is imaged.

    Attributes:
        view: level coordinates of the top and the bottom of the scan (T1 = 8, L5 = 24); beyond C2 and S1 extrapolated.
        pixel_mm: in-plane spacing.
        slice_mm: distance between slices.
        thickness_mm: thickness of a slice; 0 means equal to the distance.
        field_mm: width and depth of the field of view.
        off_centre_mm: of the field's centre from its usual place (left, posterior).
        blur_mm: standard deviation of the in-plane blur by the kernel.
        sharpening: overshoot of a sharp kernel (0 none, 1 strong).
        noise_hu: standard deviation of the noise.
        noise_mm: its correlation length in plane.
        streaks_hu: horizontal streaks at the shoulders.
        offset_hu: error of the HU scale.
        feet_first: slices stored feet to head.
    """

    view: tuple[float, float] = (6.5, 24.6)
    pixel_mm: float = 0.8
    slice_mm: float = 1.0
    thickness_mm: float = 0.0
    field_mm: tuple[float, float] = (380.0, 380.0)
    off_centre_mm: tuple[float, float] = (0.0, 0.0)
    blur_mm: float = 0.5
    sharpening: float = 0.0
    noise_hu: float = 18.0
    noise_mm: float = 0.8
    streaks_hu: float = 20.0
    offset_hu: float = 0.0
    feet_first: bool = False
