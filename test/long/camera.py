# SPDX-License-Identifier: Apache-2.0
"""A camera in a process of its own, which keeps its rate whatever the one that watches does."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rclpy
from forked import SERVER
from harness import CAMERA_FRAME
from mount import OPTICAL, mount_camera
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

STILL = 8  # noisy pictures of a camera that stands: a real one never sends the same one twice


class Camera:
    """Sends a film there and back at a rate, with stamps of the system's clock; every method returns at once."""

    def __init__(self, film: Path, rate: float) -> None:
        """Start, paused. film: a .npy file, (n, h, w, 3) uint8 RGB; rate: images a second."""
        self._pipe, other = SERVER.Pipe()
        self._process = SERVER.Process(target=_run, args=(other, film, rate), daemon=True)
        self._process.start()
        self.sent = 0

    def pause(self) -> None:
        """Send nothing for now."""
        self._pipe.send(('paused', True))

    def go_on(self) -> None:
        """Send again."""
        self._pipe.send(('paused', False))

    def stand(self, still: bool) -> None:
        """Stay where the film is, or go on."""
        self._pipe.send(('still', still))

    def shift(self, seconds: float) -> None:
        """Add to every stamp from now on what its clock is wrong by."""
        self._pipe.send(('offset', round(seconds * 1e9)))

    def images(self) -> Iterator[tuple[int, int, int]]:
        """Yield what was sent since the last call: stamp, time of sending, both ns, and the frame of the film."""
        while self._pipe.poll():
            self.sent += 1
            yield self._pipe.recv()

    def end(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.join()


def _run(pipe, path: Path, rate: float) -> None:
    rclpy.init()
    film = np.load(path)
    node = rclpy.create_node('soak_camera')
    publisher = node.create_publisher(Image, 'image', QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT))
    _kept = mount_camera(node, OPTICAL)  # else it goes
    order = [*range(len(film)), *range(len(film) - 2, 0, -1)]
    pictures = [array('B', image.tobytes()) for image in film]
    rng = np.random.default_rng(1)
    state = {'paused': True, 'still': False, 'offset': 0}
    still: list[array] = []
    count, turn, due = 0, 0, time.monotonic()
    while True:
        while pipe.poll(max(0.0, due - time.monotonic())):
            name, value = pipe.recv()
            state[name] = value
            index = order[turn % len(order)]
            still = [array('B', noisy(film[index], rng).tobytes()) for _ in range(STILL)] if state['still'] else []
        due = max(due + 1 / rate, time.monotonic() - 1 / rate)  # what could not be sent in time is not made up for
        if state['paused']:
            continue
        count += 1
        turn += not state['still']
        index = order[turn % len(order)]
        now = time.time_ns()
        stamp = now + state['offset']
        message = Image(height=film.shape[1], width=film.shape[2], encoding='rgb8', step=3 * film.shape[2],
                        data=still[count % STILL] if still else pictures[index])
        message.header.frame_id = CAMERA_FRAME
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 1_000_000_000)
        publisher.publish(message)
        pipe.send((stamp, now, index))


def noisy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an image with a sensor's noise, uint8."""
    return (image + rng.normal(0, 2, image.shape)).clip(0, 255).astype(np.uint8)
