"""The DICOM series is read back by pydicom alone with the same voxels in the same places."""

from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest

from endplate.cli.phantom import phantom as command
from endplate.errors import InputRefused
from endplate.phantom import ScannerSettings, render, spine
from endplate.phantom.dicom import write_series


@pytest.mark.parametrize("feet_first", [False, True])
def test_series_reads_back(tmp_path, feet_first):
    phantom = render(
        spine(("T8", "T9")), scanner=ScannerSettings((14, 17), 2.3, 3.1, field_mm=(200, 160), feet_first=feet_first), seed=4
    )
    series = write_series(phantom, tmp_path)
    files = [pydicom.dcmread(p) for p in sorted(series.iterdir())]
    assert len(files) == phantom.volume.hu.shape[0]
    assert len({f.SOPInstanceUID for f in files}) == len(files)
    assert len({f.SeriesInstanceUID for f in files}) == 1
    for k, ds in enumerate(files):
        np.testing.assert_array_equal(ds.pixel_array * ds.RescaleSlope + ds.RescaleIntercept, phantom.volume.hu[k])
        across, down = np.array(ds.ImageOrientationPatient, float).reshape(2, 3)
        rows, columns = (float(v) for v in ds.PixelSpacing)
        place = np.array(ds.ImagePositionPatient, float) + 7 * rows * down + 5 * columns * across
        np.testing.assert_allclose(place, (phantom.volume.patient_from_voxel @ [k, 7, 5, 1])[:3], atol=1e-3)
    assert json.loads((tmp_path / "truth.json").read_text()) == json.loads(json.dumps(phantom.truth()))


def test_files_follow_from_the_seed(tmp_path):
    contents = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        phantom = render(spine(("T8",)), scanner=ScannerSettings((14.5, 15.5), 4, 4), seed=seed)
        contents.append((write_series(phantom, tmp_path / name) / "0001.dcm").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_command_writes_the_fracture_it_was_asked_for(tmp_path, capsys):
    command(out=tmp_path, fracture=["T12:wedge:2"], levels="T11-L1", spacing_mm=3.0, slice_mm=3.0)
    assert "T11 to L1 complete" in capsys.readouterr().out
    truth = {v["level"]: v["heights_mm"] for v in json.loads((tmp_path / "truth.json").read_text())["vertebrae"]}
    assert truth["T12"]["anterior"] / truth["T12"]["posterior"] == pytest.approx(0.916 * (1 - 0.32), abs=1e-3)


@pytest.mark.parametrize("levels", ["T12", "L1-T1", "S1-L5", "T1-T13"])
def test_command_refuses_levels_it_cannot_show(tmp_path, levels):
    with pytest.raises(InputRefused, match="FIRST-LAST"):
        command(out=tmp_path, levels=levels)
