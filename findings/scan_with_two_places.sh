#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A scan in NIfTI, which may have two frames, each with a code of what it leads to: here the scanner (1) and another scan that it was
# aligned to (2), 100 mm apart. By nibabel and by ITK.
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
scanner = np.diag([1., 2, 3, 1])
aligned = scanner + [[0, 0, 0, 100], [0] * 4, [0] * 4, [0] * 4]


def places(qform, qcode, sform, scode):
    image = nibabel.Nifti1Image(np.zeros((4, 3, 2), 'f4'), None)
    image.set_qform(qform, qcode)
    image.set_sform(sform, scode)
    image.header.set_zooms((1, 2, 3))
    image.to_filename('scan.nii')
    first = nibabel.load('scan.nii').affine @ [3, 2, 1, 1]
    second = SimpleITK.ReadImage('scan.nii').TransformIndexToPhysicalPoint((3, 2, 1)) * np.array([-1, -1, 1])
    return first[:3].round(3).tolist(), second.round(3).tolist()


two, same = places(scanner, 1, aligned, 2), places(scanner, 1, scanner, 1)
alone = places(None, 0, aligned, 2), places(scanner, 1, None, 0)
print(f'nibabel {nibabel.__version__}, SimpleITK {SimpleITK.__version__}\n'
      f'guess: the last voxel lies at one place in both: with one frame at {alone[0]} and {alone[1]}, with two alike at {same}\n'
      f'seen:  with both frames at {two[0]} by nibabel, at {two[1]} by ITK')
held = two == ([103, 4, 3], [3, 4, 3]) and all(first == second for first, second in (same, *alone)) and alone[0][0] == [103, 4, 3]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
