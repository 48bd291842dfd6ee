#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Between two attitudes 3 degrees apart, as a robot has them from one sample to the next, and between two that are 30
# degrees apart.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check fastquat==0.5.2 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cd "$work"
JAX_PLATFORMS=cpu "$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import jax.numpy as jnp
import numpy as np
from fastquat import Quaternion

PARTS = 0., .25, .5, .75, 1.


def turned(angle):
    half = np.radians(angle) / 2
    return Quaternion.from_array(jnp.array([np.cos(half), 0, 0, np.sin(half)]))


def between(angle):
    """Return by how many degrees what "slerp" gives is turned, at each part of the way."""
    ways = [turned(0).slerp(turned(angle), part) for part in PARTS]
    return [round(float(2 * np.degrees(np.arctan2(way.z, way.w))), 2) + 0 for way in ways]


seen, far = between(3), between(30)
print(f'fastquat {version("fastquat")}\n'
      f'guess: at {PARTS} of the way "slerp" is turned by {[3 * part for part in PARTS]} degrees\n'
      f'seen:  by {seen}: half way it is at a quarter, at the end where it began, as t (1 - t) is taken\n'
      f'       for t below 3.6 degrees; of 30 degrees it is {far}')
sys.exit(0 if seen == [0, .56, .75, .56, 0] and far == [0, 7.5, 15, 22.5, 30] else 'The behaviour has changed.')
PYTHON
