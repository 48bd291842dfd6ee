# SPDX-License-Identifier: Apache-2.0
"""Image messages to RGB without a ROS: what bags hold of sensor_msgs/Image and CompressedImage."""

from __future__ import annotations

import re
from typing import Any

import cv2
import numpy as np

from .picture_size import MOST_PIXELS, PictureTooLarge, require_size

CHANNELS = {'rgb8': 3, 'bgr8': 3, '8UC3': 3, 'rgba8': 4, 'bgra8': 4, '8UC4': 4, 'mono8': 1, '8UC1': 1}
# OpenCV names a mosaic by its second row.
MOSAICS = {'bayer_rggb8': cv2.COLOR_BayerBG2RGB, 'bayer_bggr8': cv2.COLOR_BayerRG2RGB,
           'bayer_gbrg8': cv2.COLOR_BayerGR2RGB, 'bayer_grbg8': cv2.COLOR_BayerGB2RGB}
INTERLEAVED = {'yuv422': cv2.COLOR_YUV2RGB_UYVY, 'uyvy': cv2.COLOR_YUV2RGB_UYVY,
               'yuv422_yuy2': cv2.COLOR_YUV2RGB_YUY2, 'yuyv': cv2.COLOR_YUV2RGB_YUY2}
DEPTHS = re.compile(r'mono16|(8S|16U|16S|32S|32F|64F)C1')  # one channel of more than 8 bits


def is_depth(kind: str) -> bool:
    """Return whether an encoding, or a CompressedImage's format, is one that depth has."""
    return bool(DEPTHS.match(kind)) or 'compressedDepth' in kind


def decode_raw(message: Any) -> np.ndarray:
    """Return a sensor_msgs/Image of the common 8-bit encodings as (h, w, 3) RGB, row padding left out.

    Raises ValueError for another encoding, for data shorter than height and step say, or for too many pixels.
    """
    encoding, height, width, step = message.encoding, message.height, message.width, message.step
    channels = 1 if encoding in MOSAICS else 2 if encoding in INTERLEAVED else CHANNELS.get(encoding)
    if channels is None:
        raise ValueError(f'encoding "{encoding}" is none of {", ".join([*CHANNELS, *MOSAICS, *INTERLEAVED])}')
    if height * width > MOST_PIXELS:
        raise ValueError(f'it has {width}×{height} pixels, and {MOST_PIXELS} are taken')
    if height * width == 0 or step < width * channels or len(message.data) < height * step:
        raise ValueError(f'{len(message.data)} bytes: not {height} rows of {step} bytes, {width} pixels')
    rows = np.frombuffer(message.data, np.uint8, height * step).reshape(height, step)
    pixels = rows[:, :width * channels].reshape(height, width, channels)
    if encoding in MOSAICS:
        return _demosaiced(np.ascontiguousarray(pixels[..., 0]), encoding)
    if encoding in INTERLEAVED:
        if width % 2:
            raise ValueError(f'an image in {encoding} has an even number of columns, not {width}')
        return cv2.cvtColor(np.ascontiguousarray(pixels), INTERLEAVED[encoding])
    if channels == 1:
        return np.repeat(pixels, 3, axis=2)
    order = [0, 1, 2] if encoding.startswith('rgb') else [2, 1, 0]
    return np.ascontiguousarray(pixels[..., order])


def decode_compressed(message: Any) -> np.ndarray:
    """Return a sensor_msgs/CompressedImage as (h, w, 3) RGB; raises ValueError if it cannot be decoded or is too large.

    What stands before `;` in its format is the encoding of the image that was compressed: a mosaic is demosaiced.
    """
    data = np.frombuffer(message.data, np.uint8)
    encoding = message.format.split(';')[0].strip()
    # Neither the flag of a file nor 16 bits are of this message.
    flags = cv2.IMREAD_UNCHANGED if encoding in MOSAICS else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        require_size(data.tobytes(), MOST_PIXELS)
    except PictureTooLarge:
        raise
    except ValueError as error:
        raise ValueError(f'{data.size} bytes of format "{message.format}" cannot be decoded: {error}') from error
    try:
        image = cv2.imdecode(data, flags)
    except cv2.error as error:
        raise ValueError(f'{data.size} bytes of format "{message.format}" cannot be decoded ({error.err})') from error
    if image is None or image.dtype != np.uint8 and encoding not in MOSAICS:
        raise ValueError(f'{data.size} bytes of format "{message.format}" cannot be decoded')
    if encoding in MOSAICS:
        if image.ndim != 2 or image.dtype != np.uint8:
            raise ValueError(f'format "{message.format}" says a mosaic of 8 bits, the image has another form')
        return _demosaiced(image, encoding)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _demosaiced(mosaic: np.ndarray, encoding: str) -> np.ndarray:
    if min(mosaic.shape) < 2:
        raise ValueError(f'an image in {encoding} has two rows and columns or more')
    return cv2.cvtColor(mosaic, MOSAICS[encoding])
