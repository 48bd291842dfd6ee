#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A wall from side to side between start and goal: OMPL has an exact solution.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ompl==2.0.1
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from ompl import base, geometric, util

util.noOutputHandler()
SIDE, WALL = 100.0, (50.0, 50.3)  # metres


def planned(resolution=None):
    """Return what the planner says, and how often its way goes through the wall."""
    space = base.RealVectorStateSpace(2)
    bounds = base.RealVectorBounds(2)
    bounds.setLow(0.0)
    bounds.setHigh(SIDE)
    space.setBounds(bounds)
    setup = geometric.SimpleSetup(space)
    setup.setStateValidityChecker(lambda state: not WALL[0] < state[0] < WALL[1])
    if resolution:
        setup.getSpaceInformation().setStateValidityCheckingResolution(resolution)
    ends = []
    for x in (10.0, 90.0):
        state = space.allocState()
        state[0], state[1] = x, 50.0
        ends.append(state)
    setup.setStartAndGoalStates(*ends)
    status = setup.solve(2.0)
    sides = [state[0] > WALL[0] for state in setup.getSolutionPath().getStates()] if setup.haveExactSolutionPath() else []
    return f'{status}', sum(a != b for a, b in zip(sides, sides[1:]))


status, crossings = planned()
fine, _ = planned(0.1 / SIDE)
guess = 'there is no way: the wall has no door'
seen = f'{status}, a way that crosses the wall {crossings} times; checked every 0.1 % of the space: {fine}'
held = 'Exact' in status and crossings > 0 and 'Exact' not in fine
print(f'OMPL {version("ompl")}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
