# SPDX-License-Identifier: Apache-2.0
"""Images of next to no contrast, as at dusk or in fog, or of one colour, given the light that the weights know.

A network that was trained on well lit pictures misjudges the metre in others: of rooms at a quarter of their light
steps were told wrongly by as much as they are long, in red light by two thirds of that. Stretched and balanced they are
told as in full daylight (weights/MODEL_CARD.md). What is judged elsewhere (sight.py, likeness.py) is the image as it
came.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Of 255: the deviation of the brightness below which an image is stretched (of training-like rooms 3 in 100 have less,
# of wide worlds 12); the mean that it is drawn to by then, which is theirs; and by how much it is stretched at most:
# beyond, noise is all that there is.
LEAST, MIDDLE, MOST = 20.0, 110.0, 8.0
# By how many times a colour may be brighter or darker than all three: of rooms none has 1.3, of wide worlds a tenth has
# more; and the least brightness, of 2, that is divided by.
CAST, DARK = 1.3, 1e-3
SPARSE = 4  # of so many rows and columns one tells the contrast, in a tenth of the time


def balanced(pixels: Tensor) -> Tensor:
    """Return images (B, 3, h, w) in [-1, 1] in none of which a colour's mean lies more than CAST beside that of all
    three; those in which it does not to the bit."""
    colours = pixels[..., ::SPARSE, ::SPARSE].mean(dim=(2, 3), keepdim=True) + 1
    share = (colours / colours.mean(dim=1, keepdim=True).clamp(min=DARK)).clamp(min=DARK)
    if pixels.device.type == 'cpu':
        least, most = torch.aminmax(share)
        if 1 / CAST <= least and most <= CAST:
            return pixels
    by = (share.clamp(1 / CAST, CAST) / share).clamp(max=MOST)
    return torch.where(by != 1, ((pixels + 1) * by - 1).clamp(max=1), pixels)


def stretched(pixels: Tensor) -> Tensor:
    """Return images (B, 3, h, w) in [-1, 1], those of less contrast than LEAST with so much; all others to the bit.

    The mean moves to MIDDLE by as much as the contrast grows, so that nothing jumps as the light changes.
    """
    brightness = pixels[..., ::SPARSE, ::SPARSE].mean(dim=1)
    deviation, mean = torch.std_mean(brightness, dim=(1, 2), keepdim=True, correction=0)
    deviation, mean = deviation[:, None], mean[:, None]
    if pixels.device.type == 'cpu' and bool((deviation >= LEAST / 127.5).all()):
        return pixels
    by = (LEAST / 127.5 / deviation).clamp(1, MOST)
    moved = mean + (MIDDLE / 127.5 - 1 - mean) * (1 - 1 / by)
    return torch.where(by > 1, ((pixels - mean) * by + moved).clamp(-1, 1), pixels)
