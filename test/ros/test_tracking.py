# SPDX-License-Identifier: Apache-2.0
"""Is a pose right? The embedded weights on a world whose truth is exact, over DDS."""

from __future__ import annotations

from itertools import islice

import numpy as np
from harness import stamp_of
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation.accuracy import accuracy
from ttt3r_ros.sequences import Trajectory
from ttt3r_ros.synthetic import World

FRAMES, LENGTH = 60, 192  # of a world filmed at training's pace
STEP = 100_000_000
MOST = 0.03  # of the path's length


def test_the_published_path_is_the_camera_s(run):
    """Over 60 frames of a room that training never saw, the path published is near the true one, in metres."""
    world = World(7, LENGTH, (120, 160))
    truth = world.poses[:FRAMES]
    # As weights/embedded.safetensors.parameters.yaml has it.
    _, robot = run(lossless=True, weights='embedded', reset_policy='interval', reset_interval=16,
                   segment_alignment='se3')
    for i, (image, _) in enumerate(islice(world.film(), FRAMES)):
        robot.show(STEP * (i + 1), image)
    robot.wait_for('all poses', lambda: len(robot.heard['pose']) == FRAMES)
    assert robot.heard['status'][-1].trained and robot.heard['status'][-1].weights == 'embedded'
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    for pose, message in zip(poses, robot.heard['pose'], strict=True):
        p, q = message.pose.position, message.pose.orientation
        pose[:3, :3] = Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix()
        pose[:3, 3] = p.x, p.y, p.z
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
