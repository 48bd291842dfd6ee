# SPDX-License-Identifier: Apache-2.0
"""A rosbag2 recording: its camera as a sequence, or all its messages as they are."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.rosbag2 import ReaderError
from rosbags.typesys import Stores, get_typestore

from .sequence import DEFAULT_RATE, NANOSECONDS, Image, Sequence, SequenceError

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
INFO = 'sensor_msgs/msg/CameraInfo'
CHANNELS = {'rgb8': 3, 'bgr8': 3, 'rgba8': 4, 'bgra8': 4, 'mono8': 1}


class Message(NamedTuple):
    """A message as recorded: `data` is its CDR serialization; times in nanoseconds; no header, no `stamp`."""

    topic: str
    type: str
    data: bytes
    log_time: int
    stamp: int | None


class Bag(Sequence):
    """The images of one topic, with the stamps of their headers.

    path   a rosbag2 folder, or an .mcap or .db3 file
    topic  the image topic, raw or compressed; the first one in the bag if not given

    `topic` and `type` tell which it is, `topics` maps all image topics to their types, `info_topic` names the
    CameraInfo beside it (None without). Raises SequenceError if the bag or the topic cannot be read.
    """

    def __init__(self, path: Path, topic: str | None = None, rate: float | None = None):
        self._path = path
        self.name = path.resolve().stem
        with self._reader() as reader:
            kinds = {c.topic: c.msgtype for c in reader.connections}
            self.topics = {t: kind for t, kind in kinds.items() if kind in (IMAGE, COMPRESSED)}
            self.topic = self._chosen(topic)
            self.type = self.topics[self.topic]
            connections = [c for c in reader.connections if c.topic == self.topic]
            self.count = sum(c.msgcount for c in connections)
            first = _first(reader, connections)
            if first is None:
                raise SequenceError(f'{path} has no message on {self.topic}; {self._others()}')
            self.frame_id = first.header.frame_id
            self.info_topic = _info_topic(self.topic, kinds)
            self.intrinsics = self._intrinsics(reader)
            span = reader.end_time - 1 - reader.start_time
        own = (self.count - 1) * NANOSECONDS / span if self.count > 1 and span > 0 else DEFAULT_RATE
        self.rate = rate or own

    def __iter__(self) -> Iterator[Image]:
        with self._reader() as reader:
            chosen = [c for c in reader.connections if c.topic == self.topic]
            for connection, _, data in reader.messages(chosen):
                message = reader.deserialize(data, connection.msgtype)
                stamp = message.header.stamp.sec * NANOSECONDS + message.header.stamp.nanosec
                try:
                    rgb = decode_compressed(message) if self.type == COMPRESSED else decode_raw(message)
                except ValueError as error:
                    raise SequenceError(f'{self._path}, {self.topic}, stamp {stamp} ns: {error}; '
                                        f'{self._others()}') from error
                yield Image(stamp, rgb)

    def messages(self, topics: Collection[str] | None = None) -> Iterator[Message]:
        """Yield the messages of the topics, of all by default, unmodified and in order of their log times."""
        with self._reader() as reader:
            chosen = [c for c in reader.connections if topics is None or c.topic in topics]
            if not chosen:
                return
            headed = {c.msgtype: _has_header(reader, c.msgtype) for c in chosen}
            for connection, log_time, data in reader.messages(chosen):
                stamp = header_stamp(data) if headed[connection.msgtype] else None
                yield Message(connection.topic, connection.msgtype, data, log_time, stamp)

    @contextmanager
    def _reader(self) -> Iterator[AnyReader]:
        """Open the bag; what goes wrong inside it becomes a SequenceError."""
        try:
            # Bags from before ROS 2 Iron carry no definitions: take those of Jazzy.
            with AnyReader([self._path], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
                yield reader
        except (AnyReaderError, ReaderError, OSError, AssertionError, struct.error) as error:
            raise SequenceError(f'{self._path} cannot be read as a bag ({error}); if the recording was '
                                f'cut off, repair it with "ros2 bag reindex" or "mcap recover"') from error

    def _chosen(self, topic: str | None) -> str:
        if not self.topics:
            raise SequenceError(f'{self._path} has no image topic; record an Image or CompressedImage topic')
        if topic is None:
            return next(iter(self.topics))
        if topic not in self.topics:
            raise SequenceError(f'{self._path} has no image topic {topic}; {self._others()}')
        return topic

    def _others(self) -> str:
        return 'its image topics are ' + ', '.join(f'{t} ({kind})' for t, kind in self.topics.items())

    def _intrinsics(self, reader: AnyReader) -> np.ndarray | None:
        if self.info_topic is None:
            return None
        info = _first(reader, [c for c in reader.connections if c.topic == self.info_topic])
        if info is None or info.k[0] == 0:  # K[0] = 0 means uncalibrated
            return None
        return np.array(info.k, np.float64).reshape(3, 3)


def decode_raw(message: Any) -> np.ndarray:
    """Return a sensor_msgs/Image of the common 8-bit encodings as (h, w, 3) RGB, row padding left out.

    Raises ValueError for another encoding, or for data shorter than height and step say.
    """
    channels = CHANNELS.get(message.encoding)
    if channels is None:
        raise ValueError(f'encoding "{message.encoding}" is none of {", ".join(CHANNELS)}')
    height, width, step = message.height, message.width, message.step
    if height * width == 0 or step < width * channels or len(message.data) < height * step:
        raise ValueError(f'{len(message.data)} bytes: not {height} rows of {step} bytes, {width} pixels')
    rows = np.frombuffer(message.data, np.uint8, height * step).reshape(height, step)
    pixels = rows[:, :width * channels].reshape(height, width, channels)
    if channels == 1:
        return np.repeat(pixels, 3, axis=2)
    order = [2, 1, 0] if message.encoding.startswith('bgr') else [0, 1, 2]
    return np.ascontiguousarray(pixels[..., order])


def decode_compressed(message: Any) -> np.ndarray:
    """Return a sensor_msgs/CompressedImage as (h, w, 3) RGB; raises ValueError if it cannot be decoded."""
    data = np.frombuffer(message.data, np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if bgr is None:
        raise ValueError(f'{data.size} bytes of format "{message.format}" cannot be decoded')
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def header_stamp(data: bytes) -> int:
    """Return the stamp in nanoseconds of a serialized message whose first field is a header."""
    order = '<' if data[1] & 1 else '>'  # the encapsulation's second byte says little or big endian
    seconds, nanoseconds = struct.unpack_from(order + 'iI', data, 4)
    return seconds * NANOSECONDS + nanoseconds


def _has_header(reader: AnyReader, kind: str) -> bool:
    if kind not in reader.typestore.fielddefs:
        return False
    fields = reader.typestore.fielddefs[kind][1]
    return bool(fields) and fields[0][1][1] == 'std_msgs/msg/Header'


def _first(reader: AnyReader, connections: list) -> Any:
    """Return the first message of the connections, None if they have none."""
    for connection, _, data in reader.messages(connections):
        return reader.deserialize(data, connection.msgtype)
    return None


def _info_topic(topic: str, kinds: dict[str, str]) -> str | None:
    """Return the CameraInfo topic beside an image topic: `camera_info` in the same namespace or one above."""
    parts = topic.split('/')
    for end in (-1, -2):
        name = '/'.join([*parts[:end], 'camera_info'])
        if kinds.get(name) == INFO:
            return name
    return None
