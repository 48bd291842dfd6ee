# SPDX-License-Identifier: Apache-2.0
"""A .bag file of ROS 1, read by rosbags, and its messages as those of ROS 2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rosbags.rosbag1 import Reader, ReaderError
from rosbags.typesys import Stores, get_typestore

from .storage import ROS1, Record, Storage, Topic

STORE = get_typestore(Stores.ROS2_JAZZY)
_STORE1 = get_typestore(Stores.ROS1_NOETIC)


class Ros1File(Storage):
    """A .bag file of ROS 1."""

    def __init__(self, path: Path, shown: Path):
        super().__init__(path, shown)
        with self._opened() as reader:
            for connection in reader.connections:
                before = self.topics.get(connection.topic)
                count = connection.msgcount + (before.count or 0 if before else 0)
                self.topics[connection.topic] = Topic(connection.topic, connection.msgtype, count, ROS1)

    def records(self, topics: Collection[str]) -> Iterator[Record]:
        """Yield the messages of the topics in the order of their times, as far as they can be read."""
        self.lost = Counter()
        with self._opened() as reader:
            chosen = [connection for connection in reader.connections if connection.topic in topics]
            if not chosen:
                return
            messages = reader.messages(chosen)
            while True:
                try:
                    connection, time, data = next(messages)
                except StopIteration:
                    return
                except Exception:
                    self.lost['the rest of the file'] += 1
                    return
                yield Record(connection.topic, time, data)

    @contextmanager
    def _opened(self) -> Iterator[Reader]:
        try:
            reader = Reader(self.path)
            reader.open()
        except Exception as error:  # damaged: AssertionError, struct.error, KeyError … besides its own
            raise self._refuse(error if isinstance(error, ReaderError) else 'its index is damaged') from error
        try:
            yield reader
        finally:
            reader.close()


def to_cdr(data: bytes, kind: str) -> bytes:
    """Return a message of ROS 1, serialized, as the one of ROS 2 of its name, serialized."""
    return bytes(STORE.serialize_cdr(_as_ros2(_STORE1.deserialize_ros1(data, kind)), kind))


def _as_ros2(message: Any) -> Any:
    # Without `seq`; and CameraInfo's matrices have upper-case names in ROS 1.
    if isinstance(message, list):
        return [_as_ros2(item) for item in message]
    kind = getattr(message, '__msgtype__', None)
    if kind is None:
        return message
    return STORE.types[kind](**{name: _as_ros2(getattr(message, name, None) if hasattr(message, name)
                                               else getattr(message, name.upper()))
                                for name, _ in STORE.fielddefs[kind][1]})
