"""CT in, report out: the whole method in one file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from endplate import __version__
from endplate.anatomy import Vertebra
from endplate.detection.chain import upright
from endplate.detection.detect import detect
from endplate.errors import EndplateError
from endplate.geometry.curves import Curve
from endplate.labelling.name import Labelling, name_levels, with_coordinate
from endplate.labelling.read_levels import read_levels
from endplate.localisation.localise import Centreline, NoSpine, localise
from endplate.localisation.refit import refit
from endplate.models import Models, load
from endplate.morphometry.measure import measure
from endplate.morphometry.norms import DEFAULT, Norms, chosen, shipped
from endplate.report.build import Context, build_report, empty_report, source_of
from endplate.report.report import Message, Model, Report, Software
from endplate.report.table import write_atomically
from endplate.straightening import StraightSpine, straighten
from endplate.volume import Volume
from endplate.volume.axes import along_patient
from endplate.volume.choice import Choice
from endplate.volume.read import read
from endplate.volume.volume import Source

Floats = NDArray[np.floating]
PASSES = 2
"""The second pass straightens along the bodies that the first has found, which also centres them sideways."""


@dataclass(frozen=True)
class Settings:
    """What the user decides.

    Attributes:
        top_level: name of the uppermost complete vertebra, given by a reader.
        norms: expected ratios and heights; the shipped table if left out.
    """

    top_level: str | None = None
    norms: Norms = field(default_factory=shipped)


@dataclass(frozen=True)
class Result:
    """What came out of one scan.

    Attributes:
        report: everything that is said.
        spine: the straightened image, for pictures; None where there is none.
    """

    report: Report
    spine: StraightSpine | None


def quantify(
    path: Path | str,
    *,
    models: Path | None = None,
    threads: int = 0,
    top_level: str | None = None,
    norms: str = DEFAULT,
    series: str | None = None,
) -> Report:
    """The report of exactly one scan.

    Args:
        path: a DICOM folder, a DICOMDIR, a zip, or a NIfTI, NRRD or MHA file.
        models: a folder of weights; the shipped ones if left out.
        threads: of the networks; 0 takes all cores.
        top_level: name of the uppermost complete vertebra, where the reader knows better.
        norms: a shipped table's name, or the path of your own (``endplate.morphometry.norms``).
        series: Series Instance UID; the best series of the study if left out (``endplate.volume.choice``).

    Raises:
        InputRefused: if the input cannot be measured, or holds scans of several studies.
        ModelUnusable: if the weights are missing or damaged.
    """
    table, began = chosen(norms), perf_counter()
    volume = read(Path(path), Choice(series=series))
    seconds = perf_counter() - began
    report = quantify_volume(volume, load(models, threads), Settings(top_level, table)).report
    timing = {"read": round(seconds, 3), **report.timing_s, "total": round(perf_counter() - began, 3)}
    return replace(report, timing_s=timing)


def quantify_volume(volume: Volume, models: Models, settings: Settings | None = None) -> Result:
    """The method: localise, straighten, detect, name, measure."""
    rules, clock = settings or Settings(), _Clock()
    context = Context(software(models, rules.norms), source_of(volume.source, volume), _messages(volume.source))
    volume = along_patient(volume)
    with clock.stage("localise"):
        found = localise(volume, models.localiser, models.localisation)
    if isinstance(found, NoSpine):
        return _without_spine(context, found.reason, clock)
    spine, vertebrae = _find_bodies(volume, found, models, clock)
    if not vertebrae:
        length = float(np.ptp(found.points_mm[:, 2]))
        return _without_spine(context, f"along the likeliest course of {length:.0f} mm lies no vertebral body", clock)
    with clock.stage("label"):
        labelling = _name(volume, (found, spine.curve), vertebrae, models, rules.top_level)
    with clock.stage("measure"):
        findings = measure(labelling.vertebrae, norms=rules.norms)
    curve = refit(found, vertebrae)
    course = curve.at(np.arange(0.0, curve.length_mm + 1e-6, 2.0))
    context = replace(context, timing_s=clock.seconds)
    return Result(build_report(findings, labelling, course, context, rules.top_level is not None), spine)


def _without_spine(context: Context, reason: str, clock: _Clock) -> Result:
    said = (*context.messages, Message("no_spine", "info", f"no spine was found: {reason}"))
    return Result(empty_report(replace(context, messages=said, timing_s=clock.seconds), "no_spine"), None)


def _find_bodies(volume: Volume, found: Centreline, models: Models, clock: _Clock) -> tuple[StraightSpine, list[Vertebra]]:
    curve = found.curve
    second_look = (models.refiner, models.patch) if models.refiner else None
    for turn in range(PASSES):
        with clock.stage("straighten"):
            spine = straighten(volume, curve, models.straight)
        with clock.stage("detect"):
            found_here = detect(spine, models.detector, models.detection, second_look if turn + 1 == PASSES else None)
            bodies = upright([d.vertebra for d in found_here])
        curve = refit(found, bodies)
    return spine, bodies


def _name(
    volume: Volume, course: tuple[Centreline, Curve], vertebrae: Sequence[Vertebra], models: Models, top_level: str | None
) -> Labelling:
    found, curve = course
    read_off = read_levels(volume, curve, vertebrae, models.level_reader, (models.wide, models.labelling))
    coordinate = found.level_at(np.array([v.centre_mm[2] for v in vertebrae]))
    return name_levels(vertebrae, with_coordinate(read_off, coordinate), top_level)


def software(models: Models, norms: Norms) -> Software:
    """The software's and the weights' identity, for reports."""
    return Software(__version__, {k: Model(i.name, i.sha256) for k, i in models.identities.items()}, norms.name)


def refused(name: str, path: Path, error: EndplateError) -> Result:
    """The result of a scan that could not be measured."""
    source = source_of(Source("unread", str(path), name))
    context = Context(Software(__version__, {}, shipped().name), source, (Message(error.code, "error", error.message),))
    return Result(empty_report(context, "refused"), None)


def _messages(source: Source) -> tuple[Message, ...]:
    return tuple(Message("reader", "info", text) for text in source.messages)


def write_result(result: Result, folder: Path) -> None:
    """Write ``report.json`` and ``overview.png``; the report comes last, so that its presence means that all is there."""
    from endplate.report.figure import overview_png

    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "overview.png", overview_png(result.report, result.spine))
    write_atomically(folder / "report.json", result.report.to_json().encode())


@dataclass(frozen=True)
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + perf_counter() - began, 3)
