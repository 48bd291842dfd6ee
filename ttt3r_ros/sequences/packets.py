# SPDX-License-Identifier: Apache-2.0
"""Video in messages: packets of ffmpeg_image_transport, and Foxglove's CompressedVideo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .sequence import NANOSECONDS
from .video import Hole, Turning, pyav, upright

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

PACKET, VIDEO = 'ffmpeg_image_transport_msgs/msg/FFMPEGPacket', 'foxglove_msgs/msg/CompressedVideo'
DEFINITIONS = {
    PACKET: 'std_msgs/Header header\nint32 width\nint32 height\nstring encoding\nuint64 pts\nuint8 flags\n'
            'bool is_bigendian\nuint8[] data\n',
    VIDEO: 'builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format\n'}
CODECS = {'264': 'h264', 'avc': 'h264', '265': 'hevc', 'hevc': 'hevc', 'av1': 'av1', 'vp9': 'vp9', 'vp8': 'vp8',
          'jpeg': 'mjpeg', 'mpeg4': 'mpeg4'}


def register(store: Typestore) -> None:
    """Teach a type store both messages."""
    from rosbags.typesys import get_types_from_msg  # here: a node decodes packets, too, and reads no bags

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


class Decoder:
    """Decodes the messages of one stream, one after another.

    `lost`: packets and frames that damage has cost.
    """

    def __init__(self, *, live: bool = False) -> None:
        """Begin; live: each frame at once, as far as its codec allows, at the cost of threads. Raises SequenceError
        without PyAV."""
        self._av = pyav('these messages hold video')
        self._live = live
        self._context: Any = None
        self._hole, self._turning = Hole(), Turning()
        self._stamps: dict[int, int] = {}
        self._number = 0

    @property
    def lost(self) -> int:
        """How many packets and frames damage has cost."""
        return self._hole.lost

    def feed(self, message: Any) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (stamp, uint8 (h, w, 3) RGB) of the frames that a message makes known: none, its own, or earlier ones.

        Raises ValueError for an unknown codec.
        """
        if self._context is None:
            self._context = self._av.CodecContext.create(codec_of(message), 'r')
            if self._live:  # a frame for each thread would wait
                self._context.thread_type = 'SLICE'
                self._context.options = {'flags': 'low_delay'}
        self._stamps[self._number] = stamp_of(message)
        packet = self._av.Packet(bytes(message.data))
        # Numbered by us: the decoder puts frames in order, and the sender's clock may be any.
        packet.pts = packet.dts = self._number
        self._number += 1
        yield from self._frames(packet)

    def skipped(self) -> None:
        """Say that messages are missing before the next one: what hangs on them is left out."""
        list(self._hole.passed(self._number, None))

    def rest(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the frames that were still held back; the stream has ended."""
        if self._context is not None:
            yield from self._frames(None)

    def _frames(self, packet: Any) -> Iterator[tuple[int, np.ndarray]]:
        try:
            frames = self._context.decode(packet)
        except self._av.error.EOFError:
            frames = []
        except (self._av.error.FFmpegError, ValueError):
            frames = None
        for frame in self._hole.passed(packet.pts if packet else None, frames):
            stamp = self._stamps.pop(frame.pts, None)
            if stamp is not None:
                yield stamp, upright(frame, turning=self._turning)


def decode(messages: Iterable[Any]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (stamp, uint8 (h, w, 3) RGB) of the frames of one stream that can be decoded, each with its own stamp.

    Raises ValueError for an unknown codec, and SequenceError without PyAV.
    """
    decoder = Decoder()
    for message in messages:
        yield from decoder.feed(message)
    yield from decoder.rest()
