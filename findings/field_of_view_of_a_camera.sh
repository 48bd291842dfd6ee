#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera of which the picture's size and the horizontal field of view are known, 60 degrees, as a data sheet tells them. The angle
# is passed over, and the camera sees 10 degrees: what it sees on the ground lies six times too near the middle.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cameratransform==1.2 numpy==1.26.4
cd "$work"
MPLBACKEND=Agg "$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import cameratransform
import numpy as np

ANGLE, IMAGE, HEIGHT = 60, (640, 480), 10.0


def seen_by(**given):
    """Return the focal length in pixels, and how far aside, on the ground 10 m below, the middle of the right edge lies."""
    camera = cameratransform.Camera(cameratransform.RectilinearProjection(image=IMAGE, **given),
                                    cameratransform.SpatialOrientation(elevation_m=HEIGHT, tilt_deg=0))
    focal = float(camera.focallength_x_px)
    return round(focal), round(float(camera.spaceFromImage(np.array([IMAGE[0], IMAGE[1] / 2]))[0]), 1)


true = IMAGE[0] / 2 / np.tan(np.radians(ANGLE / 2))
seen = {'its angle': seen_by(view_x_deg=ANGLE), 'both angles': seen_by(view_x_deg=ANGLE, view_y_deg=46.8),
        'its angle and the size of its sensor': seen_by(view_x_deg=ANGLE, sensor=(17.3, 12.975)),
        'its focal length': seen_by(focallength_px=true)}
print(f'cameratransform {version("cameratransform")}\n'
      f'guess: {true:.0f} pixels, and {HEIGHT * np.tan(np.radians(ANGLE / 2)):.1f} m aside, of each\n'
      + 'seen:  ' + '; '.join(f'of {name} {focal} pixels, {aside} m' for name, (focal, aside) in seen.items()))
alone, both, sensor, focal = seen.values()
held = alone == both == (3600, 0.9) and sensor == focal == (554, 5.8)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
