#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A wall 5 m from the origin, 4 m long, in an IFC file in millimetres, as most are: where it stands, and its shape. One function of
# the package tells millimetres, the other metres: a robot's map of the building has each wall 5 km away.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ifcopenshell==0.9.0.post1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON' 2> log || { cat log >&2; exit 1; }
import sys
from importlib.metadata import version

import ifcopenshell
import ifcopenshell.api
import ifcopenshell.geom
import ifcopenshell.util.placement
import numpy as np


def told(unit):
    """Return where the wall stands, how its shape is placed, and how long it is, of a file in this unit."""
    model = ifcopenshell.file(schema='IFC4')
    run = ifcopenshell.api.run
    run('root.create_entity', model, ifc_class='IfcProject', name='house')
    run('unit.assign_unit', model, length={'is_metric': True, 'raw': unit})
    whole = run('context.add_context', model, context_type='Model')
    body = run('context.add_context', model, context_type='Model', context_identifier='Body', target_view='MODEL_VIEW',
               parent=whole)
    wall = run('root.create_entity', model, ifc_class='IfcWall', name='wall')
    pose = np.eye(4)
    pose[0, 3] = 5
    run('geometry.edit_object_placement', model, product=wall, matrix=pose)
    shape = run('geometry.add_wall_representation', model, context=body, length=4.0, height=3.0, thickness=0.2)
    run('geometry.assign_representation', model, product=wall, representation=shape)
    stands = ifcopenshell.util.placement.get_local_placement(wall.ObjectPlacement)[0, 3]
    settings = ifcopenshell.geom.settings()
    settings.set('use-world-coords', True)
    x = np.array(ifcopenshell.geom.create_shape(settings, wall).geometry.verts).reshape(-1, 3)[:, 0]
    return [round(float(number), 3) for number in (stands, x.min(), x.max())]


seen = {unit: told(unit) for unit in ('METERS', 'MILLIMETERS')}
print(f'ifcopenshell {version("ifcopenshell")}\n'
      'guess: placed at 5, its shape from 5 to 9, or all of it in the unit of the file: 5000, 5000 and 9000\n'
      f'seen:  {seen}')
held = seen == {'METERS': [5, 5, 9], 'MILLIMETERS': [5000, 5, 9]}
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
