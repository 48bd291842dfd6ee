# SPDX-License-Identifier: Apache-2.0
"""Depth from points, at the model's resolution and the camera's, against exact planes and spheres."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.reconstruction.depth import CameraDepth, back_project, depth_of, valid
from ttt3r_ros.reconstruction.preprocess import PixelMap

K = np.array([[430.0, 0, 300.5], [0, 425, 236.25], [0, 0, 1]])
NORMAL, DISTANCE = Rotation.from_euler('xyz', [0.4, 0.3, 0]).as_matrix()[2], 2.5
CENTRE, RADIUS = np.array([0.1, -0.05, 3.0]), 0.8


def rays(intrinsics, size):
    """Return directions (h, w, 3) with z = 1."""
    v, u = np.indices(size)
    return np.stack((u, v, np.ones(size)), -1) @ np.linalg.inv(intrinsics).T


def plane(intrinsics, size):
    """Return the depth of a slanted plane."""
    return DISTANCE / (rays(intrinsics, size) @ NORMAL)


def sphere(intrinsics, size):
    """Return the depth of a sphere's near side, NaN beside it."""
    r = rays(intrinsics, size)
    a, b, c = (r * r).sum(-1), r @ CENTRE, CENTRE @ CENTRE - RADIUS ** 2
    with np.errstate(invalid='ignore'):
        return (b - np.sqrt(b * b - a * c)) / a


def model_view(pixel_map, intrinsics):
    """Return K of the model's image of a camera with these intrinsics."""
    return np.linalg.inv(pixel_map.to_original(np.eye(3))) @ intrinsics


def test_points_lie_on_their_pixels_rays():
    """A back-projected depth projects to the pixel it came from, also with skewed pixels."""
    skewed = K + [[0, 3, 0], [0, 0, 0], [0, 0, 0]]
    depth = plane(skewed, (40, 60))
    points = back_project(depth, skewed)
    assert points.shape == (40, 60, 3) and points.dtype == np.float32
    pixels = points @ skewed.T
    v, u = np.indices((40, 60))
    np.testing.assert_allclose(pixels[..., 0] / pixels[..., 2], u, atol=2e-3)
    np.testing.assert_allclose(pixels[..., 1] / pixels[..., 2], v, atol=2e-3)
    np.testing.assert_allclose(depth_of(points, skewed), depth, rtol=1e-6)


def test_depth_is_the_nearest_place_on_the_ray():
    """No other depth brings the back-projection nearer to a predicted point, wherever that lies."""
    size = (12, 16)
    points = back_project(plane(K, size), K) + np.random.default_rng(0).normal(0, 0.1, (*size, 3)).astype(np.float32)
    depth = depth_of(points, K)
    distance = np.linalg.norm(back_project(depth, K) - points, axis=-1)
    for change in (-1e-2, 1e-2):
        assert (np.linalg.norm(back_project(depth + np.float32(change), K) - points, axis=-1) > distance).all()


def test_no_depth_behind_the_camera_or_without_number():
    """A point behind the camera, in its centre, not finite or under an unknown focal length has no depth."""
    points = np.array([[[0, 0, -1], [0, 0, 0], [np.nan, 0, 1], [0, np.inf, 1], [np.inf, -np.inf, 1], [0, 0, 2]]])
    depth = depth_of(points, np.eye(3))
    assert np.isnan(depth[0, :5]).all() and depth[0, 5] == pytest.approx(2 / 26)
    assert np.isnan(depth_of(points, np.diag([np.nan, np.nan, 1]))).all()
    assert np.isnan(back_project(depth, K)[0, 0]).all()


@pytest.mark.parametrize(('height', 'width', 'preset'), [
    (480, 640, 'cut3r_512_dpt_4_64'), (294, 518, 'cut3r_512_dpt_4_64'), (600, 600, 'cut3r_512_dpt_4_64'),
    (480, 640, 'cut3r_224_linear_4'), (120, 160, 'cut3r_512_dpt_4_64'), (480, 360, 'small')])
def test_a_plane_keeps_its_place_at_the_cameras_resolution(height, width, preset):
    """The depth at the camera's resolution is exactly that of the plane that the model saw, up to the last pixel."""
    intrinsics = np.array([[0.8 * width, 0, width / 2 - 7], [0, 0.8 * width, height / 2 + 5], [0, 0, 1]])
    pixel_map = PixelMap.plan(height, width, PRESETS[preset])
    inner = model_view(pixel_map, intrinsics)
    points = back_project(plane(inner, pixel_map.size), inner)
    depth, confidence = CameraDepth(pixel_map, intrinsics).resample(points, points[..., 2])
    seen = np.isfinite(depth)
    np.testing.assert_allclose(depth[seen], plane(intrinsics, (height, width))[seen], rtol=2e-5)
    assert np.abs(back_project(depth, intrinsics)[seen] @ NORMAL - DISTANCE).max() < 1e-4
    assert depth.dtype == confidence.dtype == np.float32
    np.testing.assert_array_equal(np.isfinite(confidence), seen)
    np.testing.assert_allclose(confidence[seen], depth[seen], rtol=0.05)


@pytest.mark.parametrize(('height', 'width'), [(480, 640), (600, 600), (720, 1280), (1000, 400)])
def test_nothing_is_said_where_the_model_did_not_look(height, width):
    """A camera pixel has a depth exactly if its centre lies in the part that was resized and cut out."""
    pixel_map = PixelMap.plan(height, width, PRESETS['cut3r_512_dpt_4_64'])
    intrinsics = np.array([[500.0, 0, width / 2], [0, 500, height / 2], [0, 0, 1]])
    inner = model_view(pixel_map, intrinsics)
    depth, _ = CameraDepth(pixel_map, intrinsics).resample(
        back_project(np.full(pixel_map.size, 2.0), inner), np.ones(pixel_map.size, np.float32))
    expected = np.ones((height, width), bool)
    for axis, start in ((0, pixel_map.top), (1, pixel_map.left)):
        # From border to border, in camera pixels.
        scale = pixel_map.original[axis] / pixel_map.resized[axis]
        centre = np.arange(pixel_map.original[axis]) + 0.5
        inside = (centre >= start * scale) & (centre < (start + pixel_map.size[axis]) * scale)
        expected &= inside[:, None] if axis == 0 else inside
    np.testing.assert_array_equal(np.isfinite(depth), expected)


def test_edges_stay_sharp():
    """Across an occlusion edge each pixel has the depth of one of the two surfaces and none between."""
    pixel_map = PixelMap.plan(480, 640, PRESETS['small'])
    inner = model_view(pixel_map, K)
    near = np.hypot(*(np.indices(pixel_map.size) - np.array(pixel_map.size)[:, None, None] / 2)) < 25
    points = back_project(np.where(near, 1.0, 3.0), inner)
    depth, confidence = CameraDepth(pixel_map, K).resample(points, near.astype(np.float32))
    is_near, is_far = np.abs(depth - 1) < 1e-4, np.abs(depth - 3) < 1e-4
    assert (is_near | is_far).all()
    assert is_near.mean() == pytest.approx(near.mean(), rel=0.02)
    np.testing.assert_array_equal(confidence == 1, is_near)


def test_a_sphere_keeps_its_shape_and_its_holes():
    """Points at the camera's resolution lie on the sphere that the model saw; beside it there are none."""
    pixel_map = PixelMap.plan(480, 640, PRESETS['cut3r_512_dpt_4_64'])
    inner = model_view(pixel_map, K)
    points = back_project(sphere(inner, pixel_map.size), inner)
    depth, _ = CameraDepth(pixel_map, K).resample(points, np.ones(pixel_map.size, np.float32))
    truth = np.isfinite(sphere(K, (480, 640)))
    assert (np.isfinite(depth) == truth).mean() > 0.995
    off = np.abs(np.linalg.norm(back_project(depth, K)[np.isfinite(depth)] - CENTRE, axis=-1) - RADIUS)
    assert np.median(off) < 1e-4 and off.max() < 0.02


def test_depth_follows_the_cameras_rays_not_the_models():
    """Where the model was wrong about the focal length, depth lies on the camera's rays next to its points."""
    pixel_map = PixelMap.plan(384, 512, PRESETS['cut3r_512_dpt_4_64'])
    wrong = np.array([[450.0, 0, 256], [0, 450, 192], [0, 0, 1]])
    points = back_project(plane(wrong, pixel_map.size), wrong)
    depth, _ = CameraDepth(pixel_map, K).resample(points, np.ones(pixel_map.size, np.float32))
    r = rays(K, (384, 512))
    np.testing.assert_allclose(depth, (points * r).sum(-1) / (r * r).sum(-1), rtol=1e-5)


def test_points_of_another_image_are_refused():
    """Points that are not of the planned size raise and say what to do."""
    camera_depth = CameraDepth(PixelMap.plan(480, 640, PRESETS['small']), K)
    with pytest.raises(ValueError, match='make a CameraDepth for each PixelMap'):
        camera_depth.resample(np.ones((96, 127, 3)), np.ones((96, 127)))


def test_what_to_believe():
    """A pixel is believed if depth and confidence are numbers in range, and not among the least confident."""
    depth = np.array([[0.5, 1, 2, 3, 9, np.nan, -1, np.inf, 2]])
    confidence = np.array([[9, 1, 2, 3, 9, 9, 9, 9, np.nan]])
    assert valid(depth, confidence).tolist() == [[True] * 5 + [False] * 4]
    assert valid(depth, confidence, min_depth=1, max_depth=3).tolist() == [[False, True, True, True] + [False] * 5]
    assert valid(depth, confidence, confidence_threshold=2).tolist() == [[True, False, True, True, True] + [False] * 4]
    # Of the confidences 1 2 3 9 9 of the pixels that have a depth.
    assert valid(depth, confidence, confidence_percentile=50).tolist() == \
        [[True, False, False, True, True] + [False] * 4]
    assert valid(depth, confidence, confidence_percentile=100).tolist() == \
        [[True, False, False, False, True] + [False] * 4]
    assert not valid(np.full((2, 2), np.nan), np.ones((2, 2)), confidence_percentile=50).any()
