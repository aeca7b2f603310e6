"""Weights on disk -> callables. A model folder holds ``model.onnx``, ``config.json`` and ``PROVENANCE.md``."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, fields
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from endplate import straightening
from endplate.detection import codec as detection_codec
from endplate.detection import refine
from endplate.detection.detect import Detector
from endplate.detection.refine import Refiner
from endplate.errors import ModelUnusable
from endplate.labelling import codec as labelling_codec
from endplate.labelling import geometry_evidence, wide_box
from endplate.labelling.read_levels import LevelReader
from endplate.labelling.wide_box import WideBox
from endplate.localisation import codec as localisation_codec
from endplate.localisation.localise import Localiser
from endplate.straightening import StraightSpine
from endplate.volume import Volume

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Floats = NDArray[np.floating]
_AIR_HU = -1024.0
STAGES = ("localiser", "detector", "level_reader")
SECOND_LOOK = "refiner"
"""The stage that a folder may leave out; the detector's points then stay as they are."""


@dataclass(frozen=True)
class Identity:
    """Which weights these are.

    Attributes:
        name: from the config.
        sha256: of ``model.onnx``.
    """

    name: str
    sha256: str


@dataclass(frozen=True)
class _Network:
    """An ONNX file and its config."""

    folder: Path
    config: dict[str, Any]
    threads: int

    @property
    def _file(self) -> Path:
        return self.folder / "model.onnx"

    @cached_property
    def identity(self) -> Identity:
        return Identity(str(self.config["name"]), hashlib.sha256(self._file.read_bytes()).hexdigest())

    @cached_property
    def _session(self) -> InferenceSession:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads or len(os.sched_getaffinity(0))
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        wanted = ["CUDAExecutionProvider", "CPUExecutionProvider"]
        providers = [p for p in wanted if p in onnxruntime.get_available_providers()]
        try:
            return onnxruntime.InferenceSession(str(self._file), options, providers)
        except Exception as error:  # onnxruntime raises its own untyped errors for damaged files
            raise ModelUnusable("damaged_model", f"{self._file} cannot be loaded: {error}; install the weights anew") from error

    def run(self, image: NDArray[np.float32]) -> dict[str, Floats]:
        """Outputs by name, for one image; each keeps its leading axis of one."""
        return self.run_batch(image[None])

    def run_batch(self, images: NDArray[np.float32]) -> dict[str, Floats]:
        """Outputs by name, for a batch of images."""
        session = self._session
        names = [o.name for o in session.get_outputs()]
        return dict(zip(names, session.run(names, {session.get_inputs()[0].name: np.ascontiguousarray(images)}), strict=True))


@dataclass(frozen=True)
class OnnxLocaliser:
    """The trained localiser."""

    network: _Network
    settings: localisation_codec.Settings

    def __call__(self, small: Volume) -> localisation_codec.Maps:
        """Maps of a coarse volume, padded with air to what the network's strides need."""
        shape = np.array(small.hu.shape)
        multiple = np.array(self.network.config["multiple_of"])
        target = np.maximum(-(-shape // multiple), 1) * multiple
        padded = np.full(target, _AIR_HU, np.float32)
        padded[: shape[0], : shape[1], : shape[2]] = small.hu
        out = {k: v[0] for k, v in self.network.run(padded).items()}
        cells = -(-shape[1:] // self.settings.stride)
        heat = out["heat"][: shape[0], : cells[0], : cells[1]]
        return localisation_codec.Maps(heat, out["presence"][: shape[0]], out["level"][: shape[0]])


@dataclass(frozen=True)
class OnnxDetector:
    """The trained detector."""

    network: _Network
    settings: detection_codec.Settings

    def __call__(self, spine: StraightSpine) -> detection_codec.Maps:
        """Maps of a straightened image, padded with air to what the network's strides need.

        The mean over the image and its left-right mirror: a spine is symmetrical, the network only nearly so.
        """
        seen, mirrored = self._maps(spine.image_hu), self._maps(spine.image_hu[::-1])
        mirrored["lateral"] = -mirrored["lateral"]
        return detection_codec.Maps(**{f.name: (seen[f.name] + mirrored[f.name]) / 2.0 for f in fields(detection_codec.Maps)})

    def _maps(self, image_hu: NDArray[np.float32]) -> dict[str, Floats]:
        channels, rows, columns = image_hu.shape
        multiple = np.array(self.network.config["multiple_of"])
        target = -(-np.array([rows, columns]) // multiple) * multiple
        padded = np.full((channels, *target), _AIR_HU, np.float32)
        padded[:, :rows, :columns] = image_hu
        return {k: v[0] for k, v in self.network.run(padded).items()}


@dataclass(frozen=True)
class OnnxRefiner:
    """The trained refiner."""

    network: _Network

    def __call__(self, patches_hu: NDArray[np.float32]) -> refine.Seen:
        """Points and scales of patches."""
        seen = self.network.run_batch(patches_hu)
        return refine.Seen(seen["points"].reshape(-1, 3, 2, 2), seen["scale"].reshape(-1, 3, 2))


@dataclass(frozen=True)
class OnnxLevelReader:
    """The trained level reader."""

    network: _Network
    settings: labelling_codec.Settings

    def __call__(self, box: WideBox) -> Floats:
        """Log-probabilities (cells, levels) of a wide box, padded with air to whole cells."""
        multiple = int(self.network.config["multiple_of"][0])
        length = -(-len(box.hu) // multiple) * multiple
        padded = np.full((length, *box.hu.shape[1:]), _AIR_HU, np.float32)
        padded[: len(box.hu)] = box.hu
        return self.network.run(padded)["log_probability"][0]


@dataclass(frozen=True)
class Models:
    """The four networks with the settings that they were trained for.

    Attributes:
        localiser: reads the coarse volume.
        detector: reads the straightened image.
        refiner: reads a patch around each body; None leaves the detector's points as they are.
        level_reader: reads the wide straightened box.
        localisation: how to decode the localiser.
        detection: how to decode the detector.
        straight: the grid that the detector reads.
        patch: the refiner's patches.
        labelling: how to decode the level reader.
        wide: the grid that the level reader reads.
        identities: by stage, for the report.
        shapes: what is expected of a body's shape at each level.
    """

    localiser: Localiser
    detector: Detector
    refiner: Refiner | None
    level_reader: LevelReader
    localisation: localisation_codec.Settings
    detection: detection_codec.Settings
    straight: straightening.Settings
    patch: refine.Settings
    labelling: labelling_codec.Settings
    wide: wide_box.Settings
    identities: dict[str, Identity]
    shapes: geometry_evidence.LevelShapes = field(default_factory=geometry_evidence.shipped)


def load(folder: Path | None = None, threads: int = 0) -> Models:
    """The models of a folder with ``localiser/``, ``detector/``, ``level_reader/`` and, if there, ``refiner/``.

    Args:
        folder: where the model folders lie; None takes the shipped ones.
        threads: of ONNX Runtime; 0 takes all cores that this process may use.

    Raises:
        ModelUnusable: if a file is missing or damaged, or a config is of another kind.
    """
    root = folder or Path(str(resources.files("endplate") / "weights"))
    networks = {stage: _network(root / stage, stage, threads) for stage in STAGES}
    if (root / SECOND_LOOK).exists():
        networks[SECOND_LOOK] = _network(root / SECOND_LOOK, SECOND_LOOK, threads)
    localiser, detector, reader = (networks[stage] for stage in STAGES)
    refiner = networks.get(SECOND_LOOK)
    localisation_settings = _settings(localisation_codec.Settings, localiser, "codec")
    detection_settings = _settings(detection_codec.Settings, detector, "codec")
    labelling_settings = _settings(labelling_codec.Settings, reader, "codec")
    return Models(
        OnnxLocaliser(localiser, localisation_settings),
        OnnxDetector(detector, detection_settings),
        OnnxRefiner(refiner) if refiner else None,
        OnnxLevelReader(reader, labelling_settings),
        localisation_settings,
        detection_settings,
        _settings(straightening.Settings, detector, "straight"),
        _settings(refine.Settings, refiner, "patch") if refiner else refine.Settings(),
        labelling_settings,
        _settings(wide_box.Settings, reader, "wide"),
        {stage: network.identity for stage, network in networks.items()},
    )


def _network(folder: Path, stage: str, threads: int) -> _Network:
    for name in ("model.onnx", "config.json"):
        if not (folder / name).is_file():
            raise ModelUnusable(
                "missing_model", f"{folder / name} is missing; give a folder with {', '.join(STAGES)}, or leave --models out"
            )
    try:
        config = json.loads((folder / "config.json").read_text())
    except ValueError as error:
        raise ModelUnusable("damaged_model", f"{folder / 'config.json'} is not JSON: {error}; install the weights anew") from error
    if config.get("stage") != stage:
        raise ModelUnusable(
            "wrong_model", f"{folder} holds a {config.get('stage')!r} where a {stage!r} is expected; swap the folders"
        )
    return _Network(folder, config, threads)


T = TypeVar("T")


def _settings(kind: type[T], network: _Network, key: str) -> T:
    try:
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in network.config[key].items()}
        return kind(**values)
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelUnusable(
            "wrong_model", f"{network.folder / 'config.json'}: {key!r} does not fit this version: {error}"
        ) from error
