#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A drone climbs to 30 m and comes down to 10 m, and a robot drives out 20 m and back past its start; both tracks are thinned out
# to 2 m. How far they went is gone: distances are taken from the endless line, not from the way between its ends.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check rdp==0.8 shapely==2.2.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import shapely
from rdp import rdp

EPSILON = 2.0  # metres


def furthest(track):
    """Return how far from its start the track gets, as it is, thinned out by rdp, and, in the plane, by Shapely, in metres."""
    ways = [track, rdp(track, epsilon=EPSILON)]
    if track.shape[1] == 2:
        ways.append(np.array(shapely.LineString(track).simplify(EPSILON, preserve_topology=False).coords))
    return [round(float(np.linalg.norm(way - track[0], axis=1).max())) for way in ways]


climb = np.zeros((51, 3))
climb[:, 2] = np.concatenate([np.arange(31), np.arange(29, 9, -1)])
drive = np.zeros((56, 2))
drive[:, 0] = np.concatenate([np.arange(0, -21, -1), np.arange(-19, 16)])
bend = np.array([[x, 5 * np.sin(x / 5)] for x in np.linspace(0, 40, 200)])
seen = {'the climb': furthest(climb), 'the drive': furthest(drive), 'a bend': furthest(bend)}
print(f'rdp {version("rdp")}, shapely {version("shapely")}\n'
      f'guess: no point of a track is farther than {EPSILON} m from what is left of it\n'
      f'seen:  furthest from the start, as it is, by rdp, by Shapely: {seen}')
held = (seen['the climb'] == [30, 10] and seen['the drive'] == [20, 15, 20] and len(set(seen['a bend'])) == 1)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
