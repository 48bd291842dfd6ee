#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Exact points round a tree trunk of 0.3 m, and on a ball of that size, near 0 and in UTM metres. In UTM the fitted trunk is
# thousands of kilometres thick, without a word: what is to steer round it, or to measure it, has no tree.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scikit-spatial==10.0.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" -W error - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from skspatial.objects import Circle, Plane, Sphere

RADIUS, CORNER = 0.3, np.array([500000, 5400000, 100])  # the corner lies in a zone's middle, at 48.7 degrees north
around = np.linspace(0, 6, 40)
trunk = RADIUS * np.column_stack([np.cos(around), np.sin(around)])
ball = np.random.default_rng(0).normal(size=(60, 3))
ball *= RADIUS / np.linalg.norm(ball, axis=1, keepdims=True)
near, far = ((Circle.best_fit(trunk + corner[:2]), Sphere.best_fit(ball + corner)) for corner in (0 * CORNER, CORNER))
ground = Plane.best_fit(np.column_stack([trunk, 0 * around]) + CORNER)
off = np.linalg.norm(far[0].point - CORNER[:2]), np.linalg.norm(far[1].point - CORNER)
print(f'scikit-spatial {version("scikit-spatial")}\n'
      f'guess: {RADIUS} m, wherever the tree stands, as a plane fitted in UTM is the plane\n'
      f'seen:  near 0 {", ".join(f"{body.radius:.3f}" for body in near)} m; in UTM '
      f'{", ".join(f"{body.radius / 1e3:,.0f}" for body in far)} km, {", ".join(f"{away / 1e3:,.0f}" for away in off)} km away; '
      f'a plane there has the normal {np.round(ground.normal, 6).tolist()}')
held = (all(abs(body.radius - RADIUS) < 1e-9 for body in near) and all(body.radius > 1e6 for body in far)
        and min(off) > 1e6 and abs(ground.normal[2]) > 1 - 1e-9)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
