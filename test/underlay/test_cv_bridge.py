# SPDX-License-Identifier: Apache-2.0
"""What cv_bridge promises, the real one and the one of underlay/ alike."""
import array
import importlib.util

import cv2
import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

BRIDGE = CvBridge()
# Four patches of one colour: red, green, blue, grey.
COLOURS = np.array([[200, 30, 10], [20, 180, 40], [5, 60, 220], [120, 120, 120]], np.uint8)
RGB = np.repeat(np.repeat(COLOURS.reshape(2, 2, 3), 8, 0), 8, 1)  # (16, 16, 3)
GREY = (RGB @ [0.299, 0.587, 0.114]).round().astype(np.uint8)
CENTRES = np.s_[4::8, 4::8]  # away from the edges, where Bayer and chroma mix
ORDERS = {'rgb': [0, 1, 2], 'bgr': [2, 1, 0]}


def message(data, encoding, step=None, big_endian=False):
    """Wrap an array (height, width, ...) as a sender would; `step` pads its rows with 0xA5."""
    height, width = data.shape[:2]
    rows = np.ascontiguousarray(data.astype(data.dtype.newbyteorder('>')) if big_endian else data)
    rows = rows.view(np.uint8).reshape(height, -1)
    step = step or rows.shape[1]
    padded = np.full((height, step), 0xA5, np.uint8)
    padded[:, :rows.shape[1]] = rows
    return Image(height=height, width=width, encoding=encoding, step=step, is_bigendian=int(big_endian),
                 data=array.array('B', padded.tobytes()))


def mosaic(image, pattern):
    """Keep of each pixel the colour that the pattern, such as rggb, puts there."""
    result = np.empty(image.shape[:2], image.dtype)
    for i, colour in enumerate(pattern):
        corner = np.s_[i // 2::2, i % 2::2]
        result[corner] = image[corner][..., 'rgb'.index(colour)]
    return result


def yuv422(image, luma_first):
    """Full chroma resolution is not needed: neighbours share a colour. ITU-R BT.601, studio swing."""
    r, g, b = np.moveaxis(image.astype(float), -1, 0)
    y = 16 + 0.257 * r + 0.504 * g + 0.098 * b
    u = 128 - 0.148 * r - 0.291 * g + 0.439 * b
    v = 128 + 0.439 * r - 0.368 * g - 0.071 * b
    chroma = np.where(np.arange(image.shape[1]) % 2, v, u)
    return np.stack([y, chroma] if luma_first else [chroma, y], -1).round().astype(np.uint8)


def sources():
    """Every encoding that turns into rgb8, with the picture stored in it."""
    alpha = np.full((*RGB.shape[:2], 1), 77, np.uint8)
    for name, order in ORDERS.items():
        yield f'{name}8', RGB[..., order], RGB
        yield f'{name}a8', np.concatenate([RGB[..., order], alpha], -1), RGB
        yield f'{name}16', RGB[..., order].astype(np.uint16) * 257, RGB
        yield f'{name}a16', np.concatenate([RGB[..., order], alpha], -1).astype(np.uint16) * 257, RGB
    grey = np.repeat(GREY[..., None], 3, -1)
    yield 'mono8', GREY, grey
    yield 'mono16', GREY.astype(np.uint16) * 257, grey
    for pattern in ('rggb', 'bggr', 'gbrg', 'grbg'):
        yield f'bayer_{pattern}8', mosaic(RGB, pattern), RGB
        yield f'bayer_{pattern}16', mosaic(RGB, pattern).astype(np.uint16) * 257, RGB
    yield 'yuv422', yuv422(RGB, luma_first=False), RGB
    yield 'yuv422_yuy2', yuv422(RGB, luma_first=True), RGB


SOURCES = [pytest.param(*source, id=source[0]) for source in sources()]


@pytest.mark.parametrize('encoding, data, expected', SOURCES)
def test_to_rgb8_bgr8_mono8(encoding, data, expected):
    """Every colour encoding must give the stored picture as rgb8, bgr8 and mono8 (of YUV: its Y)."""
    loose = 3 if encoding.startswith('yuv') else 1
    grey = (expected @ [0.299, 0.587, 0.114])[CENTRES]
    if encoding.startswith('yuv'):
        grey = data[CENTRES][..., 0 if encoding.endswith('yuy2') else 1]
    rgb = expected[CENTRES]
    for target, wanted in (('rgb8', rgb), ('bgr8', rgb[..., ::-1]), ('mono8', grey)):
        result = BRIDGE.imgmsg_to_cv2(message(data, encoding), target)
        assert result.dtype == np.uint8 and result.shape[:2] == data.shape[:2]
        np.testing.assert_allclose(result[CENTRES].astype(int), wanted, atol=loose)


@pytest.mark.parametrize('encoding, data, expected', SOURCES)
def test_row_padding(encoding, data, expected):
    """Bytes between the rows must change nothing."""
    plain = message(data, encoding)
    padded = message(data, encoding, step=plain.step + 5 * (plain.step // data.shape[1]))
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(padded, 'rgb8'), BRIDGE.imgmsg_to_cv2(plain, 'rgb8'))


@pytest.mark.parametrize('encoding, data, expected', SOURCES)
def test_passthrough(encoding, data, expected):
    """Passthrough must give the stored numbers, (height, width) where there is one channel."""
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(message(data, encoding)), data)


# The real one up to Jazzy calls ndarray.newbyteorder; its C++ half tells the two apart.
REAL_ON_NUMPY_2 = importlib.util.find_spec('cv_bridge.boost') and not hasattr(np.ndarray, 'newbyteorder')


@pytest.mark.skipif(REAL_ON_NUMPY_2, reason='the real cv_bridge needs NumPy 1 for big-endian images')
@pytest.mark.parametrize('encoding, data, expected', [case for case in SOURCES if '16' in case.id])
def test_big_endian(encoding, data, expected):
    """16-bit data in big-endian order must give the same picture, in native order."""
    data = data + np.uint16(100)  # so that the two bytes differ
    swapped = message(data, encoding, big_endian=True)
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(swapped), data)
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(swapped, 'rgb8'),
                                  BRIDGE.imgmsg_to_cv2(message(data, encoding), 'rgb8'))


@pytest.mark.parametrize('encoding, value, target, expected', [
    ('mono8', 200, 'mono16', 51400), ('mono16', 51400, 'mono8', 200), ('mono16', 51400 + 128, 'mono8', 200),
    ('mono16', 51400 + 129, 'mono8', 201), ('8UC1', 200, '16UC1', 51400), ('16UC1', 65535, '8UC1', 255),
    ('32FC1', 2.6, '16UC1', 3), ('32FC1', -7.0, '16UC1', 0), ('32FC1', 70000.0, '16UC1', 65535),
    ('16UC1', 1500, '32FC1', 1500.0), ('64FC1', -2.4, '32SC1', -2), ('8SC1', -3, '32FC1', -3.0)])
def test_depths(encoding, value, target, expected):
    """8 and 16 bits must be scaled to each other's range; all else keeps its value, rounded and saturated."""
    dtype = {'8U': 'u1', '8S': 'i1', '16': 'u2', '32': 'f4', '64': 'f8', 'mo': 'u1'}[encoding[:2]]
    dtype = 'u2' if encoding == 'mono16' else dtype
    result = BRIDGE.imgmsg_to_cv2(message(np.full((2, 2), value, dtype), encoding), target)
    assert result.shape == (2, 2) and result[1, 1] == expected


@pytest.mark.parametrize('source, target', [
    ('32FC1', 'rgb8'), ('32FC1', 'mono8'), ('16UC1', 'rgb8'), ('16UC1', 'mono16'), ('8UC1', 'mono8'),
    ('8UC3', 'rgb8'), ('8UC3', '8UC1'), ('rgb8', '8UC1'), ('rgb8', 'bayer_rggb8'), ('rgb8', 'yuv422'),
    ('bayer_rggb8', 'rgba8'), ('rgb8', 'no_such')])
def test_no_conversion(source, target):
    """Where a conversion makes no sense or an encoding is unknown, CvBridgeError must say so."""
    dtype = {'3': np.float32, '1': np.uint16}.get(source[0], np.uint8)
    channels = 3 if source in ('rgb8', '8UC3') else 1
    data = np.zeros((4, 4, channels), dtype)
    with pytest.raises(CvBridgeError):
        BRIDGE.imgmsg_to_cv2(message(data, source), target)


@pytest.mark.parametrize('encoding, dtype, channels', [
    ('rgb8', 'uint8', 3), ('bgra16', 'uint16', 4), ('bayer_grbg8', 'uint8', 1), ('yuv422_yuy2', 'uint8', 2),
    ('32FC1', 'float32', 1), ('16SC2', 'int16', 2)])
def test_layout_of_an_encoding(encoding, dtype, channels):
    """An encoding must tell its NumPy type and its channels."""
    assert BRIDGE.encoding_to_dtype_with_channels(encoding) == (dtype, channels)


@pytest.mark.parametrize('encoding', ['', 'rgb', 'RGB8', 'nv21', 'nv24', 'jpeg', '8UC', 'x8UC3'])
def test_unknown_encoding(encoding):
    """An encoding that cv_bridge does not know must raise CvBridgeError, whatever is asked for."""
    with pytest.raises(CvBridgeError):
        BRIDGE.encoding_to_dtype_with_channels(encoding)
    for target in ('passthrough', 'rgb8'):
        with pytest.raises(CvBridgeError):
            BRIDGE.imgmsg_to_cv2(message(RGB, encoding), target)


def test_too_little_data():
    """Data shorter than height x step must raise TypeError, of which CvBridgeError is a kind."""
    assert issubclass(CvBridgeError, TypeError)
    short = message(RGB, 'rgb8')
    short.data = short.data[:-1]
    with pytest.raises(TypeError):
        BRIDGE.imgmsg_to_cv2(short, 'rgb8')


def test_image_without_pixels():
    """An empty image must not become a colour image."""
    with pytest.raises(CvBridgeError):
        BRIDGE.imgmsg_to_cv2(Image(encoding='bgr8'), 'rgb8')


@pytest.mark.parametrize('encoding, shape, dtype', [
    ('rgb8', (3, 5, 3), np.uint8), ('bgra16', (3, 5, 4), np.uint16), ('mono8', (3, 5), np.uint8),
    ('mono16', (3, 5), np.uint16), ('32FC1', (3, 5), np.float32), ('32FC3', (3, 5, 3), np.float32),
    ('64FC2', (3, 5, 2), np.float64), ('16SC4', (3, 5, 4), np.int16), ('bayer_rggb8', (3, 5), np.uint8),
    ('8UC3', (3, 5, 3), np.uint8)])
def test_message_round_trip(encoding, shape, dtype):
    """An array must come back equal, and the message must describe it."""
    data = (np.arange(np.prod(shape)) * 3).reshape(shape).astype(dtype)
    header = Header(frame_id='camera')
    result = BRIDGE.cv2_to_imgmsg(data, encoding, header)
    assert (result.height, result.width, result.step) == (3, 5, data[0].nbytes)
    assert (result.encoding, result.header, result.is_bigendian) == (encoding, header, 0)
    assert isinstance(result.data, array.array) and result.data.tobytes() == data.tobytes()
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(result), data)


def test_empty_encoding_keeps_the_source():
    """An empty target encoding must change nothing."""
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(message(RGB, 'rgb8'), ''), RGB)


def test_passthrough_names_the_type():
    """Without an encoding the message must carry OpenCV's name of the type, of a view as of an array."""
    assert BRIDGE.cv2_to_imgmsg(np.zeros((2, 2), np.float32)).encoding == '32FC1'
    view = RGB[::2, ::-1]
    result = BRIDGE.cv2_to_imgmsg(view)
    assert result.encoding == '8UC3' and result.step == 48
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(result), view)


def test_arrays_that_do_not_fit():
    """An array of another type than the encoding's must raise CvBridgeError, a list TypeError."""
    for data, encoding in ((GREY, 'rgb8'), (RGB.astype(np.uint16), 'rgb8'), (RGB, 'no_such')):
        with pytest.raises(CvBridgeError):
            BRIDGE.cv2_to_imgmsg(data, encoding)
    with pytest.raises(TypeError):
        BRIDGE.cv2_to_imgmsg([[1, 2], [3, 4]])


def test_compressed_round_trip():
    """PNG must come back exactly, as rgb8 when asked; JPEG nearly."""
    bgr = RGB[..., ::-1]
    png = BRIDGE.cv2_to_compressed_imgmsg(bgr, 'png')
    assert png.format == 'png' and isinstance(png.data, array.array)
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(png), bgr)
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(png, 'bgr8'), bgr)
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(png, 'rgb8'), RGB)
    jpeg = BRIDGE.compressed_imgmsg_to_cv2(BRIDGE.cv2_to_compressed_imgmsg(bgr), 'rgb8')
    np.testing.assert_allclose(jpeg[CENTRES].astype(int), RGB[CENTRES], atol=8)


def test_compressed_grey_and_alpha():
    """A grey image must decode to (height, width), as rgb8 to three equal channels; rgb8 must drop alpha."""
    grey = BRIDGE.cv2_to_compressed_imgmsg(GREY, 'png')
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(grey), GREY)
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(grey, 'rgb8'), np.dstack([GREY] * 3))
    bgra = np.dstack([RGB[..., ::-1], GREY])
    alpha = BRIDGE.cv2_to_compressed_imgmsg(bgra, 'png')
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(alpha), bgra)
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(alpha, 'rgb8'), RGB)


def test_compressed_garbage():
    """Bytes that are no image must be None as they are or as bgr8, and CvBridgeError as rgb8."""
    garbage = CompressedImage(format='jpeg', data=array.array('B', b'no image at all'))
    assert BRIDGE.compressed_imgmsg_to_cv2(garbage) is None
    assert BRIDGE.compressed_imgmsg_to_cv2(garbage, 'bgr8') is None
    with pytest.raises(CvBridgeError):
        BRIDGE.compressed_imgmsg_to_cv2(garbage, 'rgb8')
    with pytest.raises((CvBridgeError, cv2.error)):
        BRIDGE.compressed_imgmsg_to_cv2(CompressedImage(format='jpeg'), 'rgb8')
    with pytest.raises((CvBridgeError, cv2.error)):
        BRIDGE.cv2_to_compressed_imgmsg(RGB, 'no_such')
