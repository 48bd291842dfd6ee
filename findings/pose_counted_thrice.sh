#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Poses of two trajectories paired by time: one of the reference is paired with three of the estimate.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 evo==1.38.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from evo.core.metrics import APE, PoseRelation
from evo.core.sync import associate_trajectories
from evo.core.trajectory import PoseTrajectory3D


def line(stamps, aside):
    """Along x at 1 m/s, `aside` metres beside it."""
    along = np.array(stamps)
    places = np.stack([along, np.full(len(along), aside), 0 * along], axis=1)
    return PoseTrajectory3D(places, np.tile([1., 0, 0, 0], (len(along), 1)), along)


reference = line([1., 2., 3., 4., 5.], 0.)
estimate = line([.98, 1., 1.02, 2.], 0.)
pairs = [trajectory.timestamps.tolist() for trajectory in associate_trajectories(reference, estimate, max_diff=.05)]
versions = f'evo {version("evo")}'
guess = 'a pair is the two that are nearest, and each pose is in one pair: 1.0 with 1.0, 2.0 with 2.0'
seen = f'reference {pairs[0]}, estimate {pairs[1]}'
held = pairs == [[1., 1., 1., 2.], [.98, 1., 1.02, 2.]]
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
