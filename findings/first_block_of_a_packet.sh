#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A packet of a Hesai PandarXT32: eight blocks, 50 microseconds one after another, the last one 3.28 microseconds after the packet's time.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check hydra4==0.2.0 numpy==2.4.6
cd "$work"
TZ=UTC "$work/venv/bin/python" - <<'PYTHON'
import struct
import sys
from datetime import datetime, timezone
from importlib.metadata import version

import numpy as np
from hydra4 import Hydra
from hydra4.decoders import PandarXT32
from hydra4.msgs import builtin_interfaces__msg__Time, pandar_msgs__msg__PandarPacket

body = b''.join(struct.pack('<H', 9000 + 18 * block) + struct.pack('<HBB', 2500, 100, 0) * 32 for block in range(8))
stamp = struct.pack('<6BI', 126, 11, 30, 12, 0, 0, 500000)  # the year counts from 1900; microseconds
packet = bytes([0xEE, 0xFF, 6, 1, 0, 0, 32, 8, 0, 4, 1, 0]) + body + bytes(9) + struct.pack('<BBH', 0, 0x37, 600) + stamp + bytes(1)
message = pandar_msgs__msg__PandarPacket(builtin_interfaces__msg__Time(0, 0), np.frombuffer(packet, np.uint8), len(packet))
model = Hydra.Model.PandarXT32
blocks = list(PandarXT32(model.calibration_path, model.default_min_distance, model.default_max_distance)(message))
start = datetime(2026, 11, 30, 12, 0, 0, 500000, timezone.utc).timestamp()
times = [block.points[0][6] - start for block in blocks]
ranges = [float(np.linalg.norm(block.points[0][:3])) for block in blocks]
print(f'hydra4 {version("hydra4")}\n'
      'guess: the first block is 346.44 microseconds before the time of the packet, the last one 3.56 after it\n'
      f'seen:  {-times[0]:.2f} s before it, {times[-1]:.2f} s after it; a wall at 10 m is at {ranges[0]:.1f} m')
held = np.allclose(times, [3.28 - 50 * (7 - block) for block in range(8)], atol=1e-3) and np.allclose(ranges, 10)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
