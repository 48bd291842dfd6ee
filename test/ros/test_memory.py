# SPDX-License-Identifier: Apache-2.0
"""What the memory survives, and what it can be asked."""

from __future__ import annotations

import os

import numpy as np
from geometry_msgs.msg import PoseWithCovarianceStamped
from harness import CAMERA_FRAME, scene, stamp_of
from sensor_msgs_py import point_cloud2
from std_srvs.srv import Trigger
from ttt3r_ros.srv import LoadState, QueryView, SaveState, SetPose

from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.synthetic import World

SECOND = 1_000_000_000
SCENE = scene(3)
HERE, ELSEWHERE = 7, 8  # rooms


def look(robot, first: int, count: int, view: np.ndarray = SCENE, step: int = SECOND // 10) -> None:
    """Show the same view a few times and wait for the answers."""
    before = len(robot.heard['status'])
    for i in range(count):
        robot.show(first + i * step, view)
        robot.wait_for('an answer', lambda i=i: len(robot.heard['status']) > before + i)


def place(pose) -> np.ndarray:
    p = pose.pose.position
    return np.array([p.x, p.y, p.z])


def room(seed: int) -> np.ndarray:
    """Return what a camera sees of a synthetic room."""
    return next(World(seed, 192, (96, 128)).film())[0]


def test_a_killed_node_goes_on_where_it_was_or_says_that_it_does_not(run, start_node, make_robot, tmp_path):
    """After kill -9 and a start with resume, the same view goes on in the same odometry frame, and in the same segment,
    once three images bear it out; of another room the saved state is refused, in words, and a new odometry begins."""
    path = str(tmp_path / 'memory.state')
    node, robot = run(weights='embedded', state_file=path, autosave_interval=0.2,
                      initial_pose=[1.0, 2.0, 0.0, 0.0, 0.0, 0.0])
    look(robot, SECOND, 6, room(HERE))
    robot.wait_for('an autosave', lambda: (tmp_path / 'memory.state').exists())
    robot.spin(0.3)
    look(robot, 3 * SECOND, 1, room(HERE))  # past the interval: this frame is saved
    robot.spin(0.5)
    node.process.kill()
    node.process.wait()
    saved = (tmp_path / 'memory.state').read_bytes()
    snapshot, context = state_file.load(path)
    assert context.camera_frame == CAMERA_FRAME and context.odom_frame == 'odom'
    last = next(pose for pose in robot.heard['pose'] if stamp_of(pose) == context.stamp)
    assert np.allclose(place(last), context.pose[:3, 3], atol=1e-9)
    status = next(s for s in robot.heard['status'] if stamp_of(s) == context.stamp)
    robot.close()

    # Other names: to DDS the killed node is there for a while yet.
    def again(name: str, seed: int, count: int):
        found = start_node(name=name, weights='embedded', state_file=path, resume=True, autosave_interval=0.0,
                           remaps=(f'image:=image_{name}',))
        client = make_robot(target=name, topic=f'image_{name}')
        client.wait_until_watched()
        look(client, context.stamp + 2 * SECOND, count, room(seed))
        client.spin(0.3)
        return found, client

    stranger, third = again('stranger', ELSEWHERE, 4)
    told = third.heard['status']
    assert [s.tracking for s in told] == ['initialising'] * 4
    assert all('relocating' in s.tracking_reason and 'likeness' in s.tracking_reason for s in told[:2])
    assert [stamp_of(pose) for pose in third.heard['pose']] == [stamp_of(s) for s in told[2:]]
    assert [stamp_of(tf) for message in third.heard['tf'] for tf in message.transforms] == [
        stamp_of(s) for s in told[2:]]
    assert (told[-1].withheld_lost, told[-1].answered, told[2].frame) == (2, 2, 0)
    assert np.linalg.norm(place(third.heard['pose'][0])) < 0.3  # where a new odometry begins, not at 1 2 0
    assert stranger.log().count('is not believed') == 3 and 'is not taken over' in stranger.log()
    assert (tmp_path / 'memory.state').read_bytes() == saved
    third.close()

    _, second = again('second', HERE, 4)
    told = second.heard['status']
    assert [s.tracking_reason for s in told[:2]] == [f'relocating: {n} of 3 images fit the saved state' for n in (1, 2)]
    assert [stamp_of(pose) for pose in second.heard['pose']] == [stamp_of(s) for s in told[2:]]
    assert (told[-1].withheld_lost, told[-1].answered) == (2, 2)
    assert told[2].frame == status.frame + 3 and told[2].segment == status.segment
    assert np.linalg.norm(place(second.heard['pose'][0]) - place(last)) < 0.3


def test_a_saved_state_can_be_loaded_and_a_wrong_one_is_refused(run, tmp_path):
    """save_state writes a file, load_state takes it, and one that is none changes nothing; none is out of files_dir."""
    files = tmp_path / 'files'
    node, robot = run(weights='embedded', files_dir=str(files), state_file=str(tmp_path / 'own' / 'robot.state'),
                      autosave_interval=0.0, map_frame='map')
    nothing = robot.call(SaveState, 'save_state', SaveState.Request(path='early'))
    assert not nothing.success and 'no frame' in nothing.message
    look(robot, SECOND, 6)
    path = str(files / 'a' / 'memory.state')
    saved = robot.call(SaveState, 'save_state', SaveState.Request(path=path))
    assert saved.success and path in saved.message
    own = robot.call(SaveState, 'save_state', SaveState.Request())  # the operator's own file may lie anywhere
    assert own.success and (tmp_path / 'own' / 'robot.state').exists()
    look(robot, 3 * SECOND, 3)
    (files / 'broken').write_bytes(b'no state')
    for wrong in ('missing', 'broken', str(tmp_path / 'own' / 'robot.state'), '../own/robot.state', '~nobody_at_all/x'):
        refused = robot.call(LoadState, 'load_state', LoadState.Request(path=wrong))
        assert not refused.success and os.path.basename(wrong) in refused.message
    for wrong in (str(tmp_path / 'elsewhere'), '/dev/null', '../../x', '~nobody_at_all/x', '.'):
        refused = robot.call(SaveState, 'save_state', SaveState.Request(path=wrong))
        assert not refused.success and wrong in refused.message
    for name in ('files_dir', 'state_file'):
        assert 'read-only' in robot.set(name, '/tmp').reason  # nor does anybody move the folder
    assert robot.set('files_dir', str(files)).successful  # as when a dump of the node is loaded into it
    look(robot, 4 * SECOND, 1)
    assert robot.heard['status'][-1].frame == 9
    assert robot.call(LoadState, 'load_state', LoadState.Request(path=path)).success
    pose = PoseWithCovarianceStamped()
    pose.header.frame_id = 'map'
    for early in (robot.call(Trigger, 'reset', Trigger.Request()),
                  robot.call(SetPose, 'set_pose', SetPose.Request(pose=pose))):
        assert not early.success and early.message.startswith('a saved state is being asked')
    look(robot, 5 * SECOND, 3)
    assert robot.heard['status'][-1].frame == 8  # the ninth of the saved run
    assert {stamp_of(pose) for pose in robot.heard['pose']}.isdisjoint(map(stamp_of, robot.heard['status'][-3:-1]))
    assert robot.call(LoadState, 'load_state', LoadState.Request(path=path)).success
    for i in range(3):
        robot.show(6 * SECOND + i * SECOND // 10, SCENE, 'another')
    robot.wait_for('the warning', lambda: "the images are in the frame 'another' now, no longer in" in node.log())
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != '.log') == ['files', 'own']


def test_deactivating_saves(run, tmp_path):
    """The file is there when the node has been deactivated, with the last image's stamp."""
    path = tmp_path / 'memory.state'
    node, robot = run(state_file=str(path), autosave_interval=0.0)
    look(robot, SECOND, 3)
    assert not path.exists()
    assert robot.transition('deactivate')
    assert state_file.load(path)[1].stamp == stamp_of(robot.heard['status'][-1])


def test_a_file_that_cannot_be_written_is_told_when_the_node_is_configured(run, tmp_path):
    """Not when the state is lost; it lives on, and so is it in the diagnostics until a save succeeds."""
    (tmp_path / 'file').touch()
    (tmp_path / 'folder').mkdir()
    for name, why in (('file/robot.state', 'Not a directory'), ('folder', 'is a directory')):
        node, robot = run(state_file=str(tmp_path / name), autosave_interval=0.0)
        robot.wait_for('the line', lambda: f'{tmp_path / name}' in node.log() and why in node.log())
        look(robot, SECOND, 1)
        robot.wait_for('the report', lambda: any(why in status.message for message in robot.heard['diagnostics']
                                                 for status in message.status))
        assert node.log().count(why) == 1
        node.stop()
    path = tmp_path / 'new' / 'robot.state'
    node, robot = run(state_file=str(path), autosave_interval=0.0)
    assert list(path.parent.iterdir()) == [] and 'cannot be written' not in node.log()


def test_a_long_gap_in_the_camera_starts_a_segment(run):
    """With max_gap a pause in the stamps begins the next segment, a shorter one does not; it changes live."""
    node, robot = run()
    look(robot, SECOND, 2)
    look(robot, 5 * SECOND, 1)
    assert robot.heard['status'][-1].segment == 0
    assert robot.set('max_gap', 2.0).successful
    look(robot, 6 * SECOND, 1)
    assert robot.heard['status'][-1].segment == 0
    look(robot, 9 * SECOND, 1)
    assert robot.heard['status'][-1].segment == 1


def test_the_interval_policy_can_be_switched_on_live(run):
    """From the moment on that reset_policy is interval, segments have reset_interval frames."""
    node, robot = run(reset_interval=4)
    look(robot, SECOND, 5)
    assert robot.set('reset_policy', 'interval').successful
    look(robot, 2 * SECOND, 6)
    assert [s.segment for s in robot.heard['status']] == [0] * 9 + [1] * 2
    refused = robot.set('reset_policy', 'sometimes')
    assert not refused.successful and 'adaptive' in refused.reason


def test_the_memory_can_be_asked_about_a_view(run):
    """A view from where the camera is has depth, confidence and points that agree; what cannot be asked is named."""
    node, robot = run()
    early = robot.call(QueryView, 'query_view', QueryView.Request())
    assert not early.success and 'no frame' in early.message
    look(robot, SECOND, 3)
    request = QueryView.Request(pose=robot.heard['pose'][-1].pose)
    # Random weights imply no focal length.
    assert 'focal length' in robot.call(QueryView, 'query_view', request).message
    request.camera_info.width, request.camera_info.height = 128, 96
    request.camera_info.k = [110.0, 0.0, 64.0, 0.0, 110.0, 48.0, 0.0, 0.0, 1.0]
    answer = robot.call(QueryView, 'query_view', request)
    assert answer.success, answer.message
    assert (answer.depth.height, answer.depth.width, answer.depth.encoding) == (96, 128, '32FC1')
    assert stamp_of(answer.depth) == stamp_of(answer.points) == stamp_of(robot.heard['status'][-1])
    depth = np.frombuffer(answer.depth.data, '<f4')
    cloud = point_cloud2.read_points_numpy(answer.points, ['z', 'confidence'])
    assert np.array_equal(cloud[:, 0], depth)
    assert np.array_equal(cloud[:, 1], np.frombuffer(answer.confidence.data, '<f4'))

    request.camera_info.width, request.camera_info.height = 65, 50
    request.camera_info.k = [60.0, 0.0, 32.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]
    answer = robot.call(QueryView, 'query_view', request)
    assert answer.success and (answer.depth.height, answer.depth.width) == (48, 64)
    request.camera_info.k = [0.0] * 9
    assert 'camera_info.k' in robot.call(QueryView, 'query_view', request).message
    request.pose.orientation.w = 3.0
    assert 'orientation' in robot.call(QueryView, 'query_view', request).message
    look(robot, 2 * SECOND, 1)  # the node goes on


def test_weights_without_a_ray_map_encoder_refuse_views(run):
    """The answer says what is lacking and what to load, before the first image as after it; the node goes on."""
    node, robot = run(weights='embedded')
    for stamp in (SECOND, 2 * SECOND):
        refused = robot.call(QueryView, 'query_view', QueryView.Request())
        assert not refused.success and not refused.depth.data
        assert 'no ray-map encoder' in refused.message and 'load weights that have one' in refused.message
        look(robot, stamp, 1)
