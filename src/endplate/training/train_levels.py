"""Train the level reader: settings, data, network, loss, loop, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from endplate.training import level_samples, run
from endplate.training.networks import LevelReader
from endplate.training.wide_cases import WideCase

HU_CENTRE, HU_UNIT = 100.0, 300.0


@dataclass(frozen=True)
class Settings:
    """A level reader's training.

    Attributes:
        run: loop and optimiser.
        samples: how boxes are drawn.
        phantom_share: share of the samples that come from phantoms, where both kinds are given.
    """

    run: run.Settings = field(default_factory=lambda: run.Settings(batch=4, steps=1500, average=0.997))
    samples: level_samples.Settings = field(default_factory=level_samples.Settings)
    phantom_share: float = 0.5


def normalised(hu: Tensor) -> Tensor:
    """Network input from Hounsfield units: about [-2.5, 3]."""
    return ((hu - HU_CENTRE) / HU_UNIT).clamp(-2.5, 3.0)


def at_bodies(logits: Tensor, centre: Tensor) -> Tensor:
    """Logits (batch, bodies, levels) at indices s (batch, bodies), linear between the cells' middles."""
    place = (centre - 0.5) / 2.0
    low = place.floor().clamp(0, logits.shape[2] - 2).long()
    share = (place - low).clamp(0.0, 1.0)[..., None]
    rows = logits.transpose(1, 2)
    pick = low[..., None].expand(-1, -1, rows.shape[2])
    return rows.gather(1, pick) * (1 - share) + rows.gather(1, pick + 1) * share


def losses(logits: Tensor, target: level_samples.Sample) -> run.Losses:
    """Cross-entropy at the bodies, softened towards the neighbouring levels."""
    centre, level = torch.from_numpy(target.centre), torch.from_numpy(target.level)
    named = level >= 0
    seen = at_bodies(logits, centre)[named]
    truth = F.one_hot(level[named], seen.shape[1]).float()
    soft = 0.9 * truth + 0.05 * truth.roll(1, 1) + 0.05 * truth.roll(-1, 1)
    return {"level": -(soft * seen.log_softmax(1)).sum(1).mean()}


def train(
    real: Sequence[WideCase], phantoms: Sequence[WideCase], out: Path, settings: Settings, start_from: Path | None = None
) -> LevelReader:
    """A level reader trained on real and phantom cases; gives the averaged network."""
    torch.manual_seed(settings.run.seed)
    network = LevelReader().to(memory_format=torch.channels_last_3d)
    certain = [c for c in real if c.certain]
    cases = [*certain, *phantoms]
    share = settings.phantom_share if certain and phantoms else float(not certain)
    weights = np.concatenate([np.full(n, s / max(n, 1)) for n, s in ((len(certain), 1.0 - share), (len(phantoms), share))])

    def losses_of(model: nn.Module, rng: np.random.Generator) -> run.Losses:
        sample = level_samples.batch(rng, cases, weights, settings.run.batch, settings.samples)
        box = normalised(torch.from_numpy(sample.hu))[:, None].to(memory_format=torch.channels_last_3d)
        with run.mixed_precision():
            logits = model(box)
        return losses(logits.float(), sample)

    averaged = run.train(network, losses_of, out, settings.run, start_from)
    assert isinstance(averaged, LevelReader)
    return averaged


class Exported(nn.Module):
    """The level reader as it is used: Hounsfield units in, log-probabilities out."""

    def __init__(self, network: LevelReader) -> None:
        super().__init__()
        self.network = network

    def forward(self, hu: Tensor) -> Tensor:
        """Log-probabilities (batch, cells, levels) of boxes (batch, s, t, r)."""
        out: Tensor = self.network(normalised(hu)[:, None]).log_softmax(1).transpose(1, 2)
        return out


OUTPUTS = ("log_probability",)
