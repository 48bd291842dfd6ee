#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A motion in BVH of a body that looks backwards, 179 degrees in one frame and -179 in the next, or 170 and 190, and the mean of its poses.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check bvhtools==1.6.0 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

from bvhTools.bvhIO import readBvh
from bvhTools.bvhMetrics import getAvgPose
from scipy.spatial.transform import Rotation

BODY = '''HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  End Site
  {
    OFFSET 0 1 0
  }
}
MOTION
Frames: %d
Frame Time: 0.01
%s
'''


def mean(*headings):
    """Return how far the body of the mean pose, and SciPy's mean, look from straight back, in degrees."""
    Path('body.bvh').write_text(BODY % (len(headings), '\n'.join(f'0 0 0 0 0 {heading}' for heading in headings)))
    turns = [Rotation.from_euler('ZXY', getAvgPose(readBvh('body.bvh')).motion.frames[0][3:6], degrees=True),
             Rotation.from_euler('Y', [[heading] for heading in headings], degrees=True).mean()]
    return [round(float((Rotation.from_euler('Y', 180, degrees=True).inv() * turn).magnitude() * 57.29578), 1) + 0 for turn in turns]


two, plain, five = mean(179, -179), mean(170, 175), mean(179, -179, -178, -178, -179)
print(f'bvhtools {version("bvhtools")}\n'
      f'guess: the mean of 179 and -179 degrees looks {two[1]} degrees from straight back, as in SciPy, as that of 170 and 175 looks {plain[1]}\n'
      f'seen:  {two[0]}, to the front, and {plain[0]}; five frames from 179 to -178 look {five[0]} from it, for {five[1]}: of the quaternions each is\n'
      '       turned to the sign of the one before, but the second is not turned to that of the first')
sys.exit(0 if (two, plain) == ([180, 0], [7.5, 7.5]) and five[1] < 2 and five[0] != five[1] else 'The behaviour has changed.')
PYTHON
