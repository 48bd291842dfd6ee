#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Packets of a YDLIDAR X4: a wall 4 m away, and one sample of a post at 0.3 m. The lens lies beside the laser, so that each sample's angle
# is put right by its own distance.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pylidar3==1.6 lds2d==0.7.0 pyserial==3.5
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import functools
import itertools
import struct
import sys
from importlib.metadata import version

import lds2d
import PyLidar3

POST, SAMPLES = 20, [4 * 4000] * 40
SAMPLES[POST] = 4 * 300
FIRST, LAST = ((degrees * 64 << 1) | 1 for degrees in (90, 129))  # a sample each degree
words = [0x55AA, 40 << 8, FIRST, LAST, *SAMPLES]
check = functools.reduce(lambda one, other: one ^ other, words)
packet = struct.pack('<HBBHHH40H', 0x55AA, 0, 40, FIRST, LAST, check, *SAMPLES)


class Port:
    """A serial port with the lidar behind it."""

    def __init__(self, *_):
        self.asked = b''

    def write(self, data):
        self.asked = data

    def read(self, size):
        return {10: bytes(10), 7: bytes(7)}.get(size, packet * 4)

    def __getattr__(self, name):
        return lambda *_: None


class Transport(Port):
    def read(self, size):
        return packet


PyLidar3.Serial, PyLidar3.sleep = Port, lambda _: None
lidar = PyLidar3.YdLidarX4('port')
lidar.Connect()
scan = next(lidar.StartScanning())
post = next(angle for angle, distance in scan.items() if distance == 300)
wall = max(angle for angle, distance in scan.items() if distance == 4000)
points = list(itertools.islice(lds2d.core.driver_for('YDLIDAR-X4')(Transport()).points(), 40))
right = points[POST].angle_deg, points[39].angle_deg
print(f'pylidar3 {version("pylidar3")}, lds2d {version("lds2d")}\n'
      f'guess: the post is at {right[0]:.1f} degrees and the wall ends at {right[1]:.1f}, as by lds2d; distances are in metres, as described\n'
      f'seen:  the post is within the degree from {post}, the wall ends within that from {wall}: the angles of two samples are put right,\n'
      f'       and the others told from them, in 40 parts for 39; the post is {scan[post]} away')
held = (round(right[0], 1), round(right[1], 1)) == (106.1, 121.3) and (post, wall) == (101, 120)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
