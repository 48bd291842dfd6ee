# SPDX-License-Identifier: Apache-2.0
"""Masks and measured depth on the model's pixels, and the scale that a depth camera tells."""

from __future__ import annotations

import numpy as np
import pytest

from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.reconstruction.aligned import AlignedError, depth_on_model, mask_on_model, resized
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.scale import DepthScale

CONFIG = PRESETS['small']


@pytest.mark.parametrize('size', [(480, 640), (360, 640), (640, 480), (48, 64), (96, 128)])
def test_a_pixel_is_left_out_where_the_mask_touches_it(size):
    """Whatever is resized and cut: a square in the camera's image is the same square in the model's, and no smaller."""
    pixel_map = PixelMap.plan(*size, CONFIG)
    mask = np.zeros(size, bool)
    rows, cols = slice(int(size[0] * 0.4), int(size[0] * 0.6)), slice(int(size[1] * 0.3), int(size[1] * 0.5))
    mask[rows, cols] = True
    found = mask_on_model(mask, pixel_map)
    assert found.shape == pixel_map.size
    # Where the square's corners lie in the model's image.
    to_model = np.linalg.inv(pixel_map.to_original(np.eye(3)))
    left, top, _ = to_model @ [cols.start - 0.5, rows.start - 0.5, 1]
    right, bottom, _ = to_model @ [cols.stop - 0.5, rows.stop - 0.5, 1]
    v, u = np.indices(found.shape)
    inside = (u >= left) & (u <= right) & (v >= top) & (v <= bottom)
    near = (u >= left - 1.5) & (u <= right + 1.5) & (v >= top - 1.5) & (v <= bottom + 1.5)
    assert found[inside].all() and not found[~near].any() and inside.any()
    assert not mask_on_model(np.zeros(size, bool), pixel_map).any()


def test_a_single_pixel_is_enough():
    """A mask of one pixel of a large image leaves its pixel of the model's out."""
    pixel_map = PixelMap.plan(480, 640, CONFIG)
    mask = np.zeros((480, 640), bool)
    mask[240, 320] = True
    assert 1 <= mask_on_model(mask, pixel_map).sum() <= 4


@pytest.mark.parametrize('size', [(480, 640), (360, 640), (96, 128)])
def test_depth_is_read_at_the_centres_of_the_model_s_pixels(size):
    """A ramp over the camera's image has, at each model pixel, the value of the camera's pixel that lies there."""
    pixel_map = PixelMap.plan(*size, CONFIG)
    v, u = np.indices(size, np.float32)
    to_camera = pixel_map.to_original(np.eye(3))
    rows, cols = np.indices(pixel_map.size)
    for ramp, axis, index in ((u, 0, cols), (v, 1, rows)):
        expected = np.clip(to_camera[axis, axis] * index + to_camera[axis, 2], 0, ramp.max())
        assert np.abs(depth_on_model(ramp, pixel_map) - expected).max() <= 0.5 + 1e-4


def test_another_size_is_resampled_and_another_shape_refused():
    """Half the size is taken pixel for pixel, a depth camera's own 16:9 beside a 4:3 image is named."""
    half = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(resized(half, (6, 8), 'depth'), np.kron(half, np.ones((2, 2))))
    assert resized(half, (3, 4), 'depth') is half
    for shape in ((480, 848), (640, 480), (0, 4)):
        with pytest.raises(AlignedError, match=r'the mask has .* pixels, another shape'):
            resized(np.zeros(shape, np.uint8), (480, 640), 'mask')


def test_the_scale_is_the_median_ratio_of_confident_pixels():
    """Holes, a few wild pixels and a wrong, unsure half of the image leave the scale as it is."""
    rng, estimator = np.random.default_rng(0), DepthScale()
    for _ in range(20):
        model = rng.uniform(1, 4, (48, 64)).astype(np.float32)
        measured, confidence = 1.7 * model, np.full(model.shape, 5.0, np.float32)
        confidence[:, :30], measured[:, :30] = 1.5, 9.0
        measured[rng.random(model.shape) < 0.3] = np.nan
        measured[rng.random(model.shape) < 0.05] *= 5
        estimator.add(measured, model, confidence)
    found = estimator.estimate
    assert found.accepted and found.scale == pytest.approx(1.7, rel=1e-3) and found.samples == 20


def test_a_depth_camera_that_sees_nothing_teaches_nothing():
    """Without enough pixels that have both depths there is no sample; frozen there is none either."""
    estimator, model = DepthScale(), np.ones((48, 64), np.float32)
    few = np.full(model.shape, np.nan, np.float32)
    few[0, :50] = 2
    estimator.add(few, model, model)
    estimator.add(2 * model, np.full_like(model, np.nan), model)
    estimator.frozen = True
    estimator.add(2 * model, model, model)
    assert estimator.estimate.samples == 0
