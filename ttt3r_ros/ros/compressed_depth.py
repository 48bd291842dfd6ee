# SPDX-License-Identifier: Apache-2.0
"""Depth images as image_transport's `compressedDepth`: a PNG of quantised inverse depth behind a header.

The data begin with 12 bytes, an int32 that is 0 and two float32, A and B; the PNG's 16-bit pixels are
round(A / depth + B), 0 where there is no depth, and depth is A / (pixel − B).
"""

from __future__ import annotations

import struct
from array import array

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

FORMAT = '32FC1; compressedDepth png'
HEAD = struct.Struct('<iff')
INVERSE_DEPTH = 0
QUANTISATION = 100.0  # image_transport_plugins' default: 0.05 mm at 1 m, 5 mm at 10 m
FARTHEST = 1000.0  # metres; the nearest that 16 bits have room for is 0.154
A = QUANTISATION * (QUANTISATION + 1)
B = 1 - A / FARTHEST


def to_compressed_depth(header: Header, depth: np.ndarray) -> CompressedImage:
    """Return depth (h, w), metres along z, NaN where there is none; what the form has no room for becomes none."""
    with np.errstate(divide='ignore', invalid='ignore'):
        inverse = np.rint(A / depth.astype(np.float64) + B)
    pixels = np.where((depth > 0) & (inverse >= 1) & (inverse <= 0xFFFF), inverse, 0).astype(np.uint16)
    png = cv2.imencode('.png', pixels, (cv2.IMWRITE_PNG_COMPRESSION, 1))[1]
    data = array('B', HEAD.pack(INVERSE_DEPTH, A, B) + png.tobytes())
    return CompressedImage(header=header, format=FORMAT, data=data)
