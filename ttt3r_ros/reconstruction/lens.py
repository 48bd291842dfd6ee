# SPDX-License-Identifier: Apache-2.0
"""A camera's lens, as the images of a path tell it together: its focal length, its dark corners, how it bends lines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ttt3r_ros.reconstruction.eye import Undone
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.lens_bending import LensBending, drawn
from ttt3r_ros.reconstruction.lens_shading import LensShading
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.step_refinement import RefinedStep

TWICE = 10.0  # times a variance: of a bend that 60 images told and tell again, it ends within a tenth of what it was


@dataclass(frozen=True)
class Lens:
    """What is known of it; focal: None where nobody asks.

    It is that of images of one view: size (h, w) of the network's image, None before the first; cut: what part of the
    camera's view it is (PixelMap.cut), None where that is not known.
    """

    focal: FocalLength | None = None
    shading: LensShading = field(default_factory=LensShading)
    bending: LensBending = field(default_factory=LensBending)
    size: tuple[int, int] | None = None
    cut: tuple[int, ...] | None = None

    def shows(self, pixel_map: PixelMap) -> bool:
        """Say whether an image shows the same part of the camera's view as the last one, if there was one."""
        return self.size in (None, pixel_map.size) and self.cut in (None, pixel_map.cut)

    def focal_of(self, pixel_map: PixelMap) -> FocalLength | None:
        """Return what is known of an image's focal length: nothing where it shows another part of the view."""
        return self.focal if self.shows(pixel_map) else None

    def undone_of(self, pixel_map: PixelMap) -> Undone:
        """Return of what an image has to be rid before the network sees it."""
        return self.undone if self.shows(pixel_map) else Undone()

    @property
    def undone(self) -> Undone:
        """Of what images are rid before the network sees them."""
        return Undone(self.shading.evened, self.bending.straightened)

    def unknown(self) -> Lens:
        """Return another one, of which nothing is known."""
        return Lens(size=self.size, cut=self.cut)

    def told_again(self) -> Lens:
        """Return it where the images that told it will be taken again: by then it is as sure as if they had told it
        once."""
        less = {name: replace(known, variance=TWICE * known.variance) for name, known in (
            ('focal', self.focal), ('shading', self.shading), ('bending', self.bending)) if known is not None}
        return replace(self, **less)

    def told(self, pixels: float) -> Lens:
        """Return what is known after an image whose answer tells a focal length, NaN: none."""
        return replace(self, focal=FocalLength.told(pixels) if self.focal is None else self.focal.beside(pixels))

    def found(self, step: RefinedStep) -> Lens:
        """Return what is known after a long step, of which its images tell all three."""
        return replace(self, focal=step.focal, shading=self.shading.beside(step.falloff),
                       bending=self.bending.beside(step.bend))

    def at(self, pixel_map: PixelMap) -> Lens:
        """Return what is known of images to come after one that was straightened by what was known before it."""
        there = replace(self, size=pixel_map.size, cut=pixel_map.cut)
        before, now = pixel_map.bend, self.bending.straightened
        if self.focal is None or now == before:
            return there
        longer = self.bending.longer * (now - before) + np.log(drawn(before, there.size) / drawn(now, there.size))
        return replace(there, focal=self.focal.through(longer, abs(now - before)))

    def news(self, before: Lens) -> list[str]:
        """Return what is to be said of images that were rid of less before."""
        return [news for news in (self.shading.news(before.shading), self.bending.news(before.bending)) if news]
