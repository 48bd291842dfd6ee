# SPDX-License-Identifier: Apache-2.0
"""How images are sent: the topic and the type of each transport, and video that has to be decoded in order."""

from __future__ import annotations

from array import array
from importlib import import_module
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from ttt3r_ros.ros.conversions import frame_name
from ttt3r_ros.ros.images import ImageError
from ttt3r_ros.sequences import SequenceError
from ttt3r_ros.sequences.packets import Decoder, frame_of

SUFFIXES = {'raw': '', 'compressed': '/compressed', 'ffmpeg': '/ffmpeg', 'foxglove': '/foxglove'}
VIDEO = {'ffmpeg': ('ffmpeg_image_transport_msgs', 'FFMPEGPacket'), 'foxglove': ('foxglove_msgs', 'CompressedVideo')}


class TransportError(ValueError):
    """A transport that cannot be read here; the message says what is missing."""


def message_type(transport: str) -> type:
    """Return the type of a transport's messages. Raises TransportError where its package is not installed."""
    if transport not in VIDEO:
        return {'raw': Image, 'compressed': CompressedImage}[transport]
    package, name = VIDEO[transport]
    try:
        return getattr(import_module(f'{package}.msg'), name)
    except ImportError as error:
        raise TransportError(f"image_transport {transport!r} wants the messages of {package}, which are not installed: "
                             f'apt install ros-$ROS_DISTRO-{package.replace("_", "-")}') from error


def image_topic(node: Node, prefix: str, transport: str) -> str:
    """Return the topic of a camera's images; prefix: of its inputs, such as 'front/', or empty.

    Where only `image` is remapped, what is sent another way stands below it, as for image_transport; whoever has
    remapped it to the compressed topic itself means that one.
    """
    suffix = SUFFIXES[transport]
    sent = f'{prefix}image{suffix}'
    base, own = (node.resolve_topic_name(name) for name in (f'{prefix}image', sent))
    own_remapped = own != node.resolve_topic_name(sent, only_expand=True)
    base_remapped = base != node.resolve_topic_name(f'{prefix}image', only_expand=True)
    topic = base + suffix if base_remapped and not own_remapped else own
    if suffix and topic.endswith(2 * suffix):
        return topic.removesuffix(suffix)
    return sent if topic == own else topic


class Video:
    """Turns the packets of one camera into image messages; every one has to come, and in order."""

    def __init__(self) -> None:
        """Make the decoder. Raises TransportError without PyAV."""
        try:
            self._decoder = Decoder(live=True)
        except SequenceError as error:
            raise TransportError(str(error)) from error

    def images(self, message: Any, missing: bool) -> list[Image]:
        """Return the images that a packet makes known; missing: others were lost before it.

        Raises ImageError where damage has cost some, and for an unknown codec.
        """
        lost = self._decoder.lost
        if missing:
            self._decoder.skipped()
            lost = self._decoder.lost
        try:
            frames = list(self._decoder.feed(message))
        except ValueError as error:
            raise ImageError(str(error)) from error
        if not frames and self._decoder.lost > lost:
            raise ImageError('a packet of video cannot be decoded, or hangs on one that is missing: the next key frame '
                             'mends it')
        messages = []
        for stamp, rgb in frames:
            made = Image(height=rgb.shape[0], width=rgb.shape[1], encoding='rgb8', step=3 * rgb.shape[1],
                         data=array('B', rgb.tobytes()))
            made.header.frame_id = frame_name(frame_of(message))
            made.header.stamp.sec, made.header.stamp.nanosec = divmod(stamp, 1_000_000_000)
            messages.append(made)
        return messages
