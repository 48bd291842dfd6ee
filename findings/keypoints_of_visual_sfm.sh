#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A point seen by one camera, in the formats of VisualSFM (NVM) and of Bundler, which count pixels from the middle of the image, in
# NVM downwards and in Bundler upwards, read by kapture.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check kapture==1.1.12 numpy-quaternion==2024.0.13 pillow==13.0.0 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
from pathlib import Path

from PIL import Image

Path('images').mkdir()
Image.new('RGB', (640, 480)).save('images/a.jpg')
# The camera is at the origin and looks along z; the point at 0.5 0.6 4 is 62.5 pixels to the right of the middle and 75 below it.
Path('scene.nvm').write_text('NVM_V3\n\n1\na.jpg\t500 1 0 0 0 0 0 0 0 0\n\n1\n0.5 0.6 4 255 0 0 1 0 0 62.5 75\n\n0\n')
Path('scene.out').write_text('# Bundle file v0.3\n1 1\n500 0 0\n1 0 0\n0 -1 0\n0 0 -1\n0 0 0\n0.5 0.6 4\n255 0 0\n1 0 0 62.5 -75\n')
Path('images.txt').write_text('a.jpg\n')
PYTHON
"$work/venv/bin/kapture_import_nvm" -q -i scene.nvm -im images -o nvm -f --add-reconstruction
"$work/venv/bin/kapture_import_bundler" -q -i scene.out -l images.txt -im images -o bundler -f --add-reconstruction
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation


def lines(path):
    return [[part.strip() for part in line.split(',')] for line in Path(path).read_text().splitlines() if not line.startswith('#')]


def read(name):
    f, cx, cy = (float(part) for part in lines(f'{name}/sensors/sensors.txt')[0][6:9])
    point = np.array([float(part) for part in lines(f'{name}/reconstruction/points3d.txt')[0][:3]])
    w, x, y, z, *move = (float(part) for part in lines(f'{name}/sensors/trajectories.txt')[0][2:])
    seen = Rotation.from_quat([x, y, z, w]).apply(point) + move
    keypoints = next(Path(name).rglob('a.jpg.kpt')).read_bytes()
    return ([round(float(f * seen[0] / seen[2] + cx), 3), round(float(f * seen[1] / seen[2] + cy), 3)],
            np.frombuffer(keypoints, {8: 'f4', 16: 'f8'}[len(keypoints)]).tolist())


nvm, bundler = read('nvm'), read('bundler')
print(f'kapture {version("kapture")}\n'
      'guess: the point is seen where it projects to, at 320 + 62.5 and 240 + 75, whichever file tells it\n'
      f'seen:  it projects to {nvm[0]} and {bundler[0]}; it is said to be seen at {nvm[1]} by NVM, at {bundler[1]} by Bundler')
held = nvm[0] == bundler[0] == [382.5, 315] and nvm[1] == [62.5, 75] and bundler[1] == [382.5, 165]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
