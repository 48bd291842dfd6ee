# SPDX-License-Identifier: Apache-2.0
"""A camera on another middleware, as the shipped profile of ours has to receive it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from harness import Robot, stamp_of
from sensor_msgs.msg import Image

pytest.importorskip('cyclonedds', reason='the cyclonedds wheel is not installed: pip install cyclonedds')

CAMERA = Path(__file__).with_name('cyclone_camera.py')
PROFILE = Path(__file__).parents[2] / 'config' / 'fastdds_shm.xml'
ALLOWED = Path('/proc/sys/net/core/rmem_max')
BUFFER = 4_194_304
COUNT, PERIOD_S = 40, 0.15


@pytest.fixture
def camera():
    """Return a function that starts the camera."""
    started = []

    def start(topic: str, width: int, height: int, clouds: str) -> subprocess.Popen:
        arguments = [topic, COUNT, PERIOD_S, width, height, clouds]
        started.append(subprocess.Popen([sys.executable, CAMERA, *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(('width', 'height'), [(640, 480), pytest.param(1280, 720, marks=pytest.mark.heavy)])
def test_a_best_effort_camera_on_cyclone_dds(start_node, camera, monkeypatch, width, height):
    """Every image of 0.9 and 2.8 MB, sent as hundreds of fragments at once, is answered or counted as lost, and the
    small ones all arrive where the kernel lets the profile have its buffer; the clouds come back, and whole."""
    monkeypatch.setenv('FASTRTPS_DEFAULT_PROFILES_FILE', str(PROFILE))
    start_node(lossless=True, remaps=('image:=cyclone/image',),
               **{'qos_overrides./cyclone/image.subscription.reliability': 'best_effort'})
    robot = Robot(topic='unused', image_type=Image)
    try:
        robot.wait_for('the node', lambda: robot.node.count_subscribers('/cyclone/image') > 0, 90)
        robot.wait_for('its status', lambda: robot.heard_by('status'))
        process = camera('cyclone/image', width, height, 'ttt3r/points')
        assert process.stdout.readline().strip() == 'sent'
        robot.spin(1.0)
        robot.wait_for('the last answer', lambda: robot.diagnostic('inference').get('pending frames') == '0')
        robot.spin(1.0)
        status = robot.counters()
        seen = stamp_of(status) // 1_000_000_000 - stamp_of(robot.heard['status'][0]) // 1_000_000_000 + 1
        assert status.answered + status.lost_in_transport == seen
        if int(ALLOWED.read_text()) >= BUFFER and width == 640:
            assert status.answered == COUNT
        heard, whole = map(int, process.communicate('')[0].split())
        assert status.answered - 2 <= heard == whole  # the node may know its publisher's other side a little late
    finally:
        robot.close()
