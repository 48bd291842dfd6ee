# SPDX-License-Identifier: Apache-2.0
"""A camera at this machine, read with OpenCV: the newest image, whenever somebody wants one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import cv2

from .sequence import DEFAULT_RATE, Contents, Image, Sequence, SequenceError

ERRORS = 2  # OpenCV's LOG_LEVEL_ERROR
FRAME_S = 5.0  # a camera that gives no image for so long is gone


class Webcam(Sequence):
    """The images of a camera, by its number or its device file; stamps are the system clock's when an image is there.

    An image that nobody takes before the next one comes is dropped. Raises SequenceError if there is no camera.
    """

    live = True

    def __init__(self, device: str, rate: float | None = None):
        self.name, self._device = f'camera {device}', device
        capture = self._opened()
        size = tuple(int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        self.rate = rate or capture.get(cv2.CAP_PROP_FPS) or DEFAULT_RATE
        capture.release()
        self.contents = Contents('camera', f'device {device}', "the system's clock", size)

    def _opened(self) -> cv2.VideoCapture:
        log = getattr(cv2.utils, 'logging', cv2)  # OpenCV 4.6, which Ubuntu 24.04 has, has no such module
        before = log.setLogLevel(ERRORS)  # what is wrong is said below
        try:
            capture = cv2.VideoCapture(int(self._device) if self._device.isdecimal() else self._device)
        finally:
            log.setLogLevel(before)
        if not capture.isOpened():
            raise SequenceError(f'there is no camera {self._device} that can be opened; see "v4l2-ctl --list-devices", '
                                'that no other program has it, and that you may read /dev/video*')
        return capture

    def _frames(self) -> Iterator[Image]:
        capture, newest = self._opened(), _Newest()
        reader = threading.Thread(target=newest.follow, args=(capture,), name='camera', daemon=True)
        reader.start()
        try:
            while (image := newest.take()) is not None:
                yield Image(image[0], cv2.cvtColor(image[1], cv2.COLOR_BGR2RGB))
        finally:
            newest.stop()
            reader.join(FRAME_S)
            capture.release()


class _Newest:
    """The camera's newest image and its stamp, handed from the thread that reads to the one that takes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._image, self._over = None, False

    def follow(self, capture: cv2.VideoCapture) -> None:
        """Read until the camera or whoever takes is done."""
        while not self._over:
            there, image = capture.read()
            with self._changed:
                if not there:
                    self._over = True
                else:
                    self._image = time.time_ns(), image
                self._changed.notify()

    def take(self) -> tuple | None:
        """Wait for an image that was not taken yet; None when there are no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._image is not None or self._over, FRAME_S)
            image, self._image = self._image, None
            return image

    def stop(self) -> None:
        """Let the reading end."""
        self._over = True
