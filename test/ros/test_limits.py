# SPDX-License-Identifier: Apache-2.0
"""Sizes that the running node refuses, each with the parameter that takes more; and how it begins again."""

from __future__ import annotations

import numpy as np
from harness import pose_matrix, scene
from nav_msgs.msg import Path
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from ttt3r_ros.srv import QueryView, SaveMap, SaveState, SetPose

SECOND = 1_000_000_000


def test_too_large_is_refused_and_the_limits_change_live(run):
    """An image and a view of too many pixels are refused by number and parameter; after it is set they are answered."""
    node, robot = run(lossless=True, max_image_pixels=96 * 128, max_query_pixels=48 * 64)
    robot.show_and_wait([SECOND])
    robot.show(2 * SECOND, scene(2, (112, 144)))
    robot.show(3 * SECOND, np.full((1, 4000, 3), 90, np.uint8))
    robot.show_and_wait([4 * SECOND])
    assert robot.counters().dropped_invalid == 2 and robot.counters().answered == 2
    assert '144×112 pixels is too large: 12288 are taken' in node.log() and 'set max_image_pixels' in node.log()
    assert robot.set('max_image_pixels', 112 * 144).successful
    robot.show(5 * SECOND, scene(2, (112, 144)))
    robot.wait_for('the larger image', lambda: len(robot.heard['status']) == 3)

    view = QueryView.Request()
    view.pose.orientation.w = 1.0
    view.camera_info.width, view.camera_info.height = 80, 48
    view.camera_info.k = [60.0, 0.0, 40.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]
    refused = robot.call(QueryView, 'query_view', view)
    assert not refused.success and '80×48 pixels, and 3072 are' in refused.message
    assert 'max_query_pixels' in refused.message
    assert robot.set('max_query_pixels', 80 * 48).successful
    assert robot.call(QueryView, 'query_view', view).success


def test_a_way_before_time_0_is_saved_with_its_stamps(run, tmp_path):
    """Of a bag whose clock began below 0; seconds and nanoseconds of a ROS stamp count from below."""
    _, robot = run(lossless=True, files_dir=str(tmp_path))
    robot.show_and_wait([-450_000_000, -250_000_000, 50_000_000])
    assert robot.call(SaveMap, 'save_trajectory', SaveMap.Request(path='way.tum')).success
    assert np.loadtxt(tmp_path / 'way.tum')[:, 0].tolist() == [-0.45, -0.25, 0.05]


def test_start_afresh_is_as_before_the_first_image(run, tmp_path):
    """Path, map, memory and place begin again, without a new start; the way alone is saved, with a map and without."""
    node, robot = run(lossless=True, files_dir=str(tmp_path), map__cell=0.05, map__max_rate=100.0, path_length=4,
                      map_frame='map', initial_pose=[1.0, 2.0, 0.0, 0.0, 0.0, 0.5])
    robot.listen('/ttt3r/path', 'path', Path)
    robot.listen('/ttt3r/map', 'map', PointCloud2)
    robot.wait_for('path and map', lambda: robot.heard_by('path') and robot.heard_by('map'))
    robot.meet()
    empty = robot.call(SaveMap, 'save_trajectory', SaveMap.Request(path='way.tum'))
    assert not empty.success and 'the path is empty' in empty.message and not (tmp_path / 'way.tum').exists()
    stamps = [(i + 1) * SECOND for i in range(9)]
    robot.show_and_wait(stamps)
    saved = robot.call(SaveMap, 'save_trajectory', SaveMap.Request(path='way.tum'))
    assert saved.success and '3 poses' in saved.message, saved.message
    rows = np.loadtxt(tmp_path / 'way.tum')
    assert rows[:, 0].tolist() == [1, 5, 9]  # thinned out twice, the whole way is there
    outside = robot.call(SaveMap, 'save_trajectory', SaveMap.Request(path='../way.tum'))
    assert not outside.success and 'not below' in outside.message
    assert robot.call(SaveMap, 'save_map', SaveMap.Request(path='way.ply')).success
    seen = (tmp_path / 'way.ply').read_bytes()
    refused = robot.call(SaveMap, 'save_trajectory', SaveMap.Request(path='way.ply'))
    assert not refused.success and 'end it in .tum' in refused.message
    assert (tmp_path / 'way.ply').read_bytes() == seen  # no poses in the place of the map
    pose = SetPose.Request()
    pose.pose.header.frame_id, pose.pose.pose.pose.position.x, pose.pose.pose.pose.orientation.w = 'map', 9.0, 1.0
    assert robot.call(SetPose, 'set_pose', pose).success
    robot.wait_for('all poses', lambda: len(robot.heard['pose']) == 9 and len(robot.heard['path']) == 9)

    again = robot.call(Trigger, 'start_afresh', Trigger.Request())
    assert again.success and 'initial pose' in again.message
    assert not robot.call(SaveState, 'save_state', SaveState.Request(path='a.state')).success
    assert not robot.call(SaveMap, 'save_trajectory', SaveMap.Request(path='way.tum')).success
    assert np.array_equal(np.loadtxt(tmp_path / 'way.tum'), rows)  # nothing has taken the place of the old way
    for i in range(2):
        robot.show((10 + i) * SECOND, scene(10 * (1 + i)))  # as the first two
    robot.wait_for('the poses', lambda: len(robot.heard['pose']) == 11 and len(robot.heard['map']) == 11)
    for first, second in ((0, 9), (1, 10)):
        assert np.allclose(*(pose_matrix(robot.heard['pose'][i].pose) for i in (first, second)), atol=1e-9)
    robot.wait_for('the status', lambda: len(robot.heard['status']) == 11)
    assert [(s.segment, s.frame) for s in robot.heard['status'][9:]] == [(0, 0), (0, 1)]
    assert len(robot.heard['path'][-1].poses) == 2
    assert robot.heard['map'][9].width < robot.heard['map'][8].width
    fixed = [t for m in robot.heard['tf_static'] for t in m.transforms if t.header.frame_id == 'map']
    assert fixed[-1].transform.translation.x == 0 != fixed[-2].transform.translation.x
