# SPDX-License-Identifier: Apache-2.0
"""TUM RGB-D: rgb.txt, depth.txt, groundtruth.txt, matched by time."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.sequence import SequenceError
from ttt3r_ros.sequences.stamps import LAST, unit_of
from ttt3r_ros.sequences.trajectory import read_tum, text_lines

from .contract import Dataset
from .reading import camera, depth_image, listed_file

LIST, DEPTH_LIST, TRUTH = 'rgb.txt', 'depth.txt', 'groundtruth.txt'
DEPTH_UNITS = 5000.0  # to the metre; 0: none
ASSOCIATED = 20_000_000  # ns between a depth image and the colour image that it belongs to, at most
SIZE = (640, 480)
# As published: fx fy cx cy, and k1 k2 p1 p2 k3 of each of the three cameras.
CAMERAS = {'1': ((517.3, 516.5, 318.6, 255.3), (0.2624, -0.9531, -0.0054, 0.0026, 1.1633)),
           '2': ((520.9, 521.0, 325.1, 249.7), (0.2312, -0.7849, -0.0033, -0.0001, 0.9172)),
           '3': ((535.4, 539.2, 320.1, 247.6), None)}


class Tum(Dataset):
    """A folder with `rgb.txt`: times in seconds and file names."""

    form = 'TUM RGB-D'
    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        self._depths = sorted(_listed(root / DEPTH_LIST)) if (root / DEPTH_LIST).is_file() else []
        others = [f'{len(self._depths)} depth images'] if self._depths else []
        self._take(root.resolve().name, self.form, _listed(root / LIST), f'those of {LIST}', rate, others)
        kinect = re.search(r'freiburg([123])|fr([123])(?=[/_])', self.name)
        if kinect and self.contents.size == SIZE:
            values, distortion = CAMERAS[kinect[1] or kinect[2]]
            self.intrinsics = camera(*values)
            self.distortion = None if distortion is None else np.array(distortion)
        if (root / TRUTH).is_file():
            try:
                self._take_truth(read_tum(root / TRUTH, drop=True))
            except (ValueError, OSError) as error:
                raise SequenceError(f'{error}; correct the file or remove it') from error

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it holds `rgb.txt`."""
        return path if (path / LIST).is_file() else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth nearest in time to an image, float32 (h, w) metres, NaN where there is none."""
        if not self._depths:
            return None
        stamp, file = min(self._depths, key=lambda listed: abs(listed[0] - self._stamps[index]))
        if abs(stamp - self._stamps[index]) > ASSOCIATED:
            return None
        return depth_image(file, DEPTH_UNITS)


def _listed(path: Path) -> list[tuple[int, Path]]:
    """Return (stamp in nanoseconds, file) for each line of a list."""
    try:
        lines = text_lines(path)
    except (ValueError, OSError) as error:
        raise SequenceError(f'{error}; correct the file') from error
    listed = []
    for number, line in enumerate(lines, 1):
        fields = line.split('#')[0].split(maxsplit=1)
        if not fields:
            continue
        try:
            time, file = Decimal(fields[0]), listed_file(path.parent, fields[1].strip())
            if not 0 <= time < LAST:
                raise ValueError
            listed.append((time, file))
        except (InvalidOperation, IndexError, ValueError) as error:
            raise SequenceError(f'{path}, line {number}: "{line.strip()[:80]}" is not "seconds file"; '
                                'correct it') from error
    if not listed:
        raise SequenceError(f'{path} lists no image; write a line "seconds file" for each')
    scale, _ = unit_of(max(time for time, _ in listed))
    return [(int((time * scale).to_integral_value()), file) for time, file in listed]
