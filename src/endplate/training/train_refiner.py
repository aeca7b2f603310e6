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
SPREAD, REACH = 0.8, 2
"""Of the wanted heat around a point, and how far from its peak a map counts, in cells."""


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


def around(probability: Tensor, cell: Tensor) -> Tensor:
    """Mean place (batch, 6, 2), in patch pixels, of maps (batch, 6, rows, columns) within REACH cells of cells (batch, 6, 2).

    The mean over the whole map would stand half-way between two places that are about equally likely.
    """
    rows, columns = (torch.arange(n, dtype=probability.dtype) for n in probability.shape[2:])
    near_row = ((rows - cell[..., :1]).abs() <= REACH).to(probability.dtype)
    near_column = ((columns - cell[..., 1:]).abs() <= REACH).to(probability.dtype)
    near = probability * near_row[..., :, None] * near_column[..., None, :] + 1e-9
    total = near.sum((2, 3))
    place = torch.stack([(near.sum(3) * rows).sum(2) / total, (near.sum(2) * columns).sum(2) / total], -1)
    return place * STRIDE + (STRIDE - 1) / 2


def likeliest(probability: Tensor) -> Tensor:
    """The cell (batch, 6, 2) of maps (batch, 6, rows, columns) whose neighbourhood holds most."""
    best = F.avg_pool2d(probability, 3, 1, 1).flatten(2).argmax(-1).to(probability.dtype)
    row = torch.floor(best / probability.shape[3])
    return torch.stack([row, best - row * probability.shape[3]], -1)


def probability_of(heat: Tensor) -> Tensor:
    """Heat maps (batch, 6, rows, columns) as probabilities of the cells."""
    return heat.flatten(2).softmax(-1).reshape(heat.shape)


def losses(maps: RefinerMaps, target: Tensor) -> run.Losses:
    """Losses of raw maps against points (batch, 6, 2) in patch pixels."""
    place = (target - (STRIDE - 1) / 2) / STRIDE
    row = torch.arange(maps.heat.shape[2]) - place[..., :1]
    column = torch.arange(maps.heat.shape[3]) - place[..., 1:]
    wanted = torch.exp(-(row[..., :, None] ** 2 + column[..., None, :] ** 2) / (2.0 * SPREAD**2)).flatten(2)
    wanted = wanted / wanted.sum(-1, keepdim=True).clamp(min=1e-6)
    surprise = -(wanted * maps.heat.flatten(2).log_softmax(-1)).sum(-1).mean()
    probability = probability_of(maps.heat)
    limit = torch.tensor(maps.heat.shape[2:], dtype=place.dtype) - 1
    found = around(probability, place.round().clamp(min=0).minimum(limit))
    miss = (around(probability, likeliest(probability)) - target).detach().abs()[..., 0]
    log_scale = maps.log_scale.clamp(-4.0, 4.0)
    return {
        "place": surprise,
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
    """The refiner as it is used: Hounsfield units in, points and scales in patch pixels out.

    It looks at the patch and at its left-right mirror and takes the mean of both maps: a spine is symmetrical.
    """

    def __init__(self, network: Refiner) -> None:
        super().__init__()
        self.network = network

    def forward(self, patch_hu: Tensor) -> tuple[Tensor, Tensor]:
        """Points (batch, 6, 2) and Laplace scales (batch, 6) of patches (batch, channels, rows, columns)."""
        patch = normalised(patch_hu)
        maps = self.network(torch.cat([patch, patch.flip(1)]))
        seen, mirrored = probability_of(maps.heat).chunk(2)
        probability = (seen + mirrored) / 2.0
        scale, other = maps.log_scale.clamp(-4.0, 4.0).chunk(2)
        return around(probability, likeliest(probability)), ((scale + other) / 2.0).exp()


OUTPUTS = ("points", "scale")
