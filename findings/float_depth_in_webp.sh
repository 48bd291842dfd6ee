#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth in float32 whose four bytes are the four channels of a picture, through WebP without loss, which is any quality above 100 in
# OpenCV. Depths in quarters of a metre have bytes of 0.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 opencv-python-headless==4.14.0.94 imagecodecs==2026.3.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import imagecodecs
import numpy as np

depth = np.random.default_rng(0).uniform(.5, 9, (32, 32)).astype('>f4')
depth[::2] = np.round(depth[::2] * 4) / 4
pixels = depth.view('u1').reshape(32, 32, 4)
pixels[1::2, :, 3] |= 1


def kept(back):
    same = np.ascontiguousarray(back).view('>f4')[..., 0] == depth
    return f'{int(same[::2].sum())} and {int(same[1::2].sum())} of 512'


def opencv(kind, parameters):
    return kept(cv2.imdecode(cv2.imencode(kind, pixels, parameters)[1], cv2.IMREAD_UNCHANGED))


webp = opencv('.webp', [cv2.IMWRITE_WEBP_QUALITY, 101])
png = opencv('.png', [])
other = kept(imagecodecs.webp_decode(imagecodecs.webp_encode(pixels, lossless=True)))
solid = np.dstack([pixels[..., :3], np.full((32, 32), 255, 'u1')])
three = cv2.imdecode(cv2.imencode('.webp', solid, [cv2.IMWRITE_WEBP_QUALITY, 101])[1], cv2.IMREAD_UNCHANGED)
print(f'OpenCV {cv2.__version__}, imagecodecs {imagecodecs.__version__}\n'
      f'guess: each depth comes back, quarters of a metre and others, as from PNG: {png}, and from the WebP of imagecodecs: {other}\n'
      f'seen:  {webp}: where the fourth byte is 0, the other three are lost')
held = webp == '0 and 512 of 512' and png == other == '512 and 512 of 512' and (three[..., :3] == pixels[..., :3]).all()
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
