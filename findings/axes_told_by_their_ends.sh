#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A volume of 4 by 3 by 2 voxels in NRRD whose axes are told by where they begin and end, as the format allows: from 10 to 14, 20 to 26 and
# 30 to 36 mm, so that a voxel has 1 by 2 by 3 mm, and from its first to its last centre.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pynrrd==1.1.3 SimpleITK==2.5.7
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import nrrd
import numpy as np
import SimpleITK

SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)


def read(**header):
    nrrd.write('volume.nrrd', np.zeros((4, 3, 2), 'f4'), {name.replace('_', ' '): value for name, value in header.items()})
    image = SimpleITK.ReadImage('volume.nrrd')
    return [[round(value, 3) for value in values] for values in (image.GetSpacing(), image.GetOrigin())]


mins = [10, 20, 30]
steps = read(axis_mins=mins, spacings=[1, 2, 3], centers=['cell'] * 3)
cells = read(axis_mins=mins, axis_maxs=[14, 26, 36], centers=['cell'] * 3)
nodes = read(axis_mins=mins, axis_maxs=[13, 24, 33], centers=['node'] * 3)
print(f'SimpleITK {SimpleITK.__version__}, pynrrd {version("pynrrd")}\n'
      f'guess: spacing and origin {steps}, as where the spacings are told; of the first to the last centre [[1, 2, 3], [10, 20, 30]]\n'
      f'seen:  {cells}; {nodes}')
held = steps == [[1, 2, 3], [10.5, 21, 31.5]] and cells == [[1, 1, 1], [10.5, 21, 31.5]] and nodes[0] == [1, 1, 1] and nodes[1] != mins
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
