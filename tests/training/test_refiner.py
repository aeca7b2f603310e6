"""The refiner's decoding, its training and its ONNX file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'endplate[training]'")

from endplate import models  # noqa: E402
from endplate.phantom import random_phantom  # noqa: E402
from endplate.training import detector_samples, export, refiner_samples, run, straight_cases, train_refiner  # noqa: E402

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def case() -> straight_cases.StraightCase:
    return straight_cases.from_phantom("p", random_phantom(np.random.default_rng(11)))


def bump(row: float, column: float) -> torch.Tensor:
    """A heat map (32, 40) with a hill of 0.8 cells."""
    rows, columns = torch.arange(32.0)[:, None], torch.arange(40.0)
    return torch.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 0.8**2))


def test_of_two_places_the_likelier_is_named_not_their_middle() -> None:
    two = 0.55 * bump(10.3, 20.0) + 0.45 * bump(22.0, 20.0)
    probability = (two / two.sum()).expand(1, 6, 32, 40)
    found = train_refiner.around(probability, train_refiner.likeliest(probability))
    expected = np.array([10.3, 20.0]) * train_refiner.STRIDE + (train_refiner.STRIDE - 1) / 2
    np.testing.assert_allclose(found[0].numpy(), np.tile(expected, (6, 1)), atol=0.15)


def test_the_right_heat_has_the_least_loss_and_no_distance() -> None:
    target = torch.tensor([[[20.7, 41.2], [44.1, 40.0], [21.0, 12.0], [40.0, 12.5], [20.0, 66.0], [46.0, 65.0]]])
    cells = (target - (train_refiner.STRIDE - 1) / 2) / train_refiner.STRIDE
    heat = torch.stack([torch.log(bump(float(r), float(c)) + 1e-6) for r, c in cells[0]])[None]
    right = train_refiner.losses(train_refiner.RefinerMaps(heat, torch.zeros(1, 6)), target)
    wrong = train_refiner.losses(train_refiner.RefinerMaps(heat.roll(3, 2), torch.zeros(1, 6)), target)
    assert float(right["points"]) < 0.02
    assert float(right["place"]) < float(wrong["place"]) - 1.0


def test_it_learns_one_case_and_its_file_says_the_same(case: straight_cases.StraightCase, tmp_path: Path) -> None:
    settings = train_refiner.Settings(run.Settings(steps=100, batch=4, threads=2, average=0.9))
    network = train_refiner.train([], [case], tmp_path / "run", settings)
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["place"] < log[0]["place"] - 0.5
    export.save_refiner(network, tmp_path / "refiner", "test", "test\n")
    loaded = models.OnnxRefiner(models._network(tmp_path / "refiner", "refiner", 1))
    patches = refiner_samples.batch(np.random.default_rng(2), [case], np.ones(1), 5, detector_samples.Settings()).patch_hu
    seen, mirrored = loaded(patches), loaded(np.ascontiguousarray(patches[:, ::-1]))
    with torch.no_grad():
        points, scale = train_refiner.Exported(network.eval())(torch.from_numpy(patches))
    np.testing.assert_allclose(seen.points, points.numpy().reshape(-1, 3, 2, 2), atol=1e-2)
    np.testing.assert_allclose(seen.scale, scale.numpy().reshape(-1, 3, 2), rtol=1e-3)
    np.testing.assert_allclose(mirrored.points, seen.points, atol=1e-2)
