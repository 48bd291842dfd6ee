# SPDX-License-Identifier: Apache-2.0
"""Image messages to RGB: layouts, depths and formats as drivers and image_transport send them."""

from __future__ import annotations

from array import array
from copy import copy

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy')
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402

from ttt3r_ros.ros.images import ImageError, ImageReader, to_rgb  # noqa: E402
from ttt3r_ros.sequences.pixels import FAMILIES, PAIRS, PLANAR, SAME_AS, decode_raw  # noqa: E402

H, W = 48, 64
V, U = np.mgrid[:H, :W] / W
RGB = (127 + 90 * np.stack([np.sin(4 * U), np.sin(3 * V + 1), np.sin(5 * (U + V))], -1)).astype(np.uint8)
GREY = cv2.cvtColor(RGB, cv2.COLOR_RGB2GRAY)
GREY_RGB = np.repeat(GREY[..., None], 3, -1)
INNER = np.s_[2:-2, 2:-2]  # away from the edges, where Bayer and chroma mix


class Log:
    """Keeps what is logged."""

    def __init__(self):
        self.warnings, self.infos = [], []

    def warning(self, text):
        self.warnings.append(text)

    def info(self, text):
        self.infos.append(text)


def raw(encoding, pixels, height=H, width=W, padding=0):
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(-1, pixels.shape[1] * pixels[0, 0].nbytes)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    return Image(height=height, width=width, encoding=encoding, step=rows.shape[1], data=array('B', rows.tobytes()))


def packed(format_, pixels, codec='.png'):
    return CompressedImage(format=format_, data=array('B', cv2.imencode(codec, pixels)[1].tobytes()))


def mosaic(image, pattern):
    result = np.empty(image.shape[:2], image.dtype)
    for i, colour in enumerate(pattern):
        corner = np.s_[i // 2::2, i % 2::2]
        result[corner] = image[corner][..., 'rgb'.index(colour)]
    return result


def yuv():
    """Return Y, U and V (H, W) each, ITU-R BT.601 in studio swing."""
    r, g, b = np.moveaxis(RGB.astype(float), -1, 0)
    return [x.round().astype(np.uint8) for x in (16 + 0.257 * r + 0.504 * g + 0.098 * b,
            128 - 0.148 * r - 0.291 * g + 0.439 * b, 128 + 0.439 * r - 0.368 * g - 0.071 * b)]


def planar(name):
    """Return the rows of an image whose chroma follows its luma; nv24's of twice the width are folded."""
    y, u, v = yuv()
    if name == 'nv24':
        return np.concatenate((y, np.stack((u, v), -1).reshape(2 * H, W)))
    pair = (u, v) if name == 'nv12' else (v, u)
    return np.concatenate((y, np.stack([c[::2, ::2] for c in pair], -1).reshape(H // 2, W)))


def interleaved(luma_first):
    y, u, v = yuv()
    chroma = np.where(np.arange(W) % 2, v, u)
    return np.stack([y, chroma] if luma_first else [chroma, y], -1)


LAYOUTS = {'uyvy': (interleaved(False), RGB), 'yuv422': (interleaved(False), RGB), 'yuyv': (interleaved(True), RGB),
           'yuv422_yuy2': (interleaved(True), RGB), '8UC3': (RGB[..., ::-1], RGB), '8UC1': (GREY, GREY_RGB),
           '8UC4': (np.dstack((RGB[..., ::-1], GREY)), RGB)}


@pytest.mark.parametrize('encoding', LAYOUTS)
@pytest.mark.parametrize('padding', [0, 6])
def test_layouts_that_drivers_send(encoding, padding):
    """Packed YUV under both its names, and OpenCV's bare types, have their colours, whatever stands behind the rows."""
    pixels, wanted = LAYOUTS[encoding]
    found = to_rgb(raw(encoding, pixels, padding=padding)).astype(int)
    assert np.abs(found - wanted)[INNER].max() <= (12 if 'y' in encoding else 0)


@pytest.mark.parametrize('encoding', ['nv12', 'nv21', 'nv24'])
@pytest.mark.parametrize('padding', [0, 6])
def test_layouts_in_planes(encoding, padding):
    """Luma, then chroma in pairs, has its colours; nv24's chroma is as fine as its luma."""
    rows = planar(encoding)
    if padding and encoding == 'nv24':  # its chroma rows are as long as two of luma, padding and all
        rows = np.concatenate((np.pad(rows[:H], ((0, 0), (0, padding))).ravel(),
                               np.pad(rows[H:].reshape(H, 2 * W), ((0, 0), (0, 2 * padding))).ravel()))
        message = Image(height=H, width=W, encoding=encoding, step=W + padding, data=array('B', rows.tobytes()))
    else:
        message = raw(encoding, rows, padding=padding)
    found = to_rgb(message).astype(int)
    assert found.shape == RGB.shape
    assert np.abs(found - RGB)[INNER].max() <= (4 if encoding == 'nv24' else 20)
    message.data = message.data[:-1]
    with pytest.raises(ImageError, match='truncated'):
        to_rgb(message)


def test_planes_of_odd_size_are_refused():
    """Half of an odd size is none."""
    with pytest.raises(ImageError, match='both are even'):
        to_rgb(Image(height=3, width=4, encoding='nv21', step=4, data=array('B', bytes(18))))


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('codec', ['png', 'jpeg'])
def test_a_compressed_mosaic_is_coloured(pattern, bits, codec):
    """What stands before the semicolon says which pixel is which colour, as image_transport writes it."""
    if codec == 'jpeg' and bits == 16:
        pytest.skip('JPEG has 8 bits')
    pixels = mosaic(RGB, pattern)
    if bits == 16:
        pixels = pixels.astype(np.uint16) * 257
    parameters = [cv2.IMWRITE_JPEG_QUALITY, 100] if codec == 'jpeg' else []
    data = cv2.imencode(f'.{codec}', pixels, parameters)[1].tobytes()
    message = CompressedImage(format=f'bayer_{pattern}{bits}; {codec} compressed ', data=array('B', data))
    assert np.abs(to_rgb(message).astype(int) - RGB)[INNER].max() <= 14


@pytest.mark.parametrize(('format_', 'pixels', 'wanted'), [
    ('rgb8; png compressed bgr8', RGB[..., ::-1], RGB), ('bgr8; png compressed bgr8', RGB[..., ::-1], RGB),
    ('bgr8; png compressed ', RGB[..., ::-1], RGB), ('png', RGB[..., ::-1], RGB), ('', RGB[..., ::-1], RGB),
    ('rgb8; png compressed rgb8', RGB, RGB), ('mono8; png compressed ', GREY, GREY_RGB),
    ('mono16; png compressed ', GREY.astype(np.uint16) << 8 | 255, GREY_RGB),
    ('rgb16; png compressed bgr16', RGB[..., ::-1].astype(np.uint16) << 8 | 255, RGB),
    ('bgra8; png compressed bgr8', np.dstack((RGB[..., ::-1], GREY)), RGB),
    # image_transport colours the mosaic itself where JPEG is asked for in colour.
    ('bayer_rggb8; png compressed bgr8', RGB[..., ::-1], RGB)])
def test_formats_of_image_transport(format_, pixels, wanted):
    """Whatever the raw image was, the compressed one has its colours."""
    np.testing.assert_array_equal(to_rgb(packed(format_, pixels)), wanted)


@pytest.mark.parametrize('message', [
    Image(height=2, width=2, encoding='16UC1', step=4, data=array('B', bytes(8))),
    Image(height=2, width=2, encoding='32FC1', step=8, data=array('B', bytes(16))),
    packed('16UC1; png compressed ', GREY.astype(np.uint16)),
    packed('16UC1; compressedDepth png', GREY.astype(np.uint16)), packed('32FC1; tiff compressed ', GREY)])
def test_depth_is_told_by_name(message):
    """Depth on the image topic is called that, with what to do."""
    with pytest.raises(ImageError, match='depth.*remap image to the'):
        to_rgb(message)


@pytest.mark.parametrize('dtype', [np.float32, np.float64, np.int16])
def test_numbers_without_a_range_are_refused(dtype):
    """A TIFF can hold numbers of any type; only what has a white becomes a picture."""
    ok, data = cv2.imencode('.tiff', GREY.astype(dtype))
    if not ok:
        pytest.skip('this OpenCV writes no such TIFF')
    with pytest.raises(ImageError, match=f'holds {np.dtype(dtype)} numbers.*8 or 16 bits'):
        to_rgb(CompressedImage(format='tiff', data=array('B', data.tobytes())))


def of_bits(bits, picture=GREY, big=False):
    """Return a picture in the lowest bits of 16; its brightest pixel is white."""
    scaled = np.rint(picture / picture.max() * ((1 << bits) - 1)).astype(np.uint16)
    message = raw('mono16' if picture.ndim == 2 else 'rgb16', scaled.byteswap() if big else scaled)
    message.is_bigendian = int(big)
    return message


@pytest.mark.parametrize('bits', [8, 10, 12, 14, 16])
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('picture', [GREY, RGB], ids=['mono16', 'rgb16'])
def test_bits_of_content(bits, big, picture):
    """10 or 12 bits in 16 make the same picture as 16 do, and one warning says what was taken."""
    log = Log()
    reader = ImageReader(log)
    for _ in range(5):
        found = reader.read(of_bits(bits, picture, big)).rgb
    wanted = GREY_RGB if picture is GREY else RGB
    assert np.abs(found - wanted * (255 / wanted.max())).max() <= 2
    assert reader.bits == bits
    assert len(log.warnings) == (bits < 16) and all(f'read as of {bits} bits' in text for text in log.warnings)


def test_the_scale_does_not_follow_the_scene():
    """A dark picture after a bright one stays dark, and a covered lens at the start decides nothing."""
    log = Log()
    reader = ImageReader(log)
    covered = raw('mono16', np.full((H, W), 70, np.uint16))
    assert reader.read(covered).rgb.max() == 0 and reader.bits is None
    assert reader.read(of_bits(12)).rgb.max() == 255
    dark = raw('mono16', np.full((H, W), 400, np.uint16))
    assert reader.read(dark).rgb.max() == 25 and reader.bits == 12
    assert reader.read(covered).rgb.max() == 4 and len(log.warnings) == 1
    reader.read(of_bits(16))
    assert reader.read(of_bits(12)).rgb.max() == 16 and reader.bits == 16
    assert len(log.warnings) == 2 and 'all of their 16 bits' in log.warnings[1]


@pytest.mark.parametrize('encoding', ['bayer_rggb16', 'mono16'])
def test_a_compressed_picture_of_12_bits(encoding):
    """The same in a compressed message, mosaic or not."""
    picture = mosaic(RGB, 'rggb') if 'bayer' in encoding else GREY
    log = Log()
    found = ImageReader(log).read(packed(f'{encoding}; png compressed ', picture.astype(np.uint16) << 4 | 15)).rgb
    assert np.abs(found.astype(int) - (RGB if 'bayer' in encoding else GREY_RGB))[INNER].max() <= 14
    assert len(log.warnings) == 1 and '12 bits' in log.warnings[0]


@pytest.mark.parametrize('encoding', [*(f'{family}{bits}' for family in FAMILIES for bits in (8, 16)), *PAIRS, *PLANAR,
                                      *SAME_AS, 'RGB16', 'YUYV'])
@pytest.mark.parametrize('big', [False, True])
def test_a_bag_is_read_as_the_node_reads_it(encoding, big):
    """Without a ROS the same pixels come of every encoding that the node takes, to the digit."""
    family = FAMILIES.get(SAME_AS.get(encoding, encoding).lower().rstrip('168'), (2 if encoding[0] in 'yuY' else 1,))
    step = W * family[0] * (2 if '16' in encoding else 1) + 6 * (encoding != 'nv24')
    height = {'nv12': H * 3 // 2, 'nv21': H * 3 // 2, 'nv24': 3 * H}.get(encoding, H)
    data = np.random.default_rng(len(encoding)).integers(0, 256, height * step, np.uint8)
    if '16' in encoding:
        data[1 - big::2] &= 15  # 12 bits
    message = Image(height=H, width=W, encoding=encoding, step=step, is_bigendian=int(big),
                    data=array('B', data.tobytes()))
    found = decode_raw(message)
    assert found.std() > 40 and found.shape == (H, W, 3)
    np.testing.assert_array_equal(found, to_rgb(message))
    message.data = message.data[:-1]
    for read in (decode_raw, to_rgb):
        with pytest.raises(ImageError, match='truncated'):
            read(message)


def test_an_order_of_colours_that_nobody_told_is_told():
    """8UC3 has no order: the one that was taken is in the log, once."""
    log = Log()
    reader = ImageReader(log)
    for _ in range(3):
        reader.read(raw('8UC3', RGB[..., ::-1]))
    assert len(log.infos) == 1 and 'bgr8' in log.infos[0]


@pytest.mark.parametrize(('encoding', 'bytes_a_pixel'), [('RGB8', 3), ('BGR8', 3), ('MONO8', 1), ('YUYV', 2),
                                                         ('UYVY', 2), ('NV12', 1)])
def test_capital_letters_are_no_other_encoding(encoding, bytes_a_pixel):
    """Drivers write RGB8, or Video4Linux's YUYV: the picture is the same, and the message stays as it came."""
    data = np.random.default_rng(0).integers(0, 256, H * W * 3, np.uint8)
    message = Image(height=H, width=W, encoding=encoding, step=W * bytes_a_pixel, data=array('B', data.tobytes()))
    plain = copy(message)
    plain.encoding = encoding.lower()
    np.testing.assert_array_equal(to_rgb(message), to_rgb(plain))
    assert message.encoding == encoding


@pytest.mark.parametrize(('message', 'told'), [
    (CompressedImage(format='jpeg'), "an image of format 'jpeg' is empty"),
    (CompressedImage(format='h264', data=array('B', bytes([0, 0, 0, 1, 0x67]) + bytes(500))), 'is video.*set image_tr'),
    (CompressedImage(format='HEVC', data=array('B', bytes([0, 0, 0, 1, 0x40]) + bytes(500))), 'is video.*set image_tr'),
    (Image(height=4, width=5, step=10, encoding='yuv422_yuy2', data=array('B', bytes(40))), '5×4.*width is even'),
    (Image(height=4, width=4, step=12, encoding='r8g8b8', data=array('B', bytes(48))), 'have the driver send rgb8'),
    (Image(height=4, width=4, step=8, encoding='8UC2', data=array('B', bytes(32))), 'have the driver send rgb8')])
def test_what_cannot_be_read_is_one_line_with_a_remedy(message, told):
    """No library's assertion reaches the log."""
    with pytest.raises(ImageError, match=told) as caught:
        to_rgb(message)
    assert len(str(caught.value).splitlines()) == 1 and 'Assertion' not in str(caught.value)


@pytest.mark.parametrize('form', ['jpeg', 'bgr8; jpeg compressed bgr8', 'rgb8; jpeg compressed rgb8', 'mono8; jpeg'])
def test_a_jpeg_is_decoded_no_larger_than_is_wanted(form):
    """By the factor that is asked for, or whole: the same picture in the same colours, and the camera's size."""
    y, x = np.mgrid[:96, :160]
    picture = np.stack([y, x, 255 - y], -1).astype(np.uint8)
    data = cv2.imencode('.jpg', picture[..., 0] if 'mono8' in form else picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    message = CompressedImage(format=form, data=array('B', data.tobytes()))
    asked = []
    reader = ImageReader(Log(), reduction=lambda height, width: asked.append((height, width)) or 4)
    whole, small = reader.read(message, whole=True), reader.read(message)
    assert asked == [(96, 160)] and whole.size == small.size == (96, 160)
    assert whole.rgb.shape == (96, 160, 3) and small.rgb.shape == (24, 40, 3)
    mean = whole.rgb.reshape(24, 4, 40, 4, 3).mean((1, 3))
    assert np.abs(small.rgb - mean).max() < 4


def test_only_a_jpeg_is_decoded_smaller():
    """PNG, a mosaic, raw images, and a JPEG of a size that nobody wants come as they are."""
    def refused(height: int, width: int) -> int:
        raise ValueError('too narrow')

    picture = np.full((H, W), 90, np.uint8)
    jpeg = array('B', cv2.imencode('.jpg', picture)[1].tobytes())
    eighth = ImageReader(Log(), reduction=lambda height, width: 8)
    for reader, message in ((eighth, packed('png', picture)), (eighth, raw('mono8', picture)),
                            (eighth, CompressedImage(format='bayer_rggb8; jpeg compressed ', data=jpeg)),
                            (ImageReader(Log(), reduction=refused), CompressedImage(format='jpeg', data=jpeg))):
        assert reader.read(message).rgb.shape == (H, W, 3)
