# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.synthetic import Camera, WideWorld
from ttt3r_ros.synthetic.hand import CLOSE, FASTEST, carried
from ttt3r_ros.synthetic.passer import Passer
from ttt3r_ros.synthetic.photographs import Album
from ttt3r_ros.synthetic.wide_room import WideRoom

SIZE = (48, 64)
DENSITY = 20.0
FRAMES = 24


@pytest.fixture(scope='module')
def room():
    return WideRoom(5, DENSITY)


def test_a_wide_world_is_its_seed_and_the_number_of_its_film():
    """The same seed and number give the same bytes; another number another way, another seed another room."""
    first, again = WideWorld(5, 4, SIZE, DENSITY), WideWorld(6, 4, SIZE, DENSITY)
    films = {}
    for world in (first, WideWorld(5, 4, SIZE, DENSITY), again):
        for number in (0, 1):
            world.take(number, 4)
            films.setdefault(number, []).append((world.poses, np.stack([image for image, _ in world.film()])))
    for number in (0, 1):
        (poses, images), (same_poses, same), (other_poses, other) = films[number]
        assert np.array_equal(poses, same_poses) and np.array_equal(images, same)
        assert not np.allclose(poses, other_poses) and not np.array_equal(images, other)
    assert not np.allclose(films[0][0][0], films[1][0][0])


def test_ways_are_smooth_clear_of_everything_and_of_every_kind(room):
    """Thirty ways: none touches anything or jumps; among them are low and high, tilted, rolled and sideways ones."""
    heights, pitches, rolls, sideways, paces = [], [], [], [], []
    for seed in range(30):
        poses = carried(room, FRAMES, np.random.default_rng(seed))
        assert poses.shape == (FRAMES, 4, 4)
        turn, place = poses[:, :3, :3], poses[:, :3, 3]
        assert np.allclose(turn @ turn.transpose(0, 2, 1), np.eye(3), atol=1e-9) and (np.linalg.det(turn) > 0).all()
        assert room.clearance(place).min() > CLOSE
        steps = np.diff(place, axis=0)
        assert np.linalg.norm(steps, axis=1).max() < 0.3
        between = Rotation.from_matrix(turn[:-1].transpose(0, 2, 1) @ turn[1:])
        assert np.degrees(between.magnitude()).max() < FASTEST
        heights.append(place[:, 2].mean())
        pitches.append(np.degrees(np.arcsin(turn[:, 2, 2])).mean())
        rolls.append(np.degrees(np.arcsin(np.clip(turn[:, 2, 0], -1, 1))).std())
        local = (steps[:, None] @ turn[:-1])[:, 0]
        sideways.append(np.abs(local[:, 0]).sum() / np.abs(local).sum())
        paces.append(np.linalg.norm(steps, axis=1).mean())
    assert min(heights) < 0.6 and max(heights) > 1.4
    assert min(pitches) < -25 and max(pitches) > 5
    assert max(rolls) > 2 and max(sideways) > 0.5 and min(paces) < 0.02 and max(paces) > 0.06


def test_photographs_change_what_is_seen_and_nothing_else():
    """With an album surfaces have its colours, without one they have not; an empty one is refused."""
    album = Album([np.full((64, 64, 3), (250, 20, 250), np.uint8)])
    plain, painted = WideWorld(7, 3, SIZE, DENSITY), WideWorld(7, 3, SIZE, DENSITY, album)
    magenta = [np.mean([((image[..., 0] > image[..., 1] + 40) & (image[..., 2] > image[..., 1] + 40)).mean()
                        for image, _ in world.film()]) for world in (plain, painted)]
    assert magenta[1] > magenta[0] + 0.1
    with pytest.raises(ValueError, match='at least one picture'):
        Album([])


def test_a_photograph_is_tiled_without_seams():
    """Neighbouring texels of a smooth picture differ by little, over mirrored edges too."""
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    picture = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(128)), -1)
    x, y = np.arange(300)[None] / 60, np.arange(200)[:, None] / 60
    for seed in range(8):
        rng = np.random.default_rng(seed)
        painted = Album([picture]).painter(rng)(rng, x, y)
        assert painted.shape == (200, 300, 3) and painted.dtype == np.float32
        assert 0 <= painted.min() and painted.max() <= 1 and painted.std() > 0.01
        assert max(np.abs(np.diff(painted, axis=axis)).max() for axis in (0, 1)) < 0.2


def test_a_passer_hides_what_is_behind_and_nothing_before(room):
    """Where somebody is seen the depth is nearer than the room's, within a person's reach; else nothing changes."""
    poses = carried(room, FRAMES, np.random.default_rng(3))
    matrix = Camera(SIZE, 70).intrinsics
    somebody = 0
    for seed in range(6):
        passer = Passer(np.random.default_rng(seed), poses, DENSITY)
        for k in range(0, FRAMES, 6):
            image, depth = room.render(poses[k], matrix, SIZE)
            with_somebody, nearer = image.copy(), depth.copy()
            seen = passer.enter(with_somebody, nearer, poses[k], matrix, k)
            assert (nearer[seen] < depth[seen]).all()
            assert np.array_equal(nearer[~seen], depth[~seen]) and np.array_equal(with_somebody[~seen], image[~seen])
            somebody += seen.any()
    assert somebody > 6


def test_a_rolling_shutter_leans_what_a_global_one_keeps_upright(room):
    """As a camera turns, rows above and below the middle are seen earlier and later; standing, both are the same."""
    still = np.tile(carried(room, 2, np.random.default_rng(1))[:1], (3, 1, 1))
    turning = still.copy()
    for k in range(3):
        turning[k, :3, :3] = still[k, :3, :3] @ Rotation.from_rotvec([0, np.radians(8 * k), 0]).as_matrix()
    rolling, steady = Camera(SIZE, 70, readout=0.9), Camera(SIZE, 70)

    def shot(camera, poses, k):
        return list(camera.film(room, poses, 0))[k]

    assert np.array_equal(shot(rolling, still, 1)[0], shot(steady, still, 1)[0])
    leaning, upright = shot(rolling, turning, 1), shot(steady, turning, 1)
    assert not np.array_equal(leaning[0], upright[0])
    # The top band is as a camera sees it that is 0.9 × 3/8 of a frame behind.
    back = turning[1].copy()
    back[:3, :3] = turning[1, :3, :3] @ Rotation.from_rotvec([0, -np.radians(8 * 0.9 * 3 / 8), 0]).as_matrix()
    rows = SIZE[0] // 4
    assert np.allclose(leaning[1][:rows], room.render(back, steady.intrinsics, SIZE)[1][:rows], rtol=1e-4)
