#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A mesh in UTM coordinates, in a PLY file of float64.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check vtk==9.7.2 trimesh==5.2.0 meshio==5.3.5 plyfile==1.1.5 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import meshio
import numpy as np
import trimesh
from plyfile import PlyData, PlyElement
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOPLY import vtkPLYReader

TRUE = np.array([[691000.12, 5334000.12, 520.7], [691000.22, 5334000.22, 520.8], [691001.0, 5334001.0, 521.0]])
vertices = np.array([tuple(vertex) for vertex in TRUE], [(axis, 'f8') for axis in 'xyz'])
faces = np.array([([0, 1, 2],)], [('vertex_indices', 'i4', (3,))])
PlyData([PlyElement.describe(vertices, 'vertex'), PlyElement.describe(faces, 'face')]).write('utm.ply')


def off(points):
    return float(np.abs(np.asarray(points) - TRUE).max())


reader = vtkPLYReader()
reader.SetFileName('utm.ply')
reader.Update()
seen = vtk_to_numpy(reader.GetOutput().GetPoints().GetData())
kept = trimesh.load('utm.ply', process=False)
kept.export('again.ply')
meshio.read('utm.ply').write('meshio.ply')
errors = {'VTK reads': off(seen), 'trimesh reads': off(kept.vertices),
          'and writes': off(PlyData.read('again.ply')['vertex'].data[['x', 'y', 'z']].tolist()),
          'meshio reads and writes': off(meshio.read('meshio.ply').points)}
apart = np.linalg.norm(np.diff(seen[:2, :2], axis=0))
print(f'vtk {version("vtk")}, trimesh {version("trimesh")}, meshio {version("meshio")}\n'
      'guess: float64 in the file is float64 in memory, and the other way round\n'
      f'seen:  off by {"; ".join(f"{name} {1e3 * error:.0f} mm" for name, error in errors.items())}. Two corners 141 mm '
      f'apart are {1e3 * apart:.0f} mm apart in VTK')
held = (seen.dtype == np.float32 and errors['VTK reads'] > 0.1 and errors['and writes'] > 0.1
        and errors['trimesh reads'] == errors['meshio reads and writes'] == 0)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
