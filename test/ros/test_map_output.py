# SPDX-License-Identifier: Apache-2.0
"""The map's own thread: a frame that takes long to go in holds nobody up, and none is left out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.cloud import Cloud
from ttt3r_ros.reconstruction.voxel_map import VoxelMap
from ttt3r_ros.reconstruction.whole_file import FilePath
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.map_output import WAITING, MapError, MapOutput, MapSettings

SETTINGS = MapSettings(cell=0.1, capacity=1000, drop='oldest', period_ns=0)


@pytest.fixture
def made(monkeypatch):
    """Return a map whose frames go in only while the event is set, and the event."""
    may, insert = threading.Event(), VoxelMap.insert
    monkeypatch.setattr(VoxelMap, 'insert', lambda *args: (may.wait(), insert(*args)))
    node = LifecycleNode('mapper')
    output = MapOutput(node, Log(node), '~/', SETTINGS)
    yield output, may
    may.set()
    output.destroy()
    node.destroy_node()


def show(output: MapOutput, number: int) -> None:
    """Add a frame of one point, a metre beside the last one's."""
    cloud = Cloud(np.full((1, 3), number, np.float32), np.zeros((1, 3), np.uint8), np.ones(1, np.float32))
    output.add(Header(frame_id='camera'), cloud, np.eye(4), 'odom')


def target(tmp_path) -> FilePath:
    return FilePath.of(tmp_path / 'map.ply')


def test_frames_that_wait_hold_nobody_up_and_are_all_in_the_file(made, tmp_path):
    """As many as may wait are taken at once; what is saved afterwards has all of them."""
    output, may = made
    for number in range(WAITING + 1):  # one is going in
        show(output, number)
    assert len(output._map) == 0
    with ThreadPoolExecutor(2) as pool:
        next_one = pool.submit(show, output, WAITING + 1)
        saved = pool.submit(output.to_write, target(tmp_path))
        with pytest.raises(TimeoutError):
            next_one.result(0.2)
        may.set()
        next_one.result(10)
        assert saved.result(10)
    assert f'{WAITING + 2} cells' in output.to_write(target(tmp_path)).told


def test_what_waits_is_forgotten_with_the_rest(made, tmp_path):
    """A map that is cleared holds nothing of the frames before."""
    output, may = made
    for number in range(3):
        show(output, number)
    may.set()
    output.clear()
    with pytest.raises(MapError, match='the map is empty'):
        output.to_write(target(tmp_path))
    show(output, 0)
    assert '1 cells' in output.to_write(target(tmp_path)).told


def test_a_frame_that_cannot_go_in_is_told_and_the_next_ones_go_in(made, tmp_path, monkeypatch):
    """The thread lives on."""
    output, may = made
    may.set()
    told = []
    monkeypatch.setattr(Log, 'error', lambda self, text, **_: told.append(text))
    broken = Cloud(np.zeros((2, 3), np.float32), np.zeros((1, 3), np.uint8), np.ones(1, np.float32))
    output.add(Header(), broken, np.eye(4), 'odom')
    show(output, 1)
    assert '1 cells' in output.to_write(target(tmp_path)).told
    assert len(told) == 1 and 'do not belong together' in told[0]


def test_without_a_map_there_is_no_thread():
    """Nothing to do, nobody to do it."""
    node = LifecycleNode('mapper')
    output = MapOutput(node, Log(node), '~/', replace(SETTINGS, cell=0.0))
    assert not output.enabled and not output._thread.is_alive()
    output.clear()
    output.destroy()
    node.destroy_node()
