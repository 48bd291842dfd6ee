# SPDX-License-Identifier: Apache-2.0
"""Reset, parameters, bad frames and clocks while images keep coming."""

from __future__ import annotations

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from harness import image_message, scene, stamp_of
from rosgraph_msgs.msg import Clock
from trap import BLINDED, write_trap

STEP = 50_000_000


def stamps(start: int, count: int) -> list[int]:
    """Return rising stamps, ns."""
    return [start + i * STEP for i in range(count)]


def test_reset_under_load(run):
    """Ten resets amid a stream: each begins a segment, every image is answered, and the path has no jump."""
    _, robot = run(lossless=True)
    times = stamps(1_000_000_000, 60)
    for i, stamp in enumerate(times):
        robot.show(stamp)
        if i % 6 == 5:
            response = robot.reset()
            assert response.success and 'segment' in response.message
    robot.wait_for('all answers', lambda: len(robot.heard['status']) == len(times))
    segments = [m.segment for m in robot.heard['status']]
    assert segments == sorted(segments) and segments[-1] in (9, 10)
    assert [stamp_of(m) for m in robot.heard['pose']] == times


def test_a_reset_keeps_the_place(run):
    """The frame after a reset is where it would be from the last one, not back at the origin."""
    _, robot = run(lossless=True)
    still = scene(3)
    for stamp in stamps(1_000_000_000, 5):
        robot.show(stamp, still)
    robot.wait_for('poses', lambda: len(robot.heard['pose']) == 5)
    assert robot.reset().success
    robot.show(2_000_000_000, still)
    robot.wait_for('the pose after', lambda: len(robot.heard['pose']) == len(robot.heard['status']) == 6)
    places = np.array([(p.x, p.y, p.z) for p in (m.pose.position for m in robot.heard['pose'])])
    assert robot.counters().segment == 1
    # The second frame of a segment moves as it did the first time; the boundary itself does not.
    step = np.linalg.norm(places[5] - places[4])
    first_step = np.linalg.norm(places[1] - places[0])
    assert step <= 1.5 * first_step
    assert np.linalg.norm(places[4]) > 0


def test_a_reset_before_any_image_is_harmless(run):
    """Nothing to reset is a success that says so."""
    _, robot = run()
    response = robot.reset()
    assert response.success and 'nothing' in response.message


def test_update_rule_switches_under_load(run):
    """A rule is in force from the next frame on, every image is answered, an unknown rule is refused with the list."""
    _, robot = run(lossless=True)
    clock = iter(stamps(1_000_000_000, 1000))
    for rule in ('cut3r', 'constant', 'filt3r', 'ttsa3r', 'frame', 'ttt3r+memix', 'ttt3r'):
        for _ in range(3):
            robot.show(next(clock))
        assert robot.set('update_rule', rule).successful
        for _ in range(3):
            robot.show(next(clock))
        robot.wait_for(f'{rule} in force', lambda rule=rule: robot.heard['status']
                       and robot.counters().update_rule == rule)
    refused = robot.set('update_rule', 'magic')
    assert not refused.successful and 'ttt3r' in refused.reason and 'magic' in refused.reason
    assert robot.get('update_rule').string_value == 'ttt3r'
    robot.wait_for('all answers', lambda: len(robot.heard['status']) == 42)

    assert robot.set('update_rule', 'constant').successful and robot.set('constant.share', 0.25).successful
    robot.show(next(clock))
    robot.wait_for('the answer', lambda: len(robot.heard['status']) == 43)
    assert abs(robot.counters().gate_mean - 0.25) < 1e-6
    refused = robot.set('constant.share', 1.5)
    assert not refused.successful and refused.reason


def test_bad_frames_change_nothing(start_node, make_robot, tmp_path):
    """Corrupt, wrongly encoded and non-finite frames are counted, and the poses are as if they had never come."""
    weights = write_trap(tmp_path / 'trap.safetensors')
    times = stamps(1_000_000_000, 10)
    tracks = []
    for target, with_bad_ones in (('clean', False), ('tried', True)):
        node = start_node(name=target, lossless=True, weights=weights)
        robot = make_robot(target=target)
        robot.wait_until_watched()
        for i, stamp in enumerate(times):
            robot.show(stamp, scene(i))
            if with_bad_ones and i == 3:
                cut = image_message(stamp + 1, scene(i))
                cut.data = cut.data[:1000]
                robot.camera.publish(cut)
                cut.header.stamp.sec = 4000  # broken stamps in broken messages end no segment
                robot.camera.publish(cut)
                cut.header.stamp.sec = 0
                robot.camera.publish(cut)
                odd = image_message(stamp + 2, scene(i))
                odd.encoding = 'rgb9'
                robot.camera.publish(odd)
                narrow = image_message(stamp + 3, scene(i))
                narrow.step = 3
                robot.camera.publish(narrow)
                robot.show(stamp + 4, BLINDED)
                robot.show(stamp + 5, np.zeros((2, 300, 3), np.uint8))
        robot.wait_for('all poses', lambda: len(robot.heard['pose']) == len(times))
        tracks.append([(stamp_of(m), m.pose) for m in robot.heard['pose']])
        if with_bad_ones:
            robot.wait_for('the last status', lambda: len(robot.heard['status']) == len(times))
            status = robot.counters()
            assert (status.dropped_invalid, status.dropped_nonfinite, status.segment) == (6, 1, 0)
            assert status.received == len(times) + 7 and status.answered == len(times)
            assert robot.state() == 'active'
            assert 'not finite' in node.log() and 'truncated' in node.log()
        node.stop()
    assert tracks[0] == tracks[1]


def test_stamps_that_do_not_increase_are_dropped(run):
    """An equal and a slightly older stamp are dropped and counted; what follows is answered."""
    _, robot = run(lossless=True)
    base = 1_000_000_000
    for stamp in (base, base, base + STEP, base + 1, base + 2 * STEP):
        robot.show(stamp)
    robot.wait_for('the answers', lambda: len(robot.heard['status']) == 3)
    assert [stamp_of(m) for m in robot.heard['pose']] == [base, base + STEP, base + 2 * STEP]
    assert robot.counters().dropped_stamp == 2 and robot.counters().segment == 0


def test_a_looped_bag_is_a_reset(run):
    """Stamps that start again begin a segment and are all answered; so does a loop too short to tell, a bit later."""
    _, robot = run(lossless=True)
    bag = stamps(1_000_000_000, 15)
    for stamp in bag + bag:
        robot.show(stamp)
    robot.wait_for('both rounds', lambda: len(robot.heard['status']) == 30)
    assert [m.segment for m in robot.heard['status']] == [0] * 15 + [1] * 15
    assert robot.counters().dropped_stamp == 0

    short = stamps(5_000_000_000, 6)
    for stamp in short + short:
        robot.show(stamp)
    robot.wait_for('the short loop', lambda: len(robot.heard['status']) == 30 + 6 + 4)
    assert robot.counters().segment == 2 and robot.counters().dropped_stamp == 2


def test_sim_time_without_a_clock_is_told_until_one_comes(run):
    """Images are answered and nothing else moves: log and diagnostics say why, until a time comes, and when none does
    any more."""
    node, robot = run(use_sim_time=True, odometry__rate=20.0)
    told = 'use_sim_time is set and no time comes on /clock'
    robot.wait_for('the warning', lambda: robot.diagnostic('surroundings').get('message', '').startswith(told))
    assert robot.diagnostic('surroundings')['level'] == DiagnosticStatus.WARN and node.log().count(told) == 1
    clock = robot.publisher(Clock, '/clock')
    message = Clock()

    def settled() -> bool:
        message.clock.sec += 1
        clock.publish(message)
        return robot.diagnostic('surroundings')['message'] == 'nothing interferes'

    robot.wait_for('its end', settled)
    stopped = '/clock has stopped, timers stand still'
    robot.wait_for('that it stopped', lambda: robot.diagnostic('surroundings')['message'].startswith(stopped))
    assert node.log().count(stopped) == 1
    robot.wait_for('its end', settled)


def test_sim_time_going_back_is_one_reset(run):
    """With use_sim_time a clock that jumps back resets once, before or after the images do; one before 0 is no time."""
    node, robot = run(use_sim_time=True)
    clock = robot.publisher(Clock, '/clock')

    def tick(seconds: int) -> None:
        message = Clock()
        message.clock.sec = seconds
        clock.publish(message)
        robot.spin(0.3)

    for seconds in (-1, -5, -2_000_000_000):
        tick(seconds)
    assert node.log().count('message(s) on /clock hold no time') == 1 and 'foresaw' not in node.log()
    tick(100)
    robot.show_and_wait([100_000_000_000])
    tick(101)
    robot.show_and_wait([101_000_000_000])
    tick(50)
    robot.show_and_wait([50_000_000_000])
    assert robot.counters().segment == 1
    robot.show_and_wait([51_000_000_000])
    robot.show_and_wait([20_000_000_000])
    tick(20)
    robot.show_and_wait([21_000_000_000])
    assert robot.counters().segment == 2
