#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera of 640 by 480, 90 degrees wide and 73.7 high, in glTF, which tells the height as an angle and the width by the aspect ratio of the
# picture.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import math
import struct
import sys
from importlib.metadata import version
from pathlib import Path

import trimesh

HEIGHT = 2 * math.atan(.75)
scene = trimesh.Scene(trimesh.creation.box())
scene.camera = trimesh.scene.Camera(resolution=(640, 480), fov=(90, math.degrees(HEIGHT)))
data = scene.export(file_type='glb')
told = json.loads(data[20:20 + struct.unpack('<I', data[12:16])[0]])['cameras'][0]['perspective']
wide = 2 * math.degrees(math.atan(told['aspectRatio'] * math.tan(told['yfov'] / 2)))
camera = {'type': 'perspective', 'perspective': {'yfov': HEIGHT, 'aspectRatio': 640 / 480, 'znear': .1}}
Path('camera.gltf').write_text(json.dumps({'asset': {'version': '2.0'}, 'scene': 0, 'scenes': [{'nodes': [0]}],
                                           'nodes': [{'name': 'camera', 'camera': 0}], 'cameras': [camera]}))
read = trimesh.load('camera.gltf').camera.fov
print(f'trimesh {version("trimesh")}\n'
      'guess: the aspect ratio is 640 / 480, 1.333, written and read\n'
      f'seen:  {told["aspectRatio"]:.3f} is written, 90 / 73.7, with which the camera is {wide:.1f} degrees wide; of one whose ratio is 1.333 it reads\n'
      f'       {read[0]:.1f} by {read[1]:.1f} degrees')
held = abs(told['aspectRatio'] - 1.2205) < 1e-3 and abs(told['yfov'] - HEIGHT) < 1e-6 and abs(read[0] - 98.32) < .01
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
