#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A wall at 2 m all round in the dense express scan of an RPLIDAR, whose 40 distances are 16 bits each, the low byte first, as all of its
# protocol is; the lidar is played here.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyrplidar==0.1.2 pyserial==3.5
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import itertools
import struct
import sys
from importlib.metadata import version

from pyrplidar import PyRPlidar


def capsule(angle, payload):
    body = struct.pack('<H', round(angle * 64)) + payload
    check = 0
    for byte in body:
        check ^= byte
    return bytes([0xa0 | check & 15, 0x50 | check >> 4]) + body


class Lidar:
    """A lidar that answers an express scan by capsules of one kind, each of which begins 20 degrees after the last."""

    def __init__(self, kind, payload):
        descriptor = b'\xa5\x5a' + struct.pack('<I', 84 | 1 << 30) + bytes([kind])
        self.bytes = descriptor + b''.join(capsule(20 * i, payload) for i in range(3))

    def send_data(self, data):
        pass

    def receive_data(self, count):
        part, self.bytes = self.bytes[:count], self.bytes[count:]
        return part

    def close(self):
        pass


def scan(kind, payload, count):
    driver = PyRPlidar()
    driver.lidar_serial = Lidar(kind, payload)
    return [(round(point.angle, 1), point.distance) for point in itertools.islice(driver.start_scan_express(0)(), count)]


dense = scan(0x85, struct.pack('<40H', *[2000] * 40), 40)
legacy = scan(0x82, struct.pack('<HHB', 2000 << 2, 2000 << 2, 0) * 16, 32)
print(f'pyrplidar {version("pyrplidar")}\n'
      f'guess: 2000 mm all round in the dense scan, type 0x85, as in the older one, 0x82, {sorted({d for _, d in legacy})}\n'
      f'seen:  {sorted({d for _, d in dense})} mm, of angles that are right, {dense[0][0]} to {dense[-1][0]}: the high byte is taken first')
held = {d for _, d in legacy} == {2000} and {d for _, d in dense} == {int.from_bytes(struct.pack("<H", 2000), "big")}
sys.exit(0 if held and dense[0][0] == 0 and dense[-1][0] == 19.5 else 'The behaviour has changed.')
PYTHON
