#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A volume of 7 by 6 by 5 voxels of one number in NRRD; the file says of each of the three axes that it is one of space ("domain").
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 SimpleITK==2.5.7 vtk==9.7.2 pynrrd==1.1.3
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import nrrd
import numpy as np
import SimpleITK
from vtkmodules.vtkCommonCore import vtkVersion
from vtkmodules.vtkIOImage import vtkMetaImageReader, vtkNrrdReader

image = SimpleITK.GetImageFromArray(np.arange(7 * 6 * 5, dtype='f4').reshape(5, 6, 7))
image.SetSpacing((1, 2, 3))
read = {}
for kind, reader in ('nrrd', vtkNrrdReader()), ('mha', vtkMetaImageReader()):
    SimpleITK.WriteImage(image, f'volume.{kind}')
    reader.SetFileName(f'volume.{kind}')
    reader.Update()
    output = reader.GetOutput()
    read[kind] = output.GetDimensions(), output.GetPointData().GetScalars().GetNumberOfComponents(), output.GetSpacing()
values, header = nrrd.read('volume.nrrd')
itk = SimpleITK.ReadImage('volume.nrrd').GetSize()
print(f'VTK {vtkVersion.GetVTKVersion()}, SimpleITK {SimpleITK.__version__}, pynrrd {version("pynrrd")}\n'
      f'guess: 7 by 6 by 5 voxels of one number, 1 by 2 by 3 mm, as of MetaImage {read["mha"]}; ITK reads {itk}, pynrrd {values.shape}, '
      f'{header["kinds"]}\n'
      f'seen:  {read["nrrd"]}: one slice of 6 by 5 with 7 numbers each, 2 by 3 mm')
held = (read['mha'] == ((7, 6, 5), 1, (1, 2, 3)) and itk == values.shape == (7, 6, 5) and header['kinds'] == ['domain'] * 3
        and read['nrrd'][:2] == ((6, 5, 1), 7) and read['nrrd'][2][:2] == (2, 3))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
