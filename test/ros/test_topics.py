# SPDX-License-Identifier: Apache-2.0
"""Images in, pose, points, TF and status out, between two processes over real DDS."""

from __future__ import annotations

import re
import time
from array import array
from pathlib import Path as FilePath

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from harness import CAMERA_FRAME, Robot, compressed, image_message, matrix_of, pose_matrix, scene, stamp_of
from nav_msgs.msg import Odometry, Path
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from sensor_msgs_py import point_cloud2
from tf2_ros import Buffer, StaticTransformBroadcaster, TransformListener

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.cloud import CloudFilter
from ttt3r_ros.reconstruction.depth import back_project, depth_of
from ttt3r_ros.reconstruction.reconstructor import Reconstructor

STAMPS = [1_700_000_000_000_000_001 + i * 99_999_999 for i in range(6)]
AHEAD = FilePath(__file__).with_name('looking_ahead.py')
OPTICAL_TO_ROS = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])


def test_every_output_is_what_the_reconstructor_says(run):
    """Pose, TF and cloud carry the image's stamp to the nanosecond, the right frames, and the library's numbers."""
    _, robot = run(lossless=True)
    for stamp in STAMPS:
        robot.show(stamp)
    robot.wait_for('all answers', lambda: all(
        len(robot.heard[name]) == len(STAMPS) for name in ('pose', 'points', 'status', 'tf')))

    reconstructor = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    for i, stamp in enumerate(STAMPS):
        frame = reconstructor.step(scene(stamp // 100_000_000))
        pose, cloud, status = (robot.heard[name][i] for name in ('pose', 'points', 'status'))
        transform = robot.heard['tf'][i].transforms[0]
        assert [stamp_of(m) for m in (pose, cloud, status, transform)] == [stamp] * 4
        assert pose.header.frame_id == transform.header.frame_id == 'odom'
        assert cloud.header.frame_id == status.header.frame_id == transform.child_frame_id == CAMERA_FRAME
        expected = np.eye(4)
        expected[:3] = OPTICAL_TO_ROS @ frame.pose[:3]
        np.testing.assert_allclose(pose_matrix(pose.pose), expected, atol=1e-9)
        np.testing.assert_allclose(
            matrix_of(transform.transform.translation, transform.transform.rotation), expected, atol=1e-9)
        assert (cloud.height, cloud.width) == frame.confidence.shape
        assert cloud.row_step == cloud.width * cloud.point_step and len(cloud.data) == cloud.row_step * cloud.height
        points = point_cloud2.read_points(cloud)
        rays = frame.points if np.isnan(frame.intrinsics).any() else back_project(
            depth_of(frame.points, frame.intrinsics), frame.intrinsics)
        shown = CloudFilter().apply(rays, frame.image, frame.confidence, organised=True).points
        for axis, name in enumerate('xyz'):
            np.testing.assert_array_equal(points[name], shown[..., axis].reshape(-1))
        np.testing.assert_array_equal(points['confidence'], frame.confidence.reshape(-1))
        rgb = points['rgb'].copy().view(np.uint32)
        colours = np.stack((rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255), axis=-1)
        np.testing.assert_array_equal(colours, frame.image.reshape(-1, 3))
        assert (status.frame, status.segment, status.update_rule) == (i, 0, 'ttt3r')
        assert (status.weights, status.trained) == ('untrained', False)
        assert status.gate_mean == pytest.approx(frame.gate.mean, rel=1e-6)
        np.testing.assert_allclose(status.focal_length, frame.intrinsics[0, 0], rtol=1e-5)
        assert 0 < status.inference_ms < status.latency_ms


@pytest.mark.parametrize('name', ['odom', 'map'])
def test_images_in_a_frame_that_theirs_hangs_from_give_no_pose(run, name):
    """A camera whose frame is called as odom_frame or map_frame is answered with points and closes no circle in TF."""
    node, robot = run(map_frame='map')
    robot.show(1_000_000_000, frame_id=name)
    robot.wait_for('an answer', lambda: robot.heard['status'] and robot.heard['points'])
    robot.wait_for('the log', lambda: f"the frame '{name}', which {name}_frame is, too" in node.log())
    assert not robot.heard['pose'] and not robot.heard['tf']


def test_two_lossless_replays_agree_to_the_bit(start_node, make_robot):
    """The same images give identical poses in two processes, thrown at the node at once or one by one."""
    stamps = [STAMPS[0] + i * 33_333_333 for i in range(40)]
    tracks = []
    for target, pause in (('hurried', 0.0), ('leisurely', 0.02)):
        node = start_node(name=target, lossless=True, update_rule='filt3r+memix', reset_policy='interval',
                          reset_interval=15)
        robot = make_robot(target=target)
        robot.wait_until_watched()
        for stamp in stamps:
            robot.show(stamp)
            robot.spin(pause)
        robot.wait_for('all poses', lambda: len(robot.heard['pose']) == len(stamps))
        tracks.append([(stamp_of(m), m.pose) for m in robot.heard['pose']])
        node.stop()
    assert [stamp for stamp, _ in tracks[0]] == stamps
    assert tracks[0] == tracks[1]


def test_what_is_encoded_ahead_changes_no_answer(start_node, make_robot):
    """A lossless node that begins with the next image early, as on a GPU, answers to the bit what another does, through
    resets, a broken image and another size."""
    stamps = [STAMPS[0] + i * 33_333_333 for i in range(24)]
    runs = []
    for target, options in (('plain', {}), ('ahead', {'script': AHEAD})):
        node = start_node(name=target, lossless=True, reset_policy='interval', reset_interval=7, **options)
        robot = make_robot(target=target)
        robot.wait_until_watched()
        for i, stamp in enumerate(stamps):
            image = image_message(stamp, scene(i) if i < 16 else scene(i)[:48])
            if i == 10:
                image.encoding = 'nonsense'
            robot.camera.publish(image)
        robot.wait_for('all poses', lambda: len(robot.heard['pose']) == len(stamps) - 1)
        runs.append([(stamp_of(m), m.pose) for m in robot.heard['pose']])
        assert robot.counters().dropped_invalid == 1
        node.stop()
    assert [stamp for stamp, _ in runs[0]] == stamps[:10] + stamps[11:] and runs[0] == runs[1]
    begun, taken = map(int, re.search(r'(\d+) begun ahead, (\d+) taken', node.log()).groups())
    assert taken == begun >= 10


def test_live_mode_answers_the_newest_and_counts_the_rest(run):
    """Under a flood every image is answered or counted as dropped, and the last one is answered."""
    _, robot = run()
    robot.show_and_wait([STAMPS[0] - 1])  # loss is counted from the first image that is seen
    total = 61
    for i in range(1, total):
        robot.show(STAMPS[0] + i * 1_000_000)
    robot.wait_for('the last image', lambda: robot.heard['status']
                   and stamp_of(robot.counters()) == STAMPS[0] + (total - 1) * 1_000_000)
    status = robot.counters()
    assert status.answered < total
    assert status.received + status.lost_in_transport == total
    assert status.answered + status.dropped_overrun == status.received
    poses = [stamp_of(m) for m in robot.heard['pose']]
    assert poses == sorted(set(poses))


def bayer(rgb: np.ndarray) -> np.ndarray:
    """Return the image as an RGGB sensor sees it."""
    mosaic = rgb[..., 1].copy()
    mosaic[::2, ::2] = rgb[::2, ::2, 0]
    mosaic[1::2, 1::2] = rgb[1::2, 1::2, 2]
    return mosaic


def yuy2(rgb: np.ndarray) -> np.ndarray:
    """Return an image as neighbours that share a colour, (h, w, 2): OpenCV 4.6 has only the way back."""
    height, width = rgb.shape[:2]
    planar = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    u, v = (half.repeat(2, axis=0) for half in planar[height:].reshape(2, height // 2, width // 2))
    return np.stack((planar[:height, ::2], u, planar[:height, 1::2], v), axis=-1).reshape(height, width, 2)


GREY = cv2.cvtColor(scene(3), cv2.COLOR_RGB2GRAY)
WIDE = (scene(3).astype(np.uint16) << 8 | 128)
ENCODINGS = {
    'rgb8': scene(3), 'bgr8': scene(3)[..., ::-1], 'rgba8': np.dstack((scene(3), GREY)),
    'bgra8': np.dstack((scene(3)[..., ::-1], GREY)), 'mono8': GREY, 'rgb16': WIDE, 'bgr16': WIDE[..., ::-1],
    'mono16': GREY.astype(np.uint16) << 8, 'bayer_rggb8': bayer(scene(3)),
    'yuv422_yuy2': yuy2(scene(3)),
}


def raw_message(stamp: int, encoding: str, pixels: np.ndarray, padding: int, big: bool) -> Image:
    """Return a message with padding bytes behind each row, big-endian if asked."""
    if big:
        pixels = pixels.astype(pixels.dtype.newbyteorder('>'))
    rows = np.frombuffer(np.ascontiguousarray(pixels).tobytes(), np.uint8).reshape(pixels.shape[0], -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    message = image_message(stamp, scene(3))
    message.encoding, message.step, message.is_bigendian = encoding, rows.shape[1], int(big)
    message.data = array('B', rows.tobytes())
    return message


def test_encodings_padding_and_byte_order(run):
    """Whatever the layout of a colour image, the cloud has the scene's colours; what is no colour is refused."""
    _, robot = run(lossless=True)
    variants = [(encoding, padding, big) for encoding in ENCODINGS for padding, big in
                ((0, False), (5, False), (0, True), (7, True))]
    answers = 0
    for i, (encoding, padding, big) in enumerate(variants):
        pixels = ENCODINGS[encoding]
        robot.camera.publish(raw_message(STAMPS[0] + i, encoding, pixels, padding, big))
        answers += 1
        robot.wait_for(f'{encoding} padded by {padding}, big-endian {big}',
                       lambda: len(robot.heard['points']) == answers, 10)
        rgb = point_cloud2.read_points(robot.heard['points'][-1])['rgb'].copy().view(np.uint32)
        shown = np.stack((rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255), axis=-1).reshape(96, 128, 3).astype(int)
        wanted = np.repeat(GREY[..., None], 3, axis=2) if encoding.startswith('mono') else scene(3)
        slack = 40 if encoding.startswith(('bayer', 'yuv')) else 2
        assert np.abs(shown[2:-2, 2:-2] - wanted[2:-2, 2:-2]).max() <= slack, (encoding, padding, big)
    robot.camera.publish(raw_message(STAMPS[0] + 1000, '32FC1', GREY.astype(np.float32), 0, False))
    robot.show(STAMPS[0] + 2000)
    robot.wait_for('the image after the depth image', lambda: stamp_of(robot.counters()) == STAMPS[0] + 2000)
    assert robot.counters().dropped_invalid == 1


@pytest.mark.parametrize('kind', ['jpeg', 'png'])
def test_compressed_images(start_node, make_robot, kind):
    """Compressed images, colour and grey, are answered on image/compressed; a truncated one is refused."""
    node, robot = start_node(lossless=True, image_transport='compressed'), make_robot(
        topic='image/compressed', image_type=CompressedImage)
    robot.wait_until_watched()
    colour = cv2.imencode(f'.{kind}', scene(3)[..., ::-1])[1].tobytes()
    grey = cv2.imencode(f'.{kind}', GREY)[1].tobytes()
    for i, data in enumerate((colour, grey, colour[:len(colour) // 2], b'', b'no image', colour)):
        robot.camera.publish(compressed(STAMPS[0] + i, data, kind))
    robot.wait_for('three answers', lambda: len(robot.heard['status']) == 3)
    assert robot.counters().dropped_invalid == 3
    assert 'cannot be read' in node.log() or 'truncated' in node.log()
    rgb = point_cloud2.read_points(robot.heard['points'][0])['rgb'].copy().view(np.uint32)
    red = (rgb >> 16 & 255).reshape(96, 128).astype(int)
    assert np.abs(red - scene(3)[..., 0]).mean() < 3


def test_the_diagnostics_say_why_an_image_could_not_be_read_though_good_ones_follow(run):
    """Reports come once a second, and images far more often: what follows takes nothing of it back."""
    _, robot = run(lossless=True)
    broken = image_message(STAMPS[0], scene(0))
    broken.data = broken.data[:100]
    robot.camera.publish(broken)
    robot.show_and_wait([STAMPS[0] + 1])
    robot.show(STAMPS[0])  # and one whose stamp went back
    robot.wait_for('the report', lambda: '1 image(s) could not be read' in ' '.join(
        status.message for report in robot.heard['diagnostics'] for status in report.status), 10)
    told, = {status.message for report in robot.heard['diagnostics'] for status in report.status
             if 'could not be read' in status.message}
    assert 'truncated' in told or '100 bytes' in told, told


def test_base_frame_waits_for_its_transform(run):
    """With a base frame there is no pose and no TF until the camera's mount is known, then the base's own."""
    node, robot = run(lossless=True, base_frame='base_link')
    robot.show_and_wait(STAMPS[:2])
    robot.spin(0.3)
    assert len(robot.heard['points']) == 2
    assert not robot.heard['pose'] and not robot.heard['tf']
    assert f'base_link → {CAMERA_FRAME}' in node.log()
    robot.wait_for('the diagnostic', lambda: 'no pose' in robot.diagnostic('inference').get('message', ''))

    mount = TransformStamped(child_frame_id=CAMERA_FRAME)
    mount.header.frame_id = 'base_link'
    mount.transform.translation.x, mount.transform.translation.z = 0.2, 0.5
    q = mount.transform.rotation
    q.x, q.y, q.z, q.w = -0.5, 0.5, -0.5, 0.5  # optical axes on a level camera that looks ahead
    broadcaster = StaticTransformBroadcaster(robot.node)
    broadcaster.sendTransform(mount)
    robot.spin(1.0)
    robot.show_and_wait(STAMPS[2:])
    robot.wait_for('poses', lambda: len(robot.heard['pose']) == len(robot.heard['tf']) == 4)
    # The mount is known: nothing more is to be heard from TF.
    robot.wait_for('its rest', lambda: robot.node.count_subscribers('/tf') == 1)

    reconstructor = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    frames = [reconstructor.step(scene(stamp // 100_000_000)) for stamp in STAMPS]
    base_from_camera = np.eye(4)
    base_from_camera[:3, :3] = OPTICAL_TO_ROS
    base_from_camera[:3, 3] = 0.2, 0, 0.5
    for message, transforms, frame in zip(robot.heard['pose'], robot.heard['tf'], frames[2:], strict=True):
        expected = base_from_camera @ frame.pose @ np.linalg.inv(base_from_camera)
        np.testing.assert_allclose(pose_matrix(message.pose), expected, atol=1e-9)
        assert message.header.frame_id == 'odom'
        assert transforms.transforms[0].child_frame_id == 'base_link'


def test_no_frame_id_gives_no_pose(run):
    """Images that name no frame give points but no pose and no TF: there is nothing to hang them under."""
    node, robot = run(lossless=True)
    robot.show(STAMPS[0], frame_id='')
    robot.wait_for('the cloud', lambda: robot.heard['points'])
    robot.spin(0.2)
    assert not robot.heard['pose'] and not robot.heard['tf']
    assert 'empty frame_id' in node.log()


def test_lazy_rests_while_nobody_listens(start_node, make_robot):
    """With lazy on and no subscriber nothing is inferred; off, the memory gets every frame."""
    start_node(name='idler', lossless=True, lazy=True)
    start_node(name='worker', lossless=True)
    deaf = Robot(target='nobody')
    try:
        deaf.wait_for('both nodes', lambda: deaf.camera.get_subscription_count() == 2)
        for deaf.target in ('idler', 'worker'):
            deaf.meet()
        for stamp in STAMPS:
            deaf.show(stamp)
        deaf.wait_for('the reports', lambda: all(any(
            pair.key == 'received' and pair.value == '6' for array_ in deaf.heard['diagnostics']
            for status in array_.status if status.name == f'{name}: input' for pair in status.values)
            for name in ('idler', 'worker')))
        deaf.spin(1.5)
        deaf.target = 'idler'
        assert deaf.diagnostic('input')['answered'] == '0' and deaf.diagnostic('input')['skipped lazy'] == '6'
        assert {deaf.diagnostic(part)['message'] for part in ('tracking', 'inference')} == {
            'at rest: nobody listens (lazy)'}
        deaf.target = 'worker'
        assert deaf.diagnostic('input')['answered'] == '6'
    finally:
        deaf.close()


def test_who_hears_predictions_alone_keeps_a_lazy_node_at_work(start_node):
    """~/odometry_predicted is an output as all others."""
    start_node(lossless=True, lazy=True, odometry__rate=20.0)
    deaf = Robot(target='nobody')
    try:
        deaf.listen('/ttt3r/odometry_predicted', 'predicted', Odometry)
        deaf.target = 'ttt3r'
        deaf.meet()
        deaf.wait_for('the node', lambda: deaf.camera.get_subscription_count() == 1)
        for _ in range(5):
            deaf.show(time.time_ns())
            deaf.spin(0.2)
        deaf.wait_for('predictions', lambda: deaf.heard['predicted'])
    finally:
        deaf.close()


def test_silence_is_explained(start_node, make_robot):
    """A camera whose topic nobody publishes, or with another type, is named in the log and the diagnostics."""
    node, robot = start_node(), make_robot(topic='elsewhere')
    robot.wait_for('the report', lambda: 'nobody publishes' in robot.diagnostic('input').get('message', ''))
    robot.node.create_publisher(CompressedImage, 'image', QoSProfile(depth=1))
    robot.wait_for('the report', lambda: 'CompressedImage' in robot.diagnostic('input').get('message', ''))
    assert 'nobody publishes' in node.log()


def test_best_effort_camera_and_lossless_node_is_said(start_node, make_robot):
    """A lossless node that a best-effort camera cannot serve says which parameter mends it; with it, it is served."""
    node, robot = start_node(lossless=True), make_robot(reliable=False)
    robot.wait_for('the remedy', lambda: 'qos_overrides./image.subscription.reliability' in node.log())
    node.stop()
    start_node(name='mended', lossless=True, **{'qos_overrides./image.subscription.reliability': 'best_effort'})
    mended = make_robot(target='mended', reliable=False)
    mended.wait_until_watched()
    mended.show_and_wait(STAMPS[:1])


def test_every_topic_has_the_image_s_stamp_and_its_own_frame(run):
    """Whatever the node says of an image bears its stamp; a listener finds the robot and the camera at that moment."""
    node, robot = run(lossless=True, base_frame='base_link', map__cell=0.5, map__max_rate=100.0)
    frames = {'pose': 'odom', 'odometry': 'odom', 'path': 'odom', 'map': 'odom', 'points': CAMERA_FRAME,
              'status': CAMERA_FRAME, 'confidence/image': CAMERA_FRAME}
    for name, kind in (('path', Path), ('map', PointCloud2), ('confidence/image', Image)):
        robot.listen(f'/ttt3r/{name}', name, kind)
    mount = TransformStamped(child_frame_id=CAMERA_FRAME)
    mount.header.frame_id = 'base_link'
    mount.transform.translation.z = 0.5
    broadcaster = StaticTransformBroadcaster(robot.node)
    broadcaster.sendTransform(mount)
    buffer = Buffer()
    listener = TransformListener(buffer, robot.node)
    robot.wait_for('the new topics', lambda: all(robot.heard_by(name) for name in frames))
    robot.meet()
    robot.spin(1.2)
    for stamp in STAMPS:
        robot.show(stamp)
        robot.wait_for('the answers', lambda stamp=stamp: all(
            robot.heard[name] and stamp_of(robot.heard[name][-1]) == stamp for name in frames))
    for name, frame in frames.items():
        assert [(stamp_of(m), m.header.frame_id) for m in robot.heard[name]] == [(s, frame) for s in STAMPS], name
    for stamp, pose in zip(STAMPS, robot.heard['pose'], strict=True):
        base = buffer.lookup_transform('odom', 'base_link', Time(nanoseconds=stamp)).transform
        np.testing.assert_allclose(matrix_of(base.translation, base.rotation),
                                   pose_matrix(pose.pose), atol=1e-6)
        camera = buffer.lookup_transform('odom', CAMERA_FRAME, Time(nanoseconds=stamp))
        assert stamp_of(camera) == stamp
    listener.unregister()
