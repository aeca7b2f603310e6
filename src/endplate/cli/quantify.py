"""``endplate quantify``: every CT under some paths, one folder per scan, two tables over all."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from endplate.cli import exit_codes
from endplate.cli.further import Further

if TYPE_CHECKING:
    from endplate.cohort import Destination, Outcome


def quantify(
    *paths: Path,
    out: Path,
    demo: bool = False,
    models: Path | None = None,
    threads: int = 0,
    top_level: str | None = None,
    norms: str | None = None,
    all_series: bool = False,
    series: str | None = None,
    overwrite: bool = False,
    further: Further | None = None,
) -> int:
    """Measure every vertebra of every CT under some paths.

    Args:
        paths: files or folders: DICOM series, DICOMDIR, NIfTI, NRRD, MHA, zip; folders are searched with their sub-folders.
        out: folder for the results.
        demo: quantify a synthetic CT with a known fracture as well.
        models: folder with other weights; the shipped ones if left out.
        threads: of the networks; 0 takes all cores.
        top_level: name of the uppermost vertebra found, such as T1, where you know better; for a single scan.
        norms: what is expected at each level: ct-keypoints-1, chest-ct-experts-1, or a CSV file of your own.
        all_series: measure every CT series; the best of each study if left out.
        series: measure the series with this Series Instance UID alone.
        overwrite: do again what is done already.
        further: files that each scan gets as well.
    """
    from endplate import __version__, cohort, pipeline
    from endplate.anatomy import levels
    from endplate.cli.demo import make_demo
    from endplate.cli.progress import shown
    from endplate.models import load
    from endplate.morphometry.norms import DEFAULT, chosen
    from endplate.volume.choice import Choice

    if not paths and not demo:
        return _usage("give at least one PATH, or --demo for a synthetic CT with a known fracture")
    if top_level and top_level not in levels.USUAL:
        return _usage(f"--top-level {top_level} is no level; expected one of {', '.join(levels.USUAL)}")
    if all_series and series:
        return _usage("--all-series takes every series, --series one; give one of the two")
    try:
        table = chosen(norms or DEFAULT)
    except ValueError as error:
        return _usage(f"--norms: {error}")
    networks = load(models, threads)
    check_writable(out)
    jobs = cohort.worklist([*paths, *([make_demo(out)] if demo else [])], out, Choice(all_series, series))
    if top_level and len(jobs) != 1:
        return _usage(f"--top-level {top_level} names the vertebrae of one scan, but there are {len(jobs)}; give one scan")
    weights = {stage: identity.sha256 for stage, identity in networks.identities.items()}
    maker = cohort.Maker(__version__, weights, top_level, f"{table.name} {table.fingerprint}")
    destination = cohort.Destination(out, maker, overwrite, (further or Further()).names)
    outcomes: list[Outcome] = []
    try:
        outcomes.extend(shown(cohort.run(jobs, destination, networks, pipeline.Settings(top_level, table)), len(jobs)))
    except KeyboardInterrupt:
        cohort.write_tables(out)
        print("endplate: interrupted; finished scans are kept, the same command goes on from there", file=sys.stderr)
        return exit_codes.INTERRUPTED
    cohort.write_tables(out)
    return _conclude(outcomes, destination)


def check_writable(out: Path) -> None:
    """Fails before the work, not after it."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=out) as probe:
        probe.write(b"endplate")


def _conclude(outcomes: list[Outcome], destination: Destination) -> int:
    from endplate.renderings import FILES

    out = destination.out
    counts = Counter(o.report.status for o in outcomes)
    faults = sum(o.is_fault for o in outcomes)
    scans = "1 scan" if len(outcomes) == 1 else f"{len(outcomes)} scans"
    print(f"{scans}: {counts['ok']} measured, {counts['no_spine']} without a spine, {counts['refused']} refused")
    passed = [f"  {o.job.name}: {reason}" for o in outcomes for reason in o.job.not_taken]
    if passed:
        print(f"{len(passed)} other CT series of these studies not taken (--all-series takes them):", *passed, sep="\n")
    files = ["overview.png", *(file for name, files in FILES.items() if name in destination.further for file in files)]
    print(f"{out / 'findings.csv'}, {out / 'scans.csv'}, {', '.join(f'{out}/*/{file}' for file in files)}")
    return exit_codes.FAULT if faults else exit_codes.REFUSED if counts["refused"] else exit_codes.OK


def _usage(message: str) -> int:
    print(f"endplate: {message}", file=sys.stderr)
    return exit_codes.USAGE
