# SPDX-License-Identifier: Apache-2.0
"""Is it said when the camera is lost? The embedded weights on films with mishaps, no ROS; and the monitor by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation import alarms
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.tracking import (
    DETAIL_FRAMES,
    FROZEN,
    HAND_HELD,
    UNTIMED_S,
    Bounds,
    Evidence,
    TrackingMonitor,
    TrackingState,
)
from ttt3r_ros.reconstruction.trajectory import extent
from ttt3r_ros.reconstruction.uncertainty import Coefficients
from ttt3r_ros.reconstruction.weights_profile import SegmentSettings
from ttt3r_ros.synthetic import World
from ttt3r_ros.synthetic.mishap import blackout, covered, cut, frozen

SECOND = 1_000_000_000
STEP = SECOND // 10
BOUNDS = Bounds(4.0, 6.0)
START, DURATION = 24, 10
GOOD = Evidence(likeness=0.99, distance=0.1, turn=0.05, confidence=5.0, gate=0.9)


def film(seed: int, frames: int = 44) -> np.ndarray:
    """Return a world's first images."""
    return np.stack([image for image, _ in islice(World(seed, 192, (96, 128)).film(), frames)])


@pytest.fixture(scope='module')
def here() -> np.ndarray:
    """The film that mishaps are done to."""
    return film(7)


def reconstructor() -> Reconstructor:
    """Return one with the embedded weights, as they go best, and a monitor."""
    return Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3', policy=Interval(16),
                         monitor=TrackingMonitor(BOUNDS))


def watched(images: np.ndarray) -> list:
    """Return each frame's answer."""
    one = reconstructor()
    return [one.step(image, stamp=STEP * (i + 1)) for i, image in enumerate(images)]


def states(frames: list) -> list[str]:
    """Return the frames' tracking states."""
    return [frame.tracking.state.value for frame in frames]


def test_a_walk_is_tracked_from_its_third_step_on(here):
    """A good film begins as initialising and then is ok, and the poses are those without anybody judging."""
    frames = watched(here)
    assert states(frames) == ['initialising'] * 3 + ['ok'] * (len(here) - 3)
    assert frames[3].tracking.since == 4 * STEP and frames[-1].tracking.since == 4 * STEP
    plain = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3', policy=Interval(16))
    for image, frame in zip(here, frames):
        np.testing.assert_array_equal(plain.step(image).pose, frame.pose)


@pytest.mark.parametrize(('spoil', 'why'), [(blackout, 'black'), (covered, '')])
def test_what_cannot_be_seen_is_lost_and_writes_nothing(here, spoil, why):
    """Through darkness or a hand on the lens all is lost; then a segment begins at the last trusted pose."""
    images = spoil(here, START, DURATION, np.random.default_rng(0))
    one, frames, memory = reconstructor(), [], None
    for i, image in enumerate(images):
        if i == START:
            memory = one._recurrence.memory.state.clone()
        frames.append(one.step(image, stamp=STEP * (i + 1)))
        if START <= i < START + DURATION:
            assert frames[-1].tracking.state is TrackingState.LOST and not frames[-1].trusted
            assert why in frames[-1].tracking.reason and frames[-1].tracking.since == STEP * (START + 1)
            assert one._recurrence.memory.state.equal(memory)
    back = frames[START + DURATION]
    assert back.tracking.state is TrackingState.INITIALISING and 'goes on where it was lost' in back.tracking.reason
    assert back.segment == frames[START - 1].segment + 1
    np.testing.assert_allclose(back.pose, frames[START - 1].pose, atol=1e-12)
    # The bound over √3, for the whole time unseen.
    unseen = STEP * (DURATION + 1) / SECOND / np.sqrt(3)
    np.testing.assert_allclose(back.unseen_motion, (4.0 * unseen, min(6.0 * unseen, np.pi / np.sqrt(3))))
    assert states(frames[START + DURATION + 3:]) == ['ok'] * (len(images) - START - DURATION - 3)


def test_another_place_is_lost_at_once(here):
    """After a cut nothing fits: the first frame is lost, none that is told jumps, and the path goes on elsewhere."""
    frames = watched(cut(here, START, film(9)))
    assert states(frames)[START] == 'lost' and 'not what was seen before' in frames[START].tracking.reason
    assert states(frames)[-1] == 'ok'
    told = [(STEP * i, frame.pose) for i, frame in enumerate(frames) if frame.trusted]
    for (before, a), (after, b) in zip(told, told[1:]):
        way, turn = extent(np.linalg.inv(a) @ b)
        assert way <= BOUNDS.max_speed * (after - before) / SECOND + 1e-9
        assert turn <= BOUNDS.max_turn_rate * (after - before) / SECOND + 1e-9


def test_a_film_that_begins_in_the_dark_begins_when_there_is_light(here):
    """Nothing is trusted before the first image that shows something, and the path begins there."""
    frames = watched(blackout(here, 0, 4, np.random.default_rng(1))[:10])
    assert states(frames)[:5] == ['initialising'] * 5
    assert [frame.trusted for frame in frames] == [False] * 4 + [True] * 6
    assert frames[4].segment == 0 and frames[4].unseen_motion == (0.0, 0.0)
    np.testing.assert_allclose(frames[4].pose[:3, 3], 0, atol=0.2)


def monitor(**bounds) -> tuple[TrackingMonitor, np.ndarray]:
    """Return a monitor that follows well, at stamp 0, and the image that it saw."""
    one, image = TrackingMonitor(Bounds(**bounds)), np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    one.begin(one.look(image, 0), 0)
    return one, image


def test_what_the_camera_cannot_do_is_not_believed():
    """Steps beyond a bound are lost, in true metres; without a stamp, or without a bound, nothing is judged by it."""
    for seen, stamp, bounds, lost in (
            (Evidence(0.99, 0.5, 0.0, 5, 0.9), STEP, {'max_speed': 4.0}, 'max_speed'),
            (Evidence(0.99, 0.3, 0.0, 5, 0.9), STEP, {'max_speed': 4.0}, None),
            (Evidence(0.99, 0.5, 0.0, 5, 0.9), None, {'max_speed': 4.0}, None),
            (Evidence(0.99, 9.0, 0.0, 5, 0.9), STEP, {}, None),
            (Evidence(0.99, 0.0, 0.7, 5, 0.9), STEP, {'max_turn_rate': 6.0}, 'max_turn_rate'),
            (Evidence(0.99, 0.1, 0.0, 5, 0.9), STEP // 1000, {'max_speed': 4.0}, None)):
        one, image = monitor(**bounds)
        told = one.judge(one.look(image, stamp), seen, stamp)
        assert told.trusted is (lost is None) and (lost or '') in told.reason
    one, image = monitor(max_speed=4.0)
    one.metres = 2.0
    assert not one.judge(one.look(image, STEP), Evidence(0.99, 0.3, 0.0, 5, 0.9), STEP).trusted


@pytest.mark.parametrize(('told', 'true', 'expected'), [
    (0, 2, [TrackingState.INITIALISING] * 2), (10, 10, [TrackingState.INITIALISING] * 2),
    (10, 0, [TrackingState.LOST] * 2), (5, 0, [TrackingState.DEGRADED, TrackingState.LOST]),
    (0, 30, [TrackingState.LOST] * 2), (50, 40, [TrackingState.INITIALISING] * 2),
    (50, None, [TrackingState.INITIALISING] * 2)])
def test_a_turn_that_the_gyroscope_denies_counts(told, true, expected):
    """Degrees that the network tells of a step: far from the gyroscope's it is lost, near by in doubt, and the second
    such one lost; what the gyroscope does not know is not asked."""
    one, image = monitor()
    asked, found = [], []

    def witness(start: int, end: int) -> np.ndarray | None:
        asked.append((start, end))
        return None if true is None else Rotation.from_euler('y', true, degrees=True).as_matrix()

    one.witness = witness
    rotation = Rotation.from_euler('y', told, degrees=True)
    seen = replace(GOOD, turn=rotation.magnitude(), rotation=rotation.as_matrix())
    for k in (1, 2):
        tracking = one.judge(one.look(np.roll(image, k, 1), k * STEP), seen, k * STEP)
        found.append(tracking.state)
    assert found == expected
    assert asked[0] == (0, STEP)
    assert expected[1] is not TrackingState.LOST or f'a turn of {told}° that the gyroscope denies' in tracking.reason


def test_a_walk_goes_on_with_a_true_witness_and_not_with_a_false_one(here):
    """The network's turns on a walk are borne out by the true ones; a gyroscope that tells of another turn ends it."""
    one, world = reconstructor(), World(7, 192, (96, 128))
    lie = np.eye(3)
    one.monitor.witness = lambda start, end: (
        world.poses[start // STEP - 1, :3, :3].T @ world.poses[end // STEP - 1, :3, :3] @ lie)
    frames = [one.step(image, stamp=STEP * (i + 1)) for i, image in enumerate(here[:20])]
    assert set(states(frames)[4:]) == {'ok'}
    lie = Rotation.from_euler('y', 30, degrees=True).as_matrix()
    frame = one.step(here[20], stamp=STEP * 21)
    assert not frame.trusted and 'the gyroscope denies' in frame.tracking.reason


def test_a_simulated_gyroscope_bears_a_way_out_and_denies_another_camera_s_pictures():
    """A cheap gyroscope denies no turn of a good film; where pictures come from a camera that looks 35° aside from then
    on, that is told at once, which images alone do not always tell."""
    here, world = film(8), World(8, 192, (96, 128))
    poses = world.poses[:len(here)]
    aside = poses[START:START + 6].copy()
    aside[:, :3, :3] @= Rotation.from_euler('y', 35, degrees=True).as_matrix()
    other = np.stack([image for image, _ in world.film_from(aside)])
    plan = alarms.Plan('embedded', SegmentSettings('interval', 16, 'se3'), 1, gyroscope=True)
    loaded, reports = load_network('embedded'), []
    for film_ in (alarms.Film(alarms.NORMAL, here, poses),
                  alarms.Film('other camera', np.concatenate((here[:START], other)), poses[:START + 6],
                              (START, START + alarms.WITHIN))):
        reports.append(alarms.watch(8, film_, loaded, plan, alarms.Witness(film_, 8, Coefficients())))
    good, bad = reports
    assert good.denied == good.lost == good.degraded == 0 and good.by == alarms.GYROSCOPE
    assert bad.told and bad.lost_in >= 1
    alone = alarms.watch(8, alarms.Film(alarms.NORMAL, here, poses), loaded, plan)
    rows = alarms.results_table(replace(plan, worlds=1), [
        replace(one, mishap=mishap, by=by) for one in (alone,) for mishap in alarms.MISHAPS
        for by in (alarms.ALONE, alarms.GYROSCOPE)]).row_count
    assert rows == 2 * len(alarms.MISHAPS)


def test_a_picture_that_stays_is_packed_anew_each_time():
    """For so many frames it is the last one before, within a little noise, and no two of them are the same."""
    images = np.random.default_rng(1).integers(20, 236, (9, 8, 8, 3)).astype(np.uint8)
    spoiled = frozen(images, 3, 4, np.random.default_rng(0))
    assert np.abs(spoiled[3:7].astype(int) - images[2]).max() <= 6
    assert not any(np.array_equal(a, b) for a, b in zip(spoiled[2:6], spoiled[3:7]))
    np.testing.assert_array_equal(spoiled[[0, 1, 2, 7, 8]], images[[0, 1, 2, 7, 8]])


def test_a_doubted_image_may_pass_once():
    """One image that hardly fits is told in doubt, the second running is lost; between good ones each is the first."""
    one, image = monitor()
    doubted, told = Evidence(0.7, 0.1, 0, 5, 0.9), []
    for i, seen in enumerate((doubted, GOOD, doubted, doubted)):
        told.append(one.judge(one.look(np.roll(image, i + 1, 1), None), seen, None).state)
    assert told == [TrackingState.DEGRADED, TrackingState.OK, TrackingState.DEGRADED, TrackingState.LOST]


def test_a_doubted_image_without_the_usual_detail_is_a_hand():
    """What shows little and does not fit well is lost at the first such image, and named: an answer can lay a blur on
    much. What fits, as a wall does that the camera came to, is told."""
    for likeness, state in ((0.7, TrackingState.LOST), (0.85, TrackingState.LOST), (0.95, TrackingState.INITIALISING)):
        one, image = monitor()
        told = one.judge(one.look(soft(image), None), Evidence(likeness, 0.1, 0, 5, 0.9), None)
        assert told.state is state and ('is the lens covered' in told.reason) == (state is TrackingState.LOST)


def soft(image: np.ndarray) -> np.ndarray:
    """Return an image of that size that brightens to one side and shows nothing else."""
    height, width = image.shape[:2]
    return np.broadcast_to(np.linspace(60, 90, width, dtype=np.uint8)[None, :, None], (height, width, 3)).copy()


def test_a_frozen_image_is_degraded_not_lost():
    """A simulator that stands still looks the same."""
    one, image = monitor()
    told = [one.judge(one.look(image, None), GOOD, None) for _ in range(FROZEN)]
    assert told[-2].state is TrackingState.DEGRADED and told[-1].trusted
    assert 'does not change, for 4 images' in told[-1].reason
    image = image.copy()
    image[0, 0] += 1
    assert one.judge(one.look(image, None), GOOD, None).state is not TrackingState.DEGRADED


@pytest.mark.parametrize(('value', 'kind'), [(0, 'black'), (255, 'saturated'), (128, 'blank')])
def test_a_picture_of_nothing_is_named(value, kind):
    """Black, saturated and blank; a time burnt into a corner changes nothing."""
    image = np.full((48, 64, 3), value, np.uint8)
    image[:3, :20] = 255 - value
    assert f'the image is {kind}' in TrackingMonitor().look(image, None).fault


@pytest.mark.parametrize(('screen', 'ink'), [((0, 0, 0), (255, 255, 255)), ((0, 0, 200), (255, 255, 255)),
                                            ((255, 255, 255), (0, 0, 0))])
def test_a_screen_with_a_text_is_no_picture(here, screen, ink):
    """A receiver's message is lost, however long, even with a clock that runs, and also as a JPEG; a room is none."""
    images = list(here[:24])
    for i in range(6, 18):
        empty = np.full((240, 320, 3), screen, np.uint8)
        for at, text in ((120, 'NO SIGNAL'), (190, f'12:00:{i:02d}')):
            cv2.putText(empty, text, (20, at), cv2.FONT_HERSHEY_SIMPLEX, 1.7, ink, 4)
        images[i] = cv2.imdecode(cv2.imencode('.jpg', empty)[1], cv2.IMREAD_COLOR) if i % 2 else empty
    frames = watched(images)
    assert states(frames[6:18]) == ['lost'] * 12 and 'one brightness' in frames[17].tracking.reason
    assert states(frames)[3:6] == ['ok'] * 3 and states(frames)[-1] == 'ok'


def test_a_hand_is_no_place_to_begin_for_a_while():
    """Lost, an image without the usual detail is waited out; if it lasts, the scene has no more, and it is taken."""
    one, image = monitor()
    one.blind(one.look(np.zeros_like(image), None), None)
    faults = []
    for _ in range(DETAIL_FRAMES + 1):
        sight = one.look(soft(image), None)
        faults.append(sight.fault)
        if sight.fault:
            one.blind(sight, None)
    assert 'is the lens covered' in faults[0] and faults[-1] is None and None not in faults[:-2]


def test_without_stamps_a_default_time_was_unseen_for_each_frame():
    """What may have happened unseen is bounded by a hand's speed where nothing else is known, and more for each frame
    that was missed."""
    one, image = monitor()
    np.testing.assert_allclose(one.unseen_motion(None)[0], HAND_HELD.max_speed * UNTIMED_S / np.sqrt(3))
    for missed in range(1, 9):
        one.blind(one.look(np.zeros_like(image), None), None)
        np.testing.assert_allclose(one.unseen_motion(None)[0], missed * HAND_HELD.max_speed * UNTIMED_S / np.sqrt(3))


def test_what_may_have_happened_unseen_is_in_the_path_s_metres():
    """Two seconds at the bounds of a robot, half a turn at most; without bounds at those of a hand."""
    one, _ = monitor()
    one.metres, one.bounds = 2.0, Bounds(0.5, 0.25)  # two true metres to each of the path's
    np.testing.assert_allclose(one.unseen_motion(2 * SECOND), np.array([0.5, 0.5]) / np.sqrt(3))
    one.metres, one.bounds = 1.0, Bounds()
    np.testing.assert_allclose(one.unseen_motion(2 * SECOND), np.array([5.0 * 2, np.pi]) / np.sqrt(3))
    np.testing.assert_allclose(one.unseen_motion(SECOND // 2), np.array([2.5, 3.0]) / np.sqrt(3))
