# SPDX-License-Identifier: Apache-2.0
"""The benchmarks before live nodes: what they tell of cameras is what went over DDS."""

import json
import os
import subprocess
import sys
import time

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.context import Context

from ttt3r_ros.benchmark.gpu_memory import RESERVED, GpuMemory


@pytest.mark.heavy
@pytest.mark.parametrize('extra', [[], ['--jpeg', '--busy', '1']], ids=['raw', 'jpeg, busy'])
def test_a_slow_camera_is_answered_and_timed(extra):
    """A camera slow enough for any machine: most images are answered, older than 0 and younger than the next one is."""
    run = subprocess.run([sys.executable, '-m', 'ttt3r_ros.benchmark.live', '--size', '160x120', '--rates', '2',
                          '--seconds', '5', *extra], check=True, capture_output=True, text=True, timeout=240)
    about, measured = (json.loads(line) for line in run.stdout.splitlines())
    assert about['size'] == '160x120' and about['jpeg'] == ('--jpeg' in extra)
    assert 9 <= 5 * measured['sent_per_s'] <= 11
    assert measured['answered'] > 0.5 and 0 < measured['p50_ms'] <= measured['p99_ms'] < 1500
    assert measured['node_cpu'] > 0


@pytest.mark.heavy
@pytest.mark.parametrize('extra, expected', [
    ([], [(True, 'robots', 1), (False, 'robots', 2), (True, 'robots', 2)]),
    (['--together'], [(True, 'robots', 1), (True, 'robots', 2)]),
    (['--cameras'], [(True, 'cameras', 2)]),
], ids=['robots', 'together', 'cameras'])
def test_robots_and_cameras_are_answered(extra, expected):
    """Each way is measured, and each robot or camera of it is answered."""
    run = subprocess.run([sys.executable, '-m', 'ttt3r_ros.benchmark.robots', '--robots', '2', '--size', '160x120',
                          '--seconds', '2', '--rounds', '1', *extra], check=True, capture_output=True, text=True,
                         timeout=240)
    about, *measured = (json.loads(line) for line in run.stdout.splitlines())
    assert about['size'] == '160x120'
    ratios = [] if extra == ['--cameras'] else [measured.pop()]
    assert all(ratio > 0 for line in ratios for ratio in line.values())
    assert [(line['together'], kind, line[kind]) for line, (_, kind, _) in zip(measured, expected, strict=True)] == \
        expected
    assert all(line['fewest_of_one'] > 0 and 'gpu_reserved_mib' not in line for line in measured)


@pytest.mark.slow
@pytest.mark.parametrize('module, arguments', [('live', ['--rates', '2']), ('robots', ['--robots', '2', '--together'])])
def test_a_robot_in_the_domain_hears_nothing_of_a_benchmark(module, arguments, lone_domain):
    """Nodes, cameras, TF and diagnostics are in a namespace: neither gets what is the other's."""
    context = Context()
    rclpy.init(context=context, domain_id=int(lone_domain))
    robot = rclpy.create_node('robot', context=context)
    run = subprocess.Popen([sys.executable, '-m', f'ttt3r_ros.benchmark.{module}', '--size', '160x120', '--seconds',
                            '2', *arguments], stdout=subprocess.PIPE, text=True,
                           env=os.environ | {'ROS_DOMAIN_ID': lone_domain})
    seen = set()
    try:
        while run.poll() is None:
            seen |= {name for name, _ in robot.get_topic_names_and_types()}
            time.sleep(0.05)
    finally:
        robot.destroy_node()
        rclpy.try_shutdown(context=context)
        run.kill()
    told = run.communicate()[0].splitlines()
    assert run.returncode == 0 and len(told) > 1
    assert {'image', 'tf', 'diagnostics', 'status'} <= {name.rpartition('/')[2] for name in seen}
    assert not [name for name in seen - {'/rosout', '/parameter_events'} if not name.startswith('/benchmark_')]


class _Ear:
    """Stands for a node that hears diagnostics."""

    def create_subscription(self, kind, topic, hear, depth):
        self.hear = hear


def test_what_nodes_reserve_of_a_gpu_is_heard():
    """The last figure of each node, and nothing where none has a GPU."""
    ear = _Ear()
    memory = GpuMemory(ear)
    for name, reserved in (('a: memory', None), ('a: x memory', '7'), ('b: memory', '5'), ('a: y memory', '9')):
        values = [KeyValue(key=RESERVED, value=reserved)] if reserved else []
        ear.hear(DiagnosticArray(status=[DiagnosticStatus(name=name, values=values)]))
        if reserved is None:
            assert memory.told() == {}
    assert memory.told() == {'gpu_reserved_mib': [9, 5]}
