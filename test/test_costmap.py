# SPDX-License-Identifier: Apache-2.0
"""What a costmap would hold of the clouds: the layer's rules, what is counted, and that it is the shipped one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from ttt3r_ros.evaluation import costmap
from ttt3r_ros.evaluation.costmap import ALL, SHIPPED, Case, Ground, Seen
from ttt3r_ros.evaluation.trial import Setting
from ttt3r_ros.evaluation.voxel_layer import VoxelLayer
from ttt3r_ros.reconstruction.depth import back_project
from ttt3r_ros.synthetic import Camera, Room, drive
from ttt3r_ros.synthetic.passer import Passer

CONFIG = Path(__file__).parents[1] / 'config'
EYE = np.array([0.0, 0.0, 0.6])
NOBODY = np.empty((0, 3))


def take(layer: VoxelLayer, points, origin=EYE, high=2.0) -> set[tuple[float, float]]:
    """Give the layer a cloud as it is shipped; return its obstacles, to the centimetre."""
    layer.take(np.asarray(origin), np.asarray(points, float).reshape(-1, 3), 0.25, high, 4.0)
    return {tuple(cell) for cell in layer.obstacles().round(3).tolist()}


def test_points_mark_by_height_and_range_and_rays_clear():
    """A point at chest height is an obstacle, one on the floor, above the robot or far away is none; a ray that goes on
    through its voxel clears it, one that ends before it or passes above does not; what the robot leaves is forgotten.
    """
    layer = VoxelLayer(6.0, 0.5, 4)
    post = (2.025, 0.025)
    assert take(layer, [[2.02, 0.02, 0.7]]) == {post}
    assert take(layer, [[1.9, 0.02, 0.1], [2.02, 1, 0.1], [2.02, -1, 2.1], [2.95, 2.95, 0.6]]) == {post}
    assert take(layer, [[2.9, 0.02, 1.5]]) == {post, (2.925, 0.025)}  # above 1 m there it is another voxel's
    assert take(layer, [[2.9, 0.02, 0.85]]) == {(2.925, 0.025)}
    assert take(layer, NOBODY, (-2.0, 0, 0.6)) == set()


def test_who_left_is_forgotten_while_their_place_is_looked_at():
    """Of somebody who came, stood 1.2 m away and went, nothing is left by true depth as dense as the published size
    sends it, nor in coarse voxels of less; of few points some is, and marked to 2 m high: where no ray passes, what is
    marked stays while the robot stands."""
    room, camera = Room(5001), Camera.draw(5001, (120, 160))
    pose = drive(room, 600, 5001, 2, mount=costmap.FIXED)[75]
    aside = np.interp(np.arange(45), (0, 15, 30, 44), (1.6, 0, 0, -1.6))[:, None] * pose[:2, 0]
    one = Passer(np.random.default_rng(1), np.tile(pose, (45, 1, 1)), 50.0,
                 places=pose[:2, 3] + 1.2 * pose[:2, 2] + aside)
    image, empty = room.render(pose, camera.intrinsics, camera.size)
    shipped = Case('as shipped')

    def maps(width: int, case: Case) -> list[set]:
        """Return the obstacles after each cloud of so many points side by side."""
        layer, pixel, found = VoxelLayer(6.0, case.z_cell, case.z_cells), camera.size[1] / width, []
        intrinsics = np.diag([1 / pixel, 1 / pixel, 1]) @ camera.intrinsics
        intrinsics[:2, 2] = (camera.intrinsics[:2, 2] + 0.5) / pixel - 0.5
        for frame in [None, *range(0, 45, 2), *4 * [None]]:  # 5 clouds a second, for 0.8 s after they are out of sight
            depth = empty.copy()
            if frame is not None:
                one.enter(image.copy(), depth, pose, camera.intrinsics, frame)
            depth = cv2.resize(depth, (width, width * 3 // 4), interpolation=cv2.INTER_NEAREST)
            points = back_project(depth, intrinsics).reshape(-1, 3)
            layer.take(pose[:3, 3], points @ pose[:3, :3].T + pose[:3, 3], case.low, case.high, 4.0)
            found.append({tuple(cell) for cell in layer.obstacles().round(3).tolist()})
        return found

    coarse = replace(shipped, z_cell=0.5, z_cells=4)
    for width, case in ((102, shipped), (64, coarse)):
        alone, *_, last = seen = maps(width, case)
        assert len(seen[12] - alone) > 10 and last - alone == set()
    for width, case in ((16, shipped), (64, replace(coarse, high=2.0))):
        alone, *_, last = maps(width, case)
        assert last - alone


def test_true_depth_makes_the_true_map():
    """By true depth and pose all that is in view is found, and nothing else; of every point, as what a single row sees
    may fall between those that are sent."""
    case = replace(costmap.CASES[0], cloud=ALL)
    plan = costmap.Plan('embedded', Setting('ttt3r', 16, 'se3'), 1, 21, cases=(case,))
    tally = costmap._room(plan, 5001)['true depth and pose']
    assert tally.looks == 3 and tally.view > 50 and tally.marked > 200
    parts = tally.parts
    assert parts['in view'] > 0.97 and parts['precision'] == 1 and parts['false floor'] == 0 == parts['blocked']


def test_what_is_counted():
    """Cells on a wall are right and found, those on the way block it, those on free floor are false."""
    room = Room(5001)
    ground, pose = Ground(room), np.eye(4)
    pose[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]  # looks along x
    pose[:3, 3] = 0, 1.2, 0.6
    wall = np.array([[room.size[0] / 2, y, 1.0] for y in np.arange(1.0, 1.4, 0.05)])
    camera = ((wall - pose[:3, 3]) @ pose[:3, :3]).reshape(1, -1, 3)
    seen = Seen(pose, pose, camera, camera, np.zeros((1, 8, 3), np.uint8), np.ones((1, 8)))
    way = np.tile(pose, (30, 1, 1))
    way[:, 0, 3] += np.arange(30) * 0.05
    right = ground.judge(wall[:, :2] - [0.03, 0], pose, seen, way)
    assert (right.view, right.found, right.marked, right.right) == (8, 8, 8, 8)
    assert (right.false, right.looks, right.blocked) == (0, 1, 0) and right.free > 1000
    wrong = ground.judge(np.array([[0.6, 1.2]]), pose, seen, way)
    assert (wrong.found, wrong.marked, wrong.blocked) == (0, 1, 1)
    turned = pose.copy()
    turned[:3, :3] = turned[:3, :3] @ [[np.cos(1), 0, np.sin(1)], [0, 1, 0], [-np.sin(1), 0, np.cos(1)]]
    aside = ground.judge(wall[:, :2] - [0.03, 0], turned, seen, way)  # the same map, believed from another heading
    assert aside.found == 0
    assert (right + wrong).looks == 2


def test_the_shipped_case_is_what_is_shipped():
    """Filters, heights, ranges and voxels are those of the parameter files that Nav2 and the node are started with."""
    layer = yaml.safe_load((CONFIG / 'nav2.yaml').read_text())['local_costmap']['local_costmap']['ros__parameters']
    voxels = layer['voxel_layer']
    points = yaml.safe_load((CONFIG / 'ttt3r_nav2.yaml').read_text())['/**']['ros__parameters']['points']
    shipped, case = VoxelLayer(6.0, 0.25, 8), Case('as shipped')
    assert case in costmap.CASES and case.cloud is SHIPPED
    for name in ('confidence_percentile', 'stride', 'min_depth', 'max_depth', 'outliers', 'max_points'):
        assert getattr(SHIPPED, name) == points[name], name
    assert points['max_rate'] == costmap.RATE / costmap.EVERY
    assert (case.z_cell, case.z_cells) == (voxels['z_resolution'], voxels['z_voxels'])
    assert (case.low, case.high) == tuple(voxels['obstacles'][f'{end}_obstacle_height'] for end in ('min', 'max'))
    assert voxels['obstacles']['obstacle_max_range'] == costmap.MARK_RANGE
    assert shipped._edges[0] == layer['resolution'] and layer['width'] == layer['height'] == costmap.WINDOW
    assert shipped._reach == voxels['free_space']['raytrace_max_range'] and layer['robot_radius'] == costmap.ROBOT


@pytest.mark.heavy
def test_the_command_writes_every_number(tmp_path, capsys):
    """`ttt3r evaluate --costmap`, of a short drive."""
    from ttt3r_ros.cli.main import main

    out = tmp_path / 'out'
    with pytest.raises(SystemExit, match='0'):
        main(['evaluate', '--costmap', '--worlds', '1', '--frames', '3', '--jobs', '1', '--out', str(out)])
    written = yaml.safe_load((out / 'costmap.json').read_text())
    assert list(written['costmaps']) == [case.name for case in costmap.CASES]
    assert written['costmaps']['as shipped']['looks'] == 1
    assert 'as shipped' in capsys.readouterr().out
