# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from ttt3r_ros.synthetic import Camera, Room, World, drive, walk

SIZE = (120, 160)
INTRINSICS = np.array([[130.0, 0, 79.5], [0, 128.0, 59.5], [0, 0, 1]])


@pytest.fixture(scope='module')
def room():
    return Room(3)


def reproject(depth, source, target):
    """Return where the source's pixels lie in the target, (h, w, 2), and their depth there (h, w)."""
    v, u = np.mgrid[:SIZE[0], :SIZE[1]].astype(float)
    points = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(INTRINSICS).T * depth[..., None]
    world = points @ source[:3, :3].T + source[:3, 3]
    local = (world - target[:3, 3]) @ target[:3, :3]
    pixels = local @ INTRINSICS.T
    with np.errstate(divide='ignore', invalid='ignore'):
        return pixels[..., :2] / pixels[..., 2:], local[..., 2]


def bilinear(image, pixels):
    x, y = np.clip(pixels[..., 0], 0, SIZE[1] - 1.001), np.clip(pixels[..., 1], 0, SIZE[0] - 1.001)
    left, top = x.astype(int), y.astype(int)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    image = image.reshape(*SIZE, -1).astype(float)
    upper = image[top, left] * (1 - fx) + image[top, left + 1] * fx
    lower = image[top + 1, left] * (1 - fx) + image[top + 1, left + 1] * fx
    return upper * (1 - fy) + lower * fy


def test_the_same_seed_gives_the_same_bytes(room):
    """Two rooms and walks of one seed agree in every bit; another seed gives another room."""
    again = Room(3)
    pose = walk(room, 20, 5)[7]
    assert np.array_equal(pose, walk(again, 20, 5)[7])
    image, depth = room.render(pose, INTRINSICS, SIZE)
    same_image, same_depth = again.render(pose, INTRINSICS, SIZE)
    assert np.array_equal(image, same_image) and np.array_equal(depth, same_depth)
    assert not np.array_equal(walk(room, 20, 6)[7], pose)
    assert not np.array_equal(Room(4).size, room.size)


def test_a_frame_has_the_promised_form_and_something_to_see(room):
    """Images are uint8 RGB with contrast, depths float32 metres inside the room's diagonal."""
    for pose in walk(room, 6, 0)[:-1]:
        image, depth = room.render(pose, INTRINSICS, SIZE)
        assert image.shape == (*SIZE, 3) and image.dtype == np.uint8
        assert depth.shape == SIZE and depth.dtype == np.float32
        assert image.std() > 20
        assert 0.3 < depth.min() and depth.max() < np.linalg.norm(room.size)


def test_frames_agree_with_each_other_through_poses_and_depth(room):
    """A pixel carried into another frame by depth and exact poses finds its own depth and colour there."""
    poses = walk(room, 60, 1)
    for i in range(0, 58, 9):
        image, depth = room.render(poses[i], INTRINSICS, SIZE)
        other, other_depth = room.render(poses[i + 2], INTRINSICS, SIZE)
        pixels, expected = reproject(depth, poses[i], poses[i + 2])
        inside = ((pixels > 0) & (pixels < [SIZE[1] - 1, SIZE[0] - 1])).all(-1) & (expected > 0)
        assert inside.mean() > 0.3
        found = 1 / bilinear(1 / other_depth, pixels)[..., 0]  # 1/z is linear on a plane, z is not
        agrees = np.abs(found[inside] / expected[inside] - 1) < 1e-3
        assert agrees.mean() > 0.85  # the rest is hidden in the other view, or on an edge
        difference = np.abs(bilinear(other, pixels) - image)[inside][agrees].mean(-1)
        assert np.median(difference) < 4 and np.mean(difference < 25) > 0.9


def test_depth_is_the_distance_to_the_geometry(room):
    """Points made from depth lie on the room's surfaces."""
    for pose in walk(room, 5, 2)[:-1]:
        _, depth = room.render(pose, INTRINSICS, SIZE)
        v, u = np.mgrid[:SIZE[0], :SIZE[1]].astype(float)
        points = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(INTRINSICS).T * depth[..., None]
        world = (points @ pose[:3, :3].T + pose[:3, 3]).reshape(-1, 3)
        assert np.mean(np.abs(room.clearance(world)) < 1e-3) > 0.99


def test_small_and_large_images_show_the_same(room):
    """An image of twice the size, averaged, is the image: textures are filtered and do not shimmer."""
    double = np.array([[260.0, 0, 159.5], [0, 256.0, 119.5], [0, 0, 1]])
    for pose in walk(room, 5, 8)[:-1]:
        large, _ = room.render(pose, double, (240, 320))
        mean = large.reshape(120, 2, 160, 2, 3).mean((1, 3))
        small, _ = room.render(pose, INTRINSICS, SIZE)
        assert np.abs(mean - small).mean() < 5


@pytest.mark.parametrize('seed', range(4))
def test_the_walk_is_smooth_free_and_comes_home(seed):
    """Poses are rigid, steps small and even, nothing nearer than 40 cm, and the last pose is the first."""
    room = Room(seed)
    poses = walk(room, 120, seed)
    rotations, places = poses[:, :3, :3], poses[:, :3, 3]
    assert np.allclose(rotations @ rotations.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(rotations), 1)
    assert np.array_equal(poses[0], poses[-1])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert 0.01 < steps.min() and steps.max() < 0.15
    assert np.linalg.norm(np.diff(places, 2, axis=0), axis=1).max() < 0.03
    turns = rotations[:-1].transpose(0, 2, 1) @ rotations[1:]
    angles = np.degrees(np.arccos(np.clip((np.trace(turns, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    assert angles.max() < 12
    assert room.clearance(places).min() > 0.4
    # Once round the middle, and not merely back and forth.
    around = np.unwrap(np.arctan2(places[:, 1], places[:, 0]))
    assert abs(around[-1] - around[0]) == pytest.approx(2 * np.pi, abs=1e-6)


def test_optical_axes_point_right_down_and_forward(room):
    """The image's rows go down in the world, and the camera looks along its z axis."""
    poses = walk(room, 10, 0)
    assert (poses[:, 2, 1] < -0.7).all()  # the camera's y axis points down
    pose = np.eye(4)
    pose[:3, :3] = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0.0]])  # looks along +y
    pose[:3, 3] = [0, 0, 2.0]
    _, depth = room.render(pose, np.array([[300.0, 0, 2], [0, 300, 2], [0, 0, 1]]), (5, 5))
    assert depth[2, 2] == pytest.approx(room.size[1] / 2, abs=0.7)


def test_a_camera_outside_the_room_is_refused(room):
    """Rendering from beyond a wall raises, and so does a walk of one frame."""
    pose = np.eye(4)
    pose[:3, 3] = [0, 0, 9]
    with pytest.raises(ValueError, match='outside'):
        room.render(pose, INTRINSICS, SIZE)
    with pytest.raises(ValueError, match='two frames'):
        walk(room, 1, 0)


def turns(poses):
    relative = poses[:-1, :3, :3].transpose(0, 2, 1) @ poses[1:, :3, :3]
    return np.degrees(np.arccos(np.clip((np.trace(relative, axis1=1, axis2=2) - 1) / 2, -1, 1)))


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('way', [walk, drive])
def test_long_ways_are_free_come_home_and_are_never_the_same_twice(way, seed):
    """Three laps with pauses keep clear of things, end where they began, and no lap repeats another."""
    room = Room(seed, density=20)
    poses = way(room, 300, seed, laps=3, pauses=2)
    places = poses[:, :3, 3]
    assert np.array_equal(poses[0], poses[-1])
    assert room.clearance(places).min() > 0.25
    assert turns(poses).max() < 25
    laps = places[:297].reshape(3, 99, 3)
    assert np.abs(laps[0] - laps[1]).max() > 0.03 or way is drive
    standing = np.linalg.norm(np.diff(places[:, :2], axis=0), axis=1) < 1e-4
    assert 3 < standing.sum() < 150


def test_a_robot_turns_in_place_and_its_camera_keeps_its_height():
    """Driving, there are frames that turn without moving, and the camera neither rises nor tilts."""
    poses = drive(Room(1, density=20), 400, 1)
    moves = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
    assert ((moves < 0.004) & (turns(poses) > 1)).sum() > 10
    assert np.ptp(poses[:, 2, 3]) < 0.01
    assert np.ptp(poses[:, 2, 2]) < 0.01  # how far the view points up


def test_a_camera_has_noise_blur_and_wandering_exposure(room):
    """Each fault changes the image as it should, and none changes depth."""
    poses = walk(room, 40, 2)[:6]
    def film(**faults):
        return list(Camera(SIZE, 70.0, **faults).film(room, poses, 4))
    clean = film()
    noisy, blurred, exposed = film(noise=4.0), film(shutter=0.5), film(swing=1.0)
    for other in (noisy, blurred, exposed):
        assert all(np.array_equal(a[1], b[1]) for a, b in zip(clean, other))
    residual = noisy[0][0].astype(float) - clean[0][0]
    assert 1.5 < residual[(clean[0][0] > 40) & (clean[0][0] < 200)].std() < 6
    def edges(frame):
        return np.abs(np.diff(frame[0].astype(float), axis=1)).mean()
    assert edges(blurred[0]) < 0.9 * edges(clean[0])
    assert any(abs(float(a[0].mean()) - float(b[0].mean())) > 5 for a, b in zip(clean, exposed))


def test_the_field_of_view_is_what_was_asked_for():
    """A camera of 90 degrees has a focal length of half its width."""
    assert Camera((96, 128), 90.0).intrinsics[0, 0] == pytest.approx(64)


def test_a_world_is_its_seed():
    """The same seed gives the same film; other seeds other rooms, cameras and ways."""
    def start(seed):
        world = World(seed, 30, (48, 64), density=20)
        return world, next(world.film())[0]
    (first, image), (again, same), (other, another) = start(7), start(7), start(8)
    assert np.array_equal(image, same) and np.array_equal(first.poses, again.poses)
    assert not np.array_equal(image, another) and not np.array_equal(first.intrinsics, other.intrinsics)


def test_many_frames_at_once_are_the_same_frames():
    """The renderer in PyTorch draws what the one in numpy does, blur and exposure too, over more than one batch."""
    world = next(w for w in (World(seed, 40, (24, 32), density=20) for seed in range(40)) if w._camera.shutter)
    for (image, depth), (other, other_depth) in zip(world.film(), world.film('cpu'), strict=True):
        assert (image != other).mean() < 1e-3
        np.testing.assert_allclose(other_depth, depth, rtol=1e-5)
