"""Trained networks -> model folders: ``model.onnx``, ``config.json``, ``PROVENANCE.md``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from endplate import straightening
from endplate.detection import codec as detection_codec
from endplate.detection import refine
from endplate.labelling import codec as labelling_codec
from endplate.labelling import wide_box
from endplate.localisation import codec as localisation_codec
from endplate.training import train_detector, train_levels, train_localiser, train_refiner
from endplate.training.networks import Detector, LevelReader, Localiser, Refiner


def save_detector(
    network: Detector, folder: Path, name: str, provenance: str, codec: detection_codec.Settings | None = None
) -> None:
    """The detector as a model folder."""
    channels = network.stem[0][0].in_channels
    image = torch.full((1, channels, 128, 96), 40.0)
    module = train_detector.Exported(network.to(memory_format=torch.contiguous_format).eval())
    config = {
        "stage": "detector",
        "name": name,
        "input": "Hounsfield units (batch, channels, rows, columns)",
        "hu": {"centre": train_detector.HU_CENTRE, "unit": train_detector.HU_UNIT, "where": "inside the network"},
        "multiple_of": [32, 32],
        "codec": asdict(codec or detection_codec.Settings()),
        "straight": asdict(straightening.Settings()),
    }
    _save(module, (image, {2: "rows", 3: "columns"}), train_detector.OUTPUTS, folder, (config, provenance))


def save_localiser(
    network: Localiser, folder: Path, name: str, provenance: str, codec: localisation_codec.Settings | None = None
) -> None:
    """The localiser as a model folder."""
    module = train_localiser.Exported(network.to(memory_format=torch.contiguous_format).eval())
    config = {
        "stage": "localiser",
        "name": name,
        "input": "Hounsfield units (batch, slices, rows, columns) at codec.spacing_mm, head to feet, to posterior, to the left",
        "hu": {"centre": train_localiser.HU_CENTRE, "unit": train_localiser.HU_UNIT, "where": "inside the network"},
        "multiple_of": [2, 16, 16],
        "codec": asdict(codec or localisation_codec.Settings()),
    }
    volume = torch.full((1, 32, 64, 80), 40.0)
    _save(module, (volume, {1: "slices", 2: "rows", 3: "columns"}), train_localiser.OUTPUTS, folder, (config, provenance))


def save_level_reader(
    network: LevelReader, folder: Path, name: str, provenance: str, codec: labelling_codec.Settings | None = None
) -> None:
    """The level reader as a model folder."""
    module = train_levels.Exported(network.to(memory_format=torch.contiguous_format).eval())
    config = {
        "stage": "level_reader",
        "name": name,
        "input": "Hounsfield units (batch, s, t, r) on the grid of wide",
        "hu": {"centre": train_levels.HU_CENTRE, "unit": train_levels.HU_UNIT, "where": "inside the network"},
        "multiple_of": [2],
        "codec": asdict(codec or labelling_codec.Settings()),
        "wide": asdict(wide_box.Settings()),
    }
    box = torch.full((1, 64, 45, 61), 40.0)
    _save(module, (box, {1: "s"}), train_levels.OUTPUTS, folder, (config, provenance))


def save_refiner(network: Refiner, folder: Path, name: str, provenance: str, patch: refine.Settings | None = None) -> None:
    """The refiner as a model folder."""
    module = train_refiner.Exported(network.to(memory_format=torch.contiguous_format).eval())
    settings = patch or refine.Settings()
    config = {
        "stage": "refiner",
        "name": name,
        "input": "Hounsfield units (batch, channels, rows, columns) of patches of the straightened image",
        "hu": {"centre": train_detector.HU_CENTRE, "unit": train_detector.HU_UNIT, "where": "inside the network"},
        "patch": asdict(settings),
    }
    patches = torch.full((2, network.stem[0][0].in_channels, settings.rows, settings.columns), 40.0)
    _save(module, (patches, {0: "bodies"}), train_refiner.OUTPUTS, folder, (config, provenance))


def _save(
    module: nn.Module,
    example: tuple[torch.Tensor, dict[int, str]],
    outputs: Sequence[str],
    folder: Path,
    texts: tuple[dict[str, Any], str],
) -> None:
    """Write the three files; ``example`` is an input with the names of its free axes, ``texts`` config and provenance."""
    (tensor, axes), (config, provenance) = example, texts
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        module,
        (tensor,),
        str(folder / "model.onnx"),
        input_names=["hu"],
        output_names=list(outputs),
        dynamic_axes={"hu": axes},
        opset_version=17,
        dynamo=False,
    )
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "PROVENANCE.md").write_text(provenance)
