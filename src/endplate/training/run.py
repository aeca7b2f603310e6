"""What both training scripts share: a moving average of the weights, checkpoints, the loop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Settings:
    """One training run.

    Attributes:
        steps: optimiser steps.
        batch: samples per step.
        rate: peak learning rate of the one-cycle schedule.
        weight_decay: of AdamW.
        average: decay of the moving average of the weights, which is what gets exported.
        seed: of samples and weights.
        threads: of torch; 0 leaves torch's default.
        save_every: steps between checkpoints.
    """

    steps: int = 4000
    batch: int = 8
    rate: float = 2e-3
    weight_decay: float = 1e-2
    average: float = 0.998
    seed: int = 0
    threads: int = 1
    save_every: int = 250


Losses = dict[str, Tensor]


def mixed_precision() -> torch.autocast:
    """bfloat16 where the processor computes in it; elsewhere it is emulated, 8 to 26 times slower than float32 (measured)."""
    return torch.autocast(
        "cpu", torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    )


def train(
    network: nn.Module,
    losses_of: Callable[[nn.Module, np.random.Generator], Losses],
    out: Path,
    settings: Settings,
    start_from: Path | None = None,
) -> nn.Module:
    """Minimise the sum of the losses; gives the averaged network.

    A run resumes from ``out/checkpoint.pt`` where that exists; ``start_from`` is a checkpoint of another run whose averaged
    weights are the first ones of this.

    Raises:
        FloatingPointError: when a loss is not finite.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(json.dumps(asdict(settings), indent=1))
    if start_from:
        network.load_state_dict(torch.load(start_from, weights_only=True)["average"])
    average = deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), settings.rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, settings.steps, pct_start=0.15)
    state = {"network": network, "average": average, "optimiser": optimiser, "schedule": schedule}
    first = _resume(out / "checkpoint.pt", state)
    began, sums = time.time(), dict[str, float]()
    for step in range(first, settings.steps):
        rng = np.random.default_rng((settings.seed, step))
        network.train()
        losses = losses_of(network, rng)
        total = torch.stack(list(losses.values())).sum()
        if not torch.isfinite(total):
            raise FloatingPointError(f"loss at step {step} is { ({k: float(v) for k, v in losses.items()}) }")
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        _blend(average, network, min(settings.average, (step + 1) / (step + 10)))
        for key, value in losses.items():
            sums[key] = sums.get(key, 0.0) + float(value.detach())
        if (step + 1) % 50 == 0:
            _log(out / "log.jsonl", step + 1, sums, time.time() - began)
            sums = {}
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            _save(out / "checkpoint.pt", state, step + 1)
    return average


def _blend(average: nn.Module, network: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1.0 - decay)
            else:
                mean.copy_(now)


def _log(path: Path, step: int, sums: dict[str, float], seconds: float) -> None:
    row = {"step": step, "seconds": round(seconds, 1)} | {k: round(v / 50, 4) for k, v in sums.items()}
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def _save(path: Path, state: dict[str, object], step: int) -> None:
    content = {k: v.state_dict() for k, v in state.items()} | {"step": step}  # type: ignore[attr-defined]
    torch.save(content, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def _resume(path: Path, state: dict[str, object]) -> int:
    if not path.exists():
        return 0
    content = torch.load(path, weights_only=True)
    for key, part in state.items():
        part.load_state_dict(content[key])  # type: ignore[attr-defined]
    return int(content["step"])
