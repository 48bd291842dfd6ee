# SPDX-License-Identifier: Apache-2.0
"""Which points of a frame are kept, organised or flat."""

from __future__ import annotations

import numpy as np
import pytest

from ttt3r_ros.reconstruction.cloud import CloudFilter, CloudFilterError, cell_keys
from ttt3r_ros.reconstruction.depth import back_project, between_surfaces

K = np.array([[60.0, 0, 40], [0, 60, 30], [0, 0, 1]])


@pytest.fixture
def frame():
    """Points of a floor seen from 1.2 m above, colours that number the pixels, and distinct confidences."""
    v, u = np.indices((61, 81))
    points = back_project(np.where(v > 34, 1.2 * 60 / np.maximum(v - 30, 1), 18.0), K)
    colours = np.stack((u, v, u * 0), -1).astype(np.uint8)
    confidence = 1 + np.random.default_rng(0).permutation(61 * 81).reshape(61, 81).astype(np.float32) / 1000
    return points, colours, confidence


def test_nothing_is_lost_unasked(frame):
    """The filter as it starts keeps every point, colour and confidence in its place."""
    organised, flat = (CloudFilter().apply(*frame, organised=way) for way in (True, False))
    for name, given in zip(('points', 'colours', 'confidence'), frame):
        np.testing.assert_array_equal(getattr(organised, name), given)
        np.testing.assert_array_equal(getattr(flat, name), given.reshape(-1, *given.shape[2:]))
    assert organised.points.dtype == flat.points.dtype == np.float32


@pytest.mark.parametrize('settings', [
    {'confidence_percentile': 30}, {'confidence_threshold': 2.5}, {'min_depth': 3}, {'max_depth': 8}, {'stride': 3},
    {'voxel': 0.4}, {'confidence_percentile': 20, 'min_depth': 3, 'max_depth': 12, 'stride': 2, 'voxel': 0.2}])
def test_an_organised_cloud_holds_the_flat_ones_points(frame, settings):
    """Organised, each point stays at its pixel, what is left out is NaN, and the rest is the flat cloud."""
    points, colours, confidence = frame
    cloud_filter = CloudFilter(**settings)
    organised, flat = (cloud_filter.apply(*frame, organised=way) for way in (True, False))
    step = settings.get('stride', 1)
    np.testing.assert_array_equal(organised.colours, colours[::step, ::step])
    kept = np.isfinite(organised.points).all(-1)
    np.testing.assert_array_equal(np.isnan(organised.points).all(-1), ~kept)
    np.testing.assert_array_equal(organised.points[kept], points[::step, ::step][kept])
    for name in ('points', 'colours', 'confidence'):
        np.testing.assert_array_equal(getattr(organised, name)[kept], getattr(flat, name))
    assert 0 < len(flat.points) < points[..., 0].size
    np.testing.assert_array_equal(frame[0], points)


def test_depth_and_confidence_decide(frame):
    """Exactly the points in the depth range, above the threshold and above the percentile are kept."""
    points, _, confidence = frame
    assert (CloudFilter(min_depth=3, max_depth=8).apply(*frame, organised=False).points[:, 2]
            == points[(points[..., 2] >= 3) & (points[..., 2] <= 8)][:, 2]).all()
    assert CloudFilter(confidence_threshold=2.5).apply(*frame, organised=False).confidence.min() == np.float32(2.5)
    flat = CloudFilter(confidence_percentile=25).apply(*frame, organised=False)
    assert len(flat.points) == np.ceil(0.75 * confidence.size) and flat.confidence.min() >= np.sort(
        confidence.ravel())[confidence.size // 4]


def test_a_voxel_keeps_its_most_confident_point(frame):
    """Each occupied cell keeps one point, of all that fell into it the most confident."""
    points, _, confidence = frame
    flat = CloudFilter(voxel=0.4).apply(*frame, organised=False)
    best = {}
    for point, score in zip(points.reshape(-1, 3), confidence.ravel()):
        cell = tuple(np.floor(point.astype(np.float64) / 0.4).astype(int))
        best[cell] = max(best.get(cell, 0), score)
    assert sorted(flat.confidence) == sorted(best.values())


def test_of_equals_the_first_stays():
    """Where all confidences are equal, a cell keeps its first point, so that runs repeat."""
    points = np.linspace(0.1, 0.9, 12, dtype=np.float32).reshape(3, 4)[..., None].repeat(3, -1)
    colours, confidence = np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.float32)
    flat = CloudFilter(voxel=1).apply(points, colours, confidence, organised=False)
    np.testing.assert_array_equal(flat.points, points[:1, 0])


def stairs(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return depth (61, 81) of a slanted wall with a nearer board before it, resized, and where pixels hang between."""
    v, u = np.indices((61 * 4, 81 * 4))
    wall, board = 1 / (0.2 + 0.0004 * u + 0.0003 * v), 1 / (0.7 + 0.0002 * v)
    before = (abs(u - 150.6) < 50) & (abs(v - 120.3) < 70)
    fine = np.where(before, board, wall)
    blocks = before.reshape(61, 4, 81, 4)
    mixed = blocks.any(axis=(1, 3)) & ~blocks.all(axis=(1, 3))
    return fine.reshape(61, 4, 81, 4).mean(axis=(1, 3)).astype(np.float32), mixed


def test_what_hangs_between_two_surfaces_is_left_out():
    """Pixels that resizing has put between a board and the wall behind it go; board, wall and the floor stay."""
    depth, mixed = stairs()
    points = back_project(depth, K)
    colours, confidence = np.zeros(points.shape, np.uint8), np.ones(depth.shape, np.float32)
    kept = np.isfinite(CloudFilter(outliers=0.03).apply(points, colours, confidence, organised=True).points[..., 2])
    assert (~kept & mixed).sum() > 0.9 * mixed.sum() > 50
    assert (~kept & ~mixed).sum() <= 0.01 * (~mixed).sum()
    strided = CloudFilter(outliers=0.03, stride=4).apply(points, colours, confidence, organised=True)
    np.testing.assert_array_equal(np.isfinite(strided.points[..., 2]), kept[::4, ::4])


def test_planes_poles_and_gaps_are_no_outliers(frame):
    """A floor seen at a grazing angle, a pole one pixel wide, a gap as narrow, and a hole with no depth all stay."""
    assert not between_surfaces(frame[0][..., 2][36:], 0.01).any()
    flat = np.full((30, 40), 4.0, np.float32)
    for depth in (2.0, 8.0, np.nan):
        scene = flat.copy()
        scene[:, 20] = depth
        assert not between_surfaces(scene, 0.03).any()
    assert not between_surfaces(np.full((3, 3), np.nan, np.float32), 0.03).any()


def test_no_number_no_point(frame):
    """A point or confidence that is not finite is never kept, whatever the settings."""
    points, colours, confidence = (a.copy() for a in frame)
    points[0, 0, 0], points[0, 1, 2], points[0, 2], confidence[0, 3] = np.nan, np.inf, -1, np.nan
    for settings in ({}, {'voxel': 0.4}, {'confidence_percentile': 5}):
        cloud = CloudFilter(**settings).apply(points, colours, confidence, organised=True)
        assert np.isnan(cloud.points[0, :4]).all() and np.isfinite(cloud.points[1:]).any()
    nothing = CloudFilter(voxel=0.4).apply(np.full_like(points, np.nan), colours, confidence, organised=False)
    assert nothing.points.shape == (0, 3) and nothing.confidence.shape == (0,)


def test_cells_are_cubes_about_whole_multiples():
    """Points share a key exactly if they lie in one cell, on both sides of the origin; beyond reach it is -1."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (2000, 3))
    keys = cell_keys(points, 0.25)
    cells = np.floor(points / 0.25).astype(int)
    _, by_key = np.unique(keys, return_inverse=True)
    _, by_cell = np.unique(cells, axis=0, return_inverse=True)
    assert len(set(zip(by_key, by_cell.ravel()))) == by_key.max() + 1 == by_cell.max() + 1
    assert (keys >= 0).all()
    far = np.array([[2.0 ** 20, 0, 0], [0, -2.0 ** 20 - 0.5, 0], [np.nan, 0, 0], [0, np.inf, 0], [-2.0 ** 20, 0, 0]])
    assert (cell_keys(far, 1.0) >= 0).tolist() == [False, False, False, False, True]


@pytest.mark.parametrize(('settings', 'told'), [
    ({'confidence_percentile': 100}, 'confidence_percentile 100.*less than 100'),
    ({'confidence_percentile': 101}, 'confidence_percentile 101.*take 0'),
    ({'confidence_threshold': np.nan}, 'confidence_threshold nan.*take 0'),
    ({'min_depth': 2, 'max_depth': 2}, 'min_depth 2.*max_depth 2'), ({'min_depth': -1}, 'min_depth'),
    ({'outliers': -0.1}, 'outliers -0.1.*take 0'), ({'outliers': np.nan}, 'outliers nan'),
    ({'outliers': 1}, 'outliers 1.*0.03'),
    ({'stride': 0}, 'stride 0.*whole number'), ({'max_points': -1}, 'max_points -1'), ({'stride': 1.5}, 'stride 1.5'),
    ({'voxel': -0.1}, 'voxel -0.1 m.*at least'), ({'voxel': 1e-6}, 'voxel 1e-06'), ({'voxel': np.inf}, 'voxel inf')])
def test_impossible_settings_are_refused(settings, told):
    """A setting by which nothing could be kept is refused with its name and what to take."""
    with pytest.raises(CloudFilterError, match=f'^{told}'):  # the node puts `points.` before it
        CloudFilter(**settings)


@pytest.mark.parametrize(('settings', 'stride'), [
    ({'max_points': 3072}, 1), ({'max_points': 3071}, 2), ({'max_points': 192, 'stride': 3}, 4),
    ({'max_points': 1}, 64), ({'max_points': 3072, 'stride': 3}, 3)])
def test_a_cloud_is_thinned_by_its_size(settings, stride):
    """The stride grows until no more than max_points are left, from the one that is set."""
    points = np.random.default_rng(0).uniform(1, 5, (48, 64, 3)).astype(np.float32)
    colours, confidence = np.zeros((48, 64, 3), np.uint8), np.ones((48, 64), np.float32)
    cloud = CloudFilter(**settings).apply(points, colours, confidence, organised=True)
    np.testing.assert_array_equal(cloud.points, points[::stride, ::stride])
