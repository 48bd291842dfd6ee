# SPDX-License-Identifier: Apache-2.0
"""The launch files, run by the real launch and launch_ros; what they start beside the node has stand-ins."""

import json
import logging
import os
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread, Timer

import pytest
import yaml

pytest.importorskip('launch_ros', reason='launch_ros is not installed: the ROS wheels have none, apt does')

import rclpy  # noqa: E402
from ament_index_python.packages import get_package_prefix  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue  # noqa: E402
from launch import LaunchContext, LaunchDescription, LaunchService  # noqa: E402
from launch.actions import IncludeLaunchDescription, OpaqueFunction, SetEnvironmentVariable  # noqa: E402
from launch.event_handlers import OnProcessStart  # noqa: E402
from launch.launch_description_sources import PythonLaunchDescriptionSource  # noqa: E402
from lifecycle_msgs.msg import State  # noqa: E402
from lifecycle_msgs.srv import GetState  # noqa: E402
from rcl_interfaces.srv import GetParameters  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import parameter_value_to_python  # noqa: E402
from ttt3r_ros.msg import ReconstructionStatus  # noqa: E402

ROOT = Path(__file__).parents[1]
COMMON = {'namespace', 'params_file', 'use_sim_time', 'autostart', 'log_level', 'update_rule', 'weights', 'image',
          'camera_info', 'depth', 'mask', 'imu', 'wheel_odometry', 'image_transport', 'cameras', 'shared_state',
          'robots', 'base_frame', 'publish_tf', 'lossless', 'respawn', 'rviz'}
PROMISED = {'ttt3r': COMMON, 'cameras': COMMON, 'server': COMMON, 'bag': COMMON | {'bag', 'rate'},
            'nav2': COMMON | {'nav2_params_file'}, 'ekf': COMMON | {'ekf_params_file'},
            'usb_camera': COMMON | {'device', 'driver', 'calibration', 'camera_frame'}}
NODE = '/robot/ttt3r'
OF_ROBOTS, OF_CAMERAS = ({'image': f'/{{{kind}}}/image_raw', 'camera_info': f'/{{{kind}}}/camera_info'}
                         for kind in ('robot', 'camera'))
SEVERAL = {'cameras': 'front rear', **OF_CAMERAS}
PATIENCE_S = 60.0


def source(name: str) -> PythonLaunchDescriptionSource:
    return PythonLaunchDescriptionSource(str(ROOT / 'launch' / f'{name}.launch.py'))


def description(name: str = 'ttt3r') -> LaunchDescription:
    return source(name).get_launch_description(LaunchContext())


def test_every_launch_file_is_tested_here():
    """The launch folder holds the files that are promised."""
    assert {path.name for path in (ROOT / 'launch').glob('*.py')} == {f'{name}.launch.py' for name in PROMISED}


@pytest.mark.parametrize('name', PROMISED)
def test_arguments_are_those_promised_and_described(name):
    """A launch file declares the promised arguments, those of the file it includes too, each with a description."""
    arguments = {argument.name: argument.description for argument in description(name).get_launch_arguments()}
    assert set(arguments) == PROMISED[name]
    assert all(text and text != 'no description given' for text in arguments.values())


def test_a_bag_s_arguments_tell_what_runs():
    """What the file for bags decides itself is what --show-args says of it."""
    defaults = {argument.name: ''.join(part.text for part in argument.default_value or ())
                for argument in description('bag').get_launch_arguments()}
    assert {name: defaults[name] for name in ('use_sim_time', 'lossless', 'autostart')} == {
        'use_sim_time': 'true', 'lossless': 'true', 'autostart': 'false'}


@pytest.mark.parametrize('typed, argument, meant', [
    (('ttt3r_ros', 'ttt3r.launch.py'), 'imge', 'image'),
    (('ttt3r_ros', 'nav2.launch.py'), 'nav2_param_file', 'nav2_params_file'),
    ((str(ROOT / 'launch' / 'ekf.launch.py'),), 'base_frme', 'base_frame'),
    (('ttt3r_ros', 'nav2.launch.py'), 'use_composition', None), (('ttt3r_ros', 'ttt3r.launch.py'), 'image', None),
    (('my_robot', 'ttt3r.launch.py'), 'imge', None), (('my_robot', 'robot.launch.py'), 'imge', None)])
def test_a_mistyped_argument_is_told(monkeypatch, typed, argument, meant):
    """ros2 launch takes any; what is typed for another package's file is not ours to judge."""
    monkeypatch.setattr(sys, 'argv', ['/opt/ros/jazzy/bin/ros2', 'launch', *typed, f'{argument}:=/x'])
    judge = next(entity for entity in description().entities if isinstance(entity, OpaqueFunction))
    context = LaunchContext(argv=[f'{argument}:=/x'])
    if meant is None:
        assert judge.execute(context) is None
    else:
        with pytest.raises(RuntimeError, match=f'{argument}:=/x is no argument of .*: is {meant} meant?'):
            judge.execute(context)


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


def launch_of(name: str, arguments: dict[str, str]) -> LaunchService:
    service = LaunchService(noninteractive=True)
    service.include_launch_description(IncludeLaunchDescription(source(name), launch_arguments=arguments.items()))
    return service


def ended(name: str, arguments: dict[str, str]) -> tuple[int, list[str]]:
    """Return the exit code of a launch that must end by itself, and which programs it started. It leaves none."""
    late, started, before = [], [], children()
    service = launch_of(name, arguments)
    service.context.register_event_handler(OnProcessStart(
        on_start=lambda event, _: started.append(event.process_name.rpartition('-')[0])))
    # pytest's own time limit does not get through to asyncio.
    patience = Timer(PATIENCE_S, lambda: (late.append(name), service.shutdown()))
    patience.start()
    code = service.run()
    patience.cancel()
    left = children() - before
    for pid in left:
        os.kill(pid, signal.SIGKILL)  # its node would answer the next test
    assert not late, f'{name} was still running after {PATIENCE_S} s'
    assert not left
    return code, started


def children() -> set[int]:
    return {int(pid) for task in Path('/proc/self/task').glob('*/children') for pid in task.read_text().split()}


def launched(name: str, arguments: dict[str, str], probe: Callable[[Node], dict]) -> dict:
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

    service = launch_of(name, arguments)
    observer = Thread(target=observe)
    observer.start()
    assert service.run() == 0
    observer.join()
    return found


def spin(node: Node, until: Callable[[], bool]) -> None:
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    end = node.get_clock().now().nanoseconds + PATIENCE_S * 1e9
    while not until() and node.get_clock().now().nanoseconds < end:
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()


def call(node: Node, kind: type, name: str, request: object) -> object:
    client = node.create_client(kind, name)
    assert client.wait_for_service(PATIENCE_S), f'{name} is not there'
    future = client.call_async(request)
    spin(node, future.done)
    return future.result()


def parameters(node: Node, *names: str, of: str = NODE) -> dict:
    response = call(node, GetParameters, f'{of}/get_parameters', GetParameters.Request(names=names))
    return dict(zip(names, map(parameter_value_to_python, response.values)))


def state(node: Node) -> int:
    return call(node, GetState, f'{NODE}/get_state', GetState.Request()).current_state.id


def offered(node: Node) -> dict[str, list[str]]:
    """Return the node's topics and their types; who publishes is known by its name a while after it answers."""
    spin(node, lambda: ('ttt3r', '/robot') in node.get_node_names_and_namespaces())
    return dict(node.get_publisher_names_and_types_by_node('ttt3r', '/robot'))


@pytest.fixture
def params_file(tmp_path: Path) -> str:
    path = tmp_path / 'params.yaml'
    path.write_text('/**:\n  ros__parameters:\n    update_rule: constant\n    lossless: true\n    level: imu\n'
                    '    scale_source: wheels\n    base_frame: base_link\n')
    return os.fspath(path)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch) -> Iterator[Callable[[str, str, str], None]]:
    """Return a function that puts a package there: its name, a file of it below its prefix, and the file's text."""
    prefix = tmp_path / 'prefix'
    index = prefix / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f"{prefix}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}")

    def make(package: str, file: str, text: str) -> None:
        (index / package).touch()
        path = prefix / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!{sys.executable}\n{textwrap.dedent(text)}')
        path.chmod(0o755)

    return make


def test_default_run_is_active_with_the_files_parameters(params_file):
    """Without overrides the node activates itself, with the values of params_file and the remapped topics."""
    topics = {'image': '/camera/image_raw', 'camera_info': '/camera/camera_info', 'imu': '/imu/data',
              'wheel_odometry': '/wheels/odom', 'mask': '/people/mask'}

    def probe(node: Node) -> dict:
        return {'state': state(node),
                **parameters(node, 'update_rule', 'lossless', 'weights', 'use_sim_time', 'map.cell', 'cameras'),
                'heard': [len(node.get_subscriptions_info_by_topic(topic)) for topic in topics.values()],
                'tf': len(node.get_publishers_info_by_topic('/robot/tf'))}

    found = launched('ttt3r', {'namespace': 'robot', 'params_file': params_file, **topics}, probe)
    assert found == {'state': State.PRIMARY_STATE_ACTIVE, 'update_rule': 'constant', 'lossless': True,
                     'weights': 'embedded', 'use_sim_time': False, 'map.cell': 0.0, 'cameras': [''],
                     'heard': [1, 1, 2, 1, 1], 'tf': 1}  # an IMU by level and by gyroscope


def test_arguments_override_the_file(params_file):
    """Given arguments win over params_file, and without autostart the node waits to be configured."""
    given = {'update_rule': 'cut3r', 'lossless': False, 'image_transport': 'compressed', 'use_sim_time': True,
             'base_frame': 'chassis', 'publish_tf': False}

    def probe(node: Node) -> dict:
        return {'state': state(node), **parameters(node, *given)}

    found = launched('ttt3r', {'namespace': 'robot', 'params_file': params_file, 'autostart': 'false',
                               **{name: str(value) for name, value in given.items()}}, probe)
    assert found == {'state': State.PRIMARY_STATE_UNCONFIGURED, **given}


def test_cameras_have_their_topics():
    """Each camera's inputs are remapped by the pattern, all have outputs, and they track one base."""
    def probe(node: Node) -> dict:
        topics = [f'/{name}/{topic}' for name in ('left', 'right') for topic in ('rgb', 'camera_info', 'people')]
        return {'state': state(node), **parameters(node, 'cameras', 'shared_state', 'base_frame'),
                'inputs': [len(node.get_subscriptions_info_by_topic(topic)) for topic in topics],
                'poses': [len(node.get_publishers_info_by_topic(f'{NODE}/{name}/pose')) for name in ('left', 'right')]}

    found = launched('cameras', {'namespace': 'robot', 'cameras': 'left right', 'image': '/{camera}/rgb',
                                 'mask': '/{camera}/people', 'shared_state': 'true'}, probe)
    assert found == {'state': State.PRIMARY_STATE_ACTIVE, 'cameras': ['left', 'right'], 'shared_state': True,
                     'base_frame': 'base_link', 'inputs': [1] * 6, 'poses': [1, 1]}


def test_robots_have_their_namespaces():
    """Each robot's compressed images are heard, and its poses, TF and services are in its own namespace."""
    def probe(node: Node) -> dict:
        found = {'state': state(node), **parameters(node, 'robots', 'cameras', 'base_frame', 'image_transport')}
        for name in ('a', 'b'):
            found[name] = [len(node.get_subscriptions_info_by_topic(f'/{name}/{topic}'))
                           for topic in ('image_raw/compressed', 'camera_info')]
            found[name] += [len(node.get_publishers_info_by_topic(f'/robot/{name}/{topic}'))
                            for topic in ('ttt3r/pose', 'tf')]
        return found

    found = launched('server', {'namespace': 'robot', 'robots': 'a b', 'base_frame': '{robot}/base_link',
                                'wheel_odometry': '/{robot}/wheels'}, probe)
    assert found == {'state': State.PRIMARY_STATE_ACTIVE, 'robots': ['a', 'b'], 'cameras': [''],
                     'base_frame': '{robot}/base_link', 'image_transport': 'compressed',
                     'a': [1, 1, 1, 1], 'b': [1, 1, 1, 1]}


@pytest.mark.parametrize('arguments', [{'image': '/one'}, {'cameras': 'front rear'}])
def test_robots_that_cannot_be_told_apart_are_refused(arguments):
    """One topic for two robots, or cameras beside them, end the launch before the node runs."""
    assert ended('server', {'robots': 'a b', **arguments}) == (1, [])


@pytest.mark.parametrize('name, arguments', [
    ('ttt3r', {'image': '/{camera}/image_raw'}), ('ttt3r', {'camera_info': '/{robot}/info'}),
    ('cameras', {'image': '/{robot}/image_raw'}), ('server', {'robots': 'a b', 'imu': '/imu/data'}),
    ('ekf', {'robots': 'a b', **OF_ROBOTS}), ('nav2', {'robots': 'a b', **OF_ROBOTS}),
    ('ekf', {'ekf_params_file': '/none.yaml'}), ('nav2', {'nav2_params_file': '/none.yaml'}),
    ('ekf', {'params_file': '/none.yaml'}), ('ttt3r', {'params_file': '/none.yaml'}),
    ('ttt3r', {'publish_tf': 'maybe'}), ('ekf', {'use_sim_time': 'maybe'})])
def test_what_does_not_go_together_ends_the_launch(name, arguments, stand_in):
    """A pattern without names, or of the others', one IMU for two robots, one stack for several of them, and files of
    parameters that are not there: the node is not started, and so none is left behind."""
    stand_in('robot_localization', 'lib/robot_localization/ekf_node', '')
    stand_in('nav2_bringup', 'share/nav2_bringup/launch/navigation_launch.py', '')
    assert ended(name, arguments) == (1, [])


def test_a_bag_of_several_robots_is_played_to_each(tmp_path, monkeypatch):
    """The player offers each robot's images reliably."""
    offers = tmp_path / 'offers'
    player = tmp_path / 'ros2'
    player.write_text(f"""#!{sys.executable}
import pathlib, sys
given = sys.argv[sys.argv.index('--qos-profile-overrides-path') + 1]
pathlib.Path({str(offers)!r}).write_text(pathlib.Path(given).read_text())
raise SystemExit('enough')""")
    player.chmod(0o755)
    monkeypatch.setenv('PATH', f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert ended('bag', {'bag': 'office', 'robots': 'a b', 'image': '/{robot}/image_raw',
                         'camera_info': '/{robot}/camera_info'}) == (1, ['ttt3r_node', 'ros2'])
    assert {'/a/image_raw', '/b/image_raw', '/b/image_raw/compressed'} <= set(yaml.safe_load(offers.read_text()))


@pytest.mark.parametrize('topic', ['image', 'camera_info', 'depth'])
def test_cameras_on_one_topic_are_refused(topic):
    """A pattern that gives two cameras one topic ends the launch before the node runs."""
    assert ended('cameras', {topic: '/front/one'}) == (1, [])


@pytest.mark.parametrize('name, arguments', [('nav2', {}), ('ekf', {}), ('ttt3r', {'rviz': 'true'})])
def test_nothing_is_started_where_the_other_stack_is_missing(name, arguments, monkeypatch):
    """A launch that cannot find the package it needs ends before the node runs, which it would leave behind."""
    monkeypatch.setenv('AMENT_PREFIX_PATH', get_package_prefix('ttt3r_ros'))
    assert ended(name, arguments) == (1, [])


def test_rviz_finds_the_topics_of_a_robots_first_camera(stand_in, tmp_path):
    """RViz is remapped from every topic in its configuration, and with the shipped parameters there is a map."""
    heard = tmp_path / 'heard'
    stand_in('rviz2', 'lib/rviz2/rviz2', f'''
        import pathlib, signal, sys
        signal.signal(signal.SIGINT, lambda *_: sys.exit())
        pathlib.Path({str(heard)!r}).write_text('\\n'.join(sys.argv))
        signal.pause()''')
    found = launched('cameras', {'namespace': 'robot', 'rviz': 'true'}, lambda node: parameters(node, 'map.cell'))
    assert found == {'map.cell': 0.05}
    arguments = heard.read_text().split('\n')
    assert '__ns:=/robot' in arguments
    manager = yaml.safe_load(Path(arguments[arguments.index('-d') + 1]).read_text())['Visualization Manager']
    remaps = dict(argument.split(':=') for argument in arguments if argument.startswith('/') and ':=' in argument)
    topics = {display['Topic']['Value'] for display in manager['Displays'] if 'Topic' in display}
    assert remaps == {'/tf': 'tf', '/tf_static': 'tf_static', '/image': '/front/image_raw',
                      '/initialpose': 'initialpose',
                      **{f'/ttt3r/{topic}': f'ttt3r/front/{topic}' for topic in ('pose', 'path', 'points', 'map')}}
    assert topics == set(remaps) - {'/tf', '/tf_static', '/initialpose'}


# `ros2 bag play` with the options of Jazzy's that we use, and images of its own; other commands go to the real ros2.
PLAYER = '''
import argparse, json, os, pathlib, sys
folder = pathlib.Path(__file__).parent
if sys.argv[1:3] != ['bag', 'play']:
    os.environ['PATH'] = os.environ['PATH'].split(os.pathsep, 1)[1]
    os.execvp('ros2', ['ros2', *sys.argv[1:]])
parser = argparse.ArgumentParser()
parser.add_argument('bag')
parser.add_argument('--clock', type=float, nargs='?', const=40)
parser.add_argument('--rate', type=float)
parser.add_argument('--delay', type=float)
parser.add_argument('--wait-for-all-acked', type=int)
parser.add_argument('--disable-keyboard-controls', action='store_true')
parser.add_argument('--qos-profile-overrides-path', type=argparse.FileType())
parser.add_argument('--remap', nargs='+')
options = parser.parse_args(sys.argv[3:])

import rclpy, yaml
from rclpy.duration import Duration
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
offers = yaml.safe_load(options.qos_profile_overrides_path)
topic = '/camera/image_raw'
rclpy.init()
node = rclpy.create_node('player')
publisher = node.create_publisher(Image, topic, QoSProfile(
    depth=offers[topic]['depth'], reliability=ReliabilityPolicy[offers[topic]['reliability'].upper()]))
listening = publisher.get_subscription_count
for _ in range(100):
    rclpy.spin_once(node, timeout_sec=0.1)
    if listening():
        break
(folder / 'heard').write_text(json.dumps({'listening': listening(), 'bag': options.bag, 'rate': options.rate,
                                          'clock': options.clock, 'delay': options.delay, 'remap': options.remap}))
image = Image(height=240, width=320, encoding='rgb8', step=960, data=bytes(range(256)) * 900)
image.header.frame_id = 'camera'
for i in range(1, 41):
    image.header.stamp.sec = i
    publisher.publish(image)
publisher.wait_for_all_acked(Duration(nanoseconds=options.wait_for_all_acked * 1_000_000))
'''


def test_bag_is_played_to_the_active_node_and_ends_with_the_last_answer(tmp_path, monkeypatch):
    """The player starts once the node listens; the launch ends by itself, when all images of the bag are answered."""
    player = tmp_path / 'ros2'
    player.write_text(f'#!{sys.executable}\n{PLAYER}')
    player.chmod(0o755)
    monkeypatch.setenv('PATH', f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    answered, over = [], []

    def listen() -> None:
        context = rclpy.Context()
        rclpy.init(context=context)
        node = rclpy.create_node('launch_probe', context=context)
        node.create_subscription(ReconstructionStatus, f'{NODE}/status', lambda status: answered.append(
            (status.header.stamp.sec, status.answered)), 10)
        spin(node, lambda: bool(over))
        node.destroy_node()
        rclpy.shutdown(context=context)

    listener = Thread(target=listen)
    listener.start()
    try:
        assert ended('bag', {'bag': 'office', 'rate': '2', 'namespace': 'robot', 'image': '/camera/image_raw'}) == (
            0, ['ttt3r_node', 'ros2', 'ros2'])
    finally:
        over.append(True)
        listener.join()
    assert answered[-1] == (40, 40) and answered == sorted(set(answered))  # a slow listener may miss one
    assert not list(tmp_path.glob('ttt3r_bag_qos_*'))
    assert json.loads((tmp_path / 'heard').read_text()) == {
        'listening': 1, 'bag': 'office', 'rate': 2.0, 'clock': 40, 'delay': 2.0,
        'remap': ['/tf:=/robot/tf', '/tf_static:=/robot/tf_static']}


def test_our_loggers_are_heard_beside_launch_s():
    """Those made before launch was imported, after it, and by a test: it makes loggers that hand nothing on."""
    from ttt3r_ros.sequences import folder
    assert folder._log.propagate and logging.getLogger('ttt3r_ros.of_this_test').propagate
    assert not logging.getLogger('launch.of_this_test').propagate


def test_a_player_that_fails_fails_the_launch(tmp_path, monkeypatch, caplog):
    """A bag that cannot be played ends all with a status that says so, and a line; no file is left behind."""
    player = tmp_path / 'ros2'
    player.write_text(f'#!{sys.executable}\nraise SystemExit("no bag there")')
    player.chmod(0o755)
    monkeypatch.setenv('PATH', f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    logging.getLogger('launch').addHandler(caplog.handler)
    status, started = ended('bag', {'bag': 'office', 'image': '/camera/image_raw'})
    assert status == 1 and started == ['ttt3r_node', 'ros2']
    logging.getLogger('launch').removeHandler(caplog.handler)
    assert "'ros2 bag play office' ended with status 1" in caplog.text
    assert not list(tmp_path.glob('ttt3r_bag_qos_*'))


def test_a_bag_s_end_is_a_report_in_which_nothing_came_and_nothing_waits(tmp_path, monkeypatch):
    """A node that comes late to its images has none waiting for a moment, and goes on receiving them."""
    player, asked = tmp_path / 'ros2', tmp_path / 'asked'
    player.write_text(f"""#!{sys.executable}
import pathlib, sys
if '--filter' in sys.argv:
    pathlib.Path({str(asked)!r}).write_text(sys.argv[sys.argv.index('--filter') + 1])""")
    player.chmod(0o755)
    monkeypatch.setenv('PATH', f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert ended('bag', {'bag': 'office'}) == (0, ['ttt3r_node', 'ros2', 'ros2'])

    def ends(rate: str, pending: str, name: str = 'ttt3r') -> bool:
        report = DiagnosticArray(status=[
            DiagnosticStatus(name=f'{name}: input', values=[KeyValue(key='rate (Hz)', value=rate)]),
            DiagnosticStatus(name=f'{name}: inference', values=[KeyValue(key='pending frames', value=pending)])])
        return eval(asked.read_text(), {'m': report})

    assert [ends('5', '0'), ends('0', '3'), ends('0', '0'), ends('0', '0', 'other')] == [False, False, True, False]


def test_bag_is_not_played_to_a_node_that_cannot_be_configured(tmp_path):
    """Without its weights the launch ends, and nothing is played."""
    assert ended('bag', {'bag': 'office', 'weights': str(tmp_path / 'none.safetensors')}) == (0, ['ttt3r_node'])


@pytest.mark.parametrize('cameras', [{}, SEVERAL], ids=['one', 'two'])
def test_nav2_is_fed_by_the_node(stand_in, tmp_path, cameras):
    """Every topic of the node in nav2.yaml is one that it publishes, in its namespace; frames and ranges agree."""
    heard = tmp_path / 'heard'
    stand_in('nav2_bringup', 'share/nav2_bringup/launch/navigation_launch.py', f'''
        import json, pathlib
        from launch import LaunchDescription
        from launch.actions import OpaqueFunction
        def told(context):
            pathlib.Path({str(heard)!r}).write_text(json.dumps(dict(context.launch_configurations)))
        def generate_launch_description():
            return LaunchDescription([OpaqueFunction(function=told)])''')
    names = ('base_frame', 'map_frame', 'odom_frame', 'publish_tf', 'points.frame', 'points.max_depth')

    def probe(node: Node) -> dict:
        return {'state': state(node), 'parameters': parameters(node, *names),
                'offered': offered(node)}

    found = launched('nav2', {'namespace': 'robot', **cameras}, probe)
    told = json.loads(heard.read_text())
    assert found['state'] == State.PRIMARY_STATE_ACTIVE
    assert (told['namespace'], told['autostart'], told['use_sim_time']) == ('robot', 'true', 'false')
    servers = yaml.safe_load(Path(told['params_file']).read_text())
    remaps = dict(told['ros_remaps'])
    wanted = dict(topics_of_the_node(servers))
    assert set(wanted) == {'/ttt3r/points', '/ttt3r/odometry'}
    assert {remaps[name]: [kind] for name, kind in wanted.items()}.items() <= found['offered'].items()

    node = found['parameters']
    assert node['publish_tf'] and node['points.frame'] == 'camera'
    frames = {'global_frame': {node['map_frame'], node['odom_frame']}, 'local_frame': {node['odom_frame']},
              'odom_frame_id': {node['odom_frame']}, 'robot_base_frame': {node['base_frame']},
              'base_frame_id': {node['base_frame']}}
    assert [(key, value) for key, value in leaves(servers) if key in frames and value not in frames[key]] == []
    assert max(value for key, value in leaves(servers) if key.endswith('max_range')) <= node['points.max_depth']


def leaves(tree: dict) -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value)
        else:
            yield key, value


def topics_of_the_node(servers: dict) -> Iterator[tuple[str, str]]:
    """Yield each topic of the node that Nav2 reads, with the type it takes it for."""
    types = {'topic': 'sensor_msgs/msg/PointCloud2', 'odom_topic': 'nav_msgs/msg/Odometry'}
    for key, value in leaves(servers):
        if str(value).startswith('/ttt3r'):
            yield value, types[key]


@pytest.mark.parametrize('cameras', [{}, SEVERAL], ids=['one', 'two'])
def test_filter_is_fed_by_the_node_and_alone_speaks_to_tf(stand_in, cameras):
    """The filter hears the node's odometry and tracks the same base in the same frame; the node leaves TF to it."""
    stand_in('robot_localization', 'lib/robot_localization/ekf_node', '''
        import rclpy
        from nav_msgs.msg import Odometry
        from sensor_msgs.msg import Imu
        rclpy.init()
        node = rclpy.create_node('stand_in', automatically_declare_parameters_from_overrides=True)
        for topic in ('odom0', 'odom1', 'imu0'):
            kind = Imu if topic == 'imu0' else Odometry
            node.create_subscription(kind, node.get_parameter(topic).value, lambda message: None, 10)
        try:
            rclpy.spin(node)
        except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
            pass''')

    odometry = f'{NODE}/front/odometry' if cameras else f'{NODE}/odometry'

    def probe(node: Node) -> dict:
        return {'state': state(node),
                'node': parameters(node, 'base_frame', 'odom_frame', 'publish_tf', 'use_sim_time'),
                'filter': parameters(node, 'base_link_frame', 'world_frame', 'publish_tf', 'use_sim_time',
                                     of='/robot/ekf'),
                'heard': [len(node.get_subscriptions_info_by_topic(topic))
                          for topic in (odometry, '/wheels/odom', '/robot/imu')],
                'said': offered(node)[odometry]}

    found = launched('ekf', {'namespace': 'robot', 'base_frame': 'chassis', 'use_sim_time': 'true',
                             'wheel_odometry': '/wheels/odom', **cameras}, probe)
    assert found == {
        'state': State.PRIMARY_STATE_ACTIVE,
        'node': {'base_frame': 'chassis', 'odom_frame': 'odom', 'publish_tf': False, 'use_sim_time': True},
        'filter': {'base_link_frame': 'chassis', 'world_frame': 'odom', 'publish_tf': True, 'use_sim_time': True},
        'heard': [1, 1, 1], 'said': ['nav_msgs/msg/Odometry']}
