# SPDX-License-Identifier: Apache-2.0
"""A device that is out of memory or lost in mid-run: said in words, and the process ends or begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import scene
from ttt3r_ros.srv import QueryView

from ttt3r_ros.reconstruction import state_file

SECOND = 1_000_000_000
SCRIPT = Path(__file__).with_name('failing_device.py')


@pytest.fixture
def fails(tmp_path, monkeypatch):
    """The file that lets the device fail while it is there."""
    path = tmp_path / 'fails'
    monkeypatch.setenv('FAILS', str(path))
    return path


@pytest.mark.parametrize(('how', 'told'), [('full', 'out of memory'), ('lost', 'illegal memory access')])
def test_the_process_exits_with_a_status_of_its_own(run, fails, tmp_path, how, told):
    """By default: with 3, the state saved if the device still tells it, no traceback."""
    path = tmp_path / 'robot.state'
    node, robot = run(script=SCRIPT, lossless=True, state_file=str(path), autosave_interval=0.0)
    robot.show_and_wait([SECOND, 2 * SECOND])
    fails.write_text(how)
    robot.show(3 * SECOND)
    robot.spin(0.1)
    assert node.process.wait(60) == 3, node.log()
    assert told in node.log() and 'on_device_error: exit' in node.log()
    assert path.exists() == (how == 'full')
    if how == 'full':
        assert state_file.load(path)[1].stamp == 2 * SECOND
    else:
        assert 'the state is not saved, it cannot be read' in node.log()


def test_the_node_begins_anew_and_goes_on_where_it_was(run, fails, tmp_path):
    """With restart: configured anew from its last state, in the same process; at a second failure so soon it exits."""
    path = tmp_path / 'robot.state'
    node, robot = run(script=SCRIPT, lossless=True, state_file=str(path), on_device_error='restart')
    still = scene(3)
    for i in range(1, 9):
        robot.show(i * SECOND, still)
    robot.wait_for('answers', lambda: len(robot.heard['status']) == 8)
    fails.write_text('full')
    robot.show(9 * SECOND, still)
    robot.wait_for('its trouble', lambda: 'on_device_error: restart' in node.log())
    fails.unlink()
    robot.wait_for('the second start', lambda: node.log().count(' active: ') == 2)
    assert node.log().count(f'resuming from {path}') == 1
    robot.wait_until_watched()
    robot.show(10 * SECOND, still)
    robot.wait_for('an answer', lambda: len(robot.heard['status']) > 8)
    fails.write_text('full')
    robot.show(20 * SECOND, still)
    robot.spin(0.1)
    assert node.process.wait(60) == 3 and 'it fails again' in node.log()


def test_a_service_that_the_device_cannot_answer(run, fails):
    """Too large a view is refused in words and costs nothing else; a device that is lost in it ends the process."""
    node, robot = run(script=SCRIPT, lossless=True)
    robot.show_and_wait([SECOND])
    fails.write_text('query full')
    refused = robot.call(QueryView, 'query_view', QueryView.Request())
    assert not refused.success and 'out of memory' in refused.message
    robot.show_and_wait([2 * SECOND])
    fails.write_text('query lost')
    refused = robot.call(QueryView, 'query_view', QueryView.Request())
    assert not refused.success and 'the device is lost' in refused.message
    assert node.process.wait(60) == 3 and 'nobody foresaw' not in node.log()


def test_a_lost_device_that_cannot_be_configured_ends_the_process(run, fails):
    """With restart too, if the network cannot be started again."""
    node, robot = run(script=SCRIPT, lossless=True, on_device_error='restart')
    robot.show_and_wait([SECOND])
    fails.write_text('lost')
    robot.show(2 * SECOND)
    robot.spin(0.1)
    assert node.process.wait(60) == 3 and 'configure failed: the device is lost (CUDA error' in node.log()


@pytest.mark.parametrize(('how', 'told'), [('full at the start', 'out of memory'), ('lost', 'lost')])
def test_a_device_that_fails_at_the_start_ends_the_process(start_node, fails, how, told):
    """As later: what was started again, because the GPU was full, may find it full still, and stood there for ever."""
    fails.write_text(how)
    node = start_node(script=SCRIPT)
    assert node.process.wait(60) == 3
    assert f'configure failed: the device is {told} (CUDA' in node.log() and 'the process ends' in node.log()


def test_whoever_configures_a_node_himself_is_told(start_node, make_robot, fails):
    """Without autostart the process is his who asked: it stays, says why, and can be configured when there is room."""
    fails.write_text('full at the start')
    node = start_node(script=SCRIPT, autostart=False)
    robot = make_robot()
    assert not robot.transition('configure') and robot.state() == 'unconfigured'
    refused = robot.call(QueryView, 'query_view', QueryView.Request())
    assert 'configure failed: the device is out of memory' in refused.message and '\n' not in refused.message
    fails.unlink()
    assert robot.transition('configure') and node.process.poll() is None
