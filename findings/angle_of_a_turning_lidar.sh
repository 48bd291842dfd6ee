#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A turn of an RPLIDAR C1 at each quarter of a degree. The lowest bit of an angle's two bytes is a check bit, and the fifteen above it are the
# angle.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check rplidarc1==0.1.3 lds2d==0.7.0 pyserial==3.5
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import asyncio
import itertools
import logging
import struct
import sys
from importlib.metadata import version

import lds2d
from rplidarc1.protocol import Response

logging.disable(logging.CRITICAL)
ANGLES = [quarter / 4 for quarter in range(1440)]
nodes = [struct.pack('<BHH', 60 << 2 | (1 if number == 0 else 2), int(angle * 64) << 1 | 1, 2000 * 4) for number, angle in enumerate(ANGLES)]


class Port:
    """A serial port with the lidar behind it, which stops after a turn."""

    def __init__(self, data, stop=None):
        self.data, self.stop = data, stop

    @property
    def in_waiting(self):
        return len(self.data)

    def read(self, size):
        part, self.data = self.data[:size], self.data[size:]
        if self.stop and not self.data:
            self.stop.set()
        return part

    def __getattr__(self, name):
        return lambda *_: None


async def scan():
    stop, points = asyncio.Event(), asyncio.Queue()
    await Response.multi_response_handler(Port(b''.join(nodes), stop), stop, _Done(points), 5, None)
    return [points.get_nowait() for _ in range(points.qsize())]


class _Done:
    """A queue that may be told once more that it is done, as the scan does at its end."""

    def __init__(self, queue):
        self.put = queue.put

    def task_done(self):
        pass


seen = asyncio.run(scan())
descriptor = bytes([0xA5, 0x5A, 5, 0, 0, 0x40, 0x81])
other = lds2d.core.driver_for('RPLIDAR-C1')(Port(descriptor + b''.join(nodes)))
right = [point.angle_deg for point in itertools.islice(other.points(), len(ANGLES) - 60)]
off = [point['a_deg'] - angle for point, angle in zip(seen, ANGLES)]
print(f'rplidarc1 {version("rplidarc1")}, lds2d {version("lds2d")}\n'
      f'guess: angles are right to a sixth of a degree, as it rounds them to a third, which it says; by lds2d they are off by '
      f'{max(abs(point - angle) for point, angle in zip(right, ANGLES)):.2f}\n'
      f'seen:  they are off by {min(off):.2f} to {max(off):.2f}: of 10.75, 11 and 11.25 it makes {", ".join(str(seen[at]["a_deg"]) for at in (43, 44, 45))}')
held = len(seen) == len(ANGLES) and right == ANGLES[:len(right)] and max(off) > .9 and min(off) < -.9 and seen[43]['d_mm'] == 2000
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
