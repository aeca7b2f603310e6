"""Progress on standard error: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from endplate.cohort import Outcome
from endplate.report.report import Report

T = TypeVar("T")


def shown(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    """Passes outcomes on and tells of each."""
    return told(outcomes, total, line)


def told(items: Iterable[T], total: int | None, words: Callable[[T], str]) -> Iterator[T]:
    """Passes items on and tells of each, in the given words; ``total`` is None where nobody knows it yet."""
    if sys.stderr.isatty():
        yield from _with_bar(items, total, words)
        return
    for number, item in enumerate(items, 1):
        print(
            f"[{number}/{total}] {words(item)}" if total is not None else f"[{number}] {words(item)}", file=sys.stderr, flush=True
        )
        yield item


def _with_bar(items: Iterable[T], total: int | None, words: Callable[[T], str]) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("quantify", total=total)
        for item in items:
            progress.console.print(words(item), markup=False, highlight=False)
            progress.advance(task)
            yield item


def line(outcome: Outcome) -> str:
    """One line on one scan: what was found, or why not."""
    how = "done before" if outcome.earlier else f"{outcome.seconds:.1f} s"
    unmade = "".join(f"; {message.text}" for message in outcome.unmade)
    return f"{outcome.job.name}: {_words(outcome.report)} ({how}){unmade}"


def _words(report: Report) -> str:
    if report.status == "refused":
        return f"refused, {report.messages[0].text}"
    if report.summary is None:
        return f"no spine, {report.messages[-1].text}" if report.messages else "no spine"
    span = f" {report.vertebrae[0].level}-{report.vertebrae[-1].level}" if report.vertebrae else ""
    return f"{report.summary.vertebrae} vertebrae{span}. {report.summary.sentence}"
