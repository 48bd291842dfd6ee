# SPDX-License-Identifier: Apache-2.0
"""The launch file, run by the real launch and launch_ros."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip('launch_ros', reason='launch_ros is not installed: the ROS wheels have none, apt does')

import rclpy  # noqa: E402
from launch import LaunchContext, LaunchDescription, LaunchService  # noqa: E402
from launch.actions import IncludeLaunchDescription, SetEnvironmentVariable  # noqa: E402
from launch.launch_description_sources import PythonLaunchDescriptionSource  # noqa: E402
from lifecycle_msgs.msg import State  # noqa: E402
from lifecycle_msgs.srv import GetState  # noqa: E402
from rcl_interfaces.srv import GetParameters  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import parameter_value_to_python  # noqa: E402

LAUNCH_FILE = Path(__file__).parents[1] / 'launch' / 'ttt3r.launch.py'
PROMISED = {'namespace', 'params_file', 'use_sim_time', 'autostart', 'log_level', 'update_rule', 'weights',
            'image', 'image_transport', 'lossless', 'rviz'}
NODE = '/robot/ttt3r'
PATIENCE_S = 60.0


def description() -> LaunchDescription:
    return PythonLaunchDescriptionSource(str(LAUNCH_FILE)).get_launch_description(LaunchContext())


def test_arguments_are_those_promised_and_described():
    """The launch file declares the promised arguments, each with a description."""
    arguments = {argument.name: argument.description for argument in description().get_launch_arguments()}
    assert set(arguments) == PROMISED
    assert all(text and text != 'no description given' for text in arguments.values())


@pytest.mark.parametrize('own, middleware, is_set', [
    (None, None, True), (None, 'rmw_fastrtps_cpp', True), (None, 'rmw_cyclonedds_cpp', False),
    ('/etc/own.xml', None, False)])
def test_fast_dds_profile(monkeypatch, own, middleware, is_set):
    """The shared-memory profile is set for Fast DDS alone, and never over one that the user set."""
    for name, value in (('FASTRTPS_DEFAULT_PROFILES_FILE', own), ('RMW_IMPLEMENTATION', middleware)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    actions = [e for e in description().entities if isinstance(e, SetEnvironmentVariable)]
    assert len(actions) == is_set


def launched(arguments: dict[str, str], probe: Callable[[Node], dict]) -> dict:
    """Return what the probe finds while the launch file runs; the launch must then stop cleanly."""
    found: dict = {}

    def observe() -> None:
        context = rclpy.Context()
        rclpy.init(context=context)
        try:
            node = rclpy.create_node('launch_probe', context=context)
            found.update(probe(node))
            node.destroy_node()
        finally:
            rclpy.shutdown(context=context)
            service.shutdown()

    service = LaunchService(noninteractive=True)
    service.include_launch_description(IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(LAUNCH_FILE)), launch_arguments=arguments.items()))
    observer = Thread(target=observe)
    observer.start()
    assert service.run() == 0
    observer.join()
    return found


def call(node: Node, kind: type, name: str, request: object) -> object:
    client = node.create_client(kind, name)
    assert client.wait_for_service(PATIENCE_S), f'{name} is not there'
    future = client.call_async(request)
    executor = rclpy.executors.SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    executor.spin_until_future_complete(future, PATIENCE_S)
    executor.shutdown()
    return future.result()


def parameters(node: Node, *names: str) -> dict:
    response = call(node, GetParameters, f'{NODE}/get_parameters', GetParameters.Request(names=names))
    return dict(zip(names, map(parameter_value_to_python, response.values)))


def state(node: Node) -> int:
    return call(node, GetState, f'{NODE}/get_state', GetState.Request()).current_state.id


@pytest.fixture
def params_file(tmp_path: Path) -> str:
    path = tmp_path / 'params.yaml'
    path.write_text('/**:\n  ros__parameters:\n    update_rule: constant\n    lossless: true\n')
    return os.fspath(path)


def test_default_run_is_active_with_the_files_parameters(params_file):
    """Without overrides the node activates itself, with the values of params_file and the remapped topics."""
    def probe(node: Node) -> dict:
        return {'state': state(node),
                **parameters(node, 'update_rule', 'lossless', 'weights', 'use_sim_time'),
                'images': len(node.get_subscriptions_info_by_topic('/camera/image_raw')),
                'tf': len(node.get_publishers_info_by_topic('/robot/tf'))}

    found = launched({'namespace': 'robot', 'params_file': params_file, 'image': '/camera/image_raw'}, probe)
    assert found == {'state': State.PRIMARY_STATE_ACTIVE, 'update_rule': 'constant', 'lossless': True,
                     'weights': 'embedded', 'use_sim_time': False, 'images': 1, 'tf': 1}


def test_arguments_override_the_file(params_file):
    """Given arguments win over params_file, and without autostart the node waits to be configured."""
    def probe(node: Node) -> dict:
        return {'state': state(node),
                **parameters(node, 'update_rule', 'lossless', 'image_transport', 'use_sim_time')}

    found = launched({'namespace': 'robot', 'params_file': params_file, 'update_rule': 'cut3r',
                      'lossless': 'false', 'image_transport': 'compressed', 'use_sim_time': 'True',
                      'autostart': 'false'}, probe)
    assert found == {'state': State.PRIMARY_STATE_UNCONFIGURED, 'update_rule': 'cut3r', 'lossless': False,
                     'image_transport': 'compressed', 'use_sim_time': True}
