#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The simulated gyroscope of an IMU at rest for 100 s, with an offset that is set twice, and with a random walk, without
# and with a small instability of the bias.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check imusim==1.1.2 matplotlib==3.11.2 \
  numpy==2.4.6 scipy==1.17.1
cd "$work"
MPLBACKEND=agg "$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import imusim
import numpy as np

times = np.arange(0, 100, .1)
rest = np.column_stack([times, np.zeros((len(times), 6))])
np.savetxt('rest.csv', rest, delimiter=',', header='t,x,y,z,roll,pitch,yaw')


def gyroscope(*settings):
    """Return the readings after one or more settings."""
    np.random.seed(0)
    simulator = imusim.Simulator('rest.csv')
    for setting in settings:
        simulator.set_gyroscope(**{name: np.full(3, number) for name, number in setting.items()})
    return simulator.gyroscope


first, second, walk = {'offset': 1.}, {'offset': 2.}, {'random_walk': .5}
once, twice = (round(float(gyroscope(*settings).mean()), 3) for settings in ([second], [first, second]))
alone, both = (round(float(abs(gyroscope(setting)).max()), 2) for setting in (walk, {**walk, 'bias_instability': 1e-9}))
print(f'imusim {version("imusim")}\n'
      f'guess: set to 2 degrees a second, the offset is {once}, also where it was 1 before, and a random walk of 0.5\n'
      f'       leads up to {both} away, with an instability of 1e-9 or without\n'
      f'seen:  {twice}, as a setting is added to those before, and {alone} without: there is no walk')
held = once == 2 and twice == 3 and alone == 0 and both > 1
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
