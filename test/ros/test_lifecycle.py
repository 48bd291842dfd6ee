# SPDX-License-Identifier: Apache-2.0
"""Every lifecycle transition of a real node, failures included."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from harness import stamp_of
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import NodeNameNonExistentError
from std_srvs.srv import Trigger
from ttt3r_ros.srv import SaveMap, SetPose

from ttt3r_ros.benchmark.machine import resident_bytes
from ttt3r_ros.model.checkpoint import convert
from ttt3r_ros.ros.services import KINDS

ALWAYS = (*KINDS, 'set_pose', 'get_parameters', 'set_parameters', 'change_state', 'get_state')
STAMPS = [5_000_000_000 + i * 100_000_000 for i in range(20)]


def test_every_transition(start_node, make_robot):
    """Unconfigured to finalised and all between, with the memory kept through a pause and freed by a clean-up."""
    node, robot = start_node(autostart=False, lossless=True), make_robot()
    robot.wait_for_state('unconfigured')
    assert not robot.camera.get_subscription_count()

    assert robot.transition('configure') and robot.state() == 'inactive'
    assert not robot.camera.get_subscription_count(), 'an inactive node must not subscribe'

    assert robot.transition('activate') and robot.state() == 'active'
    robot.wait_until_watched()
    robot.show_and_wait(STAMPS[:3])
    assert robot.counters().frame == 2

    assert robot.transition('deactivate') and robot.state() == 'inactive'
    robot.wait_for('the subscription to go', lambda: not robot.camera.get_subscription_count())

    assert robot.transition('activate')
    robot.wait_until_watched()
    robot.show_and_wait(STAMPS[3:5])
    assert robot.counters().frame == 4, 'the memory did not survive the pause'

    assert robot.transition('deactivate') and robot.transition('cleanup') and robot.state() == 'unconfigured'
    assert robot.transition('configure') and robot.transition('activate')
    robot.wait_until_watched()
    robot.show_and_wait(STAMPS[5:6])
    assert robot.counters().frame == 0, 'the memory survived the clean-up'

    assert robot.transition('deactivate') and robot.transition('cleanup') and robot.transition('shutdown')
    assert robot.state() == 'finalized'
    assert node.stop() == 0


def test_a_node_that_is_set_up_again_stays_as_large_as_it_is(start_node, make_robot):
    """What configure loads and the first images make of it is gone with the clean-up: five times is as large as two."""
    node, robot = start_node(autostart=False, lossless=True, weights='embedded'), make_robot()
    robot.wait_for_state('unconfigured')
    sizes = []
    for turn in range(5):
        assert robot.transition('configure') and robot.transition('activate')
        robot.wait_until_watched()
        robot.show_and_wait([STAMPS[0] + (12 * turn + i) * 100_000_000 for i in range(12)])
        assert robot.transition('deactivate') and robot.transition('cleanup')
        sizes.append(resident_bytes(node.process.pid))
    # The weights alone are 31 MB.
    assert sizes[-1] - sizes[1] < 60e6, [round(size / 1e6) for size in sizes]


def test_the_collector_leaves_alone_what_a_configured_node_keeps():
    """Of all that is there, next to nothing is looked through while images come; a clean-up looks through all again,
    the end of the process does not, which has no time for it."""
    work = """
import gc, rclpy
from ttt3r_ros.ros.node import Ttt3rNode
rclpy.init(args=['--ros-args', '-p', 'weights:=untrained'])
node = Ttt3rNode()
before = len(gc.get_objects())
node.trigger_configure()
after = len(gc.get_objects())
node.trigger_cleanup()
print(before > 50_000, after < before / 50, gc.get_freeze_count())
node.trigger_configure()
gc.disable()
looks = []
gc.callbacks.append(lambda *_: looks.append(1))
node.release(ending=True)
print(len(looks))
node.release()
print(len(looks) > 0)
"""
    done = subprocess.run([sys.executable, '-c', work], capture_output=True, text=True, timeout=100)
    assert done.stdout == 'True True 0\n0\nTrue\n', done.stderr


def test_a_service_is_there_before_the_node_is_ready_and_refuses(start_node, make_robot):
    """No call waits for a service: unconfigured, after a failure and after a clean-up it is refused, and why."""
    _, robot = start_node(autostart=False), make_robot()
    robot.wait_for_state('unconfigured')

    def refusal(kind=Trigger, name='reset') -> str:
        reply = robot.call(kind, name, kind.Request())
        assert not reply.success
        return reply.message

    for kind, name in ((Trigger, 'reset'), (SaveMap, 'save_map'), (SetPose, 'set_pose')):
        assert 'not configured: ros2 lifecycle set /ttt3r configure' in refusal(kind, name)
    assert robot.set('weights', '/nowhere.pth').successful
    assert not robot.transition('configure')
    assert 'no weights file' in refusal()
    assert robot.set('weights', 'untrained').successful
    assert robot.transition('configure') and robot.transition('activate')
    assert robot.reset().success
    assert robot.transition('deactivate') and robot.transition('cleanup')
    assert 'not configured' in refusal()


def test_a_node_that_is_finalized_says_that_its_process_is_to_be_started_anew(start_node, make_robot):
    """No transition leads out of it, and neither services nor log send anybody to one."""
    node, robot = start_node(autostart=False), make_robot()
    robot.wait_for_state('unconfigured')
    assert robot.transition('shutdown') and robot.state() == 'finalized'
    assert robot.reset().message == 'the node is finalized: start its process anew'
    assert not robot.transition('configure')
    assert 'configure (1) is not possible: the node is finalized: start its process anew' in node.log()
    assert 'rcl_lifecycle.c' not in node.log()


def test_a_clean_up_takes_all_off_the_graph(start_node, make_robot):
    """The topics of a configured node go with it, in every setting that makes more; its services are always there."""
    _, robot = start_node(autostart=False, map__cell=0.1, rectify=True, scale_source='depth'), make_robot()

    def offered() -> set[str]:
        graph = robot.node
        try:
            return {f'{kind.__name__} {name}' for kind in (
                graph.get_publisher_names_and_types_by_node, graph.get_subscriber_names_and_types_by_node,
                graph.get_service_names_and_types_by_node) for name, _ in kind('ttt3r', '/')}
        except NodeNameNonExistentError:  # known before by its services, or not yet
            return set()

    def settled() -> set[str]:
        """What is offered once that has been the same for 3 s: nobody tells when all of a node is known."""
        seen, since = offered(), time.monotonic()
        while time.monotonic() < since + 3.0:
            robot.spin(0.1)
            if offered() != seen:
                seen, since = offered(), time.monotonic()
        return seen

    robot.wait_for_state('unconfigured')
    robot.meet()
    robot.wait_for('the services that are always there', lambda: all(any(seen.endswith(f' /ttt3r/{name}')
                                                                        for seen in offered()) for name in ALWAYS))
    before = settled()
    assert robot.transition('configure') and robot.transition('activate')
    robot.wait_until_watched()
    robot.wait_for('what a configured node has', lambda: len(offered() - before) > 15)
    assert robot.transition('deactivate') and robot.transition('cleanup')
    robot.wait_for('all to go', lambda: offered() == before)


def test_impossible_transitions_are_refused(start_node, make_robot):
    """A transition that the state does not have is refused, and the node answers the next one."""
    node, robot = start_node(autostart=False), make_robot()
    robot.wait_for_state('unconfigured')
    for impossible in ('activate', 'deactivate', 'cleanup'):
        assert not robot.transition(impossible)
    assert robot.transition('configure')
    assert not robot.transition('configure')
    assert robot.transition('activate')
    assert not robot.transition('cleanup')
    assert robot.state() == 'active'
    for line in ('activate (3) is not possible: the node is unconfigured, from there: configure (1), shutdown (5)',
                 'configure (1) is not possible: the node is inactive, from there: cleanup (2), activate (3)',
                 'cleanup (2) is not possible: the node is active, from there: deactivate (4), shutdown (7)'):
        assert line in node.log()
    named = ChangeState.Request(transition=Transition(label='configure'))
    assert not robot.call(ChangeState, 'change_state', named).success
    assert 'configure is not possible: the node is active' in node.log()


def test_a_failed_configure_says_why_and_can_be_tried_again(start_node, make_robot, tmp_path):
    """Weights that are not there leave the node unconfigured with the reason logged; mended, it configures."""
    weights = tmp_path / 'later.safetensors'
    node, robot = start_node(weights=weights, lossless=True), make_robot()
    robot.wait_for('the reason', lambda: str(weights) in node.log() and 'configure failed' in node.log())
    assert 'mend that, then: ros2 lifecycle set /ttt3r configure' in node.log()
    robot.wait_for('the report', lambda: str(weights) in robot.diagnostic('configuration').get('message', ''))
    assert robot.diagnostic('configuration')['level'] == b'\x02'
    assert robot.state() == 'unconfigured'
    assert not robot.transition('configure') and robot.state() == 'unconfigured'

    convert('untrained', weights)
    assert robot.transition('configure') and robot.transition('activate')
    robot.wait_until_watched()
    robot.show_and_wait(STAMPS[:1])
    robot.wait_for('the report', lambda: robot.diagnostic('configuration').get('message') == 'taken')
    assert robot.counters().weights == 'untrained' and not robot.counters().trained


def test_wrong_settings_are_refused_with_a_reason(start_node, make_robot):
    """An impossible parameter at start fails configure with its name; set right, the node runs."""
    node, robot = start_node(update_rule='nonsense'), make_robot()
    robot.wait_for('the reason', lambda: "unknown update rule 'nonsense'" in node.log())
    assert robot.state() == 'unconfigured'
    assert robot.set('update_rule', 'cut3r').successful
    assert robot.transition('configure') and robot.state() == 'inactive'
    result = robot.set('weights', 'other.pth')
    assert not result.successful and 'configured' in result.reason
    result = robot.set('reset_interval', -3)
    assert not result.successful and 'reset_interval' in result.reason


def test_keyframes_want_the_resets_that_come_of_automatic_values(start_node, make_robot):
    """Weights that ask for no reset make no keyframes: configure says so; those that do ask for one are enough."""
    node, robot = start_node(keyframes=2, map_frame='map'), make_robot()
    robot.wait_for('the reason', lambda: 'configure failed' in node.log(), 90)
    assert "reset_policy to 'interval'" in node.log()
    assert robot.set('weights', 'embedded').successful and robot.transition('configure')
    assert 'reset interval every 16 frames, se3' in node.log()
    refused = robot.set('reset_policy', 'never')
    assert not refused.successful and 'keyframes' in refused.reason
    assert robot.set('reset_interval', 50).successful
    robot.wait_for('the doubt', lambda: 'every 50 frames' in node.log() and 'taken times 10' in node.log())
    assert robot.set('reset_interval', 0).successful
    wrong = robot.set('reset_interval', 1)
    assert not wrong.successful and 'at least 2' in wrong.reason


def test_compiling_without_a_compiler_fails_configure_with_the_remedy(start_node, make_robot, monkeypatch, tmp_path):
    """The log says what is missing; without compile the same node runs."""
    monkeypatch.setenv('CXX', '/nowhere/g++')
    monkeypatch.setenv('TORCHINDUCTOR_CACHE_DIR', str(tmp_path))  # what was compiled before needs no compiler
    node, robot = start_node(compile=True), make_robot()
    robot.wait_for('the reason', lambda: 'configure failed' in node.log(), 90)
    assert '/nowhere/g++' in node.log() and 'apt install g++' in node.log()
    assert robot.set('compile', False).successful
    assert robot.transition('configure') and robot.transition('activate')
    robot.wait_until_watched()
    robot.show_and_wait(STAMPS[:1])


def test_a_parameter_of_the_wrong_type_ends_the_start_with_one_line(start_node):
    """A parameter that ROS itself refuses is named, without a traceback, and the process ends."""
    node = start_node(reset_interval='often')
    assert node.process.wait(30) == 2
    assert 'reset_interval' in node.log()


def test_a_parameter_of_ros_without_a_value_ends_the_start_with_one_line(start_node, tmp_path):
    """One that ROS reads itself before any of ours, too."""
    (tmp_path / 'given.yaml').write_text('/**:\n  ros__parameters:\n    use_sim_time: []\n')
    node = start_node(params_file=tmp_path / 'given.yaml')
    assert node.process.wait(30) == 2
    assert 'a parameter cannot be taken' in node.log() and 'use_sim_time' in node.log()


def test_shutdown_while_busy(start_node, make_robot):
    """Ctrl-C in the middle of a stream ends the process cleanly."""
    node, robot = start_node(lossless=True), make_robot()
    robot.wait_until_watched()
    for stamp in STAMPS:
        robot.show(stamp)
    robot.wait_for('the first answer', lambda: robot.heard['pose'])
    assert node.stop() == 0
    assert stamp_of(robot.heard['pose'][0]) == STAMPS[0]


@pytest.mark.parametrize('device', ['banana', 'cuda:77', 'mps'])
def test_a_device_that_is_not_there_is_named(start_node, make_robot, device):
    """Configure fails with a line that names the parameter, its value and what can be taken, and the node lives on."""
    node, robot = start_node(device=device), make_robot()
    robot.wait_for_state('unconfigured')
    robot.wait_for('the log', lambda: 'configure failed' in node.log())
    line = next(line for line in node.log().splitlines() if f"device '{device}' cannot be used" in line)
    assert 'auto' in line and len(line) < 400  # PyTorch says a page of mps


def test_arguments_that_cannot_be_read_end_in_one_line(start_node):
    """A broken --ros-args ends the process with code 2 and no traceback, which start_node looks for."""
    node = start_node(remaps=('not a rule',))
    assert node.process.wait(20) == 2 and 'the arguments cannot be read' in node.log()


@pytest.mark.parametrize('there', [False, True])
def test_security_that_cannot_be_had_is_told_in_one_line(start_node, monkeypatch, tmp_path, there):
    """Without the enclave, and with one that the middleware cannot use: it was called arguments, and a traceback."""
    if there:
        (tmp_path / 'keystore/enclaves/ttt3r').mkdir(parents=True)
    for name, value in (('KEYSTORE', tmp_path / 'keystore'), ('ENABLE', 'true'), ('STRATEGY', 'Enforce'),
                        ('ENCLAVE_OVERRIDE', '/ttt3r')):
        monkeypatch.setenv(f'ROS_SECURITY_{name}', str(value))
    node = start_node()
    assert node.process.wait(20) == 2
    told = [line for line in node.log().splitlines() if 'FATAL' in line]
    assert len(told) == 1 and 'security is asked for and cannot be had' in told[0] and 'docs/security.md' in told[0]
