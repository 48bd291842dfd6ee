# SPDX-License-Identifier: Apache-2.0
"""The clean aperture of an MP4 or QuickTime film: which part of the stored picture is to be shown.

FFmpeg knows it, and hands it to whoever shows the frames; PyAV does not pass it on. So the file is asked: the box
`clap` of the track's first sample entry (ISO/IEC 14496-12).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

ENTRIES = 8  # bytes of stsd before its first entry
VISUAL = 78  # of such an entry before its own boxes
TRACK_NUMBER = {0: 12, 1: 20}  # where tkhd has it, by its version


@dataclass(frozen=True)
class Aperture:
    """The pixels from left to right and from top to bottom, these two exclusive, of a stored picture of size (w, h)."""

    left: int
    top: int
    right: int
    bottom: int
    size: tuple[int, int]

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Return the part of an image (h, w', 3) that is shown; it may have been stretched to another width."""
        stretch = image.shape[1] / self.size[0]
        return image[self.top:self.bottom, round(self.left * stretch):round(self.right * stretch)]


def clean_aperture(path: Path, track: int, size: tuple[int, int]) -> Aperture | None:
    """Return what a track of a film tells of its stored pictures of size (w, h); None where it is all, or is nothing
    that can be."""
    try:
        with path.open('rb') as file:
            for start, end in _inside(file, 0, path.stat().st_size, b'moov', b'trak'):
                if _number(file, start, end) == track:
                    return _aperture(_clap(file, start, end), size)
    except (OSError, struct.error):
        pass  # no such file, or one that is cut: what can be read of it is told by its reader
    return None


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box between two places of a file, and where its content begins and ends."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack('>I4s', file.read(8))
        head = 8
        if size == 1:
            head, (size,) = 16, struct.unpack('>Q', file.read(8))
        elif size == 0:
            size = end - start
        if size < head:
            return
        yield kind, start + head, min(start + size, end)
        start += size


def _inside(file: BinaryIO, start: int, end: int, kind: bytes, *deeper: bytes) -> Iterator[tuple[int, int]]:
    for found, first, last in _boxes(file, start, end):
        if found == kind:
            if deeper:
                yield from _inside(file, first, last, *deeper)
            else:
                yield first, last


def _number(file: BinaryIO, start: int, end: int) -> int | None:
    for first, _ in _inside(file, start, end, b'tkhd'):
        file.seek(first)
        version, = struct.unpack('B', file.read(1))
        file.seek(first + TRACK_NUMBER.get(version, TRACK_NUMBER[0]))
        return struct.unpack('>I', file.read(4))[0]
    return None


def _clap(file: BinaryIO, start: int, end: int) -> tuple[int, ...] | None:
    """Return the eight numbers of a track's clean aperture, None if it has none."""
    for first, last in _inside(file, start, end, b'mdia', b'minf', b'stbl', b'stsd'):
        for _, entry, entry_end in _boxes(file, first + ENTRIES, last):
            for place, _ in _inside(file, entry + VISUAL, entry_end, b'clap'):
                file.seek(place)
                return struct.unpack('>IIIIiIiI', file.read(32))
            return None
    return None


def _aperture(told: tuple[int, ...] | None, size: tuple[int, int]) -> Aperture | None:
    """Return the aperture of width, height and the shifts of its centre, each a numerator and a denominator."""
    if told is None or not all(told[1::2]):
        return None
    width, height, right, down = (Fraction(*told[i:i + 2]) for i in range(0, 8, 2))
    left, top = round((size[0] - width) / 2 + right), round((size[1] - height) / 2 + down)
    found = Aperture(left, top, left + round(width), top + round(height), size)
    fits = 0 <= left < found.right <= size[0] and 0 <= top < found.bottom <= size[1]
    return found if fits and (round(width), round(height)) != size else None
