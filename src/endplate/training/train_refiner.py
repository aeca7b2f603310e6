"""Train the refiner: settings, data, network, loss, loop, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from endplate.training import detector_samples, refiner_samples, run
from endplate.training.networks import Refiner, RefinerMaps
from endplate.training.straight_cases import StraightCase
from endplate.training.train_detector import case_weights, normalised

STRIDE = 2


@dataclass(frozen=True)
class Settings:
    """A refiner's training.

    Attributes:
        run: loop and optimiser.
        samples: how crops are drawn.
        phantom_share: share of the crops that come from phantoms, where both kinds are given.
    """

    run: run.Settings = field(default_factory=lambda: run.Settings(batch=32, steps=1200))
    samples: detector_samples.Settings = field(default_factory=detector_samples.Settings)
    phantom_share: float = 0.4


def points_of(heat: Tensor) -> Tensor:
    """Soft-argmax (batch, 6, 2) in patch pixels of heat maps (batch, 6, rows, columns)."""
    probability = heat.flatten(2).softmax(-1).reshape(heat.shape)
    row = (probability.sum(3) * torch.arange(heat.shape[2])).sum(2)
    column = (probability.sum(2) * torch.arange(heat.shape[3])).sum(2)
    return torch.stack([row, column], -1) * STRIDE + (STRIDE - 1) / 2


def losses(maps: RefinerMaps, target: Tensor) -> run.Losses:
    """Losses of raw maps against points (batch, 6, 2) in patch pixels."""
    place = (target - (STRIDE - 1) / 2) / STRIDE
    row = torch.arange(maps.heat.shape[2]) - place[..., :1]
    column = torch.arange(maps.heat.shape[3]) - place[..., 1:]
    wanted = torch.exp(-(row[..., :, None] ** 2 + column[..., None, :] ** 2) / 2.0).flatten(2)
    wanted = wanted / wanted.sum(-1, keepdim=True).clamp(min=1e-6)
    surprise = -(wanted * maps.heat.flatten(2).log_softmax(-1)).sum(-1).mean()
    found = points_of(maps.heat)
    miss = (found - target).detach().abs()[..., 0]
    log_scale = maps.log_scale.clamp(-4.0, 4.0)
    return {
        "place": 0.3 * surprise,
        "points": F.smooth_l1_loss(found, target, beta=0.5),
        "scale": 0.1 * (log_scale + miss * torch.exp(-log_scale)).mean(),
    }


def train(
    real: Sequence[StraightCase], phantoms: Sequence[StraightCase], out: Path, settings: Settings, start_from: Path | None = None
) -> Refiner:
    """A refiner trained on real and phantom cases; gives the averaged network."""
    torch.manual_seed(settings.run.seed)
    network = Refiner(len(settings.samples.offsets_mm)).to(memory_format=torch.channels_last)
    cases, weights = [*real, *phantoms], case_weights(real, phantoms, settings.phantom_share)

    def losses_of(model: nn.Module, rng: np.random.Generator) -> run.Losses:
        sample = refiner_samples.batch(rng, cases, weights, settings.run.batch, settings.samples)
        patch = normalised(torch.from_numpy(sample.patch_hu)).to(memory_format=torch.channels_last)
        with run.mixed_precision():
            maps = model(patch)
        return losses(RefinerMaps(*(m.float() for m in maps)), torch.from_numpy(sample.points))

    averaged = run.train(network, losses_of, out, settings.run, start_from)
    assert isinstance(averaged, Refiner)
    return averaged


class Exported(nn.Module):
    """The refiner as it is used: Hounsfield units in, points and scales in patch pixels out."""

    def __init__(self, network: Refiner) -> None:
        super().__init__()
        self.network = network

    def forward(self, patch_hu: Tensor) -> tuple[Tensor, Tensor]:
        """Points (batch, 6, 2) and Laplace scales (batch, 6) of patches (batch, channels, rows, columns)."""
        maps = self.network(normalised(patch_hu))
        return points_of(maps.heat), maps.log_scale.clamp(-4.0, 4.0).exp()


OUTPUTS = ("points", "scale")
