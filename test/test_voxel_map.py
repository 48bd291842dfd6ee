# SPDX-License-Identifier: Apache-2.0
"""The map against one kept cell by cell in a dictionary, its bounds, and its files read back."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from ttt3r_ros.reconstruction.voxel_map import VoxelMap, VoxelMapError

CELL = 0.25


def scan(seed, count=3000, low=-2.0, high=2.0):
    """Return points, colours and confidence as a frame gives them."""
    rng = np.random.default_rng(seed)
    return (rng.uniform(low, high, (count, 3)).astype(np.float32), rng.integers(0, 256, (count, 3), np.uint8),
            rng.uniform(1, 9, count).astype(np.float32))


def at(*xs, confidence=2.0):
    """Return points in the middle of the cells with these numbers along x."""
    points = np.zeros((len(xs), 3), np.float32)
    points[:, 0] = (np.array(xs) + 0.5) * CELL
    return points, np.full((len(xs), 3), 100, np.uint8), np.broadcast_to(np.float32(confidence), len(xs))


def cells(voxel_map):
    """Return the numbers along x of the cells that hold something."""
    return sorted(np.floor(voxel_map.cloud().points[:, 0] / CELL).astype(int).tolist())


def test_each_cell_holds_its_weighted_mean():
    """After many frames each cell has the confidence-weighted mean of position and colour, and mean confidence."""
    voxel_map, truth = VoxelMap(CELL, 10_000), {}
    for seed in range(6):
        frame = scan(seed, low=-2 + 0.4 * seed)
        voxel_map.insert(*frame)
        for point, colour, confidence in zip(*frame):
            truth.setdefault(tuple(np.floor(point / CELL).astype(int)), []).append((*point, *colour, confidence))
    cloud = voxel_map.cloud()
    assert len(voxel_map) == len(truth) == len(cloud.points)
    for point, colour, confidence in zip(cloud.points, cloud.colours, cloud.confidence):
        seen = np.array(truth.pop(tuple(np.floor(point / CELL).astype(int))), np.float64)
        mean = np.average(seen[:, :6], axis=0, weights=seen[:, 6])
        np.testing.assert_allclose(point, mean[:3], atol=1e-5)
        np.testing.assert_allclose(colour, mean[3:], atol=0.51)
        assert confidence == pytest.approx(seen[:, 6].mean(), rel=1e-5)
    assert cloud.points.dtype == cloud.confidence.dtype == np.float32 and cloud.colours.dtype == np.uint8


def test_the_oldest_cells_go_first():
    """Above capacity the cells seen longest ago make room, and seeing a cell again makes it young."""
    voxel_map = VoxelMap(CELL, 4, 'oldest')
    for frame in ((0, 1), (2,), (0,), (3, 4)):
        voxel_map.insert(*at(*frame, confidence=1 if 3 in frame else 9))
    assert cells(voxel_map) == [0, 2, 3, 4]
    voxel_map.insert(*at(-7))
    assert cells(voxel_map) == [-7, 0, 3, 4]


def test_the_least_confident_cells_go_first():
    """Above capacity the cells of the lowest mean confidence make room, old or new."""
    voxel_map = VoxelMap(CELL, 3, 'least_confident')
    for x, confidence in ((0, 5), (1, 2), (2, 8), (3, 4)):
        voxel_map.insert(*at(x, confidence=confidence))
    assert cells(voxel_map) == [0, 2, 3]
    voxel_map.insert(*at(9, confidence=3))
    assert cells(voxel_map) == [0, 2, 3]
    for _ in range(4):
        voxel_map.insert(*at(0, confidence=1))
    voxel_map.insert(*at(9, confidence=3))
    assert cells(voxel_map) == [2, 3, 9]


def test_one_cell_makes_room_for_one():
    """The very least confident of a thousand goes, wherever it lies among the others."""
    confidence = np.random.default_rng(5).permutation(1000) + 2
    voxel_map = VoxelMap(CELL, 1000, 'least_confident')
    voxel_map.insert(*at(*range(1000), confidence=confidence))
    voxel_map.insert(*at(-1, confidence=5000))
    assert cells(voxel_map) == [-1, *(x for x in range(1000) if confidence[x] != 2)]


@pytest.mark.parametrize('policy', ['oldest', 'least_confident'])
def test_a_full_map_still_finds_its_cells(policy):
    """Through many rounds of eviction no cell is held twice, and every cell's mean stays inside it."""
    voxel_map = VoxelMap(CELL, 700, policy)
    for seed in range(40):
        voxel_map.insert(*scan(seed, 400, low=-3 + 0.1 * seed, high=-1 + 0.1 * seed))
        points = voxel_map.cloud().points
        inside = np.floor(points.astype(np.float64) / CELL).astype(int)
        assert len(np.unique(inside, axis=0)) == len(points) == len(voxel_map) <= 700
    assert len(voxel_map) == 700
    # A cell that is there is found: to see it again adds none.
    voxel_map.insert(points, np.zeros((700, 3), np.uint8), np.ones(700, np.float32))
    assert len(voxel_map) == 700
    np.testing.assert_array_equal(np.unique(np.floor(voxel_map.cloud().points / CELL), axis=0),
                                  np.unique(np.floor(points / CELL), axis=0))


@pytest.mark.parametrize('policy', ['oldest', 'least_confident'])
def test_one_frame_larger_than_the_map(policy):
    """A frame with more cells than the map may have leaves the map full, by confidence if that decides."""
    voxel_map = VoxelMap(CELL, 5, policy)
    voxel_map.insert(*at(100, confidence=100))
    voxel_map.insert(*at(*range(20), confidence=np.arange(1, 21)))
    assert len(voxel_map) == 5
    if policy == 'least_confident':
        assert cells(voxel_map) == [16, 17, 18, 19, 100]
    else:
        assert 100 not in cells(voxel_map)


@pytest.mark.parametrize('policy', ['oldest', 'least_confident'])
def test_memory_is_flat(policy):
    """What the map holds is taken at the start; frames after frames in new places add nothing."""
    tracemalloc.start()
    try:
        voxel_map = VoxelMap(CELL, 50_000, policy)
        at_start = tracemalloc.get_traced_memory()[0]
        for i in range(30):
            voxel_map.insert(*scan(i, low=20 * i, high=20 * i + 10))
        assert len(voxel_map) == 50_000
        assert tracemalloc.get_traced_memory()[0] < at_start + 20_000
        assert at_start < 50_000 * 50
    finally:
        tracemalloc.stop()


def test_points_without_number_or_confidence_are_left_out():
    """What is not finite, of no confidence or out of reach leaves no trace; nor does a frame of nothing."""
    points, colours, confidence = (a.copy() for a in at(0, 1, 2, 3, 4, 5))
    points[0, 1], points[1, 2], points[2, 0] = np.nan, np.inf, 1e9
    confidence[3], confidence[4] = 0, np.nan
    voxel_map = VoxelMap(CELL, 10)
    voxel_map.insert(points, colours, confidence)
    voxel_map.insert(points[:0], colours[:0], confidence[:0])
    assert cells(voxel_map) == [5]


def test_a_cleared_map_is_empty():
    """After clear nothing of before is left, in number or in means."""
    voxel_map = VoxelMap(CELL, 10)
    voxel_map.insert(*at(1, 2))
    voxel_map.clear()
    assert len(voxel_map) == 0 and voxel_map.cloud().points.shape == (0, 3)
    voxel_map.insert(*at(2, confidence=7))
    assert cells(voxel_map) == [2] and voxel_map.cloud().confidence == [7]


def test_ply_holds_the_map():
    """The PLY file's header and bytes are the map's positions, colours and confidence."""
    voxel_map = VoxelMap(CELL, 10_000)
    voxel_map.insert(*scan(0))
    header, data = voxel_map.ply().split(b'end_header\n', 1)
    cloud, n = voxel_map.cloud(), len(voxel_map)
    assert header.decode().splitlines() == [
        'ply', 'format binary_little_endian 1.0', f'element vertex {n}', 'property float x', 'property float y',
        'property float z', 'property uchar red', 'property uchar green', 'property uchar blue',
        'property float scalar_confidence']
    rows = np.frombuffer(data, np.uint8).reshape(n, 19)
    np.testing.assert_array_equal(np.ascontiguousarray(rows[:, :12]).view('<f4'), cloud.points)
    np.testing.assert_array_equal(rows[:, 12:15], cloud.colours)
    np.testing.assert_array_equal(np.ascontiguousarray(rows[:, 15:]).view('<f4')[:, 0], cloud.confidence)


def test_pcd_holds_the_map():
    """The PCD file's header and bytes are the map's positions, colours packed as PCL does, and confidence."""
    voxel_map = VoxelMap(CELL, 10_000)
    voxel_map.insert(*scan(0))
    header, data = voxel_map.pcd().split(b'DATA binary\n', 1)
    cloud, n = voxel_map.cloud(), len(voxel_map)
    entries = dict(line.split(' ', 1) for line in header.decode().splitlines() if not line.startswith('#'))
    assert entries == {
        'VERSION': '0.7', 'FIELDS': 'x y z rgb intensity', 'SIZE': '4 4 4 4 4', 'TYPE': 'F F F F F',
        'COUNT': '1 1 1 1 1', 'WIDTH': str(n), 'HEIGHT': '1', 'VIEWPOINT': '0 0 0 1 0 0 0', 'POINTS': str(n)}
    rows = np.frombuffer(data, '<f4').reshape(n, 5)
    np.testing.assert_array_equal(rows[:, :3], cloud.points)
    np.testing.assert_array_equal(rows[:, 4], cloud.confidence)
    blue_green_red_0 = np.ascontiguousarray(rows[:, 3]).view(np.uint8).reshape(n, 4)
    np.testing.assert_array_equal(blue_green_red_0, np.c_[cloud.colours[:, ::-1], np.zeros(n, np.uint8)])


@pytest.mark.parametrize(('settings', 'told'), [
    ((0, 10), 'cell 0 m.*at least'), ((np.nan, 10), 'cell nan'), ((0.1, 0), 'capacity 0.*at least 1'),
    ((0.1, 10, 'newest'), "policy 'newest' is unknown: take one of oldest, least_confident")])
def test_impossible_maps_are_refused(settings, told):
    """A map that cannot be is refused with the setting's name and what to take."""
    with pytest.raises(VoxelMapError, match=told):
        VoxelMap(*settings)


def test_points_that_do_not_fit_together_are_refused():
    """Points, colours and confidence of different numbers raise and leave the map as it was."""
    voxel_map = VoxelMap(CELL, 10)
    points, colours, confidence = at(1, 2)
    for wrong in ((points, colours[:1], confidence), (points[:1], colours, confidence), (points, colours, points)):
        with pytest.raises(VoxelMapError, match='do not belong together'):
            voxel_map.insert(*wrong)
    assert len(voxel_map) == 0
