"""The page grades as the server does: the same 1,000 random spines through Python and, in node, through web/rules/*.js."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from endplate.anatomy import Vertebra, levels
from endplate.morphometry.genant import FLAGS
from endplate.morphometry.measure import Finding, measure
from endplate.morphometry.norms import EXPERTS, Norms, shipped
from endplate.report.sentence import sentence
from endplate.review.rules import rules
from review.page_rules import run_page
from strategies import body_points

COUNT = 1000
KINDS = ("healthy", "fractured", "gaps", "unnamed", "crossing", "strange", "exact", "short")
DOUBTS = ("metal or cement in the body", "two looks disagree by 4.2 mm", 'metal <b>& "cement"</b>')


def spine(random: np.random.Generator, kind: str, norms: Norms) -> list[Vertebra]:
    """A random spine, tilted, of consecutive levels with the variants now and then."""
    names = list(levels.ALL if kind == "strange" or random.random() < 0.2 else levels.USUAL[2:24])
    first = int(random.integers(0, len(names) - 1))
    names = names[first : first + int(random.integers(1, 4 if kind == "short" else 18))]
    turn, size, top, bodies = tilt(random), random.normal(1.0, 0.08), 0.0, []
    for name in names:
        points = body_points(heights(random, name, size, kind, norms), top, random.normal(30, 3))
        top -= 28.0
        points = (points + random.normal(0, 0.4, points.shape)) @ turn.T
        bodies.append(body(random, name, odd(random, points, kind), kind))
    return [b for b in bodies if kind != "gaps" or random.random() < 0.5]


def heights(random: np.random.Generator, name: str, size: float, kind: str, norms: Norms) -> tuple[float, float, float]:
    norm = norms.of(name) or norms.unknown
    hp = size * (norm.hp_mm if math.isfinite(norm.hp_mm) else 20.0)
    keep = np.ones(3)
    if kind != "healthy" and random.random() < 0.35:
        keep -= random.uniform(0, 0.5) * np.array([(1, 0.6, 0.1), (0.2, 1, 0.1), (1, 1, 1)][int(random.integers(3))])
    a, m, p = keep * (hp * norm.ha_hp, hp * norm.hm_hp, hp)
    return a, m, p


def odd(random: np.random.Generator, points: np.ndarray, kind: str) -> np.ndarray:
    """Now and then crossing endplates, impossible heights or depths."""
    if kind == "crossing" and random.random() < 0.4:
        points[int(random.integers(3))] = points[int(random.integers(3)), ::-1]
    if kind == "strange" and random.random() < 0.4:
        points = points * random.choice([0.15, 0.25, 2.2])
    return points


def body(random: np.random.Generator, name: str, points: np.ndarray, kind: str) -> Vertebra:
    spread = np.zeros((3, 2)) if kind == "exact" else random.gamma(2.0, 0.3, (3, 2)) * (random.random((3, 2)) > 0.05)
    if kind == "strange" and random.random() < 0.1:
        spread[0, 0] = random.choice([np.nan, np.inf, -0.5])
    known = kind != "unnamed" or random.random() < 0.5
    sure = float(random.choice([0.3, 0.8, 0.99])) if random.random() < 0.2 else 1.0
    doubt = str(random.choice(DOUBTS)) if random.random() < 0.04 else None
    return Vertebra(points, spread, name if known else None, sure, 1.0, bool(random.random() > 0.03), doubt)


def tilt(random: np.random.Generator) -> np.ndarray:
    turn, _ = np.linalg.qr(np.eye(3) + random.normal(0, 0.15, (3, 3)))
    return turn * np.sign(np.diag(turn))


def page_body(v: Vertebra) -> dict[str, Any]:
    spread = [[float(x) if math.isfinite(x) else None for x in pair] for pair in v.points_sd_mm]
    return {
        "points": v.points_mm.tolist(),
        "sd": spread,
        "level": v.level,
        "levelConfidence": v.level_confidence,
        "complete": v.complete,
        "doubt": v.doubt,
    }


def close(page: Any, server: Any, what: str) -> None:
    got = np.array([np.nan if x is None else x for x in np.ravel(page)], float)
    np.testing.assert_allclose(got, np.ravel(np.asarray(server, float)), rtol=0, atol=1e-6, equal_nan=True, err_msg=what)


def same_finding(page: dict[str, Any], f: Finding, where: str) -> None:
    for key, value in (("grade", f.grade), ("shape", f.shape), ("reason", f.reason), ("weakNorm", f.weak_norm)):
        assert page[key] == value, f"{where}: {key}"
    assert page["flag"] == (None if f.grade is None else FLAGS[f.grade])
    numbers = {
        "heights": f.heights_mm,
        "ratios": f.ratios,
        "genantIndex": f.genant_index,
        "loss": f.loss,
        "interval": f.loss_interval_95,
        "gradeProbability": f.grade_probability,
        "z": f.z,
        "posteriorExpected": f.posterior_expected_mm,
    }
    assert set(page) == {*numbers, "grade", "shape", "reason", "weakNorm", "flag"}
    for key, value in numbers.items():
        close(page[key], value, f"{where}: {key}")


@pytest.mark.parametrize(("name", "count"), [(shipped().name, COUNT), (EXPERTS, COUNT // 5)])
def test_the_page_measures_random_spines_as_the_server_does(name: str, count: int, tmp_path: Path) -> None:
    norms, random = shipped(name), np.random.default_rng(20261125)
    scans = [spine(random, KINDS[i % len(KINDS)], norms) for i in range(count)]
    answer = run_page({"rules": rules(norms), "scans": [[page_body(v) for v in scan] for scan in scans]}, tmp_path)
    findings = [measure(scan, norms=norms) for scan in scans]
    for i, (page, found) in enumerate(zip(answer["measured"], findings, strict=True)):
        assert page["sentence"] == sentence(found), f"scan {i}"
        for j, (one, f) in enumerate(zip(page["findings"], found, strict=True)):
            same_finding(one, f, f"scan {i}, body {j}")
    seen = [f for found in findings for f in found]
    assert {f.grade for f in seen} == {0, 1, 2, 3, None}
    assert {f.shape for f in seen} == {"wedge", "biconcave", "crush", None}
    reasons = " ".join({str(f.reason) for f in seen})
    kinds = ("cut by", "metal", "outside the norms", "not finite", "heights of", "cross", "depth of")
    assert all(kind in reasons for kind in kinds)
    assert {"C2", "T13", "L6", "S1", None} <= {f.vertebra.level for f in seen}


def test_no_vertebra_and_a_tie_read_alike(tmp_path: Path) -> None:
    """A plain 2.5 or 4.5 mm: Python rounds a tie to the even neighbour, toFixed does not."""
    tall = [body_points((h, h, h)) for h in (2.5, 3.5, 45.5, 46.5, 0.5)]
    deep = [body_points((20.0, 20.0, 20.0), depth_mm=d) for d in (6.5, 7.5, 61.5, 62.5)]
    scans = [[], *([Vertebra(p, np.zeros((3, 2)), "T8", 1.0)] for p in (*tall, *deep))]
    answer = run_page({"rules": rules(shipped()), "scans": [[page_body(v) for v in scan] for scan in scans]}, tmp_path)
    assert [page["sentence"] for page in answer["measured"]] == [sentence(measure(scan)) for scan in scans]
