#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A point through a camera with the lens of Bundler, by its calibration alone and by the camera that has this calibration, in GTSAM.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check gtsam==4.3.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import gtsam
import numpy as np

ray, focal, k1, k2, centre = np.array([.3, -.2]), 500, .1, -.05, np.array([330, 250])
square = ray @ ray
formula = (centre + focal * (1 + k1 * square + k2 * square**2) * ray).round(3).tolist()
lens = gtsam.Cal3Bundler(focal, k1, k2, *centre)
whole = gtsam.PinholeCameraCal3Bundler(gtsam.Pose3(), lens).project(np.array([*ray, 1.])).round(3).tolist()
alone, back = lens.uncalibrate(ray).round(3).tolist(), lens.calibrate(np.array(formula)).round(4).tolist()
other = gtsam.Cal3DS2(focal, focal, 0, *centre, k1, k2).uncalibrate(ray).round(3).tolist()
print(f'gtsam {version("gtsam")}\n'
      f'guess: {formula} by the calibration, as by the camera, {whole}, and by Cal3DS2, {other}; and back {ray.tolist()}\n'
      f'seen:  {alone} by the calibration, and back {back}: without the lens, whose k1 it tells, {lens.k1()}')
held = formula == whole == other and alone == [480, 150] and back != ray.tolist() and lens.k1() == k1
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
