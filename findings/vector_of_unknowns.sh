#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Normal equations solved by OpenCV, and a histogram made by it, in the versions 4 and 5.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/solve.py" <<'PYTHON'
import cv2
import numpy as np

matrix = np.diag([2.0, 4.0, 8.0])
try:
    solved = cv2.solve(matrix, np.ones(3), flags=cv2.DECOMP_CHOLESKY)[1].shape
except cv2.error:
    solved = 'refused'
column = cv2.solve(matrix, np.ones((3, 1)), flags=cv2.DECOMP_CHOLESKY)[1].shape
histogram = cv2.calcHist([np.zeros((4, 4), np.uint8)], [0], None, [256], [0, 256]).shape
print(cv2.__version__.split('.')[0], solved, column, histogram, sep=';')
PYTHON
for version in 4.14.0.94 5.0.0.93; do
  "${PYTHON:-python3}" -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 "opencv-python-headless==$version"
  "$work/$version/bin/python" "$work/solve.py" >> "$work/seen"
done
echo "OpenCV 4.14.0 and 5.0.0
guess: a vector of n on the right is a column, as ever, and so is a histogram; or both are vectors now, and a vector is taken
seen, by version: a vector on the right; a column on the right; a histogram"
cat "$work/seen"
[ "$(cat "$work/seen")" = "4;(3, 1);(3, 1);(256, 1)
5;refused;(3, 1);(256,)" ] || { echo 'The behaviour has changed.'; exit 1; }
