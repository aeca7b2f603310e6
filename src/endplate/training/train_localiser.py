"""Train the localiser: settings, data, network, loss, loop, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from endplate.training import localiser_samples, run
from endplate.training.coarse_cases import CoarseCase
from endplate.training.networks import Localiser, LocaliserMaps

HU_CENTRE, HU_UNIT = 100.0, 300.0
STRIDE = 2
SPACING_MM = 4.0


@dataclass(frozen=True)
class Settings:
    """A localiser's training.

    Attributes:
        run: loop and optimiser.
        samples: how crops are drawn.
        phantom_share: share of the samples that come from phantoms, where both kinds are given.
    """

    run: run.Settings = field(default_factory=lambda: run.Settings(batch=3, steps=3000, average=0.997))
    samples: localiser_samples.Settings = field(default_factory=localiser_samples.Settings)
    phantom_share: float = 0.4


def normalised(hu: Tensor) -> Tensor:
    """Network input from Hounsfield units: about [-2.5, 3]."""
    return ((hu - HU_CENTRE) / HU_UNIT).clamp(-2.5, 3.0)


def losses(maps: LocaliserMaps, target: localiser_samples.Sample) -> run.Losses:
    """Losses of raw maps against a batch of targets; unknown entries are NaN and count for nothing."""
    row, column, presence, level = (torch.from_numpy(x) for x in target[1:])
    known = torch.isfinite(row) & torch.isfinite(column)
    judged, named = torch.isfinite(presence), torch.isfinite(level)
    place, distance = _place(maps.heat[known], row[known], column[known])
    present = (
        F.binary_cross_entropy_with_logits(maps.presence[judged], presence[judged]) if judged.any() else maps.presence.sum() * 0
    )
    off = F.smooth_l1_loss(maps.level[named], level[named], beta=0.5) if named.any() else maps.level.sum() * 0
    return {"place": place, "distance_mm": 0.1 * distance, "presence": present, "level": off}


def _place(heat: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy with a Gaussian of one cell around the truth, and the soft-argmax's distance in mm."""
    if not len(heat):
        return heat.sum() * 0, heat.sum() * 0
    at_row, at_column = ((x - (STRIDE - 1) / 2) / STRIDE for x in (row, column))  # cells
    cell_row, cell_column = torch.arange(heat.shape[1]), torch.arange(heat.shape[2])
    along = torch.exp(-((cell_row - at_row[:, None]) ** 2) / 2.0)
    across = torch.exp(-((cell_column - at_column[:, None]) ** 2) / 2.0)
    target = (along[:, :, None] * across[:, None]).flatten(1)
    target = target / target.sum(1, keepdim=True).clamp(min=1e-6)
    log_probability = heat.flatten(1).log_softmax(1)
    probability = log_probability.exp().reshape(heat.shape)
    miss_row = (probability.sum(2) * cell_row).sum(1) - at_row
    miss_column = (probability.sum(1) * cell_column).sum(1) - at_column
    distance = torch.sqrt(miss_row**2 + miss_column**2 + 1e-4) * STRIDE * SPACING_MM
    return -(target * log_probability).sum(1).mean(), distance.clamp(max=40.0).mean()


def train(
    real: Sequence[CoarseCase], phantoms: Sequence[CoarseCase], out: Path, settings: Settings, start_from: Path | None = None
) -> Localiser:
    """A localiser trained on real and phantom cases; gives the averaged network."""
    torch.manual_seed(settings.run.seed)
    network = Localiser().to(memory_format=torch.channels_last_3d)
    cases, weights = [*real, *phantoms], _weights(len(real), len(phantoms), settings.phantom_share)

    def losses_of(model: nn.Module, rng: np.random.Generator) -> run.Losses:
        sample = localiser_samples.batch(rng, cases, weights, settings.run.batch, settings.samples)
        volume = normalised(torch.from_numpy(sample.hu))[:, None].to(memory_format=torch.channels_last_3d)
        with run.mixed_precision():
            maps = model(volume)
        return losses(LocaliserMaps(*(m.float() for m in maps)), sample)

    averaged = run.train(network, losses_of, out, settings.run, start_from)
    assert isinstance(averaged, Localiser)
    return averaged


def _weights(real: int, phantoms: int, phantom_share: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    share = phantom_share if real and phantoms else float(not real)
    return np.concatenate([np.full(n, s / max(n, 1)) for n, s in ((real, 1.0 - share), (phantoms, share))])


class Exported(nn.Module):
    """The localiser as it is used: Hounsfield units in, logits of heat, probability of presence and level out."""

    def __init__(self, network: Localiser) -> None:
        super().__init__()
        self.network = network

    def forward(self, hu: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of ``endplate.localisation.codec.Maps`` with a leading batch axis, for hu (batch, slices, rows, columns)."""
        maps = self.network(normalised(hu)[:, None])
        return maps.heat, maps.presence.sigmoid(), maps.level


OUTPUTS = ("heat", "presence", "level")
