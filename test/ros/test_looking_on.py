# SPDX-License-Identifier: Apache-2.0
"""The viewer's client: what it hands on is what the node has published."""

import numpy as np
from harness import pose_matrix, scene
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs_py import point_cloud2

from ttt3r_ros.ros.looking_on import LookingOn

STAMPS = [1_700_000_000_000_000_000 + i * 100_000_000 for i in range(5)]


def test_frames_are_handed_on_as_they_were_published(run):
    """With the camera's pose from TF, the cloud's points and confidence, and its colours as the picture."""
    _, robot = run(lossless=True)
    taken = []
    client = LookingOn('/ttt3r', taken.append)
    executor = SingleThreadedExecutor()
    executor.add_node(client)
    try:
        robot.wait_for('the viewer', lambda: client.count_publishers('/ttt3r/points') == 1)
        for _ in range(20):
            executor.spin_once(timeout_sec=0.05)
        for stamp in STAMPS:
            robot.show(stamp, scene(stamp // 100_000_000))
            for _ in range(10):
                robot.spin(0.02)
                executor.spin_once(timeout_sec=0.02)

        def arrived():
            executor.spin_once(timeout_sec=0.02)
            return taken and len(robot.heard['points']) == len(STAMPS) == len(robot.heard['pose'])
        robot.wait_for('frames', arrived)
        poses = [pose_matrix(message.pose) for message in robot.heard['pose']]
        for frame in taken:
            at = next(i for i, pose in enumerate(poses) if np.allclose(pose, frame.pose, atol=1e-9))
            cloud = robot.heard['points'][at]
            assert frame.points.shape == (cloud.height, cloud.width, 3) == frame.image.shape
            points = point_cloud2.read_points(cloud)
            np.testing.assert_array_equal(frame.points[..., 2].ravel(), points['z'])
            np.testing.assert_array_equal(frame.confidence.ravel(), points['confidence'])
            assert np.array_equal(frame.image[..., ::-1].reshape(-1, 3),
                                  points['rgb'].copy().view(np.uint8).reshape(-1, 4)[:, :3])
            assert frame.intrinsics[0, 0] > 0
    finally:
        executor.shutdown()
        client.destroy_node()
