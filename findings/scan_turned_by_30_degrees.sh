#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A scan that is turned by 30 degrees about z, in MetaImage, the format of ITK, read and written by VTK, which came to heed its
# orientation. Where a voxel lies is told by both, and by hand.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 SimpleITK==2.5.7 vtk==9.7.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import SimpleITK
from vtkmodules.vtkCommonCore import vtkVersion
from vtkmodules.vtkIOImage import vtkMetaImageReader, vtkMetaImageWriter

SIZE, SPACING, ORIGIN = (4, 3, 2), (1, 2, 3), (10, 20, 30)


def places(degrees):
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    image = SimpleITK.GetImageFromArray(np.zeros(SIZE[::-1], 'f4'))
    image.SetSpacing(SPACING)
    image.SetOrigin(ORIGIN)
    image.SetDirection(turn.ravel().tolist())
    SimpleITK.WriteImage(image, 'scan.mha')
    reader = vtkMetaImageReader()
    reader.SetFileName('scan.mha')
    reader.Update()
    writer = vtkMetaImageWriter()
    writer.SetInputData(reader.GetOutput())
    writer.SetFileName('back.mha')
    writer.Write()
    last = np.subtract(SIZE, 1)
    found = [ORIGIN + turn @ (last * SPACING), *(SimpleITK.ReadImage(name).TransformIndexToPhysicalPoint(last.tolist())
                                                 for name in ('scan.mha', 'back.mha')),
             reader.GetOutput().GetPoint(int(np.prod(SIZE)) - 1), ORIGIN + turn.T @ (last * SPACING)]
    return [np.round(place, 2).tolist() for place in found]


hand, itk, back, vtk, mirrored = places(30)
level = places(0)
print(f'SimpleITK {SimpleITK.__version__}, VTK {vtkVersion.GetVTKVersion()}\n'
      f'guess: the last voxel lies at {hand} by hand, ITK {itk} and VTK\n'
      f'seen:  by VTK at {vtk}, turned the other way; written again by it, ITK has it at {back}; of a scan not turned '
      f'both say {level[1]} and {level[3]}')
held = hand == itk == back and vtk == mirrored != hand and level[0] == level[1] == level[2] == level[3]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
