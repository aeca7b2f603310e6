"""Which CT series of a study is measured: each rule decides where the ones before it do not, and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from dicom_series_factory import CORONAL, SAGITTAL, Recipe, enhanced_dataset, write, write_series
from endplate.errors import InputRefused
from endplate.volume.choice import Choice, chosen, uid_of
from endplate.volume.read import find_scans, read
from endplate.volume.scan_list import ScanList

BEST, OTHER = "1.2.826.0.1.3680043.8.498.4", "1.2.826.0.1.3680043.8.498.3"
SMALL = Recipe(series_uid=BEST, shape=(6, 7), extra={"SeriesNumber": 4})
LONG = tuple(2.5 * k for k in range(12))


def series(**changes: Any) -> Recipe:
    """The other series; without changes as good as the best, and first by its number."""
    extra = {"SeriesNumber": 3, **changes.pop("extra", {})}
    return SMALL.changed(series_uid=OTHER, extra=extra, **changes)


def study(folder: Path, *recipes: Recipe) -> ScanList:
    for n, recipe in enumerate(recipes):
        write_series(folder, recipe, f"{n}-{{}}.dcm")
    return find_scans(folder)


WORSE = {
    "a gap": ({"places_mm": (0.0, 2.5, 5.0, 7.5, 15.0, 17.5, 20.0, 22.5)}, {}, "slices are missing"),
    "a thin slab": ({"places_mm": (0.0, 0.5, 1.0, 1.5, 2.0)}, {}, "covers 2 mm against 25 mm"),
    "derived": ({"extra": {"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, "places_mm": LONG}, {}, "is derived"),
    "sagittal": ({"orientation": SAGITTAL, "places_mm": LONG}, {}, "is not axial"),
    "coronal": ({"orientation": CORONAL, "places_mm": LONG}, {}, "is not axial"),
    "thick": ({"places_mm": tuple(5.0 * k for k in range(8))}, {}, "a slice every 5.00 mm against 2.50 mm"),
    "lung kernel": (
        {"extra": {"ConvolutionKernel": "LUNG"}, "places_mm": LONG},
        {"ConvolutionKernel": "BONE"},
        "kernel LUNG against BONE",
    ),
    "unknown kernel": (
        {"extra": {"ConvolutionKernel": "XQ"}, "places_mm": LONG},
        {"ConvolutionKernel": "FC08"},
        "kernel XQ against FC08",
    ),
    "sharp Siemens": ({"extra": {"ConvolutionKernel": ["Bl57d", "3"]}}, {"ConvolutionKernel": ["Br40d", "3"]}, "kernel Bl57d/3"),
    "shorter": ({"places_mm": LONG[:9]}, {}, "covers 22 mm against 25 mm"),
}


@pytest.mark.parametrize(("worse", "best", "words"), WORSE.values(), ids=WORSE.keys())
def test_each_rule_decides_and_says_why(tmp_path: Path, worse: dict[str, Any], best: dict[str, Any], words: str) -> None:
    found = study(tmp_path, series(**worse), SMALL.changed(extra={**SMALL.extra, **best}))
    assert len(found.scans) == 2
    taken = chosen(found, Choice())
    assert [uid_of(scan) for scan in taken.scans] == [BEST]
    (passed,) = taken.not_taken
    assert passed.code == "not_taken"
    assert words in passed.reason
    assert f"series 3 ({OTHER})" in passed.reason
    assert any(words in message and "--all-series" in message for message in taken.scans[0].messages)


def test_of_two_alike_the_first_by_number_is_taken(tmp_path: Path) -> None:
    taken = chosen(study(tmp_path, SMALL, series()), Choice())
    assert [uid_of(scan) for scan in taken.scans] == [OTHER]
    assert "as good as series 3" in taken.not_taken[0].reason


def test_all_series_or_the_one_that_is_asked_for(tmp_path: Path) -> None:
    found = study(tmp_path, SMALL, series(places_mm=LONG))
    assert chosen(found, Choice(all_series=True)) == found
    only = chosen(found, Choice(series=BEST))
    assert [uid_of(scan) for scan in only.scans] == [BEST]
    assert [item.code for item in only.not_taken] == ["not_taken"]
    with pytest.raises(InputRefused, match=BEST) as caught:
        chosen(found, Choice(series="1.2.3"))
    assert caught.value.code == "no_such_series"


def test_names_do_not_depend_on_the_choice(tmp_path: Path) -> None:
    found = study(tmp_path, SMALL, series(places_mm=LONG))
    names = {uid_of(scan): scan.name for scan in found.scans}
    assert chosen(found, Choice()).scans[0].name == names[OTHER]
    assert chosen(found, Choice(series=BEST)).scans[0].name == names[BEST]


def test_each_study_keeps_one_series_and_files_without_a_study_stay(tmp_path: Path) -> None:
    study(tmp_path / "one", SMALL, series(places_mm=LONG))
    write(enhanced_dataset(SMALL.changed(study_uid="1.2.3", series_uid="1.2.3.4")), tmp_path / "two" / "0.dcm")
    for name in "ab":
        nibabel.save(nibabel.Nifti1Image(np.zeros((5, 5, 5), np.int16), np.eye(4)), tmp_path / f"{name}.nii")
    taken = chosen(find_scans(tmp_path), Choice())
    assert [scan.kind for scan in taken.scans] == ["nifti", "nifti", "dicom", "dicom"]
    assert len(taken.not_taken) == 1


def test_the_volume_of_a_study_says_what_was_passed_over(tmp_path: Path) -> None:
    study(tmp_path, SMALL.changed(shape=(14, 18)), series(places_mm=LONG[:9]))
    volume = read(tmp_path)
    assert volume.hu.shape[0] == 10
    assert any("was not taken: covers 22 mm" in message for message in volume.source.messages)
    assert read(tmp_path, Choice(series=OTHER)).hu.shape[0] == 9
