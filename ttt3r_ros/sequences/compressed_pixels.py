# SPDX-License-Identifier: Apache-2.0
"""Compressed image messages to RGB without a ROS: what image_transport and drivers write into a CompressedImage."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from .content_bits import ContentBits
from .picture_size import MOST_PIXELS, PictureTooLarge, require_size
from .pixels import MOSAICS, ImageError

VIDEO = ('h264', 'h265', 'hevc', 'av1', 'vp8', 'vp9')
REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
JPEG = b'\xff\xd8'


def decode_compressed(message: Any, content: ContentBits | None = None, most_pixels: int = MOST_PIXELS,
                      reduction: Callable[[int, int], int] | None = None) -> tuple[np.ndarray, int]:
    """Return a sensor_msgs/CompressedImage as RGB, uint8 (h, w, 3), and by which factor it is smaller than it was.

    What stands before `;` in its format is the encoding of the image that was compressed: a mosaic is demosaiced.
    content: of the camera, which learns from an image of 16 bits; None: the image is judged alone. most_pixels: an
    image of more is refused before it is decoded. reduction: tells of a size (H, W) by which of 1, 2, 4 and 8 a
    JPEG is to be made smaller as it is decoded. Raises PictureTooLarge, and ImageError for what cannot be decoded.
    """
    # As image_transport writes it: "<the raw image's encoding>; <codec> compressed <what the codec was given>".
    encoding, _, given = message.format.partition(';')
    encoding, data = encoding.strip(), bytes(message.data)
    if not data:
        raise ImageError(f'an image of format {message.format!r} is empty')
    for name, start, end in (('JPEG', JPEG, b'\xff\xd9'), ('PNG', b'\x89PNG', b'IEND')):
        # Decoders fill a missing part with grey, unasked.
        if data.startswith(start) and end not in data:
            raise ImageError(f'a {name} image of {len(data)} bytes has no end: it was truncated on its way')
    pattern = encoding.removeprefix('bayer_').rstrip('0123456789')
    mosaic = encoding.startswith('bayer_') and pattern in MOSAICS
    try:
        width, height = require_size(data, most_pixels)
    except PictureTooLarge:
        raise
    except ValueError:
        image, factor = None, 1
    else:
        factor = _factor(reduction, height, width) if data.startswith(JPEG) and not mosaic else 1
        how = cv2.IMREAD_UNCHANGED if factor == 1 else REDUCED[factor] | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), how)
        except cv2.error as error:
            raise ImageError(f'{len(data)} bytes of format {message.format!r} cannot be decoded '
                             f'({error.err})') from error
    if image is None and encoding.lower() in VIDEO:
        raise ImageError(f'{message.format!r} is video, of which no CompressedImage can be read alone: publish it as '
                         'FFMPEGPacket or foxglove_msgs/CompressedVideo and set image_transport to ffmpeg or foxglove')
    if image is None:
        raise ImageError(f'{len(data)} bytes of format {message.format!r} are no image that OpenCV can decode')
    if image.dtype == np.uint16:
        image = ((content or ContentBits()).fill(image) >> 8).astype(np.uint8)
    elif image.dtype != np.uint8:
        raise ImageError(f'an image of format {message.format!r} holds {image.dtype} numbers, whose range nobody '
                         'tells: send 8 or 16 bits')
    return _coloured(image, given, pattern if mosaic else None), factor


def _coloured(image: np.ndarray, given: str, pattern: str | None) -> np.ndarray:
    """Return what OpenCV decoded, uint8, as RGB; given: what the codec was given; pattern: of a mosaic."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1 and pattern:
        if min(image.shape) < 2:
            raise ImageError('a mosaic has two rows and columns or more')
        return cv2.cvtColor(image, MOSAICS[pattern])
    if channels == 3 and given.split()[-1:] in (['rgb8'], ['rgb16']):
        return image  # the codec took red for blue, and gives it back so
    return cv2.cvtColor(image, {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB}.get(channels, cv2.COLOR_BGRA2RGB))


def _factor(reduction: Callable[[int, int], int] | None, height: int, width: int) -> int:
    """Return by how much a JPEG is made smaller; one of a size that nobody wants is told where it is used."""
    with contextlib.suppress(ValueError):
        return 1 if reduction is None else reduction(height, width)
    return 1
