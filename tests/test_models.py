from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import endplate
from endplate import models
from endplate.errors import ModelUnusable
from endplate.volume import Volume

SHIPPED = Path(endplate.__file__).parent / "weights"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "weights"))


def test_shipped_models_load_and_say_who_they_are() -> None:
    loaded = models.load(threads=1)
    assert set(loaded.identities) == {*models.STAGES, models.SECOND_LOOK}
    assert all(len(i.sha256) == 64 for i in loaded.identities.values())
    assert all((SHIPPED / stage / "PROVENANCE.md").is_file() for stage in models.STAGES)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"model\.onnx is missing"):
        models.load(tmp_path)


def test_a_damaged_network_is_named(copy: Path) -> None:
    (copy / "localiser" / "model.onnx").write_bytes(b"not a network")
    loaded = models.load(copy, threads=1)
    with pytest.raises(ModelUnusable, match="cannot be loaded") as caught:
        loaded.localiser(Volume(np.zeros((8, 16, 16), np.float32), np.eye(4)))
    assert caught.value.exit_code == 4


def test_a_damaged_config_is_named(copy: Path) -> None:
    (copy / "detector" / "config.json").write_text("{")
    with pytest.raises(ModelUnusable, match="not JSON"):
        models.load(copy)


def test_a_config_of_another_version_is_named(copy: Path) -> None:
    file = copy / "detector" / "config.json"
    config = json.loads(file.read_text())
    config["codec"]["colour"] = "blue"
    file.write_text(json.dumps(config))
    with pytest.raises(ModelUnusable, match="colour"):
        models.load(copy)


def test_swapped_folders_are_named(copy: Path) -> None:
    shutil.rmtree(copy / "localiser")
    shutil.copytree(copy / "detector", copy / "localiser")
    with pytest.raises(ModelUnusable, match="'detector' where a 'localiser' is expected"):
        models.load(copy)
