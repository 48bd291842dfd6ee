# SPDX-License-Identifier: Apache-2.0
"""How large a compressed picture will be, from its header: a few kilobytes can decode to gigabytes."""

from __future__ import annotations

import io
import struct
import warnings

from PIL import Image as Picture

MOST_PIXELS = 128_000_000  # phones take 108 million; Pillow refuses 179 million
TIFF_SIDES = (256, 257)  # tags of width and height
TIFF_NUMBERS = {1: 'B', 3: 'H', 4: 'I'}


class PictureTooLarge(ValueError):
    """A picture of more pixels than are taken; the message says how many."""


def require_size(data: bytes, most: int) -> tuple[int, int]:
    """Look at the header of a compressed picture, before anything is decoded; return the width and height of what is
    small enough.

    Raises PictureTooLarge for one of more than `most` pixels, ValueError for bytes that tell no size.
    """
    try:
        width, height = _size(data)
    except Picture.DecompressionBombError as error:
        raise PictureTooLarge(f'it has more than the {most} pixels that are taken ({error})') from error
    except Exception as error:  # what broken bytes raise depends on their kind: SyntaxError, KeyError, struct.error …
        raise ValueError('no header in them tells the size of a picture') from error
    if width * height > most:
        raise PictureTooLarge(f'it has {width}×{height} pixels, and {most} are taken')
    return width, height


def _size(data: bytes) -> tuple[int, int]:
    """Return width and height."""
    # Pillow knows not all kinds of numbers that OpenCV reads of a TIFF.
    if data[:4] in (b'II*\0', b'MM\0*'):
        return _tiff_size(data, '<' if data[:1] == b'I' else '>')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of large pictures, and of damaged metadata
        with Picture.open(io.BytesIO(data)) as picture:
            return picture.size


def _tiff_size(data: bytes, order: str) -> tuple[int, int]:
    """Return width and height of the first picture."""
    at, = struct.unpack_from(f'{order}I', data, 4)
    count, = struct.unpack_from(f'{order}H', data, at)
    sides = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f'{order}HH', data, entry)
        if tag in TIFF_SIDES:
            side, = struct.unpack_from(order + TIFF_NUMBERS[kind], data, entry + 8)
            sides[tag] = max(side, sides.get(tag, 0))  # which of two a decoder believes is its own affair
    return sides[TIFF_SIDES[0]], sides[TIFF_SIDES[1]]
