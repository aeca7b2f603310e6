"""Further renderings of many scans: made with the scan, added later from what is there, remembered, never out of date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from endplate import __version__, pipeline
from endplate.cohort import Destination, Maker, Outcome, ledger, run, worklist
from endplate.models import Models
from endplate.renderings import FAILED, FILES

PAGES = ("html", "pdf", "fhir", "slicer")
ALWAYS = {"overview.png", "report.json", "run.json"}


def quantified(
    paths: list[Path], out: Path, networks: Models, further: tuple[str, ...] = (), weights: str = "", overwrite: bool = False
) -> dict[str, Outcome]:
    out.mkdir(exist_ok=True)
    destination = Destination(out, Maker(__version__, {"detector": weights}), overwrite, further)
    return {o.job.name: o for o in run(worklist(paths, out), destination, networks, pipeline.Settings())}


def files(*further: str) -> set[str]:
    return ALWAYS | {file for name, files in FILES.items() if name in further for file in files}


def held(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def times(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}


def test_they_lie_beside_the_report_of_every_scan_also_of_a_refused_one(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    done = quantified([scans], out, networks, PAGES)
    assert held(out / "ct-anna") == held(out / "broken") == files(*PAGES)
    assert "T12 wedge" in (out / "ct-anna" / "report.html").read_text(encoding="utf-8")
    assert "Refused, nothing was measured" in (out / "broken" / "report.html").read_text(encoding="utf-8")
    assert (out / "ct-anna" / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads((out / "broken" / "fhir.json").read_text())["entry"][0]["resource"]["status"] == "cancelled"
    assert not any(o.unmade or o.is_fault for o in done.values())
    written = times(out / "ct-anna")
    assert max(written, key=lambda name: (written[name], name == "run.json")) == "run.json"
    assert written["report.json"] >= max(t for name, t in written.items() if name != "run.json")


def test_more_are_added_later_without_reading_the_scan_again(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks, ("html",))
    before = times(out / "ct-anna")
    again = quantified([scans], out, networks, ("pdf", "slicer"))
    assert all(o.earlier for o in again.values())
    assert held(out / "ct-anna") == files("html", "pdf", "slicer")
    after = times(out / "ct-anna")
    assert {name for name in before if after[name] != before[name]} == {"report.json", "run.json"}
    assert all(o.earlier for o in quantified([scans], out, networks, ("html", "pdf", "slicer")).values())
    assert times(out / "ct-anna") == after
    assert all(o.earlier for o in quantified([scans], out, networks).values())
    assert times(out / "ct-anna") == after, "fewer renderings asked for is nothing to do"


def test_later_is_the_same_as_at_once(scans: Path, tmp_path: Path, networks: Models) -> None:
    at_once, later = tmp_path / "once", tmp_path / "later"
    quantified([scans], at_once, networks, PAGES)
    quantified([scans], later, networks)
    report = (at_once / "ct-anna" / "report.json").read_text()
    (later / "ct-anna" / "report.json").write_text(report)  # another run took other seconds
    quantified([scans], later, networks, PAGES)
    for name in files(*PAGES) - {"run.json"}:
        assert (at_once / "ct-anna" / name).read_bytes() == (later / "ct-anna" / name).read_bytes(), name
    notes = [json.loads((folder / "ct-anna" / "run.json").read_text())["renderings"] for folder in (at_once, later)]
    assert notes[0] == notes[1] == {name: list(FILES[name]) for name in PAGES}  # type: ignore[index]


def test_one_that_is_gone_is_made_again(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks, ("html", "fhir"))
    (out / "ct-anna" / "report.html").unlink()
    quantified([scans], out, networks, ("html", "fhir"))
    assert held(out / "ct-anna") == files("html", "fhir")


def test_no_page_of_an_earlier_result_stays_beside_a_new_report(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks, ("html", "pdf"))
    (out / "ct-anna" / "notes.txt").write_text("seen by A.")
    quantified([scans], out, networks, ("pdf",), weights="other")
    assert held(out / "ct-anna") == files("pdf") | {"notes.txt"}


def test_a_result_of_an_older_version_of_the_note_gets_them(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks)
    note = json.loads((out / "ct-anna" / "run.json").read_text())
    del note["renderings"]
    (out / "ct-anna" / "run.json").write_text(json.dumps(note))
    assert quantified([scans], out, networks, ("html",))["ct-anna"].earlier
    assert held(out / "ct-anna") == files("html")


@pytest.mark.parametrize("damage", ['{"renderings": 5}', '{"renderings": {"html": ["../../etc/passwd"], "pdf": 3}}', "[]", ""])
def test_a_damaged_note_is_no_promise(tmp_path: Path, damage: str) -> None:
    (tmp_path / "run.json").write_text(damage)
    assert ledger.missing(tmp_path, ("html", "pdf")) == {"html", "pdf"}


def test_a_page_that_fails_costs_no_measurement_and_is_tried_again(scans: Path, tmp_path: Path, networks: Models) -> None:
    out = tmp_path / "out"
    quantified([scans], out, networks)
    picture = (out / "ct-anna" / "overview.png").read_bytes()
    (out / "ct-anna" / "overview.png").write_bytes(b"no picture")
    done = quantified([scans], out, networks, ("html", "fhir"))["ct-anna"]
    assert done.is_fault
    assert [m.code for m in done.unmade] == [FAILED]
    assert held(out / "ct-anna") == files("fhir") | {"traceback.txt"}
    assert done.report.summary is not None
    assert "report.html could not be made" in done.report.messages[-1].text
    (out / "ct-anna" / "overview.png").write_bytes(picture)
    again = quantified([scans], out, networks, ("html", "fhir"))["ct-anna"]
    assert not again.is_fault
    assert held(out / "ct-anna") >= files("html", "fhir")
    assert FAILED not in (out / "ct-anna" / "report.json").read_text()
    assert FAILED not in (out / "ct-anna" / "fhir.json").read_text()
