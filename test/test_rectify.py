# SPDX-License-Identifier: Apache-2.0
"""Rectification against OpenCV's projection of points through a distorted lens."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.reconstruction.rectify import LONGEST, CalibrationError, Rectifier, Uncalibrated, window

SIZE = (240, 320)
K = np.array([[210.0, 0, 161.5], [0, 205, 118.25], [0, 0, 1]])
P = np.array([[180.0, 0, 155, -18], [0, 180, 122, 0], [0, 0, 1, 0]])
R = Rotation.from_euler('xyz', [0.02, -0.05, 0.01]).as_matrix()
LENSES = {'plumb_bob': [-0.25, 0.07, 0.001, -0.002, -0.008],
          'rational_polynomial': [0.4, -0.1, 0.001, -0.0005, 0.01, 0.75, -0.08, 0.02],
          'equidistant': [0.02, -0.01, 0.004, -0.001]}


def distorted(model, points):
    """Return where points (n, 3) fall in the raw image, (n, 2)."""
    if model == 'equidistant':
        return cv2.fisheye.projectPoints(points[None], np.zeros(3), np.zeros(3), K, np.array(LENSES[model]))[0][0]
    return cv2.projectPoints(points, np.zeros(3), np.zeros(3), K, np.array(LENSES[model]))[0][:, 0]


@pytest.mark.parametrize('model', LENSES)
@pytest.mark.parametrize(('rotation', 'projection'), [((), ()), (R, P), (np.zeros(9), np.zeros(12))])
def test_straight_rays(model, rotation, projection):
    """A rectified pixel shows what the lens bent to where OpenCV projects its ray."""
    rectifier = Rectifier(SIZE, K.reshape(-1), model, LENSES[model], np.ravel(rotation), np.ravel(projection))
    intrinsics, turn = (P[:, :3], R) if np.any(projection) else (K, np.eye(3))
    np.testing.assert_array_equal(rectifier.intrinsics, intrinsics)
    v, u = np.indices(SIZE)
    places = np.stack((u, v), -1).astype(np.float32)  # an image that says of each pixel where it is
    found = rectifier.rectify(places).reshape(-1, 2)
    rays = np.stack((u, v, np.ones(SIZE)), -1).reshape(-1, 3) @ np.linalg.inv(intrinsics).T @ turn
    truth = distorted(model, rays)
    covered = ((truth >= 0) & (truth <= np.array(SIZE[::-1]) - 1)).all(-1)
    np.testing.assert_array_equal(rectifier.covered.ravel(), covered)
    assert 0.5 < covered.mean()
    # remap rounds places to 1/32 pixel, and blends the outermost with black.
    inner = ((truth >= 1) & (truth <= np.array(SIZE[::-1]) - 2)).all(-1)
    assert np.abs(found[inner] - truth[inner]).max() < 0.04


@pytest.mark.parametrize(('model', 'd'), [('plumb_bob', [0.0] * 5), ('plumb_bob', []), ('', []), ('equidistant', [])])
def test_an_undistorted_image_stays_itself(model, d):
    """Without distortion, as simulators publish it, the image is handed through, not resampled."""
    rectifier = Rectifier(SIZE, K.reshape(-1), model, d, np.eye(3).reshape(-1), np.c_[K, np.zeros(3)].reshape(-1))
    image = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    assert rectifier.rectify(image) is image
    assert rectifier.covered.all()
    np.testing.assert_array_equal(rectifier.intrinsics, K)


def test_colours_come_through():
    """A colour image keeps its type, and is black where the camera sees nothing."""
    wide = K * np.array([[0.5], [0.5], [1]]) + [[0, 0, 80], [0, 0, 60], [0, 0, 0]]
    rectifier = Rectifier(SIZE, K.reshape(-1), 'plumb_bob', LENSES['plumb_bob'], p=np.c_[wide, np.zeros(3)].ravel())
    image = rectifier.rectify(np.full((*SIZE, 3), (10, 120, 240), np.uint8))
    assert image.dtype == np.uint8 and image.shape == (*SIZE, 3)
    assert not rectifier.covered.all()
    outside = cv2.dilate(rectifier.covered.astype(np.uint8), np.ones((5, 5))) == 0
    assert outside.any() and not image[outside].any()
    np.testing.assert_array_equal(image[rectifier.covered], [(10, 120, 240)] * rectifier.covered.sum())


def test_an_uncalibrated_camera_is_told_apart():
    """K[0] = 0 raises Uncalibrated, so that a node can do without."""
    with pytest.raises(Uncalibrated, match=r'K\[0\] is 0: the camera is not calibrated; calibrate'):
        Rectifier(SIZE, [0.0] * 9, '', [])


def changed(matrix, place, value):
    """Return a copy as a flat list with one number changed."""
    copy = np.array(matrix)
    copy[place] = value
    return copy.ravel().tolist()


@pytest.mark.parametrize(('fault', 'told'), [
    ({'size': (0, 320)}, 'width and height are 320×0: the driver must'),
    ({'k': [1.0] * 4}, 'K has 4 numbers and needs 9: calibrate'),
    ({'k': changed(K, (0, 0), np.nan)}, 'K holds a number that is not finite: calibrate'),
    ({'k': changed(K, (1, 1), -205)}, 'K has the focal lengths 210 and -205.*calibrate'),
    ({'k': changed(K, (0, 0), 1e-300)}, 'K has the focal lengths 1e-300 and 205.* has less than 0.32 or'),
    ({'p': changed(P, (1, 1), 1e308)}, r'P has the focal lengths .*1e\+308.* more than 320000 pixels: calibrate'),
    ({'k': changed(K, (2, 2), 0)}, r'K must have the form \[fx 0 cx.*calibrate'),
    ({'k': changed(K, (1, 0), 0.1)}, 'K must have the form'),
    ({'k': changed(K, (2, 0), 0.1)}, 'K must have the form'),
    ({'distortion_model': 'fisheye62'}, "distortion_model 'fisheye62' is unknown.*calibrate with one of plumb_bob"),
    ({'distortion_model': ''}, "distortion_model '' is unknown"),
    ({'d': [0.1] * 3}, 'D of the distortion_model plumb_bob has 3 numbers and needs 4 or 5 or .*: calibrate'),
    ({'distortion_model': 'equidistant', 'd': [0.1] * 5}, 'D of the distortion_model equidistant has 5 numbers and'),
    ({'distortion_model': 'pinhole'}, "distortion_model 'pinhole' is unknown, and D is not zero"),
    ({'d': [0.1, np.inf, 0, 0]}, 'D of the distortion_model plumb_bob holds a number that is not finite: calibrate'),
    ({'r': np.diag([1.0, 1, 2]).ravel()}, 'R is no rotation: calibrate'),
    ({'r': np.diag([1.0, 1, -1]).ravel()}, 'R is no rotation'),
    ({'r': [1.0]}, 'R has 1 numbers and needs 9'),
    ({'p': [1.0] * 9}, 'P has 9 numbers and needs 12: calibrate'),
    ({'p': changed(P, (0, 0), -1)}, 'P has the focal lengths -1 and 180'),
    ({'p': changed(P, (0, 2), 1e6)}, 'K, P and R show nothing of what the camera sees: calibrate'),
    ({'k': (K / [[320], [240], [1]]).ravel(), 'p': []}, 'K, P and R show nothing')])
def test_refusals_name_field_and_remedy(fault, told):
    """A calibration that cannot be is refused with the field's name and what to do."""
    fields = {'size': SIZE, 'k': K.ravel(), 'distortion_model': 'plumb_bob', 'd': LENSES['plumb_bob'], 'r': R.ravel(),
              'p': P.ravel()}
    Rectifier(**fields)
    with pytest.raises(CalibrationError, match=told):
        Rectifier(**(fields | fault))


@pytest.mark.parametrize('fault', [{'k': [np.nan] * 9}, {'k': [0] * 9}, {'d': [np.inf, 0, 0, 0]}, {'r': 2 * R.ravel()},
                                   {'distortion_model': 'own'}, {'size': (2, LONGEST + 1)}])
def test_the_remedy_names_all_that_asks_for_a_calibration(fault):
    """Who has `intrinsics: camera_info` or `scale_source: focal` has no rectification to turn off."""
    fields = {'size': SIZE, 'k': K.ravel(), 'distortion_model': 'plumb_bob', 'd': LENSES['plumb_bob'], 'r': R.ravel()}
    with pytest.raises(CalibrationError, match='rectify.*intrinsics.*depth.resolution.*scale_source'):
        Rectifier(**(fields | fault))


def test_a_rotation_of_few_digits_is_taken():
    """As a file of four decimals has it: its determinant is not quite 1."""
    for angle in (0.1, 0.5, 1.0):
        few = np.round([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], 4)
        for scale in (0.9999, 1.0001):
            Rectifier(SIZE, K.ravel(), '', [], r=(scale * few).ravel(), p=[])


def test_an_image_of_another_resolution_is_refused():
    """A calibration of another resolution than the image's is told, not stretched."""
    with pytest.raises(CalibrationError, match='for 320×240 pixels, the image has 640×480'):
        Rectifier(SIZE, K.ravel(), '', []).rectify(np.zeros((480, 640, 3), np.uint8))


def test_the_longest_side_is_taken():
    """OpenCV's maps count in 16 bits, and up to there a pixel comes from where it should."""
    k = K.copy()
    k[0, 2] = LONGEST / 2
    rectifier = Rectifier((2, LONGEST), k.ravel(), 'plumb_bob', [1e-9, 0, 0, 0])
    image = np.broadcast_to(np.arange(LONGEST, dtype=np.float32), (2, LONGEST))
    np.testing.assert_allclose(rectifier.rectify(np.ascontiguousarray(image))[0, 10_000:20_000],
                               np.arange(10_000, 20_000), atol=0.1)
    with pytest.raises(CalibrationError, match=f'no side of more than {LONGEST} pixels'):
        Rectifier((2, LONGEST + 1), k.ravel(), 'plumb_bob', [1e-9, 0, 0, 0])


MANY = [0.4, -0.1, 0.001, -0.0005, 0.01, 0.75, -0.08, 0.02, 0.003, -0.001, 0.002, 0.001, 0.01, -0.02]


def places(rectifier, size=SIZE):
    """Return where each rectified pixel comes from, (h, w, 2), and whether that is inside."""
    v, u = np.indices(size)
    return rectifier.rectify(np.stack((u, v), -1).astype(np.float32))


@pytest.mark.parametrize('model', ['plumb_bob', 'rational_polynomial', 'Plumb Bob', 'radtan', 'brown-conrady'])
@pytest.mark.parametrize('count', [4, 5, 8, 12, 14])
def test_as_many_coefficients_as_opencv_takes(model, count):
    """What a driver calls the model decides nothing between the two: the number of coefficients does, as in OpenCV."""
    d = MANY[:count]
    found = Rectifier(SIZE, K.ravel(), model, d)
    u, v = cv2.initUndistortRectifyMap(K, np.array(d), np.eye(3), K, SIZE[::-1], cv2.CV_32FC1)
    inner = (u >= 1) & (u <= SIZE[1] - 2) & (v >= 1) & (v <= SIZE[0] - 2)
    assert inner.mean() > 0.5
    assert np.abs(places(found) - np.stack((u, v), -1))[inner].max() < 0.04
    padded = Rectifier(SIZE, K.ravel(), model, [*d, *[0.0] * (15 - count)])
    np.testing.assert_array_equal(places(padded), places(found))


@pytest.mark.parametrize('model', ['fisheye', 'kannala_brandt4', 'Kannala Brandt4', 'KANNALA_BRANDT', 'equidistant'])
@pytest.mark.parametrize('padding', [0, 1, 4, 8])
def test_the_fisheye_s_other_names_and_its_padding(model, padding):
    """One model of many names, and of four coefficients however many zeros follow."""
    d = LENSES['equidistant']
    np.testing.assert_array_equal(places(Rectifier(SIZE, K.ravel(), model, [*d, *[0.0] * padding])),
                                  places(Rectifier(SIZE, K.ravel(), 'equidistant', d)))


@pytest.mark.parametrize('model', ['', 'none', 'None', 'NONE', 'pinhole', 'perspective', 'fisheye'])
@pytest.mark.parametrize('d', [[], [0.0], [0.0] * 5, [0.0] * 12])
def test_models_of_no_distortion(model, d):
    """Simulators' ways to say that there is none: the image is handed through."""
    rectifier = Rectifier(SIZE, K.ravel(), model, d)
    assert not rectifier.distorts and not rectifier.bends


def test_a_skew_is_left_out_as_opencv_leaves_it_out():
    """K with a skew rectifies as OpenCV does with it, and P's is not in the rectified image."""
    skewed = np.reshape(changed(K, (0, 1), 1.7), (3, 3))
    rectifier = Rectifier(SIZE, skewed.ravel(), 'plumb_bob', LENSES['plumb_bob'], p=changed(P, (0, 1), 2.0))
    u, v = cv2.initUndistortRectifyMap(skewed, np.array(LENSES['plumb_bob']), np.eye(3), P[:, :3], SIZE[::-1],
                                       cv2.CV_32FC1)
    inner = (u >= 1) & (u <= SIZE[1] - 2) & (v >= 1) & (v <= SIZE[0] - 2)
    assert np.abs(places(rectifier) - np.stack((u, v), -1))[inner].max() < 0.04
    np.testing.assert_array_equal(rectifier.intrinsics, P[:, :3])
    np.testing.assert_array_equal(rectifier.raw, K)


@pytest.mark.parametrize(('offset', 'region', 'binning', 'size'), [
    ((0, 0), (0, 0), (0, 0), SIZE), ((0, 0), (0, 0), (1, 1), SIZE), ((0, 0), SIZE, (0, 0), SIZE),
    ((40, 60), (120, 160), (1, 1), (120, 160)), ((40, 60), (0, 0), (0, 0), (200, 260)),
    ((0, 0), (0, 0), (2, 2), (120, 160)), ((20, 60), (200, 201), (2, 4), (100, 50)),
    ((20, 60), (200, 201), (2, 2), (100, 101))])
def test_a_part_of_the_sensor_and_binned_pixels(offset, region, binning, size):
    """A cropped or binned image is bent as that part of the whole one is: CameraInfo's numbers are the whole one's."""
    shown = window(size, SIZE, offset, region, binning)
    d = LENSES['plumb_bob']
    part = Rectifier(size, shown.through(K.ravel()), 'plumb_bob', d, R.ravel(), shown.through(P.ravel()))
    u, v = cv2.initUndistortRectifyMap(K, np.array(d), R, P[:, :3], SIZE[::-1], cv2.CV_32FC1)
    steps = [max(1, number) for number in binning]
    rows, cols = (np.arange(count) * step + start for count, step, start in zip(size, steps, offset))
    rows, cols = rows[rows < SIZE[0]], cols[cols < SIZE[1]]
    whole = [(plane[np.ix_(rows, cols)] - start) / step
             for plane, start, step in zip((u, v), offset[::-1], steps[::-1])]
    inner = ((whole[0] >= 1) & (whole[0] <= size[1] - 2) & (whole[1] >= 1) & (whole[1] <= size[0] - 2))
    assert inner.mean() > 0.2
    found = places(part, size)[:len(rows), :len(cols)]
    assert np.abs(found - np.stack(whole, -1))[inner].max() < 0.04


def test_an_image_of_full_size_is_whole_and_not_binned():
    """A driver that announces binning and sends every pixel is taken by what it sends; any other size is refused with
    both sizes named."""
    assert window(SIZE, SIZE, (40, 60), (120, 160), (2, 2)).through(K.ravel()) == K.ravel().tolist()
    with pytest.raises(CalibrationError, match='for 320×240 pixels, by its roi and binning for 80×60; the image'):
        window((48, 64), SIZE, (40, 60), (120, 160), (2, 2))
