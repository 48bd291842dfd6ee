#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How far is a point from a cloud of the ground, and from a box? Asked for two points the answers are right, asked for one of them they are of
# another cloud, and of no box: rows are taken for columns. A robot that asks for its own place is told a wrong distance.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check point-cloud-utils==0.34.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import point_cloud_utils

ground = np.random.default_rng(0).uniform(0, 10, (500, 2))
cloud = np.column_stack([100 + ground[:, 0], ground[:, 1], 0 * ground[:, 0]])
box = np.array([[x, y, z] for x in (10.0, 11) for y in (0.0, 1) for z in (0.0, 1)])
faces = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
                  [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]])
here, there = np.array([[105.0, 5.0, 3.0]]), np.array([[14.0, 0.5, 0.5]])
exact = float(np.linalg.norm(cloud - here, axis=1).min()), 3.0


def asked(times):
    """Return the distances of the first of so many equal points to the cloud and to the box."""
    near = point_cloud_utils.k_nearest_neighbors(np.repeat(here, times, 0), cloud, 1)[0]
    wall = point_cloud_utils.closest_points_on_mesh(np.repeat(there, times, 0), box, faces)[0]
    return [round(float(np.ravel(distances)[0]), 2) for distances in (near, wall)]


one, two = asked(1), asked(2)
print(f'point-cloud-utils {version("point-cloud-utils")}\n'
      f'guess: to the cloud {exact[0]:.2f} and to the box {exact[1]:.2f} m, however many points are asked for\n'
      f'seen:  asked for two {two}, asked for one {one}')
held = two == [round(exact[0], 2), exact[1]] and all(abs(wrong - right) > 0.2 for wrong, right in zip(one, two))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
