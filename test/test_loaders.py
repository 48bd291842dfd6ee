# SPDX-License-Identifier: Apache-2.0
"""Each data set's traps, on a recording of a few frames in its layout."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from scipy.spatial.transform import Rotation

from ttt3r_ros.datasets import LOADERS, find, recordings
from ttt3r_ros.datasets.seven_scenes import split
from ttt3r_ros.sequences import SequenceError, open_sequence

SIZE = (16, 12)
TURNS = Rotation.from_euler('xyz', [(0.1, 0.2, 0.3), (-0.2, 0.1, 0.5), (0.3, -0.4, 0.2)])


def poses() -> list[np.ndarray]:
    """Return three camera-to-world poses (4, 4), in optical axes."""
    found = np.tile(np.eye(4), (3, 1, 1))
    found[:, :3, :3], found[:, :3, 3] = TURNS.as_matrix(), [(1, 2, 3), (2, 2, 3), (4, 1, 3)]
    return list(found)


def image(path: Path, value: int, size: tuple[int, int] = SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.new('RGB', size, (value,) * 3).save(path)


def depth(path: Path, *values: int, size: tuple[int, int] = SIZE) -> None:
    """Write a depth image whose first pixels have these values and whose others the last of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = np.full(size[0] * size[1], values[-1], np.uint16)
    raw[:len(values)] = values
    Picture.fromarray(raw.reshape(size[::-1])).save(path)


def text(path: Path, *rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(' '.join(map(str, np.ravel(row))) if not isinstance(row, str) else row
                              for row in rows) + '\n')


def quaternion(pose: np.ndarray) -> np.ndarray:
    return Rotation.from_matrix(pose[:3, :3]).as_quat()


def values(sequence) -> list[int]:
    return [int(frame.rgb.mean().round()) for frame in sequence]


def opened(path: Path, kind: str):
    """Open a recording through the one door, and see that the right loader took it."""
    sequence = open_sequence(str(path))
    assert type(sequence).__name__ == kind
    return sequence


def seven_scenes(root: Path) -> Path:
    scene = root / 'chess'
    for i, pose in enumerate(poses()):
        at = scene / f'seq-01/frame-{i:06d}'
        image(at.with_suffix('.color.png'), 10 * i, (640, 480))
        depth(at.with_suffix('.depth.png'), 65535, 0, 2000, size=(640, 480))
        text(at.with_suffix('.pose.txt'), *(np.full((4, 4), np.nan) if i == 1 else pose))
    text(scene / 'TestSplit.txt', 'sequence1')
    return scene / 'seq-01'


def test_seven_scenes(tmp_path):
    """A pose of NaN is counted and none made up from its neighbours; raw depth is put on the colour camera's pixels,
    65535 and 0 are none; "sequence1" is seq-01."""
    root = seven_scenes(tmp_path)
    sequence = opened(root, 'SevenScenes')
    assert len(sequence.truth) == 2 and sequence.truth.dropped == 1 and sequence.stamps_made
    assert np.array_equal(sequence.truth.stamps, [sequence.stamps[0], sequence.stamps[2]])
    found = sequence.depth(0)
    # A pixel of the colour camera looks at 585/525 of its distance from the centre in the depth camera.
    assert found.shape == (480, 640) and np.isnan(found[0, 0]) and found[240, 320] == 2
    assert np.isnan(found[240, :32]).all() and found[240, 33] == 2 and 'two focal lengths' in sequence.remarks[0]
    depth(root / 'frame-000000.depth.proj.png', 65535, 1500, size=(640, 480))
    sequence = opened(root, 'SevenScenes')
    assert np.isnan(sequence.depth(0)[0, 0]) and sequence.depth(0)[0, 1] == 1.5 and not sequence.remarks
    assert split(root.parent, 'test') == [root] and recordings(tmp_path) == [root]


def scannet(root: Path) -> Path:
    scan = root / 'scene0707_00'
    for number, pose in zip((2, 10, 100), poses()):
        image(scan / f'color/{number}.jpg', number, (32, 24))
        depth(scan / f'depth/{number}.png', 0, 1250)
        text(scan / f'pose/{number}.txt', *(np.full((4, 4), -np.inf) if number == 10 else pose))
    text(scan / 'intrinsic/intrinsic_color.txt', *np.diag((20.0, 21, 1, 1)))
    return scan


def test_scannet(tmp_path):
    """Numbers without zeros are sorted as numbers; poses of −inf are counted; depth is in millimetres, 0 none."""
    sequence = opened(scannet(tmp_path), 'Scannet')
    assert [file.stem for file in sequence.files] == ['2', '10', '100'] and values(sequence)[2] > values(sequence)[0]
    assert len(sequence.truth) == 2 and sequence.truth.dropped == 1 and sequence.intrinsics[1, 1] == 21
    assert np.allclose(sequence.truth.poses[1], poses()[2])
    found = sequence.depth(1)
    assert np.isnan(found[0, 0]) and found[0, 1] == 1.25 and found.shape == (12, 16)


def kitti(root: Path) -> Path:
    sequence = root / 'dataset/sequences/07'
    for i in range(3):
        for camera in ('image_0', 'image_2'):
            image(sequence / camera / f'{i:06d}.png', 10 * i + int(camera[-1]))
    text(sequence / 'times.txt', '0.000000e+00', '1.037875e-01', '2.073550e-01')
    text(sequence / 'calib.txt', 'P0: 700 0 8 0 0 700 6 0 0 0 1 0', 'P2: 700 0 8 42 0 700 6 7 0 0 1 0.01')
    text(root / 'dataset/poses/07.txt', *(pose[:3] for pose in poses()))
    return sequence


def test_kitti_odometry(tmp_path):
    """Colour is camera 2: its place is shifted in camera 0's by what P2 says; stamps are times.txt's."""
    root = kitti(tmp_path)
    sequence = opened(root, 'KittiOdometry')
    assert values(sequence) == [2, 12, 22] and sequence.stamps[1] == 103_787_500
    # x₂ = x₀ + K⁻¹·P2[:, 3], so camera 2 stands at minus that.
    shift = -np.linalg.inv(sequence.intrinsics) @ (42, 7, 0.01)
    assert np.allclose(sequence.truth.poses[1], poses()[1] @ [[1, 0, 0, shift[0]], [0, 1, 0, shift[1]],
                                                              [0, 0, 1, shift[2]], [0, 0, 0, 1]])
    grey = opened(root / 'image_0', 'KittiOdometry')
    assert values(grey) == [0, 10, 20] and np.allclose(grey.truth.poses[1], poses()[1])
    assert any('image_0, another camera' in line for line in sequence.describe()) and recordings(tmp_path) == [root]


def test_kitti_depth(tmp_path):
    """Images without depth are left out and told; depth is a 256th of a metre, 0 none."""
    drive = tmp_path / '2011_09_26_drive_0002_sync'
    for i in range(4):
        image(drive / f'image_02/data/{i:010d}.png', i)
    for i in (1, 2):
        depth(drive / f'proj_depth/groundtruth/image_02/{i:010d}.png', 0, 640)
    sequence = opened(drive, 'KittiDepth')
    assert values(sequence) == [1, 2] and any('2 images without depth' in line for line in sequence.describe())
    assert np.isnan(sequence.depth(0)[0, 0]) and sequence.depth(0)[0, 1] == 2.5 and sequence.truth is None


def sintel(root: Path) -> Path:
    training = root / 'training'
    for i, pose in enumerate(poses(), 1):
        image(training / f'final/alley_2/frame_{i:04d}.png', i)
        for part, suffix, data in (
                ('camdata_left', 'cam', np.concatenate((np.diag((100.0 + i, 101, 1)).ravel(),
                                                        np.linalg.inv(pose)[:3].ravel())).astype('<f8')),
                ('depth', 'dpt', np.full((12, 16), 1e11 if i == 1 else 3.5, '<f4'))):
            file = training / part / f'alley_2/frame_{i:04d}.{suffix}'
            file.parent.mkdir(parents=True, exist_ok=True)
            size = struct.pack('<2i', 16, 12) if suffix == 'dpt' else b''
            file.write_bytes(struct.pack('<f', 202021.25) + size + data.tobytes())
    return training / 'final/alley_2'


def test_sintel(tmp_path):
    """Cameras are world to camera, with intrinsics of each frame; the sky's depth is told as it is."""
    root = sintel(tmp_path)
    sequence = opened(root, 'Sintel')
    assert np.allclose(sequence.truth.poses, poses()) and sequence.intrinsics_of(2)[0, 0] == 103
    assert sequence.rate == 24 and sequence.depth(0)[0, 0] > 1e10 and sequence.depth(1)[0, 0] == 3.5
    assert recordings(tmp_path) == [root]
    (tmp_path / 'training/depth/alley_2/frame_0001.dpt').write_bytes(b'PIEH')
    with pytest.raises(SequenceError, match='frame_0001.dpt'):
        sequence.depth(0)


def test_tartanair(tmp_path):
    """Poses of NED camera axes are turned to optical ones: a way ahead is along z, a turn to the right about y."""
    root = tmp_path / 'office/Easy/P001'
    ahead = Rotation.from_euler('z', 90, degrees=True)  # NED: down is z, so this is a turn to the right
    for i in range(2):
        image(root / f'image_left/{i:06d}_left.png', i, (640, 480))
    (root / 'depth_left').mkdir()
    np.save(root / 'depth_left/000000_left_depth.npy', np.full((4, 5), 2.5))
    text(root / 'pose_left.txt', (0, 0, 0, 0, 0, 0, 1), (3, 0, 0, *ahead.as_quat()))
    sequence = opened(root, 'TartanAir')
    motion = np.linalg.inv(sequence.truth.poses[0]) @ sequence.truth.poses[1]
    assert np.allclose(motion[:3, 3], (0, 0, 3)) and np.allclose(motion[:3, 2], (1, 0, 0))
    assert np.allclose(Rotation.from_matrix(motion[:3, :3]).as_rotvec(), (0, np.pi / 2, 0))
    assert sequence.depth(0).dtype == np.float32 and sequence.depth(1) is None


def test_replica(tmp_path):
    """Depth's unit and the intrinsics are cam_params.json's, a folder above."""
    root = tmp_path / 'office0'
    for i in range(3):
        image(root / f'results/frame{i:06d}.jpg', 50 * i)
        depth(root / f'results/depth{i:06d}.png', 0, 13107)
    text(root / 'traj.txt', *poses())
    sequence = opened(root, 'Replica')
    assert np.allclose(sequence.truth.poses, poses()) and sequence.intrinsics is None
    assert np.isnan(sequence.depth(0)[0, 0]) and sequence.depth(0)[0, 1] == 2
    (tmp_path / 'cam_params.json').write_text(json.dumps({'camera': {'fx': 1, 'fy': 2, 'cx': 3, 'cy': 4,
                                                                     'scale': 1000}}))
    sequence = opened(root, 'Replica')
    assert sequence.intrinsics[1].tolist() == [0, 2, 4] and sequence.depth(0)[0, 1] == np.float32(13.107)
    text(root / 'traj.txt', *poses()[:2])
    with pytest.raises(SequenceError, match='2 poses for 3 images'):
        open_sequence(str(root))


def test_icl_nuim(tmp_path):
    """Images and poses belong together by number; the world, mirrored by fy = −480, is turned back."""
    root = tmp_path / 'living_room_traj0'
    for i in range(4):
        image(root / f'rgb/{i}.png', i)
        depth(root / f'depth/{i}.png', 0, 10000)
    text(root / 'associations.txt', *(f'{i} depth/{i}.png {i} rgb/{i}.png' for i in range(4)))
    flip = np.diag((1.0, -1, 1, 1))
    told = [flip @ pose @ flip for pose in poses()]
    text(root / 'livingRoom0.gt.freiburg', *((i, *pose[:3, 3], *quaternion(pose)) for i, pose in enumerate(told, 1)))
    sequence = opened(root, 'IclNuim')
    assert sequence.truth.stamps.tolist() == sequence.stamps[1:] and np.allclose(sequence.truth.poses, poses())
    assert sequence.intrinsics[1, 1] == 480 and sequence.depth(2)[0, 1] == 2 and np.isnan(sequence.depth(2)[0, 0])


def test_eth3d_and_bonn(tmp_path):
    """Both are of TUM's form: one has a calibration and may have no truth, the other's truth is of markers."""
    for i in range(3):
        image(tmp_path / f'cables_1/rgb/{i}.png', i)
        image(tmp_path / f'rgbd_bonn_balloon2/rgb/{i}.png', i)
        depth(tmp_path / f'cables_1/depth/{i}.png', 0, 5000)
    for root in (tmp_path / 'cables_1', tmp_path / 'rgbd_bonn_balloon2'):
        text(root / 'rgb.txt', *(f'{1000 + i / 10} rgb/{i}.png' for i in range(3)))
    text(tmp_path / 'cables_1/depth.txt', *(f'{1000 + i / 10} depth/{i}.png' for i in range(3)))
    text(tmp_path / 'cables_1/calibration.txt', '726.28 726.28 354.65 186.46')
    sequence = opened(tmp_path / 'cables_1', 'Eth3d')
    assert sequence.intrinsics[1].tolist() == [0, 726.28, 186.46] and sequence.truth is None
    assert sequence.depth(1)[0, 1] == 1 and np.isnan(sequence.depth(1)[0, 0])
    assert 'markers' in opened(tmp_path / 'rgbd_bonn_balloon2', 'Bonn').remarks[0]
    text(tmp_path / 'cables_1/calibration.txt', '726.28 726.28')
    with pytest.raises(SequenceError, match='calibration.txt, line 1'):
        open_sequence(str(tmp_path / 'cables_1'))


def test_nrgbd(tmp_path):
    """OpenGL axes become optical ones, "nan" poses are counted, depth beyond 10 m is none; 10 comes after 2."""
    root = tmp_path / 'kitchen'
    turned = [pose @ np.diag((1.0, -1, -1, 1)) for pose in poses()]
    for number in (1, 2, 10):
        image(root / f'images/img{number}.png', number)
        depth(root / f'depth/depth{number}.png', 0, 10001, 2000)
    text(root / 'poses.txt', *turned[0], *np.full((4, 4), np.nan), *turned[2])
    sequence = opened(root, 'Nrgbd')
    assert values(sequence) == [1, 2, 10] and sequence.truth.dropped == 1
    assert np.allclose(sequence.truth.poses, [poses()[0], poses()[2]])
    found = sequence.depth(2)
    assert np.isnan(found[0, :2]).all() and found[0, 2] == 2 and sequence.intrinsics[0].tolist() == [554.26, 0, 7.5]


def test_nerfstudio(tmp_path):
    """Frames come in the order of their names whatever the list's; axes are OpenGL's; a frame's own intrinsics win, and
    pixel centres lie at halves, where nerfstudio's rays begin."""
    turned = [pose @ np.diag((1.0, -1, -1, 1)) for pose in poses()]
    frames = [{'file_path': f'images/{i}.png', 'transform_matrix': turned[i].tolist()} for i in (2, 0, 1)]
    frames[0] |= {'fl_x': 30.0, 'depth_file_path': 'depth/2.png'}
    for i in range(3):
        image(tmp_path / f'images/{i}.png', i)
    depth(tmp_path / 'depth/2.png', 0, 2500)
    (tmp_path / 'transforms.json').write_text(json.dumps(
        {'fl_x': 20.0, 'fl_y': 21.0, 'cx': 8.0, 'cy': 6.0, 'k1': 0.1, 'frames': frames}))
    sequence = opened(tmp_path, 'Nerfstudio')
    assert values(sequence) == [0, 1, 2] and np.allclose(sequence.truth.poses, poses()) and not sequence.metric
    assert sequence.intrinsics_of(0)[:2].tolist() == [[20, 0, 7.5], [0, 21, 5.5]]
    assert sequence.intrinsics_of(2)[0, 0] == 30
    assert sequence.depth(0) is None and sequence.depth(2)[0, 1] == 2.5
    assert sequence.distortion.tolist() == [0.1, 0, 0, 0]
    told = json.loads((tmp_path / 'transforms.json').read_text())
    (tmp_path / 'transforms.json').write_text(json.dumps(told | {'k3': 0.2}))
    assert opened(tmp_path, 'Nerfstudio').distortion.tolist() == [0.1, 0, 0, 0, 0.2]
    (tmp_path / 'transforms.json').write_text(json.dumps(told | {'camera_model': 'OPENCV_FISHEYE'}))
    fisheye = opened(tmp_path, 'Nerfstudio')
    assert fisheye.intrinsics is fisheye.distortion is fisheye.intrinsics_of(0) is None
    (tmp_path / 'transforms.json').write_text('{"frames": []}')
    with pytest.raises(SequenceError, match='transforms.json'):
        open_sequence(str(tmp_path))


def nerfstudio(root: Path) -> dict:
    """Write three images; return what transforms.json is to say of them."""
    for i in range(3):
        image(root / f'images/{i}.png', i)
    return {'fl_x': 20.0, 'fl_y': 21.0, 'cx': 8.0, 'cy': 6.0, 'frames': [
        {'file_path': f'images/{i}.png', 'transform_matrix': np.eye(4).tolist()} for i in range(3)]}


@pytest.mark.parametrize(('field', 'value'), [
    ('fl_x', 'wide'), ('fl_x', 0), ('fl_y', -480), ('cx', float('nan')), ('cy', [6]), ('k1', 'x'), ('file_path', 3),
    ('file_path', None), ('depth_unit_scale_factor', 0), ('depth_unit_scale_factor', 'mm'), ('depth_file_path', 7),
    ('frame', 'images/0.png'), ('frame', ['file_path', 'transform_matrix'])])
def test_a_field_of_transforms_json_that_cannot_be_is_named(tmp_path, field, value):
    """Whatever its type, before an image is read; not as a folder that cannot be read, and not by a traceback."""
    told = nerfstudio(tmp_path)
    if field == 'frame':
        told['frames'][1] = value
    else:
        (told['frames'][1] if field.endswith('path') else told)[field] = value
    (tmp_path / 'transforms.json').write_text(json.dumps(told))
    with pytest.raises(SequenceError, match=f'transforms.json.*{"file_path" if field == "frame" else field}'):
        open_sequence(str(tmp_path))


def test_lists_that_windows_wrote_are_read(tmp_path):
    """With \\ in the names of files, and a byte order mark."""
    told = nerfstudio(tmp_path / 'scene')
    for i, frame in enumerate(told['frames']):
        frame |= {'file_path': f'.\\images\\{i}.png', 'depth_file_path': None}
    (tmp_path / 'scene/transforms.json').write_text('\ufeff' + json.dumps(told))
    assert values(open_sequence(str(tmp_path / 'scene'))) == [0, 1, 2]
    for i in range(3):
        image(tmp_path / f'tum/rgb/{i}.png', i)
    text(tmp_path / 'tum/rgb.txt', *((f'{i}.5', f'rgb\\{i}.png') for i in range(3)))
    assert values(open_sequence(str(tmp_path / 'tum'))) == [0, 1, 2]


def colmap_text(model: Path, names: list[str]) -> None:
    text(model / 'cameras.txt', '# cameras', '1 OPENCV 16 12 20 21 8.5 6.5 0.1 0.2 0.3 0.4')
    rows = []
    for i, (name, pose) in enumerate(zip(names, poses())):
        to_camera = np.linalg.inv(pose)
        x, y, z, w = 2 * quaternion(to_camera)  # not normalised
        rows += [f'{i + 1} {w} {x} {y} {z} {" ".join(map(str, to_camera[:3, 3]))} 1 {name}',
                 '1.5 2.5 -1 3 4 7 8 9 1 2 3 4']
    rows[3] = ''
    # The last image's points are left out, and the last line's end.
    (model / 'images.txt').write_text('\n'.join(rows[:-1]))


def colmap_binary(model: Path, names: list[str]) -> None:
    model.mkdir(parents=True)
    (model / 'cameras.bin').write_bytes(struct.pack('<QiiQQ4d', 1, 1, 1, 16, 12, 20, 21, 8.5, 6.5))
    data = struct.pack('<Q', 3)
    for i, (name, pose) in enumerate(zip(names, poses())):
        to_camera = np.linalg.inv(pose)
        x, y, z, w = quaternion(to_camera)
        data += struct.pack('<i7di', i + 1, w, x, y, z, *to_camera[:3, 3], 1) + name.encode() + b'\0'
        data += struct.pack('<Q2dq', 1, 3.0, 4.0, -1)
    (model / 'images.bin').write_bytes(data)


@pytest.mark.parametrize('write', [colmap_text, colmap_binary])
def test_colmap(tmp_path, write):
    """Poses are world to camera, quaternions of any length, names with a space whole, the last image kept; the first
    pixel's centre is at 0; the scale is told to be arbitrary."""
    names = ['a 1.png', 'a 2.png', 'a 10.png']
    for i, name in enumerate(names):
        image(tmp_path / 'images' / name, 10 * i)
    write(tmp_path / 'sparse/0', names)
    sequence = opened(tmp_path, 'Colmap')
    assert values(sequence) == [0, 10, 20] and np.allclose(sequence.truth.poses, poses())
    assert sequence.intrinsics[:2].tolist() == [[20, 0, 8], [0, 21, 6]] and not sequence.metric
    assert 'arbitrary' in sequence.remarks[0]
    assert (sequence.distortion is None) == (write is colmap_binary)


@pytest.mark.parametrize('kind', ['colmap', 'nerfstudio'])
def test_a_calibration_of_larger_images_is_of_those_that_are_there(tmp_path, kind):
    """As both tools make images smaller and leave the calibration: halved, odd sides rounded. Another shape is
    refused."""
    told = nerfstudio(tmp_path) | {'w': 16, 'h': '12'}
    colmap_binary(tmp_path / 'sparse/0', [f'{i}.png' for i in range(3)])

    def read(size):
        for i in range(3):
            image(tmp_path / f'images/{i}.png', i, size)
        if kind == 'nerfstudio':
            (tmp_path / 'transforms.json').write_text(json.dumps(told))
        return opened(tmp_path, kind.capitalize()).intrinsics_of(1)

    whole = {'colmap': (20, 21, 8.5, 6.5), 'nerfstudio': (20, 21, 8, 6)}[kind]
    for width, height in (SIZE, (8, 6), (32, 24), (7, 5)):
        fx, fy, cx, cy = (value * side for value, side in zip(whole, (width / 16, height / 12) * 2))
        assert read((width, height)) == pytest.approx(np.array([[fx, 0, cx - .5], [0, fy, cy - .5], [0, 0, 1]]))
    with pytest.raises(SequenceError, match=r'0.png has 12×12 pixels, and its calibration is of 16×12'):
        read((12, 12))


def test_colmap_that_is_cut_off_is_named(tmp_path):
    """A binary model that ends too early raises with its name."""
    image(tmp_path / 'images/a.png', 1)
    colmap_binary(tmp_path / 'sparse/0', ['a.png', 'b.png', 'c.png'])
    file = tmp_path / 'sparse/0/images.bin'
    file.write_bytes(file.read_bytes()[:150])
    with pytest.raises(SequenceError, match='images.bin ends too early'):
        open_sequence(str(tmp_path))


@pytest.mark.parametrize(('row', 'told'), [
    ('2 PINHOLE 16 12 20 21 8.5 6.5', 'image a.png is of camera 1'), ('1 PINHOLE 16 12 20', 'line 1'),
    ('1 OPENCV 16 12 20 21 8.5 6.5', 'line 1'), ('1 PINHOLE 16 12 0 21 8.5 6.5', 'line 1'),
    ('1 PINHOLE 16 12 nan 21 8.5 6.5', 'line 1'), ('1 SIMPLE_PINHOLE 16 12 20 inf 6.5', 'line 1'), ('1', 'line 1')])
def test_a_camera_of_colmap_that_cannot_be_is_named(tmp_path, row, told):
    """One that is not there, has too few parameters, or no focal length; a model that is unknown has no pinhole."""
    image(tmp_path / 'images/a.png', 1)
    colmap_text(tmp_path / 'sparse/0', ['a.png', 'b.png', 'c.png'])
    text(tmp_path / 'sparse/0/cameras.txt', row)
    with pytest.raises(SequenceError, match=told):
        open_sequence(str(tmp_path))
    text(tmp_path / 'sparse/0/cameras.txt', '1 OF_TOMORROW 16 12 20 21')
    assert open_sequence(str(tmp_path)).intrinsics is None


def test_a_folder_with_poses_and_depth(tmp_path):
    """Depth of the images' names is in millimetres, and may be there for some."""
    for i in range(3):
        image(tmp_path / f'rgb/{i:05d}.jpg', 40 * i)
    depth(tmp_path / 'depth/00001.png', 0, 1500)
    text(tmp_path / 'groundtruth_tum.txt', *((i, *pose[:3, 3], *quaternion(pose)) for i, pose in enumerate(poses())))
    sequence = opened(tmp_path, 'PosedFolder')
    assert np.allclose(sequence.truth.poses, poses()) and sequence.depth(0) is None
    assert sequence.depth(1)[0, 1] == 1.5 and np.isnan(sequence.depth(1)[0, 0])


def test_a_data_set_is_known_by_one_loader(tmp_path):
    """No other loader takes a recording for its own, but for the general ones that stand behind it."""
    roots = (seven_scenes(tmp_path / 'a'), scannet(tmp_path / 'b'), kitti(tmp_path / 'c'), sintel(tmp_path / 'd'))
    for root in roots:
        assert len([loader for loader in LOADERS if loader.root(root) is not None]) == 1
        assert find(root).count == 3
    assert recordings(tmp_path) == list(roots)


@pytest.mark.parametrize(('make', 'file'), [
    (seven_scenes, 'frame-000002.pose.txt'), (scannet, 'pose/2.txt'), (scannet, 'intrinsic/intrinsic_color.txt'),
    (kitti, 'times.txt'), (kitti, 'calib.txt'), (sintel, '../../camdata_left/alley_2/frame_0002.cam')])
def test_what_is_wrong_is_named(tmp_path, make, file):
    """A file that is not what it should be raises with its name."""
    root = make(tmp_path)
    (root / file).write_text('P2: what\n')
    with pytest.raises(SequenceError, match=Path(file).name):
        open_sequence(str(root))


@pytest.mark.parametrize('time', ['inf', 'nan', '-1', '1e300', '9999999999'])
def test_times_that_cannot_be_are_named(tmp_path, time):
    """Of KITTI's list, in seconds; of the numbers in ICL-NUIM's truth what is not finite."""
    root = kitti(tmp_path / 'kitti')
    told = (root / 'times.txt').read_text().splitlines()
    text(root / 'times.txt', *[time, *told[1:]])
    with pytest.raises(SequenceError, match='times.txt holds what is no time'):
        open_sequence(str(root))
    if time in ('inf', 'nan'):
        test_icl_nuim(tmp_path / 'icl')
        truth, = (tmp_path / 'icl').rglob('*.gt.freiburg')
        text(truth, f'{time} 0 0 0 0 0 0 1')
        with pytest.raises(SequenceError, match="no frame's number"):
            open_sequence(str(truth.parent))
