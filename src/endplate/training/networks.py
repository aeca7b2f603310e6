"""The two networks: tensor in, named tensors out, the same in training and in use."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn


class DetectorMaps(NamedTuple):
    """Raw maps at stride 4 of the image."""

    objectness: Tensor  # (batch, rows, columns) logits
    offsets: Tensor  # (batch, 12, rows, columns), units of codec.OFFSET_PX
    log_scale: Tensor  # (batch, 6, rows, columns), log of pixels
    completeness: Tensor  # (batch, rows, columns) logits
    lateral: Tensor  # (batch, rows, columns), units of 4 pixels


class LocaliserMaps(NamedTuple):
    """Raw maps, one per slice."""

    heat: Tensor  # (batch, slices, rows / 2, columns / 2) logits
    presence: Tensor  # (batch, slices) logits
    level: Tensor  # (batch, slices), level coordinate


def block2d(inside: int, outside: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    convolution = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outside), nn.ReLU(inplace=True))


class Detector(nn.Module):
    """A U-Net with a strided stem and one output at stride 4."""

    def __init__(self, channels: int = 5, widths: tuple[int, ...] = (24, 40, 64, 96, 128)) -> None:
        super().__init__()
        self.stem = nn.Sequential(block2d(channels, widths[0], 2, 5), block2d(widths[0], widths[0]))
        self.down = nn.ModuleList(nn.Sequential(block2d(a, b, 2), block2d(b, b), block2d(b, b)) for a, b in pairwise(widths))
        self.up = nn.ModuleList(
            nn.Sequential(block2d(a + b, b), block2d(b, b)) for a, b in zip(widths[:1:-1], widths[-2:0:-1], strict=True)
        )
        self.head = nn.Sequential(block2d(widths[1], 64), nn.Conv2d(64, 21, 1))

    def forward(self, image: Tensor) -> DetectorMaps:
        """Maps of an image (batch, channels, rows, columns) with rows and columns divisible by 32."""
        features = [self.stem(image)]  # stride 2
        for down in self.down:  # strides 4, 8, 16, 32
            features.append(down(features[-1]))
        x = features.pop()
        for up in self.up:  # strides 16, 8, 4
            skip = features.pop()
            x = up(torch.cat([nn.functional.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        out = self.head(x)  # (batch, 21, rows / 4, columns / 4)
        return DetectorMaps(out[:, 0], out[:, 1:13], out[:, 13:19], out[:, 19], out[:, 20])


def block3d(inside: int, outside: int, stride: tuple[int, int, int] = (1, 1, 1), flat: bool = False) -> nn.Sequential:
    """Convolution (in the axial plane only if flat), batch norm, ReLU."""
    kernel, padding = ((1, 3, 3), (0, 1, 1)) if flat else ((3, 3, 3), (1, 1, 1))
    convolution = nn.Conv3d(inside, outside, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm3d(outside), nn.ReLU(inplace=True))


def block1d(inside: int, outside: int, dilation: int) -> nn.Sequential:
    """Dilated convolution along the slices, batch norm, ReLU."""
    convolution = nn.Conv1d(inside, outside, 5, padding=2 * dilation, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(outside), nn.ReLU(inplace=True))


class Localiser(nn.Module):
    """A 3D U-Net that halves the slices only once, and a reader of whole slices along the body."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 48, 64)) -> None:
        super().__init__()
        a, b, c, d = widths
        stem = nn.Conv3d(1, a, (3, 5, 5), (1, 2, 2), (1, 2, 2), bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm3d(a), nn.ReLU(inplace=True), block3d(a, a, flat=True))
        self.down1 = nn.Sequential(block3d(a, b, (2, 2, 2)), block3d(b, b))
        self.down2 = nn.Sequential(block3d(b, c, (1, 2, 2)), block3d(c, c))
        self.down3 = nn.Sequential(block3d(c, d, (1, 2, 2)), block3d(d, d))
        self.up2 = block3d(d + c, c)
        self.up1 = block3d(c + b, b)
        self.thin = nn.Conv3d(b, a, 1)
        self.up0 = nn.Sequential(block3d(a, a, flat=True), nn.Conv3d(a, 1, 1))
        self.along = nn.Sequential(block1d(b + c + 2 * d, 96, 1), block1d(96, 96, 2), block1d(96, 96, 4), block1d(96, 64, 8))
        self.read = nn.Conv1d(64, 2, 1)

    def forward(self, volume: Tensor) -> LocaliserMaps:
        """Maps of a volume (batch, 1, slices, rows, columns), slices divisible by 2, rows and columns by 16."""
        x0 = self.stem(volume)  # (batch, a, slices, rows / 2, columns / 2)
        x1 = self.down1(x0)  # (batch, b, slices / 2, rows / 4, columns / 4)
        x2 = self.down2(x1)  # ... / 8
        x3 = self.down3(x2)  # ... / 16
        y2 = self.up2(torch.cat([_grow(x3, 1), x2], 1))
        y1 = self.up1(torch.cat([_grow(y2, 1), x1], 1))
        heat = self.up0(_grow(self.thin(y1), 2) + x0)[:, 0]
        focus = _pooled_heat(heat)  # (batch, 1, slices / 2, rows / 4, columns / 4), sums to 1 in each slice
        near = torch.cat([(y1 * focus).sum((3, 4)), (y2 * _shrink(focus)).sum((3, 4))], 1)
        whole = torch.cat([x3.mean((3, 4)), x3.amax((3, 4))], 1)
        line = self.read(self.along(torch.cat([near, whole], 1)))
        line = nn.functional.interpolate(line, scale_factor=2.0, mode="linear", align_corners=False)
        return LocaliserMaps(heat, line[:, 0], 14.0 + 8.0 * line[:, 1])


def _grow(x: Tensor, slices: int) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=(float(slices), 2.0, 2.0), mode="nearest")


def _shrink(focus: Tensor) -> Tensor:
    return 4.0 * nn.functional.avg_pool3d(focus, (1, 2, 2))


def _pooled_heat(heat: Tensor) -> Tensor:
    """Where the column is, as weights; no gradient, so that reading the level does not move the column."""
    pooled = nn.functional.avg_pool3d(heat.detach()[:, None], (2, 2, 2))
    batch, _, slices, rows, columns = pooled.shape
    return pooled.reshape(batch, 1, slices, rows * columns).softmax(-1).reshape(batch, 1, slices, rows, columns)


class LevelReader(nn.Module):
    """Names what it sees along the straightened body: 3D features in a fixed frame, then convolutions along s."""

    def __init__(self, levels: int = 25, widths: tuple[int, ...] = (16, 32, 48, 64)) -> None:
        super().__init__()
        a, b, c, d = widths
        stem = nn.Conv3d(1, a, (3, 3, 3), (1, 2, 2), 1, bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm3d(a), nn.ReLU(inplace=True))  # (s, 23, 31)
        self.down = nn.Sequential(
            block3d(a, b, (2, 2, 2)),  # (s / 2, 12, 16)
            block3d(b, c, (1, 2, 2)),  # (s / 2, 6, 8)
            block3d(c, d, (1, 2, 2)),  # (s / 2, 3, 4)
        )
        self.across = nn.Sequential(nn.Conv3d(d, 96, (1, 3, 4), bias=False), nn.BatchNorm3d(96), nn.ReLU(inplace=True))
        self.along = nn.Sequential(block1d(96, 96, 1), nn.Dropout(0.2), block1d(96, 96, 2), block1d(96, 96, 4), nn.Dropout(0.2))
        self.read = nn.Conv1d(96, levels, 1)

    def forward(self, box: Tensor) -> Tensor:
        """Logits (batch, levels, s / 2) of a box (batch, 1, s, 45, 61); cell i covers s = 2i and 2i + 1."""
        x = self.across(self.down(self.stem(box)))[..., 0, 0]
        out: Tensor = self.read(self.along(x))
        return out


class RefinerMaps(NamedTuple):
    """What the refiner says of patches."""

    heat: Tensor  # (batch, 6, rows / 2, columns / 2) logits, one map per point
    log_scale: Tensor  # (batch, 6), log of patch pixels


class Refiner(nn.Module):
    """A small U-Net over an upright patch; one heat map per point at stride 2."""

    def __init__(self, channels: int = 5, widths: tuple[int, ...] = (24, 40, 64, 96)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.stem = nn.Sequential(block2d(channels, a, 2, 5), block2d(a, a))  # stride 2
        self.down1 = nn.Sequential(block2d(a, b, 2), block2d(b, b))
        self.down2 = nn.Sequential(block2d(b, c, 2), block2d(c, c))
        self.down3 = nn.Sequential(block2d(c, d, 2), block2d(d, d))
        self.up2, self.up1, self.up0 = block2d(d + c, c), block2d(c + b, b), block2d(b + a, a)
        self.heat = nn.Conv2d(a, 6, 1)
        self.spread = nn.Sequential(nn.Linear(d, 48), nn.ReLU(inplace=True), nn.Linear(48, 6))

    def forward(self, patch: Tensor) -> RefinerMaps:
        """Maps of patches (batch, channels, rows, columns), rows and columns divisible by 16."""
        x0 = self.stem(patch)
        x1 = self.down1(x0)
        x2 = self.down2(x1)
        x3 = self.down3(x2)
        y = self.up2(torch.cat([_double(x3), x2], 1))
        y = self.up1(torch.cat([_double(y), x1], 1))
        y = self.up0(torch.cat([_double(y), x0], 1))
        return RefinerMaps(self.heat(y), self.spread(x3.mean((2, 3))))


def _double(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
