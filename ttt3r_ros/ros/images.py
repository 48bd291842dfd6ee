# SPDX-License-Identifier: Apache-2.0
"""Image messages, raw and compressed, to RGB: every encoding and format of colour or grey, 8 or 16 bits deep."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import numpy as np
from cv_bridge import CvBridge
from sensor_msgs.msg import CompressedImage, Image

from ttt3r_ros.model.device import first_line
from ttt3r_ros.ros.log import Log
from ttt3r_ros.sequences.compressed_pixels import decode_compressed
from ttt3r_ros.sequences.content_bits import ContentBits
from ttt3r_ros.sequences.picture_size import MOST_PIXELS, PictureTooLarge
from ttt3r_ros.sequences.pixels import PAIRS, PLANAR, SAME_AS, ImageError, plain_name, planar, require_pairs, rows

DEPTHS = ('16UC1', '32FC1', '64FC1')
SMALLER = 'have the driver send smaller ones, or set max_image_pixels'

_bridge = CvBridge()


@dataclass(frozen=True)
class CameraImage:
    """An image, rgb uint8 (h, w, 3), and the camera's own size (H, W): larger by a whole factor where so much is not
    wanted of a JPEG."""

    rgb: np.ndarray
    size: tuple[int, int]


class ImageReader:
    """Reads the images of one camera, and tells the log what it has to guess about them."""

    def __init__(self, log: Log, most_pixels: int = MOST_PIXELS,
                 reduction: Callable[[int, int], int] | None = None) -> None:
        """Take the log, how many pixels an image may have, and what tells of a size (H, W) by which of 1, 2, 4
        and 8 a JPEG is to be made smaller; ValueError: nobody wants such a size."""
        self._log = log
        self.most_pixels, self._reduction = most_pixels, reduction
        self._content = ContentBits()
        self._order_told = False

    @property
    def bits(self) -> int | None:
        """How many of 16 bits are in use, None while no image of 16 bits has told."""
        return self._content.bits

    def read(self, message: Image | CompressedImage, *, whole: bool = False) -> CameraImage:
        """Return a message's image; whole: of the camera's own size in any case. Raises ImageError."""
        before, kind = self.bits, message.format if isinstance(message, CompressedImage) else message.encoding
        image = _read(message, self._content, self.most_pixels, None if whole else self._reduction)
        if self.bits != before and self.bits < 16:
            self._log.warning(f'{kind!r} images use no more than {self.bits} of their 16 bits: they are read as of '
                              f'{self.bits} bits, and of more as soon as one is brighter')
        elif self.bits != before and before is not None:
            self._log.warning(f'{kind!r} images use all of their 16 bits after all, and are read so from now on')
        if kind == '8UC3' and not self._order_told:
            self._order_told = True
            self._log.info("'8UC3' images do not say in which order their colours are: read as bgr8")
        return image


def to_rgb(message: Image | CompressedImage, content: ContentBits | None = None,
           most_pixels: int = MOST_PIXELS) -> np.ndarray:
    """Return a message's image, uint8 (H, W, 3) RGB. Raises ImageError.

    content: of the camera, which learns from the image; None: the image is judged alone. most_pixels: an image of more
    is refused before anything of it is decoded.
    """
    return _read(message, content or ContentBits(), most_pixels, None).rgb


def _read(message: Image | CompressedImage, content: ContentBits, most_pixels: int,
          reduction: Callable[[int, int], int] | None) -> CameraImage:
    try:
        if isinstance(message, CompressedImage):
            return _decompress(message, content, most_pixels, reduction)
        if message.width * message.height > most_pixels:
            raise ImageError(f'an image of {message.width}×{message.height} pixels is too large: {most_pixels} are '
                             f'taken; {SMALLER}')
        rgb = _raw(message, content)
        return CameraImage(rgb, rgb.shape[:2])
    except ImageError:
        raise
    except Exception as error:  # cv_bridge and OpenCV raise many kinds for one cause: bytes that are no image
        kind = (f'{message.format!r} image' if isinstance(message, CompressedImage) else
                f'{message.width}×{message.height} {message.encoding!r} image')
        raise ImageError(f'{kind} of {len(message.data)} bytes cannot be read as rgb8 ({first_line(error)}): have the '
                         'driver send rgb8, bgr8, mono8 or JPEG') from error


def to_mask(message: Image) -> np.ndarray:
    """Return which pixels of a mono8 message are not zero, bool (H, W). Raises ImageError."""
    return _one_channel(message, {'mono8': 'u1', '8UC1': 'u1'}, 'a mask') != 0


def to_depth(message: Image) -> np.ndarray:
    """Return the depth of a 16UC1 (millimetres) or 32FC1 (metres) message, float32 (H, W) metres, NaN where there is
    none. Raises ImageError."""
    values = _one_channel(message, {'16UC1': 'u2', 'mono16': 'u2', '32FC1': 'f4'}, 'a depth')
    depth = values.astype(np.float32) * np.float32(1e-3 if values.dtype.kind == 'u' else 1)
    return np.where((depth > 0) & np.isfinite(depth), depth, np.float32(np.nan))


def _one_channel(message: Image, encodings: dict[str, str], what: str) -> np.ndarray:
    if message.encoding not in encodings:
        raise ImageError(f'{message.encoding!r} is no encoding of {what}: publish {" or ".join(encodings)}')
    if message.width == 0 or message.height == 0:
        raise ImageError(f'{what} of {message.width}×{message.height} pixels is empty')
    return rows(message, np.dtype(encodings[message.encoding]), message.width)


def _refuse_depth(encoding: str) -> None:
    if encoding in DEPTHS:
        raise ImageError(f'{encoding!r} images have no colour, this looks like a depth topic: remap image to the '
                         "camera's colour or grey images")


def _decompress(message: CompressedImage, content: ContentBits, most_pixels: int,
                reduction: Callable[[int, int], int] | None) -> CameraImage:
    encoding, _, given = message.format.partition(';')
    _refuse_depth(encoding.strip())
    if 'compressedDepth' in given:
        raise ImageError(f'images of format {message.format!r} are depth: remap image to the colour topic')
    try:
        image, factor = decode_compressed(message, content, most_pixels, reduction)
    except PictureTooLarge as error:
        raise ImageError(f'an image of format {message.format!r} is too large: {error}; {SMALLER}') from error
    return CameraImage(image, (factor * image.shape[0], factor * image.shape[1]))


def _raw(message: Image, content: ContentBits) -> np.ndarray:
    if message.encoding != plain_name(message.encoding):
        message = copy(message)
        message.encoding = plain_name(message.encoding)
    _refuse_depth(message.encoding)
    if message.width == 0 or message.height == 0:
        raise ImageError(f'an image of {message.width}×{message.height} pixels is empty')
    if message.encoding in PLANAR:
        return planar(message, message.encoding)
    if SAME_AS.get(message.encoding, message.encoding) in PAIRS:
        require_pairs(message.encoding, message.height, message.width)
    return np.ascontiguousarray(_bridge.imgmsg_to_cv2(_plain(message, content), 'rgb8'))


def _plain(message: Image, content: ContentBits) -> Image:
    """Return the image in native byte order with nothing behind its rows, all of its bits in use.

    cv_bridge itself takes only whole pixels of padding, and its byte swap fails on NumPy 2.
    """
    encoding = SAME_AS.get(message.encoding, message.encoding)
    kind, channels = _bridge.encoding_to_dtype_with_channels(encoding)
    dtype = np.dtype(kind)
    row = message.width * dtype.itemsize * channels
    if message.step == row and encoding == message.encoding and dtype.itemsize == 1 \
            and len(message.data) >= row * message.height:
        return message
    pixels = rows(message, dtype, message.width * channels)
    if dtype == np.uint16:
        pixels = content.fill(pixels)
    return Image(header=message.header, height=message.height, width=message.width, encoding=encoding,
                 is_bigendian=int(sys.byteorder == 'big'), step=row, data=array('B', pixels.tobytes()))
