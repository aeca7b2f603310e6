"""Training is short here, but real: real losses, real checkpoints, real ONNX files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'endplate[training]'")

from endplate import models  # noqa: E402
from endplate.phantom import random_phantom  # noqa: E402
from endplate.straightening import StraightSpine  # noqa: E402
from endplate.training import (  # noqa: E402
    coarse_cases,
    detector_samples,
    export,
    localiser_samples,
    networks,
    run,
    straight_cases,
    train_detector,
    train_localiser,
)
from endplate.volume import Volume  # noqa: E402

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
QUICK = run.Settings(steps=6, batch=2, threads=2, save_every=3)


@pytest.fixture(scope="module")
def cases() -> tuple[straight_cases.StraightCase, coarse_cases.CoarseCase]:
    phantom = random_phantom(np.random.default_rng(11))
    return straight_cases.from_phantom("p", phantom), coarse_cases.from_phantom("p", phantom)


def test_cases_survive_the_disk(cases, tmp_path: Path) -> None:
    for case in cases:
        case.save(tmp_path / "case.npz")
        again = type(case).load(tmp_path / "case.npz")
        for key, value in case.__dict__.items():
            np.testing.assert_array_equal(getattr(again, key), value)


def test_samples_are_finite_and_deterministic(cases) -> None:
    for seed in range(12):
        first, second = (
            detector_samples.draw(np.random.default_rng(seed), cases[0], detector_samples.Settings()) for _ in range(2)
        )
        for a, b in zip(first, second, strict=True):
            assert np.isfinite(a).all()
            np.testing.assert_array_equal(a, b)
        view = localiser_samples.draw(np.random.default_rng(seed), cases[1], localiser_samples.Settings())
        assert view.hu.shape == localiser_samples.SHAPE
        assert set(np.unique(view.presence[np.isfinite(view.presence)])) <= {0.0, 1.0}
        assert (np.nan_to_num(view.row, nan=40.0) >= 0).all()


def test_detector_resumes_to_the_same_weights(cases, tmp_path: Path) -> None:
    settings = train_detector.Settings(QUICK)
    whole = train_detector.train([], [cases[0]], tmp_path / "whole", settings)
    half = tmp_path / "half"
    stopped = train_detector.Settings(run.Settings(**{**QUICK.__dict__, "save_every": 3}))
    with pytest.raises(KeyboardInterrupt):
        _train_and_stop(stopped, cases[0], half)
    resumed = train_detector.train([], [cases[0]], half, settings)
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def _train_and_stop(settings: train_detector.Settings, case: straight_cases.StraightCase, out: Path) -> None:
    """Train until just after the first checkpoint, then stop as Ctrl-C would."""
    original, calls = train_detector.losses, []

    def counted(*args):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return original(*args)

    train_detector.losses = counted
    try:
        train_detector.train([], [case], out, settings)
    finally:
        train_detector.losses = original


def test_detector_learns_one_case_and_exports(cases, tmp_path: Path) -> None:
    settings = train_detector.Settings(run.Settings(steps=100, batch=2, threads=2, average=0.9))
    network = train_detector.train([], [cases[0]], tmp_path / "run", settings)
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["objectness"] < 0.8 * log[0]["objectness"]
    export.save_detector(network, tmp_path / "m" / "detector", "test", "test\n")
    loaded = models._network(tmp_path / "m" / "detector", "detector", 1)
    image = np.random.default_rng(0).normal(100, 200, (5, 160, 96)).astype(np.float32)
    seen = loaded.run(image)
    with torch.no_grad():
        expected = train_detector.Exported(network.eval())(torch.from_numpy(image[None]))
    for name, value in zip(train_detector.OUTPUTS, expected, strict=True):
        np.testing.assert_allclose(seen[name], value.numpy(), atol=2e-3)


def test_localiser_trains_and_exports(cases, tmp_path: Path) -> None:
    network = train_localiser.train([], [cases[1]], tmp_path / "run", train_localiser.Settings(QUICK))
    export.save_localiser(network, tmp_path / "m" / "localiser", "test", "test\n")
    detector = train_detector.Detector()
    export.save_detector(detector, tmp_path / "m" / "detector", "test", "test\n")
    export.save_level_reader(networks.LevelReader(), tmp_path / "m" / "level_reader", "test", "test\n")
    loaded = models.load(tmp_path / "m", threads=1)
    small = Volume(np.random.default_rng(0).normal(0, 200, (31, 45, 67)).astype(np.float32), np.eye(4))
    maps = loaded.localiser(small)
    assert maps.heat.shape == (31, 23, 34)
    assert maps.presence.shape == maps.level.shape == (31,)
    assert isinstance(StraightSpine, type)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    network = torch.nn.Linear(1, 1)
    with pytest.raises(FloatingPointError, match="step 0"):
        run.train(network, lambda model, rng: {"bad": model(torch.ones(1)).sum() * float("nan")}, tmp_path, QUICK)
