#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Positions of three numbers, one for each time, as a signal of an MDF file.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check asammdf==8.8.28 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from asammdf import MDF, Signal

TIMES = np.array([0.0, .1])


def back(samples):
    """Return what is read of samples that were written."""
    with MDF() as file:
        file.append([Signal(samples, TIMES, name='position')])
        file.save('robot.mf4', overwrite=True)
    with MDF('robot.mf4') as file:
        return file.get('position').samples.tolist()


positions = np.array([[10, 20, 30], [11, 21, 31]])
seen = {str(kind): back(positions.astype(kind)) for kind in (np.dtype('u1'), np.dtype('f8'))}
print(f'asammdf {version("asammdf")}\n'
      f'guess: {positions.tolist()}, or an error\n'
      f'seen:  {seen}')
held = seen['uint8'] == positions.tolist() and seen['float64'] == [10, 20]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
