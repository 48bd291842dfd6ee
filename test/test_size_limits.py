# SPDX-License-Identifier: Apache-2.0
"""What is too large is refused in one line before it takes time or memory."""

from __future__ import annotations

import struct
import zlib
from array import array

import cv2
import numpy as np
import pytest

from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.reconstruction import rectify
from ttt3r_ros.reconstruction.preprocess import MOST_ASPECT, PixelMap
from ttt3r_ros.reconstruction.rectify import CalibrationError, Rectifier
from ttt3r_ros.sequences import pixels
from ttt3r_ros.sequences.compressed_pixels import decode_compressed
from ttt3r_ros.sequences.picture_size import MOST_PIXELS

images = pytest.importorskip('ttt3r_ros.ros.images')
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402

PICTURE = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
FORMS = ['.png', '.jpg', '.tiff', '.webp', '.bmp', '.ppm']


def encoded(form: str) -> bytes:
    return cv2.imencode(form, PICTURE)[1].tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def bomb(side: int) -> bytes:
    """Return a PNG of one bit a pixel, all of it there, some thousandth of its decoded size."""
    packer = zlib.compressobj(9)
    rows = b''.join(packer.compress(bytes(1 + (side + 7) // 8)) for _ in range(side)) + packer.flush()
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, 0))
            + chunk(b'IDAT', rows) + chunk(b'IEND', b''))


def message(data: bytes, form: str) -> CompressedImage:
    return CompressedImage(format=form, data=array('B', data))


@pytest.fixture
def undecoded(monkeypatch):
    """No decoder is called."""
    def decode(*_):
        raise AssertionError('it was decoded')

    monkeypatch.setattr(images._bridge, 'imgmsg_to_cv2', decode)
    monkeypatch.setattr(pixels.cv2, 'imdecode', decode)


@pytest.mark.parametrize('form', FORMS)
def test_pixels_are_counted_in_the_header(form, request):
    """A picture of just as many as are taken passes; of one more it is refused and never decoded, in bags too."""
    data = encoded(form)
    assert images.to_rgb(message(data, form[1:]), None, 48 * 64).shape == (48, 64, 3)
    assert decode_compressed(message(data, form[1:]))[0].shape == (48, 64, 3)
    if form == '.tiff':  # Pillow cannot open these
        numbers = cv2.imencode(form, PICTURE[..., 0].astype(np.float64))[1].tobytes()
        with pytest.raises(images.ImageError, match='float64'):
            images.to_rgb(message(numbers, 'tiff'), None, 48 * 64)
        with pytest.raises(images.ImageError, match='too large: it has 64×48'):
            images.to_rgb(message(numbers, 'tiff'), None, 48 * 64 - 1)
    request.getfixturevalue('undecoded')
    with pytest.raises(images.ImageError, match=r'too large: it has 64×48 pixels, and 3071 are.*max_image_pixels'):
        images.to_rgb(message(data, form[1:]), None, 48 * 64 - 1)


@pytest.mark.parametrize('side', [12_000, 20_000])
def test_a_few_kilobytes_do_not_become_gigabytes(undecoded, side):
    """Whether Pillow itself would refuse it or not."""
    data = bomb(side)
    assert len(data) < side * side / 5000
    with pytest.raises(images.ImageError, match='too large'):
        images.to_rgb(message(data, 'png'))
    with pytest.raises(ValueError, match=str(MOST_PIXELS)):
        decode_compressed(message(data, 'png'))


def test_a_raw_image_is_as_large_as_it_says(undecoded):
    """Its width and height are believed before its data is looked at."""
    large = Image(width=20_000, height=20_000, encoding='mono8', step=20_000)
    with pytest.raises(images.ImageError, match=r'20000×20000 pixels is too large: 40000000 are.*max_image_pixels'):
        images.to_rgb(large, None, 40_000_000)
    with pytest.raises(ValueError, match=f'20000×20000 pixels, and {MOST_PIXELS} are taken'):
        pixels.decode_raw(large)


@pytest.mark.parametrize('square', [True, False])
@pytest.mark.parametrize('size', [(1, 10_000), (10_000, 1), (16, 16 * MOST_ASPECT + 1)])
def test_long_and_narrow_images_are_refused(square, size):
    """Before anything is resized: a square network's image is cut out of one as long as it is narrow."""
    config = ModelConfig(image_size=224 if square else 512, square=square)
    with pytest.raises(ValueError, match='too narrow.*squarer'):
        PixelMap.plan(*size, config)
    if square:
        plan = PixelMap.plan(16, 16 * MOST_ASPECT, config)
        assert plan.size == (224, 224) and np.prod(plan.resized) <= 224 * 224 * MOST_ASPECT


def test_no_map_is_made_for_another_size_or_one_that_no_map_can_have(monkeypatch):
    """The calibration's size is compared with the image's first."""
    def plan(*_):
        raise AssertionError('a map was made')

    monkeypatch.setattr(rectify.cv2, 'initUndistortRectifyMap', plan)
    with pytest.raises(CalibrationError, match='20000×20000'):
        rectify.window((96, 128), (20_000, 20_000), (0, 0), (0, 0), (1, 1))
    with pytest.raises(CalibrationError, match='40000×40.*32766'):
        Rectifier((40, 40_000), [30_000.0, 0, 20_000, 0, 30_000, 20, 0, 0, 1], 'plumb_bob', [0.1, 0, 0, 0, 0])
