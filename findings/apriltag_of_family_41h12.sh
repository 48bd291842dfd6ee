#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How large an AprilTag is: the edge of what is printed, or of something in it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pupil-apriltags==1.0.4.post11 moms-apriltag==2023.1.15 numpy==2.4.6
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import moms_apriltag
import numpy as np
from pupil_apriltags import Detector

FOCAL, MODULE = 500.0, 20  # pixels; each of a tag's modules is so wide


def looked_at(family, generator):
    """Return how many modules wide the print and the corners are, and how far it seems to be, being at 1 m."""
    printed = generator(family).generate(0)
    edge = len(printed) * MODULE
    image = np.full((480, 640), 255, np.uint8)
    image[240 - edge // 2:240 + edge // 2, 320 - edge // 2:320 + edge // 2] = np.kron(printed, np.ones((MODULE, MODULE)))
    tag, = Detector(families=family).detect(image, estimate_tag_pose=True, tag_size=edge / FOCAL,
                                            camera_params=(FOCAL, FOCAL, 319.5, 239.5))
    return len(printed), round(float(np.ptp(tag.corners[:, 0])) / MODULE), round(float(tag.pose_t[2, 0]), 2)


found = {'tag36h11': looked_at('tag36h11', moms_apriltag.TagGenerator2),
         'tagStandard41h12': looked_at('tagStandard41h12', moms_apriltag.TagGenerator3),
         'tagCustom48h12': looked_at('tagCustom48h12', moms_apriltag.TagGenerator3)}
print(f'pupil-apriltags {version("pupil-apriltags")}, moms-apriltag {version("moms-apriltag")}\n'
      "guess: tag_size is the print's edge: at 1 m every tag is at 1 m\nseen:  "
      + '; '.join(f'{name}, {printed} modules wide, has its corners {corners} apart and stands at {away} m'
                  for name, (printed, corners, away) in found.items()))
held = found == {'tag36h11': (8, 8, 1.0), 'tagStandard41h12': (9, 5, 1.8), 'tagCustom48h12': (10, 6, 1.67)}
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
