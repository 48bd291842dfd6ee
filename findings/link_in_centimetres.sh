#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot's link as a COLLADA mesh in centimetres, as drawing programs write it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pycollada==0.9.3 assimp-py==1.1.0 \
  yourdfpy==0.0.60 trimesh==5.2.0 pin==4.1.0 coal==3.0.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import assimp_py
import numpy as np
import pinocchio
from collada import Collada
from collada.geometry import Geometry
from collada.material import Effect, Material
from collada.scene import GeometryNode, MaterialNode, Node, Scene
from collada.source import FloatSource, InputList
from yourdfpy import URDF

CORNERS = [0, 0, 0, 100, 0, 0, 0, 200, 0, 0, 0, 300]  # of a tetrahedron; in centimetres

file = Collada()
file.assetInfo.unitname, file.assetInfo.unitmeter, file.assetInfo.upaxis = 'centimeter', 0.01, 'Y_UP'
geometry = Geometry(file, 'geometry', 'link', [FloatSource('corners', np.array(CORNERS, float), ('X', 'Y', 'Z'))])
inputs = InputList()
inputs.addInput(0, 'VERTEX', '#corners')
geometry.primitives.append(geometry.createTriangleSet(np.array([0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3]), inputs, 'grey'))
effect = Effect('effect', [], 'phong')
grey = Material('grey', 'grey', effect)
scene = Scene('scene', [Node('node', children=[GeometryNode(geometry, [MaterialNode('grey', grey, inputs=[])])])])
file.geometries.append(geometry)
file.effects.append(effect)
file.materials.append(grey)
file.scenes.append(scene)
file.scene = scene
file.write('link.dae')
mesh = '<geometry><mesh filename="link.dae"/></geometry>'
with open('robot.urdf', 'w') as urdf:
    urdf.write(f'<robot name="r"><link name="l"><visual>{mesh}</visual><collision>{mesh}</collision></link></robot>')

drawn = assimp_py.import_file('link.dae', assimp_py.Process_Triangulate | assimp_py.Process_PreTransformVertices)
box = pinocchio.buildGeomFromUrdf(pinocchio.buildModelFromUrdf('robot.urdf'), 'robot.urdf',
                                  pinocchio.GeometryType.COLLISION, package_dirs=['.']).geometryObjects[0].geometry
box.computeLocalAABB()
found = {
    'Assimp': np.ptp(np.array(drawn.meshes[0].vertices).reshape(-1, 3), axis=0),
    'yourdfpy': URDF.load('robot.urdf').scene.extents,
    'Pinocchio': box.aabb_local.max_ - box.aabb_local.min_,
}
print(', '.join(f'{name} {version(name)}' for name in ('assimp-py', 'yourdfpy', 'pin')))
print('guess: the file says that its unit is a centimetre: the link is 1 x 2 x 3 m to everybody, as to Assimp\n'
      f'seen:  {"; ".join(f"{name} {size.round(3).tolist()} m" for name, size in found.items())}')
held = [size.round(3).tolist() for size in found.values()] == [[1, 2, 3], [100, 200, 300], [100, 200, 300]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
