#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Time stamps in nanoseconds, a number beyond 32 bits, a truth and a NaN, written with a calibration by FileStorage. The stamps are
# cut to 32 bits without a word, a truth is a matrix or, in OpenCV 5, each large number a truth, and the JSON is none.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
for version in 4.14.0.94 5.0.0.93; do
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$work/$version" \
    "opencv-python-headless==$version"
done
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import subprocess
import sys

WRITE = """
import json
import cv2
import numpy as np

STAMPS = np.array([1700000000123456789, 1700000000156789012])
for name in ('camera.yaml', 'camera.json'):
    file = cv2.FileStorage(name, cv2.FILE_STORAGE_WRITE)
    file.write('stamps', STAMPS)
    file.write('serial', 3000000000)
    file.write('global_shutter', True)
    file.write('error', np.array([[np.nan]]))
    file.release()
file = cv2.FileStorage('camera.yaml', cv2.FILE_STORAGE_READ)
shutter = file.getNode('global_shutter')
try:
    text = bool(json.load(open('camera.json')))
except ValueError:
    text = False
print(json.dumps({'version': cv2.__version__, 'stamps': file.getNode('stamps').mat().ravel().tolist(),
                  'serial': file.getNode('serial').real(),
                  'global_shutter': shutter.mat().ravel().tolist() if shutter.isMap() else shutter.real(), 'JSON': text}))
"""
seen = [json.loads(subprocess.run([sys.executable, '-c', f"import sys; sys.path.insert(0, '{folder}')\n{WRITE}"],
                                  capture_output=True, text=True, check=True).stdout)
        for folder in ('4.14.0.94', '5.0.0.93')]
for found in seen:
    print(f'OpenCV {found.pop("version")}: {found}')
print('guess: the stamps, 3000000000, true or 1, and a file that a JSON reader takes; or an error\nseen:  the above')
four, five = seen
held = (four['stamps'] == five['stamps'] == [1032178965, 1065511188] and four['serial'] == 3e9 and five['serial'] == 1
        and four['global_shutter'] == [1, 0, 0, 0] and five['global_shutter'] == 1 and not four['JSON'] and not five['JSON'])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
