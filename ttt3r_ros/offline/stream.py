# SPDX-License-Identifier: Apache-2.0
"""A source's frames, answered one after the other by the one loop."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.model.thread_watch import ThreadWatch
from ttt3r_ros.offline.lens_ahead import find_lens
from ttt3r_ros.offline.read_ahead import read_ahead
from ttt3r_ros.offline.selection import Selection
from ttt3r_ros.offline.shapes import Shapes
from ttt3r_ros.reconstruction.black_bars import BlackBars
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.repeats import Repeats
from ttt3r_ros.sequences.sequence import Image, Sequence

_log = logging.getLogger(__name__)


class StreamError(ValueError):
    """A run that cannot be; the message names the remedy."""


@dataclass(frozen=True)
class StampedFrame(Frame):
    """A Frame, and where it is from: its stamp in nanoseconds, its position in the source, 0 for the first, and its
    number among those taken. step_s: seconds that `Reconstructor.step` took."""

    stamp: int = 0
    position: int = 0
    number: int = 0
    step_s: float = 0.0

    @property
    def tracked(self) -> bool:
        """Whether the pose is to be trusted: it was judged so, or nobody judges."""
        return self.tracking is None or self.tracking.trusted

    @property
    def world_points(self) -> np.ndarray:
        """The points (h, w, 3) float64 in the path's world."""
        return self.points.astype(np.float64) @ self.pose[:3, :3].T + self.pose[:3, 3]


class Stream:
    """A source, a selection of its frames and what answers them; iterate it for StampedFrames.

    Each iteration reads the source from its beginning; the reconstructor's memory goes on.

    sequence       the source, with its truth, intrinsics and `describe`
    reconstructor  the one loop, with `query`, `snapshot` and the like
    first          the number of the first frame taken: of a part of a run it is not 0
    skipping       whether what lies before them is not decoded where that can be helped, see Selection.take
    unanswered     frames of the present or last iteration whose prediction was not finite: they are left out
    """

    def __init__(self, sequence: Sequence, reconstructor: Reconstructor, selection: Selection = Selection(),
                 first: int = 0, skipping: bool = False) -> None:
        """Take what is to be run; nothing is read yet."""
        self.sequence, self.reconstructor, self.selection, self.first = sequence, reconstructor, selection, first
        self.skipping, self.unanswered, self._lens_sought = skipping, 0, False

    def __len__(self) -> int:
        """Return how many frames are taken. Raises TypeError where only reading tells."""
        count = self.selection.count(self.sequence)
        if count is None:
            raise TypeError(f'how many frames of {self.sequence.name} are taken is known only when it has been read')
        return count

    def find_lens(self) -> None:
        """Find out about the lens by the first images, see lens_ahead; whoever iterates does it, if it is not done.

        Not of a camera, nor where an image has been answered. Raises SequenceError.
        """
        if not (self._lens_sought or self.sequence.live or self.reconstructor.last_image is not None):
            with contextlib.closing(self._images()) as images:
                find_lens(self.reconstructor, (image.rgb for _, image in images))
        self._lens_sought = True

    def __iter__(self) -> Iterator[StampedFrame]:
        """Yield the frames. Raises SequenceError, also where no image has a shape that the network takes."""
        return self.after(self.first)

    def after(self, number: int) -> Iterator[StampedFrame]:
        """Yield the frames from a number on; those before it are read and not answered."""
        self.unanswered = 0
        timed = not self.sequence.stamps_made
        self.find_lens()
        threads, bars, repeats, shapes = None, BlackBars(), Repeats(), Shapes()
        for taken, (position, image) in enumerate(self._images(), self.first):
            if taken < number:
                continue
            begun = time.perf_counter()
            try:
                frame = self.reconstructor.step(image.rgb, stamp=image.stamp if timed else None)
            except NonFinitePrediction:
                self.unanswered += 1
                continue
            took = time.perf_counter() - begun
            picture = bars.look(frame.image, frame.pixel_map)
            if picture is not None:
                _log.warning('%s: %s, of a film by "ffmpeg -i IN -vf crop=iw*%.3f:ih*%.3f:iw*%.3f:ih*%.3f OUT"',
                             self.sequence.name, picture, picture.width, picture.height, picture.x, picture.y)
            size = frame.pixel_map.original
            before = shapes.look(size)
            if before is not None:
                _log.warning('%s: image %d is %d×%d pixels, those before it %d×%d: a path is of one camera, held one '
                             'way; give upright and lying images in a folder each', self.sequence.name, taken,
                             *size[::-1], *before[::-1])
            times = repeats.look(frame.image)
            if times is not None:
                _log.warning('%s: each image stands in it %d times: take one of them by "--every %d", as resets count '
                             'images, and come too soon', self.sequence.name, times, times * self.selection.every)
            if self.sequence.live:  # the first step has limited them
                threads = threads or ThreadWatch(torch.get_num_threads())
                threads.took(took)
            yield StampedFrame(**vars(frame), stamp=image.stamp, position=position, number=taken, step_s=took)

    def _images(self) -> Iterator[tuple[int, Image]]:
        images = self.selection.take(self.sequence, skipping=self.skipping, require=self.reconstructor.require_shape)
        return images if self.sequence.live else read_ahead(images)  # of a camera the newest counts, and none waits
