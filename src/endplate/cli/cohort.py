"""``endplate cohort``: a whole cohort, in many processes, resumable after a kill at any moment."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from endplate.cli import exit_codes
from endplate.cli.cluster import Place
from endplate.cli.further import Further
from endplate.cli.quantify import check_writable

if TYPE_CHECKING:
    from endplate.cohort import Job, Orders
    from endplate.cohort.status import State, Status

DEFAULT_NORMS = "ct-keypoints-1"
_WIDTH = 100
"""Characters of an example of a reason."""


def cohort(
    *inputs: str,
    out: Path,
    place: Place | None = None,
    retry_failed: bool = False,
    status: bool = False,
    models: Path | None = None,
    norms: str = DEFAULT_NORMS,
    all_series: bool = False,
    overwrite: bool = False,
    further: Further | None = None,
    no_parquet: bool = False,
) -> int:
    """Measure the CTs of a whole cohort, many at a time, whatever happens.

    Args:
        inputs: folders, files, quoted patterns such as 'scans/*/ct.nii.gz', DICOMweb URLs of series, or a manifest of
            these, .csv or .parquet.
        out: folder for the results.
        place: where the workers are.
        retry_failed: measure again what was refused, failed, or lost its worker in an earlier run.
        status: only say how far the cohort is.
        models: folder with other weights; the shipped ones if left out.
        norms: what is expected at each level: ct-keypoints-1, chest-ct-experts-1, or a CSV file of your own.
        all_series: measure every CT series; the best of each study if left out.
        overwrite: do again what is done already.
        further: files that each scan gets as well.
        no_parquet: write tables as CSV alone; Parquet needs pyarrow, of the extra endplate[cohort].
    """
    from endplate.cohort import stream
    from endplate.cohort.inputs import expanded
    from endplate.cohort.leftovers import clean
    from endplate.report.parquet import check_installed
    from endplate.volume.choice import Choice

    cores = len(os.sched_getaffinity(0))
    try:
        _expect(bool(inputs), "give at least one INPUT: a folder, a quoted pattern, or a manifest")
        where = place or Place()
        _expect(where.mistake is None, str(where.mistake))
        paths = expanded(inputs)
        threads = max(1, cores // (where.workers or cores)) if where.is_here else 1
        orders = _orders((out.resolve(), (further or Further()).names), models, norms, (threads, overwrite, retry_failed))
    except ValueError as error:
        print(f"endplate: {error}", file=sys.stderr)
        return exit_codes.USAGE
    if not status:
        if not no_parquet:
            check_installed()
        check_writable(out)
        clean(out.resolve())
    print(f"looking for scans under {len(paths)} {'path' if len(paths) == 1 else 'paths'}", file=sys.stderr)
    jobs = stream(paths, out.resolve(), Choice(all_series))
    return _tell(jobs, orders) if status else _measure(jobs, orders, where, not no_parquet)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _orders(to: tuple[Path, tuple[str, ...]], models: Path | None, norms: str, how: tuple[int, bool, bool]) -> Orders:
    from endplate import __version__, pipeline
    from endplate.cohort import Destination, Maker, Orders, Recipe
    from endplate.models import load
    from endplate.morphometry.norms import chosen

    (out, further), (threads, overwrite, retry_failed) = to, how
    table = chosen(norms)
    weights = {stage: identity.sha256 for stage, identity in load(models).identities.items()}
    maker = Maker(__version__, weights, norms=f"{table.name} {table.fingerprint}")
    recipe = Recipe(models.resolve() if models else None, threads, pipeline.Settings(norms=table))
    return Orders(Destination(out, maker, overwrite, further), recipe, retry_failed)


def _measure(jobs: Iterable[Job], orders: Orders, where: Place, parquet: bool) -> int:
    from endplate.cli.progress import told
    from endplate.cohort import measured, write_tables
    from endplate.cohort.leftovers import clean

    out = orders.destination.out
    found: list[Status] = []
    began = perf_counter()
    try:
        with where.pool(orders.recipe.threads, len(os.sched_getaffinity(0))) as pool:
            found.extend(told(measured(jobs, orders, pool), None, line))
    except KeyboardInterrupt:
        clean(out)
        write_tables(out, parquet, page=True)
        print("endplate: interrupted; finished scans are kept, the same command goes on from there", file=sys.stderr)
        return exit_codes.INTERRUPTED
    seconds = perf_counter() - began
    clean(out)  # also what was being killed when this run began
    write_tables(out, parquet, page=True)
    print(*summary(found, seconds, where.words), sep="\n")
    tables = [out / f"{table}.{kind}" for kind in ("csv", "parquet") if kind == "csv" or parquet for table in ("findings", "scans")]
    print(*[*tables, out / "quality.html", f"{out}/*/overview.png"], sep=", ")
    return exit_code(found)


def _tell(jobs: Iterable[Job], orders: Orders) -> int:
    """How far the cohort is, without doing anything."""
    from endplate.cohort.status import statuses

    found = list(statuses(jobs, orders.destination))
    running = [f"  running: {s.name}, attempt {s.attempts}" for s in found if s.state == "running"]
    print(*_counts(found), *_reasons(found), *running, sep="\n")
    return exit_codes.OK


def line(found: Status) -> str:
    """One line on one scan."""
    how = "done before" if found.earlier else f"{found.seconds:.1f} s"
    good = found.state in ("measured", "no_spine")
    what = ". ".join(found.said.split(". ")[:2]).rstrip(".") if good else f"{found.state}, {found.said}"
    return f"{found.name}: {what} ({how})"


def summary(found: list[Status], seconds: float, workers: str) -> list[str]:
    """The lines at the end.

    Args:
        found: what became of every scan.
        seconds: that the run took.
        workers: which did it, in words.
    """
    new = sum(not s.earlier for s in found)
    rate = f": {new / seconds * 3600:.0f} scans per hour with {workers}" if new else ""
    return [*_counts(found), *_reasons(found), f"{new} in this run, {seconds:.0f} s{rate}; {len(found) - new} done before"]


def _counts(found: list[Status]) -> list[str]:
    counts = Counter(s.state for s in found)
    words: dict[State, str] = {
        "measured": "measured",
        "no_spine": "without a spine",
        "refused": "refused",
        "fault": "failed",
        "lost": "lost with their worker",
        "running": "running",
        "waiting": "waiting",
    }
    always = ("measured", "no_spine", "refused")
    said = ", ".join(f"{counts[state]} {text}" for state, text in words.items() if counts[state] or state in always)
    return [f"{'1 scan' if len(found) == 1 else f'{len(found)} scans'}: {said}"]


def _reasons(found: Iterable[Status]) -> list[str]:
    """A line per reason, the commonest first, with an example."""
    failed = [s for s in found if s.code]
    counts = Counter(s.code for s in failed)
    examples = {s.code: s for s in reversed(failed)}
    return [f"  {count} {code}, such as {_short(examples[code])}" for code, count in counts.most_common()]


def _short(found: Status) -> str:
    text = f"{found.name}: {' '.join(found.said.split())}"
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 4]} ..."


def exit_code(found: Iterable[Status]) -> int:
    """What the command says at the end."""
    states = {s.state for s in found}
    return exit_codes.FAULT if states & {"fault", "lost"} else exit_codes.REFUSED if "refused" in states else exit_codes.OK
