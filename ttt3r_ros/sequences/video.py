# SPDX-License-Identifier: Apache-2.0
"""A video file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2

from .sequence import DEFAULT_RATE, NANOSECONDS, Image, Sequence, SequenceError


class Video(Sequence):
    """The frames of a video with its own timestamps; `rate` stands in where the file does not tell its rate.

    Raises SequenceError if the file is no video that OpenCV can decode.
    """

    def __init__(self, path: Path, rate: float | None = None):
        self._path = path
        capture = self._open()
        fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        capture.release()
        self.name = path.stem
        self.rate = rate or (fps if 0 < fps < 1000 else DEFAULT_RATE)
        self.count = int(count) if 0 < count < 1e9 else None
        self._period = round(NANOSECONDS / (fps if 0 < fps < 1000 else self.rate))

    def __iter__(self) -> Iterator[Image]:
        capture, stamp, number = self._open(), None, 0
        try:
            while True:
                read, bgr = capture.read()
                if not read:
                    break
                own = round(capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
                # Some containers repeat a time or give none: a stamp must increase.
                stamp = own if stamp is None or own > stamp else stamp + self._period
                number += 1
                yield Image(max(stamp, 0), cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
        finally:
            capture.release()
        if number == 0:
            raise SequenceError(f'no frame of {self._path} can be decoded; convert it to H.264 in MP4')

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise SequenceError(f'{self._path} is no video that OpenCV can open; convert it to H.264 in MP4')
        return capture
