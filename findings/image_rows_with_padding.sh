#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An Image whose rows are padded to 16 bytes (step > width): each row is sheared further.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 rosbags==0.11.9 rosbags-image==0.10.4 opencv-python-headless==4.14.0.94
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from rosbags.image import message_to_cvimage
from rosbags.typesys import Stores, get_typestore

types = get_typestore(Stores.ROS2_JAZZY).types
header = types['std_msgs/msg/Header'](types['builtin_interfaces/msg/Time'](0, 0), 'camera')
pixels = np.arange(1, 25, dtype=np.uint8).reshape(2, 4, 3)
rows = np.zeros((2, 16), np.uint8)
rows[:, :12] = pixels.reshape(2, 12)
message = types['sensor_msgs/msg/Image'](header, 2, 4, 'bgr8', 0, 16, rows.ravel())
read = message_to_cvimage(message, 'bgr8')
versions = f'rosbags-image {version("rosbags-image")}, rosbags {version("rosbags")}'
guess = f'rows start every `step` bytes: {pixels.reshape(2, 12).tolist()}'
seen = f'{read.reshape(2, 12).tolist()}'
held = np.array_equal(read.ravel(), rows.ravel()[:24])
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
