# SPDX-License-Identifier: Apache-2.0
"""Robots and the node that serves them find each other by Fast DDS's discovery server, as across subnets."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from harness import SCRIPT

pytestmark = pytest.mark.heavy

ROBOT = '''
import sys, time
import rclpy
from sensor_msgs.msg import Image
from harness import image_message, scene
from ttt3r_ros.msg import ReconstructionStatus
rclpy.init()
node, heard = rclpy.create_node('robot'), []
node.create_subscription(ReconstructionStatus, 'a/ttt3r/status', heard.append, 10)
camera = node.create_publisher(Image, 'a/image', 10)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end and not heard:
    camera.publish(image_message(node.get_clock().now().nanoseconds, scene(1)))
    rclpy.spin_once(node, timeout_sec=0.2)
print('answered' if heard else 'alone')
'''


def libraries() -> str:
    """Return where what the server links to is: the wheels' folders are not on the loader's path."""
    site = Path(sys.prefix)
    return os.pathsep.join(map(str, [site / 'lib', *site.glob('lib/python*/site-packages/*fastrtps.libs')]))


def free_port() -> int:
    """Return a UDP port that nobody has on the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def robot(environment: dict[str, str], seconds: float) -> str:
    """Return what a robot says that sends images for so long, or until one is answered."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get('PYTHONPATH', '')])
    return subprocess.run([sys.executable, '-c', ROBOT, str(seconds)], env=environment | {'PYTHONPATH': path},
                          capture_output=True, text=True, timeout=seconds + 60, check=True).stdout.strip()


def test_a_robot_is_found_by_the_server_alone(tmp_path):
    """With the server's address both meet; a robot without it, in the same domain, finds nobody."""
    server = shutil.which('fast-discovery-server')
    if server is None or not os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp').startswith('rmw_fastrtps'):
        pytest.skip('there is no fast-discovery-server, which comes with Fast DDS')
    port = free_port()
    known = dict(os.environ, ROS_DISCOVERY_SERVER=f'127.0.0.1:{port}')
    ours = dict(os.environ, LD_LIBRARY_PATH=os.pathsep.join([libraries(), os.environ.get('LD_LIBRARY_PATH', '')]))
    with (tmp_path / 'node.log').open('w') as log:
        running = [
            subprocess.Popen([server, '-i', '0', '-l', '127.0.0.1', '-p', str(port)], env=ours,
                             stdout=subprocess.DEVNULL),
            subprocess.Popen([sys.executable, str(SCRIPT), '--ros-args', '-p', 'robots:=[a]', '-p',
                              'weights:=untrained'], env=known, stdout=log, stderr=subprocess.STDOUT)]
    try:
        assert robot(known, 90) == 'answered', (tmp_path / 'node.log').read_text()
        assert robot(dict(os.environ), 5) == 'alone'
    finally:
        for process in running:
            process.terminate()
            process.wait(30)
