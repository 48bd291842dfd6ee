#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cloud packed by Draco: its points come back in another order, and fewer of them.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check DracoPy==2.2.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import DracoPy
import numpy as np


def back(points, **options):
    return DracoPy.decode(DracoPy.encode(points, **options)).points


def aside(found, points):
    return np.linalg.norm(found - points, axis=1).max()


points = np.random.default_rng(0).uniform(0, 10, (1000, 3)).astype(np.float32)
found, ordered = back(points), back(points, preserve_order=True)
twice = back(np.concatenate([points, points[:5]]))
with_far = points.copy()
with_far[0] = 1000, 0, 0  # one flying point
far = back(with_far, preserve_order=True)
guess = 'points come back rounded, each in its place: a confidence that is kept beside them still fits'
seen = (f'the n-th is up to {aside(found, points):.1f} m from the n-th; of {len(points) + 5}, five of them twice, '
        f'{len(twice)} come back. With preserve_order: {1e3 * aside(ordered, points):.1f} mm, and with one point 1 km away '
        f'{1e3 * aside(far, with_far):.0f} mm for all: 14 bits of the whole box')
held = aside(found, points) > 1 and len(twice) == len(points) and aside(ordered, points) < 1e-3 < 0.02 < aside(far, with_far)
print(f'DracoPy {version("DracoPy")}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
