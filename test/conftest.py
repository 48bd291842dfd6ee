# SPDX-License-Identifier: Apache-2.0
"""What all tests share: one thread for the small networks, one ROS context."""

import os

import pytest

# Two processes of two threads each on two cores spend their time waiting for one another.
os.environ['OMP_NUM_THREADS'] = '1'


@pytest.fixture(scope='session')
def ros():
    """Start rclpy once for all tests that need it in this process."""
    import rclpy
    rclpy.init()
    yield
    rclpy.try_shutdown()
