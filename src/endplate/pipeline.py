"""CT in, report out: the whole method in one file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from endplate import __version__
from endplate.anatomy import Vertebra
from endplate.densitometry import attenuations
from endplate.detection.chain import aligned, upright
from endplate.detection.detect import detect
from endplate.errors import EndplateError
from endplate.labelling.geometry_evidence import with_geometry
from endplate.labelling.name import name_levels, with_coordinate
from endplate.labelling.read_levels import read_levels
from endplate.localisation.localise import Centreline, NoSpine, localise
from endplate.localisation.refit import refit
from endplate.models import Models, load
from endplate.morphometry.measure import measure
from endplate.morphometry.norms import DEFAULT, Norms, chosen, shipped
from endplate.renderings import Rendered, render
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


@dataclass(frozen=True)
class Clock:
    """Seconds by stage.

    Attributes:
        seconds: so far.
        begun: is told the name of each stage as it begins; what it raises ends the work.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    begun: Callable[[str], None] | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds what runs inside to the stage's seconds."""
        if self.begun is not None:
            self.begun(name)
        began = perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + perf_counter() - began, 3)


def quantify_volume(volume: Volume, models: Models, settings: Settings | None = None, clock: Clock | None = None) -> Result:
    """The method: localise, straighten, detect, name, measure, and read the attenuation of each body."""
    rules, clock = settings or Settings(), clock or Clock()
    context = Context(software(models, rules.norms), source_of(volume.source, volume), _messages(volume.source))
    found = find(volume, models, clock)
    if isinstance(found, NoSpine):
        said = (*context.messages, Message("no_spine", "info", f"no spine was found: {found.reason}"))
        return Result(empty_report(replace(context, messages=said, timing_s=clock.seconds), "no_spine"), None)
    labelling = name_levels(found.vertebrae, found.level_evidence, rules.top_level, models.labelling.temperature)
    with clock.stage("measure"):
        findings = measure(labelling.vertebrae, norms=rules.norms)
    with clock.stage("densitometry"):
        measured = attenuations(volume, labelling.vertebrae)
    # through what was named: bodies that were taken for none, in a hip or beyond the sacrum, must not bend it
    curve = refit(found.centreline, labelling.vertebrae)
    course = curve.at(np.arange(0.0, curve.length_mm + 1e-6, 2.0))
    context = replace(context, timing_s=clock.seconds, attenuations=measured)
    return Result(build_report(findings, labelling, course, context, rules.top_level is not None), found.spine)


@dataclass(frozen=True)
class Found:
    """The vertebrae of a scan, not named yet.

    Attributes:
        spine: the straightened image in which they were found.
        centreline: the column's course as the localiser sees it.
        vertebrae: head to feet, at least one.
        level_evidence: (n, 25) log-probabilities of C1 to S1 at each, by the network, the localiser and the bodies' shapes.
    """

    spine: StraightSpine
    centreline: Centreline
    vertebrae: list[Vertebra]
    level_evidence: Floats


def find(volume: Volume, models: Models, clock: Clock | None = None) -> Found | NoSpine:
    """Localise, straighten, detect, and read the levels."""
    watch, volume = clock or Clock(), along_patient(volume)
    with watch.stage("localise"):
        centreline = localise(volume, models.localiser, models.localisation)
    if isinstance(centreline, NoSpine):
        return centreline
    spine, vertebrae = _find_bodies(volume, centreline, models, watch)
    if not vertebrae:
        length = float(np.ptp(centreline.points_mm[:, 2]))
        return NoSpine(f"along the likeliest course of {length:.0f} mm lies no vertebral body")
    with watch.stage("label"):
        read_off = read_levels(volume, spine.curve, vertebrae, models.level_reader, (models.wide, models.labelling))
        coordinate = centreline.level_at(np.array([v.centre_mm[2] for v in vertebrae]))
        evidence = with_geometry(with_coordinate(read_off, coordinate), vertebrae, models.shapes)
    return Found(spine, centreline, vertebrae, evidence)


def _find_bodies(volume: Volume, found: Centreline, models: Models, clock: Clock) -> tuple[StraightSpine, list[Vertebra]]:
    curve = found.curve
    for turn in range(PASSES):
        last = turn + 1 == PASSES and models.refiner is not None
        with clock.stage("straighten"):
            spine = straighten(volume, curve, models.straight)
            beside = [straighten(volume, curve, models.straight.beside(mm)) for mm in models.patch.beside_mm if last]
        with clock.stage("detect"):
            second_look = (models.refiner, models.patch, beside) if last and models.refiner else None
            bodies = upright([d.vertebra for d in detect(spine, models.detector, models.detection, second_look)])
        curve = refit(found, bodies)
    return spine, aligned(bodies)


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


def write_result(result: Result, folder: Path, further: Collection[str] = (), earlier: Path | None = None) -> Rendered:
    """Write ``overview.png``, further renderings, and ``report.json``, which comes last: its presence means that all is there.

    Args:
        result: of `quantify_volume`.
        folder: where to; made if it is not there.
        further: renderings, of ``renderings.NAMES``: html, pdf, fhir, slicer, dicom.
        earlier: folder of an earlier result of the same scan, if any.

    Returns:
        What came of the further renderings; its report is the one that was written.

    Raises:
        ValueError: if a name is no rendering.
        OSError: if a file cannot be written.
    """
    from endplate.report.figure import overview_png

    folder.mkdir(parents=True, exist_ok=True)
    picture = overview_png(result.report, result.spine)
    write_atomically(folder / "overview.png", picture)
    rendered = render(result.report, picture, folder, further, earlier)
    write_atomically(folder / "report.json", rendered.report.to_json().encode())
    return rendered
