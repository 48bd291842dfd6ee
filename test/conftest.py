# SPDX-License-Identifier: Apache-2.0
"""What all tests share: one thread for the small networks, one ROS context."""

import logging
import os
import signal

import pytest

# Two processes of two threads each on two cores spend their time waiting for one another.
os.environ['OMP_NUM_THREADS'] = '1'
# A shell that starts the tests in the background has Ctrl-C ignored, and nodes that inherit that end at none.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Each of pytest-xdist's processes has a domain of its own: their nodes must not meet. 101 and less are safe on Linux.
if worker := os.environ.get('PYTEST_XDIST_WORKER'):
    os.environ['ROS_DOMAIN_ID'] = str((int(os.environ.get('ROS_DOMAIN_ID', 0)) + 50 * int(worker[2:])) % 101)


def pytest_collection_finish():
    """Let our loggers hand on what they are told, which `caplog` hears: `launch`, once imported, makes all that come
    later keep it to themselves. An apt ROS has plugins of pytest that import it, before there is any of ours."""
    class HandingOn(logging.getLoggerClass()):
        def __init__(self, name, *others):
            super().__init__(name, *others)
            self.propagate |= name.startswith('ttt3r_ros')

    logging.setLoggerClass(HandingOn)
    for name in [name for name in logging.root.manager.loggerDict if name.startswith('ttt3r_ros')]:
        logging.getLogger(name).propagate = True


@pytest.fixture(autouse=True)
def levels():
    """Put back what a command of ours has made of our loggers, which the next test listens to."""
    def ours() -> dict[str, int]:
        names = [name for name in logging.root.manager.loggerDict if name.startswith('ttt3r_ros')]
        return {name: logging.getLogger(name).level for name in names}

    before = ours()
    yield
    for name in ours():
        logging.getLogger(name).setLevel(before.get(name, logging.NOTSET))


@pytest.fixture(scope='session')
def ros():
    """Start rclpy once for all tests that need it in this process."""
    import rclpy
    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture
def lone_domain() -> str:
    """Return a ROS domain in which no other test has nodes: rclpy keeps what belongs to a lifecycle node until that is
    collected as garbage."""
    return str((int(os.environ.get('ROS_DOMAIN_ID') or 0) + 25) % 101)


@pytest.fixture(scope='session')
def film(tmp_path_factory):
    """Return a folder with 24 small images of a room; the 11th to the 13th are black."""
    import cv2
    import numpy as np

    from ttt3r_ros.synthetic import Room, walk
    folder, room = tmp_path_factory.mktemp('film'), Room(3)
    intrinsics = np.array([[104.0, 0, 63.5], [0, 104.0, 47.5], [0, 0, 1]])
    for i, pose in enumerate(walk(room, 150, 3)[:24]):
        image = room.render(pose, intrinsics, (96, 128))[0] * (0 if 10 <= i < 13 else 1)
        cv2.imwrite(str(folder / f'{i:03d}.png'), cv2.cvtColor(image.astype(np.uint8), cv2.COLOR_RGB2BGR))
    return folder
