# SPDX-License-Identifier: Apache-2.0
"""A robot's day with a camera that fails: what a running node tells of it, moment by moment."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from harness import matrix_of, pose_matrix, stamp_of
from sensor_msgs.msg import CameraInfo
from std_srvs.srv import Trigger
from ttt3r_ros.srv import LoadState, SaveState, SetPose

from ttt3r_ros.ros.tracking_report import MOST
from ttt3r_ros.synthetic import World

STEP = 100_000_000
FRAMES = 90


class Day:
    """A film shown image by image to a lossless node; each is answered before the next one."""

    def __init__(self, robot) -> None:
        self.robot, self.at = robot, 0
        self.images = [image for image, _ in islice(World(7, 192, (96, 128)).film(), FRAMES)]

    def show(self, count: int, *, dark=lambda i: False) -> list[str]:
        """Show the next images, black ones where dark says so; return their tracking states."""
        for i in range(count):
            image = self.images[self.at]
            self.at += 1
            self.robot.show(STEP * self.at, np.zeros_like(image) if dark(i) else image)
            self.robot.wait_for('an answer', lambda: stamp_of(self.robot.counters()) == STEP * self.at
                                if self.robot.heard['status'] else False)
        return [status.tracking for status in self.robot.heard['status'][-count:]]

    @property
    def poses(self) -> int:
        """How many poses have been told."""
        self.robot.spin(0.2)
        return len(self.robot.heard['pose'])


def test_what_is_set_asked_and_saved_while_the_camera_is_lost(run, tmp_path):
    """Parameters, a reset, set_pose and a state file do what they say also in the dark."""
    _, robot = run(lossless=True, weights='embedded', map_frame='map', files_dir=str(tmp_path))
    day = Day(robot)
    assert day.show(8)[-1] == 'ok' and day.poses == 8

    assert set(day.show(3, dark=lambda i: True)) == {'lost'} and day.poses == 8
    assert robot.set('when_lost', 'continue').successful
    assert day.show(2, dark=lambda i: True) == ['lost'] * 2 and day.poses == 10
    assert robot.set('when_lost', 'stop').successful
    assert day.show(1, dark=lambda i: True) == ['lost'] and day.poses == 10
    assert robot.reset().success
    request = SetPose.Request()
    request.pose.header.frame_id = 'map'
    request.pose.pose.pose.position.x, request.pose.pose.pose.orientation.w = 7.0, 1.0
    placed = robot.call(SetPose, 'set_pose', request)
    assert placed.success, placed.message
    path = 'lost.state'
    assert robot.call(SaveState, 'save_state', SaveState.Request(path=path)).success

    # Where it comes back is where it was said to be.
    assert day.show(4)[0] == 'initialising' and day.poses == 14
    fixed = [t for m in robot.heard['tf_static'] for t in m.transforms if t.child_frame_id == 'odom'][-1].transform
    first = next(m for m in robot.heard['pose'] if stamp_of(m) == STEP * 15)
    place = (matrix_of(fixed.translation, fixed.rotation) @ pose_matrix(first.pose))[:3, 3]
    np.testing.assert_allclose(place, (7, 0, 0), atol=1e-6)

    # A camera's first images are often black: the saved state waits for those that show something.
    before = robot.counters()
    assert robot.call(LoadState, 'load_state', LoadState.Request(path=path)).success
    assert not any(status == 'ok' for status in day.show(3, dark=lambda i: True)) and day.poses == 14
    day.show(4)
    assert robot.counters().segment < before.segment + 3 and robot.counters().tracking in ('initialising', 'ok')
    assert day.poses == 16  # two are withheld, until a third bears them out

    assert robot.set('max_speed', 0.001).successful
    assert day.show(1) == ['lost'] and 'beyond max_speed 0.001 m/s' in robot.counters().tracking_reason
    assert robot.set('max_speed', 5.0).successful
    assert day.show(5)[-1] == 'ok'


def test_flickering_light_does_not_flood_the_log_and_silence_is_no_tracking(run):
    """Every second image black: few lines. No image any more, or deactivated: the diagnostics do not go on with ok."""
    node, robot = run(lossless=True, weights='embedded')
    day = Day(robot)
    day.show(40, dark=lambda i: i % 2 == 1)
    assert robot.counters().withheld_lost == 20
    assert node.log().count('tracking lost') <= MOST and node.log().count('segment ') <= MOST + 2
    day.show(8)
    robot.wait_for('silence', lambda: 'at the last image' in robot.diagnostic('tracking').get('message', ''))
    assert robot.diagnostic('tracking')['level'] == DiagnosticStatus.WARN
    assert robot.diagnostic('tracking')['message'] == 'ok, at the last image'
    assert robot.transition('deactivate')
    robot.wait_for('rest', lambda: robot.diagnostic('tracking')['message'] == 'not active')
    assert robot.diagnostic('tracking')['level'] == DiagnosticStatus.OK


def test_of_a_path_that_begins_again_nothing_is_told_of_the_one_before(run):
    """Lost in the dark, ~/start_afresh: the diagnostics say that nothing has been seen, not what the path was."""
    _, robot = run(lossless=True, weights='embedded')
    day = Day(robot)
    day.show(4)
    assert day.show(2, dark=lambda i: True) == ['lost'] * 2
    robot.wait_for('the report', lambda: robot.diagnostic('tracking').get('level') == DiagnosticStatus.ERROR)
    assert robot.call(Trigger, 'start_afresh', Trigger.Request()).success
    robot.wait_for('the next report', lambda: robot.diagnostic('tracking')['level'] == DiagnosticStatus.WARN, 10)
    assert robot.diagnostic('tracking')['message'] == 'initialising: no image has been answered'


@pytest.mark.parametrize('told_by', ['frame', 'camera_info'])
def test_another_lens_has_a_focal_length_of_its_own(run, told_by):
    """One of twice the focal length, told by its frame's name or by camera_info: 16 images later it is known to a
    third."""
    _, robot = run(lossless=True, weights='embedded')
    info = robot.publisher(CameraInfo, 'camera_info') if told_by == 'camera_info' else None
    world = World(810_007, 60, (192, 256))
    large = [image for image, _ in islice(world.film(), 38)]
    images = [image.reshape(96, 2, 128, 2, 3).mean((1, 3)).astype(np.uint8) for image in large[:20]]
    images += [np.ascontiguousarray(image[48:144, 64:192]) for image in large[20:]]
    for i, image in enumerate(images):
        if info is not None:
            message = CameraInfo(height=96, width=128)
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(STEP * (i + 1), 1_000_000_000)
            focal = float(world.intrinsics[0, 0]) / (2 if i < 20 else 1)
            message.k = [focal, 0.0, 64.0, 0.0, focal, 48.0, 0.0, 0.0, 1.0]
            message.p = [focal, 0.0, 64.0, 0.0, 0.0, focal, 48.0, 0.0, 0.0, 0.0, 1.0, 0.0]
            info.publish(message)
        robot.show(STEP * (i + 1), image, 'tele' if i >= 20 and info is None else 'wide')
        robot.wait_for('an answer', lambda i=i: len(robot.heard['status']) > i)
    found, true = robot.counters().focal_length, float(world.intrinsics[0, 0])
    assert abs(np.log(found / true)) < 1 / 3, (found, true)
    assert abs(np.log(robot.heard['status'][19].focal_length / (true / 2))) < 0.1
    if told_by == 'frame':  # the first image's is already that of its own answer
        assert abs(np.log(robot.heard['status'][20].focal_length / robot.heard['status'][19].focal_length)) > 0.01
