"""``endplate train``: render the cases, train a network, export a model folder."""

from __future__ import annotations

from pathlib import Path

from endplate.errors import ModelUnusable


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


def detector(
    *,
    out: Path,
    cache: Path = Path("cache"),
    cases: str = "",
    hold_out: str = "",
    phantoms: int = 0,
    phantom_share: float = 0.35,
    steps: int = 3000,
    batch: int = 8,
    threads: int = 0,
    seed: int = 0,
    start_from: Path | None = None,
) -> None:
    """Train the detector on cached cases and export it to OUT/detector; resumes from OUT/checkpoint.pt.

    Args:
        out: run folder for checkpoint, log and the exported model.
        cache: written by ``endplate train prepare``.
        cases: comma-separated names; all real cases of the cache if empty, none if ``-``.
        hold_out: comma-separated names to leave out.
        phantoms: how many cached phantoms to use.
        phantom_share: share of the samples that come from phantoms.
        steps: optimiser steps.
        batch: samples per step.
        threads: of torch; 0 takes all cores.
        seed: of samples and weights.
        start_from: checkpoint whose weights to begin with.
    """
    _need_torch()
    from endplate.training import export, run, train_detector
    from endplate.training.cache import Cache

    store = Cache(cache)
    names = _names(cache / "straight", cases, hold_out)
    real, made = store.straight(names), store.straight(_phantoms(cache / "straight", phantoms))
    settings = train_detector.Settings(run.Settings(steps, batch, seed=seed, threads=threads), phantom_share=phantom_share)
    network = train_detector.train(real, made, out, settings, start_from)
    export.save_detector(
        network, out / "detector", f"detector {out.name}", _provenance([c.name for c in real], len(made), steps, start_from)
    )


def localiser(
    *,
    out: Path,
    cache: Path = Path("cache"),
    cases: str = "",
    hold_out: str = "",
    phantoms: int = 0,
    phantom_share: float = 0.4,
    steps: int = 2000,
    batch: int = 3,
    threads: int = 0,
    seed: int = 0,
    start_from: Path | None = None,
) -> None:
    """Train the localiser on cached cases and export it to OUT/localiser; resumes from OUT/checkpoint.pt.

    Args:
        out: run folder for checkpoint, log and the exported model.
        cache: written by ``endplate train prepare``.
        cases: comma-separated names; all real cases of the cache if empty, none if ``-``.
        hold_out: comma-separated names to leave out.
        phantoms: how many cached phantoms to use.
        phantom_share: share of the samples that come from phantoms.
        steps: optimiser steps.
        batch: samples per step.
        threads: of torch; 0 takes all cores.
        seed: of samples and weights.
        start_from: checkpoint whose weights to begin with.
    """
    _need_torch()
    from endplate.training import export, run, train_localiser
    from endplate.training.cache import Cache

    store = Cache(cache)
    names = _names(cache / "coarse", cases, hold_out)
    real, made = store.coarse(names), store.coarse(_phantoms(cache / "coarse", phantoms))
    settings = train_localiser.Settings(
        run.Settings(steps, batch, average=0.997, seed=seed, threads=threads), phantom_share=phantom_share
    )
    network = train_localiser.train(real, made, out, settings, start_from)
    export.save_localiser(
        network, out / "localiser", f"localiser {out.name}", _provenance([c.name for c in real], len(made), steps, start_from)
    )


def refiner(
    *,
    out: Path,
    cache: Path = Path("cache"),
    cases: str = "",
    hold_out: str = "",
    phantoms: int = 0,
    phantom_share: float = 0.4,
    steps: int = 1200,
    batch: int = 32,
    threads: int = 0,
    seed: int = 0,
    start_from: Path | None = None,
) -> None:
    """Train the refiner on cached cases and export it to OUT/refiner; resumes from OUT/checkpoint.pt.

    Args:
        out: run folder for checkpoint, log and the exported model.
        cache: written by ``endplate train prepare``.
        cases: comma-separated names; all real cases of the cache if empty, none if ``-``.
        hold_out: comma-separated names to leave out.
        phantoms: how many cached phantoms to use.
        phantom_share: share of the crops that come from phantoms.
        steps: optimiser steps.
        batch: patches per step.
        threads: of torch; 0 takes all cores.
        seed: of samples and weights.
        start_from: checkpoint whose weights to begin with.
    """
    _need_torch()
    from endplate.training import export, run, train_refiner
    from endplate.training.cache import Cache

    store = Cache(cache)
    names = _names(cache / "straight", cases, hold_out)
    real, made = store.straight(names), store.straight(_phantoms(cache / "straight", phantoms))
    settings = train_refiner.Settings(run.Settings(steps, batch, seed=seed, threads=threads), phantom_share=phantom_share)
    network = train_refiner.train(real, made, out, settings, start_from)
    export.save_refiner(
        network, out / "refiner", f"refiner {out.name}", _provenance([c.name for c in real], len(made), steps, start_from)
    )


def levels(
    *,
    out: Path,
    cache: Path = Path("cache"),
    cases: str = "",
    hold_out: str = "",
    phantoms: int = 0,
    phantom_share: float = 0.5,
    steps: int = 1200,
    batch: int = 4,
    threads: int = 0,
    seed: int = 0,
    start_from: Path | None = None,
) -> None:
    """Train the level reader on cached cases and export it to OUT/level_reader; resumes from OUT/checkpoint.pt.

    Args:
        out: run folder for checkpoint, log and the exported model.
        cache: written by ``endplate train prepare``.
        cases: comma-separated names; all real cases of the cache if empty, none if ``-``.
        hold_out: comma-separated names to leave out.
        phantoms: how many cached phantoms to use.
        phantom_share: share of the samples that come from phantoms.
        steps: optimiser steps.
        batch: samples per step.
        threads: of torch; 0 takes all cores.
        seed: of samples and weights.
        start_from: checkpoint whose weights to begin with.
    """
    _need_torch()
    from endplate.training import export, run, train_levels
    from endplate.training.cache import Cache

    store = Cache(cache)
    names = _names(cache / "wide", cases, hold_out)
    real, made = store.wide(names), store.wide(_phantoms(cache / "wide", phantoms))
    settings = train_levels.Settings(
        run.Settings(steps, batch, average=0.997, seed=seed, threads=threads), phantom_share=phantom_share
    )
    network = train_levels.train(real, made, out, settings, start_from)
    export.save_level_reader(
        network, out / "level_reader", f"level reader {out.name}", _provenance([c.name for c in real], len(made), steps, start_from)
    )


def _need_torch() -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise ModelUnusable(
            "training_missing", "training needs torch, which is not installed; run: pip install 'endplate[training]'"
        )


def _names(folder: Path, cases: str, hold_out: str) -> list[str]:
    every = sorted(p.stem for p in folder.glob("*.npz") if not p.stem.startswith("phantom-"))
    wanted = [] if cases == "-" else [n for n in cases.split(",") if n] or every
    return [n for n in wanted if n not in hold_out.split(",")]


def _phantoms(folder: Path, count: int) -> list[str]:
    return sorted(p.stem for p in folder.glob("phantom-*.npz"))[:count]


def _provenance(real: list[str], phantoms: int, steps: int, start_from: Path | None) -> str:
    lines = [
        "# Provenance",
        "",
        f"- real CTs ({len(real)}): {', '.join(real) or 'none'}",
        f"- phantoms: {phantoms}",
        f"- steps: {steps}",
    ]
    lines += [f"- began with the weights of: {start_from.parent.name}"] if start_from else []
    return "\n".join(lines) + "\n"
