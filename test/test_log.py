# SPDX-License-Identifier: Apache-2.0
"""Whose a line of the log is, and how often it comes."""

from __future__ import annotations

import pytest

rclpy = pytest.importorskip('rclpy')
from rclpy.logging import LoggingSeverity, set_logger_level  # noqa: E402

from ttt3r_ros.ros import log  # noqa: E402
from ttt3r_ros.ros.log import MOST, Log  # noqa: E402


@pytest.fixture
def node(ros):
    """A node of its own."""
    made = rclpy.create_node('teller')
    yield made
    made.destroy_node()


def test_a_cause_that_goes_on_is_one_line_and_hides_no_other(node, capfd, monkeypatch):
    """A thousand times each: two causes of one camera and one of another's, by the name of each; then again later."""
    clock = [0.0]
    monkeypatch.setattr(log.time, 'monotonic', lambda: clock[0])
    front, rear = Log(node, 'front'), Log(node, 'rear')

    def told() -> list[str]:
        for k in range(1000):
            front.error(f"image dropped: {k}×240 '8UC2'", every=5.0)
            front.error(f"image dropped: {k / 7}×240 '32FC1'", every=5.0)
            rear.error(f'image dropped: {k}×240 {[float("nan"), -k * 1e-9][k % 2]}', every=5.0)
        return [line.split('[teller.')[1] for line in capfd.readouterr().err.splitlines()]

    first = ["front]: image dropped: 0×240 '8UC2'", "front]: image dropped: 0.0×240 '32FC1'",
             'rear]: image dropped: 0×240 nan']
    assert told() == first
    clock[0] = 4.9
    assert told() == []
    clock[0] = 5.1
    assert told() == first


def test_texts_without_end_are_not_lines_without_end(node, capfd, monkeypatch):
    """Of what differs each time, such as an encoding that is noise, there are MOST lines at a time."""
    monkeypatch.setattr(log.time, 'monotonic', lambda: 0.0)
    one = Log(node)
    for k in range(1000):
        one.error(f'image dropped: x{k}', every=5.0)
    assert len(capfd.readouterr().err.splitlines()) == MOST


def test_a_level_that_is_set_for_the_node_is_each_ones(node, capfd):
    """As --log-level ttt3r:=error sets it."""
    front = Log(node, 'front')
    set_logger_level('teller', LoggingSeverity.ERROR)
    front.warning('not told')
    front.error('told')
    assert capfd.readouterr().err.strip().endswith('[teller.front]: told')
