"""From stored bits to Hounsfield units: masks, padding, overflow, compressed pixels."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from dicom_series_factory import Recipe, enhanced_dataset, expected_hu, hu_of, quiet, slice_dataset, stored_of, write, write_series
from endplate.errors import InputRefused
from endplate.geometry import frames
from endplate.volume.read import read

RECIPE = Recipe(series_uid="1.2.826.0.1.3680043.8.498.78")
SLICES = range(len(RECIPE.places_mm))


def with_pixels(folder: Path, recipe: Recipe, stored: Any) -> Path:
    """A series whose stored values are ``stored(values)`` of the phantom's."""
    for k in SLICES:
        data = slice_dataset(recipe, k)
        data.PixelData = stored(stored_of(recipe, k)).astype(stored_of(recipe, k).dtype).tobytes()
        write(data, folder / f"{k}.dcm")
    return folder


def truth(recipe: Recipe = RECIPE) -> np.ndarray:
    return np.stack([hu_of(recipe, k) for k in SLICES])


def test_bits_above_bits_stored_are_ignored(tmp_path: Path) -> None:
    recipe = RECIPE.changed(signed=False, bits=(16, 12))
    folder = with_pixels(tmp_path, recipe, lambda values: values | 0xA000)
    assert np.array_equal(read(folder).hu, truth())


def test_the_sign_is_that_of_the_stored_bits(tmp_path: Path) -> None:
    recipe = RECIPE.changed(bits=(16, 12), intercept=0.0)
    # negative values stored without the four upper bits
    folder = with_pixels(tmp_path, recipe, lambda values: values & 0x0FFF)
    assert truth().min() < 0
    assert np.array_equal(read(folder).hu, truth())


def test_the_high_bit_moves_the_value(tmp_path: Path) -> None:
    recipe = RECIPE.changed(signed=False, bits=(16, 12), extra={"HighBit": 15})
    folder = tmp_path
    for k in SLICES:
        data = slice_dataset(recipe, k)
        data.PixelData = (stored_of(recipe, k) << 4).tobytes()
        write(data, folder / f"{k}.dcm")
    assert np.array_equal(read(folder).hu, truth())


@pytest.mark.parametrize("declared", [-2000, 63536], ids=["as signed", "as unsigned"])
def test_padding_becomes_air(tmp_path: Path, declared: int) -> None:
    def cornered(values: np.ndarray) -> np.ndarray:
        values[:3, :3] = -2000
        return values

    for k in SLICES:
        data = slice_dataset(RECIPE, k)
        data.PixelData = cornered(stored_of(RECIPE, k)).tobytes()
        data.add_new("PixelPaddingValue", "SS" if declared < 0 else "US", declared)
        write(data, tmp_path / f"{k}.dcm")
    hu = read(tmp_path).hu
    assert (hu[:, :3, :3] == -1024).all()
    assert np.array_equal(hu[:, 3:, 3:], truth()[:, 3:, 3:])


def test_padding_that_may_be_tissue_stays(tmp_path: Path) -> None:
    at_zero_hu = int(-RECIPE.intercept)
    for k in SLICES:
        data = slice_dataset(RECIPE, k)
        data.add_new("PixelPaddingValue", "SS", at_zero_hu)
        write(data, tmp_path / f"{k}.dcm")
    assert np.array_equal(read(tmp_path).hu, truth())


def test_values_beyond_int16_are_clipped_and_never_wrap(tmp_path: Path) -> None:
    recipe = RECIPE.changed(signed=False, intercept=-1024.0)

    def metal(values: np.ndarray) -> np.ndarray:
        values[5, 5] = 65535
        values[6, 6] = 0
        return values

    hu = read(with_pixels(tmp_path, recipe, metal)).hu
    assert (hu[:, 5, 5] == 32767).all()
    assert (hu[:, 6, 6] == -1024).all()


# what each codec may store: RLE and JPEG 2000 anything, JPEG-LS here unsigned
@pytest.mark.parametrize(
    ("syntax", "signed"),
    [(RLELossless, True), (RLELossless, False), (JPEG2000Lossless, True), (JPEG2000Lossless, False), (JPEGLSLossless, False)],
)
def test_compressed_pixels_are_the_same(tmp_path: Path, syntax: str, signed: bool) -> None:
    if syntax != RLELossless:
        pytest.importorskip("openjpeg" if syntax == JPEG2000Lossless else "jpeg_ls")
    # JPEG 2000 wants more than a handful of pixels
    recipe = RECIPE.changed(signed=signed, shape=(48, 64))
    for k in SLICES:
        data = slice_dataset(recipe, k)
        with quiet():
            data.compress(syntax, generate_instance_uid=False)
        write(data, tmp_path / f"{k}.dcm")
    volume = read(tmp_path)
    assert volume.hu.dtype == np.int16
    assert np.array_equal(volume.hu, truth(recipe))
    corner = frames.apply(volume.patient_from_voxel, np.array([2.0, 3.0, 4.0]))
    assert volume.hu[2, 3, 4] == pytest.approx(expected_hu(corner), abs=0.51)


@pytest.mark.parametrize("bits", [(16, 16), (16, 12), (8, 8)], ids=str)
@pytest.mark.parametrize("stream_signed", [True, False], ids=["signed stream", "unsigned stream"])
@pytest.mark.parametrize("signed", [True, False], ids=["signed header", "unsigned header"])
def test_jpeg_2000_pixels_are_those_of_pydicom(tmp_path: Path, bits: tuple[int, int], stream_signed: bool, signed: bool) -> None:
    pytest.importorskip("openjpeg")
    slope = 16 if bits[1] == 8 else 1
    recipe = RECIPE.changed(signed=stream_signed, bits=bits, shape=(48, 64), slope=slope)
    rng = np.random.default_rng(bits[1])
    low = -(1 << (bits[1] - 1)) if stream_signed else 0
    for k in SLICES:
        data = slice_dataset(recipe, k)
        noise = rng.integers(low, low + (1 << bits[1]), recipe.shape)
        data.PixelData = noise.astype(stored_of(recipe, k).dtype).tobytes()
        with quiet():
            data.compress(JPEG2000Lossless, generate_instance_uid=False)
        # some writers encode without regard for the sign that they declare
        data.PixelRepresentation = int(signed)
        write(data, tmp_path / f"{k}.dcm")
    datasets = sorted(map(pydicom.dcmread, tmp_path.iterdir()), key=lambda data: float(data.ImagePositionPatient[2]))
    with quiet():
        wanted = np.stack([data.pixel_array for data in datasets]).astype(np.int64)
    assert np.array_equal(read(tmp_path).hu, np.clip(wanted * slope - 1024, -32768, 32767))


@pytest.mark.parametrize("signed", [True, False])
def test_jpeg_lossless_pixels_are_the_same(tmp_path: Path, signed: bool) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    recipe = RECIPE.changed(signed=signed, shape=(48, 64))
    for k in SLICES:
        frame = imagecodecs.ljpeg_encode(stored_of(recipe, k).view(np.uint16), bitspersample=16)
        write_encapsulated(tmp_path, JPEGLosslessSV1, bytes(frame), recipe, [k])
    assert np.array_equal(read(tmp_path).hu, truth(recipe))


def test_jpeg_baseline_pixels_are_nearly_the_same(tmp_path: Path) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    recipe = RECIPE.changed(signed=False, bits=(8, 8), slope=32.0, shape=(48, 64))
    for k in SLICES:
        frame = imagecodecs.jpeg8_encode(stored_of(recipe, k).astype(np.uint8), level=100)
        write_encapsulated(tmp_path, JPEGBaseline8Bit, bytes(frame), recipe, [k])
    # half a grey level of rounding, one or two of loss
    assert np.abs(read(tmp_path).hu - truth(recipe)).max() <= 2.5 * recipe.slope


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_frames_of_one_file_are_read(tmp_path: Path, syntax: str) -> None:
    if syntax == JPEG2000Lossless:
        pytest.importorskip("openjpeg")
    recipe = RECIPE.changed(signed=False, shape=(48, 64))
    data = enhanced_dataset(recipe)
    with quiet():
        data.compress(syntax, generate_instance_uid=False)
    volume = read(write(data, tmp_path / "frames.dcm"))
    places = frames.apply(volume.patient_from_voxel, np.stack(np.indices(volume.hu.shape), -1))
    assert np.abs(volume.hu - expected_hu(places)).max() <= 0.51


@pytest.mark.parametrize("compressed", [False, True], ids=["native", "RLE"])
def test_many_frames_need_little_more_memory_than_their_volume(tmp_path: Path, compressed: bool) -> None:
    recipe = RECIPE.changed(signed=False, shape=(96, 128), places_mm=tuple(0.5 * k for k in range(120)), intercept=-8192.0)
    data = enhanced_dataset(recipe)
    if compressed:
        with quiet():
            data.compress(RLELossless, generate_instance_uid=False)
    path = write(data, tmp_path / "frames.dcm")
    read(path)
    tracemalloc.start()
    volume = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # the header of 120 frames takes 3 MB while it is read
    assert peak < volume.hu.nbytes + (4 << 20)


def test_a_jpeg_2000_frame_that_promises_gigabytes_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    recipe = RECIPE.changed(signed=False, shape=(48, 64))
    for k in SLICES:
        data = slice_dataset(recipe, k)
        with quiet():
            data.compress(JPEG2000Lossless, generate_instance_uid=False)
        content = bytearray(write(data, tmp_path / f"{k}.dcm").read_bytes())
        at = content.find(b"\xff\x4f\xff\x51")
        for offset in (8, 12, 24, 28):
            content[at + offset : at + offset + 4] = (60000).to_bytes(4, "big")
        (tmp_path / f"{k}.dcm").write_bytes(content)
    tracemalloc.start()
    with pytest.raises(InputRefused, match=r"60000, 60000.*48, 64") as caught:
        read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "undecodable"
    assert peak < 8 << 20


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_jpeg_ls_scan_that_breaks_off_is_refused_without_decoding(tmp_path: Path, kept: float) -> None:
    jpeg_ls = pytest.importorskip("jpeg_ls")
    recipe = RECIPE.changed(signed=False, shape=(48, 64))
    frame = bytes(jpeg_ls.encode_array(stored_of(recipe, 0)))
    write_encapsulated(tmp_path, JPEGLSLossless, frame[: int(kept * len(frame))], recipe)
    with pytest.raises(InputRefused, match="breaks off") as caught:
        read(tmp_path)
    assert caught.value.code == "undecodable"


def test_a_header_that_promises_more_than_the_file_holds_sets_no_memory_aside(tmp_path: Path) -> None:
    write_series(tmp_path, RECIPE.changed(extra={"Rows": 14000, "Columns": 14000}))
    tracemalloc.start()
    with pytest.raises(InputRefused) as caught:
        read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "truncated"
    assert peak < 8 << 20


def test_a_missing_codec_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # as if nothing but pydicom were installed
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    if get_decoder(JPEGLosslessSV1).is_available:
        pytest.skip("pydicom has a decoder of JPEG Lossless")
    write_encapsulated(tmp_path, JPEGLosslessSV1, b"\xff\xd8\xff\xd9")
    with pytest.raises(InputRefused, match=r"endplate\[codecs\]") as caught:
        read(tmp_path)
    assert caught.value.code == "codec_missing"


def test_damaged_compressed_pixels_are_refused(tmp_path: Path) -> None:
    write_encapsulated(tmp_path, RLELossless, bytes(range(64)) * 2)
    with quiet(), pytest.raises(InputRefused) as caught:
        read(tmp_path)
    assert caught.value.code == "undecodable"


def test_an_unknown_syntax_is_refused(tmp_path: Path) -> None:
    write_encapsulated(tmp_path, JPEGLosslessSV1, b"\xff\xd8\xff\xd9")
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(JPEGLosslessSV1.encode(), b"1.2.840.10008.1.2.4.99"))
    with pytest.raises(InputRefused) as caught:
        read(tmp_path)
    assert caught.value.code == "unknown_syntax"


def test_file_names_and_folders_do_not_matter(tmp_path: Path) -> None:
    paths = write_series(tmp_path, RECIPE, "I{:07d}")
    for n, path in enumerate(paths):
        (tmp_path / f"S{n % 3}").mkdir(exist_ok=True)
        path.rename(tmp_path / f"S{n % 3}" / path.name)
    assert np.array_equal(read(tmp_path).hu, truth())


def test_a_file_without_preamble_is_read(tmp_path: Path) -> None:
    for path in write_series(tmp_path, RECIPE):
        content = path.read_bytes()
        meta_length = int.from_bytes(content[140:144], "little")
        path.write_bytes(content[144 + meta_length :])
    assert np.array_equal(read(tmp_path).hu, truth())


def write_encapsulated(folder: Path, syntax: str, frame: bytes, recipe: Recipe = RECIPE, slices: Iterable[int] = SLICES) -> None:
    for k in slices:
        data = slice_dataset(recipe, k)
        data.file_meta.TransferSyntaxUID = syntax
        data.PixelData = encapsulate([frame])
        data["PixelData"].is_undefined_length = True
        data["PixelData"].VR = "OB"
        write(data, folder / f"{k}.dcm")
