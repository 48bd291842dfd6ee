# SPDX-License-Identifier: Apache-2.0
"""Corners of images that a lens leaves dark: how dark, as the images of a path tell it together, and images without.

What is followed from the middle of an image to its corner is darker there by as much as the lens is. A network that was
trained on pictures of no such lens misjudges the metre and turns (weights/MODEL_CARD.md).

A falloff is the logarithm of how many times darker the corners are than the middle. It grows with the square of the
distance from there. Pixels are those of the network's image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

from ttt3r_ros.reconstruction.fields import LOGARITHMS, VARIANCES, Fields

WINDOW = 11, 11  # pixels round a place, by which it is found and which tell how bright it is there
KNOWN, FEWEST = (12.0, 240.0), 12  # of 255: beyond is what is black, and too bright; of places that tell a falloff
TAILS, ROUNDS, SURE = 1.0, 4, 0.02  # of Student's t, as corners have them; of weighing anew; a deviation, at least
# Deviations: of falloffs, before any image; of one from image to image; and of what two images tell of it, at least and
# for each of the deviations that they tell. Told of rooms without such a lens is 0.01, of wide worlds up to 0.06; of a
# telephone, which lights shadows as it sees fit, anything from -0.1 to 0.4 for seconds on end.
FIRST, WANDERING, LEAST, TOLD = 0.3, 0.003, 0.2, 3.0
# By how much, and how many deviations, a falloff has to lie beside the one that images are rid of: then it takes its
# place. Less does no harm, and a memory knows what it saw, so that this is not done for every image. The most: of a
# fifth of the light.
BESIDE, CERTAIN, MOST = 0.3, 4.0, 1.5


@dataclass(frozen=True)
class Falloff:
    """What two images tell of it, and its deviation."""

    value: float
    deviation: float

    @classmethod
    def between(cls, image: np.ndarray, places: np.ndarray, other: np.ndarray, found: np.ndarray) -> Falloff | None:
        """Return what places (n, 2) of an image, uint8 (h, w, 3), tell that were found (n, 2) in another.

        Exposure is the same for all of them, so that it is found on the way. None where too few tell it.
        """
        dark, far = zip(_round(image, places), _round(other, found), strict=True)
        known = np.logical_and.reduce([(KNOWN[0] < one) & (one < KNOWN[1]) for one in dark])
        if np.count_nonzero(known) < FEWEST:
            return None
        darker, farther = np.log(dark[0] / dark[1])[known], (far[1] - far[0])[known]
        weight, middle = np.ones(len(darker)), len(darker) // 2
        for _ in range(ROUNDS):
            share = weight / weight.sum()
            apart, error = farther - share @ farther, darker - share @ darker
            spread = float(weight @ (apart * apart))
            if not spread > 0:
                return None
            value = float(weight @ (apart * error)) / spread
            error -= value * apart
            deviation = max(SURE, 1.48 * float(np.partition(np.abs(error), middle)[middle]))
            weight = (TAILS + 1) / (TAILS + (error / deviation) ** 2)
        return cls(value, deviation / spread ** 0.5)


@dataclass(frozen=True)
class LensShading:
    """A camera's falloff, with a variance; evened: the one that the network's images are rid of."""

    falloff: float = 0.0
    variance: float = FIRST ** 2
    evened: float = 0.0

    @classmethod
    def read(cls, fields: Fields) -> LensShading:
        """Return it of the fields of its JSON. Raises FieldError."""
        shading = cls(fields.number('falloff', *LOGARITHMS), fields.number('variance', *VARIANCES),
                      fields.number('evened', 0.0, MOST))
        fields.end()
        return shading

    def news(self, before: LensShading) -> str | None:
        """Return what is to be said of images that were rid of another falloff before, None if nothing."""
        if self.evened in (0, before.evened):
            return None
        return (f'the lens leaves the corners of images {100 * np.exp(-self.evened):.0f} % of the light of the middle: '
                'the network sees them evened out')

    def beside(self, told: Falloff | None) -> LensShading:
        """Return what is known after two images more, which tell so."""
        if told is None:
            return self
        variance = min(self.variance + WANDERING ** 2, FIRST ** 2)
        gain = variance / (variance + LEAST ** 2 + (TOLD * told.deviation) ** 2)
        known = replace(self, falloff=self.falloff + gain * (told.value - self.falloff), variance=variance * (1 - gain))
        beside = abs(known.falloff - known.evened)
        if beside < max(BESIDE, CERTAIN * known.variance ** 0.5):
            return known
        return replace(known, evened=min(max(known.falloff, 0.0), MOST))


def without(falloffs: Sequence[float], pixels: Tensor) -> Tensor:
    """Return images (B, 3, h, w) in [-1, 1] as lenses without their falloffs give them; of none, 0, to the bit."""
    if not any(falloffs):
        return pixels
    brighter = torch.stack([_brighter(falloff, *pixels.shape[2:], pixels.device) for falloff in falloffs])[:, None]
    return torch.where(brighter > 1, ((pixels + 1) * brighter - 1).clamp(max=1), pixels)


@lru_cache(maxsize=16)
def _brighter(falloff: float, height: int, width: int, device: torch.device) -> Tensor:
    """Return by how many times each pixel (h, w) is too dark."""
    down, right = np.mgrid[:height, :width]
    return torch.from_numpy(np.exp(falloff * _far(right, down, height, width)).astype(np.float32)).to(device)


def _far(x: np.ndarray, y: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the squares of distances from the middle of an image, of which that of a corner is 1."""
    return ((x - (width - 1) / 2) ** 2 + (y - (height - 1) / 2) ** 2) / ((width / 2) ** 2 + (height / 2) ** 2)


def _round(image: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how bright an image is round the pixels nearest to places (n, 2), and how far out these are."""
    around = cv2.blur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), WINDOW)
    height, width = around.shape
    x, y = np.rint(places).T.clip(0, ((width - 1,), (height - 1,))).astype(int)
    return around[y, x], _far(x, y, height, width)
