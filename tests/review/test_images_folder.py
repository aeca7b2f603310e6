"""A folder of images is whole or it is none."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from endplate.geometry import frames
from endplate.review.images import CONTEXT, INFO, STRAIGHT, read_images, write_images
from review.marked_scan import flat, report


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write_images(flat("head first"), report(), folder)
    assert read_images(folder) is not None
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "images"))


@pytest.mark.parametrize("file", [INFO, STRAIGHT, CONTEXT])
@pytest.mark.parametrize("harm", ["gone", "cut", "empty", "of another shape"])
def test_a_folder_that_is_not_whole_gives_none(file: str, harm: str, copy: Path) -> None:
    target = copy / file
    content = target.read_bytes()
    if harm == "gone":
        target.unlink()
    elif harm == "of another shape" and file == INFO:
        info = json.loads(content)
        info["context"]["shape"][0] += 1
        target.write_text(json.dumps(info))
    elif harm == "of another shape":
        with target.open("wb") as stream:
            np.save(stream, np.zeros((3, 4, 5), np.int16))
    else:
        target.write_bytes(b"" if harm == "empty" else content[: len(content) // 2])
    assert read_images(copy) is None


@pytest.mark.parametrize("content", ["null", "[]", "7", "{}", '{"schema": "endplate-review-images/2"}', "\udcff"])
def test_another_images_json_gives_none(content: str, copy: Path) -> None:
    (copy / INFO).write_bytes(content.encode(errors="surrogateescape"))
    assert read_images(copy) is None


def test_no_folder_gives_none(tmp_path: Path) -> None:
    assert read_images(tmp_path / "nowhere") is None


def test_a_second_writing_that_fails_leaves_no_images_behind(copy: Path) -> None:
    (copy / CONTEXT).unlink()
    (copy / CONTEXT).mkdir()
    with pytest.raises(OSError, match=CONTEXT):
        write_images(flat("head first"), report(), copy)
    assert read_images(copy) is None
    assert sorted(p.name for p in copy.iterdir()) == [CONTEXT, STRAIGHT]


def test_writing_again_gives_the_same_bytes(whole: Path, copy: Path) -> None:
    write_images(flat("head first"), report(), copy)
    assert {p.name for p in copy.iterdir()} == {INFO, STRAIGHT, CONTEXT}
    for name in (INFO, STRAIGHT, CONTEXT):
        assert (whole / name).read_bytes() == (copy / name).read_bytes()


def test_what_was_opened_stays_readable_while_it_is_written_again(copy: Path) -> None:
    before = read_images(copy)
    assert before is not None
    darker = replace(flat("head first"), hu=flat("head first").hu - np.int16(500))
    write_images(darker, report(), copy)
    assert before.context.max() == 55
    after = read_images(copy)
    assert after is not None
    assert after.context.max() == -445


def test_a_report_without_vertebrae_or_of_another_place_is_refused(tmp_path: Path) -> None:
    volume = flat("oblique")
    with pytest.raises(ValueError, match="no vertebrae"):
        write_images(volume, replace(report(), vertebrae=()), tmp_path)
    shift = frames.affine(np.eye(3), np.array([0.0, 0.0, 900.0]))
    with pytest.raises(ValueError, match="outside the scan"):
        write_images(replace(volume, patient_from_voxel=shift @ volume.patient_from_voxel), report(), tmp_path)
    assert not list(tmp_path.iterdir())
