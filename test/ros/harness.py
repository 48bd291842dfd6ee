# SPDX-License-Identifier: Apache-2.0
"""A node in its own process, and a client that stands for the robot round it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from array import array
from collections import defaultdict
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from forked import ForkedNode
from geometry_msgs.msg import PoseStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage
from ttt3r_ros.msg import ReconstructionStatus

SCRIPT = Path(__file__).parents[2] / 'scripts' / 'ttt3r_node'
CAMERA_FRAME = 'front_camera_optical'
OUTPUTS = {'pose': PoseStamped, 'odometry': Odometry, 'points': PointCloud2, 'status': ReconstructionStatus}
TRANSITIONS = {'configure': Transition.TRANSITION_CONFIGURE, 'activate': Transition.TRANSITION_ACTIVATE,
               'deactivate': Transition.TRANSITION_DEACTIVATE, 'cleanup': Transition.TRANSITION_CLEANUP,
               'shutdown': Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
               'shutdown_active': Transition.TRANSITION_ACTIVE_SHUTDOWN}


def scene(index: int, size: tuple[int, int] = (96, 128)) -> np.ndarray:
    """Return a smooth, textured image that drifts with index, uint8 (h, w, 3)."""
    v, u = np.mgrid[:size[0], :size[1]] / size[1]
    phase = 0.1 * index
    waves = [np.sin(9 * u + phase), np.sin(7 * v - phase) * np.cos(5 * u), np.sin(11 * (u + v) + 2 * phase)]
    return (127 + 90 * np.stack(waves, axis=-1)).astype(np.uint8)


def image_message(stamp_ns: int, rgb: np.ndarray, frame_id: str = CAMERA_FRAME) -> Image:
    """Return an rgb8 message."""
    message = Image(height=rgb.shape[0], width=rgb.shape[1], encoding='rgb8', step=rgb.shape[1] * 3,
                    data=array('B', rgb.tobytes()))
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
    return message


def stamp_of(message) -> int:
    """Return a message's header stamp, ns."""
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


def matrix_of(position, orientation) -> np.ndarray:
    """Return the (4, 4) matrix of a message's parts, by the textbook formula."""
    x, y, z, w = orientation.x, orientation.y, orientation.z, orientation.w
    matrix = np.eye(4)
    matrix[:3, :3] = [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                      [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                      [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]
    matrix[:3, 3] = position.x, position.y, position.z
    return matrix


def pose_matrix(pose) -> np.ndarray:
    """Return the (4, 4) matrix of a Pose."""
    return matrix_of(pose.position, pose.orientation)


class NodeProcess:
    """The node in a process of its own."""

    def __init__(self, log: Path, *, name: str = 'ttt3r', remaps: tuple[str, ...] = (), script: Path | None = None,
                 params_file: Path | None = None, **parameters) -> None:
        """Start with parameters; the log goes to a file. params_file: read before them.

        script: what starts it, such as SCRIPT, which users start; without, a fork that runs the same main.
        """
        self.log_path = log
        arguments = ['--ros-args', '-r', f'__node:={name}']
        arguments += ['--params-file', str(params_file)] if params_file else []
        for remap in remaps:
            arguments += ['-r', remap]
        # The library's comparisons want what costs nothing to load twice, and its own float32 on every CPU.
        for key, value in ({'weights': 'untrained', 'precision': 'float32'} | parameters).items():
            quoted = isinstance(value, (bool, list)) or value == '' or '{' in str(value)
            text = json.dumps(value) if quoted else str(value)
            arguments += ['-p', f'{key.replace("__", ".")}:={text}']
        if script is None:
            self.process = ForkedNode(arguments, log)
        else:
            with log.open('w') as file:
                self.process = subprocess.Popen([sys.executable, str(script), *arguments], stdout=file,
                                                stderr=subprocess.STDOUT)

    def log(self) -> str:
        """Return what the node has logged so far."""
        return self.log_path.read_text() if self.log_path.exists() else ''

    def stop(self) -> int:
        """Stop as Ctrl-C does; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


class Robot:
    """A camera and a listener in one client node."""

    def __init__(self, *, target: str = 'ttt3r', topic: str = 'image', image_type=Image, reliable: bool = True,
                 robot: str = '') -> None:
        """Take the name of the node under test, a camera's behind a slash if it has one; how images are published.

        robot: one of several, in whose namespace all is.
        """
        self.name = robot
        if robot:
            target, topic = f'{robot}/{target}', f'{robot}/{topic}'
        self.node = rclpy.create_node(f'robot_of_{target.replace("/", "_")}')
        self.target = target
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self.heard: dict[str, list] = defaultdict(list)
        self._matched: dict[str, int] = {}
        for name, kind in OUTPUTS.items():
            self.listen(f'/{target}/{name}', name, kind)
        self.listen(f'{robot}/tf' if robot else '/tf', 'tf', TFMessage)
        self.listen('/diagnostics', 'diagnostics', DiagnosticArray)
        self.listen(f'{robot}/tf_static' if robot else '/tf_static', 'tf_static', TFMessage, QoSProfile(
            depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        reliability = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        self.camera = self.node.create_publisher(image_type, topic, QoSProfile(depth=1000, reliability=reliability))
        self._clients = {}

    def heard_by(self, name: str) -> bool:
        """Say whether somebody publishes what is heard under that name."""
        return bool(self._matched.get(name))

    def listen(self, topic: str, name: str, kind, qos: QoSProfile = QoSProfile(depth=1000)) -> None:
        """Keep what comes on a topic under a name in `heard`."""
        def matched(event) -> None:
            self._matched[name] = event.current_count

        self.node.create_subscription(kind, topic, self.heard[name].append, qos,
                                      event_callbacks=SubscriptionEventCallbacks(matched=matched))

    def spin(self, seconds: float) -> None:
        """Let messages come for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def wait_for(self, what: str, condition, timeout: float = 60.0) -> None:
        """Let messages come until the condition holds."""
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, (
                f'waited {timeout} s in vain for {what}; heard { {k: len(v) for k, v in self.heard.items()} }')
            self._executor.spin_once(timeout_sec=0.05)

    def wait_until_watched(self) -> None:
        """Wait until the node under test listens to the camera and we hear it."""
        self._wait_until_known(self.camera)

    def _wait_until_known(self, publisher) -> None:
        self.wait_for(f'a subscription on {publisher.topic_name}', publisher.get_subscription_count, 90)
        self.wait_for("the node's publishers", lambda: all(map(self.heard_by, (*OUTPUTS, 'tf'))))
        self.meet()

    def meet(self) -> None:
        """Wait until the node under test knows all that this client has made.

        A match is made by each side for itself, and what is sent before the other side's is lost: an image, a
        service's answer. DDS tells of publishers and of subscriptions in the order in which they were made. So once
        a client that was made last has its answer, whose request and response take both ways, the rest is known too.
        """
        name = f'/{self.target.removeprefix(f"{self.name}/").split("/")[0]}/get_state'
        client = self.node.create_client(GetState, name)
        self.wait_for(name, client.service_is_ready)
        answers, asked = [], 0.0

        def answered() -> bool:
            nonlocal asked
            if time.monotonic() > asked + 0.5:
                asked = time.monotonic()
                answers.append(client.call_async(GetState.Request()))
            return any(answer.done() for answer in answers)

        self.wait_for('the node to know us', answered, 60)
        self.node.destroy_client(client)

    def publisher(self, kind, topic: str, qos: QoSProfile | int = 100):
        """Return a publisher, which the node under test listens to and knows."""
        made = self.node.create_publisher(kind, topic, qos)
        self._wait_until_known(made)
        return made

    def show(self, stamp_ns: int, rgb: np.ndarray | None = None, frame_id: str = CAMERA_FRAME) -> None:
        """Publish an image, by default a scene that depends on the stamp."""
        self.camera.publish(image_message(stamp_ns, scene(stamp_ns // 100_000_000) if rgb is None else rgb, frame_id))

    def show_and_wait(self, stamps: list[int]) -> None:
        """Publish images, each once the one before is answered: live, it would take its place."""
        for stamp in stamps:
            before = len(self.heard['status'])
            self.show(stamp)
            self.wait_for(f'an answer to {stamp}', lambda before=before: len(self.heard['status']) > before)

    def call(self, kind, service: str, request, timeout: float = 60.0):
        """Call a service of the node under test and return its response."""
        client = self.client(kind, service)
        self.wait_for(service, client.service_is_ready, timeout)
        future = client.call_async(request)
        self.wait_for(f'an answer of {service}', future.done, timeout)
        return future.result()

    def client(self, kind, service: str):
        """Return a client of a service of the node under test, which the node knows."""
        name = f'/{self.target}/{service}'
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
            self.wait_for(name, self._clients[name].service_is_ready)
            self.meet()
        return self._clients[name]

    def transition(self, name: str) -> bool:
        """Ask for a lifecycle transition; return whether it succeeded."""
        return self.call(ChangeState, 'change_state',
                         ChangeState.Request(transition=Transition(id=TRANSITIONS[name]))).success

    def state(self) -> str:
        """Return the node's lifecycle state."""
        return self.call(GetState, 'get_state', GetState.Request()).current_state.label

    def wait_for_state(self, label: str) -> None:
        """Wait until the node is in that lifecycle state."""
        self.wait_for(f'state {label}', lambda: self.state() == label)

    def reset(self):
        """Call ~/reset."""
        return self.call(Trigger, 'reset', Trigger.Request())

    def set(self, name: str, value: str | bool | int | float):
        """Set a parameter; return its result."""
        return self.call(SetParameters, 'set_parameters', SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])).results[0]

    def get(self, name: str) -> ParameterValue:
        """Return a parameter."""
        return self.call(GetParameters, 'get_parameters', GetParameters.Request(names=[name])).values[0]

    def describe(self, names: list[str]):
        """Return parameters' descriptors."""
        return self.call(DescribeParameters, 'describe_parameters', DescribeParameters.Request(names=names)).descriptors

    def counters(self) -> ReconstructionStatus:
        """Return the last status heard."""
        return self.heard['status'][-1]

    def diagnostic(self, part: str) -> dict[str, str]:
        """Return the values of the last diagnostic of that part, its message under 'message'."""
        for array_ in reversed(self.heard['diagnostics']):
            for status in array_.status:
                if status.name == f'{self.target}: {part}':
                    return {'message': status.message, 'level': status.level,
                            **{pair.key: pair.value for pair in status.values}}
        return {}

    def close(self) -> None:
        """Take the client off the network."""
        self._executor.shutdown()
        self.node.destroy_node()


def compressed(stamp_ns: int, data: bytes, kind: str = 'jpeg') -> CompressedImage:
    """Return a CompressedImage message of these bytes."""
    message = CompressedImage(format=kind, data=array('B', data))
    message.header.frame_id = CAMERA_FRAME
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
    return message
