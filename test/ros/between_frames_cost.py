# SPDX-License-Identifier: Apache-2.0
"""`python test/ros/between_frames_cost.py`: what odometry between frames costs, and how old TF is to who listens.

A node with the embedded weights, 10 images and 200 samples of an IMU a second, 20 s each without `odometry.rate` and
with 100. Told are the node's share of a core, and the age of TF's newest odom → base_link, asked every 10 ms.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import rclpy
from harness import CAMERA_FRAME, SCRIPT, NodeProcess, Robot, image_message, scene, stamp_of
from mount import mount_camera
from sensor_msgs.msg import Imu

SECOND = 1_000_000_000
LASTING_S = 20.0
WAYS = {'without': {}, 'rate 100': {'odometry__rate': 100.0},
        'rate 100, image_delay 0': {'odometry__rate': 100.0, 'odometry__image_delay': 0.0}}


def cpu_seconds(pid: int) -> float:
    """Return what a process has used so far, all its threads."""
    parts = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf('SC_CLK_TCK')


def feed(robot: Robot, sensor, until: float) -> None:
    """Publish images and samples of now."""
    images, k = [scene(i, (120, 160)) for i in range(10)], 0
    while time.monotonic() < until:
        now = time.time_ns()
        message = Imu()
        message.header.frame_id = CAMERA_FRAME
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(now, SECOND)
        message.angular_velocity.y = 0.2
        sensor.publish(message)
        if k % 20 == 0:
            robot.camera.publish(image_message(now, images[k // 20 % 10]))
        k += 1
        time.sleep(max(0.0, 0.005 - (time.time_ns() - now) / SECOND))


def measure(folder: Path, name: str, settings: dict) -> None:
    """Run a node with settings and print a line."""
    node = NodeProcess(folder / f'{name}.log', script=SCRIPT, weights='embedded', base_frame='base_link',
                       when_lost='continue', level='initial_pose', **settings)
    robot = Robot()
    kept = mount_camera(robot.node)
    sensor = robot.node.create_publisher(Imu, 'imu', 1000)
    robot.wait_until_watched()
    thread = threading.Thread(target=feed, args=(robot, sensor, time.monotonic() + LASTING_S + 3))
    thread.start()
    robot.spin(3.0)
    ages, used, begin = [], cpu_seconds(node.process.pid), time.monotonic()
    while time.monotonic() < begin + LASTING_S:
        robot.spin(0.01)
        stamps = [stamp_of(t) for m in robot.heard['tf'][-20:] for t in m.transforms if t.child_frame_id == 'base_link']
        if stamps:
            ages.append((time.time_ns() - max(stamps)) / 1e6)
    share = (cpu_seconds(node.process.pid) - used) / (time.monotonic() - begin)
    thread.join()
    median, most = np.percentile(ages, (50, 95))
    latency = np.median([s.latency_ms for s in robot.heard['status']])
    print(f'{name}: {100 * share:.0f} % of a core; TF is {median:.0f} ms old (median), {most:.0f} ms (95 %); images '
          f'are answered after {latency:.0f} ms, {len(robot.heard["status"])} of them', flush=True)
    robot.close()
    node.stop()
    del kept


def main() -> None:
    """Measure each way."""
    rclpy.init()
    with tempfile.TemporaryDirectory() as folder:
        for name, settings in WAYS.items():
            measure(Path(folder), name, settings)
    rclpy.shutdown()


if __name__ == '__main__':
    main()
