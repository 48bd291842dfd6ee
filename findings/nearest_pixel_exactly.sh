#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth or labels made smaller from 640 to 480 columns by INTER_NEAREST_EXACT, which "will produce same results as the nearest
# neighbor method in PIL". Every third column lies midway between two: OpenCV 4 takes the left one, Pillow and OpenCV 5 now the
# left, now the right one, without a pattern. Masks made by the one and depth made by the other lie a pixel aside there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0
for version in 4.14.0.94 5.0.0.93; do
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$work/$version" \
    "opencv-python-headless==$version"
done
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import subprocess
import sys

SHRINK = """
import json
import cv2
import numpy as np
from PIL import Image, __version__

columns = np.arange(640, dtype=np.float32)[None].repeat(2, 0)
pillow = np.asarray(Image.fromarray(columns).resize((480, 2), Image.Resampling.NEAREST))[0].astype(int)
opencv = cv2.resize(columns, (480, 2), interpolation=cv2.INTER_NEAREST_EXACT)[0].astype(int)
right = np.array([(2 * column + 1) * 640 // 960 for column in range(480)])
print(json.dumps({'OpenCV': cv2.__version__, 'Pillow': __version__, 'differ': int((pillow != opencv).sum()),
                  'left': [int((found != right).sum()) for found in (pillow, opencv)],
                  'first': [found[1:30:3].tolist() for found in (pillow, opencv)]}))
"""
seen = [json.loads(subprocess.run([sys.executable, '-c', f"import sys; sys.path.insert(0, '{folder}')\n{SHRINK}"],
                                  capture_output=True, text=True, check=True).stdout)
        for folder in ('4.14.0.94', '5.0.0.93')]
print(f'OpenCV {" and ".join(found["OpenCV"] for found in seen)}, Pillow {seen[0]["Pillow"]}\n'
      'guess: the same columns in Pillow and OpenCV, and each third one, midway between two, always of the same side\n'
      'seen:  ' + '; '.join(f'OpenCV {found["OpenCV"]}: {found["differ"]} columns differ; of 160 midway Pillow takes '
                           f'{found["left"][0]} from the left, OpenCV {found["left"][1]}, the first ones {found["first"]}'
                           for found in seen))
four, five = seen
held = four['differ'] == 61 and four['left'] == [99, 160] and five['differ'] == 0 and five['left'] == [99, 99]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
