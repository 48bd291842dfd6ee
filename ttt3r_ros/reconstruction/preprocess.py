# SPDX-License-Identifier: Apache-2.0
"""From a camera's image to the network's input, and the way back for intrinsics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.reconstruction import host_resize
from ttt3r_ros.reconstruction.lens_bending import drawn, straight

GAP = 5.6  # what is left to Pillow's kernel of a shrinking by more; then hardly a value is off by more than 1 of 255
KERNEL_REACH = 3  # pixels of its result that Lanczos's reads to each side
QUICK_SUMS = (3, 5)  # pixels a side whose running sums take half the time of single ones, for the same bits
DECODED_GAP = 5.5  # the same of what a JPEG's decoder has shrunk: docs/performance.md says by how much values are off
REDUCTIONS = (8, 4, 2)  # that libjpeg has
# Parts of an image's sides: where its optical axis is if nobody says; how near to that it counts as there; how large
# the part is at least of which it is the middle, or what is seen is worth more than a middle.
MIDDLE, AT_THE_MIDDLE, LEAST_AROUND = (0.5, 0.5), 0.01, 0.7
MOST_ASPECT = 32  # a square network's image is cut out of one that is longer by this: memory grows with it


def nearest(aspect: float, aspects: Sequence[float]) -> float:
    """Return the one of aspects, width over height, that an image of an aspect loses least by being cut to."""
    return min(aspects, key=lambda one: abs(math.log(one / aspect)))


class Side(NamedTuple):
    """How the kernel goes over one side of what it is given, all in pixels.

    Of `given`, those between begin and end become `steps`; of these, `length` from `first` on are the model's image's.
    """

    given: int
    begin: float
    end: float
    steps: int
    first: int
    length: int


@dataclass(frozen=True)
class PixelMap:
    """Where the model's image lies in the camera's: resized to `resized`, cut out at (top, left), and rid of a bend.

    Sizes are (height, width) in pixels. Pixel centres have whole coordinates. bend: see lens_bending.
    """

    original: tuple[int, int]
    resized: tuple[int, int]
    top: int
    left: int
    size: tuple[int, int]
    bend: float = 0.0

    @property
    def cut(self) -> tuple[int, int, int, int]:
        """What part of the camera's view it is: the same for a camera of more pixels."""
        return *self.resized, self.top, self.left

    @classmethod
    def plan(cls, height: int, width: int, config: ModelConfig, axis: tuple[float, float] = MIDDLE) -> PixelMap:
        """Plan for a camera image of that size, as the published models were fed, or cut to the nearest of its aspects.

        axis: where the optical axis is, parts of width and height: it is cut round that. Raises ValueError for an image
        too narrow to leave one patch, or more than MOST_ASPECT times as long as wide.
        """
        longest, shortest = max(height, width), min(height, width)
        if longest > MOST_ASPECT * shortest:
            raise ValueError(f'a {width}×{height} image is too narrow: one side may be {MOST_ASPECT} times the other; '
                             'give an image of a squarer shape')
        if config.aspects:
            return cls._cut_to(nearest(width / height, config.aspects), height, width, config, axis)
        target = round(config.image_size * longest / shortest) if config.square else config.image_size
        rows, cols = (round(side * target / longest) for side in (height, width))
        patch, half = config.patch_size, config.patch_size // 2
        middle_row, middle_col = rows // 2, cols // 2
        if config.square:
            half_row = half_col = min(middle_row, middle_col)
        else:
            half_row, half_col = (2 * middle_row // patch * half, 2 * middle_col // patch * half)
            if rows == cols:
                half_row = 3 * half_col // 4 // half * half
        if min(half_row, half_col) < half:
            raise ValueError(f'a {width}×{height} image is too narrow: resized to {cols}×{rows} it has no room '
                             f'for one patch of {patch} pixels; give an image of a squarer shape')
        return cls((height, width), (rows, cols), middle_row - half_row, middle_col - half_col,
                   (2 * half_row, 2 * half_col))

    @classmethod
    def _cut_to(cls, aspect: float, height: int, width: int, config: ModelConfig,
                axis: tuple[float, float]) -> PixelMap:
        """Plan for what lies round an axis, in whole patches of nearly an aspect, as long as the network takes."""
        patch = config.patch_size
        size = tuple(max(patch, patch * round(config.image_size * min(1.0, part) / patch))
                     for part in (1 / aspect, aspect))
        x, y = axis
        if max(abs(x - 0.5), abs(y - 0.5)) < AT_THE_MIDDLE or 2 * min(x, y, 1 - x, 1 - y) < LEAST_AROUND:
            x, y = MIDDLE
        scale = max(size[0] / (2 * min(y, 1 - y) * height), size[1] / (2 * min(x, 1 - x) * width))
        rows, cols = (max(most, round(side * scale)) for side, most in zip((height, width), size, strict=True))
        top, left = (min(max(math.floor(part * side - most / 2), 0), side - most)
                     for part, side, most in zip((y, x), (rows, cols), size, strict=True))
        return cls((height, width), (rows, cols), top, left, size)

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Return the model's image, uint8 (h, w, 3), of image, uint8 (H, W, 3), as quickly as a CPU can.

        Of a lens that bends nothing no value is off by more than 1 of 255 from what Pillow's kernel makes of a whole
        image, and where only `by_pillow` can do it by more than 2.
        """
        return self.straight(self._bent(image))

    def straight(self, values: np.ndarray, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
        """Return values (h, w) or (h, w, n) on the model's pixels, which lay on them but for the bend."""
        return straight(values, self.bend, interpolation=interpolation)

    def _bent(self, image: np.ndarray) -> np.ndarray:
        if not self.shrinking or columns_first(*zip(self.original, self.resized)) or not host_resize.pays():
            return self.by_pillow(image)
        whole = host_resize.shrunk(image, self.resized)
        (height, width), top, left = self.size, self.top, self.left
        return np.ascontiguousarray(whole[top:top + height, left:left + width])

    def by_pillow(self, image: np.ndarray) -> np.ndarray:
        """Return the model's image, uint8 (h, w, 3), of image, uint8 (H, W, 3), with its bend.

        By Pillow's kernels, rounded to bytes between rows and columns: they are what the models were trained on.
        device_resize.py gives the same on a device.
        """
        given, rows, columns = self.for_kernel(image)
        kernel = Image.Resampling.LANCZOS if self.shrinking else Image.Resampling.BICUBIC
        resized = np.asarray(Image.fromarray(given).resize((columns.steps, rows.steps), kernel,
                                                           (columns.begin, rows.begin, columns.end, rows.end)))
        return np.array(resized[rows.first:rows.first + rows.length,
                                columns.first:columns.first + columns.length])  # Pillow's are read-only

    @property
    def shrinking(self) -> bool:
        """Whether the kernel is Lanczos's, of 3 lobes; to enlarge it is the cubic of a = -0.5."""
        return max(self.resized) < max(self.original)

    def for_kernel(self, image: np.ndarray) -> tuple[np.ndarray, Side, Side]:
        """Return what the kernel is given, uint8 (H', W', 3), of image, uint8 (H, W, 3), and its rows and columns.

        A much larger image is first shrunk by whole factors, as means: within 2 of 255 of what the kernel alone gives,
        in a fifth of its time.
        """
        factors = tuple(_factor(*sides) for sides in zip(self.original, self.resized, strict=True))
        places = self.top, self.left
        if max(factors) == 1:
            rows, columns = (Side(side, 0, side, steps, place, length) for side, steps, place, length
                             in zip(self.original, self.resized, places, self.size, strict=True))
            return image, rows, columns
        across, along = (_Span.of(*sides) for sides in zip(self.original, self.resized, places, self.size, factors))
        means = _means(image[across.first:across.last, along.first:along.last], *factors)
        rows, columns = (Side(side, span.begin, span.end, length, 0, length)
                         for side, span, length in zip(means.shape, (across, along), self.size))
        return means, rows, columns

    def to_original(self, intrinsics: np.ndarray) -> np.ndarray:
        """Return the camera image's K (3, 3) for the model image's K (3, 3); of a bent one what holds at the middle."""
        by, (height, width) = drawn(self.bend, self.size), self.size
        drawn_out = np.array([[by, 0, (1 - by) * (width - 1) / 2], [0, by, (1 - by) * (height - 1) / 2], [0, 0, 1]])
        return self.to_camera @ drawn_out @ intrinsics

    @property
    def to_camera(self) -> np.ndarray:
        """Where the model's pixels lie in the camera's image, (3, 3), but for the bend."""
        # Resizing keeps the outer borders, which lie half a pixel outside the first and last centre.
        (rows, cols), (height, width) = self.resized, self.original
        sx, sy = width / cols, height / rows
        return np.array([[sx, 0, (self.left + 0.5) * sx - 0.5], [0, sy, (self.top + 0.5) * sy - 0.5], [0, 0, 1]])


@dataclass(frozen=True)
class _Span:
    """Of one side: the pixels [first, last) of the camera's that the kernel reads, whole factors of them, and where in
    their means the model's image begins and ends."""

    first: int
    last: int
    begin: float
    end: float

    @classmethod
    def of(cls, side: int, resized: int, place: int, length: int, factor: int) -> _Span:
        scale = side / resized
        reach = KERNEL_REACH * scale + factor
        first = max(0, math.floor((place * scale - reach) / factor) * factor)
        last = min(side, math.ceil(((place + length) * scale + reach) / factor) * factor)
        begin, end = ((at * scale - first) / factor for at in (place, place + length))
        return cls(first, last, begin, min(end, (last - first) // factor))


def _means(image: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the means of image's cells of rows × columns pixels."""
    size = image.shape[1] // columns, image.shape[0] // rows
    if rows == columns and rows in QUICK_SUMS:
        blurred = cv2.blur(image, (columns, rows), anchor=(0, 0))
        return cv2.resize(blurred, size, interpolation=cv2.INTER_NEAREST)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def columns_first(rows: tuple[int, int], columns: tuple[int, int]) -> bool:
    """Say whether Pillow begins with the columns where a side of rows[0] pixels becomes rows[1], and so the columns.

    Its version 13 was seen to where more than twice as many rows go as columns. The bytes between are others then, but
    not in every version: such images, tall ones, are left to it.
    """
    rows_gone, columns_gone = (given - made for given, made in (rows, columns))
    return rows_gone > max(0, 2 * columns_gone)


def reduction(height: int, width: int, config: ModelConfig) -> int:
    """Return by which of 1, 2, 4 and 8 a camera's JPEG can be made smaller as it is decoded: what is left is the same
    part of the same picture, and plenty for the network's image.

    Raises ValueError as `PixelMap.plan` does.
    """
    plan = PixelMap.plan(height, width, config)
    for factor in REDUCTIONS:
        whole = height % factor == 0 and width % factor == 0
        if whole and all(side >= DECODED_GAP * factor * target for side, target in zip(plan.original, plan.resized)) \
                and plan == replace(PixelMap.plan(height // factor, width // factor, config), original=plan.original):
            return factor
    return 1


def _factor(side: int, target: int) -> int:
    """Return the largest whole part of a side that it can be shrunk by before the kernel: it has to divide it."""
    return max(factor for factor in range(1, max(1, int(side / (GAP * target))) + 1) if side % factor == 0)
