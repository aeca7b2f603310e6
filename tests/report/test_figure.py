from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor

from endplate.anatomy import Vertebra
from endplate.report import figure, figure_spine, letters
from endplate.report.build import empty_report
from endplate.report.report import Message, Report, Status
from endplate.straightening import StraightSpine

from .conftest import CONTEXT, chest, report_of, spine_of

Drawn = Callable[[], tuple[list[Vertebra], Report, StraightSpine]]


def pixels_of(image: Image.Image, colour: str) -> int:
    return int((np.asarray(image) == ImageColor.getrgb(colour)).all(-1).sum())


def test_the_picture_shows_the_grade_in_its_colour_and_opens_again(drawn: Drawn) -> None:
    _, report, spine = drawn()
    image = Image.open(io.BytesIO(figure.overview_png(report, spine)))
    assert image.mode == "RGB"
    assert 900 <= image.height <= 2400
    assert pixels_of(image, figure.GRADE_COLOURS[3]) > 500
    assert pixels_of(image, figure.GRADE_COLOURS[2]) == 0


def test_a_normal_spine_shows_no_fracture_colour() -> None:
    bodies = chest()
    image = figure.overview(report_of(bodies), spine_of(bodies))
    assert pixels_of(image, figure.GRADE_COLOURS[0]) > 500
    assert pixels_of(image, figure.GRADE_COLOURS[2]) == pixels_of(image, figure.GRADE_COLOURS[3]) == 0


def test_points_lie_where_the_image_says(drawn: Drawn) -> None:
    """The worst body's six points: the drawing at their pixels has the colour of its grade."""
    bodies, report, spine = drawn()
    image = np.asarray(figure.overview(report, spine)).astype(int)
    page = figure._page_of(report, spine)
    at = (spine.pixel_from_patient(bodies[4].points_mm).reshape(-1, 2) + 0.5) * page.scale
    colour = np.array(ImageColor.getrgb(figure.GRADE_COLOURS[3]))
    for row, column in at:
        around = image[page.top + round(row) - 1 :, page.left[1] + round(column) - 1 :][:3, :3]
        assert np.abs(around - colour).sum(-1).min() == 0


@pytest.mark.parametrize("length", [1, 2, 9])
def test_short_and_long_spines_fit(length: int) -> None:
    bodies = chest()[:length]
    spine = spine_of(bodies if length > 1 else [bodies[0], replace(bodies[0], points_mm=bodies[0].points_mm - (0.0, 0.0, 25.0))])
    image = figure.overview(report_of(bodies), spine)
    assert image.height < 2400
    assert image.width >= figure.LEAST_WIDTH


def test_a_very_long_spine_is_not_cut() -> None:
    spine = StraightSpine(np.zeros((1, 900, 120), np.float32), spine_of(chest()).curve, (-30.0, -50.0), 0.8, (0.0,))
    image = figure.overview(report_of(chest()), spine)
    assert image.height > 900 * 2


@pytest.mark.parametrize("status", ["no_spine", "refused"])
def test_without_a_spine_the_page_says_why_and_nothing_is_cut(status: str) -> None:
    text = "no spine was found: the longest stretch with a spine is 12 mm, expected 40 mm or more " * 4
    message = Message("no_spine" if status == "no_spine" else "missing_slices", "info" if status == "no_spine" else "error", text)
    report = empty_report(replace(CONTEXT, messages=(message,)), status)  # type: ignore[arg-type]
    image = np.asarray(figure.overview(report, None))
    background = np.array(ImageColor.getrgb(figure.BACKGROUND))
    assert (image[:, -figure.MARGIN // 2 :] == background).all(), "a line runs over the edge"
    assert (image[figure.MARGIN + figure.LINE_HEIGHT :] != background).any()


@pytest.mark.parametrize("reason_count", [0, 9])
def test_a_long_statement_stays_on_the_page(reason_count: int) -> None:
    names = ("T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12")[:reason_count]
    bodies = chest({"T8": (0.6, 0.8, 1.0)}, cut=names)
    image = np.asarray(figure.overview(report_of(bodies, 0.4, "T5"), spine_of(bodies)))
    assert (image[:, -figure.MARGIN // 2 :] == np.array(ImageColor.getrgb(figure.BACKGROUND))).all()


def test_uncertain_names_carry_a_question_mark() -> None:
    """The question mark is drawn: the same spine with sure names gives another picture."""
    pictures = [np.asarray(figure.overview(report_of(b), spine_of(b))) for b in (chest(sure=0.97), chest(sure=0.79))]
    assert pictures[0].shape != pictures[1].shape or (pictures[0] != pictures[1]).any()


WORDS = st.lists(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=120), max_size=12)


@settings(deadline=None, max_examples=60)
@given(WORDS, st.integers(60, 700), st.sampled_from([figure.NOTE_SIZE, figure.STATEMENT_SIZE]))
def test_wrapping_keeps_every_character_and_the_width(words: list[str], width_px: int, size: int) -> None:
    lines = letters.wrap(" ".join(words), width_px, size)
    assert "".join("".join(lines).split()) == "".join(words)
    assert all(letters.length(line, size) <= width_px for line in lines)


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), max_size=300), st.integers(60, 700))
def test_a_shortened_name_fits_and_keeps_both_ends(name: str, width_px: int) -> None:
    short = letters.shortened(name, width_px, 20)
    assert letters.length(short, 20) <= width_px
    if short != name:
        begin, end = short.split("...")[0], short.rsplit("...", 1)[-1]
        assert name.startswith(begin)
        assert name.endswith(end)


def ink(image: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Pixels of a box (left, top, right, bottom) that are not background."""
    return int((np.asarray(image.crop(box)) != np.array(ImageColor.getrgb(figure.BACKGROUND))).any(-1).sum())


@pytest.mark.parametrize("rows", [220, 340, 900])
def test_grades_are_drawn_whole_beside_the_picture(rows: int) -> None:
    """On a long spine the picture is narrow; its labels are neither cut nor on the bodies."""
    bodies = chest({"T8": (0.6, 0.8, 1.0)})
    spine = spine_of(bodies)
    spine = replace(spine, image_hu=np.full((1, rows, 96), 40, np.float32))
    report = report_of(bodies)
    image, page = figure.overview(report, spine), figure._page_of(report, spine)
    right = page.left[1] + round(96 * page.scale)
    row = page.top + float((spine.pixel_from_patient(bodies[4].points_mm)[..., 0].mean() + 0.5) * page.scale)
    beside = image.crop((right, round(row) - 14, page.table, round(row) + 14))
    label = (np.asarray(beside).astype(int) - ImageColor.getrgb(figure.BACKGROUND)).any(-1)
    columns = np.flatnonzero(label.any(0))
    assert np.ptp(columns) >= letters.length("grade 3", 20) - 4
    assert columns.max() < beside.width - figure.GAP / 2


def test_nothing_is_written_on_the_bare_picture() -> None:
    bodies = chest({"T8": (0.6, 0.8, 1.0)})
    spine = spine_of(bodies)
    report = report_of(bodies)
    image, page = figure.overview(report, spine), figure._page_of(report, spine)
    grey = figure_spine.grey(spine, page.scale)
    x, y = page.left[0], page.top
    assert (np.asarray(image.crop((x, y, x + grey.width, y + grey.height))) == np.asarray(grey)).all()


@pytest.mark.parametrize("status", ["ok", "no_spine", "refused"])
def test_long_names_paths_and_messages_stay_on_the_page(status: Status) -> None:
    path = "/archive/" + "1.2.840.113619.2.55.3.604688119.971." * 12
    said = tuple(
        Message("no_spine" if status == "no_spine" else "reader", severity, f"{path} was skipped: {'gap ' * 90}")  # type: ignore[arg-type]
        for severity in ("warning", "error")
    )
    bodies = chest()
    source = replace(CONTEXT.source, name="W" * 200)
    software = replace(CONTEXT.software, norms="my-norms-" * 40)
    if status == "ok":
        image = figure.overview(replace(report_of(bodies), messages=said, source=source, software=software), spine_of(bodies))
    else:
        image = figure.overview(empty_report(replace(CONTEXT, messages=said, source=source, software=software), status), None)
    width, height = image.size
    assert ink(image, (width - figure.MARGIN + 2, 0, width, height)) == 0, "a line runs over the right edge"
    assert ink(image, (0, height - 6, width, height)) == 0, "a line runs over the lower edge"
    assert 300 < height < 2400


def test_every_reason_fits_into_its_cell() -> None:
    reasons = [
        "cut by the field of view",
        "superior and inferior points cross",
        "heights of 18 to 80 mm are implausible",
        "the points' deviations are not finite",
        "a depth of 80 mm is implausible",
        "C2 lies outside the norms",
    ]
    room = figure.TABLE_WIDTH - dict(figure.COLUMNS)["loss %"]
    for reason in reasons:
        said = f"not assessed: {reason}"
        assert letters.length(said, figure._size_for(said, room)) <= room


@pytest.mark.parametrize(
    ("status", "begins"), [("no_spine", "No spine was found: 12 mm"), ("refused", "Refused: no spine was found")]
)
def test_a_page_without_a_spine_says_it_once(status: Status, begins: str) -> None:
    message = Message("no_spine", "error", "no spine was found: 12 mm")
    assert figure._statement(empty_report(replace(CONTEXT, messages=(message,)), status)).startswith(begins)


@pytest.mark.parametrize("status", ["no_spine", "refused"])
def test_an_absurd_message_says_where_the_rest_is(status: Status) -> None:
    message = Message("no_spine", "error", "x" * 20_000)
    report = empty_report(replace(CONTEXT, messages=(message,)), status)
    assert figure._statement(report).endswith(figure.MORE)
    assert figure.overview(report, None).height < 1200
