# SPDX-License-Identifier: Apache-2.0
"""Pillow's resizing on a device: a frame's largest part on the host, where a GPU does the rest.

First along the rows, then along the columns, by fixed-point weights, rounded to bytes after each. Both are products
with matrices, and these are exact in float32, whatever the order of the sums: each weight is the sum of two small whole
numbers, and no sum of their products with bytes has more than 24 bits. They have 11 bits at most, so that TF32, where
somebody has allowed it, changes nothing. (Where some 50 pixels and more count for one, a sum of more bits takes an
adversary, and is off by a few of its units, 4 millionths of a level.)
"""

from __future__ import annotations

import logging
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ttt3r_ros.reconstruction.preprocess import PixelMap, Side, columns_first
from ttt3r_ros.reconstruction.transfer import sent

log = logging.getLogger(__name__)

BITS = 22  # of Pillow's weights after the point
FINE_BITS = 12  # of these in the finer of the two matrices; 2**11 is the most in it
KEPT = 16  # matrices, two for each size of camera: 16 MB the largest of 4K
LANCZOS_REACH, CUBIC_REACH, CUBIC_A = 3, 2, -0.5


def pays(device: torch.device) -> bool:
    """Say whether a device resizes what it is to look at: a CPU does it in host_resize.py."""
    return device.type == 'cuda'


class Resized:
    """A model's image, uint8 (h, w, 3): `pixels` on the device, for the stream in use alone, and soon on the host."""

    def __init__(self, pixels: Tensor) -> None:
        """Begin to bring it to the host."""
        self.pixels = pixels
        self._host, self._arrival = pixels, None
        if pixels.is_cuda:
            self._host = torch.empty(pixels.shape, dtype=pixels.dtype, pin_memory=True).copy_(pixels, non_blocking=True)
            # Of the pixels' device, which need not be the current one.
            self._arrival = torch.cuda.current_stream(pixels.device).record_event()

    def on_host(self) -> np.ndarray:
        """Wait for it, and for nothing that was given to the device after it."""
        if self._arrival is not None:
            self._arrival.synchronize()
        return self._host.numpy().copy()  # who keeps it must keep no pinned memory


def resize(image: np.ndarray, pixel_map: PixelMap, device: torch.device) -> Resized:
    """Return what pixel_map.by_pillow makes of image, uint8 (H, W, 3), made on a device, without waiting for it.

    A device is asked once for each map whether it makes what Pillow makes; where it does not the host goes on, and with
    an image that is to be rid of a bend.
    """
    if not pixel_map.bend and _makes_the_same(pixel_map, device):
        return Resized(_resized(image, pixel_map, device))
    return Resized(sent(pixel_map.apply(image), device))


@lru_cache(maxsize=KEPT)
def _makes_the_same(pixel_map: PixelMap, device: torch.device) -> bool:
    noise = np.random.default_rng(0).integers(0, 256, (*pixel_map.original, 3), np.uint8)
    if columns_first(*((side.given, side.steps) for side in pixel_map.for_kernel(noise)[1:])):
        return False
    same = np.array_equal(_resized(noise, pixel_map, device).cpu().numpy(), pixel_map.by_pillow(noise))
    if not same:
        log.warning('%s resizes images otherwise than Pillow does: that stays on the host, which is slower', device)
    return same


@torch.inference_mode()
def _resized(image: np.ndarray, pixel_map: PixelMap, device: torch.device) -> Tensor:
    """Return the model's image, uint8 (h, w, 3), on the device."""
    given, rows, columns = pixel_map.for_kernel(image)
    down, along = (_matrix(side, pixel_map.shrinking, device) for side in (rows, columns))
    if device.type == 'cuda':
        for matrix in (down, along):  # made on another stream, perhaps, and dropped before this one is done with it
            matrix.record_stream(torch.cuda.current_stream(device))
    # (H, 3, W): then both are products of two whole matrices.
    pixels = sent(given, device).permute(0, 2, 1).to(torch.float32, memory_format=torch.contiguous_format)
    pixels = _bytes(pixels.flatten(0, 1) @ along.T, dim=1)  # (3·H, w)
    pixels = _bytes(down @ pixels.float().view(rows.given, -1), dim=0)  # (h, 3·w)
    pixels = pixels.view(rows.length, 3, columns.length).permute(0, 2, 1)
    return pixels.to(torch.uint8, memory_format=torch.contiguous_format)


def _bytes(sums: Tensor, dim: int) -> Tensor:
    """Return what coarse and fine sums, one after the other along dim, are together, rounded to bytes: int32."""
    coarse, fine = sums.int().chunk(2, dim)
    half = 1 << BITS - 1
    return torch.add(fine + half, coarse, alpha=1 << FINE_BITS).bitwise_right_shift(BITS).clamp(0, 255)


@lru_cache(maxsize=KEPT)
def _matrix(side: Side, lanczos: bool, device: torch.device) -> Tensor:
    """Return the weights of a side on a device: coarse ones and below them fine ones, float32 (2·length, given)."""
    whole = weights(side, lanczos)
    coarse = whole + (1 << FINE_BITS - 1) >> FINE_BITS
    both = np.concatenate((coarse, whole - (coarse << FINE_BITS))).astype(np.float32)
    # From memory that is not pinned, so this waits until it is there: any stream may read it from now on.
    return torch.from_numpy(both).to(device)


def weights(side: Side, lanczos: bool) -> np.ndarray:
    """Return by what each pixel of a side counts for each of the model's, in units of 2**-BITS: int64 (length, given).

    They are the kernel about where the model's pixel lies, stretched where it shrinks, and sum to 1 but for rounding.
    """
    begin, end = np.float32(side.begin), np.float32(side.end)  # as Pillow takes a box
    scale = float(end - begin) / side.steps
    middles = float(begin) + (side.first + np.arange(side.length) + 0.5) * scale
    away = np.abs(np.arange(side.given) + 0.5 - middles[:, None]) / max(1.0, scale)
    shares = _lanczos(away) if lanczos else _cubic(away)
    shares *= (1 << BITS) / shares.sum(axis=1, keepdims=True)
    return np.trunc(shares + np.copysign(0.5, shares)).astype(np.int64)


def _lanczos(away: np.ndarray) -> np.ndarray:
    return np.where(away < LANCZOS_REACH, np.sinc(away) * np.sinc(away / LANCZOS_REACH), 0)


def _cubic(away: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution."""
    a = CUBIC_A
    near = ((a + 2) * away - (a + 3)) * away**2 + 1
    far = (((away - 5) * away + 8) * away - 4) * a
    return np.where(away < 1, near, np.where(away < CUBIC_REACH, far, 0))
