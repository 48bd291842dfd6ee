# SPDX-License-Identifier: Apache-2.0
"""An image by itself: can anything be seen in it?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ttt3r_ros.reconstruction.likeness import brightness

LEAST_SPREAD = 12.0  # of 255, between the 5th and 95th percentile of brightness: less is a picture of nothing
BLACK, SATURATED = 40.0, 215.0  # the middle of such a picture's brightness, which names it
ONE_TONE = 0.7  # of the pixels within a level of one brightness: a screen with a text on it; real film has 0.2 at most


@dataclass(frozen=True)
class Sight:
    """An image by itself: fault, why nothing can be seen in it, or None; repeats: images running that are the same to
    the bit, this one counted; sharpness: mean difference of neighbouring pixels; detail: that over what is usual; grey:
    its brightness (likeness.brightness)."""

    fault: str | None
    repeats: int
    sharpness: float
    detail: float
    grey: np.ndarray


def picture_of_nothing(image: np.ndarray, grey: np.ndarray | None = None) -> str | None:
    """Return why nothing can be seen in an image, uint8 (h, w, 3), whatever was seen before; None if something can.

    grey: its `brightness`, where that is known.
    """
    ordered = np.sort(brightness(image) if grey is None else grey, axis=None)  # percentiles take five times as long
    low, middle, high = ordered[[len(ordered) * part // 100 for part in (5, 50, 95)]]
    if high - low < LEAST_SPREAD:
        kind = 'black' if middle < BLACK else 'saturated' if middle > SATURATED else 'blank'
        return f'the image is {kind}: nine tenths of it lie within {high - low:.0f} of 255 levels'
    levels = cv2.calcHist([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)], [0], None, [256], [0, 256]).ravel()
    alike = np.convolve(levels, np.ones(3), 'same').max() / levels.sum()
    if alike > ONE_TONE:
        return f'{alike:.0%} of the image are of one brightness: is it a screen with a text, such as "no signal"?'
    return None
