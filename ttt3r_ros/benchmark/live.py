# SPDX-License-Identifier: Apache-2.0
"""`python -m ttt3r_ros.benchmark.live`: a camera at its own rate before a live node, all topics heard.

How many images are answered, and how old an image is when its status is heard, the last message. Camera, client and
node share the cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import numpy as np
import rclpy
import torch
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from tf2_msgs.msg import TFMessage

from ttt3r_ros.benchmark import machine
from ttt3r_ros.benchmark.bandwidth import jpeg_message
from ttt3r_ros.benchmark.campaign import WORLD, there_and_back
from ttt3r_ros.benchmark.gpu_memory import GpuMemory
from ttt3r_ros.benchmark.messages import camera_message
from ttt3r_ros.benchmark.node_options import add_node_options, chosen, node_arguments
from ttt3r_ros.benchmark.sender import Sender
from ttt3r_ros.demo.apart import apart
from ttt3r_ros.demo.process import Child, ended_in_order
from ttt3r_ros.evaluation.worlds import end_with_parent
from ttt3r_ros.msg import ReconstructionStatus
from ttt3r_ros.ros.conversions import nanoseconds
from ttt3r_ros.synthetic import World

HEARD = {'ttt3r/pose': PoseStamped, 'ttt3r/odometry': Odometry, 'ttt3r/points': PointCloud2,
         'ttt3r/depth/image': Image, 'ttt3r/depth/camera_info': CameraInfo, 'ttt3r/confidence/image': Image,
         'tf': TFMessage}  # beside ttt3r/status, which comes last and for a lost camera, too
FILM, LAP = 24, 4800  # images, there and back, of a walk so slow that 300 a second are no mishap
DRAWN = 2_200_000  # pixels
SETTLING_S = 4.0
LAST_S = 1.0  # for answers that are still on their way


class Client(Sender):
    """A camera, and somebody who hears all that the node says."""

    def __init__(self, images: list[Image] | list[CompressedImage]) -> None:
        """Take what the camera sends, over and over."""
        super().__init__('client', images)
        self._heard: dict[int, float] = {}
        self.lost = 0  # answers without a pose
        self.gpu_memory = GpuMemory(self.node)
        self.node.create_subscription(ReconstructionStatus, 'ttt3r/status', self._hear, 10)
        for topic, kind in HEARD.items():
            self.node.create_subscription(kind, topic, lambda _: None, 10, raw=True)

    def answered(self, times: list[int]) -> list[float]:
        """Return how old each answered image was when its status was heard, seconds."""
        self.spin(time.monotonic() + LAST_S)
        return [self._heard[stamp] for stamp in times if stamp in self._heard]

    def _hear(self, status: ReconstructionStatus) -> None:
        stamp = nanoseconds(status.header.stamp)
        self._heard[stamp] = (self.node.get_clock().now().nanoseconds - stamp) / 1e9
        self.lost += status.tracking == 'lost'


def film(size: tuple[int, int]) -> list[np.ndarray]:
    """Return a camera's images, uint8 (h, w, 3) RGB; a very large one's are enlarged, as drawing them takes minutes."""
    factor = 1 if size[0] * size[1] <= DRAWN else 2
    drawn = World(WORLD, LAP, (size[0] // factor, size[1] // factor)).film()
    return there_and_back([image.repeat(factor, axis=0).repeat(factor, axis=1) for image, _ in islice(drawn, FILM)])


def busy() -> None:
    """Hold a core."""
    end_with_parent()
    while True:
        pass


def measure(client: Client, pid: int, rate: float, seconds: float) -> dict:
    """Return what came of a camera at a rate: images sent and answered a second, their age, the node's CPU time."""
    client.send(rate, SETTLING_S)
    began, cpu, lost = time.monotonic(), machine.cpu_seconds(pid), client.lost
    times = client.send(rate, seconds)
    cpu, taken = machine.cpu_seconds(pid) - cpu, time.monotonic() - began
    ages = client.answered(times)
    p50, p95, p99 = (round(1e3 * age, 1) for age in np.percentile(ages, (50, 95, 99))) if ages else (None,) * 3
    return {'rate': rate, 'sent_per_s': round(len(times) / taken, 1), 'answered_per_s': round(len(ages) / taken, 1),
            'answered': round(len(ages) / len(times), 3),
            'lost': client.lost - lost, 'p50_ms': p50, 'p95_ms': p95, 'p99_ms': p99,
            'node_cpu': round(cpu / taken, 2), **client.gpu_memory.told()}


def main() -> None:
    """Run the command line: a line of JSON for the machine, one for each rate in turn, over and over."""
    parser = argparse.ArgumentParser(prog='python -m ttt3r_ros.benchmark.live', description=__doc__)
    parser.add_argument('--size', default='640x480', help="of the camera's images (default: %(default)s)")
    parser.add_argument('--jpeg', action='store_true', help='compressed images')
    parser.add_argument('--rates', type=float, nargs='+', default=[30.0], help='images a second (default: 30)')
    parser.add_argument('--busy', type=int, default=0, metavar='N', help='loops beside, each of which holds a core')
    parser.add_argument('--seconds', type=float, default=20.0, help='of each measurement (default: %(default)s)')
    parser.add_argument('--rounds', type=int, default=1, help='default: %(default)s')
    add_node_options(parser)
    args = parser.parse_args()
    width, height = map(int, args.size.split('x'))
    messages = [(jpeg_message if args.jpeg else camera_message)(image) for image in film((height, width))]
    _, there = apart('benchmark')
    transport = 'compressed' if args.jpeg else 'raw'
    arguments = ['--ros-args', *there, *node_arguments(args, f'image_transport:={transport}')]
    print(json.dumps({**machine.describe(torch.device(args.device)), 'size': args.size, 'jpeg': args.jpeg,
                      'busy': args.busy, **chosen(args)}), flush=True)
    rclpy.init(args=['--ros-args', *there])
    with ended_in_order(), ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        node = stack.enter_context(Child('ttt3r_ros.ros.main', arguments, Path(folder) / 'node.log', {}))
        client = Client(messages)
        stack.callback(client.close)
        client.wait(node)
        for _ in range(args.busy):
            loop = multiprocessing.get_context('spawn').Process(target=busy, daemon=True)
            loop.start()
            stack.callback(loop.kill)
        for _ in range(args.rounds):
            for rate in args.rates:
                print(json.dumps(measure(client, node.pid, rate, args.seconds)), flush=True)
    rclpy.shutdown()


if __name__ == '__main__':
    main()
