# SPDX-License-Identifier: Apache-2.0
"""What every data set offers."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence as List
from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.folder import ImageFiles
from ttt3r_ros.sequences.picture_files import read_image
from ttt3r_ros.sequences.sequence import Contents, SequenceError, mean_rate
from ttt3r_ros.sequences.trajectory import Trajectory

_log = logging.getLogger(__name__)


class Dataset(ImageFiles):
    """A recording in a known layout: images with stamps, truth with its own, depth, intrinsics.

    The truth is interpolated to the images' times; images in its gaps have none (`Trajectory.at`), and how many poses
    were not finite is in `truth.dropped`. `true_poses` are those of the recording, at their own times.

    depth_registered  whether depth lies on the colour image's pixels; other depth must not be compared with ours
    metric            whether the truth is in metres
    remarks           what is to be known of truth and depth when numbers are read, a phrase each
    """

    depth_registered: bool = False
    metric: bool = True
    true_poses: Trajectory | None = None
    remarks: tuple[str, ...] = ()

    @classmethod
    @abstractmethod
    def root(cls, path: Path) -> Path | None:
        """Return the folder to give to the class if `path` is a recording of this layout; None if it is not."""

    @property
    def stamps(self) -> List[int]:
        """The images' times, nanoseconds, increasing."""
        return self._stamps

    @property
    def files(self) -> List[Path]:
        """The images' files, in the order of their times."""
        return self._files

    def image(self, index: int) -> np.ndarray:
        """Return the image `index`, uint8 (h, w, 3) RGB, upright. Raises SequenceError."""
        return read_image(self._files[index])

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth at the image `index`, float32 (h, w) metres, NaN where there is none; None without depth."""
        return None

    def intrinsics_of(self, index: int) -> np.ndarray | None:
        """Return the intrinsics (3, 3) of the image `index`: those of all, unless the data set has others."""
        return self.intrinsics

    def _take(self, name: str, reader: str, listed: list[tuple[int, Path]], stamps: str, rate: float | None,
              others: list[str]) -> None:
        """Take the images (stamp in nanoseconds, file): in order of their times, without those that are not there."""
        there = [(stamp, file) for stamp, file in sorted(listed) if file.is_file()]
        if len(there) < len(listed):
            others = [*others, f'{len(listed) - len(there)} images that are listed and not there']
        single = dict(there)
        if len(single) < len(there):
            others = [*others, f'{len(there) - len(single)} images with the time of another']
        if not single:
            raise SequenceError(f'{name}: none of its {len(listed)} images is there; copy them beside their list')
        self.name, self.count = name, len(single)
        self._stamps, self._files = list(single), list(single.values())
        self.rate = rate or mean_rate(self._stamps)
        self.contents = Contents(reader, f'{self._files[0].parent}', stamps, self._first_size(), others)

    def _take_truth(self, truth: Trajectory) -> None:
        """Interpolate the truth to the images' times; poses in an order that is none of time raise SequenceError.

        Of poses with one time, as TUM's freiburg2_desk has, the first counts.
        """
        steps = np.diff(truth.stamps)
        if (steps < 0).any():
            raise SequenceError(f'{self.name}: the stamps of its truth do not increase; sort the file')
        if not steps.all():
            _log.warning('%s: %d true poses have the time of the one before', self.name, int((steps == 0).sum()))
            first = np.append(True, steps > 0)
            truth = Trajectory(truth.stamps[first], truth.poses[first], truth.dropped)
        self.true_poses = truth
        # A pose at each image's own time is its own; between frames with none, nothing is to be made up.
        own = np.isin(truth.stamps, self._stamps).all()
        self.truth = truth if own else truth.at(self._stamps)
        if truth.dropped or len(self.truth) < self.count:
            _log.warning('%s: %d of %d images have a true pose; %d poses were not finite', self.name, len(self.truth),
                         self.count, truth.dropped)
