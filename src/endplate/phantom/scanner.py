"""What a CT scanner does to the anatomy: slice profile, kernel, noise, streaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from endplate.phantom.settings import ScannerSettings

_LONGEST_STEP_MM = 1.5
_BANK = 12


def fine_slices(scanner: ScannerSettings) -> tuple[float, int, int]:
    """Distance of the drawn slices in mm, how many make up one slice step, and how many pad each end."""
    per_step = int(np.ceil(scanner.slice_mm / _LONGEST_STEP_MM - 1e-6))
    step = scanner.slice_mm / per_step
    thickness = scanner.thickness_mm or scanner.slice_mm
    return step, per_step, 0 if thickness <= step * 1.01 else int(np.ceil(thickness / 2 / step))


def scan(
    drawn: NDArray[np.float32], scanner: ScannerSettings, noisy: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.int16]:
    """The image (slices, rows, columns) of drawn slices.

    Args:
        drawn: (fine slices, rows, columns) HU, head to feet.
        scanner: settings.
        noisy: (slices,) factor on noise and streaks, 1 in the abdomen.
        rng: for the noise.
    """
    step, per_step, pad = fine_slices(scanner)
    profile = _profile(scanner, step, pad)
    blur = scanner.blur_mm / scanner.pixel_mm
    bank, streaks = _noise(drawn.shape[1:], scanner, rng)
    out = np.empty((len(noisy), *drawn.shape[1:]), np.int16)
    for k in range(len(noisy)):
        first = k * per_step
        image = drawn[first] if pad == 0 else np.tensordot(profile, drawn[first : first + 2 * pad + 1], 1)
        image = _kernel(image, blur, scanner.sharpening)
        if scanner.noise_hu > 0:
            image = image + np.float32(scanner.noise_hu * noisy[k]) * _patch(bank, drawn.shape[1:], rng)
        extra = scanner.streaks_hu * max(float(noisy[k]) - 1.0, 0.0)
        if extra > 0.5:
            image = image + np.float32(extra) * _patch(streaks, drawn.shape[1:], rng)
        image = np.clip(image + np.float32(scanner.offset_hu), -1024, 3071)
        out[k] = np.rint(image)
    return out


def _profile(scanner: ScannerSettings, step: float, pad: int) -> NDArray[np.float32]:
    """Share of each drawn slice in a slice of the given thickness: overlap of their extents."""
    half = (scanner.thickness_mm or scanner.slice_mm) / 2
    at = np.arange(-pad, pad + 1) * step
    overlap = np.maximum(np.minimum(at + step / 2, half) - np.maximum(at - step / 2, -half), 0)
    share: NDArray[np.float32] = (overlap / overlap.sum()).astype(np.float32)
    return share


def _kernel(image: NDArray[np.float32], blur_px: float, sharpening: float) -> NDArray[np.float32]:
    if blur_px > 0.2:
        image = ndimage.gaussian_filter(image, blur_px, truncate=2.5)
    if sharpening > 0:
        wide = max(blur_px, 0.6) * 1.6
        image = image + np.float32(sharpening) * (image - ndimage.gaussian_filter(image, wide, truncate=2.0))
    return image


def _noise(
    shape: tuple[int, ...], scanner: ScannerSettings, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A few larger noise images (unit variance) to cut from: correlated grain, and horizontal streaks."""
    large = (_BANK, shape[0] + 48, shape[1] + 48)
    grain = rng.standard_normal(large, dtype=np.float32)
    width = scanner.noise_mm / scanner.pixel_mm / 2
    if width > 0.25:
        grain = ndimage.gaussian_filter(grain, (0, width, width), truncate=2.0)
    # soft tissue is not uniform: slow clouds of a few HU
    clouds = ndimage.zoom(
        rng.standard_normal((_BANK, large[1] // 12 + 1, large[2] // 12 + 1), dtype=np.float32), (1, 12, 12), order=1
    )
    grain = grain / grain.std() + np.float32(0.35) * clouds[:, : large[1], : large[2]]
    streaks = ndimage.gaussian_filter(
        rng.standard_normal((4, *large[1:]), dtype=np.float32), (0, 0.8, 30 / scanner.pixel_mm), truncate=2.0
    )
    return grain, streaks / streaks.std()


def _patch(bank: NDArray[np.float32], shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    n, j, i = rng.integers(0, [len(bank), 48, 48])
    cut: NDArray[np.float32] = bank[n, j : j + shape[0], i : i + shape[1]]
    return cut if rng.random() < 0.5 else -cut
