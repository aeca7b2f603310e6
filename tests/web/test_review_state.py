"""The review page's state, which needs no browser: node runs ``review_state.test.mjs`` on vectors from here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import endplate
from endplate.anatomy import Vertebra
from endplate.morphometry.norms import shipped
from endplate.report.report import Report
from endplate.review.document import Review, model_doubt, opened
from endplate.review.rows import rows
from endplate.review.rules import rules
from endplate.review.shift import shifted
from report.conftest import report_of, spine_of
from strategies import normal_column

WEB = Path(endplate.__file__).parent / "web"
FORBIDDEN = ("innerHTML", "outerHTML", "insertAdjacentHTML", "localStorage", "eval(")
NAMES = ("T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4")


def bodies() -> list[Vertebra]:
    points = normal_column(NAMES)
    return [Vertebra(p, np.full((3, 2), 0.5), name, 0.97) for name, p in zip(NAMES, points, strict=True)]


def doubts(report: Report) -> list[dict[str, Any]]:
    """Entries with a reason of their own, of the points, of the level and of the field of view."""
    usual = report.vertebrae[3]
    outside = replace(usual, level="C2", reason="C2 lies outside the norms")
    crossed = replace(usual.points_lps_mm, middle=usual.points_lps_mm.middle[::-1])
    crossing = report_of([Vertebra(np.array([crossed.anterior, crossed.middle, crossed.posterior]), np.full((3, 2), 0.5), "T12")])
    cases = [
        replace(usual, reason="two looks disagree by 28.9 mm"),
        replace(usual, reason="w" * 300),
        outside,
        replace(usual, complete=False, reason="cut by the field of view"),
        *crossing.vertebrae,
    ]
    plain = (json.loads(json.dumps(replace(report, vertebrae=(e,)).to_dict()["vertebrae"][0])) for e in cases)
    return [{"entry": entry, "doubt": model_doubt(e)} for entry, e in zip(plain, cases, strict=True)]


def shifts(review: Review) -> list[dict[str, Any]]:
    """Names moved as `endplate.review.shift` moves them; None where it refuses."""
    asked: list[list[str | None]] = [
        ["T9", "T10", None, "T12"],
        ["T11", "T12", "T13", "L1"],
        ["T11", "T12", "L1"],
        ["L4", "L5", "L6", "S1"],
        ["L5", "S1"],
        ["C1", "C2"],
        [None, None],
    ]
    return [{"levels": names, "by": by, "expected": _shifted(review, names, by)} for names in asked for by in (1, -1)]


def _shifted(review: Review, names: list[str | None], by: int) -> list[str | None] | None:
    named = zip(review.vertebrae, names, strict=False)
    try:
        return [v.level for v in shifted(replace(review, vertebrae=tuple(replace(v, level=n) for v, n in named)), by).vertebrae]
    except ValueError:
        return None


def test_edits_undo_versions_names_and_places(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    report = Report.from_json(report_of(bodies()).to_json())
    review, spine = opened(report), spine_of(bodies())
    vectors: dict[str, Any] = {
        "report": report.to_dict(),
        "review": review.to_dict(),
        "rules": rules(shipped()),
        "doubts": doubts(report),
        "shifts": shifts(review),
        "rows": rows(spine),
        "size": {"rows": spine.image_hu.shape[1], "columns": spine.image_hu.shape[2]},
    }
    assert [d["doubt"] is None for d in vectors["doubts"]] == [False, False, True, True, True]
    (tmp_path / "vectors.json").write_text(json.dumps(vectors, allow_nan=False))
    done = subprocess.run(
        [node, "--test", str(Path(__file__).with_name("review_state.test.mjs"))],
        env={**os.environ, "WEB": str(WEB), "VECTORS": str(tmp_path / "vectors.json")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_modules_are_checked_and_reach_for_nothing_outside() -> None:
    files = sorted((WEB / "review").glob("*.js"))
    assert len(files) >= 15
    for file in files:
        text = file.read_text()
        assert text.startswith("// @ts-check\n"), file.name
        assert len(text.splitlines()) < 300, file.name
        assert not any(word in text for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "localStorage", "eval(")), (
            file.name
        )
        sources = [line.split('"')[1] for line in text.splitlines() if line.startswith(("import ", "} from"))]
        assert all((file.parent / s).is_file() for s in sources), file.name
    page = (WEB / "review.html").read_text()
    assert not any(word in page for word in (" style=", "<style", " onclick", "http:", "https:"))


def test_the_page_names_all_its_modules_so_that_they_come_at_once() -> None:
    page = (WEB / "review.html").read_text()
    named = set(re.findall(r'<link rel="modulepreload" href="/static/(.+?)">', page))
    assert named == {str(path.relative_to(WEB)) for path in imported(WEB / "review" / "main.js")}


def imported(file: Path) -> set[Path]:
    """All modules that one needs."""
    sources = re.findall(r'^(?:import|\} from)\b.*?"(\..+?)"', file.read_text(), re.MULTILINE)
    found = {(file.parent / s).resolve() for s in sources}
    return found.union(*(imported(path) for path in found))
