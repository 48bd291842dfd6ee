#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A point of a Livox scanner, 5 m ahead, 1.5 m to the right and 0.8 m below it, in an LVX file, whose places are whole
# millimetres with a sign, of the kinds 0 and 2.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check livox-lvx==0.2.1 progress==1.6.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import io
import struct

from lvx import LvxFileReader

POINT = 5000, -1500, -800
HEADER = struct.pack('<16s4BIIB', b'livox_tech', 1, 1, 0, 0, 0xAC0EA767, 50, 1)
DEVICE = struct.pack('<16s16s3B6f', b'1HDDH1200100001', b'', 0, 3, 0, *[0.] * 6)


def read(kind, count, *rest):
    """Return the first point of a package of as many as the kind has."""
    package = struct.pack('<5BI2BQ', 0, 5, 1, 1, 0, 0, 0, kind, 10**9)
    package += struct.pack(f'<3i{len(rest)}B', *POINT, *rest) * count
    start = len(HEADER + DEVICE)
    frame = struct.pack('<3Q', start, start + 24 + len(package), 0) + package
    point = next(iter(LvxFileReader(io.BytesIO(HEADER + DEVICE + frame)))).packages[0].points[0]
    return [point.x, point.y, point.z]


plain, extended = read(0, 100, 30), read(2, 96, 30, 0)
print(f'livox-lvx {version("livox-lvx")}\n'
      f'guess: {list(POINT)}\n'
      f'seen:  {plain} and {extended}: the sign is lost, and what is at the right or below is 4295 km away')
sys.exit(0 if plain == extended == [part % 2**32 for part in POINT] else 'The behaviour has changed.')
PYTHON
