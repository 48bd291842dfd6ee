# SPDX-License-Identifier: Apache-2.0
"""What comes beside the images, over DDS: masks, a depth camera, and the camera's own intrinsics."""

from __future__ import annotations

import os
import struct
import zlib
from array import array
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from harness import CAMERA_FRAME, pose_matrix, scene, stamp_of
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from sensor_msgs_py import point_cloud2

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.aligned import mask_on_model
from ttt3r_ros.reconstruction.depth import depth_of
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.ros import companions
from ttt3r_ros.ros.companions import Companion, MaskFileError
from ttt3r_ros.ros.images import ImageError, to_depth, to_mask
from ttt3r_ros.ros.measured_depth import MeasuredDepth
from ttt3r_ros.synthetic import World

SECOND, STEP = 1_000_000_000, 100_000_000
SIZE = (96, 128)
FOCAL = 140.0
K = np.array([[FOCAL, 0, 61.5], [0, FOCAL, 49.5], [0, 0, 1]])
TRUE = 2.5  # metres to each of the model's
FRAMES = 14


def message(stamp: int, values: np.ndarray, encoding: str, frame_id: str = CAMERA_FRAME) -> Image:
    """Return values (h, w) as an image."""
    found = Image(height=values.shape[0], width=values.shape[1], encoding=encoding,
                  step=values.shape[1] * values.itemsize, data=array('B', values.tobytes()))
    found.header.frame_id = frame_id
    found.header.stamp.sec, found.header.stamp.nanosec = divmod(stamp, 1_000_000_000)
    return found


def info(size: tuple[int, int] = SIZE, focal: float = FOCAL) -> CameraInfo:
    """Return a pinhole's camera_info."""
    k = K.copy()
    k[0, 0] = k[1, 1] = focal
    return CameraInfo(height=size[0], width=size[1], distortion_model='plumb_bob', d=[0.0] * 5, k=k.ravel().tolist(),
                      p=np.column_stack((k, np.zeros(3))).ravel().tolist())


def cloud_of(points: PointCloud2) -> np.ndarray:
    """Return x y z (h, w, 3)."""
    return point_cloud2.read_points_numpy(points, ['x', 'y', 'z']).reshape(points.height, points.width, 3)


def test_masks_depth_and_intrinsics_are_taken(run, tmp_path):
    """Points are on camera_info's rays, NaN where the file or the topic's mask says, and the depth tells the metre.

    A mask that comes after its image is waited for; one of another shape, and a depth of another frame, are named.
    """
    static = np.zeros(SIZE, np.uint8)
    static[:, :16] = 7
    cv2.imwrite(str(tmp_path / 'body.png'), static)
    node, robot = run(lossless=True, intrinsics='camera_info', mask_file=tmp_path / 'body.png', scale_source='depth',
                      remaps=('depth:=/aligned/image_raw',))
    masks, depths = robot.publisher(Image, 'mask'), robot.publisher(Image, 'aligned/image_raw')
    lens, depth_lens = robot.publisher(CameraInfo, 'camera_info'), robot.publisher(CameraInfo, 'aligned/camera_info')
    for _ in range(10):  # as a driver does
        lens.publish(info())
        robot.spin(0.1)

    library = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    moving = np.zeros((48, 64), np.uint8)  # half the image's size
    moving[:10, 20:30] = 255
    for i in range(FRAMES):
        stamp = STEP * (i + 1)
        depth = TRUE * depth_of(library.step(scene(i + 1)).points, K)
        if i == 12:
            depths.publish(message(stamp, depth.astype('<f4'), '32FC1', 'another_lens'))
        elif i % 2:
            depths.publish(message(stamp + 9_000_000, np.nan_to_num(1000 * depth).round().astype('<u2'), '16UC1'))
        else:
            depths.publish(message(stamp, depth.astype('<f4'), '32FC1'))
        if i == 1:
            masks.publish(message(stamp, np.ones((20, 64), np.uint8), 'mono8'))
        robot.show(stamp)
        if i == 2:
            robot.spin(0.2)
            masks.publish(message(stamp, moving, 'mono8'))
        robot.wait_for(f'answer {i}', lambda i=i: len(robot.heard['points']) > i and len(robot.heard['status']) > i)
    left = static > 0
    also = left | (np.kron(moving, np.ones((2, 2), np.uint8)) > 0)
    v, u = np.indices(SIZE)
    for i, points in enumerate(robot.heard['points']):
        assert stamp_of(points) == STEP * (i + 1)
        found = cloud_of(points)
        gone = np.isnan(found[..., 2])
        assert gone[also if i == 2 else left].all()
        if i != 2:
            assert not gone[also & ~left].all()
        seen = found[~gone]
        np.testing.assert_allclose(seen[:, 0] / seen[:, 2], ((u - K[0, 2]) / FOCAL)[~gone], atol=1e-5)
        np.testing.assert_allclose(seen[:, 1] / seen[:, 2], ((v - K[1, 2]) / FOCAL)[~gone], atol=1e-5)
    log = node.log()
    assert 'nothing is left out by the mask on /mask: the mask on /mask has 64×20 pixels' in log
    assert "'another_lens'" in log and 'align_depth' in log
    last = robot.counters()
    assert last.metric_scale_source == 'depth' and last.metric_scale_samples == FRAMES - 1
    assert last.metric_scale == pytest.approx(TRUE, rel=1e-2) and last.focal_length == pytest.approx(FOCAL)

    depth_lens.publish(info(SIZE, 2 * FOCAL))
    robot.spin(0.5)
    depths.publish(message(STEP * 20, np.ones(SIZE, '<f4'), '32FC1'))
    robot.show_and_wait([STEP * 20])
    assert robot.counters().metric_scale_samples == FRAMES - 1

    depth_lens.publish(info(SIZE, FOCAL))
    robot.spin(0.5)
    depths.publish(message(STEP * 21, np.zeros(SIZE, '<f4'), '32FC1'))
    robot.show_and_wait([STEP * 21])
    robot.wait_for('the reason', lambda: '0% of the image' in robot.diagnostic('inference').get('measured depth', ''))
    assert 'no scale from depth: 0% of the image have a measured depth' in node.log()


def test_depth_that_comes_after_its_image_was_answered_tells_the_metre(run):
    """Drivers align depth to an image that is out already: live, it is laid beside the answer to its own image, also
    where the next image is answered before it comes."""
    node, robot = run(intrinsics='camera_info', scale_source='depth')
    depths, lens = robot.publisher(Image, 'depth'), robot.publisher(CameraInfo, 'camera_info')
    for _ in range(10):
        lens.publish(info())
        robot.spin(0.1)
    library = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    held = []
    for i in range(FRAMES):
        stamp = STEP * (i + 1)
        true = TRUE * depth_of(library.step(scene(i + 1)).points, K)
        held.append(message(stamp, true.astype('<f4'), '32FC1'))
        robot.show(stamp)
        robot.wait_for(f'answer {i}', lambda i=i: len(robot.heard['status']) > i)
        if i % 3:  # of the others two come together
            for depth in held:
                depths.publish(depth)
            held.clear()
            robot.spin(0.2)
    last = robot.counters()
    assert last.metric_scale_samples == FRAMES - 2  # of the last two it came after the last answer
    assert last.metric_scale == pytest.approx(TRUE, rel=1e-3)
    assert 'no scale from the depth' not in node.log()


@pytest.mark.parametrize('live', [True, False])
def test_depth_that_comes_less_often_than_images_is_not_missed(live):
    """Of every ninth image alone it tells the scale, and nothing is told to be missing; ten without are told."""
    heard, learnt = [], []

    def measured(depth, header, pixel_map):
        heard.append(depth)
        return depth

    frame = SimpleNamespace(trusted=True, pixel_map=None)
    taken = MeasuredDepth(SimpleNamespace(depth_may_come=live, late_depth=lambda header: None, measured=measured),
                          SimpleNamespace(learn_depth=lambda depth, frame: learnt.append(depth)))
    for i in range(36):
        taken.catch_up()
        taken.take(i or -1 if i % 9 == 0 else None, None, frame)
    assert heard == learnt == [-1, 9, 18, 27]
    for _ in range(12):
        taken.take(None, None, frame)
    assert None in heard and learnt == [-1, 9, 18, 27]


def test_masks_that_come_after_their_images_were_answered_are_told(run):
    """Live nothing waits for them, and whoever finds people in the images takes longer than they need to come here: a
    dozen images, say."""
    node, robot = run()
    masks = robot.publisher(Image, 'mask')
    for i in range(-12, 4):
        robot.show(STEP * (i + 13))
        robot.wait_for(f'answer {i}', lambda i=i: len(robot.heard['status']) > i + 12)
        if i >= 0:
            late = STEP * (i + 1) + (i == 0)  # the first is of no image here
            masks.publish(message(late, np.ones(SIZE, np.uint8), 'mono8'))
            robot.spin(0.2)
        assert ('1 mask(s) on /mask came after their images had been answered' in node.log()) == (i > 1)
    assert node.log().count('nothing was left out by them: give this node the images when') == 1


def companion() -> Companion:
    """Return a topic's messages where no node listens."""
    return Companion(SimpleNamespace(create_subscription=lambda *_: SimpleNamespace(topic_name='/mask')), 'mask', False,
                     0)


@pytest.mark.parametrize('first', [0, 3])
def test_masks_of_a_bag_that_loops_are_not_late(first):
    """What was missing in one loop comes in time in the next, before its image: that is no mask that comes after it."""
    masks = companion()
    for loop in range(3):
        for i in range(20):
            stamp, sent = SECOND + i * STEP, loop > 0 or 0 < i < first
            if sent:
                masks._receive(message(stamp, np.ones(SIZE, np.uint8), 'mono8'))
            assert (masks.at(stamp) is not None) == sent
    assert masks.late == 0


def test_depth_that_is_still_waited_for_costs_none_that_is_there():
    """The last images of a loop had none; the next loop's are older than these, and are its own."""
    depths = companion()
    depths.at(5 * SECOND)
    depths._receive(message(SECOND, np.ones(SIZE, np.uint8), 'mono8'))
    assert depths.at(5 * SECOND, late=True) is None and depths.at(SECOND) is not None


def test_masks_with_stamps_of_their_own_are_told(run):
    """Whoever makes them stamped them anew; masks that come seldom and belong to their images are no such."""
    node, robot = run()
    masks = robot.publisher(Image, 'mask')
    for i in range(24):
        stamp = STEP * (i + 1)
        if i >= 12 or i % 3 == 0:
            masks.publish(message(stamp + (7_000_000 if i >= 12 else 0), np.ones(SIZE, np.uint8), 'mono8'))
            robot.spin(0.1)
        robot.show(stamp)
        robot.wait_for(f'answer {i}', lambda i=i: len(robot.heard['status']) > i)
        assert i >= 21 or 'none has the stamp of an image' not in node.log()
    assert 'nothing is left out by the masks on /mask: none has the stamp of an image' in node.log()


def test_a_mask_that_is_the_wrong_way_round_is_told(run, tmp_path):
    """Whoever paints white what is to be kept has clouds of what is to be left out, by a file or a topic."""
    white = np.full((96, 128), 255, np.uint8)
    white[:30] = 0
    cv2.imwrite(str(tmp_path / 'body.png'), white)
    node, robot = run(lossless=True, mask_file=tmp_path / 'body.png')
    masks = robot.publisher(Image, 'mask')
    for i in range(1, 31):
        if i > 15:
            masks.publish(message(STEP * i, white, 'mono8'))
        robot.show(STEP * i)
    robot.wait_for('all answers', lambda: len(robot.heard['status']) == 30)
    for what in ('mask_file', 'mask on /mask'):
        assert node.log().count(f'the {what} leaves out 69% of the image') == 1, node.log()


def test_no_step_is_set_right_by_what_is_left_out(run, tmp_path):
    """The poses are the library's without the corners under the file's and the topic's mask."""
    static = np.zeros((120, 160), np.uint8)
    static[80:] = 255
    cv2.imwrite(str(tmp_path / 'body.png'), static)
    moving = np.zeros((120, 160), np.uint8)
    moving[:, 50:110] = 255
    images = [image for image, _ in islice(World(7, 192, (120, 160)).film(), 6)]
    _, robot = run(lossless=True, weights='embedded', mask_file=tmp_path / 'body.png')
    masks = robot.publisher(Image, 'mask')
    network = load_network('embedded').network
    reconstructors = [Reconstructor(network, make_rule('ttt3r'), step_source='images', alignment='se3') for _ in (0, 1)]
    expected, held = [], []
    for i, image in enumerate(images):
        mask = (static > 0) | (i >= 3) & (moving > 0)
        expected.append(reconstructors[0].step(image, left_out=lambda to, mask=mask: mask_on_model(mask, to)).pose)
        held.append(reconstructors[1].step(image).pose)
        masks.publish(message(STEP * (i + 1), moving if i >= 3 else 0 * moving, 'mono8'))
        robot.show(STEP * (i + 1), image)
    robot.wait_for('all answers', lambda: len(robot.heard['pose']) == len(images))
    told, expected, held = ([np.linalg.inv(path[0]) @ pose for pose in path] for path in (
        [pose_matrix(m.pose) for m in robot.heard['pose']], expected, held))
    np.testing.assert_allclose(told, expected, atol=1e-6)
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(told[1:], held[1:]))


def test_a_mask_file_that_is_none_fails_configure(start_node, make_robot, tmp_path):
    """The log names the file and what it should be."""
    node, robot = start_node(mask_file=tmp_path / 'no.png'), make_robot()
    robot.wait_for('the reason', lambda: 'configure failed' in node.log())
    assert 'no.png does not exist' in node.log() and robot.state() == 'unconfigured'


def test_a_mask_file_that_is_no_file_keeps_nobody(tmp_path):
    """A pipe that nobody writes to held configure for ever, and with it the node; a device filled its memory."""
    os.mkfifo(tmp_path / 'pipe.png')
    for path, what in ((tmp_path / 'pipe.png', 'named pipe'), (Path('/dev/zero'), 'device'), (tmp_path, 'directory')):
        with pytest.raises(MaskFileError, match=rf'^mask_file {path} cannot be read \(a {what}\): name an image'):
            companions._read_mask(str(path))


def test_a_mask_file_that_is_too_large_is_not_decoded(tmp_path):
    """Its header says so; the error tells how large it is, not only that it is no picture."""
    file = tmp_path / 'mask.png'
    head = b'IHDR' + struct.pack('>IIBBBBB', 60_000, 60_000, 8, 0, 0, 0, 0)
    file.write_bytes(b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(chunk) - 4) + chunk + struct.pack('>I', zlib.crc32(chunk)) for chunk in (head, b'IDAT')))
    with pytest.raises(MaskFileError, match='mask.png cannot be read as an image, it has more than'):
        companions._read_mask(str(file))


def test_depth_and_mask_messages_are_read_as_they_are_sent():
    """Millimetres and metres, big-endian and with padding; zero, NaN and infinity are no depth; others are refused."""
    values = np.array([[0, 1500, 65535], [1, 2, 3]], np.uint16)
    big = message(0, values.astype('>u2'), '16UC1')
    big.is_bigendian = 1
    padded = message(0, np.pad(values, ((0, 0), (0, 2))), '16UC1')
    padded.width = 3
    for sent in (message(0, values, '16UC1'), big, padded):
        np.testing.assert_allclose(to_depth(sent), np.where(values, values / 1000, np.nan), rtol=1e-6)
    metres = np.array([[0.5, np.nan], [np.inf, -1]], np.float32)
    np.testing.assert_array_equal(to_depth(message(0, metres, '32FC1')), [[0.5, np.nan], [np.nan, np.nan]])
    assert to_mask(message(0, np.array([[0, 1, 255]], np.uint8), 'mono8')).tolist() == [[False, True, True]]
    for read, sent in ((to_mask, message(0, values, '16UC1')), (to_depth, message(0, values.view(np.uint8), 'rgb8'))):
        with pytest.raises(ImageError, match=sent.encoding):
            read(sent)
    cut = message(0, values, '16UC1')
    cut.data = cut.data[:5]
    with pytest.raises(ImageError, match='truncated'):
        to_depth(cut)
