# SPDX-License-Identifier: Apache-2.0
"""ICL-NUIM in TUM's form: associations.txt by frame number, poses of a camera whose y points up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.sequence import SequenceError, even_stamps

from .contract import Dataset
from .reading import camera, depth_image, lines, numbers, quaternion_poses, trajectory

LIST, TRUTH = 'associations.txt', '*.gt.freiburg'
RATE = 30.0
DEPTH_UNITS = 5000.0
FLIP = np.diag((1.0, -1.0, 1.0, 1.0))


class IclNuim(Dataset):
    """A walk through a rendered room. Images and poses belong together by their number; fy is −480 as published, so the
    world is mirrored: here it is turned back, with optical axes."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        rows = [row for row in (_row(root / LIST, n, line) for n, line in enumerate(lines(root / LIST), 1)) if row]
        if not rows:
            raise SequenceError(f'{root / LIST} lists no image; write a line "number depth number rgb" for each')
        stamps = dict(zip((number for number, _, _ in rows), even_stamps(len(rows), rate or RATE)))
        self._depths = {stamps[number]: root / depth for number, depth, _ in rows}
        self._take(root.resolve().name, 'ICL-NUIM', [(stamps[number], root / colour) for number, _, colour in rows],
                   f'made from the frame numbers, {rate or RATE:g} a second', rate or RATE, [])
        self.stamps_made = True
        self.intrinsics = camera(481.2, 480.0, 319.5, 239.5)
        truth = next(iter(sorted(root.glob(TRUTH))), None)
        if truth is not None:
            found = numbers(truth, 8)
            if not np.isfinite([row[0] for row in found]).all():
                raise SequenceError(f'{truth} holds what is no frame\'s number; correct it')
            poses = dict(zip((int(row[0]) for row in found), quaternion_poses(row[1:] for row in found)))
            kept = [(stamps[number], FLIP @ pose @ FLIP) for number, pose in poses.items() if number in stamps]
            self._take_truth(trajectory((stamp for stamp, _ in kept), (pose for _, pose in kept)))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it has associations and no list of TUM's."""
        return path if (path / LIST).is_file() and not (path / 'rgb.txt').is_file() else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) metres, NaN where there is none."""
        file = self._depths[self._stamps[index]]
        return depth_image(file, DEPTH_UNITS) if file.is_file() else None


def _row(path: Path, number: int, line: str) -> tuple[int, str, str] | None:
    """Return (frame number, depth file, colour file) of a line; None of an empty one."""
    fields = line.split('#')[0].split()
    if not fields:
        return None
    if len(fields) != 4 or not fields[0].isdecimal() or fields[0] != fields[2]:
        raise SequenceError(f'{path}, line {number}: "{line.strip()[:80]}" is not "number file number file"; '
                            'correct it')
    depth, colour = (fields[1], fields[3]) if 'depth' in fields[1] else (fields[3], fields[1])
    return int(fields[0]), depth, colour
