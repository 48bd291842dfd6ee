# SPDX-License-Identifier: Apache-2.0
"""A video file, read with PyAV: OpenCV turns it by its version, and gives garbage for interlaced ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import hdr, views_told
from .clean_aperture import Aperture, clean_aperture
from .sequence import DEFAULT_RATE, NANOSECONDS, Contents, Image, Sequence, SequenceError

if TYPE_CHECKING:
    import av

DECODING_TIMES = {'avi'}  # containers whose times are those of decoding: jumbled where frames are reordered
TIMED = {'apng'}  # that tell each frame's time, and not how long they are
MP4 = 'mov,mp4,m4a,3gp,3g2,mj2'  # and QuickTime: FFmpeg's name of the format
TRIMMED = 1.5  # frames that a container counts beyond its duration: an edit list hides some
ATTACHED_PICTURE = 1 << 10  # of FFmpeg's dispositions of a stream
PROBED = 30  # frames at the start
SQUEEZED = 4.0  # pixels wider or higher than this are a mistake in the file
FASTEST = 1000.0  # frames a second: a rate above is no rate
EVEN_SHARE = 0.9  # of the steps that are equal in a video of constant rate: a longer one is a hole


class Video(Sequence):
    """The frames of a video, upright, with its own times; `rate` stands in where the file tells neither.

    After damage, frames are left out up to the next one that stands alone; what is missing is counted.
    Raises SequenceError if the file is no video that PyAV can decode.
    """

    def __init__(self, path: Path, rate: float | None = None):
        self._path = path
        with self._opened() as (container, stream):
            fps = float(stream.average_rate or 0)
            fps = fps if 0 < fps < FASTEST else None
            self.stamps_made = (container.duration is None and container.start_time is None
                                and container.format.name not in TIMED)
            self._counted = self.stamps_made or bool(
                container.format.name in DECODING_TIMES and stream.codec_context.has_b_frames)
            self.count = stream.frames if 0 < stream.frames < 1e9 else None
            # An AVI counts pauses as frames.
            self._claimed = 0 if container.format.name in DECODING_TIMES else stream.frames
            self._end = float(((stream.start_time or 0) + (stream.duration or 0)) * stream.time_base) * NANOSECONDS
            codec, coded = stream.codec_context.name, (stream.width, stream.height)
            self._hdr = hdr.NAMES.get(int(stream.codec_context.color_trc or 0))
            self._coded, self._aspect = coded, float(stream.sample_aspect_ratio or 1)
            self._shown = clean_aperture(path, stream.id, coded) if container.format.name == MP4 else None
            others = [f'another video stream, {other.codec_context.name} of {other.width}×{other.height}'
                      for other in container.streams.video if other is not stream and not _is_cover(other)]
        self.name = path.stem
        # What is told of a stream without a container is a guess of the library's.
        self.rate = rate or (fps if fps and not self.stamps_made else DEFAULT_RATE)
        self._stamp_rate = self.rate if fps is None or self.stamps_made else fps
        # So the decoder gives up at damage that it would else conceal without a word; but there are cameras whose
        # streams break the rules everywhere.
        self._strict = True
        self._strict = sum(1 for _ in itertools.islice(self._decoded(), PROBED)) > self._hole.lost
        first = next(self._decoded(), None)
        if first is None:
            raise SequenceError(f'no frame of {path} can be decoded; convert it to H.264 in MP4')
        if first.interlaced_frame:
            others.append('one of the two moments in each frame: the video is interlaced, and what moves is combed '
                          '(deinterlace it first if that matters)')
        views_told.warn(path, views_told.of_frame(first))
        if self.count is not None and fps and self.count > fps * self._end / NANOSECONDS + TRIMMED:
            self.count = self._packets_shown()
        stretched = self._square_width(first)
        shown = self._part(first)
        height, width = upright(first, stretched, shown=shown).shape[:2]
        turned = ', cut to what is to be shown of it' if shown else ''
        turned += '' if display_matrix(first) is None else ', turned as its metadata says'
        turned += ', stretched to square pixels' if stretched else ''
        turned += f', its HDR ({self._hdr}) made SDR' if self._hdr else ''
        stamps = (f'made, {self.rate:g} a second: it has none' if self.stamps_made else
                  f'even, {self._stamp_rate:.6g} a second as it says' if self._counted else 'its own')
        self.contents = Contents('video', f'{codec} of {coded[0]}×{coded[1]}{turned}', stamps, (width, height), others)

    def _frames(self) -> Iterator[Image]:
        steps: list[int] = []
        turning = Turning()
        stamp, start, number, own = None, 0, 0, 0
        for frame in self._decoded():
            if self._counted or frame.pts is None:
                own = round(number * NANOSECONDS / self._stamp_rate)
            else:
                own = round(frame.pts * frame.time_base * NANOSECONDS)
            if stamp is None:
                start = min(own, 0)  # an edit list can begin below 0
            else:
                steps.append(own - start - stamp)
            # Some containers repeat a time: a stamp must increase.
            late = stamp is not None and own - start <= stamp
            stamp = stamp + round(NANOSECONDS / self._stamp_rate) if late else own - start
            number += 1
            rgb = upright(frame, self._square_width(frame), turning, self._part(frame))
            yield Image(stamp, hdr.shown(rgb, self._hdr) if self._hdr else rgb)
        period = NANOSECONDS / self._stamp_rate
        # What the container claims counts only with a sign of damage: some frames are cut off by an edit list. All that
        # it claims are there where a camera has paused or left one out.
        whole = self._claimed and self._hidden + number >= self._claimed
        room = 0 if whole else _in_holes(steps)
        missing = max(room, self._hole.lost)
        if self._claimed and (missing or own + 1.5 * period < self._end):
            missing = max(missing, self._claimed - self._hidden - number)
        if missing > 0:
            damaged = missing > room or self._hole.lost
            why = ('it is cut or damaged; copy it again from where it is whole' if damaged else
                   'its times leave room for them; it is damaged, or the camera paused')
            self._leave_out('frames missing in the video', f'{missing} of the {number + missing} frames of '
                            f'{self._path}: {why}', missing)

    def _packets_shown(self) -> int:
        """Return how many packets an edit list leaves, as phones trim videos; the container counts all."""
        with self._opened() as (container, stream):
            return sum(bool(packet.size) and not packet.is_discard for packet in _until_damage(container.demux(stream)))

    def _square_width(self, frame: av.VideoFrame) -> int | None:
        """Return how wide a frame is with square pixels, None if it has them."""
        aspect = self._aspect if (frame.width, frame.height) == self._coded else self._aspect_now
        width = round(frame.width * aspect)
        return width if 1 / SQUEEZED < aspect < SQUEEZED and width != frame.width else None

    def _part(self, frame: av.VideoFrame) -> Aperture | None:
        """Return what is to be shown of a frame, None for all of it."""
        return self._shown if (frame.width, frame.height) == self._coded else None

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Yield the sound frames in the order in which they are shown."""
        hole, self._hidden = Hole(), 0
        self._hole = hole
        with self._opened() as (container, stream):
            if self._strict:
                stream.codec_context.options = {'err_detect': 'explode'}
            for packet in _until_damage(container.demux(stream)):
                self._hidden += packet.is_discard  # cut off by an edit list
                self._aspect_now = float(stream.codec_context.sample_aspect_ratio or 1)
                yield from hole.passed(packet.pts, _decode(packet))

    @contextmanager
    def _opened(self) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
        """Open the file anew: a container can be decoded once."""
        av = pyav(f'{self._path} is a video')
        try:
            container = av.open(str(self._path), metadata_errors='replace')
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise SequenceError(f'{self._path} is no video that can be opened '
                                f'({getattr(error, "strerror", error)}): it is cut off, as MP4s have their index at '
                                'the end, damaged, or of another kind; copy it again from where it plays, or convert '
                                'it there to H.264 in MP4') from error
        with container:
            streams = [s for s in container.streams.video if s.codec_context is not None]
            if not streams:
                raise SequenceError(f'{self._path} has no video stream that can be decoded; convert it to H.264 in MP4')
            # The largest film: a cover picture can stand before it, and be larger.
            stream = max(streams, key=lambda s: (not _is_cover(s), s.frames != 1, s.width * s.height))
            yield container, stream


class Hole:
    """Damage in a stream: what is decoded after it is wrong up to the next frame that stands alone.

    As a decoder conceals damage, it gives wrong frames as if they were right. `lost`: the packets and frames that it
    cost.
    """

    def __init__(self) -> None:
        self._first: int | None = None
        self._last: int | None = None
        self._open = False
        self.lost = 0

    def passed(self, time: int | None, frames: list[av.VideoFrame] | None) -> Iterator[av.VideoFrame]:
        """Yield the frames that are sound, of those that a packet of this time gave; None if it is damaged."""
        if frames is None:
            self._widen(time)
            self.lost += 1
        for frame in frames or ():
            if frame.is_corrupt:
                self._widen(frame.pts)
            elif self._open and frame.key_frame and _after(frame.pts, self._last):
                self._open = False
            # Frames of before the damage may still have been waiting to be shown.
            if not self._open or not _after(frame.pts, self._first):
                yield frame
            else:
                self.lost += 1

    def _widen(self, time: int | None) -> None:
        if not self._open:
            self._first = self._last = time
        elif time is not None:  # packets come in the order of decoding
            self._first = time if self._first is None else min(time, self._first)
            self._last = time if self._last is None else max(time, self._last)
        self._open = True


def pyav(wanting: str):
    """Return the module `av`; raises SequenceError, what wants it before the remedy, where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise SequenceError(f'{wanting}, which PyAV reads: run "pip install av"') from error
    av.logging.set_level(av.logging.PANIC)  # each damaged packet would be several lines
    return av


def _is_cover(stream: av.VideoStream) -> bool:
    """Return whether a stream is a picture that goes with the film; an older PyAV does not tell."""
    return bool(getattr(stream, 'disposition', 0) & ATTACHED_PICTURE)


def _until_damage(packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """Yield the packets up to where the container itself ends or cannot be read on."""
    import av
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError, MemoryError, ValueError):
            return
        yield packet


def _decode(packet: av.Packet) -> list[av.VideoFrame] | None:
    """Return the frames that are ready; None if the packet is damaged."""
    import av
    try:
        return packet.decode()
    except av.error.EOFError:
        return []
    except (av.error.FFmpegError, MemoryError, ValueError):
        return None


def _after(time: int | None, other: int | None) -> bool:
    return time is None or other is None or time >= other


def _in_holes(steps: list[int]) -> int:
    """Return how many frames are missing where a video of constant rate makes a longer step; 0 for other videos."""
    if len(steps) < 3:
        return 0
    usual = float(np.median(steps))
    ratios = np.array(steps) / usual if usual > 0 else np.ones(len(steps))
    if (np.abs(ratios - 1) < 0.1).mean() < EVEN_SHARE:
        return 0
    return int(sum(round(ratio) - 1 for ratio in ratios if ratio > 1.5))


def display_matrix(frame: av.VideoFrame) -> np.ndarray | None:
    """Return the frame's (2, 2) matrix from stored to shown pixel coordinates, without scale; None if it does nothing.
    """
    (a, b), (c, d) = _told_matrix(frame).tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        matrix = [[-1 if a < 0 else 1, 0], [0, -1 if d < 0 else 1]]
    else:
        matrix = [[0, -1 if b < 0 else 1], [-1 if c < 0 else 1, 0]]
    return None if matrix == [[1, 0], [0, 1]] else np.array(matrix)


def _told_matrix(frame: av.VideoFrame) -> np.ndarray:
    """Return the frame's own (2, 2) matrix, of any scale."""
    try:
        for data in frame.side_data:
            if data.type.name == 'DISPLAYMATRIX':
                return np.frombuffer(data, '<i4').reshape(3, 3)[:2, :2]
    except ValueError:
        # Of a kind of data that PyAV has no name for, such as EXIF or the view of a spatial video, it tells of none.
        # What mirrors is not known then.
        cos, sin = (function(np.radians(frame.rotation)) for function in (np.cos, np.sin))
        return np.array([[cos, -sin], [sin, cos]])
    return np.eye(2)


class Turning:
    """The display matrix of a video's frames, read again where their rotation is another.

    Not of every frame: a frame whose side data was asked for is part of a cycle, and its pixels stay for long.
    """

    def __init__(self) -> None:
        self._rotation: int | None = None
        self._matrix: np.ndarray | None = None

    def of(self, frame: av.VideoFrame) -> np.ndarray | None:
        """Return a frame's matrix, as display_matrix does."""
        if frame.rotation != self._rotation:
            self._rotation, self._matrix = frame.rotation, display_matrix(frame)
        return self._matrix


def upright(frame: av.VideoFrame, width: int | None = None, turning: Turning | None = None,
            shown: Aperture | None = None) -> np.ndarray:
    """Return a frame as uint8 (h, w, 3) RGB, turned as the video is shown; stretched to `width` before that.

    turning: what is known of the video's other frames, None if it is alone. shown: what is to be seen of it.
    """
    image = frame.to_ndarray(format='rgb24', width=width or frame.width)
    image = image if shown is None else shown.cut(image)
    matrix = (turning or Turning()).of(frame)
    if matrix is not None:
        if matrix[0, 0] == 0:
            image = image.transpose(1, 0, 2)
        image = image[::-1] if matrix[:, 1].sum() < 0 else image
        image = image[:, ::-1] if matrix[:, 0].sum() < 0 else image
    return np.ascontiguousarray(image)  # of an odd width it is not
