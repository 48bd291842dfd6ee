# SPDX-License-Identifier: Apache-2.0
"""The topics of a recording: which may be a camera's, and what lies beside it."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import packets
from .picture_files import NOT_COLOUR
from .storage import Storage, Topic

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
INFO = 'sensor_msgs/msg/CameraInfo'
RECTIFIED = 'image_rect'  # as image_proc names topics: image_rect, image_rect_color
VIDEOS = (packets.PACKET, packets.VIDEO)


class Camera(NamedTuple):
    """An image topic, looked at.

    first       its first message that can be read; None without
    form        its encoding or format
    size        (width, height) in pixels
    objection   why it cannot be a camera; empty if it can
    """

    topic: Topic
    first: Any
    form: str
    size: tuple[int, int] | None
    objection: str

    @property
    def may_be_grey(self) -> bool:
        """Whether it may be a camera's grey of 16 bits, such as a thermal one's, as well as depth."""
        return self.form.partition(';')[0].strip().lower() == 'mono16' and 'compressedDepth' not in self.form

    @property
    def phrase(self) -> str:
        """What to say of it."""
        count = '' if self.topic.count is None else f'{self.topic.count} × '
        return f'{self.topic.name} ({count}{self.topic.type}{", " if self.form else ""}{self.form}' + (
            f': {self.objection})' if self.objection else ')')

    def less_than_half_of(self, cameras: list[Camera]) -> bool:
        """Say whether one of the cameras is this one in another transport, with more than twice as many messages."""
        name, count = self.topic.name, self.topic.count
        return any(None not in (count, other.topic.count) and other.topic.count > 2 * count and (
            name.startswith(f'{other.topic.name}/') or other.topic.name.startswith(f'{name}/')) for other in cameras)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """What makes it a worse choice, the worst first."""
        return (self.topic.type in VIDEOS, bool(NOT_COLOUR.search(self.topic.name)), self.form.startswith('mono'))


def republished(topic: str) -> str:
    """Return how to turn a topic of image_transport into a raw one."""
    name, _, transport = topic.rpartition('/')
    return (f'play it beside "ros2 run image_transport republish --ros-args -p in_transport:={transport} '
            f'-p out_transport:=raw -r in/{transport}:={topic} -r out:={name}" and record {name}')


def joined(storages: list[Storage]) -> dict[str, Topic]:
    """Return the topics of all files, their counts added."""
    found: dict[str, Topic] = {}
    for storage in storages:
        for name, topic in storage.topics.items():
            before = found.get(name)
            count = topic.count if before is None or before.count is None or topic.count is None else (
                before.count + topic.count)
            found[name] = topic._replace(count=count)
    return found


def info_topic_beside(topic: str, kinds: dict[str, str]) -> str | None:
    """Return the CameraInfo topic beside an image topic: `camera_info` in the same namespace or one above."""
    parts = topic.split('/')
    for end in (-1, -2):
        name = '/'.join([*parts[:end], 'camera_info'])
        if kinds.get(name) == INFO:
            return name
    return None
