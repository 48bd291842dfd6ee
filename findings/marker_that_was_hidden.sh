#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three markers of a motion capture in a TRC file, of which the second is hidden in the second frame.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check trc-data-reader==0.4.1 c3d==0.6.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from trc import TRCData

NONE = float('nan')
HEADER = dict(DataRate=100., CameraRate=100., NumFrames=2, NumMarkers=3, Units='mm', OrigDataRate=100.,
              OrigDataStartFrame=1, OrigNumFrames=2)
FRAMES = [[1., 2., 3.], [4., 5., 6.], [7., 8., 9.]], [[1., 2., 3.], [NONE] * 3, [7., 8., 9.]]
written = TRCData()
written.update(PathFileType=4, DataFormat='(X/Y/Z)', FileName='walk.trc', Markers=['head', 'hand', 'foot'], **HEADER)
written['Frame#'] = [1, 2]
for number, places in enumerate(FRAMES, 1):
    written[number] = (number - 1) / 100, places
written.save('walk.trc')
line = open('walk.trc').read().splitlines()[-1]
read = TRCData()
read.load('walk.trc')
_, hand, foot = read[2][1]
print(f'trc-data-reader {version("trc-data-reader")}\n'
      f'guess: what it wrote, {line!r},\n'
      f'       comes back: the hand is not a number, the foot at {FRAMES[1][2]}\n'
      f'seen:  the hand is at {hand}, the foot {foot}: fields are parted at any white space')
held = read[1][1] == FRAMES[0] and '3.00000\t\t\t\t7.00000' in line
sys.exit(0 if held and hand == FRAMES[1][2] and all(part != part for part in foot) else 'The behaviour has changed.')
PYTHON
