# SPDX-License-Identifier: Apache-2.0
"""Video in messages: packets of ffmpeg_image_transport, and Foxglove's CompressedVideo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from rosbags.typesys import get_types_from_msg
from rosbags.typesys.store import Typestore

from .sequence import NANOSECONDS
from .video import Hole, pyav, upright

PACKET, VIDEO = 'ffmpeg_image_transport_msgs/msg/FFMPEGPacket', 'foxglove_msgs/msg/CompressedVideo'
DEFINITIONS = {
    PACKET: 'std_msgs/Header header\nint32 width\nint32 height\nstring encoding\nuint64 pts\nuint8 flags\n'
            'bool is_bigendian\nuint8[] data\n',
    VIDEO: 'builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format\n'}
CODECS = {'264': 'h264', 'avc': 'h264', '265': 'hevc', 'hevc': 'hevc', 'av1': 'av1', 'vp9': 'vp9', 'vp8': 'vp8',
          'jpeg': 'mjpeg', 'mpeg4': 'mpeg4'}


def register(store: Typestore) -> None:
    """Teach a type store both messages."""
    for name, definition in DEFINITIONS.items():
        store.register(get_types_from_msg(definition, name))


def stamp_of(message: Any) -> int:
    """Return a message's stamp in nanoseconds."""
    time = message.timestamp if hasattr(message, 'timestamp') else message.header.stamp
    return time.sec * NANOSECONDS + time.nanosec


def frame_of(message: Any) -> str:
    """Return the frame that a message is in."""
    return message.frame_id if hasattr(message, 'frame_id') else message.header.frame_id


def codec_of(message: Any) -> str:
    """Return the codec of a message's data; raises ValueError if its name is none that we know."""
    # `hevc`, `libx264`, `h264_nvenc`, or several words with `;` between them, of which the first is the codec.
    said = message.format if hasattr(message, 'format') else message.encoding
    for part, codec in CODECS.items():
        if part in said.split(';')[0].lower():
            return codec
    raise ValueError(f'"{said}" is none of the codecs {", ".join(sorted(set(CODECS.values())))}')


def decode(messages: Iterable[Any]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (stamp, uint8 (h, w, 3) RGB) of the frames of one stream that can be decoded, each with its own stamp.

    Raises ValueError for an unknown codec, and SequenceError without PyAV.
    """
    av = pyav('these messages hold video')
    context, hole, stamps = None, Hole(), {}
    for number, message in enumerate(messages):
        if context is None:
            context = av.CodecContext.create(codec_of(message), 'r')
        stamps[number] = stamp_of(message)
        packet = av.Packet(bytes(message.data))
        # Numbered by us: the decoder puts frames in order, and the sender's clock may be any.
        packet.pts = packet.dts = number
        yield from _frames(context, packet, hole, stamps)
    if context is not None:
        yield from _frames(context, None, hole, stamps)


def _frames(context: Any, packet: Any, hole: Hole, stamps: dict[int, int]) -> Iterator[tuple[int, np.ndarray]]:
    import av
    try:
        frames = context.decode(packet)
    except av.error.EOFError:
        frames = []
    except (av.error.FFmpegError, ValueError):
        frames = None
    for frame in hole.passed(packet.pts if packet else None, frames):
        stamp = stamps.pop(frame.pts, None)
        if stamp is not None:
            yield stamp, upright(frame)
