# SPDX-License-Identifier: Apache-2.0
"""Raw image messages to RGB without a ROS: every encoding of colour or grey, 8 or 16 bits deep, as cv_bridge has it."""

from __future__ import annotations

import re
import sys
from typing import Any

import cv2
import numpy as np

from .content_bits import ContentBits
from .picture_size import MOST_PIXELS

# Names of the same layout. OpenCV's order is blue first.
SAME_AS = {'uyvy': 'yuv422', 'yuyv': 'yuv422_yuy2', '8UC1': 'mono8', '8UC3': 'bgr8', '8UC4': 'bgra8'}
# OpenCV names a mosaic's pattern after the second row's second and third pixel.
MOSAICS = {'rggb': cv2.COLOR_BayerBG2RGB, 'bggr': cv2.COLOR_BayerRG2RGB, 'gbrg': cv2.COLOR_BayerGR2RGB,
           'grbg': cv2.COLOR_BayerGB2RGB}
# By family: channels, and what makes RGB of it.
FAMILIES = {'rgb': (3, None), 'bgr': (3, cv2.COLOR_BGR2RGB), 'rgba': (4, cv2.COLOR_RGBA2RGB),
            'bgra': (4, cv2.COLOR_BGRA2RGB), 'mono': (1, cv2.COLOR_GRAY2RGB),
            **{f'bayer_{pattern}': (1, code) for pattern, code in MOSAICS.items()}}
PAIRS = {'yuv422': cv2.COLOR_YUV2RGB_UYVY, 'yuv422_yuy2': cv2.COLOR_YUV2RGB_YUY2}  # neighbours have one colour
PLANAR = {'nv12': cv2.COLOR_YUV2RGB_NV12, 'nv21': cv2.COLOR_YUV2RGB_NV21, 'nv24': cv2.COLOR_YUV2RGB_NV12}
DEEP = re.compile(r'(.*\D)16')  # names of 16 bits a channel
OPENCV_TYPE = re.compile(r'\d+[USF]C\d+')
DEPTHS = re.compile(r'mono16|(8S|16U|16S|32S|32F|64F)C1', re.IGNORECASE)  # one channel of more than 8 bits


class ImageError(ValueError):
    """An image message that holds no image we can read; the message says what is wrong with it."""


def is_depth(kind: str) -> bool:
    """Return whether an encoding, or a CompressedImage's format, is one that depth has."""
    return bool(DEPTHS.match(kind)) or 'compressedDepth' in kind


def plain_name(encoding: str) -> str:
    """Return an encoding's name as ROS has it: drivers write RGB8, and YUYV as Video4Linux has it."""
    return encoding if OPENCV_TYPE.fullmatch(encoding) else encoding.lower()


def decode_raw(message: Any, content: ContentBits | None = None) -> np.ndarray:
    """Return a sensor_msgs/Image as RGB, uint8 (h, w, 3), row padding left out.

    content: of the camera, which learns from an image of 16 bits; None: the image is judged alone. Raises ImageError
    for another encoding, for data shorter than height and step say, or for too many pixels.
    """
    height, width = message.height, message.width
    if height * width > MOST_PIXELS:
        raise ImageError(f'it has {width}×{height} pixels, and {MOST_PIXELS} are taken')
    if height * width == 0:
        raise ImageError(f'an image of {width}×{height} pixels is empty')
    encoding = plain_name(message.encoding)
    if encoding in PLANAR:
        return planar(message, encoding)
    channels, code, dtype = _layout(SAME_AS.get(encoding, encoding), message.encoding)
    if channels == 2:
        require_pairs(encoding, height, width)
    pixels = rows(message, dtype, width * channels).reshape(height, width, *([channels] if channels > 1 else []))
    if dtype == np.uint16:
        pixels = (content or ContentBits()).fill(pixels)
    if encoding.startswith('bayer') and min(height, width) < 2:
        raise ImageError(f'an image in {encoding} has two rows and columns or more')
    rgb = pixels if code is None else cv2.cvtColor(pixels, code)
    # The nearest of 8 bits: 65535 is 257 × 255.
    return rgb if rgb.dtype == np.uint8 else ((rgb.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _layout(encoding: str, told: str) -> tuple[int, int | None, np.dtype]:
    """Return channels, OpenCV's code to RGB, and the type of an encoding that is not planar. Raises ImageError."""
    if encoding in PAIRS:
        return 2, PAIRS[encoding], np.dtype(np.uint8)
    family, bits = re.fullmatch(r'(.*?)(8|16)?', encoding).groups()
    if family not in FAMILIES or bits is None:
        raise ImageError(f'encoding "{told}" is none of {", ".join([*FAMILIES])} of 8 or 16 bits, '
                         f'{", ".join([*PAIRS, *PLANAR])}')
    return *FAMILIES[family], np.dtype(f'uint{bits}')


def rows(message: Any, dtype: np.dtype, numbers: int) -> np.ndarray:
    """Return a message's rows (h, numbers) of a type, in native byte order and without what stands behind them.

    Raises ImageError where they are not all there.
    """
    length = numbers * dtype.itemsize
    require(message, length, message.step * message.height)
    data = np.frombuffer(message.data, np.uint8, message.step * message.height).reshape(message.height, -1)
    values = np.ascontiguousarray(data[:, :length]).view(dtype)
    return values.byteswap() if bool(message.is_bigendian) != (sys.byteorder == 'big') else values


def planar(message: Any, encoding: str) -> np.ndarray:
    """Return an image whose brightness comes first, then its colour: at half the size, or at full size in nv24.

    Raises ImageError.
    """
    height, width, step = message.height, message.width, message.step
    full = encoding == 'nv24'
    if not full and (height % 2 or width % 2):
        raise ImageError(f'a {encoding!r} image of {width}×{height} pixels cannot be: both are even')
    require(message, width, step * (3 * height if full else height + height // 2))
    data = np.frombuffer(message.data, np.uint8)
    luma = data[:height * step].reshape(height, step)[:, :width]
    if not full:
        chroma = data[height * step:][:height // 2 * step].reshape(-1, step)[:, :width]
        return cv2.cvtColor(np.concatenate((luma, chroma)), PLANAR[encoding])
    # An image of twice the size has this chroma at half of it.
    chroma = data[height * step:][:2 * height * step].reshape(height, 2 * step)[:, :2 * width]
    large = np.repeat(np.repeat(luma, 2, 0), 2, 1)
    return np.ascontiguousarray(cv2.cvtColor(np.concatenate((large, chroma)), PLANAR['nv24'])[::2, ::2])


def require_pairs(encoding: str, height: int, width: int) -> None:
    """Raise ImageError for an odd width of what has neighbours with one colour."""
    if width % 2:
        raise ImageError(f'a {encoding!r} image of {width}×{height} pixels cannot be: its width is even')


def require(message: Any, row: int, size: int) -> None:
    """Raise ImageError unless rows are that long, bytes, and all of them are there."""
    if message.step < row:
        raise ImageError(f'an image {message.width} pixels wide in {message.encoding!r} needs rows of {row} bytes, '
                         f'but step is {message.step}')
    if len(message.data) < size:
        raise ImageError(f'an image of {message.height} rows of {message.step} bytes in {message.encoding!r} has only '
                         f'{len(message.data)} bytes of {size}: the driver truncated it')
