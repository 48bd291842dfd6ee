#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The time of 15 July 2026 and of 29 February 2024 in frames of a WitMotion IMU, whose manual has the year as the last
# two digits of 20YY, then month and day.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check witmotion==0.0.1.dev0 pyserial==3.5
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import struct
from datetime import UTC, datetime

from witmotion.protocol import TimeMessage

TIMES = datetime(2026, 7, 15, 12, 34, 56, 789000), datetime(2024, 2, 29, 12, 34, 56, 789000)
seen = []
for time in TIMES:
    frame = struct.pack('<6BH', time.year - 2000, time.month, time.day, time.hour, time.minute, time.second, 789)
    seen.append(datetime.fromtimestamp(TimeMessage.parse(frame).timestamp, UTC).replace(tzinfo=None))
print(f'witmotion {version("witmotion")}\n'
      f'guess: {" and ".join(str(time) for time in TIMES)}\n'
      f'seen:  {" and ".join(str(time) for time in seen)}: 1970 is added for 2000, and 1 to month and day')
right = [datetime(1996, 8, 16, 12, 34, 56, 789000), datetime(1994, 3, 30, 12, 34, 56, 789000)]
sys.exit(0 if seen == right else 'The behaviour has changed.')
PYTHON
