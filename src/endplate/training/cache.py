"""Training cases on disk, rendered once: ``cache/{straight,coarse,wide}/<case>.npz``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from endplate.phantom import random_phantom
from endplate.training import coarse_cases, straight_cases, wide_cases
from endplate.training.coarse_cases import CoarseCase
from endplate.training.straight_cases import StraightCase
from endplate.training.truth import UNSTATED_LICENCE, read_truth
from endplate.training.wide_cases import WideCase
from endplate.volume.files import read_nifti


@dataclass(frozen=True)
class Cache:
    """A folder of rendered cases.

    Attributes:
        folder: holds ``straight``, ``coarse`` and ``wide``.
    """

    folder: Path

    def _file(self, kind: str, name: str) -> Path:
        (self.folder / kind).mkdir(parents=True, exist_ok=True)
        return self.folder / kind / f"{name}.npz"

    def add_real(self, case_folder: Path) -> None:
        """Render ``case_folder`` (``ct.nii.gz`` with ``truth.json`` or ``levels.json``) unless it is there."""
        coarse_file = self._file("coarse", case_folder.name)
        if coarse_file.exists():
            return
        volume, truth = read_nifti(case_folder / "ct.nii.gz"), read_truth(case_folder)
        if truth.points_mm is not None:
            straight_cases.from_truth(volume, truth).save(self._file("straight", case_folder.name))
        wide_cases.from_truth(volume, truth).save(self._file("wide", case_folder.name))
        coarse_cases.from_truth(volume, truth).save(coarse_file)

    def add_phantom(self, seed: int) -> None:
        """Render the phantom of a seed unless it is there."""
        name = phantom_name(seed)
        coarse_file = self._file("coarse", name)
        if coarse_file.exists():
            return
        phantom = random_phantom(np.random.default_rng(seed))
        straight_cases.from_phantom(name, phantom).save(self._file("straight", name))
        wide_cases.from_phantom(name, phantom).save(self._file("wide", name))
        coarse_cases.from_phantom(name, phantom).save(coarse_file)

    def straight(self, names: Iterable[str]) -> list[StraightCase]:
        """The straight cases among the names."""
        files = (self._file("straight", n) for n in names)
        return [StraightCase.load(f) for f in files if f.exists()]

    def coarse(self, names: Iterable[str]) -> list[CoarseCase]:
        """The coarse cases among the names."""
        files = (self._file("coarse", n) for n in names)
        return [CoarseCase.load(f) for f in files if f.exists()]

    def wide(self, names: Iterable[str]) -> list[WideCase]:
        """The wide cases among the names."""
        files = (self._file("wide", n) for n in names)
        return [WideCase.load(f) for f in files if f.exists()]


def phantom_name(seed: int) -> str:
    """Case name of a phantom."""
    return f"phantom-{seed:05d}"


def case_folders(data: Path, stated_licences_only: bool = False) -> list[Path]:
    """Every folder below ``data`` with a CT and its truth, save those whose licence is not stated if asked."""
    found = sorted(p.parent for p in data.rglob("ct.nii.gz") if any((p.parent / n).exists() for n in ("truth.json", "levels.json")))
    return [p for p in found if not (stated_licences_only and p.name in UNSTATED_LICENCE)]
