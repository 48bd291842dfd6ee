#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A scan in NIfTI whose header says that its unit is a micrometre, and that its frames are so many milliseconds apart. By nibabel, which
# reads the units, and by ITK.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 nibabel==5.4.2 SimpleITK==2.5.7
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import nibabel
import numpy as np
import SimpleITK

SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)


def read(length, time):
    image = nibabel.Nifti1Image(np.zeros((4, 3, 2, 5), 'f4'), np.diag([10., 20, 30, 1]))
    image.header.set_zooms((10, 20, 30, 2000))
    image.header.set_xyzt_units(length, time)
    image.to_filename('scan.nii')
    own = nibabel.load('scan.nii')
    return ([*own.affine.diagonal()[:3].tolist(), float(own.header.get_zooms()[3])],
            [round(value, 6) for value in SimpleITK.ReadImage('scan.nii').GetSpacing()])


fine, plain = read('micron', 'msec'), read('mm', 'sec')
print(f'nibabel {nibabel.__version__}, SimpleITK {SimpleITK.__version__}\n'
      f'guess: a voxel is as large in both, as where the units are mm and s: {plain}\n'
      f'seen:  {fine[0]} by nibabel, with the affine in micrometres; {fine[1]} by ITK')
held = plain[0] == plain[1] == fine[0] == [10, 20, 30, 2000] and fine[1] == [.01, .02, .03, 2]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
