"""Train the detector: settings, data, network, loss, loop, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from endplate.detection.codec import OFFSET_PX
from endplate.training import detector_samples, run
from endplate.training.networks import Detector, DetectorMaps
from endplate.training.straight_cases import StraightCase

HU_CENTRE, HU_UNIT = 150.0, 300.0


@dataclass(frozen=True)
class Settings:
    """A detector's training.

    Attributes:
        run: loop and optimiser.
        samples: how crops are drawn.
        phantom_share: share of the samples that come from phantoms, where both kinds are given.
    """

    run: run.Settings = field(default_factory=run.Settings)
    samples: detector_samples.Settings = field(default_factory=detector_samples.Settings)
    phantom_share: float = 0.35


def normalised(image_hu: Tensor) -> Tensor:
    """Network input from Hounsfield units: about [-1.5, 3]; metal and air are cut."""
    return ((image_hu - HU_CENTRE) / HU_UNIT).clamp(-1.5, 3.0)


def losses(maps: DetectorMaps, target: detector_samples.Sample) -> run.Losses:
    """Losses of raw maps against a batch of targets."""
    objectness, offsets, weight, completeness, lateral = (torch.from_numpy(x) for x in target[1:])
    judged, inside = objectness >= 0, objectness > 0.5
    found = F.binary_cross_entropy_with_logits(maps.objectness, objectness.clamp(min=0), reduction="none")
    miss = maps.offsets - offsets
    count = weight.sum().clamp(min=1.0)
    points = (F.smooth_l1_loss(maps.offsets, offsets, beta=0.03, reduction="none").mean(1) * weight).sum() / count
    along = miss.detach().abs()[:, 0::2] * OFFSET_PX
    log_scale = maps.log_scale.clamp(-4.0, 4.0)
    scale = ((log_scale + along * torch.exp(-log_scale)).mean(1) * weight).sum() / count
    whole = F.binary_cross_entropy_with_logits(maps.completeness, completeness, reduction="none")
    aside = F.smooth_l1_loss(maps.lateral, lateral / 4.0, beta=0.25, reduction="none")
    return {
        "objectness": 3.0 * found[judged].mean(),
        "points": 6.0 * points,
        "scale": 0.05 * scale,
        "completeness": 0.2 * whole[inside].sum() / inside.sum().clamp(min=1),
        "lateral": 1.0 * (aside * weight).sum() / count,
    }


def train(
    real: Sequence[StraightCase], phantoms: Sequence[StraightCase], out: Path, settings: Settings, start_from: Path | None = None
) -> Detector:
    """A detector trained on real and phantom cases; gives the averaged network."""
    torch.manual_seed(settings.run.seed)
    network = Detector(len(settings.samples.offsets_mm)).to(memory_format=torch.channels_last)
    cases, weights = [*real, *phantoms], case_weights(real, phantoms, settings.phantom_share)

    def losses_of(model: nn.Module, rng: np.random.Generator) -> run.Losses:
        sample = detector_samples.batch(rng, cases, weights, settings.run.batch, settings.samples)
        image = normalised(torch.from_numpy(sample.image_hu)).to(memory_format=torch.channels_last)
        with run.mixed_precision():
            maps = model(image)
        return losses(DetectorMaps(*(m.float() for m in maps)), sample)

    averaged = run.train(network, losses_of, out, settings.run, start_from)
    assert isinstance(averaged, Detector)
    return averaged


def case_weights(
    real: Sequence[StraightCase], phantoms: Sequence[StraightCase], phantom_share: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Cases weigh by the square root of their bodies, the two kinds by their share."""
    kinds = [np.sqrt([len(c.points_px) for c in kind]) for kind in (real, phantoms)]
    share = phantom_share if real and phantoms else float(not real)
    parts = [k / k.sum() * s for k, s in zip(kinds, (1.0 - share, share), strict=True) if len(k)]
    return np.concatenate(parts)


class Exported(nn.Module):
    """The detector as it is used: Hounsfield units in, probabilities and pixels out."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network

    def forward(self, image_hu: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Maps of ``endplate.detection.codec.Maps``, each with a leading batch axis."""
        maps = self.network(normalised(image_hu))
        return (
            maps.objectness.sigmoid(),
            maps.offsets,
            maps.log_scale.clamp(-4.0, 4.0).exp(),
            maps.completeness.sigmoid(),
            4.0 * maps.lateral,
        )


OUTPUTS = ("objectness", "offsets", "scale", "completeness", "lateral")
