"""What the page shows after a reader's edits is what the server's report then says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from endplate.morphometry.norms import shipped
from endplate.report.report import PointPairs, Report
from endplate.review.apply import reviewed
from endplate.review.document import Review, ReviewVertebra, opened
from endplate.review.naming import is_settled
from endplate.review.rules import rules
from report.conftest import chest, report_of
from review.page_rules import RULES, run_page

SHARES = ((0.7, 0.8, 1.0), (0.9, 0.7, 1.0), (0.6, 0.6, 0.7), (0.78, 0.9, 1.0))


def random_report(random: np.random.Generator) -> Report:
    fractures = {f"T{i}": SHARES[random.integers(4)] for i in range(4, 13) if random.random() < 0.15}
    bodies = chest(fractures, cut=("T12",) if random.random() < 0.2 else (), sure=float(random.choice([0.5, 0.97])))
    bodies = [replace(b, points_mm=b.points_mm + random.normal(0, 0.5, (3, 2, 3))) for b in bodies]
    return report_of([replace(b, points_sd_mm=random.uniform(0.2, 1.2, (3, 2))) for b in bodies])


def random_edits(random: np.random.Generator, review: Review) -> Review:
    """Points moved, a few by nothing that counts; bodies deleted, added anew, renamed, set aside."""
    kept = [v for v in review.vertebrae if random.random() > 0.08]
    return replace(review, vertebrae=tuple(random_edit(random, v) for v in kept))


def random_names(random: np.random.Generator, review: Review) -> Review:
    """Names confirmed, most, all or few of them, a few given or taken away, and nothing else."""
    share = random.choice([0.5, 0.9, 1.0])
    return replace(review, vertebrae=tuple(random_name(random, v, share) for v in review.vertebrae))


def random_name(random: np.random.Generator, v: ReviewVertebra, share: float) -> ReviewVertebra:
    if random.random() < 0.03:
        return replace(v, level=[None, "C2"][random.integers(2)])
    return replace(v, level_confirmed=bool(random.random() < share))


def random_edit(random: np.random.Generator, v: ReviewVertebra) -> ReviewVertebra:
    choice = random.integers(8)
    if choice == 0:
        return replace(v, model_index=None, id=f"r{v.id}")
    if choice == 1:
        return replace(v, level=[None, "L6", "C2"][random.integers(3)])
    if choice == 2:
        return replace(v, not_assessable="metal & cement")
    if choice == 3:
        return replace(v, level_confirmed=True)
    if choice > 5:
        points = v.points_mm
        points[random.integers(3), random.integers(2)] += random.normal(0, random.choice([0.001, 3.0]), 3)
        pairs = [tuple(tuple(float(x) for x in p) for p in pair) for pair in points]
        return replace(v, points_lps_mm=PointPairs(*pairs))  # type: ignore[arg-type]
    return v


def test_the_page_and_the_server_read_a_review_alike(tmp_path: Path) -> None:
    random, norms = np.random.default_rng(25), shipped()
    reports = [random_report(random) for _ in range(200)]
    reviews = [(random_edits if i < 120 else random_names)(random, opened(r)) for i, r in enumerate(reports)]
    asked = [
        {"model": r.to_dict()["vertebrae"], "vertebrae": v.to_dict()["vertebrae"]} for r, v in zip(reports, reviews, strict=True)
    ]
    answer = run_page({"rules": rules(norms), "reviews": asked}, tmp_path)["reviewed"]
    for report, review, page in zip(reports, reviews, answer, strict=True):
        after = reviewed(report, review, norms)
        assert after.summary is not None
        assert page["sentence"] == after.summary.sentence
        assert page["sure"] == [e.level_confidence for e in after.vertebrae]
        assert page["settled"] == is_settled(report, review)
        for got, entry in zip(page["findings"], after.vertebrae, strict=True):
            assert (got["grade"], got["shape"], got["reason"], got["flag"]) == (entry.grade, entry.shape, entry.reason, entry.flag)
            # the report rounds to four decimals
            if entry.loss is not None and entry.loss_interval_95 is not None:
                assert [got["loss"], *got["interval"]] == pytest.approx([entry.loss, *entry.loss_interval_95], abs=5.1e-5)

    assert {is_settled(*pair) for pair in zip(reports, reviews, strict=True)} == {True, False}


def test_the_pages_rules_are_checked_and_fetch_nothing_from_elsewhere() -> None:
    files = sorted(RULES.glob("*.js"))
    assert len(files) >= 10
    for file in files:
        text = file.read_text()
        assert text.startswith("// @ts-check\n"), file.name
        assert "http" not in text, file.name
        sources = [line.split('"')[1] for line in text.splitlines() if line.startswith(("import ", "} from"))]
        assert all((RULES / s).is_file() for s in sources), file.name
