# SPDX-License-Identifier: Apache-2.0
"""Loops closed by memories that were kept: what is asked, what is believed, and what it is worth."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from safetensors.torch import load, save
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation.accuracy import accuracy
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.recurrence import NonFinitePrediction, Recurrence
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.likeness import likeness
from ttt3r_ros.reconstruction.loop_closure import CANDIDATES, Keyframe, Limits, LoopCloser, LoopClosureError
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.snapshot import FORMAT, SnapshotError
from ttt3r_ros.reconstruction.together import alone
from ttt3r_ros.reconstruction.trajectory import Boundary
from ttt3r_ros.sequences import Trajectory
from ttt3r_ros.synthetic import World

SIZE, FOCAL = (48, 64), 50.0
WALL = 3.0  # metres before the first camera
SEGMENT = 9  # the present one
SEED, LENGTH, FRAMES = 4000, 1000, 400  # a room that is walked round again and again
ALIKE = 200  # frames in which a run without keyframes is compared; one loop has closed by then


def at(x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> np.ndarray:
    """Return a camera-to-world pose (4, 4), yaw in radians about the axis that points down."""
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler('y', yaw).as_matrix()
    pose[:3, 3] = x, y, z
    return pose


def view(pose: np.ndarray, texture=lambda x, y: np.sin(7 * x) + np.cos(5 * y + 2 * x)) -> tuple[np.ndarray, np.ndarray]:
    """Return the image (h, w, 3) and the points (h, w, 3) of a camera before a painted wall."""
    v, u = np.mgrid[:SIZE[0], :SIZE[1]]
    rays = np.stack((u, v, np.ones(SIZE)), -1) @ np.linalg.inv(pinhole(FOCAL, SIZE)).T
    world = rays @ pose[:3, :3].T
    depth = (WALL - pose[2, 3]) / world[..., 2]
    x, y = (world[..., i] * depth + pose[i, 3] for i in (0, 1))
    paint = (128 + 50 * texture(x, y)).clip(0, 255).astype(np.uint8)
    return np.repeat(paint[..., None], 3, -1), (rays * depth[..., None]).astype(np.float32)


MEMORY = Recurrence(load_network('untrained').network, make_rule('ttt3r')).memory


def keyframe(pose: np.ndarray = at(), segment: int = 0, scale: float = 1.0, **painted) -> Keyframe:
    """Return what is kept of a camera at a pose of the map; its segment began there."""
    image, points = view(pose, **painted)
    seen = Boundary(np.eye(4), points / np.float32(scale), np.ones(SIZE, np.float32), FOCAL)
    return Keyframe(MEMORY, image, seen, pose, scale, segment, 16 * segment)


def answering(*poses: np.ndarray, points: np.ndarray):
    """Return an `ask` that gives these poses in turn, in the keyframe's segment, and these points; what it was asked.
    """
    asked = []

    def ask(memory) -> Boundary:
        asked.append(memory)
        pose = poses[min(len(asked), len(poses)) - 1]
        if pose is None:
            raise NonFinitePrediction('not finite: pose')
        return Boundary(pose, points, np.ones(SIZE, np.float32), FOCAL)

    return ask, asked


def closer(*keyframes: Keyframe, trust: float = 1.0) -> LoopCloser:
    """Return a closer that has kept these, and believes answers wholly unless told otherwise."""
    loops = LoopCloser(100, Limits(trust=trust))
    for one in keyframes:
        loops.keep(one)
    return loops


def test_images_are_alike_from_where_the_camera_truly_stands():
    """Seen from the true place the keyframe's pixels are where they should be, whatever the light; elsewhere not."""
    kept, true = keyframe(), at(0.2, 0.05, 0.3, 0.1)
    image = view(true)[0]
    assert likeness(kept.image, kept.boundary, image, true, FOCAL) > 0.98
    assert likeness(kept.image, kept.boundary, (image * 0.5 + 20).astype(np.uint8), true, FOCAL) > 0.98
    assert likeness(kept.image, kept.boundary, image, at(), FOCAL) < 0.75
    assert likeness(kept.image, kept.boundary, view(at(1.0))[0], at(), FOCAL) < 0.5


def test_what_cannot_be_compared_is_not_alike():
    """A blank wall resembles nothing; out of view, or without a focal length, there is nothing to compare."""
    kept, image = keyframe(), view(at())[0]
    uniform = keyframe(texture=lambda x, y: 0 * x)
    assert likeness(uniform.image, uniform.boundary, image, at(), FOCAL) == 0
    assert likeness(kept.image, kept.boundary, image, at(yaw=1.2), FOCAL) == -1
    assert likeness(kept.image, kept.boundary, image, at(z=WALL + 1), FOCAL) == -1
    assert likeness(kept.image, kept.boundary, image, at(), np.nan) == -1


def test_a_point_at_the_image_s_border_is_in_view():
    """Moved by half a pixel, a camera has one column and one row of the first image no longer in view, and no more."""
    kept, half = keyframe(), 0.5 * WALL / FOCAL
    share = (1 - 1 / SIZE[0]) * (1 - 1 / SIZE[1])
    for x, y in ((half, half), (-half, -half)):
        moved = view(at(x, y))[0]
        assert likeness(kept.image, kept.boundary, moved, at(x, y), FOCAL, share - 0.005) > 0.98
        assert likeness(kept.image, kept.boundary, moved, at(x, y), FOCAL, share + 0.005) == -1


@pytest.mark.parametrize('scale', [1.0, 2.5])
def test_a_keyframe_that_is_recognised_says_where_the_camera_is(scale):
    """The pose is the keyframe's in the map and the answer's motion from it, in the map's metres."""
    kept, motion = keyframe(at(1.0, 0, 0.5, 0.4), scale=scale), at(0.1, 0.02, 0.15, -0.05)
    told = motion.copy()
    told[:3, 3] /= scale
    image, points = view(kept.pose @ motion)
    ask, _ = answering(told, points=points / np.float32(scale))
    found = closer(kept).close(image, at(1.3, 0.1, 0.4, 0.2), SEGMENT, ask)
    assert found.keyframe is kept and found.likeness > 0.98
    np.testing.assert_allclose(found.pose, kept.pose @ motion, atol=1e-12)


def test_the_map_moves_a_part_of_the_way():
    """As answers err too, the pose is moved by the share that they are trusted with, turn and place alike."""
    image, points = view(at(0.1, yaw=0.1))
    ask, _ = answering(at(0.1, yaw=0.1), points=points)
    found = closer(keyframe(), trust=0.6).close(image, at(0.2, yaw=0.1), SEGMENT, ask)
    np.testing.assert_allclose(found.pose, at(0.14, yaw=0.1), atol=1e-9)
    found = closer(keyframe(), trust=0.6).close(image, at(0.1, yaw=0.3), SEGMENT, ask)
    np.testing.assert_allclose(found.pose, at(0.1, yaw=0.18), atol=1e-9)


@pytest.mark.parametrize(('pose', 'segment'), [
    (at(1.1), SEGMENT), (at(yaw=0.8), SEGMENT), (at(), 2)])
def test_what_is_far_or_recent_is_not_asked(pose, segment):
    """A keyframe elsewhere by the path, turned away, or of a segment just ended costs no inference."""
    image, points = view(at())
    ask, asked = answering(at(), points=points)
    assert closer(keyframe()).close(image, pose, segment, ask) is None and not asked


@pytest.mark.parametrize(('true', 'told'), [
    (at(0.4), at(0.4)), (at(yaw=0.25), at(yaw=0.25)), (at(0.5), at()), (at(), None)])
def test_an_answer_that_is_not_believed(true, told):
    """Too far from the keyframe to be answered well, belied by the image, or no answer at all: no loop is closed."""
    image, points = view(true)
    ask, asked = answering(told, points=points)
    assert closer(keyframe()).close(image, at(0.1), SEGMENT, ask) is None and len(asked) == 1


def test_an_answer_must_fit_both_ways_round():
    """The keyframe laid on the image fits; the image laid on the keyframe, by what the answer sees of it, does not."""
    image, points = view(at(0.15, 0.05))
    for seen, closed in ((points, True), (points * np.float32(0.4), False)):
        ask, _ = answering(at(0.15, 0.05), points=seen)
        assert (closer(keyframe()).close(image, at(0.1), SEGMENT, ask) is not None) is closed


def test_of_the_nearest_the_most_alike_is_taken():
    """A few nearest are asked, no more; what fails on the way is passed over."""
    kept = [keyframe(at(0.1 * k), segment=k) for k in range(5)]
    image, points = view(at(0.1))
    ask, asked = answering(None, at(0.0), at(-0.06), points=points)
    found = closer(*kept).close(image, at(0.02), SEGMENT, ask)
    assert len(asked) == CANDIDATES < len(kept)
    assert found.keyframe is kept[1]
    ask, _ = answering(at(0.1), at(0.0), at(-0.1), points=points)
    np.testing.assert_allclose(closer(*kept).close(image, at(0.02), SEGMENT, ask).pose, at(0.1), atol=1e-9)


def test_a_full_store_keeps_what_is_apart_and_old():
    """With no room left, the later of the two nearest goes; without any, nothing is kept."""
    loops = LoopCloser(3)
    for segment, x in enumerate((0.0, 5.0, 0.1, 10.0)):
        loops.keep(keyframe(at(x), segment=segment))
    assert len(loops) == 3
    for x in (0.1, 5.0, 10.0):
        image, points = view(at(x))
        ask, asked = answering(at(), points=points)
        loops.close(image, at(x), SEGMENT, ask)
        assert len(asked) == 1
    image, points = view(at())
    found = loops.close(image, at(0.1), SEGMENT, answering(at(), points=points)[0])
    assert found.keyframe.segment == 0
    loops.forget()
    none = LoopCloser(0)
    none.keep(keyframe())
    assert len(loops) == len(none) == 0
    with pytest.raises(LoopClosureError, match='-1 keyframes'):
        LoopCloser(-1)


@pytest.fixture(scope='module')
def walk() -> tuple[list, np.ndarray]:
    """Return images and poses of a room that is walked round more than twice."""
    world = World(SEED, LENGTH, (96, 128))
    return [image for image, _ in islice(world.film(), FRAMES)], world.poses[:FRAMES]


def reconstructor(keyframes: int) -> Reconstructor:
    """Return one with the embedded weights, as they go best."""
    return Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3', policy=Interval(16),
                         keyframes=keyframes)


@pytest.mark.slow
@pytest.mark.timeout(300)  # on busy cores
def test_loops_closed_take_drift_away(walk):
    """Round after round the poses in the map are nearer to the truth than the path's, which is as without keyframes."""
    images, truth = walk
    loops, without = reconstructor(64), reconstructor(0)
    frames = [loops.step(image) for image in images]
    for mine, image in zip(frames, images[:ALIKE]):
        plain = without.step(image)
        np.testing.assert_array_equal(mine.pose, plain.pose)
        np.testing.assert_array_equal(plain.correction, np.eye(4))
    assert frames[ALIKE - 1].loop_closures >= 1 and frames[-1].loop_closures >= 5 and plain.loop_closures == 0
    stamps = np.arange(len(truth)) * 100_000_000
    true = Trajectory(stamps, truth)
    path, in_map = (accuracy(Trajectory(stamps, np.array(poses)), true).ate_se3 for poses in (
        [frame.pose for frame in frames], [frame.correction @ frame.pose for frame in frames]))
    assert in_map < 0.9 * path


def test_a_snapshot_keeps_the_correction_and_the_keyframes(walk):
    """Restored, the map pose goes on where it was, and the keyframes answer as before, as many as there is room for."""
    images, _ = walk
    first = reconstructor(64)
    for image in images[:36]:
        first.step(image)
    first._place = replace(first._place, correction=at(1.0, yaw=0.3), loop_closures=2)
    data, other, small, none = first.snapshot(), *map(reconstructor, (64, 1, 0))
    for one in (other, small, none):
        one.check(data)
        one.restore(data)
    assert [len(one._loops) for one in (first, other, small, none)] == [2, 2, 1, 0]
    for mine, theirs in zip(first._loops._keyframes, other._loops._keyframes):
        assert (mine.scale, mine.segment, mine.index) == (theirs.scale, theirs.segment, theirs.index)
        np.testing.assert_array_equal(mine.pose, theirs.pose)
        np.testing.assert_array_equal(mine.image, theirs.image)
        np.testing.assert_array_equal(mine.boundary.points, theirs.boundary.points)
        encoded, answers = first._eye.encode([images[36]], [0.0])[0], []
        for one, kept in ((first, mine), (other, theirs)):
            before = one._recurrence.memory
            one._recurrence.memory = kept.memory
            answers.append(alone(one._eye.observe(encoded)).pose)
            one._recurrence.memory = before
        np.testing.assert_array_equal(*answers)
    mine, theirs = first.step(images[36]), other.step(images[36])
    assert theirs.loop_closures == mine.loop_closures == 2
    np.testing.assert_array_equal(theirs.correction, at(1.0, yaw=0.3))
    np.testing.assert_array_equal(theirs.pose, mine.pose)
    assert other.snapshot() == first.snapshot()


def test_a_snapshot_right_after_a_reset(walk):
    """The last image is a keyframe's too then; a second reset at once makes no keyframe of it again."""
    images, _ = walk
    first, other = reconstructor(8), reconstructor(8)
    for image in images[:4]:
        first.step(image)
    for resets in (1, 2):
        first.reset()
        assert len(first._loops) == 1 and first.segment == resets
        other.restore(first.snapshot())
        other.reset()
        assert len(other._loops) == 1
        other.restore(first.snapshot())
    mine, theirs = first.step(images[4]), other.step(images[4])
    np.testing.assert_array_equal(theirs.pose, mine.pose)
    first.reset()
    assert len(first._loops) == 2


def test_what_a_snapshot_holds_of_keyframes_is_bounded():
    """Of too many, those seen twice are left out first; the store itself keeps all."""
    loops = closer(*(keyframe(at(x), segment=k) for k, x in enumerate((0.0, 5.0, 0.1, 10.0))))
    one = loops.within(10**9)[0]
    size = (one.memory.state.nbytes + one.memory.pose_memory.nbytes + one.image.nbytes + one.boundary.points.nbytes
            + one.boundary.confidence.nbytes)
    assert [kept.segment for kept in loops.within(4 * size)] == [0, 1, 2, 3]
    assert [kept.segment for kept in loops.within(4 * size - 1)] == [0, 1, 3]
    assert len(loops.within(size)) == 1 and loops.within(size - 1) == [] and len(loops) == 4


def test_a_snapshot_with_a_broken_keyframe_is_refused(walk):
    """The field is named, and nothing has changed."""
    first = reconstructor(64)
    for image in walk[0][:20]:
        first.step(image)
    data = first.snapshot()
    tensors, length = load(data), int.from_bytes(data[:8], 'little')
    header = json.loads(data[8:8 + length])['__metadata__'][FORMAT]
    for name, spoil, word in (('state', lambda t: t[:, :1], 'keyframe.0.state'),
                              ('pose', lambda t: t * 2, 'pose'), ('image', None, 'keyframe.0.image is missing')):
        spoilt = {key: value.clone() for key, value in tensors.items()}
        if spoil is None:
            del spoilt[f'keyframe.0.{name}']
        else:
            spoilt[f'keyframe.0.{name}'] = spoil(spoilt[f'keyframe.0.{name}']).contiguous()
        with pytest.raises(SnapshotError, match=word):
            first.restore(save(spoilt, metadata={FORMAT: header}))
    with pytest.raises(SnapshotError, match='segment'):
        first.restore(save(tensors, metadata={FORMAT: header.replace('"kept": [{"scale": 1.0, "segment": 0',
                                                                    '"kept": [{"scale": 1.0, "segment": -1')}))
    assert first.snapshot() == data
