"""``endplate train``: render the cases, train a network, export a model folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from endplate.errors import ModelUnusable

if TYPE_CHECKING:
    from endplate.training import run


def prepare(
    data: Path, *, cache: Path = Path("cache"), phantoms: int = 0, first_seed: int = 0, stated_licences_only: bool = False
) -> None:
    """Render the CTs of a folder and phantoms into a cache of training cases.

    Args:
        data: folder with ``<case>/ct.nii.gz`` and ``truth.json`` or ``levels.json``, at any depth.
        cache: where the rendered cases go.
        phantoms: how many phantoms to add.
        first_seed: seed of the first phantom.
        stated_licences_only: leave out CTs whose licence is not stated.
    """
    from endplate.training.cache import Cache, case_folders

    store = Cache(cache)
    for folder in case_folders(data, stated_licences_only):
        store.add_real(folder)
        print(f"ready: {folder.name}", flush=True)
    for seed in range(first_seed, first_seed + phantoms):
        store.add_phantom(seed)
        print(f"ready: phantom {seed}", flush=True)


@Parameter(name="*")
@dataclass(frozen=True)
class Options:
    """What every network's training can be told.

    Attributes:
        cache: written by ``endplate train prepare``.
        cases: comma-separated names; all real cases of the cache if empty, none if ``-`` (``--cases=-``).
        hold_out: comma-separated names to leave out.
        phantoms: how many cached phantoms to use.
        phantom_share: share of the samples that come from phantoms; the network's own if left out.
        steps: optimiser steps; the network's own if left out.
        batch: samples per step; the network's own if left out.
        rate: peak learning rate; the network's own if left out.
        threads: of torch; 0 takes all cores.
        seed: of samples and weights.
        start_from: checkpoint whose weights to begin with.
    """

    cache: Path = Path("cache")
    cases: str = ""
    hold_out: str = ""
    phantoms: int = 0
    phantom_share: float | None = None
    steps: int | None = None
    batch: int | None = None
    rate: float | None = None
    threads: int = 0
    seed: int = 0
    start_from: Path | None = None

    def names(self, kind: str) -> tuple[list[str], list[str]]:
        """Real and phantom cases of a kind of the cache (``straight``, ``coarse``, ``wide``)."""
        folder = self.cache / kind
        files = sorted(p.stem for p in folder.glob("*.npz"))
        every = [n for n in files if not n.startswith("phantom-")]
        wanted = [] if self.cases == "-" else [n for n in self.cases.split(",") if n] or every
        made = [n for n in files if n.startswith("phantom-")][: self.phantoms]
        return [n for n in wanted if n not in self.hold_out.split(",")], made

    def of(self, settings: Any) -> Any:
        """A network's settings, with what was asked for in place of its own."""
        own: run.Settings = settings.run
        asked = {"steps": self.steps, "batch": self.batch, "rate": self.rate}
        given: dict[str, Any] = {k: v for k, v in asked.items() if v is not None}
        share = settings.phantom_share if self.phantom_share is None else self.phantom_share
        return replace(settings, run=replace(own, **given, seed=self.seed, threads=self.threads), phantom_share=share)

    def provenance(self, real: list[Any], phantoms: list[Any], steps: int) -> str:
        """What a network was trained on."""
        names = ", ".join(c.name for c in real) or "none"
        lines = ["# Provenance", "", f"- real CTs ({len(real)}): {names}", f"- phantoms: {len(phantoms)}", f"- steps: {steps}"]
        lines += [f"- began with the weights of: {self.start_from.parent.name}"] if self.start_from else []
        return "\n".join(lines) + "\n"


@Parameter(name="*")
@dataclass(frozen=True)
class Fractures:
    """How common fractures made by warps are.

    Attributes:
        fractures: share of the samples in which a body is compressed; the default is for the sensitivity to them.
        further_fractures: share of its neighbours that are compressed then as well.
    """

    fractures: float = 0.8
    further_fractures: float = 0.35


def detector(*, out: Path, options: Options = Options(), fractures: Fractures = Fractures()) -> None:
    """Train the detector on cached cases and export it to OUT/detector; resumes from OUT/checkpoint.pt.

    Args:
        out: run folder for checkpoint, log and the exported model.
        options: of the training.
        fractures: made by warps.
    """
    _need_torch()
    from endplate.training import export, train_detector

    settings = options.of(_fractured(train_detector.Settings(), fractures))
    real, made = _cases(options, "straight")
    network = train_detector.train(real, made, out, settings, options.start_from)
    export.save_detector(network, out / "detector", f"detector {out.name}", options.provenance(real, made, settings.run.steps))


def refiner(*, out: Path, options: Options = Options(), fractures: Fractures = Fractures()) -> None:
    """Train the refiner on cached cases and export it to OUT/refiner; resumes from OUT/checkpoint.pt.

    Args:
        out: run folder for checkpoint, log and the exported model.
        options: of the training.
        fractures: made by warps.
    """
    _need_torch()
    from endplate.training import export, train_refiner

    settings = options.of(_fractured(train_refiner.Settings(), fractures))
    real, made = _cases(options, "straight")
    network = train_refiner.train(real, made, out, settings, options.start_from)
    export.save_refiner(network, out / "refiner", f"refiner {out.name}", options.provenance(real, made, settings.run.steps))


def localiser(*, out: Path, options: Options = Options()) -> None:
    """Train the localiser on cached cases and export it to OUT/localiser; resumes from OUT/checkpoint.pt.

    Args:
        out: run folder for checkpoint, log and the exported model.
        options: of the training.
    """
    _need_torch()
    from endplate.training import export, train_localiser

    settings = options.of(train_localiser.Settings())
    real, made = _cases(options, "coarse")
    network = train_localiser.train(real, made, out, settings, options.start_from)
    export.save_localiser(network, out / "localiser", f"localiser {out.name}", options.provenance(real, made, settings.run.steps))


def levels(*, out: Path, options: Options = Options()) -> None:
    """Train the level reader on cached cases and export it to OUT/level_reader; resumes from OUT/checkpoint.pt.

    Args:
        out: run folder for checkpoint, log and the exported model.
        options: of the training.
    """
    _need_torch()
    from endplate.training import export, train_levels

    settings = options.of(train_levels.Settings())
    real, made = _cases(options, "wide")
    network = train_levels.train(real, made, out, settings, options.start_from)
    text = options.provenance(real, made, settings.run.steps)
    export.save_level_reader(network, out / "level_reader", f"level reader {out.name}", text)


def _need_torch() -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise ModelUnusable(
            "training_missing", "training needs torch, which is not installed; run: pip install 'endplate[training]'"
        )


def _cases(options: Options, kind: str) -> tuple[list[Any], list[Any]]:
    """Real and phantom cases of a kind, read from the cache."""
    from endplate.training.cache import Cache

    store, (real, made) = Cache(options.cache), options.names(kind)
    read: dict[str, Callable[[list[str]], Sequence[Any]]]
    read = {"straight": store.straight, "coarse": store.coarse, "wide": store.wide}
    return list(read[kind](real)), list(read[kind](made))


def _fractured(settings: Any, fractures: Fractures) -> Any:
    samples = replace(settings.samples, fracture_probability=fractures.fractures, further_fractures=fractures.further_fractures)
    return replace(settings, samples=samples)
