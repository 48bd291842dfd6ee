# SPDX-License-Identifier: Apache-2.0
"""A camera's focal length, as the images of a path tell it together.

Each answer of a network has one of its own, a tenth off and more, and of one camera they are off to the same side. How
corners move from image to image tells it better: where a camera turns they move by what the focal length says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ttt3r_ros.reconstruction.fields import LOGARITHMS, MOST_FRAMES, VARIANCES, Fields

# Of the logarithm that a network tells, standard deviation; the n'th of a path counts as one n'th of the first.
TOLD = 0.4
FIRST = 0.2  # the same of what a path begins with, and at most
WANDERING = 0.006  # of a lens from image to image, as it focuses; in rooms one that zooms by a third is followed in 40
OF_IMAGES = 0.06  # of what corners say by least squares is believed: they err together


@dataclass(frozen=True)
class FocalLength:
    """Its logarithm, of pixels of the network's image, with a variance; answers: of how many images."""

    logarithm: float
    variance: float = FIRST ** 2
    answers: int = 1

    @classmethod
    def told(cls, pixels: float) -> FocalLength | None:
        """Return what the first answer tells, None if it tells none (NaN)."""
        return cls(float(np.log(pixels))) if np.isfinite(pixels) else None

    @classmethod
    def read(cls, fields: Fields) -> FocalLength:
        """Return it of the fields of its JSON. Raises FieldError."""
        focal = cls(fields.number('logarithm', *LOGARITHMS), fields.number('variance', *VARIANCES),
                    fields.whole('answers', 1, MOST_FRAMES))
        fields.end()
        return focal

    @property
    def pixels(self) -> float:
        """The focal length in pixels of the network's image."""
        return float(np.exp(self.logarithm))

    @property
    def deviation(self) -> float:
        """The standard deviation of its logarithm: the part of it that it may be off by."""
        return float(np.sqrt(self.variance))

    def beside(self, pixels: float) -> FocalLength:
        """Return what is known after an image whose answer tells so many pixels, NaN: none."""
        variance, answers = min(self.variance + WANDERING ** 2, FIRST ** 2), self.answers + 1
        if not np.isfinite(pixels):
            return replace(self, variance=variance)
        gain = variance / (variance + TOLD ** 2 * answers)
        told = float(np.log(pixels))
        return FocalLength(self.logarithm + gain * (told - self.logarithm), variance * (1 - gain), answers)

    def through(self, longer: float, deviation: float) -> FocalLength:
        """Return it as of straighter images, in which its logarithm is so much more, known to a deviation."""
        variance = min(self.variance + deviation ** 2, FIRST ** 2)
        return replace(self, logarithm=self.logarithm + longer, variance=variance)

    def corrected(self, change: float, variance: float) -> FocalLength:
        """Return what is known if least squares, which began here, end with the logarithm changed and that variance.

        The same if they have found out nothing: a variance that is not less, or none.
        """
        if not 0 < variance < self.variance:
            return self
        whole = 1 - variance / self.variance
        gain = OF_IMAGES * whole / (1 - whole + OF_IMAGES * whole)
        return replace(self, logarithm=self.logarithm + change * gain / whole, variance=self.variance * (1 - gain))
