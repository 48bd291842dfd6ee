# SPDX-License-Identifier: Apache-2.0
"""What is believed of the first pose after a restore, in a room whose every depth is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.eye import Eye
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.relocation import Limits, Relocation, agreement, judge
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.tracking import HAND_HELD, TrackingMonitor, TrackingState
from ttt3r_ros.reconstruction.trajectory import Boundary, extent
from ttt3r_ros.synthetic import Camera, Room, World
from ttt3r_ros.synthetic.mishap import blackout, covered

SIZE = 48, 64
K = pinhole(50.0, SIZE)
ROOM = np.array([2.0, 1.5, 4.0])  # half its sides; the world's origin is in the middle


def at(x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> np.ndarray:
    """Return a camera-to-world pose (4, 4), yaw in radians about the axis that points down."""
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler('y', yaw).as_matrix()
    pose[:3, 3] = x, y, z
    return pose


def look(pose: np.ndarray, claimed: np.ndarray | None = None, confidence: float = 3.0) -> Boundary:
    """Return what a camera at a pose sees of the room; claimed: the pose that it says it has."""
    v, u = np.mgrid[:SIZE[0], :SIZE[1]]
    rays = np.stack((u, v, np.ones(SIZE)), -1) @ np.linalg.inv(K).T
    world = rays @ pose[:3, :3].T
    hit = np.divide(np.sign(world) * ROOM - pose[:3, 3], world, out=np.full_like(world, np.inf),
                    where=world != 0).min(axis=-1)
    return Boundary(pose if claimed is None else claimed, (rays * hit[..., None]).astype(np.float32),
                    np.full(SIZE, confidence, np.float32))


STORED = look(at())


@pytest.mark.parametrize('pose', [at(), at(0.3, 0, 0.4), at(yaw=0.4), at(-0.5, 0.1, 1.0, -0.3)])
@pytest.mark.parametrize('elapsed', [1.0, 3600.0, None, -5.0])
def test_a_true_pose_is_believed(pose, elapsed):
    """Where the camera truly is, its pose is plausible, whatever the clocks say, for the points bear it out."""
    verdict = judge(STORED, look(pose), K, elapsed)
    assert verdict.plausible and verdict.reason is None and verdict.agreement > 0.9
    assert verdict.distance == pytest.approx(np.linalg.norm(pose[:3, 3]))


@pytest.mark.parametrize(('claimed', 'elapsed', 'word'), [
    (at(0, 0, 2.4), 0.9, '2.40 m in 0.9 s, of 2.30 m'), (at(yaw=2.4), 0.9, 'turn of 2.40 rad'),
    (at(0, 0, -0.6), 0.0, '0.60 m')])
def test_a_motion_that_no_robot_makes(claimed, elapsed, word):
    """A jump or a turn beyond the limits for the time that passed is named, with both numbers; more time allows it."""
    verdict = judge(STORED, look(claimed), K, elapsed)
    assert not verdict.plausible and word in verdict.reason
    assert judge(STORED, look(claimed), K, elapsed + 1.0).plausible


@pytest.mark.parametrize(('true', 'claimed'), [
    (at(0, 0, 2.5), at()), (at(yaw=np.pi / 2), at()), (at(0, 0, -2), at(0, 0, 1.5))])
@pytest.mark.parametrize('elapsed', [1.5, None, 1e6])
def test_a_pose_that_the_points_belie(true, claimed, elapsed):
    """The robot was carried elsewhere and the model does not notice: the stored points are not where it sees them."""
    verdict = judge(STORED, look(true, claimed), K, elapsed)
    assert not verdict.plausible and 'stored points' in verdict.reason and verdict.agreement < 0.3


def test_without_any_witness_the_answer_is_no():
    """Facing away, the points say nothing: a short pause makes the pose plausible, a long or unknown one does not."""
    behind = look(at(yaw=np.pi))
    assert agreement(STORED, behind, K) is None
    assert judge(STORED, behind, K, 2.0).plausible
    for elapsed in (None, -1.0, 1e5):
        assert 'nothing bears it out' in judge(STORED, behind, K, elapsed).reason
    unknown_focal = pinhole(np.nan, SIZE)
    assert judge(STORED, look(at()), unknown_focal, 1.0).plausible
    assert not judge(STORED, look(at()), unknown_focal, None).plausible


def test_a_collapsed_confidence():
    """The model itself is unsure: its confidence above 1 is far below the stored one's."""
    verdict = judge(STORED, look(at(), confidence=1.4), K, 1.0)
    assert not verdict.plausible and 'from 3.00 to 1.40' in verdict.reason
    assert judge(STORED, look(at(), confidence=1.6), K, 1.0).plausible


def test_what_is_not_finite_is_not_believed():
    """A NaN or an infinity in the pose is no place."""
    for value in (np.nan, np.inf):
        assert 'not finite' in judge(STORED, look(at(), at(value)), K, 1.0).reason


def test_something_that_moved_does_not_decide():
    """A third of the view blocked by somebody who came near, and unsure points: the pose is still believed."""
    found = look(at(0.2))
    found.points[:, :SIZE[1] // 3] *= 0.3
    stored = look(at())
    unsure = np.random.default_rng(0).random(SIZE) < 0.4
    stored.points[unsure] *= 5
    stored.confidence[unsure] = 1.1
    verdict = judge(stored, found, K, 1.0)
    assert verdict.plausible and 0.5 < verdict.agreement < 0.8


def test_the_limits_are_the_robots_own():
    """A slow robot is not believed what a fast one is."""
    moved = look(at(0, 0, 1.5))
    assert judge(STORED, moved, K, 1.0).plausible
    assert not judge(STORED, moved, K, 1.0, Limits(max_speed=0.2)).plausible


GENEROUS = Limits(likeness=-1, lasting=-1, images=1, doubts=1, free_distance=1e6, free_turn=10.0, min_confidence=0.0,
                  min_agreement=0.0)


@pytest.fixture(scope='module')
def network():
    return load_network('untrained').network


def images(count: int) -> list[np.ndarray]:
    """Return images that drift."""
    v, u = np.mgrid[:72, :96] / 96
    return [(127 + 90 * np.stack([np.sin(9 * u + 0.4 * i), np.sin(7 * v - 0.3 * i), np.sin(8 * (u + v))], -1)
             ).astype(np.uint8) for i in range(count)]


def run(network, shown: list[np.ndarray]) -> Reconstructor:
    reconstructor = Reconstructor(network, make_rule('ttt3r'))
    for image in shown:
        reconstructor.step(image)
    return reconstructor


def motion(reconstructor: Reconstructor, image: np.ndarray) -> float:
    """Return how far the model says that the image was taken from the last one, metres."""
    before = reconstructor.last_view.pose
    return float(np.linalg.norm((np.linalg.inv(before) @ reconstructor.step(image).pose)[:3, 3]))


def test_a_believed_answer_is_what_the_saved_run_would_have_said(network):
    """Relocated in another reconstructor, the next frame is the saved one's own, to the bit."""
    *seen, following = images(5)
    saved = run(network, seen)
    asked = Relocation(Reconstructor(network, make_rule('ttt3r')), saved.snapshot(), None, GENEROUS)
    frame, expected = asked.step(following), saved.step(following)
    assert asked.believed and not asked.doubts and frame.trusted
    assert np.array_equal(frame.pose, expected.pose) and frame.index == expected.index == 4


def test_an_answer_that_is_not_believed_is_asked_again_from_the_stored_image(network):
    """Where only a segment begun by the stored image gives a small motion, that one is told, and continues the path."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        *seen, following = rng.integers(0, 255, (3, 4, 6, 3), np.uint8).repeat(16, axis=1).repeat(16, axis=2)
        snapshot = run(network, seen).snapshot()
        remembered = motion(run(network, seen), following)
        begun = run(network, seen)
        begun.reset()
        afresh = motion(begun, following)
        if afresh < 0.9 * remembered:
            break
    assert afresh < 0.9 * remembered
    asked = Relocation(Reconstructor(network, make_rule('ttt3r')), snapshot, 0,
                       replace(GENEROUS, free_distance=(afresh + remembered) / 2))
    frame = asked.step(following, stamp=0)
    assert asked.believed and frame.segment == 1
    stored = run(network, seen).last_view.pose
    assert np.linalg.norm((np.linalg.inv(stored) @ frame.pose)[:3, 3]) == pytest.approx(afresh)


def test_where_nothing_is_believed_there_is_no_frame_and_nothing_changed(network):
    """No pose is made up: no Frame, the doubts about both answers, and the reconstructor as it was."""
    *seen, following = images(5)
    own = run(network, images(2))
    before = own.snapshot()
    asked = Relocation(own, run(network, seen).snapshot(), 0, replace(GENEROUS, free_distance=1e-9))
    assert asked.step(following, stamp=0) is None and not asked.believed and own.snapshot() == before
    assert len(asked.doubts) == 1 and asked.doubts[0].count('0.0 s') == 2


def test_what_is_no_image_leaves_the_reconstructor_as_it_was(network):
    """The caller's error is raised, and the saved state can be tried with the next image."""
    own = run(network, images(2))
    before = own.snapshot()
    asked = Relocation(own, run(network, images(3)).snapshot(), 0, GENEROUS)
    with pytest.raises(ValueError, match='uint8'):
        asked.step(np.zeros((4, 4)), stamp=0)
    assert own.snapshot() == before and not asked.doubts
    assert asked.step(images(4)[-1], stamp=0) is not None and asked.believed


def test_a_device_that_fails_leaves_the_reconstructor_as_it_was(network, monkeypatch):
    """What a node saves at its end is its own state, not the one that it was asking."""
    own = run(network, images(2))
    before = own.snapshot()
    asked = Relocation(own, run(network, images(3)).snapshot(), 0, GENEROUS)

    def full(*_):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory')

    monkeypatch.setattr(Eye, 'look_each', full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        asked.step(images(3)[2], stamp=0)
    assert asked.own_snapshot() == before == own.snapshot()


SEED, SAVED = 7, 20  # a room, and the frame after which the memory is saved
STEP = 100_000_000  # ns between images


def trained() -> Reconstructor:
    """Return one with the embedded weights, as they go best, and a monitor."""
    return Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3', policy=Interval(16),
                         monitor=TrackingMonitor(HAND_HELD))


@pytest.fixture(scope='module')
def walk() -> tuple[bytes, np.ndarray, list[np.ndarray]]:
    """Return a snapshot, the true poses of a walk through a room, and its images."""
    world = World(SEED, 192, (96, 128))
    film = [image for image, _ in islice(world.film(), SAVED + 35)]
    one = trained()
    for i, image in enumerate(film[:SAVED]):
        one.step(image, stamp=STEP * i)
    return one.snapshot(), world.poses, film


def seen_from(poses: np.ndarray, seed: int = SEED) -> np.ndarray:
    """Return what the room's camera sees from there, its noise another than in the film."""
    camera = Camera.draw(SEED, (96, 128))
    return np.stack([image for image, _ in camera.film(Room(seed), np.asarray(poses), SEED + 1)])


def restarted(snapshot: bytes, shown, limits: Limits = Limits()) -> tuple[Reconstructor, Relocation, list]:
    """Show images to another process's reconstructor, two seconds later, until the memory is believed or refused."""
    one, frames = trained(), []
    asked = Relocation(one, snapshot, STEP * (SAVED - 1), limits)
    for i, image in enumerate(shown):
        frames.append(asked.step(image, stamp=STEP * (SAVED + 20 + i)))
        if asked.believed or frames[-1] is None:
            break
    return one, asked, frames


def test_where_the_camera_stood_still_it_goes_on_after_three_images(walk):
    """Two images are withheld, with the reason, the third is told, and is where the camera truly is."""
    snapshot, poses, _ = walk
    one, asked, frames = restarted(snapshot, seen_from(poses[[SAVED - 1] * 5]))
    assert asked.believed and [frame.trusted for frame in frames] == [False, False, True]
    assert [frame.tracking.reason for frame in frames[:2]] == [
        f'relocating: {n} of 3 images fit the saved state' for n in (1, 2)]
    assert {frame.tracking.since for frame in frames[:2]} == {STEP * (SAVED + 20)}
    reference = trained()
    reference.restore(snapshot)
    way, turn = extent(np.linalg.inv(reference.last_view.pose) @ frames[-1].pose)
    assert way < 0.3 and turn < np.radians(10)


@pytest.mark.parametrize('share', [0.8, 1.25])
def test_a_focal_length_that_is_told_otherwise_is_no_other_place(walk, share):
    """The camera is the one of before: where it stood still the images are alike, though the answer's focal length is
    a fifth off, as that of a segment's first images is."""
    snapshot, poses, _ = walk
    asked = Relocation(trained(), snapshot, STEP * (SAVED - 1))
    frame = asked.step(seen_from(poses[[SAVED - 1]])[0], stamp=STEP * (SAVED + 20))
    told = replace(frame, intrinsics=frame.intrinsics * [[share], [share], [1]])
    assert not asked.doubts and asked._likeness(told) > 0.98


def shown_elsewhere(walk, kind: str) -> np.ndarray:
    """Return three images that the memory has not seen."""
    _, poses, film = walk
    rng = np.random.default_rng(0)
    if kind == 'moved on':
        return np.stack(film[SAVED + 29:SAVED + 32])
    if kind == 'elsewhere in the room':
        return seen_from(poses[110:113])
    if kind == 'another room':
        return seen_from(poses[:3], seed=SEED + 1)
    still = seen_from(poses[[SAVED - 1] * 3])
    return covered(still, 0, 3, rng) if kind == 'covered' else rng.integers(0, 255, still.shape, np.uint8)


@pytest.mark.parametrize('kind', ['moved on', 'elsewhere in the room', 'another room', 'covered', 'noise'])
def test_what_the_memory_has_not_seen_is_refused(walk, kind):
    """After three such images there is no Frame, the reasons are known, and the reconstructor is as before them."""
    own = trained().snapshot()
    one, asked, frames = restarted(walk[0], shown_elsewhere(walk, kind))
    assert not asked.believed and frames[-1] is None and len(asked.doubts) == 3
    assert not any(frame.trusted for frame in frames[:-1]) and one.snapshot() == own
    assert one.monitor.tracking is None


def test_a_refused_memory_does_not_make_a_lost_camera_found(walk):
    """What is not known of the way is as without it: the next image begins a segment after all the time unseen."""
    film = walk[2]

    def lost() -> Reconstructor:
        one = trained()
        for i, image in enumerate([*film[:8], *np.zeros_like(film[:30])]):
            one.step(image, stamp=STEP * i)
        return one

    asked, plain = lost(), lost()
    relocation = Relocation(asked, walk[0], STEP * (SAVED - 1))
    for i, image in enumerate(shown_elsewhere(walk, 'another room')):
        frame = relocation.step(image, stamp=STEP * (38 + i))
    assert frame is None and asked.monitor.tracking.state is TrackingState.LOST
    frames = [one.step(film[8], stamp=STEP * 45) for one in (asked, plain)]
    assert frames[0].unseen_motion == frames[1].unseen_motion and min(frames[0].unseen_motion) > 1.0
    assert frames[0].segment == frames[1].segment == 1
    np.testing.assert_array_equal(frames[0].pose, frames[1].pose)


def test_darkness_is_no_evidence(walk):
    """While nothing is to be seen the memory waits; after it, what fitted before must fit again."""
    snapshot, poses, _ = walk
    shown = blackout(seen_from(poses[[SAVED - 1] * 8]), 2, 3, np.random.default_rng(0))
    one, asked, frames = restarted(snapshot, shown)
    assert asked.believed and [frame.trusted for frame in frames] == [False] * 7 + [True] and not asked.doubts
    assert 'black' in frames[3].tracking.reason


def test_a_view_that_is_left_at_once_is_refused(walk):
    """One image of the saved place is no evidence: those after it must follow from it."""
    snapshot, poses, _ = walk
    shown = np.concatenate((seen_from(poses[[SAVED - 1]]), seen_from(poses[:4], seed=SEED + 1)))
    one, asked, frames = restarted(snapshot, shown)
    assert not asked.believed and frames[-1] is None and not any(frame.trusted for frame in frames[:-1])


def test_until_it_is_believed_what_is_saved_is_the_reconstructors_own(walk):
    """A state that is only asked is never written in place of the present one."""
    snapshot, poses, _ = walk
    one = trained()
    for image in walk[2][:3]:
        one.step(image)
    own = one.snapshot()
    asked = Relocation(one, snapshot)
    asked.step(seen_from(poses[[SAVED - 1]])[0])
    assert asked.own_snapshot() == own != one.snapshot()
    asked.give_up()
    assert asked.own_snapshot() == one.snapshot() == own
