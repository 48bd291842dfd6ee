#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The surface where x is -3 in a scan that is turned by 90 degrees about z and holds the x of each of its points, by four filters of one
# toolkit that make such surfaces of images, one of them the general one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 vtk==9.7.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkVersion
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkFiltersCore import vtkContourFilter, vtkFlyingEdges3D, vtkMarchingCubes, vtkSynchronizedTemplates3D


def surfaces(matrix, value):
    image = vtkImageData()
    image.SetDimensions(5, 4, 3)
    image.SetSpacing(1, 2, 3)
    image.SetDirectionMatrix(matrix)
    field = numpy_to_vtk(np.array([image.GetPoint(index)[0] for index in range(image.GetNumberOfPoints())]), deep=True)
    field.SetName('x')
    image.GetPointData().SetScalars(field)
    seen = {}
    for kind in vtkFlyingEdges3D, vtkMarchingCubes, vtkContourFilter, vtkSynchronizedTemplates3D:
        work = kind()
        work.SetInputData(image)
        work.SetValue(0, value)
        work.Update()
        points = vtk_to_numpy(work.GetOutput().GetPoints().GetData())
        seen[kind.__name__] = [round(float(bound), 3) for bound in (points[:, 0].min(), points[:, 0].max())]
    return seen


turned, straight = surfaces((0, -1, 0, 1, 0, 0, 0, 0, 1), -3), surfaces((1, 0, 0, 0, 1, 0, 0, 0, 1), 2.5)
print(f'VTK {vtkVersion.GetVTKVersion()}\n'
      f'guess: all of the surface lies at x = -3\n'
      f'seen:  its x is from and to {turned}; in a scan not turned, where x is 2.5, {straight}')
held = (turned['vtkFlyingEdges3D'] == turned['vtkMarchingCubes'] == [-3, -3]
        and turned['vtkContourFilter'] == turned['vtkSynchronizedTemplates3D'] == [0, 4]
        and all(bounds == [2.5, 2.5] for bounds in straight.values()))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
