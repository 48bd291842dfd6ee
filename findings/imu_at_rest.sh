#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A level IMU at rest with a compass, in twelve filters of one package: nine say level, one says upside down.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 ahrs==0.4.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from ahrs import filters

samples = 400
acceleration = np.tile([0., 0., 9.81], (samples, 1))
field = np.tile([20., 0., 40.], (samples, 1))  # north, and down as in Europe
still = {'gyr': np.zeros((samples, 3))}
tilts = {}
for name, rates in (('Madgwick', still), ('Mahony', still), ('EKF', still), ('UKF', still), ('AQUA', still),
                    ('Tilt', {}), ('QUEST', {}), ('Davenport', {}), ('FLAE', {}),
                    ('FQA', {}), ('OLEQ', {}), ('ROLEQ', still)):
    _, x, y, _ = getattr(filters, name)(acc=acceleration, mag=field, **rates).Q[-1]
    tilts[name] = round(float(np.degrees(np.arccos(np.clip(1 - 2 * (x * x + y * y), -1, 1)))))
versions = f'ahrs {version("ahrs")}'
guess = 'all of them have one convention, so that all say 0 degrees, or all 180'
seen = f'degrees from level: {tilts}'
held = tilts.pop('FQA') == 180 and tilts.pop('OLEQ') > 90 and tilts.pop('ROLEQ') > 90 and not any(tilts.values())
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
