# SPDX-License-Identifier: Apache-2.0
"""A lens that bends lines: how much, as images of a path tell it together, images without, and what it does to poses.

A network and steps take a camera for a pinhole. Of a webcam or an action camera it is none: corners that are followed
move otherwise, and turns, lengths and the focal length err by far more than the bend seems to be.

A bend b: what lies d half diagonals from the middle of an image would lie, through a lens of the same focal length that
bends nothing, at d (1 + b d²): farther out. A straight image is as large as the other and shows nothing that was not
seen, so that it is `drawn` out by a factor. Pixels are those of the network's image.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

import cv2
import numpy as np

from ttt3r_ros.reconstruction.fields import LOGARITHMS, VARIANCES, Fields
from ttt3r_ros.reconstruction.twist import at_end_of, lengthened

NEWTON = 8  # steps to where a bent lens shows a place; half as many leave 1e-9 of it, up to MOST
# Deviations: of bends, before any image; of one from image to image; and of what two images tell of it, at least and
# for each of the deviations that they tell, as they err together.
FIRST, WANDERING, LEAST, TOLD = 0.2, 0.002, 0.03, 2.9
# How large, and how many deviations, a bend has to be before images are rid of it; and how far beside what they are rid
# of from then on. Told of rooms without one is up to 0.02, of the real film 0.01; of a telephone that is carried about
# down to -0.2 for seconds on end. Lenses that bend the other way, by as much as would matter, are on no robot.
LEAST_BENT, CERTAIN, FOLLOWED = 0.03, 3.0, 0.01
NEWS = 0.05  # steps in which a bend is told
MOST = 1.0  # of a fisheye; beyond, a polynomial is not what it does


@dataclass(frozen=True)
class Bend:
    """What two images tell of it, with a deviation, infinite if nothing; longer: by how much more a logarithm of the
    focal length goes with each unit of it. step (6,): by how much the truth lies beyond the step between them for each:
    a shift, m, and a turn, rad, in the second camera's axes.
    """

    value: float
    deviation: float
    longer: float
    step: np.ndarray = field(default_factory=lambda: np.zeros(6))

    def scaled(self, scale: float) -> Bend:
        """Return it of a step of another unit, of which that one is so many."""
        return replace(self, step=lengthened(self.step, scale))


@dataclass(frozen=True)
class LensBending:
    """A camera's bend, with a variance; straightened: the one that images are rid of; longer: as Bend has it."""

    bend: float = 0.0
    variance: float = FIRST ** 2
    straightened: float = 0.0
    longer: float = 0.0

    @classmethod
    def read(cls, fields: Fields) -> LensBending:
        """Return it of the fields of its JSON. Raises FieldError."""
        bending = cls(fields.number('bend', *LOGARITHMS), fields.number('variance', *VARIANCES),
                      fields.number('straightened', 0.0, MOST), fields.number('longer', *LOGARITHMS))
        fields.end()
        return bending

    @property
    def deviation(self) -> float:
        """The standard deviation of the bend."""
        return self.variance ** 0.5

    def news(self, before: LensBending) -> str | None:
        """Return what is to be said of images that were rid of another bend before, None if nothing new."""
        if not self.straightened or round(self.straightened / NEWS) == round(before.straightened / NEWS):
            return None
        return (f'the lens bends lines, by {100 * self.straightened:.0f} % at the corners of images: they are '
                'straightened; a calibration is better (docs/run.md, "A lens that bends lines")')

    def beside(self, told: Bend | None) -> LensBending:
        """Return what is known after two images more, which tell so."""
        if told is None or np.isinf(told.deviation):
            return self
        variance = min(self.variance + WANDERING ** 2, FIRST ** 2)
        gain = variance / (variance + LEAST ** 2 + (TOLD * told.deviation) ** 2)
        known = replace(self, bend=self.bend + gain * (told.value - self.bend), variance=variance * (1 - gain),
                        longer=told.longer)
        straightened = min(max(known.bend, 0.0), MOST)
        beside = straightened - self.straightened
        if abs(beside) < (FOLLOWED if self.straightened else max(LEAST_BENT, CERTAIN * known.deviation)):
            return known
        # What was told through another bend was told beside the mark, as the focal length was that of both.
        return replace(known, straightened=straightened, variance=min(known.variance + beside ** 2, FIRST ** 2))


@dataclass(frozen=True)
class Bent:
    """By how much the truth lies beyond a path's pose, which was found through a lens that bends: a shift, m, and a
    turn, rad, in the camera's axes.

    each (6,): for each unit of the lens's bend; undone (6,): less that much, as images were rid of a bend.
    """

    each: np.ndarray = field(default_factory=lambda: np.zeros(6))
    undone: np.ndarray = field(default_factory=lambda: np.zeros(6))

    def after(self, step: np.ndarray, told: Bend | None = None, straightened: float = 0.0) -> Bent:
        """Return it after a step (4, 4), which images that were rid of a bend told so; None: it is the true one."""
        each, undone = at_end_of(step, np.stack((self.each, self.undone)))
        missed = np.zeros(6) if told is None else told.step
        return Bent(each + missed, undone + straightened * missed)

    def scaled(self, scale: float) -> Bent:
        """Return it of a path in which a metre is so many."""
        return Bent(lengthened(self.each, scale), lengthened(self.undone, scale))

    def beside(self, other: Bent) -> Bent:
        """Return by how much more than another."""
        return Bent(self.each - other.each, self.undone - other.undone)

    def doubt(self, bending: LensBending) -> np.ndarray:
        """Return two deviations (2, 6), by what is known of the lens: for its bend, and for how uncertain that is."""
        return np.stack((bending.bend * self.each - self.undone, bending.deviation * self.each))

    def of_another(self, bending: LensBending) -> Bent:
        """Return it where images of another lens begin, after one of which so much was known: the larger of both
        deviations, by as much as they are together."""
        both = self.doubt(bending)
        sizes = np.linalg.norm(both, axis=1)
        larger = int(np.argmax(sizes))
        return Bent(undone=-both[larger] * (np.linalg.norm(sizes) / sizes[larger] if sizes[larger] else 1.0))


def drawn(bend: float, size: tuple[int, int]) -> float:
    """Return by how many times a straight image (h, w) shows the middle smaller, and its focal length is shorter."""
    return 1 + bend * min(size) ** 2 / (size[0] ** 2 + size[1] ** 2)


def shown(places: np.ndarray, bend: float, size: tuple[int, int]) -> np.ndarray:
    """Return where a lens shows places (..., 2) of a straight image (h, w), both in half diagonals from the middle."""
    if not bend:
        return places
    wanted = drawn(bend, size) * np.sqrt((places * places).sum(axis=-1, keepdims=True))
    far = wanted
    for _ in range(NEWTON):
        far = far - (far + bend * far ** 3 - wanted) / (1 + 3 * bend * far ** 2)
    return drawn(bend, size) * places / (1 + bend * far * far)


def grown(places: np.ndarray, bend: float, size: tuple[int, int]) -> np.ndarray:
    """Return how places (..., 2) of a straight image (h, w), as it is drawn, move outwards with its bend."""
    seen = shown(places, bend, size)
    return seen * (seen * seen).sum(axis=-1, keepdims=True) / drawn(bend, size)


def straight(values: np.ndarray, bend: float, before: float = 0.0, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Return the values (h, w) or (h, w, n) of an image rid of a bend, if it was rid of another before."""
    if bend == before:
        return values
    return cv2.remap(values, *_places(bend, before, values.shape[:2]), interpolation, borderMode=cv2.BORDER_REPLICATE)


@lru_cache(maxsize=16)
def _places(bend: float, before: float, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return where each pixel (h, w) is taken from: x and y."""
    (height, width), half = size, np.hypot(*size) / 2
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    seen = shown((np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) - middle) / half, bend, size)
    there = seen * (1 + before * (seen * seen).sum(axis=-1, keepdims=True)) / drawn(before, size)
    x, y = np.moveaxis((there * half + middle).astype(np.float32), -1, 0)
    return x, y
