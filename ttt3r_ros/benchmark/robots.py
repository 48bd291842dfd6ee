# SPDX-License-Identifier: Apache-2.0
"""`python -m ttt3r_ros.benchmark.robots`: several robots on one node, against a node for each; images a second, memory.

Both in turn in one run, on the same cores as the cameras. Every robot has two images on their way at any time, and
sends another when one is answered: a node is never idle, and none is dropped for a newer one. Or cameras of one robot,
which are always on one node.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import rclpy
import torch
from geometry_msgs.msg import Quaternion, TransformStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from tf2_ros import StaticTransformBroadcaster

from ttt3r_ros.benchmark import machine
from ttt3r_ros.benchmark.gpu_memory import GpuMemory
from ttt3r_ros.benchmark.live import film
from ttt3r_ros.benchmark.messages import HEADER, camera_message
from ttt3r_ros.benchmark.node_options import add_node_options, chosen, node_arguments
from ttt3r_ros.demo.apart import apart
from ttt3r_ros.demo.process import Child, ended_in_order
from ttt3r_ros.msg import ReconstructionStatus
from ttt3r_ros.ros.conversions import to_time

ON_THE_WAY = 2  # images of each robot
AGAIN_S = 1.0  # without an answer another is sent
START_S = 120.0
BASE = 'base_link'
OPTICAL = {'x': -0.5, 'y': 0.5, 'z': -0.5, 'w': 0.5}  # a camera that looks ahead


@dataclass(frozen=True)
class Group:
    """Robots, or cameras of one robot, on one node."""

    names: list[str]
    cameras: bool = False

    @property
    def node(self) -> str:
        """The node's name."""
        return f'node_of_{self.names[0]}'

    def arguments(self) -> list[str]:
        """Return the node's arguments."""
        names = json.dumps(self.names)
        return ['--ros-args', '-r', f'__node:={self.node}',
                *(('-p', f'cameras:={names}', '-p', f'base_frame:={BASE}') if self.cameras
                  else ('-p', f'robots:={names}'))]

    def status(self, name: str) -> str:
        """Return the topic on which an image of one is answered."""
        return f'{self.node}/{name}/status' if self.cameras else f'{name}/{self.node}/status'


class Camera:
    """Sends a robot's images, and counts their answers."""

    def __init__(self, node: rclpy.node.Node, image: str, status: str, film: list[Image]) -> None:
        """Take the topics."""
        self._node, self._film, self._sent, self._told = node, film, 0, time.monotonic()
        self.answered = 0
        self.lost = 0  # answers without a pose
        self._publisher = node.create_publisher(Image, image, QoSProfile(
            depth=ON_THE_WAY, reliability=ReliabilityPolicy.BEST_EFFORT))
        self._subscription = node.create_subscription(ReconstructionStatus, status, self._hear, 10)

    def begin(self) -> None:
        """Send the first images."""
        for _ in range(ON_THE_WAY):
            self._send()

    def tend(self) -> None:
        """Send another image where one must have been lost."""
        if time.monotonic() - self._told > AGAIN_S:
            self._told = time.monotonic()
            self._send()

    @property
    def heard(self) -> bool:
        """Say whether a node listens, and we to it."""
        return bool(self._publisher.get_subscription_count() and self._node.count_publishers(
            self._subscription.topic_name))

    def close(self) -> None:
        """Take it off the network."""
        self._node.destroy_publisher(self._publisher)
        self._node.destroy_subscription(self._subscription)

    def _hear(self, status: ReconstructionStatus) -> None:
        self.answered += 1
        self.lost += status.tracking == 'lost'
        self._told = time.monotonic()
        self._send()

    def _send(self) -> None:
        message = self._film[self._sent % len(self._film)]
        message.header.stamp = to_time(self._node.get_clock().now().nanoseconds)
        self._sent += 1
        self._publisher.publish(message)


def mount(node: rclpy.node.Node) -> None:
    """Tell TF where the cameras are on their robot, all at one place, for as long as there is the node."""
    message = TransformStamped(child_frame_id=HEADER.frame_id)
    message.header.frame_id = BASE
    message.transform.rotation = Quaternion(**OPTICAL)
    StaticTransformBroadcaster(node).sendTransform(message)


def measure(groups: list[Group], images: list[Image], seconds: float, extra: list[str]) -> dict:
    """Return images a second of all robots or cameras, of the one that had fewest, what an image costs the nodes, and
    the memory of each, resident and of a GPU.

    groups: of each node. extra: arguments of the nodes.
    """
    context = rclpy.Context()
    _, there = apart('benchmark')
    rclpy.init(context=context, args=['--ros-args', *there])
    node = rclpy.create_node('cameras', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    gpu_memory = GpuMemory(node)
    mount(node)

    def spin(until: Callable[[], bool]) -> None:
        while not until():
            executor.spin_once(timeout_sec=0.05)
            for camera in cameras:
                camera.tend()

    cameras: list[Camera] = []
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        nodes = [stack.enter_context(Child('ttt3r_ros.ros.main', group.arguments() + extra + there,
                                           Path(folder) / f'{group.node}.log', {})) for group in groups]
        cameras = [Camera(node, f'{name}/image', group.status(name), images)
                   for group in groups for name in group.names]
        end = time.monotonic() + START_S
        while not all(camera.heard for camera in cameras):
            if time.monotonic() > end or any(child.code is not None for child in nodes):
                raise RuntimeError('a node does not come up: ' + '\n'.join(nodes[0].last_lines(5)))
            executor.spin_once(timeout_sec=0.05)
        for camera in cameras:
            camera.begin()
        spin(lambda: all(camera.answered >= 5 for camera in cameras))
        before, began = [camera.answered for camera in cameras], time.monotonic()
        lost, cpu = sum(camera.lost for camera in cameras), sum(machine.cpu_seconds(child.pid) for child in nodes)
        spin(lambda: time.monotonic() - began > seconds)
        taken = time.monotonic() - began
        answered = [camera.answered - count for camera, count in zip(cameras, before, strict=True)]
        cpu = sum(machine.cpu_seconds(child.pid) for child in nodes) - cpu
        lost = sum(camera.lost for camera in cameras) - lost
        held = [machine.resident_bytes(child.pid) for child in nodes]
        for camera in cameras:
            camera.close()
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown(context=context)
    return {'together': len(groups) == 1, 'cameras' if groups[0].cameras else 'robots': len(cameras),
            'images_per_s': round(sum(answered) / taken, 1),
            'fewest_of_one': round(min(answered) / taken, 1),
            'lost': round(lost / sum(answered), 3), 'cpu_ms_an_image': round(1e3 * cpu / sum(answered), 1),
            'resident_mb': [round(resident / 1e6) for resident in held], **gpu_memory.told()}


def main() -> None:
    """Run the command line: a line of JSON for each measurement, and of robots one with the ratios."""
    parser = argparse.ArgumentParser(prog='python -m ttt3r_ros.benchmark.robots', description=__doc__)
    parser.add_argument('--robots', type=int, default=4, help='default: %(default)s')
    parser.add_argument('--cameras', action='store_true', help='so many cameras of one robot instead')
    parser.add_argument('--together', action='store_true', help='leave the nodes with a robot each out')
    parser.add_argument('--size', default='640x480', help="of the cameras' images (default: %(default)s)")
    parser.add_argument('--seconds', type=float, default=15.0, help='of each measurement (default: %(default)s)')
    parser.add_argument('--rounds', type=int, default=2, help='default: %(default)s')
    add_node_options(parser)
    args = parser.parse_args()
    width, height = map(int, args.size.split('x'))
    names = [f'robot{i}' for i in range(args.robots)]
    images = [camera_message(image) for image in film((height, width))]
    extra = node_arguments(args)
    print(json.dumps({**machine.describe(torch.device(args.device)), 'size': args.size, **chosen(args)}), flush=True)
    one_node = [Group(names, args.cameras)]
    ways = [one_node] if args.cameras or args.together else [[Group([name]) for name in names], one_node]
    found: dict[bool, list[dict]] = {True: [], False: []}

    def run(groups: list[Group]) -> dict:
        result = measure(groups, images, args.seconds, extra)
        print(json.dumps(result), flush=True)
        return result

    with ended_in_order():
        single = None if args.cameras else run([Group(names[:1])])
        for _ in range(args.rounds):
            for groups in ways:
                found[groups is one_node].append(run(groups))
    if single is None:
        return
    ratios = {'memory_ratio_to_one_robot': round(
        max(result['resident_mb'][0] for result in found[True]) / single['resident_mb'][0], 2)}
    if found[False]:
        apart, one = (max(result['images_per_s'] for result in found[together]) for together in (False, True))
        cost, cost_one = (min(result['cpu_ms_an_image'] for result in found[together]) for together in (False, True))
        ratios = {'throughput_ratio': round(one / apart, 2), 'images_of_a_core_ratio': round(cost / cost_one, 2),
                  **ratios}
    print(json.dumps(ratios))


if __name__ == '__main__':
    main()
