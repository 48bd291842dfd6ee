# SPDX-License-Identifier: Apache-2.0
"""Messages that any publisher in the domain may send, and parameters that any peer may set."""

from __future__ import annotations

from array import array

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from spoiling import EDITS, fuzzed, in_words, spoilt, within_bounds

pytest.importorskip('rclpy')
from rclpy.logging import get_logger  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import CameraInfo, CompressedImage, Image  # noqa: E402
from ttt3r_ros.srv import QueryView  # noqa: E402

from ttt3r_ros.reconstruction.rectify import CalibrationError  # noqa: E402
from ttt3r_ros.ros import parameters  # noqa: E402
from ttt3r_ros.ros.calibration import Calibration  # noqa: E402
from ttt3r_ros.ros.declarations import BY_NAME  # noqa: E402
from ttt3r_ros.ros.images import ImageError, ImageReader, to_depth, to_mask, to_rgb  # noqa: E402
from ttt3r_ros.ros.views import QueryError, question  # noqa: E402

ENCODINGS = ['rgb8', 'bgr8', 'rgba8', 'mono8', 'mono16', 'rgb16', 'bayer_rggb8', 'bayer_gbrg16', 'yuv422',
             'yuv422_yuy2', 'uyvy', 'yuyv', 'nv12', 'nv21', 'nv24', '8UC1', '8UC3', '16UC1', '32FC1', '64FC4', '',
             'RGB8', '8UC9999', 'x']
SMALL = st.integers(0, 40)
LENGTH = SMALL | st.sampled_from([2**16, 2**31 - 1, 2**31, 2**32 - 1])
FORMATS = ['jpeg', 'png', 'rgb8; jpeg compressed bgr8', 'bayer_rggb8; png compressed', 'mono16; png compressed',
           '16UC1; compressedDepth', 'h264', '', ';', 'tiff', 'x' * 300]
FLOATS = st.floats(allow_nan=True, allow_infinity=True)
MODELS = ['plumb_bob', 'rational_polynomial', 'equidistant', 'fisheye', '', 'none', 'x']
VALUES = st.one_of(st.booleans(), st.integers(-2**63, 2**63 - 1), FLOATS, st.text(max_size=30),
                   st.lists(FLOATS, max_size=8), st.lists(st.text(max_size=10), max_size=4),
                   st.lists(st.integers(-2**63, 2**63 - 1), max_size=8),
                   st.binary(max_size=8).map(lambda data: [bytes([byte]) for byte in data]))


def pictures() -> dict[str, bytes]:
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
    deep = np.random.default_rng(1).integers(0, 65536, (16, 24), np.uint16)
    made = {form: cv2.imencode(form, image)[1].tobytes() for form in ('.jpg', '.png', '.bmp', '.tiff', '.webp')}
    return made | {'16 bits': cv2.imencode('.png', deep)[1].tobytes(), 'none': b''}


PICTURES = pictures()


@pytest.fixture(scope='module')
def node(ros):
    """A node with our parameters, as it is while unconfigured."""
    made = Node('fuzzed')
    parameters.declare(made)
    made.add_on_set_parameters_callback(lambda changes: parameters.check(made, changes, None))
    yield made
    made.destroy_node()


@fuzzed(120, 1.0)
@example(height=0, width=0, step=0, bigendian=0, seed=0, encoding='mono8', size=None, read=to_mask)
@given(height=LENGTH, width=LENGTH, step=LENGTH, bigendian=st.integers(0, 255), seed=st.integers(0, 2**32 - 1),
       encoding=st.sampled_from(ENCODINGS) | st.text(max_size=12), size=st.none() | st.integers(0, 6000),
       read=st.sampled_from([to_rgb, to_mask, to_depth]))
def test_any_image(height, width, step, bigendian, seed, encoding, size, read):
    """Fields that belong together and such that do not: an image of that size, or ImageError."""
    exact = step * height if size is None else size
    if exact > 1 << 20:
        exact = 1000
    data = np.random.default_rng(seed).integers(0, 256, exact, np.uint8)
    message = Image(height=height, width=width, step=step, is_bigendian=bigendian, encoding=encoding,
                    data=array('B', data.tobytes()))
    with within_bounds():
        try:
            found = read(message)
            assert found.shape[:2] == (height, width)
        except ImageError as error:
            in_words(error)


@fuzzed(120, 0.5)
@given(which=st.sampled_from(sorted(PICTURES)), form=st.sampled_from(FORMATS) | st.text(max_size=12), edits=EDITS,
       factor=st.sampled_from((1, 2, 8)))
def test_any_compressed_image(which, form, edits, factor):
    """What decoders are given: an RGB image, made smaller by a factor or not, or ImageError."""
    data = spoilt(PICTURES[which], edits)
    with within_bounds():
        try:
            reader = ImageReader(get_logger('fuzz'), reduction=lambda height, width: factor)
            found = reader.read(CompressedImage(format=form, data=array('B', data))).rgb
            assert found.ndim == 3 and found.dtype == np.uint8
        except ImageError as error:
            in_words(error)


@fuzzed(120, 0.5)
@given(size=st.tuples(LENGTH, LENGTH), model=st.sampled_from(MODELS) | st.text(max_size=8),
       d=st.lists(FLOATS, max_size=15) | st.lists(st.floats(-1, 1), max_size=15),
       k=st.lists(FLOATS, min_size=9, max_size=9) | st.just([20.0, 0.0, 12.0, 0.0, 20.0, 8.0, 0.0, 0.0, 1.0]),
       p=st.lists(FLOATS, min_size=12, max_size=12) | st.just([20.0, 0, 12, 0, 0, 20.0, 8, 0, 0, 0, 1.0, 0]),
       r=st.lists(FLOATS, min_size=9, max_size=9) | st.just([1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0]),
       roi=st.tuples(LENGTH, LENGTH, LENGTH, LENGTH), binning=st.tuples(SMALL, SMALL))
def test_any_camera_info(node, size, model, d, k, p, r, roi, binning):
    """A calibration that nobody has made: the image straightened, or CalibrationError."""
    info = CameraInfo(height=size[0], width=size[1], distortion_model=model, binning_x=binning[0],
                      binning_y=binning[1], **{name: [float(x) for x in values]
                                               for name, values in zip('dkrp', (d, k, r, p), strict=True)})
    info.roi.x_offset, info.roi.y_offset, info.roi.height, info.roi.width = roi
    calibration = Calibration(node, '', True)
    image = np.zeros((16, 24, 3), np.uint8)
    with within_bounds():
        try:
            calibration._infos.receive(info)
            calibration.take(0)
            assert calibration.straighten(image).shape[2] == 3
            calibration.pinhole((16, 24))
        except CalibrationError as error:
            in_words(error)
        finally:
            calibration.destroy()


@fuzzed(80, 0.5)
@given(numbers=st.lists(FLOATS, min_size=7, max_size=7) | st.just([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), size=st.tuples(
    LENGTH, LENGTH), k=st.lists(FLOATS, min_size=9, max_size=9) | st.just([20.0, 0, 12, 0, 20.0, 8, 0, 0, 1.0]))
def test_any_query(numbers, size, k):
    """A view from anywhere, of any size: a question, or QueryError."""
    request = QueryView.Request()
    p, q = request.pose.position, request.pose.orientation
    p.x, p.y, p.z, q.x, q.y, q.z, q.w = numbers
    request.camera_info.height, request.camera_info.width = size
    request.camera_info.k = [float(x) for x in k]

    with within_bounds():
        try:
            asked = question(request)
        except QueryError as error:
            in_words(error)
        else:
            assert np.isfinite(asked.pose).all()


@fuzzed(150, 0.5)
@given(name=st.sampled_from(sorted(BY_NAME)), value=VALUES)
def test_any_parameter(node, name, value):
    """Taken, and then read; or refused with a reason, all as it was."""
    before = node.get_parameter(name).value
    try:
        change = Parameter(name, value=value)
    except TypeError:  # what rclpy cannot even send
        return
    with within_bounds():
        result = node.set_parameters([change])[0]
        parameters.read(node)
    if not result.successful:
        assert result.reason and '\n' not in result.reason
        assert np.array_equal(node.get_parameter(name).value, before)
