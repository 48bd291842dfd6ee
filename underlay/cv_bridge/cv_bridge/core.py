# SPDX-License-Identifier: Apache-2.0
"""CvBridge: which encodings there are, which turn into which, and the messages around them."""
import re

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

_DEPTHS = {'8U': 'uint8', '8S': 'int8', '16U': 'uint16', '16S': 'int16', '32S': 'int32', '32F': 'float32',
           '64F': 'float64'}
_DEPTH_NAMES = {dtype: name for name, dtype in _DEPTHS.items()}

# Encoding family: channels, and its name in OpenCV's colour codes. OpenCV names a Bayer pattern after the
# second row's second and third pixel, so ROS's rggb is its BG.
_FAMILIES = {'mono': (1, 'GRAY'), 'rgb': (3, 'RGB'), 'bgr': (3, 'BGR'), 'rgba': (4, 'RGBA'),
             'bgra': (4, 'BGRA'), 'bayer_rggb': (1, 'BayerBG'), 'bayer_bggr': (1, 'BayerRG'),
             'bayer_gbrg': (1, 'BayerGR'), 'bayer_grbg': (1, 'BayerGB')}
# Encoding: dtype, channels, colour space.
_COLOURS = {f'{family}{bits}': (f'uint{bits}', channels, space)
            for family, (channels, space) in _FAMILIES.items() for bits in (8, 16)}
_COLOURS |= {'yuv422': ('uint8', 2, 'UYVY'), 'yuv422_yuy2': ('uint8', 2, 'YUY2')}
_TARGETS = ('GRAY', 'RGB', 'BGR', 'RGBA', 'BGRA')


class CvBridgeError(TypeError):
    """A message or an array cannot be converted."""


def _layout(encoding: str) -> tuple[np.dtype, int, str | None]:
    """Return an encoding's dtype, number of channels and colour space (None for bare types such as 32FC1)."""
    if encoding in _COLOURS:
        dtype, channels, space = _COLOURS[encoding]
        return np.dtype(dtype), channels, space
    match = re.fullmatch(r'(8U|8S|16U|16S|32S|32F|64F)(?:C(\d+))?', encoding)
    if match is None:
        raise CvBridgeError(f'Unrecognized image encoding [{encoding}]')
    return np.dtype(_DEPTHS[match[1]]), int(match[2] or 1), None


def _to_depth(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the image in another depth, 8 and 16 bits scaled to each other's range, integers saturated."""
    sizes = (image.dtype.itemsize, dtype.itemsize)
    scale = {(1, 2): 65535 / 255, (2, 1): 255 / 65535}.get(sizes, 1.0)
    if dtype.kind == 'f':
        return image.astype(dtype)
    limits = np.iinfo(dtype)
    values = np.multiply(image, scale, dtype=np.float32 if max(sizes) < 4 else np.float64)
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)


def _convert(image: np.ndarray, source: str, target: str) -> np.ndarray:
    """Return the image in the target encoding, or raise CvBridgeError where none makes sense."""
    if target in ('', source):
        return image.copy()
    source_dtype, source_channels, source_space = _layout(source)
    dtype, channels, space = _layout(target)
    if source_space is None or space is None:
        # Without a colour on one side, only the depth can change.
        if source_channels != channels or (source_space is None and space is not None):
            raise CvBridgeError(f'[{source}] and [{target}] are not both colour formats, '
                                'and there is no conversion between them')
    elif source_space != space:
        if space not in _TARGETS or (source_space.startswith('Bayer') and space.endswith('A')):
            raise CvBridgeError(f'Unsupported conversion from [{source}] to [{target}]')
        packed = source_space in ('UYVY', 'YUY2')
        name = f'YUV2{space}_{source_space}' if packed else f'{source_space}2{space}'
        try:
            image = cv2.cvtColor(image, getattr(cv2, f'COLOR_{name}'))
        except cv2.error as error:
            raise CvBridgeError(f'[{source}] to [{target}]: {error}') from error
    return image if source_dtype == dtype else _to_depth(image, dtype)


class CvBridge:
    """Converts between image messages and OpenCV arrays: (height, width), or (height, width, channels)."""

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Return an encoding's NumPy type name and number of channels.

        Raises CvBridgeError for an unknown encoding.
        """
        dtype, channels, _ = _layout(encoding)
        return dtype.name, channels

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = 'passthrough') -> np.ndarray:
        """Return the image in native byte order and without row padding, in `desired_encoding` or as it is.

        Raises CvBridgeError for an unknown encoding, a conversion that there is not, or a malformed message.
        """
        dtype, channels, _ = _layout(img_msg.encoding)
        height, width, step, pixel = img_msg.height, img_msg.width, img_msg.step, dtype.itemsize * channels
        if step < width * pixel:
            raise CvBridgeError(f'malformed image: step {step} < {width} pixels of {pixel} bytes')
        if len(img_msg.data) < step * height:
            size = len(img_msg.data)
            raise CvBridgeError(f'malformed image: {size} bytes of data < step {step} x {height} rows')
        shape, strides = (height, width, channels), (step, pixel, dtype.itemsize)
        if channels == 1:
            shape, strides = shape[:2], strides[:2]
        order = '>' if img_msg.is_bigendian else '<'
        stored = np.ndarray(shape, dtype.newbyteorder(order), img_msg.data, 0, strides)
        image = np.ascontiguousarray(stored, dtype)
        if desired_encoding == 'passthrough':
            return image
        return _convert(image, img_msg.encoding, desired_encoding)

    def compressed_imgmsg_to_cv2(self, cmprs_img_msg: CompressedImage,
                                 desired_encoding: str = 'passthrough') -> np.ndarray | None:
        """Return the image as OpenCV decodes it (BGR, BGRA, grey), or taken as bgr8 and converted.

        Data that do not decode are None with 'passthrough' and 'bgr8'. Raises CvBridgeError for other
        encodings then, for no data, and like imgmsg_to_cv2.
        """
        try:
            image = cv2.imdecode(np.frombuffer(cmprs_img_msg.data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise CvBridgeError(str(error)) from error
        if desired_encoding in ('passthrough', 'bgr8'):
            return image
        if image is None:
            raise CvBridgeError(f'OpenCV cannot decode the data, of format [{cmprs_img_msg.format}]')
        return _convert(image, 'bgr8', desired_encoding)

    def cv2_to_imgmsg(self, cvim: np.ndarray, encoding: str = 'passthrough',
                      header: Header | None = None) -> Image:
        """Return a message of the image, without padding.

        Raises CvBridgeError where the array's type is not the encoding's, TypeError for all but arrays.
        """
        cv_type = _cv_type(cvim)
        message = Image(height=cvim.shape[0], width=cvim.shape[1])
        if header is not None:
            message.header = header
        if encoding != 'passthrough':
            dtype, channels, _ = _layout(encoding)
            if cv_type != f'{_DEPTH_NAMES[dtype.name]}C{channels}':
                raise CvBridgeError(f'encoding specified as {encoding}, but the image is {cv_type}')
        message.encoding = cv_type if encoding == 'passthrough' else encoding
        message.is_bigendian = int(cvim.dtype.byteorder == '>')
        message.data.frombytes(cvim.tobytes())
        message.step = cvim[0].nbytes if len(cvim) else 0
        return message

    def cv2_to_compressed_imgmsg(self, cvim: np.ndarray, dst_format: str = 'jpg') -> CompressedImage:
        """Return a compressed message of a grey, BGR or BGRA image.

        Raises CvBridgeError where OpenCV cannot write that format, TypeError for all but arrays.
        """
        _cv_type(cvim)
        message = CompressedImage(format=dst_format)
        try:
            message.data.frombytes(cv2.imencode(f'.{dst_format}', cvim)[1].tobytes())
        except cv2.error as error:
            raise CvBridgeError(str(error)) from error
        return message


def _cv_type(image: np.ndarray) -> str:
    """Return the array's type as ROS writes OpenCV's, such as 8UC3."""
    if not isinstance(image, np.ndarray):
        raise TypeError('Your input type is not a numpy array')
    if image.dtype.name not in _DEPTH_NAMES:
        raise CvBridgeError(f'OpenCV has no type for {image.dtype}')
    return f'{_DEPTH_NAMES[image.dtype.name]}C{1 if image.ndim < 3 else image.shape[2]}'
