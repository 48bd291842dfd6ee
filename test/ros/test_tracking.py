# SPDX-License-Identifier: Apache-2.0
"""Is a pose right? The embedded weights on a world whose truth is exact, over DDS."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from harness import CAMERA_FRAME, matrix_of, pose_matrix, stamp_of

from ttt3r_ros.evaluation.accuracy import accuracy
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.gravity import OPTICAL_TO_BODY
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.sequences import Trajectory
from ttt3r_ros.synthetic import World

SHIPPED = Path(__file__).parents[2] / 'config' / 'ttt3r.yaml'
FRAMES, LENGTH = 60, 192  # of a world filmed at training's pace
STEP = 100_000_000
MOST = 0.03  # of the path's length
LAPS, LAPS_LENGTH, LAPS_FRAMES = 3000, 300, 220  # a room that is walked round twice, and nearly all of that


@pytest.mark.parametrize('precision', ['float32', 'bfloat16'])
def test_the_published_path_is_the_camera_s(run, precision):
    """Over 60 frames of a room that training never saw, the path published is near the true one, in metres."""
    world = World(7, LENGTH, (120, 160))
    truth = world.poses[:FRAMES]
    node, robot = run(lossless=True, weights='embedded', params_file=SHIPPED, precision=precision)
    for i, (image, _) in enumerate(islice(world.film(), FRAMES)):
        robot.show(STEP * (i + 1), image)
    robot.wait_for('all answers', lambda: all(len(robot.heard[name]) == FRAMES for name in ('pose', 'status')))
    assert robot.heard['status'][-1].trained and robot.heard['status'][-1].weights == 'embedded'
    # As the file beside the weights asks, and nobody else.
    assert [s.segment for s in robot.heard['status']] == [0] * 16 + [1 + i // 15 for i in range(FRAMES - 16)]
    assert 'reset interval every 16 frames, se3' in node.log() and 'embedded.safetensors.profile.json' in node.log()
    assert 'covariances' not in node.log()  # measured with just these
    poses = np.array([pose_matrix(m.pose) for m in robot.heard['pose']])
    stamps = np.array([stamp_of(m) for m in robot.heard['pose']])
    found = accuracy(Trajectory(stamps, poses), Trajectory(stamps, truth))
    # A camera that is said to stand still is this far off.
    still = np.linalg.norm(truth[:, :3, 3] - truth[:, :3, 3].mean(0), axis=1)
    assert found.ate_se3 < MOST * found.path_length
    assert found.ate_se3 < 0.11 * np.sqrt((still ** 2).mean())


def test_ten_resets_on_a_walk_break_no_odometry(run):
    """Across ten resets the robot goes on no faster than it did between them."""
    world = World(7, LENGTH, (120, 160))
    _, robot = run(lossless=True, weights='embedded', reset_policy='interval', reset_interval=6,
                   segment_alignment='se3')
    for i, (image, _) in enumerate(islice(world.film(), FRAMES)):
        robot.show(STEP * (i + 1), image)
    robot.wait_for('all answers', lambda: all(len(robot.heard[name]) == FRAMES for name in ('odometry', 'status')))
    segments = np.array([status.segment for status in robot.heard['status']])
    places = np.array([(p.x, p.y, p.z) for p in (m.pose.pose.position for m in robot.heard['odometry'])])
    steps, across = np.linalg.norm(np.diff(places, axis=0), axis=1), np.diff(segments) > 0
    assert across.sum() >= 10
    assert steps[across].max() <= 1.5 * steps[~across].max()


@pytest.mark.slow
@pytest.mark.timeout(300)  # on busy cores
def test_a_closed_loop_moves_the_map_and_not_the_odometry(run):
    """Each image's map → odom is the library's correction, odom → camera goes on as without; the log tells each loop.
    """
    world = World(LAPS, LAPS_LENGTH, (48, 64))
    images = [image for image, _ in islice(world.film(), LAPS_FRAMES)]
    library = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3', policy=Interval(16),
                            keyframes=20, step_source='images')
    frames = [library.step(image) for image in images]
    assert frames[-1].loop_closures > 0
    node, robot = run(lossless=True, weights='embedded', reset_policy='interval', reset_interval=16,
                      segment_alignment='se3', keyframes=20, map_frame='map')
    for i, image in enumerate(images):
        robot.show(STEP * (i + 1), image)
    robot.wait_for('all answers', lambda: len(robot.heard['status']) == LAPS_FRAMES, 60)
    robot.wait_for('all transforms', lambda: sum(len(m.transforms) for m in robot.heard['tf']) == 2 * LAPS_FRAMES)
    assert [s.loop_closures for s in robot.heard['status']] == [f.loop_closures for f in frames]
    heard = {(t.header.frame_id, t.child_frame_id, stamp_of(t)): t.transform
             for m in robot.heard['tf'] for t in m.transforms}
    begin = np.eye(4)
    begin[:3, :3] = OPTICAL_TO_BODY
    for i, frame in enumerate(frames):
        in_map, in_odom = (matrix_of(found.translation, found.rotation) for found in (
            heard['map', 'odom', STEP * (i + 1)], heard['odom', CAMERA_FRAME, STEP * (i + 1)]))
        np.testing.assert_allclose(in_map, begin @ frame.correction @ np.linalg.inv(begin), atol=1e-9)
        np.testing.assert_allclose(in_odom, begin @ frame.pose, atol=1e-9)
    assert node.log().count('loop closed') == frames[-1].loop_closures
    assert not [t for m in robot.heard['tf_static'] for t in m.transforms if t.header.frame_id == 'map']
