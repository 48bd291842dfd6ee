#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A scene of two closed boxes that overlap, and places in the one, in both, in the other and in none: which is occupied, and how far it is
# to the surface, where a distance is negative within a watertight mesh.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 open3d-cpu==0.20.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import open3d as o3d

CENTRES = [0, 0, 0], [1, .1, .1]
PLACES = np.array([[-.5, .02, .03], [.5, .12, .13], [1.5, .1, .1], [5, .1, .2]], 'f4')


def told(centres):
    scene = o3d.t.geometry.RaycastingScene()
    for centre in centres:
        box = o3d.geometry.TriangleMesh.create_box(2, 2, 2)
        box.translate(np.array(centre) - 1.)
        assert box.is_watertight()
        scene.add_triangles(o3d.t.geometry.TriangleMesh.from_legacy(box))
    places = o3d.core.Tensor(PLACES)
    return (scene.compute_occupancy(places).numpy().astype(int).tolist(),
            [round(float(value), 2) for value in scene.compute_signed_distance(places).numpy()])


hand = [int(any((np.abs(place - centre) < 1).all() for centre in CENTRES)) for place in PLACES]
alone, both = [told([centre]) for centre in CENTRES], told(CENTRES)
print(f'Open3D {o3d.__version__}\n'
      f'guess: occupied {hand}: in the first box, in both, in the second, in none\n'
      f'seen:  {both[0]}, distances {both[1]}; of each box alone {alone[0][0]} and {alone[1][0]}')
held = (hand == [1, 1, 1, 0] and both[0] == [1, 0, 1, 0] and both[1][1] > 0 and alone[0][0] == [1, 1, 0, 0]
        and alone[1][0] == [0, 1, 1, 0] and both[1][0] < 0 < both[1][3])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
