# SPDX-License-Identifier: Apache-2.0
"""Depth, clouds, map and path over DDS."""

from __future__ import annotations

import os
import re
import struct

import cv2
import numpy as np
import pytest
import torch
from geometry_msgs.msg import PoseStamped
from harness import CAMERA_FRAME, pose_matrix, stamp_of
from nav_msgs.msg import Path
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header
from ttt3r_ros.srv import SaveMap

from ttt3r_ros.model.checkpoint import load_network, save_network
from ttt3r_ros.ros.compressed_depth import to_compressed_depth
from ttt3r_ros.ros.path_output import AT_EVERY_POSE, PathOutput

SECOND = 1_000_000_000


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """Random weights whose points spread as a pinhole's do, so that a focal length follows from them."""
    loaded = load_network('untrained')
    head = loaded.network.downstream_head.proj.fc2
    ramp = (torch.arange(16) - 7.5) / 30
    with torch.no_grad():
        head.weight.mul_(0.1)
        bias = head.bias.view(4, 16, 16)
        bias[0], bias[1], bias[2] = ramp[None, :], ramp[:, None], 1.0
    path = tmp_path_factory.mktemp('weights') / 'pinhole.safetensors'
    save_network(loaded, path)
    return str(path)


def pixels(message: Image) -> np.ndarray:
    assert message.encoding == '32FC1' and message.step == 4 * message.width
    return np.frombuffer(message.data, '<f4').reshape(message.height, message.width)


def fields(message: PointCloud2, *names: str) -> np.ndarray:
    """Return (h, w, n); sensor_msgs_py's own reshaping takes the width for the height."""
    return point_cloud2.read_points_numpy(message, list(names)).reshape(message.height, message.width, len(names))


def xyz(message: PointCloud2) -> np.ndarray:
    return fields(message, 'x', 'y', 'z')


def decompressed(message: CompressedImage) -> np.ndarray:
    """Return the depth (h, w) that image_transport_plugins document: 12 bytes of header, a PNG, A / (pixel - B)."""
    assert message.format == '32FC1; compressedDepth png'
    kind, a, b = struct.unpack_from('<iff', message.data)
    quantised = cv2.imdecode(np.frombuffer(message.data, np.uint8)[12:], cv2.IMREAD_UNCHANGED)
    assert kind == 0 and quantised.dtype == np.uint16
    with np.errstate(divide='ignore'):
        return np.where(quantised == 0, np.nan, a / (quantised - np.float64(b)))


def to_cloud(depth: np.ndarray, info: CameraInfo) -> np.ndarray:
    """Return points (h, w, 3) as depth_image_proc makes them of a depth image and its camera_info."""
    fx, fy, cx, cy = info.p[0], info.p[5], info.p[2], info.p[6]
    v, u = np.mgrid[:info.height, :info.width]
    return np.stack(((u - cx) * depth / fx, (v - cy) * depth / fy, depth), axis=-1)


def test_compressed_depth_comes_back_as_far_as_it_has_room():
    """From 16 cm to 100 m depth comes back to half a step of the quantisation; what is none stays none."""
    depth = np.geomspace(0.16, 100, 600, dtype=np.float32).reshape(20, 30)
    depth[0, :6] = np.nan, 0, -1, np.inf, 0.05, 1e6
    back = decompressed(to_compressed_depth(Header(), depth))
    assert np.isnan(back[0, :6]).all() and np.isfinite(back[1:]).all()
    assert (np.abs(back - depth)[1:] <= 0.51 * depth[1:] ** 2 / 10100 + 1e-5).all()


def test_compressed_depth_ends_at_a_kilometre():
    """There a pixel has its last step, which is the form's least; beyond there is none."""
    message = to_compressed_depth(Header(), np.array([[999, 1000, 1250, 3000]], np.float32))
    back = decompressed(message)[0]
    assert np.isfinite(back[:2]).all() and np.isnan(back[2:]).all()
    assert struct.unpack_from('<iff', message.data)[1:] == pytest.approx((10100.0, -9.1))


def test_the_cloud_of_depth_and_camera_info_is_the_points(run, weights):
    """Depth, camera_info, confidence and points have the image's stamp and frame, and are one geometry."""
    node, robot = run(lossless=True, weights=weights)
    for name, kind in (('depth/image', Image), ('depth/camera_info', CameraInfo), ('confidence/image', Image),
                       ('depth/image/compressedDepth', CompressedImage)):
        robot.listen(f'/ttt3r/{name}', name, kind)
    robot.meet()
    robot.show_and_wait([SECOND, 2 * SECOND])
    robot.wait_for('compressed depth', lambda: len(robot.heard['depth/image/compressedDepth']) == 2)
    for small, plain in zip(robot.heard['depth/image/compressedDepth'], robot.heard['depth/image'], strict=True):
        assert small.header == plain.header
        near = ~(pixels(plain) > 0.16)  # no room for it
        np.testing.assert_allclose(decompressed(small)[~near], pixels(plain)[~near], rtol=1e-3)
        assert near.mean() < 0.2
    names = ('depth/image', 'depth/camera_info', 'confidence/image', 'points')
    robot.wait_for('all outputs', lambda: all(len(robot.heard[name]) == 2 for name in names))
    for depth, info, confidence, points in zip(*(robot.heard[name] for name in names), strict=True):
        assert {stamp_of(m) for m in (depth, info, confidence, points)} == {stamp_of(points)}
        assert {m.header.frame_id for m in (depth, info, confidence, points)} == {CAMERA_FRAME}
        assert (info.height, info.width) == pixels(depth).shape == (96, 128) and info.k[0] > 0
        assert np.isfinite(pixels(depth)).mean() > 0.5
        assert np.allclose(to_cloud(pixels(depth), info), xyz(points), rtol=1e-5, atol=1e-6, equal_nan=True)
        # OpenCV's camera of this camera_info sees each point at its own pixel.
        seen = np.isfinite(pixels(depth))
        at = cv2.projectPoints(xyz(points)[seen].astype(np.float64), np.zeros(3), np.zeros(3),
                               np.reshape(info.k, (3, 3)), np.array(info.d))[0][:, 0]
        assert np.allclose(at, np.argwhere(seen)[:, ::-1], atol=1e-3)
        assert np.array_equal(pixels(confidence), fields(points, 'confidence')[..., 0])
    assert [stamp_of(m) for m in robot.heard['points']] == [SECOND, 2 * SECOND]


def test_clouds_are_filtered_live(run, weights):
    """Percentile, depth range, stride, voxel, form, frame and rate do what they say, from the next frame on."""
    node, robot = run(lossless=True, weights=weights)

    def cloud(stamp, **changes):
        for name, value in changes.items():
            assert robot.set(f'points.{name}', value).successful
        before = len(robot.heard['points'])
        robot.show_and_wait([stamp])
        robot.wait_for('a cloud', lambda: len(robot.heard['points']) > before)
        return robot.heard['points'][-1]

    whole = cloud(1 * SECOND)
    assert (whole.height, whole.width) == (96, 128)
    half = cloud(2 * SECOND, confidence_percentile=50.0)
    assert np.isfinite(xyz(half)[..., 2]).mean() == pytest.approx(0.5, abs=0.02) and not half.is_dense
    flat = cloud(3 * SECOND, organised=False)
    assert flat.height == 1 and flat.is_dense and flat.width == pytest.approx(96 * 128 / 2, rel=0.05)
    small = cloud(4 * SECOND, stride=4)
    assert small.width == pytest.approx(flat.width / 16, rel=0.2)
    coarse = cloud(5 * SECOND, stride=1, voxel=0.5)
    cells = np.floor(xyz(coarse).reshape(-1, 3) / 0.5)
    assert len(np.unique(cells, axis=0)) == coarse.width < flat.width
    depths = np.sort(xyz(flat).reshape(-1, 3)[:, 2])
    middle = float(depths[len(depths) // 2])
    near = cloud(6 * SECOND, voxel=0.0, max_depth=middle)
    assert xyz(near).reshape(-1, 3)[:, 2].max() <= middle
    placed = cloud(7 * SECOND, frame='odom')
    assert placed.header.frame_id == 'odom' and stamp_of(placed) == 7 * SECOND
    refused = robot.set('points.min_depth', middle + 1)
    assert not refused.successful and 'points.' in refused.reason
    assert robot.set('points.max_rate', 1.0).successful
    before = len(robot.heard['points'])
    robot.show_and_wait([8 * SECOND, 8 * SECOND + SECOND // 2, 9 * SECOND])
    robot.spin(0.5)
    assert [stamp_of(m) for m in robot.heard['points'][before:]] == [8 * SECOND, 9 * SECOND]


def test_filters_that_leave_no_point_are_told(run, weights):
    """By name, with what each alone would keep, once they have for a second; not while somebody is before the lens."""
    node, robot = run(weights=weights)
    robot.listen('/ttt3r/points', 'points', PointCloud2)

    def look(stamp, count):
        for i in range(count):
            robot.show(stamp + i * SECOND // 10)
            robot.wait_for('a cloud', lambda i=i: any(stamp_of(cloud) == stamp + i * SECOND // 10
                                                      for cloud in robot.heard['points']))
    look(SECOND, 2)
    assert robot.set('points.max_depth', 0.01).successful
    look(2 * SECOND, 1)
    assert robot.set('points.max_depth', 1000.0).successful
    look(3 * SECOND, 1)
    robot.spin(1.2)
    assert robot.set('points.confidence_threshold', 1e6).successful
    look(4 * SECOND, 1)
    assert 'leave none' not in node.log()
    robot.spin(1.2)
    look(5 * SECOND, 2)
    robot.wait_for('the line', lambda: 'the filters of points leave none' in node.log())
    assert re.search(r'of points \S+ to \S+ m away, of confidences from .* confidence_threshold 1e\+06 keeps 0 %; see',
                     node.log()) and node.log().count('leave none') == 1 and 'max_depth' not in node.log()


def test_points_in_the_odometry_frame_are_the_cameras_moved_by_its_pose(start_node, make_robot, weights):
    """The same image's cloud, once in each frame, differs by the published pose."""
    clouds = {}
    for frame in ('camera', 'odom'):
        node = start_node(name=frame, lossless=True, weights=weights, points__frame=frame,
                          remaps=(f'image:=image_{frame}',))
        robot = make_robot(target=frame, topic=f'image_{frame}')
        robot.wait_until_watched()
        robot.show_and_wait([SECOND, 2 * SECOND])
        robot.wait_for('clouds', lambda robot=robot: len(robot.heard['points']) == 2)
        clouds[frame] = xyz(robot.heard['points'][-1]), pose_matrix(robot.heard['pose'][-1].pose)
        node.stop()
    own, pose = clouds['camera']
    assert np.allclose(own @ pose[:3, :3].T + pose[:3, 3], clouds['odom'][0], atol=1e-4, equal_nan=True)


def test_the_map_is_latched_bounded_and_saved(run, weights, tmp_path):
    """Who comes late gets the map; it never has more cells than asked for; the files hold map and path, and before any
    image there is none to write."""
    node, robot = run(lossless=True, weights=weights, map__cell=0.05, map__capacity=1500, map__max_rate=100.0,
                      files_dir=str(tmp_path))
    empty = robot.call(SaveMap, 'save_map', SaveMap.Request(path='maps/room.ply'))
    assert not empty.success and 'the map is empty' in empty.message and not (tmp_path / 'maps').exists()
    stamps = [(i + 1) * SECOND for i in range(4)]
    robot.show_and_wait(stamps)
    robot.listen('/ttt3r/map', 'map', PointCloud2, QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    robot.wait_for('the latched map', lambda: robot.heard['map'])
    latched = robot.heard['map'][-1]
    assert latched.header.frame_id == 'odom' and 100 < latched.width <= 1500 and latched.height == 1
    written = robot.call(SaveMap, 'save_map', SaveMap.Request(path=str(tmp_path / 'maps' / 'room.ply')))
    assert written.success, written.message
    header = (tmp_path / 'maps' / 'room.ply').read_bytes()[:200]
    assert f'element vertex {latched.width}'.encode() in header
    rows = np.loadtxt(tmp_path / 'maps' / 'room.tum')
    assert np.allclose(rows[:, 0], np.array(stamps) / SECOND)
    assert np.allclose(rows[:, 1:4], [pose_matrix(m.pose)[:3, 3] for m in robot.heard['pose']], atol=1e-6)
    refused = robot.call(SaveMap, 'save_map', SaveMap.Request(path='room.obj'))
    assert not refused.success and '.ply' in refused.message
    os.mkfifo(tmp_path / 'pipe.ply')
    refused = robot.call(SaveMap, 'save_map', SaveMap.Request(path='pipe.ply'))
    assert not refused.success and 'named pipe' in refused.message


def test_without_a_map_it_cannot_be_saved(run, tmp_path):
    """The answer names the parameter that makes a map."""
    node, robot = run(files_dir=str(tmp_path))
    refused = robot.call(SaveMap, 'save_map', SaveMap.Request(path='room.ply'))
    assert not refused.success and 'map.cell' in refused.message


def test_the_path_has_every_pose(run):
    """The path's poses are those that were published one by one, in the odometry frame."""
    node, robot = run(lossless=True)
    robot.listen('/ttt3r/path', 'path', Path)
    robot.meet()
    robot.show_and_wait([SECOND, 2 * SECOND, 3 * SECOND])
    robot.wait_for('paths', lambda: len(robot.heard['path']) == 3)
    last = robot.heard['path'][-1]
    assert last.header.frame_id == 'odom' and stamp_of(last) == 3 * SECOND
    assert last.poses == robot.heard['pose']


@pytest.mark.parametrize('length', range(9))
def test_a_path_from_serialised_poses_reads_as_one_from_messages(length):
    """Whatever the frame's name takes in bytes; also past the length at which every second pose goes."""
    node = LifecycleNode('walker')
    try:
        output, poses = PathOutput(node, '~/', 20), []
        for i in range(25):
            poses.append(PoseStamped(header=Header(frame_id='x' * length)))
            poses[-1].header.stamp.sec, poses[-1].pose.position.x, poses[-1].pose.orientation.w = i, i / 3, 1 - i / 9
            output.add(poses[-1])
            kept = poses if i < 20 else poses[::2]
            assert deserialize_message(output._message(poses[-1].header), Path) == Path(header=poses[-1].header,
                                                                                      poses=kept)
    finally:
        node.destroy_node()


def test_a_long_path_costs_no_more_for_each_pose(monkeypatch):
    """A short path goes out with every pose; ten times as long, the poses sent for each one added are as many."""
    node = LifecycleNode('walker')
    try:
        output, sent = PathOutput(node, '~/', 100_000), []
        monkeypatch.setattr(output, 'wanted', lambda: True)
        monkeypatch.setattr(output._publisher, 'publish', lambda message: sent.append(len(output._poses)))
        for _ in range(10 * AT_EVERY_POSE):
            output.add(PoseStamped(header=Header(frame_id='odom')))
        assert sent[:AT_EVERY_POSE] == list(range(1, AT_EVERY_POSE + 1))
        late = [length for length in sent if length > 9 * AT_EVERY_POSE]
        assert 0.8 * AT_EVERY_POSE < sum(late) / AT_EVERY_POSE < 1.3 * AT_EVERY_POSE
    finally:
        node.destroy_node()
