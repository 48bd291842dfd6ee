# SPDX-License-Identifier: Apache-2.0
"""Image messages, raw and compressed, to RGB: every encoding and format of colour or grey, 8 or 16 bits deep."""

from __future__ import annotations

import contextlib
import re
import sys
from array import array
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import cv2
import numpy as np
from cv_bridge import CvBridge
from sensor_msgs.msg import CompressedImage, Image

from ttt3r_ros.ros.log import Log
from ttt3r_ros.sequences.picture_size import MOST_PIXELS, PictureTooLarge, require_size

# Names that cv_bridge does not turn into rgb8, and those of the same layout that it does. OpenCV's order is blue first.
SAME_AS = {'uyvy': 'yuv422', 'yuyv': 'yuv422_yuy2', '8UC1': 'mono8', '8UC3': 'bgr8', '8UC4': 'bgra8'}
PLANAR = {'nv12': cv2.COLOR_YUV2RGB_NV12, 'nv21': cv2.COLOR_YUV2RGB_NV21, 'nv24': cv2.COLOR_YUV2RGB_NV12}
OPENCV_TYPE = r'\d+[USF]C\d+'
IN_PAIRS = ('yuv422', 'yuv422_yuy2')  # of neighbours, which have their colour in common
VIDEO = ('h264', 'h265', 'hevc', 'av1', 'vp8', 'vp9')
DEPTHS = ('16UC1', '32FC1', '64FC1')
# OpenCV names a pattern after the second row's second and third pixel.
MOSAICS = {'rggb': cv2.COLOR_BayerBG2RGB, 'bggr': cv2.COLOR_BayerRG2RGB, 'gbrg': cv2.COLOR_BayerGR2RGB,
           'grbg': cv2.COLOR_BayerGB2RGB}
BITS = (8, 10, 12, 14, 16)
DARKEST = 128  # an image of 16 bits without a pixel as bright is of a covered lens, and tells nothing

SMALLER = 'have the driver send smaller ones, or set max_image_pixels'

REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
JPEG = b'\xff\xd8'

_bridge = CvBridge()


class ImageError(ValueError):
    """An image message that holds no image we can read; the message says what is wrong with it."""


@dataclass(frozen=True)
class CameraImage:
    """An image, rgb uint8 (h, w, 3), and the camera's own size (H, W): larger by a whole factor where so much is not
    wanted of a JPEG."""

    rgb: np.ndarray
    size: tuple[int, int]


class ContentBits:
    """How many of a camera's 16 bits hold its picture: as many as its brightest pixel so far needs, and never fewer.

    Drivers hand over 10 or 12 bits as they are, which as 16 would be black. Only ever growing, the scale settles within
    the first bright images and does not follow the scene.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.bits: int | None = None

    def fill(self, pixels: np.ndarray) -> np.ndarray:
        """Return uint16 pixels of any shape, moved up so that they use all 16 bits."""
        brightest = int(pixels.max(initial=0))
        if brightest >= DARKEST:
            self.bits = max(self.bits or 0, next(bits for bits in BITS if brightest < 1 << bits))
        return pixels if self.bits in (None, 16) else pixels << np.uint16(16 - self.bits)


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
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ImageError(f'{kind} of {len(message.data)} bytes cannot be read as rgb8 ({reason}): have the driver send '
                         'rgb8, bgr8, mono8 or JPEG') from error


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
    dtype = np.dtype(encodings[message.encoding]).newbyteorder('>' if message.is_bigendian else '<')
    _require(message, message.width * dtype.itemsize, message.step * message.height)
    rows = np.frombuffer(message.data, np.uint8)[:message.step * message.height].reshape(message.height, -1)
    return np.ascontiguousarray(rows[:, :message.width * dtype.itemsize]).view(dtype)


def _refuse_depth(encoding: str) -> None:
    if encoding in DEPTHS:
        raise ImageError(f'{encoding!r} images have no colour, this looks like a depth topic: remap image to the '
                         "camera's colour or grey images")


def _decompress(message: CompressedImage, content: ContentBits, most_pixels: int,
                reduction: Callable[[int, int], int] | None) -> CameraImage:
    # As image_transport writes it: "<the raw image's encoding>; <codec> compressed <what the codec was given>".
    encoding, _, given = message.format.partition(';')
    encoding = encoding.strip()
    _refuse_depth(encoding)
    if 'compressedDepth' in given:
        raise ImageError(f'images of format {message.format!r} are depth: remap image to the colour topic')
    data = message.data.tobytes()
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
    except PictureTooLarge as error:
        raise ImageError(f'an image of format {message.format!r} is too large: {error}; {SMALLER}') from error
    except ValueError:
        image = None
    else:
        factor = _factor(reduction, height, width) if data.startswith(JPEG) and not mosaic else 1
        image = _bridge.compressed_imgmsg_to_cv2(message) if factor == 1 else cv2.imdecode(
            np.frombuffer(data, np.uint8), REDUCED[factor] | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None and encoding.lower() in VIDEO:
        raise ImageError(f'{message.format!r} is video, of which no CompressedImage can be read alone: publish it as '
                         'FFMPEGPacket or foxglove_msgs/CompressedVideo and set image_transport to ffmpeg or foxglove')
    if image is None:
        raise ImageError(f'{len(data)} bytes of format {message.format!r} are no image that OpenCV can decode')
    if image.dtype == np.uint16:
        image = (content.fill(image) >> 8).astype(np.uint8)
    elif image.dtype != np.uint8:
        raise ImageError(f'an image of format {message.format!r} holds {image.dtype} numbers, whose range nobody '
                         'tells: send 8 or 16 bits')
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1 and mosaic:
        image = cv2.cvtColor(image, MOSAICS[pattern])
    elif not (channels == 3 and given.split()[-1:] in (['rgb8'], ['rgb16'])):
        # cv_bridge would take every image for colour.
        image = cv2.cvtColor(image, {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB}.get(channels, cv2.COLOR_BGRA2RGB))
    # else the codec took red for blue, and gives it back so
    return CameraImage(image, (factor * image.shape[0], factor * image.shape[1]))


def _factor(reduction: Callable[[int, int], int] | None, height: int, width: int) -> int:
    """Return by how much a JPEG is made smaller; one of a size that nobody wants is told where it is used."""
    with contextlib.suppress(ValueError):
        return 1 if reduction is None else reduction(height, width)
    return 1


def _raw(message: Image, content: ContentBits) -> np.ndarray:
    if not re.fullmatch(OPENCV_TYPE, message.encoding):
        message = copy(message)
        message.encoding = message.encoding.lower()  # RGB8, and YUYV as Video4Linux has it
    _refuse_depth(message.encoding)
    if message.width == 0 or message.height == 0:
        raise ImageError(f'an image of {message.width}×{message.height} pixels is empty')
    if message.encoding in PLANAR:
        return _planar(message)
    if SAME_AS.get(message.encoding, message.encoding) in IN_PAIRS and message.width % 2:
        raise ImageError(f'a {message.encoding!r} image of {message.width}×{message.height} pixels cannot be: '
                         'its width is even')
    return np.ascontiguousarray(_bridge.imgmsg_to_cv2(_plain(message, content), 'rgb8'))


def _planar(message: Image) -> np.ndarray:
    """Return an image whose brightness comes first, then its colour: at half the size, or at full size in nv24."""
    height, width, step = message.height, message.width, message.step
    full = message.encoding == 'nv24'
    if not full and (height % 2 or width % 2):
        raise ImageError(f'a {message.encoding!r} image of {width}×{height} pixels cannot be: both are even')
    _require(message, width, step * (3 * height if full else height + height // 2))
    data = np.frombuffer(message.data, np.uint8)
    luma = data[:height * step].reshape(height, step)[:, :width]
    if not full:
        chroma = data[height * step:][:height // 2 * step].reshape(-1, step)[:, :width]
        return cv2.cvtColor(np.concatenate((luma, chroma)), PLANAR[message.encoding])
    # An image of twice the size has this chroma at half of it.
    chroma = data[height * step:][:2 * height * step].reshape(height, 2 * step)[:, :2 * width]
    large = np.repeat(np.repeat(luma, 2, 0), 2, 1)
    return np.ascontiguousarray(cv2.cvtColor(np.concatenate((large, chroma)), PLANAR['nv24'])[::2, ::2])


def _plain(message: Image, content: ContentBits) -> Image:
    """Return the image in native byte order with nothing behind its rows, all of its bits in use.

    cv_bridge itself takes only whole pixels of padding, and its byte swap fails on NumPy 2.
    """
    encoding = SAME_AS.get(message.encoding, message.encoding)
    kind, channels = _bridge.encoding_to_dtype_with_channels(encoding)
    dtype = np.dtype(kind)
    row = message.width * dtype.itemsize * channels
    _require(message, row, message.step * message.height)
    foreign = bool(message.is_bigendian) != (sys.byteorder == 'big')
    if message.step == row and encoding == message.encoding and dtype.itemsize == 1:
        return message
    rows = np.frombuffer(message.data, np.uint8)[:message.step * message.height].reshape(message.height, -1)
    pixels = np.ascontiguousarray(rows[:, :row]).view(dtype)
    if foreign:
        pixels = pixels.byteswap()
    if dtype == np.uint16:
        pixels = content.fill(pixels)
    return Image(header=message.header, height=message.height, width=message.width, encoding=encoding,
                 is_bigendian=int(sys.byteorder == 'big'), step=row, data=array('B', pixels.tobytes()))


def _require(message: Image, row: int, size: int) -> None:
    """Raise ImageError unless rows are that long, bytes, and all of them are there."""
    if message.step < row:
        raise ImageError(f'an image {message.width} pixels wide in {message.encoding!r} needs rows of {row} bytes, '
                         f'but step is {message.step}')
    if len(message.data) < size:
        raise ImageError(f'an image of {message.height} rows of {message.step} bytes in {message.encoding!r} has only '
                         f'{len(message.data)} bytes of {size}: the driver truncated it')
