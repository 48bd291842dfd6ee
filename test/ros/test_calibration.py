# SPDX-License-Identifier: Apache-2.0
"""camera_info: rectified images, and depth on the camera's own rays."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import cv2
import held_step
import numpy as np
import pytest
from harness import compressed, scene, stamp_of
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from sensor_msgs_py import point_cloud2
from test_lens_bending import through

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.black_bars import LOOKED_AT
from ttt3r_ros.reconstruction.depth import CameraDepth
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.rectify import CalibrationError, Rectifier
from ttt3r_ros.reconstruction.repeats import LOOKED_AT as REPEATS_LOOKED_AT
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.familiarity import WINDOW
from ttt3r_ros.ros.transport import image_topic
from ttt3r_ros.synthetic import WideWorld, World

SECOND = 1_000_000_000
K = np.array([[150.0, 0, 80], [0, 150, 60], [0, 0, 1]])
D = [-0.3, 0.1, 0.001, -0.001, 0.0]
SIZE = (120, 160)


def info(d=(0.0,) * 5, k=K, size=SIZE) -> CameraInfo:
    p = np.concatenate((k, np.zeros((3, 1))), axis=1)
    return CameraInfo(height=size[0], width=size[1], distortion_model='plumb_bob', d=list(d), k=k.ravel().tolist(),
                      r=np.eye(3).ravel().tolist(), p=p.ravel().tolist())


def calibrated(run, d, **parameters):
    node, robot = run(lossless=True, **parameters)
    for name in ('depth/image', 'depth/camera_info'):
        robot.listen(f'/ttt3r/{name}', name, Image if name.endswith('image') else CameraInfo)
    publisher = robot.publisher(CameraInfo, 'camera_info')
    publisher.publish(info(d))
    robot.spin(0.5)
    return node, robot, publisher


def test_images_are_undistorted_before_the_network_sees_them(run):
    """With rectify the pose is that of the image that OpenCV undistorts."""
    node, robot, _ = calibrated(run, D, rectify=True)
    image = scene(3, SIZE)
    robot.show(SECOND, image)
    robot.wait_for('a pose', lambda: robot.heard['pose'])
    straight = cv2.undistort(image, K, np.array(D))
    frames = [Reconstructor(load_network('untrained').network, make_rule('ttt3r')).step(i) for i in (straight, image)]
    p = robot.heard['pose'][0].pose.position
    here = np.array([-p.y, -p.z, p.x])  # optical axes
    off = [np.linalg.norm(here - frame.pose[:3, 3]) for frame in frames]
    assert off[0] < 0.02 and off[0] < 0.2 * off[1]


def test_what_the_camera_does_not_see_of_an_undistorted_image_has_no_points(run):
    """The black borders that a P of a wide view leaves are in no cloud, depth or map."""
    node, robot, publisher = calibrated(run, D, rectify=True, weights='embedded')
    wide = info(D)
    wide.p[0] = wide.p[5] = 80.0
    publisher.publish(wide)
    robot.spin(0.5)
    robot.show(SECOND, scene(3, SIZE))
    robot.wait_for('the answer', lambda: robot.heard['depth/image'] and robot.heard['points'])
    depth = robot.heard['depth/image'][0]
    told = np.isfinite(np.frombuffer(depth.data, '<f4')).reshape(depth.height, depth.width)
    covered = Rectifier(SIZE, K, 'plumb_bob', D, (), wide.p).covered.astype(np.float32)
    seen = cv2.resize(covered, (depth.width, depth.height), interpolation=cv2.INTER_AREA)
    assert 0.2 < (seen == 0).mean() < 0.8 and not told[seen < 0.99].any() and told[seen > 0.999].mean() > 0.9
    points = point_cloud2.read_points_numpy(robot.heard['points'][0], ['z'])
    assert np.isfinite(points).sum() <= told.sum()


def test_images_that_are_undistorted_from_now_on_are_of_another_pinhole(run):
    """`rectify` set while it runs: what was found of the raw images' focal length is not told of P's."""
    node, robot, _ = calibrated(run, D, weights='embedded')
    widths = []
    for i, rectify in enumerate((False,) * 6 + (True,)):
        if rectify:
            robot.set('rectify', True)
        robot.show((i + 1) * SECOND, scene(i, SIZE))
        robot.wait_for('the answer', lambda: len(robot.heard['depth/camera_info']) > i)
        widths.append(robot.heard['depth/camera_info'][-1].k[0])
    told = Reconstructor(load_network('embedded').network, make_rule('ttt3r'))
    for i in range(6):
        told.step(scene(i, SIZE))
    straight = cv2.undistort(scene(6, SIZE), K, np.array(D))
    assert widths[-1] == pytest.approx(told.step(straight).told_focal, rel=0.02), widths


def test_a_lens_that_nobody_undistorts_is_told_and_found_out(run):
    """`rectify` is false and D is not zero: that is a warning, once. What images tell of the lens is followed, and is
    not taken for another lens, although the focal length of what the network sees changes with it."""
    node, robot, _ = calibrated(run, D, weights='embedded')
    for i, (image, _) in enumerate(World(2001, 30, SIZE).film()):
        robot.show((i + 1) * SECOND // 10, through(0.4, image))
        robot.wait_for('the answer', lambda i=i: len(robot.heard['status']) > i)
    assert node.log().count('the lens bends lines, and rectify is false') == 1
    told = [int(found) for found in re.findall(r'bends lines, by (\d+) %', node.log())]
    assert told == sorted(told) and told[-1] > 25, node.log()


def test_what_the_network_is_given_is_cut_round_the_optical_axis(run):
    """camera_info knows where that is: its way is that of a reconstruction that was told."""
    aside = info(k=np.array([[150.0, 0, 70], [0, 150, 65], [0, 0, 1]]))
    film = [image for image, _ in zip((image for image, _ in World(2001, 24, SIZE).film()), range(4))]
    ways = {}
    for axis in ((0.5, 0.5), (70.5 / 160, 65.5 / 120)):
        told = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3',
                             step_source='images')
        told.axis = axis
        ways[axis] = [told.step(image).pose[:3, 3] for image in film][-1]
    node, robot, publisher = calibrated(run, (0.0,) * 5, weights='embedded')
    publisher.publish(aside)
    robot.spin(0.5)
    for i, image in enumerate(film):
        robot.show((i + 1) * SECOND, image)
        robot.wait_for('a pose', lambda i=i: len(robot.heard['pose']) > i)
    p = robot.heard['pose'][-1].pose.position
    off = [np.linalg.norm(np.array([-p.y, -p.z, p.x]) - way) for way in ways.values()]
    assert off[1] < 1e-3 < 5e-3 < off[0], off


def test_images_without_their_calibration_are_dropped_and_counted(run):
    """With rectify and no camera_info nothing is answered, the log names the topic, and the node lives on."""
    node, robot = run(lossless=True, rectify=True)
    robot.show(SECOND)
    robot.wait_for('the log', lambda: 'camera_info' in node.log())
    assert '/camera_info' in node.log() and not robot.heard['status']
    assert robot.set('rectify', False).successful
    robot.show_and_wait([2 * SECOND])
    assert robot.counters().dropped_invalid == 1


def test_a_camera_info_that_comes_while_an_image_is_answered_is_of_the_next_one(start_node, make_robot, tmp_path,
                                                                                 monkeypatch):
    """A camera that is set to another size says so while an image of the old one is in hand: that is answered by what
    it was read with, and the next by the new one."""
    gate = tmp_path / 'go'
    monkeypatch.setenv('HELD_STEP', str(gate))
    node = start_node(script=Path(held_step.__file__), lossless=True, rectify=True, weights='embedded',
                      depth__resolution='camera')
    robot = make_robot()
    robot.wait_until_watched()
    robot.listen('/ttt3r/depth/image', 'depth', Image)
    publisher = robot.publisher(CameraInfo, 'camera_info')
    publisher.publish(info(D))
    robot.spin(0.5)
    robot.show(SECOND, scene(3, SIZE))
    robot.wait_for('it to be in hand', lambda: robot.diagnostic('inference').get('pending frames') == '1')
    twice = 2 * SIZE[0], 2 * SIZE[1]
    publisher.publish(info(D, np.diag((2.0, 2, 1)) @ K, twice))
    robot.spin(0.5)
    gate.touch()
    robot.show(2 * SECOND, scene(3, twice))
    robot.wait_for('both answers', lambda: len(robot.heard['status']) == len(robot.heard['depth']) == 2)
    assert [(depth.height, depth.width) for depth in robot.heard['depth']] == [SIZE, twice], node.log()


def test_a_lossless_run_gives_each_image_the_camera_info_that_belongs_to_it(run):
    """Drivers send it behind the image, the first one's too, and images of a lossless run wait while it changes: all
    are answered, each on its own rays."""
    node, robot = run(lossless=True, rectify=True, weights='embedded', depth__resolution='camera')
    robot.listen('/ttt3r/depth/camera_info', 'depth', CameraInfo)
    publisher = robot.publisher(CameraInfo, 'camera_info')
    lenses = [2, *[1] * 10, *[2] * 10]  # the last ones come long before they are wanted
    for i, times in enumerate(lenses, 1):
        size = times * SIZE[0], times * SIZE[1]
        robot.show(i * SECOND, scene(i, size))
        robot.spin(0.05 if i == 1 else 0)
        message = info(D, np.diag((times + i / 100, times + i / 100, 1)) @ K, size)
        message.header.stamp.sec = i
        publisher.publish(message)
    robot.wait_for('all answers', lambda: len(robot.heard['status']) == len(lenses))
    assert robot.counters().dropped_invalid == 0, node.log()
    robot.wait_for('all depths', lambda: len(robot.heard['depth']) == len(lenses))
    for i, (times, told) in enumerate(zip(lenses, robot.heard['depth'], strict=True), 1):
        assert told.width == times * SIZE[1] and np.isclose(told.k[0], (times + i / 100) * K[0, 0])


def test_depth_can_have_the_cameras_size_and_rays(run):
    """depth.resolution camera gives the input's size and camera_info's own K; a distorted camera must be rectified."""
    node, robot, publisher = calibrated(run, [0.0] * 5, depth__resolution='camera')
    robot.show(SECOND, scene(3, SIZE))
    robot.wait_for('depth', lambda: robot.heard['depth/image'] and robot.heard['depth/camera_info'])
    depth, own = robot.heard['depth/image'][0], robot.heard['depth/camera_info'][0]
    assert (depth.height, depth.width) == (own.height, own.width) == SIZE and np.allclose(own.k, K.ravel())
    assert stamp_of(depth) == stamp_of(own) == SECOND
    assert np.isfinite(np.frombuffer(depth.data, '<f4')).any()
    publisher.publish(info(D))
    robot.spin(0.5)
    robot.show(2 * SECOND, scene(4, SIZE))
    robot.wait_for('the log', lambda: 'set rectify' in node.log())
    robot.wait_for('the pose all the same', lambda: len(robot.heard['pose']) == 2)
    assert len(robot.heard['depth/image']) == 1


def test_a_jpeg_that_is_decoded_smaller_is_of_the_cameras_size(start_node, make_robot):
    """Of one that is far larger than the network's image depth and calibration are the camera's all the same."""
    size, k = (1440, 1920), np.diag((12.0, 12, 1)) @ K
    start_node(lossless=True, weights='embedded', image_transport='compressed', depth__resolution='camera')
    robot = make_robot(topic='image/compressed', image_type=CompressedImage)
    robot.wait_until_watched()
    robot.listen('/ttt3r/depth/image', 'depth', Image)
    robot.publisher(CameraInfo, 'camera_info').publish(info(k=k, size=size))
    robot.spin(0.5)
    image = cv2.resize(scene(3, SIZE), size[::-1], interpolation=cv2.INTER_CUBIC)
    data = cv2.imencode('.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    robot.camera.publish(compressed(SECOND, data.tobytes()))
    robot.wait_for('depth', lambda: robot.heard['depth'] and robot.heard['status'])
    depth = robot.heard['depth'][0]
    assert (depth.height, depth.width) == size
    reconstructor = Reconstructor(load_network('embedded').network, make_rule('ttt3r'))
    assert reconstructor.reduction(*size) == 2
    frame = reconstructor.step(np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]))
    whole, _ = CameraDepth(frame.pixel_map, k).resample(frame.points, frame.confidence)
    told = np.frombuffer(depth.data, '<f4').reshape(size)
    both = np.isfinite(told) & np.isfinite(whole)
    assert both.mean() > 0.9 and np.abs(told[both] / whole[both] - 1).max() < 0.05


def test_a_camera_that_the_weights_have_not_seen_is_told_once(run):
    """By camera_info, of the part of the image that the network is given."""
    node, robot = run(lossless=True, weights='embedded')
    publisher = robot.publisher(CameraInfo, 'camera_info')
    for focal in (150.0, 60.0, 60.0):
        lens = info()
        lens.k[0] = lens.k[4] = lens.p[0] = lens.p[5] = focal
        publisher.publish(lens)
        robot.spin(0.3)
        answered = len(robot.heard['status'])
        robot.show((answered + 1) * SECOND, scene(answered, SIZE))
        robot.wait_for('an answer', lambda answered=answered: len(robot.heard['status']) > answered)
    assert node.log().count('the weights have not seen such a camera: field of view 1') == 1
    across = f'{2 * np.degrees(np.arctan(SIZE[1] / 2 / 60.0)):.0f}'
    robot.wait_for('the diagnostics', lambda: robot.diagnostic('inference').get('field of view (deg)') == across)


def test_a_field_of_view_is_that_of_the_images_that_come(run):
    """Images of another size, of which no camera_info tells, have none in the diagnostics, not the last camera's."""
    _, robot = run(lossless=True)
    robot.publisher(CameraInfo, 'camera_info').publish(info())
    robot.spin(0.3)
    across = f'{2 * np.degrees(np.arctan(SIZE[1] / 2 / K[0, 0])):.0f}'
    for k, (size, told) in enumerate(((SIZE, across), ((150, 130), 'no camera_info'))):
        robot.show((k + 1) * SECOND, scene(k, size))
        robot.wait_for('the report', lambda told=told: robot.diagnostic('inference').get('field of view (deg)') == told,
                       10)


def test_pictures_that_the_weights_are_not_sure_of_are_told(run):
    """By the median confidence over a hundred images, once in the log and all the while in diagnostics; it ends with
    them."""
    node, robot = run(lossless=True, weights='embedded')
    films = WideWorld(3000, WINDOW + 5, SIZE).film(), World(21, WINDOW, SIZE).film()
    told = []
    for k, (image, _) in enumerate(chain(*films)):
        robot.show((k + 1) * SECOND // 10, image)
        robot.wait_for('an answer', lambda k=k: len(robot.heard['status']) > k)
        if k in (WINDOW - 2, WINDOW + 4):
            robot.spin(1.5)
            told.append(robot.diagnostic('inference').get('message'))
    assert told[0] == 'running' and told[1].startswith("the weights are less sure of these pictures than of training's")
    assert node.log().count('the weights are less sure of these pictures') == 1
    assert node.log().count('as sure of the pictures again') == 1
    robot.wait_for('the diagnostics', lambda: robot.diagnostic('inference').get('message') == 'running')


def test_black_bars_are_told(run):
    """Once, with how image_proc cuts them off, in the camera's pixels to the nearest few."""
    node, robot = run(lossless=True)
    height, width = SIZE
    for k in range(LOOKED_AT + 5):
        image = np.zeros((2 * height, width, 3), np.uint8)
        image[height // 2:-(height // 2)] = scene(k, SIZE)
        robot.show((k + 1) * SECOND // 10, image)
        robot.wait_for('an answer', lambda k=k: len(robot.heard['status']) > k)
    told = re.findall(r'black bars.* (\d+)% of.*CropDecimateNode with offset_x (\d+), offset_y (\d+), width (\d+), '
                      r'height (\d+)', node.log())
    assert len(told) == 1, node.log()
    np.testing.assert_allclose(np.array(told[0], int), (50, 0, height // 2, width, height), atol=0.05 * height)


@pytest.mark.parametrize('times', [1, 2])
def test_images_that_come_several_times_are_told(run, times):
    """As of a driver that is asked for twice its camera's rate: once, with how they are thinned out."""
    node, robot = run(lossless=True)
    for k in range(times * (REPEATS_LOOKED_AT + 2)):
        robot.show((k + 1) * SECOND // 10, scene(k // times, SIZE))
        robot.wait_for('an answer', lambda k=k: len(robot.heard['status']) > k)
    assert re.findall(r'each image comes (\d) times.*topic_tools drop TOPIC (\d) (\d)"', node.log()) == (
        [('2', '1', '2')] if times == 2 else [])


def test_what_an_undistorted_image_does_not_show_is_no_black_bar(run):
    """The borders that a P of a wide view leaves are left out by the node, and a cut of raw images leaves them."""
    node, robot, publisher = calibrated(run, D, rectify=True)
    wide = info(D)
    wide.p[0] = wide.p[5] = 75.0
    publisher.publish(wide)
    robot.spin(0.5)
    for k in range(LOOKED_AT + 1):
        robot.show((k + 1) * SECOND // 10, scene(k, SIZE))
        robot.wait_for('an answer', lambda k=k: len(robot.heard['status']) > k)
    assert 'black bars' not in node.log(), node.log()


@pytest.fixture
def calibration():
    """Return a function that makes a node's calibration with topics remapped, and one that tells it a camera_info."""
    nodes = []

    def make(*remaps: str, rectify: bool = False, prefix: str = '', namespace: str = '') -> Calibration:
        arguments = [word for remap in remaps for word in ('-r', remap)]
        nodes.append(LifecycleNode(f'calibrated{len(nodes)}', namespace=namespace,
                                   cli_args=['--ros-args', *arguments] if remaps else None))
        sent = 'compressed' if any('image/compressed' in remap for remap in remaps) else 'raw'
        made = Calibration(nodes[-1], prefix, rectify, sent)
        made.tell = lambda message: (made._infos.receive(message), made.take(0))
        return made

    yield make
    for node in nodes:
        node.destroy_node()


def of_another_p(d=(0.0,) * 5) -> CameraInfo:
    """Return a camera whose rectified image has another focal length than the raw one."""
    message = info(d)
    message.p[0] = message.p[5] = 123.0
    return message


@pytest.mark.parametrize(('remaps', 'rectify', 'field'), [
    ((), False, 'K'), ((), True, 'P'), (('image:=/cam/image_raw',), False, 'K'),
    (('image:=/cam/image_rect',), False, 'P'),
    (('image:=/cam/image_rect_color',), False, 'P'), (('image/compressed:=/cam/image_rect/compressed',), False, 'P'),
    (('image:=/rectory/image',), False, 'K')])
def test_the_focal_length_is_that_of_the_images(calibration, remaps, rectify, field):
    """Raw images have K's focal length, rectified ones P's, whether we rectify them or image_proc has."""
    made = calibration(*remaps, rectify=rectify)
    made.tell(of_another_p(D))
    pinhole, found = made.pinhole(SIZE)
    assert found == field and pinhole[0, 0] == (150 if field == 'K' else 123)


@pytest.mark.parametrize(('remaps', 'prefix', 'namespace', 'topic'), [
    ((), '', '', '/camera_info'), ((), 'front/', '/robot', '/robot/front/camera_info'),
    (('image:=/camera/image_raw',), '', '', '/camera/camera_info'),
    (('image/compressed:=/camera/image_raw/compressed',), '', '', '/camera/camera_info'),
    (('image:=/camera/image_raw', 'camera_info:=camera_info'), '', '', '/camera/camera_info'),
    (('image:=/camera/image_raw', 'camera_info:=/else/info'), '', '', '/else/info'),
    (('front/image:=/front_camera/color/image_raw',), 'front/', '/robot', '/front_camera/color/camera_info')])
def test_camera_info_is_the_image_s_sibling(calibration, remaps, prefix, namespace, topic):
    """Where camera_info is not remapped itself it stands beside the images, as for image_transport."""
    made = calibration(*remaps, prefix=prefix, namespace=namespace)
    with pytest.raises(CalibrationError, match=f'no camera_info has come on {topic}:'):
        made.pinhole(SIZE)


def test_a_camera_info_of_part_of_the_sensor(calibration):
    """Of a cropped and binned camera the images' own pinhole comes out, and another size is refused."""
    made = calibration()
    message = of_another_p()
    message.binning_x = message.binning_y = 2
    message.roi.x_offset, message.roi.y_offset, message.roi.width, message.roi.height = 20, 10, 100, 80
    made.tell(message)
    pinhole, _ = made.pinhole((40, 50))
    np.testing.assert_allclose(pinhole, [[75, 0, 30], [0, 75, 25], [0, 0, 1]])
    np.testing.assert_allclose(made.pinhole(SIZE)[0], K)
    with pytest.raises(CalibrationError, match='for 160×120 pixels'):
        made.pinhole((60, 80))


@pytest.mark.parametrize(('remaps', 'transport', 'topic'), [
    ((), 'raw', '/image'), ((), 'compressed', '/image/compressed'), (('image:=/cam/x',), 'raw', '/cam/x'),
    (('image:=/cam/x/compressed',), 'compressed', '/cam/x/compressed'),
    (('image:=/cam/x/compressed',), 'raw', '/cam/x/compressed'),
    (('image:=/cam/x/ffmpeg', 'image/ffmpeg:=/cam/x/ffmpeg/ffmpeg'), 'ffmpeg', '/cam/x/ffmpeg'),
    (('image:=/cam/x',), 'compressed', '/cam/x/compressed'), (('image:=/cam/x',), 'ffmpeg', '/cam/x/ffmpeg'),
    (('image/compressed:=/cam/y',), 'compressed', '/cam/y'),
    (('image:=/cam/x', 'image/compressed:=/cam/y'), 'compressed', '/cam/y')])
def test_what_is_sent_another_way_stands_below_the_images(calibration, remaps, transport, topic):
    """One remapping of image is enough for every transport; the transport's own, where there is one, decides."""
    node = calibration(*remaps)._infos._node
    assert node.resolve_topic_name(image_topic(node, '', transport)) == topic


def test_the_scale_is_of_what_each_answer_tells(run):
    """Of the focal length that its points imply, not of the camera's, which steps of the images find: that is true."""
    node, robot, publisher = calibrated(run, (0.0,) * 5, weights='embedded', scale_source='focal')
    images = [image for _, (image, _) in zip(range(12), WideWorld(3016, 24, SIZE).film())]
    for k, image in enumerate(images):
        robot.show((k + 1) * SECOND // 10, image)
    robot.wait_for('the answers', lambda: len(robot.heard['status']) == len(images))
    alone = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), step_source='images')
    frames = [alone.step(image) for image in images]
    narrower = SIZE[1] / frames[0].image.shape[1]
    told = np.median([K[0, 0] / (narrower * frame.told_focal) for frame in frames])
    assert robot.heard['status'][-1].metric_scale == pytest.approx(told, rel=0.05)
    assert told < 0.9 * np.median([K[0, 0] / frame.original_intrinsics[0, 0] for frame in frames])
