#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth in OpenEXR of which only a region is rendered: a picture of 64 x 48 with data from column 10 and row 5 on.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  openexr==3.5.3 opencv-python-headless==4.14.0.94 av==18.1.0 openimageio==3.2.2.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import os
import sys
from importlib.metadata import version

import numpy as np

os.environ['OPENCV_IO_ENABLE_OPENEXR'] = '1'  # read as cv2 is imported
import av  # noqa: E402
import cv2  # noqa: E402
import OpenEXR  # noqa: E402
import OpenImageIO  # noqa: E402

COLUMN, ROW = 10, 5
depth = np.full((20, 30), 2.0, np.float32)
depth[7, 9] = 1.0  # the nearest point, in column 19 and row 12 of the picture
header = {'compression': OpenEXR.ZIP_COMPRESSION, 'type': OpenEXR.scanlineimage,
          'dataWindow': (np.array([COLUMN, ROW], np.int32), np.array([COLUMN + 29, ROW + 19], np.int32)),
          'displayWindow': (np.array([0, 0], np.int32), np.array([63, 47], np.int32))}
with OpenEXR.File(header, {'Y': depth}) as file:
    file.write('depth.exr')

with OpenEXR.File('depth.exr') as file:
    own = file.channels()['Y'].pixels
with av.open('depth.exr') as file:
    frame = next(file.decode(video=0))
    film = frame.to_ndarray()
pictures = {'OpenCV': cv2.imread('depth.exr', cv2.IMREAD_UNCHANGED), 'OpenEXR': own,
            'OpenImageIO': OpenImageIO.ImageBuf('depth.exr').get_pixels()[:, :, 0], 'FFmpeg by PyAV': film}
seen = {}
for name, picture in pictures.items():
    flat = picture if picture.ndim == 2 else picture[..., 0]
    row, column = np.argwhere(flat == 1.0)[0].tolist()
    seen[name] = (flat.shape[1], flat.shape[0], column, row)
print(f'OpenCV {version("opencv-python-headless")}, openexr {version("openexr")}, OpenImageIO {version("openimageio")}, '
      f'PyAV {version("av")}\n'
      'guess: width, height, and column and row of the nearest point: (64, 48, 19, 12)\n'
      f'seen:  {seen}')
region = (30, 20, 9, 7)
held = seen['OpenCV'] == seen['OpenEXR'] == seen['OpenImageIO'] == region and seen['FFmpeg by PyAV'] == (64, 48, 19, 12)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
