# SPDX-License-Identifier: Apache-2.0
"""Images set a told step right, whatever the metre is, and leave it where they show nothing."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction import step_refinement as module
from ttt3r_ros.reconstruction.depth import back_project
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.lens import Lens
from ttt3r_ros.reconstruction.odometry import Odometry
from ttt3r_ros.reconstruction.place import Place
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.step_fit import PLACE, SCALE, TURN, Fit, _moved, presumed
from ttt3r_ros.reconstruction.step_refinement import RefinedStep, Step, _seen_from, _step, refined_step, told_step
from ttt3r_ros.reconstruction.tracking import Bounds, TrackingMonitor, TrackingState
from ttt3r_ros.reconstruction.trajectory import Boundary, Similarity, extent
from ttt3r_ros.reconstruction.twist import stretched
from ttt3r_ros.reconstruction.uncertainty import Coefficients, nees
from ttt3r_ros.synthetic import WideWorld, World

SIZE = 96, 128
FRAMES, PACE = 10, 192  # of the walk, and of the laps that its pace is of
OFF = np.array([0.03, -0.02, 0.03]), np.array([0.02, -0.03, 0.02])  # metres and radians that a told step is wrong by


@pytest.fixture(scope='module')
def walk():
    """A walk through a room: poses, focal length in pixels, and image and depth of each frame."""
    world = World(810_007, PACE, SIZE)
    poses = world.poses[:FRAMES]
    return poses, float(world.intrinsics[0, 0]), list(world.film_from(poses))


def seen(walk, k: int, depth_off=1.0, focal_off: float = 1.0) -> Boundary:
    poses, focal, film = walk
    points = back_project(film[k][1] * np.float32(depth_off), pinhole(focal * focal_off, SIZE))
    return Boundary(poses[k], points, np.full(SIZE, 9, np.float32), focal * focal_off)


def wrong(boundary: Boundary) -> Boundary:
    """Tell the pose wrongly."""
    off = np.eye(4)
    off[:3, 3], off[:3, :3] = OFF[0], rotation.of_vector(OFF[1])
    return replace(boundary, pose=boundary.pose @ off)


def errors(walk, k: int, step: np.ndarray) -> tuple[float, float]:
    """Return metres and radians that a step from the k'th frame is wrong by."""
    poses = walk[0]
    return extent(np.linalg.inv(np.linalg.inv(poses[k]) @ poses[k + 1]) @ step)


def step_between(image, first: Boundary, other, second: Boundary, left_out=None) -> np.ndarray:
    return whole_step(image, first, other, second, left_out).pose


def whole_step(image, first: Boundary, other, second: Boundary, left_out=None) -> Step:
    found = refined_step(image, first, other, second, FocalLength.told(first.focal), left_out)
    return told_step(first, second) if found is None else found


def refined(walk, k: int, first: Boundary, second: Boundary) -> np.ndarray:
    return step_between(walk[2][k][0], first, walk[2][k + 1][0], second)


def test_a_wrong_step_is_set_right(walk):
    """Half of a told step's shift that is wrong goes, and nine tenths of its turn."""
    found = np.array([errors(walk, k, refined(walk, k, seen(walk, k), wrong(seen(walk, k + 1))))
                      for k in range(FRAMES - 1)])
    told = np.array([errors(walk, k, np.linalg.inv(walk[0][k]) @ wrong(seen(walk, k + 1)).pose)
                     for k in range(FRAMES - 1)])
    assert np.median(found, axis=0) @ (1 / np.median(told, axis=0)) < 0.6, (found, told)
    assert np.median(found[:, 1]) < 0.1 * np.median(told[:, 1])


def test_depth_that_is_wrong_does_not_turn_the_camera(walk):
    """Depth that is a fifth too long here and too short there, and a focal length a twentieth off."""
    across = np.linspace(0.8, 1.25, SIZE[1])[None]
    found = [errors(walk, k, refined(walk, k, seen(walk, k, across, 1.05), wrong(seen(walk, k + 1, across, 1.05))))[1]
             for k in range(FRAMES - 1)]
    assert np.median(found) < 0.25 * np.linalg.norm(OFF[1]), found


def test_the_metre_does_not_matter(walk):
    """In a segment whose unit is a tenth of a metre the same step has ten times the length."""
    def scaled(boundary: Boundary) -> Boundary:
        pose = boundary.pose.copy()
        pose[:3, 3] *= 10
        return replace(boundary, pose=pose, points=boundary.points * 10)

    first, second = seen(walk, 0), wrong(seen(walk, 1))
    expected = refined(walk, 0, first, second)
    expected[:3, 3] *= 10
    assert np.allclose(refined(walk, 0, scaled(first), scaled(second)), expected, atol=1e-4)


def test_what_moves_by_itself_does_not_carry_the_camera_along(walk):
    """A quarter of the second image is somebody who walks to the side."""
    image = walk[2][1][0].copy()
    image[:, 48:80] = np.roll(image, 5, axis=1)[:, 48:80]
    found = errors(walk, 0, step_between(walk[2][0][0], seen(walk, 0), image, wrong(seen(walk, 1))))
    told = errors(walk, 0, np.linalg.inv(walk[0][0]) @ wrong(seen(walk, 1)).pose)
    assert found[1] < 0.25 * told[1] and found[0] < told[0], (found, told)


@pytest.mark.parametrize('fault', ['blank', 'unlike', 'elsewhere', 'size', 'behind'])
def test_images_that_say_nothing_leave_the_step_as_told(walk, fault):
    """Nothing to hold on to, nothing found again, another room, another camera, no point before it."""
    image, other, first, second = walk[2][0][0], walk[2][1][0], seen(walk, 0), wrong(seen(walk, 1))
    if fault == 'blank':
        image = np.full_like(image, 90)
    elif fault == 'unlike':
        other = np.where(np.indices(SIZE).sum(axis=0)[..., None] % 2, 255 - other // 4, other // 4).astype(np.uint8)
    elif fault == 'elsewhere':
        other = next(World(810_013, PACE, SIZE).film())[0]
    elif fault == 'size':
        other = other[:, :96].copy()
    else:
        first = replace(first, points=-first.points)
    assert np.array_equal(step_between(image, first, other, second), np.linalg.inv(first.pose) @ second.pose)


def test_points_that_are_hardly_any_distance_away_are_no_overflow(walk):
    """As random weights may tell them: where they would be seen is no number of an image, and nothing is warned of."""
    first, second = seen(walk, 0), wrong(seen(walk, 1))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        found = refined(walk, 0, replace(first, points=first.points * np.float32(1e-42)), second)
    assert np.array_equal(found, np.linalg.inv(first.pose) @ second.pose)


def test_a_path_takes_a_pose_to_a_place():
    """A segment of half the size goes on where the path is."""
    pose, place = np.eye(4), np.eye(4)
    pose[:3, 3], place[:3, 3] = (2, 0, 4), (7, 8, 9)
    place[:3, :3] = rotation.of_vector(np.array([0.1, 0.7, -0.3]))
    path = Similarity(0.5).taking(pose, place)
    assert path.scale == 0.5 and np.allclose(path.place(pose), place)
    further = pose.copy()
    further[:3, 3] += (0, 0, 2)
    assert np.allclose(path.place(further)[:3, 3], place[:3, 3] + place[:3, 2])


@pytest.fixture(scope='module')
def room():
    """A room's film, its truth, and the embedded weights."""
    world = World(810_011, 160, (120, 160))
    return [image for image, _ in world.film()][:40], world.poses[:40], load_network('embedded').network


def answers(room, source: str, monitor: TrackingMonitor | None = None, images=None) -> list:
    reconstructor = Reconstructor(room[2], make_rule('ttt3r'), alignment='se3', step_source=source, policy=Interval(16),
                                  monitor=monitor)
    return [reconstructor.step(image) for image in (images or room[0])]


def turns_wrong(room, frames: list) -> float:
    """Return the median of how many degrees a step is turned wrongly."""
    told = [np.linalg.inv(a.pose) @ b.pose for a, b in zip(frames, frames[1:])]
    true = [np.linalg.inv(a) @ b for a, b in zip(room[1], room[1][1:])]
    return np.degrees(np.median([rotation.angle(a[:3, :3].T @ b[:3, :3]) for a, b in zip(told, true)]))


def test_a_path_of_images_is_nearer_to_the_truth(room):
    """Of a camera in a hand; and all but the poses is as the network says, over a reset too."""
    world = WideWorld(3010, 24, (120, 160))
    hand = [image for image, _ in world.film()], world.poses, room[2]
    model, images = answers(hand, 'model'), answers(hand, 'images')
    assert turns_wrong(hand, images) < 0.5 * turns_wrong(hand, model)
    for a, b in zip(model, images):
        assert np.array_equal(a.points, b.points) and a.segment == b.segment
    assert images[-1].segment == 1 and np.array_equal(model[0].pose, images[0].pose)


def test_a_saved_path_goes_on_as_it_would_have(room):
    """Nothing but the snapshot is needed: neither images nor corners are kept beside it."""
    straight = answers(room, 'images')
    first = Reconstructor(room[2], make_rule('ttt3r'), alignment='se3', step_source='images', policy=Interval(16))
    for image in room[0][:23]:
        first.step(image)
    second = Reconstructor(room[2], make_rule('ttt3r'), alignment='se3', step_source='images', policy=Interval(16))
    second.restore(first.snapshot())
    for k in range(23, 40):
        assert np.array_equal(second.step(room[0][k]).pose, straight[k].pose), k


def test_an_image_that_is_not_believed_moves_nothing(room):
    """A covered lens in the middle: what the network told is judged, and the path goes on from where it was."""
    images = [*room[0][:10], np.zeros_like(room[0][0]), *room[0][11:20]]
    frames = answers(room, 'images', TrackingMonitor(), images)
    assert not frames[10].tracking.trusted and frames[11].tracking.trusted
    assert [f.tracking.trusted for f in frames] == [
        f.tracking.trusted for f in answers(room, 'model', TrackingMonitor(), images)]
    assert extent(np.linalg.inv(frames[9].pose) @ frames[11].pose)[0] < 0.6


@pytest.mark.parametrize('bounds, gyroscope, expected', [
    (Bounds(), False, 'images'), (Bounds(max_speed=2), False, 'model'), (Bounds(max_turn_rate=2), False, 'model'),
    (Bounds(), True, 'model')])
def test_no_step_is_beyond_what_the_camera_can_do(room, monkeypatch, bounds, gyroscope, expected):
    """Where the images say more than the bounds allow, such as of something that moves before a camera that stands, or
    a turn that the gyroscope denies, it is as told: that was judged by them."""
    def carried_along(image, seen, other, other_seen, focal, left_out, evenly, straightened):
        off = np.eye(4)
        off[:3, 3], off[:3, :3] = (0.3, 0, 0), rotation.of_vector(np.array([0, 0.3, 0]))
        return RefinedStep(np.linalg.inv(seen.pose) @ other_seen.pose @ off, np.eye(6), focal, image[..., 0],
                           np.empty((0, 4)), 9.0, None, None)

    def poses(source: str) -> np.ndarray:
        monitor = TrackingMonitor(bounds)
        if gyroscope:
            monitor.witness = lambda start, end: (
                np.linalg.inv(room[1][start // 100_000_000 - 1]) @ room[1][end // 100_000_000 - 1])[:3, :3]
        reconstructor = Reconstructor(room[2], make_rule('ttt3r'), alignment='se3', step_source=source, monitor=monitor)
        frames = [reconstructor.step(image, stamp=(k + 1) * 100_000_000) for k, image in enumerate(room[0][:8])]
        assert all(frame.tracking.trusted for frame in frames)
        return np.array([frame.pose for frame in frames])

    monkeypatch.setattr('ttt3r_ros.reconstruction.place.refined_step', carried_along)
    assert np.allclose(poses('images'), poses('model'), atol=1e-9) == (expected == 'model')


@pytest.mark.parametrize(('source', 'state'), [('images', TrackingState.OK), ('model', TrackingState.DEGRADED)])
def test_what_the_images_set_right_is_not_doubted(room, source, state):
    """The network tells a turn of 4.5° that nobody made, to one image. The pose is where the images and a true
    gyroscope have it, and it is not in doubt; of the network alone it is."""
    monitor, turned, frames = TrackingMonitor(Bounds(5.0, 6.0)), np.eye(4), []
    turned[:3, :3] = rotation.of_vector(np.array([0, np.radians(4.5), 0]))
    monitor.witness = lambda start, end: (
        np.linalg.inv(room[1][start // 100_000_000 - 1]) @ room[1][end // 100_000_000 - 1])[:3, :3]
    reconstructor = Reconstructor(room[2], make_rule('ttt3r'), alignment='se3', step_source=source, monitor=monitor)
    look = reconstructor._eye.look

    def wrong_look(*given):
        found = yield from look(*given)
        return replace(found, seen=replace(found.seen, pose=found.seen.pose @ turned)) if len(frames) == 6 else found

    reconstructor._eye.look = wrong_look
    for k, image in enumerate(room[0][:7]):
        frames.append(reconstructor.step(image, stamp=(k + 1) * 100_000_000))
    assert frames[6].tracking.state is state, frames[6].tracking
    if source == 'images':
        step = np.linalg.inv(frames[5].pose) @ frames[6].pose
        distance, turn = extent(np.linalg.inv(step) @ np.linalg.inv(room[1][5]) @ room[1][6])
        assert turn < np.radians(1.0) and distance < 0.1, (distance, np.degrees(turn))


def test_a_source_that_is_not_there_is_refused(room):
    """The message says which there are."""
    with pytest.raises(ValueError, match="'corners' is unknown: take one of model, images"):
        Reconstructor(room[2], make_rule('ttt3r'), step_source='corners')


def test_exposure_that_wanders_changes_no_step(walk):
    """An image that is a third brighter says the same, to a tenth of a degree and a centimetre."""
    first, second = seen(walk, 0), wrong(seen(walk, 1))
    brighter = np.clip(walk[2][1][0] * 1.3, 0, 255).astype(np.uint8)
    away = np.linalg.inv(refined(walk, 0, first, second)) @ step_between(walk[2][0][0], first, brighter, second)
    distance, turn = extent(away)
    assert distance < 0.01 and turn < np.radians(0.1)


def test_a_camera_that_stands_is_not_carried_along(walk):
    """The lower half of the picture moves by a pixel; told is that the camera stands: it stays within a centimetre."""
    image, first = walk[2][0][0], seen(walk, 0)
    other = image.copy()
    other[48:] = np.roll(image, 1, axis=1)[48:]
    assert extent(step_between(image, first, other, first))[0] < 0.01


def fixed_in_the_picture(image: np.ndarray) -> np.ndarray:
    """Show the same of the robot's own body in the lower third of every image."""
    body = np.random.default_rng(5).integers(0, 255, (8, 32, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    return np.concatenate((image[:64], body))


def test_a_picture_that_does_not_change_moves_nothing(room):
    """A simulated robot stands without noise: whatever the weights tell of it, in one segment or over resets, pose and
    focal length stay, and the covariance is one."""
    film, _, network = room
    reconstructor = Reconstructor(network, make_rule('ttt3r'), step_source='images', policy=Interval(16),
                                  monitor=TrackingMonitor())
    frames = [reconstructor.step(image, stamp=k * 100_000_000) for k, image in enumerate(film[:10] + [film[9]] * 40)]
    assert frames[-1].segment == 3 and frames[-1].trusted
    np.testing.assert_allclose(frames[-1].pose, frames[9].pose, atol=1e-9)
    assert abs(frames[-1].intrinsics[0, 0] / frames[9].intrinsics[0, 0] - 1) < 0.01
    assert np.linalg.eigvalsh(frames[-1].step_covariance).min() > 0


def test_what_is_left_out_does_not_hold_the_camera_fast(walk):
    """The robot's own body goes with the camera, and its corners say that nothing moves."""
    left_out = np.zeros(SIZE, bool)
    left_out[64:] = True
    images = [fixed_in_the_picture(image) for image, _ in walk[2]]
    found = np.array([[errors(walk, k, step_between(images[k], seen(walk, k), images[k + 1], wrong(seen(walk, k + 1)),
                                                    mask)) for k in range(FRAMES - 1)] for mask in (None, left_out)])
    held, free = np.median(found, axis=1)
    assert (free < 0.5 * held).all() and free[1] < 0.15 * np.linalg.norm(OFF[1]), (held, free)


def test_what_is_left_out_of_the_second_image_alone_is_not_followed(walk):
    """Somebody who comes into the picture: a corner found on them is none. Where all is left out it is as told."""
    first, second = seen(walk, 0), wrong(seen(walk, 1))
    everything = np.ones(SIZE, bool)
    assert np.array_equal(step_between(walk[2][0][0], first, walk[2][1][0], second, everything),
                          np.linalg.inv(first.pose) @ second.pose)
    shifted, mask = np.roll(walk[2][0][0], 40, axis=1), np.zeros(SIZE, bool)  # all is found 40 pixels farther right,
    mask[:, 54:] = True  # under the mask, which the corners themselves are not
    aside = np.eye(4)
    aside[:3, :3] = rotation.of_vector(np.array([0, -np.arctan(40 / walk[1]), 0]))
    turned = replace(first, pose=first.pose @ aside)
    assert not np.array_equal(step_between(walk[2][0][0], first, shifted, turned), aside)
    assert np.allclose(step_between(walk[2][0][0], first, shifted, turned, mask), aside, atol=1e-12)


def test_a_reconstructor_asks_what_is_left_out_of_the_models_image(room):
    """Each image's own, where steps are the images'; the points are as without."""
    asked = []

    def left_out(pixel_map) -> np.ndarray:
        asked.append(pixel_map)
        found = np.zeros(pixel_map.size, bool)
        found[:, :100] = True
        return found

    def frames(source: str, mask) -> list:
        reconstructor = Reconstructor(room[2], make_rule('ttt3r'), alignment='se3', step_source=source)
        return [reconstructor.step(image, left_out=mask) for image in room[0][:4]]

    frames('model', left_out)
    assert not asked
    masked, plain = frames('images', left_out), frames('images', None)
    assert asked == [frame.pixel_map for frame in masked[1:]]
    for a, b in zip(masked[1:], plain[1:]):
        assert np.array_equal(a.points, b.points) and not np.array_equal(a.pose, b.pose)


@pytest.mark.parametrize(('shift', 'most'), [((0.05, -0.02, 0.03), 8), ((0.5, -0.2, 0.3), 9)])
def test_a_step_is_as_sure_as_what_it_was_made_of(shift, most):
    """Of corners, depths' scale and told steps that are off by what is presumed of them, of a turned camera: the
    normalised error squared is 6 in the mean, of one as long as things are far as of a short one."""
    errors, covariances = steps_made_of(PLACE, shift)
    assert 5 < nees(errors, covariances).mean() < most


def test_corners_that_do_not_fit_make_a_step_less_sure():
    """Where they lie five times as far beside as presumed, as of noise in the dark: variances are four times as large,
    and the error is beyond them by half as much as without."""
    errors, covariances = steps_made_of(5 * PLACE)
    usual = steps_made_of(PLACE)[1]
    more, less = (np.median(np.linalg.eigvalsh(found), axis=0)[:3] for found in (covariances, usual))
    assert (more > 4 * less).all()
    assert nees(errors, covariances).mean() < 0.5 * nees(errors, usual).mean()


def steps_made_of(place: float, shift=(0.05, -0.02, 0.03)) -> tuple[np.ndarray, np.ndarray]:
    """Return errors (300, 6) and covariances (300, 6, 6) of steps by corners that lie beside by so many pixels."""
    rng, errors, covariances = np.random.default_rng(3), [], []
    back, focal = np.eye(4), FocalLength(np.log(110.0), 1e-6)
    back[:3, :3], back[:3, 3] = rotation.of_vector(np.array([0.02, -0.5, 0.3])), shift
    for _ in range(300):
        rays, depth = rng.uniform(-0.5, 0.5, (60, 2)), rng.uniform(0.5, 2, 60)
        here = _seen_from(back, rays, depth)
        found = here + rng.normal(0, place / focal.pixels, here.shape)
        told = _moved(back, rng.normal(0, presumed(back)))
        fit = Fit.of(told, rays, depth * np.exp(rng.normal(0, SCALE)), found.T, focal)
        step = _step(fit.back, 2.0, fit.covariance)
        away = np.linalg.inv(step.scaled(0.5).pose) @ np.linalg.inv(back)
        errors.append(np.concatenate((2 * away[:3, 3], rotation.vector_of(away[:3, :3]))))
        covariances.append(step.covariance)
    return np.array(errors), np.array(covariances)


def test_a_step_that_no_image_sets_right_is_not_as_sure(walk):
    """A blank image tells nothing: the turn's deviation is the presumed one, ten times that of what corners tell."""
    image, other, first, second = walk[2][0][0], walk[2][1][0], seen(walk, 0), wrong(seen(walk, 1))
    sure = whole_step(image, first, other, second)
    blank = whole_step(np.full_like(image, 90), first, other, second)
    assert np.allclose(np.diag(blank.covariance)[3:], TURN ** 2)
    deviations = [np.sqrt(np.linalg.eigvalsh(step.covariance[3:, 3:])) for step in (blank, sure)]
    assert (deviations[0] > 10 * deviations[1]).all()
    far = blank.scaled(3.0)
    assert np.allclose(np.diag(far.covariance), np.diag(blank.covariance) * np.repeat((9, 1), 3))
    assert np.allclose(far.pose[:3, 3], 3 * blank.pose[:3, 3])


@pytest.mark.parametrize('scale', [1.0, 2.0])
def test_the_robot_is_told_how_sure_a_step_is(room, scale):
    """The covariance of the odometry's twist is that of the step, in whatever metres the path is laid; the network's
    own steps have none of theirs."""
    told = dict.fromkeys(('step_position_noise', 'step_length', 'step_direction', 'step_attitude_noise', 'step_turn'),
                         1e-6)
    for source in ('images', 'model'):
        odometry = Odometry(Coefficients(**told, step_presumed=1.0, step_confidence_exponent=1e-9))
        for k, frame in enumerate(answers(room, source)[:20]):
            pose, step = frame.pose.copy(), stretched(frame.step_covariance, scale)
            pose[:3, 3] *= scale
            estimate = odometry.update(pose, np.eye(4), (k + 1) * 100_000_000, frame.confidence_median, frame.segment,
                                       step_covariance=step)
            assert (step is None) == (source == 'model' or k == 0)
            expected = np.zeros((6, 6)) if step is None else step
            assert k == 0 or np.allclose(estimate.twist_covariance * 0.01, expected, rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize('noise', [0.0, 3.0])
def test_a_camera_that_stands_stays(room, noise):
    """Whatever the network tells of it, in 64 images and four segments; one that then goes on goes from there."""
    film, poses, network = room
    rng = np.random.default_rng(1)
    reconstructor = Reconstructor(network, make_rule('ttt3r'), step_source='images', policy=Interval(16))
    walk = [reconstructor.step(image) for image in film[:10]]
    for _ in range(64):
        still = np.clip(film[9] + rng.normal(0, noise, film[9].shape), 0, 255).astype(np.uint8)
        frame = reconstructor.step(still)
    distance, turn = extent(np.linalg.inv(walk[-1].pose) @ frame.pose)
    assert frame.segment == 4 and distance < 1e-9 and turn < 1e-9
    for image in film[10:16]:
        frame = reconstructor.step(image)
    step = np.linalg.inv(walk[-1].pose) @ frame.pose
    distance, turn = extent(np.linalg.inv(step) @ np.linalg.inv(poses[9]) @ poses[15])
    assert turn < np.radians(3.0) and distance < 0.3 * extent(np.linalg.inv(poses[9]) @ poses[15])[0]


def test_somebody_who_walks_through_does_not_move_a_camera_that_stands(walk):
    """It has stopped a pixel beside the image that steps are taken from; what is left out is elsewhere each time."""
    poses, focal, film = walk
    image, first, camera, rng = film[0][0], seen(walk, 0), pinhole(focal, SIZE), np.random.default_rng(2)
    place, found = Place(image=image, boundary=first, lens=Lens(FocalLength.told(focal))), []
    turned = camera @ rotation.of_vector(np.array([0, -1 / focal, 0])) @ np.linalg.inv(camera)
    moved = cv2.warpPerspective(image, turned, SIZE[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    for x in range(0, 100, 10):
        left_out, told = np.zeros(SIZE, bool), first.pose.copy()
        left_out[30:, x:x + 20] = True
        told[:3, 3] += rng.normal(0, 0.01, 3)
        answer = replace(first, pose=told)
        place, _ = place.refined(SimpleNamespace(image=moved, pixel_map=SimpleNamespace(cut=None, size=SIZE)), answer,
                                 lambda step: True, left_out)
        place = replace(place, image=moved, boundary=answer)
        found.append(place.path.place(told))
    assert extent(np.linalg.inv(poses[0]) @ found[0])[1] == pytest.approx(1 / focal, rel=0.3)
    assert np.abs(np.array(found) - found[0]).max() < 1e-9


def test_a_slow_camera_is_not_taken_for_one_that_stands(walk):
    """It turns by a twentieth of a pixel an image, and the network tells that it stands: steps are taken from one image
    until they are long enough."""
    poses, focal, film = walk
    image, first, camera = film[0][0], seen(walk, 0), pinhole(focal, SIZE)
    place, turn = Place(image=image, boundary=first, lens=Lens(FocalLength.told(focal))), 0.05 / focal
    for k in range(1, 61):
        seen_from_there = camera @ rotation.of_vector(np.array([0, -k * turn, 0])) @ np.linalg.inv(camera)
        moved = cv2.warpPerspective(image, seen_from_there, SIZE[::-1], flags=cv2.INTER_CUBIC,
                                    borderMode=cv2.BORDER_REFLECT)
        place, step = place.refined(SimpleNamespace(image=moved, pixel_map=SimpleNamespace(cut=None, size=SIZE)),
                                    first, lambda step: True)
        place = replace(place, image=moved, boundary=first)
        assert np.linalg.eigvalsh(step.covariance).min() > 0
    turned = extent(np.linalg.inv(poses[0]) @ place.path.place(first.pose))[1]
    assert turned == pytest.approx(60 * turn, rel=0.15)


def test_a_snapshot_knows_what_steps_are_taken_from(room):
    """One that stands goes on as one that was never saved, to the bit."""
    film, _, network = room
    rng = np.random.default_rng(2)
    still = [np.clip(film[5] + rng.normal(0, 2, film[5].shape), 0, 255).astype(np.uint8) for _ in range(12)]
    images = [*film[:6], *still, *film[6:9]]
    kept, other = (Reconstructor(network, make_rule('ttt3r'), step_source='images', policy=Interval(16))
                   for _ in range(2))
    for image in images[:9]:
        kept.step(image)
    assert kept._place.anchor is not None
    other.restore(kept.snapshot())
    for image in images[9:]:
        here, there = kept.step(image), other.step(image)
        assert np.array_equal(here.pose, there.pose) and np.array_equal(here.step_covariance, there.step_covariance)


def in_black(image: np.ndarray, wide: int) -> np.ndarray:
    """Return an image whose borders show nothing."""
    inside = np.zeros_like(image)
    inside[wide:-wide, wide:-wide] = image[wide:-wide, wide:-wide]
    return inside


@pytest.mark.parametrize('wide', [8, 12])
def test_a_black_border_stays_behind(walk, wide):
    """As bars, a fisheye's circle and `rectify` leave: its edge is in every image where it was, and tells no step."""
    clear, bordered = [], []
    for k in range(FRAMES - 1):
        images = walk[2][k][0], walk[2][k + 1][0]
        for found, (first, second) in ((clear, images), (bordered, [in_black(image, wide) for image in images])):
            found.append(errors(walk, k, step_between(first, seen(walk, k), second, wrong(seen(walk, k + 1)))))
    assert np.mean(bordered, axis=0)[0] < 1.5 * np.mean(clear, axis=0)[0]
    assert np.mean(bordered, axis=0)[1] < 1.5 * np.mean(clear, axis=0)[1]


def test_what_is_black_is_no_light_that_others_are_seen_beside(walk):
    """Beside a border all would be twice as bright, and a step out of it be seen."""
    image = walk[2][0][0]
    plain, bordered = (module._evenly_lit(one)[12:-12, 12:-12].astype(int) for one in (image, in_black(image, 12)))
    assert np.abs(plain - bordered).mean() < 10


def test_lights_in_the_night_are_followed_though_all_round_them_is_black(walk):
    """As far as the image's corners: that is no border, where nothing would be left."""
    night = np.zeros((*SIZE, 3), np.uint8)
    for y, x in np.random.default_rng(5).permutation(np.indices((8, 10)).reshape(2, -1).T)[:40] * 11 + 9:
        cv2.circle(night, (int(x), int(y)), 1, (255, 240, 200), -1)
    found = refined_step(night, seen(walk, 0), np.roll(night, 2, axis=1), seen(walk, 0), FocalLength.told(walk[1]))
    assert found.flow == pytest.approx(2, abs=0.3)
