#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A small robot that stands wholly within a wall.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  trimesh==5.2.0 python-fcl==0.7.0.11 shapely==2.2.0 mapbox-earcut==2.1.0 scipy==1.17.1 networkx==3.5 rtree==1.4.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import fcl
import numpy as np
import trimesh
from shapely.geometry import Polygon

straight = trimesh.creation.box((6, 1, 3)).apply_translation((3, .5, 1.5))
corner = trimesh.creation.extrude_polygon(Polygon([(0, 0), (6, 0), (6, 1), (1, 1), (1, 6), (0, 6)]), 3)  # with a second wall
robot, place = trimesh.creation.box((.3, .3, .3)), np.array([3, .5, 1.5])
assert straight.contains([place])[0] and corner.contains([place])[0] and straight.is_watertight and corner.is_watertight


def trimesh_says(wall):
    manager = trimesh.collision.CollisionManager()
    manager.add_object('wall', wall)
    pose = trimesh.transformations.translation_matrix(place)
    return manager.in_collision_single(robot, pose), round(float(manager.min_distance_single(robot, pose)), 2)


def fcl_says(shape, at):
    wall, body = fcl.CollisionObject(shape, fcl.Transform(at)), fcl.CollisionObject(fcl.Box(.3, .3, .3), fcl.Transform(place))
    return fcl.collide(wall, body, fcl.CollisionRequest(), fcl.CollisionResult()) > 0, round(
        fcl.distance(wall, body, fcl.DistanceRequest(), fcl.DistanceResult()), 2)


mesh = fcl.BVHModel()
mesh.beginModel(len(straight.vertices), len(straight.faces))
mesh.addSubModel(straight.vertices, straight.faces)
mesh.endModel()
seen = {'trimesh, straight wall': trimesh_says(straight), 'trimesh, wall with a corner': trimesh_says(corner),
        'FCL, wall as a box': fcl_says(fcl.Box(6, 1, 3), place), 'FCL, wall as a mesh': fcl_says(mesh, np.zeros(3))}
print(f'trimesh {version("trimesh")}, python-fcl {version("python-fcl")}\n'
      'guess: it collides with each of these closed walls\n'
      f'seen:  whether it collides, and how far away it is: {seen}')
held = (seen['trimesh, straight wall'][0] and seen['FCL, wall as a box'][0]
        and seen['trimesh, wall with a corner'] == seen['FCL, wall as a mesh'] == (False, .35))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
