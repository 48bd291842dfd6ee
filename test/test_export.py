# SPDX-License-Identifier: Apache-2.0
"""Exports, read by what people read them with: they give back pose and intrinsics, and points where they were seen."""

from __future__ import annotations

import io
import json
from pathlib import Path

import cv2
import numpy as np
import plyfile
import pycolmap
import pytest
import trimesh
from evo.tools import file_interface
from rich.console import Console

from ttt3r_ros.export.forms import FORMS
from ttt3r_ros.export.mcap import TYPES
from ttt3r_ros.offline import session
from ttt3r_ros.offline.reconstruction import Settings
from ttt3r_ros.offline.recording import Recorded, read_journal
from ttt3r_ros.offline.selection import Moment, Selection
from ttt3r_ros.offline.session import Plan, carry_out
from ttt3r_ros.sequences import open_sequence, read_tum

EXACT = {'rtol': 0, 'atol': 1e-6}
EXPORTS = ('tum', 'kitti', 'euroc', 'frames', 'colmap', 'nerfstudio', 'ply', 'pcd', 'glb', 'mcap', 'las')


@pytest.fixture(scope='module')
def out(film, tmp_path_factory) -> Path:
    """Return the folder of a run over a small room, in all forms."""
    folder = tmp_path_factory.mktemp('export') / 'run'
    plan = Plan(str(film), folder, Settings(), Selection(end=Moment(10)), exports=EXPORTS)
    carry_out(plan, Console(file=io.StringIO()))
    return folder


@pytest.fixture(scope='module')
def shots(out):
    """Return its journal."""
    return read_journal(out)


def test_evo_reads_the_path(out, shots):
    """TUM, KITTI and EuRoC hold the journal's poses, the first and the last with its stamps."""
    poses = np.array([shot.pose for shot in shots])
    assert np.linalg.norm(poses[-1, :3, 3]) > 0.05
    tum = file_interface.read_tum_trajectory_file(str(out / 'trajectory_tum.txt'))
    kitti = file_interface.read_kitti_poses_file(str(out / 'trajectory_kitti.txt'))
    euroc = file_interface.read_euroc_csv_trajectory(str(out / 'trajectory_euroc.csv'))
    for read in (tum, kitti, euroc):
        np.testing.assert_allclose(np.array(read.poses_se3), poses, **EXACT)
    for read in (tum, euroc):
        np.testing.assert_allclose(read.timestamps, [shot.stamp / 1e9 for shot in shots], **EXACT)


def test_kitti_has_a_line_for_each_frame(film, tmp_path):
    """Frames that were not tracked, in the middle or at the beginning, stand where the camera was last seen: KITTI's
    devkit and evo compare line by line."""
    carry_out(Plan(str(film), tmp_path / 'run', Settings(), Selection(start=Moment(12)), exports=('kitti',)),
              Console(file=io.StringIO()))
    carry_out(Plan(str(film), tmp_path / 'whole', Settings(), exports=('kitti',)), Console(file=io.StringIO()))
    for out, count in ((tmp_path / 'run', 12), (tmp_path / 'whole', 24)):
        every = read_journal(out)
        assert len(every) == count and any(shot.pose is None for shot in every)
        kitti = file_interface.read_kitti_poses_file(str(out / 'trajectory_kitti.txt')).poses_se3
        assert len(kitti) == count
        last = next(shot.pose for shot in every if shot.pose is not None)
        for pose, shot in zip(kitti, every):
            last = shot.pose or last
            np.testing.assert_allclose(pose, last, **EXACT)


@pytest.mark.parametrize('kind', ['sparse/0', 'text'])
def test_colmap_reads_the_model(out, shots, kind):
    """Binary and text: poses and intrinsics come back, and a pixel's point is projected onto that pixel."""
    model = pycolmap.Reconstruction(str(out / 'colmap' / kind))
    images = {image.name: image for image in model.images.values()}
    assert len(images) == len(shots) and len(model.points3D) > 1000
    for shot in shots:
        image = images[f'{shot.name}.png']
        assert (out / 'colmap/images' / image.name).read_bytes() == (out / 'image' / image.name).read_bytes()
        pose = np.eye(4)
        pose[:3] = image.cam_from_world().inverse().matrix()
        np.testing.assert_allclose(pose, shot.pose, **EXACT)
        ours = np.array(shot.intrinsics)
        np.testing.assert_allclose(image.camera.calibration_matrix()[:2, 2], ours[:2, 2] + 0.5, **EXACT)
        np.testing.assert_allclose(image.camera.calibration_matrix()[[0, 1], [0, 1]], ours[[0, 1], [0, 1]], **EXACT)
        depth = np.load(out / 'depth' / f'{shot.name}.npz')['depth']
        for row, column in ((0, 0), (20, 41)):
            point = depth[row, column] * (np.linalg.inv(ours) @ (column, row, 1)) @ np.array(shot.pose)[:3, :3].T
            pixel = image.project_point(point + np.array(shot.pose)[:3, 3])
            np.testing.assert_allclose(pixel, (column + 0.5, row + 0.5), rtol=0, atol=1e-4)


def test_colmap_points_lie_where_the_cloud_does(out):
    """The model's points and colours are some of the cloud's."""
    points = list(pycolmap.Reconstruction(str(out / 'colmap/sparse/0')).points3D.values())
    cloud = plyfile.PlyData.read(out / 'cloud.ply')['vertex']
    known = set(zip(cloud['x'], cloud['y'], cloud['z'], cloud['red'], cloud['green'], cloud['blue'], strict=True))
    assert all((*np.float32(point.xyz), *point.color) in known for point in points[::50])


def test_nerfstudio_transforms(out, shots):
    """Axes are OpenGL's, the principal point lies half a pixel further, depth is in millimetres."""
    found = json.loads((out / 'nerfstudio/transforms.json').read_text())
    assert found['depth_unit_scale_factor'] == 1e-3 and (out / 'nerfstudio' / found['ply_file_path']).exists()
    for frame, shot in zip(found['frames'], shots, strict=True):
        pose, ours = np.array(frame['transform_matrix']), np.array(shot.intrinsics)
        np.testing.assert_allclose(pose[:, :3] * [1, -1, -1], np.array(shot.pose)[:, :3], **EXACT)
        np.testing.assert_allclose(pose[:, 3], np.array(shot.pose)[:, 3], **EXACT)
        np.testing.assert_allclose([frame['cx'] - 0.5, frame['cy'] - 0.5, frame['fl_x']],
                                   [*ours[:2, 2], ours[0, 0]], **EXACT)
        image = cv2.imread(str(out / 'nerfstudio' / frame['file_path']))
        depth = cv2.imread(str(out / 'nerfstudio' / frame['depth_file_path']), cv2.IMREAD_UNCHANGED)
        assert image.shape[:2] == depth.shape == (frame['h'], frame['w']) and depth.dtype == np.uint16
        np.testing.assert_allclose(depth * 1e-3, np.load(out / 'depth' / f'{shot.name}.npz')['depth'], atol=0.00051)


def test_nerfstudio_is_read_back(out, shots):
    """Our own reader gives the intrinsics and poses that were written."""
    read = open_sequence(str(out / 'nerfstudio'))
    for index, shot in enumerate(shots):
        np.testing.assert_allclose(read.intrinsics_of(index), shot.intrinsics, **EXACT)
        np.testing.assert_allclose(read.truth.poses[index], shot.pose, **EXACT)


def test_clouds_have_the_fields_that_viewers_know(out, shots):
    """PLY: scalar_confidence; PCD: intensity; both the same points, which were recorded."""
    vertex = plyfile.PlyData.read(out / 'cloud.ply')['vertex']
    assert [(p.name, p.val_dtype) for p in vertex.properties] == [
        *((axis, 'f4') for axis in 'xyz'), *((c, 'u1') for c in ('red', 'green', 'blue')), ('scalar_confidence', 'f4')]
    points = np.stack([vertex[axis] for axis in 'xyz'], axis=1)
    head, _, data = (out / 'cloud.pcd').read_bytes().partition(b'DATA binary\n')
    assert b'FIELDS x y z rgb intensity\n' in head and f'POINTS {len(points)}\n'.encode() in head
    stored = np.frombuffer(data, '<f4').reshape(-1, 5)
    assert np.array_equal(stored[:, :3], points) and np.array_equal(stored[:, 4], vertex['scalar_confidence'])
    colours = np.stack([vertex[c] for c in ('blue', 'green', 'red')], axis=1)
    assert np.array_equal(np.ascontiguousarray(stored[:, 3]).view('u1').reshape(-1, 4)[:, :3], colours)
    assert len(points) > 10_000 and np.isfinite(points).all() and vertex['scalar_confidence'].min() >= 1


def test_glb_opens(out, shots):
    """Cloud, path and cameras, y up; colours are linear light; positions come back to a fraction of a millimetre."""
    scene = trimesh.load_scene(out / 'cloud.glb')
    assert set(scene.geometry) == {'cloud', 'path', 'cameras'}
    vertex = plyfile.PlyData.read(out / 'cloud.ply')['vertex']
    points = np.stack([vertex['x'], -vertex['y'], -vertex['z']], axis=1)
    placed = {name: trimesh.transform_points(scene.geometry[name].vertices, scene.graph[name][0])
              for name in scene.geometry}
    np.testing.assert_allclose(placed['cloud'], points, atol=1e-4)
    path = np.array([shot.pose for shot in shots])[:, :3, 3] * [1, -1, -1]
    assert np.linalg.norm(placed['path'][:, None] - path, axis=-1).min(axis=1).max() < 1e-4
    srgb = np.stack([vertex[c] for c in ('red', 'green', 'blue')], axis=1) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    colours = np.asarray(scene.geometry['cloud'].colors)[:, :3]
    np.testing.assert_allclose(colours / 255, linear, atol=1.01 / 255)


def test_a_run_without_a_tracked_frame_is_exported_too(out, tmp_path):
    """Every form has an empty file that its reader takes, or a model without images."""
    (tmp_path / 'frames.jsonl').write_text('')
    recorded = Recorded(tmp_path, 'nothing', 'camera')
    for name in EXPORTS:
        FORMS[name].write(recorded, tmp_path)
    assert pycolmap.Reconstruction(str(tmp_path / 'colmap/sparse/0')).num_images() == 0
    assert len(plyfile.PlyData.read(tmp_path / 'cloud.ply')['vertex'].data) == 0
    assert len(trimesh.load_scene(tmp_path / 'cloud.glb').geometry) == 0


def test_mcap_holds_the_topics_of_the_node(out, shots):
    """The mcap library reads it and ROS's own types take its messages: poses in odom, points in the camera's frame."""
    from mcap.reader import make_reader
    geometry, sensors, tf, nav = (pytest.importorskip(f'{name}_msgs.msg')
                                  for name in ('geometry', 'sensor', 'tf2', 'nav'))
    ours = pytest.importorskip('ttt3r_ros.msg')
    from rclpy.serialization import deserialize_message

    kinds = {'/ttt3r/pose': geometry.PoseStamped, '/ttt3r/points': sensors.PointCloud2, '/tf': tf.TFMessage,
             '/ttt3r/depth/image': sensors.Image, '/ttt3r/depth/camera_info': sensors.CameraInfo,
             '/ttt3r/odometry': nav.Odometry, '/ttt3r/status': ours.ReconstructionStatus}
    whole = {'/ttt3r/path': nav.Path, '/ttt3r/map': sensors.PointCloud2}
    found = {topic: [] for topic in kinds | whole}
    with next((out / 'mcap').glob('*.mcap')).open('rb') as file:
        for schema, channel, message in make_reader(file).iter_messages():
            assert schema.encoding == 'ros2msg' and channel.message_encoding == 'cdr'
            if channel.topic in found:
                message = message.log_time, deserialize_message(message.data, (kinds | whole)[channel.topic])
                found[channel.topic].append(message)
    to_body = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    for i, shot in enumerate(shots):
        stamps = {topic: found[topic][i][0] for topic in kinds}
        assert set(stamps.values()) == {shot.stamp}
        at, pose = found['/ttt3r/pose'][i][1].pose.position, np.array(shot.pose)
        np.testing.assert_allclose([at.x, at.y, at.z], to_body @ pose[:3, 3], **EXACT)
        assert found['/ttt3r/pose'][i][1].pose.orientation.w >= 0
        depth = found['/ttt3r/depth/image'][i][1]
        assert depth.encoding == '32FC1' and depth.header.frame_id == 'camera_optical_frame'
        np.testing.assert_array_equal(np.frombuffer(bytes(depth.data), '<f4').reshape(depth.height, depth.width),
                                      np.load(out / 'depth' / f'{shot.name}.npz')['depth'])
        np.testing.assert_allclose(found['/ttt3r/depth/camera_info'][i][1].k.reshape(3, 3), shot.intrinsics, **EXACT)
        points = found['/ttt3r/points'][i][1]
        assert [field.name for field in points.fields] == ['x', 'y', 'z', 'rgb', 'confidence']
        assert points.width > 1000 and len(points.data) == points.row_step == points.width * points.point_step
        xyz = np.frombuffer(bytes(points.data), '<f4').reshape(points.width, -1)[:, :3].astype(np.float64)
        at = (xyz @ np.array(shot.intrinsics).T)[:, :2].T / xyz[:, 2]
        u, v = pixel = np.rint(at).astype(int)
        np.testing.assert_allclose(at, pixel, rtol=0, atol=1e-3)  # the depth image's own pixels
        told = np.frombuffer(bytes(depth.data), '<f4').reshape(depth.height, depth.width)
        np.testing.assert_array_equal(told[v, u], xyz[:, 2].astype(np.float32))
        assert found['/tf'][i][1].transforms[0].child_frame_id == 'camera_optical_frame'
        odometry, status = found['/ttt3r/odometry'][i][1], found['/ttt3r/status'][i][1]
        assert odometry.pose.pose == found['/ttt3r/pose'][i][1].pose
        assert odometry.child_frame_id == 'camera_optical_frame'
        assert (np.linalg.eigvalsh(odometry.pose.covariance.reshape(6, 6)) > 0).all()
        assert (status.tracking, status.update_rule, status.answered) == (shot.state, 'ttt3r', i + 1) and status.trained
        assert (status.gate_mean, status.gate_max) == (np.float32(shot.gate_mean), np.float32(shot.gate_max))
    moved = np.diff([pose_at(message) for _, message in found['/ttt3r/odometry'][-2:]], axis=0)[0]
    twist, between = found['/ttt3r/odometry'][-1][1].twist, (shots[-1].stamp - shots[-2].stamp) / 1e9
    speed = np.linalg.norm([getattr(twist.twist.linear, axis) for axis in 'xyz'])
    assert speed == pytest.approx(np.linalg.norm(moved) / between, rel=0.05) and twist.covariance[0] < 1e5
    (_, path), = found['/ttt3r/path']
    np.testing.assert_allclose([pose_at(one) for one in path.poses],
                               [to_body @ np.array(shot.pose)[:3, 3] for shot in shots], **EXACT)
    (_, whole_map), = found['/ttt3r/map']
    vertex = plyfile.PlyData.read(out / 'cloud.ply')['vertex']
    stored = np.frombuffer(bytes(whole_map.data), '<f4').reshape(-1, 5)
    np.testing.assert_allclose(stored[:, :3], np.stack([vertex['z'], -vertex['x'], -vertex['y']], axis=1), **EXACT)
    assert whole_map.header.frame_id == 'odom'
    assert 'durability: transient_local' in (out / 'mcap/metadata.yaml').read_text()


def pose_at(message) -> list[float]:
    """Return the place of a message with a pose."""
    pose = getattr(message.pose, 'pose', message.pose)
    return [pose.position.x, pose.position.y, pose.position.z]


def test_the_mcap_explains_itself(out, shots):
    """Read by its own schemas alone, as Foxglove does, all topics are there with their fields."""
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory

    seen = {}
    with next((out / 'mcap').glob('*.mcap')).open('rb') as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        for schema, channel, _, message in reader.iter_decoded_messages():
            seen.setdefault(channel.topic, (schema.name, []))[1].append(message)
    assert {topic: name for topic, (name, _) in seen.items()} == TYPES
    assert len(seen['/ttt3r/map'][1]) == len(seen['/ttt3r/path'][1]) == 1
    for shot, told, odometry in zip(shots, seen['/ttt3r/status'][1], seen['/ttt3r/odometry'][1], strict=True):
        assert told.tracking == shot.state and told.confidence_median == np.float32(shot.confidence_median)
        assert odometry.header.stamp.sec * 10**9 + odometry.header.stamp.nanosec == shot.stamp


def test_a_camera_that_is_called_odom_is_no_parent_of_itself(film, tmp_path, monkeypatch):
    """Its frame in the MCAP has another name than the odometry's, in all messages the same."""
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory
    sequence = open_sequence(str(film))
    sequence.frame_id = 'odom'
    monkeypatch.setattr(session, 'open_sequence', lambda *_, **__: sequence)
    carry_out(Plan(str(film), tmp_path / 'run', Settings(), Selection(end=Moment(2)), exports=('mcap',)),
              Console(file=io.StringIO()))
    with next((tmp_path / 'run/mcap').glob('*.mcap')).open('rb') as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        told = {channel.topic: message for _, channel, _, message in reader.iter_decoded_messages()}
    edge = told['/tf'].transforms[0]
    assert (edge.header.frame_id, told['/ttt3r/odometry'].header.frame_id) == ('odom', 'odom')
    assert edge.child_frame_id == told['/ttt3r/odometry'].child_frame_id == told['/ttt3r/points'].header.frame_id
    assert edge.child_frame_id == 'camera_optical_frame'


def test_stamps_before_0_are_exported(film, tmp_path, monkeypatch):
    """A header may have them: they come back from each form, though an MCAP file's log times begin at 0."""
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory
    sequence = open_sequence(str(film))
    sequence._stamps = [stamp - 450_000_001 for stamp in sequence._stamps]
    monkeypatch.setattr(session, 'open_sequence', lambda *_, **__: sequence)
    forms = 'tum', 'euroc', 'mcap'
    carry_out(Plan(str(film), tmp_path / 'run', Settings(), Selection(end=Moment(10)), exports=forms),
              Console(file=io.StringIO()))
    stamps = [shot.stamp for shot in read_journal(tmp_path / 'run')]
    assert stamps == [i * 10**8 - 450_000_001 for i in range(10)]
    assert read_tum(tmp_path / 'run/trajectory_tum.txt').stamps.tolist() == stamps
    euroc = file_interface.read_euroc_csv_trajectory(str(tmp_path / 'run/trajectory_euroc.csv'))
    np.testing.assert_allclose(euroc.timestamps, np.array(stamps) / 1e9, **EXACT)
    with next((tmp_path / 'run/mcap').glob('*.mcap')).open('rb') as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        told = [(message.log_time, pose.header.stamp.sec * 10**9 + pose.header.stamp.nanosec)
                for _, _, message, pose in reader.iter_decoded_messages(topics=['/ttt3r/pose'])]
    assert told == [(stamp - stamps[0], stamp) for stamp in stamps]


def test_las_is_read_back(out):
    """laspy gives back each point to a twentieth of a millimetre, z up, its colour and its confidence."""
    import laspy
    las, vertex = laspy.read(out / 'cloud.las'), plyfile.PlyData.read(out / 'cloud.ply')['vertex']
    np.testing.assert_allclose(las.xyz, np.stack([vertex['x'], vertex['z'], -vertex['y']], axis=1), atol=0.6e-4)
    assert np.array_equal(las.red >> 8, vertex['red']) and np.array_equal(las.blue, vertex['blue'] * np.uint16(257))
    assert np.array_equal(las.confidence, vertex['scalar_confidence'])


def test_rerun_reads_the_recording(film, tmp_path):
    """Poses and times come back to float32 and the nanosecond."""
    pytest.importorskip('rerun', reason='rerun-sdk is in the extra [export]')
    from rerun.chunk import RrdReader
    carry_out(Plan(str(film), tmp_path / 'run', Settings(), Selection(end=Moment(3)), exports=('rrd',)),
              Console(file=io.StringIO()))
    shots = read_journal(tmp_path / 'run')
    chunks = [(chunk.entity_path, chunk.to_record_batch()) for chunk in RrdReader(tmp_path / 'run/run.rrd').stream()]

    def column(entity: str, name: str) -> list:
        return [value for path, batch in chunks if path == entity for value in batch[name].to_pylist()]

    stamps = np.array(column('/world/camera', 'stamp'), 'datetime64[ns]').astype(np.int64)
    order = np.argsort(stamps)
    assert stamps[order].tolist() == [shot.stamp for shot in shots]
    places = np.array(column('/world/camera', 'Transform3D:translation')).reshape(-1, 3)[order]
    turns = np.array(column('/world/camera', 'Transform3D:mat3x3')).reshape(-1, 3, 3)[order].transpose(0, 2, 1)
    np.testing.assert_allclose(places, [np.array(shot.pose)[:3, 3] for shot in shots], **EXACT)
    np.testing.assert_allclose(turns, [np.array(shot.pose)[:3, :3] for shot in shots], **EXACT)
    pinholes = np.array(column('/world/camera/image', 'Pinhole:image_from_camera')).reshape(-1, 3, 3).transpose(0, 2, 1)
    assert {float(k[0, 0]) for k in pinholes} == {float(np.float32(shot.intrinsics[0][0])) for shot in shots}
    assert set(np.ravel(column('/world/camera/image/depth', 'DepthImage:meter'))) == {1.0}
