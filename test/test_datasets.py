# SPDX-License-Identifier: Apache-2.0
"""Data sets found from their path: stamps, truth, depth and intrinsics as their makers mean them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation

from ttt3r_ros.datasets import LOADERS, Euroc, Tum, find
from ttt3r_ros.sequences import SequenceError, open_sequence, write_bag

MS = 10**6
BEGIN = 1305031102_175304000


def image(path: Path, value: int = 0, size: tuple[int, int] = (8, 6)) -> None:
    """Write an image of one grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.new('RGB', size, (value,) * 3).save(path)


def decimal(stamp: int) -> str:
    """Return nanoseconds as seconds with six decimals, as TUM writes them."""
    return f'{stamp // 10**9}.{stamp % 10**9 // 1000:06}'


@pytest.fixture
def tum(tmp_path) -> Path:
    """Six images 33 ms apart, depth 4 ms after each, truth at 100 Hz that ends before the last image."""
    root = tmp_path / 'rgbd_dataset_freiburg2_desk'
    stamps = [BEGIN + 33 * MS * i for i in range(6)]
    for i, stamp in enumerate(stamps):
        image(root / f'rgb/{decimal(stamp)}.png', i, (640, 480))
        depth = np.full((480, 640), 5000 + 100 * i, np.uint16)
        depth[:100] = 0
        (root / 'depth').mkdir(exist_ok=True)
        Picture.fromarray(depth).save(root / f'depth/{decimal(stamp + 4 * MS)}.png')
    lines = [f'{decimal(stamp)} rgb/{decimal(stamp)}.png\n' for stamp in stamps]
    # Out of order, with a file that is not there.
    (root / 'rgb.txt').write_text('# color images\n# timestamp filename\n' + ''.join(lines[3:] + lines[:3])
                                  + f'{decimal(BEGIN + 900 * MS)} rgb/gone.png\n')
    (root / 'depth.txt').write_text(''.join(f'{decimal(stamp + 4 * MS)} depth/{decimal(stamp + 4 * MS)}.png\n'
                                            for stamp in stamps))
    truth = [f'{decimal(BEGIN - 5 * MS + 10 * MS * i)} {i} 0 0 0 0 0 1\n' for i in range(15)]
    truth[4] = truth[4].replace(' 4 ', ' nan ')
    (root / 'groundtruth.txt').write_text('# ground truth trajectory\n' + ''.join(truth))
    return root


def test_tum_is_matched_by_time(tum):
    """Order and stamps are rgb.txt's; the truth is interpolated to each image, and none is made up after its end."""
    sequence = open_sequence(str(tum))
    assert isinstance(sequence, Tum) and not sequence.stamps_made
    images = list(sequence)
    assert [frame.stamp for frame in images] == [BEGIN + 33 * MS * i for i in range(6)]
    assert [int(frame.rgb.flat[0]) for frame in images] == list(range(6))
    assert sequence.truth.stamps.tolist() == [BEGIN + 33 * MS * i for i in range(5)]
    assert sequence.truth.poses[:, 0, 3].tolist() == pytest.approx([0.5 + 3.3 * i for i in range(5)], abs=1e-6)
    assert sequence.truth.dropped == 1
    assert [line for line in sequence.describe() if 'not there' in line and '1 images' in line]


def test_tum_has_the_published_camera_and_depth_in_metres(tum):
    """Intrinsics and distortion follow from the name, depth is a 5000th of a metre, 0 none; a bag keeps the camera."""
    sequence = open_sequence(str(tum))
    assert sequence.intrinsics[0].tolist() == [520.9, 0, 325.1] and sequence.distortion[1] == -0.7849
    depth = sequence.depth(2)
    assert sequence.depth_registered and depth.dtype == np.float32 and depth.shape == (480, 640)
    assert np.isnan(depth[:100]).all() and (depth[100:] == np.float32(5200 / 5000)).all()
    write_bag(sequence, tum.parent / 'bag')
    bag = open_sequence(str(tum.parent / 'bag'))
    assert np.array_equal(bag.intrinsics, sequence.intrinsics) and np.array_equal(bag.distortion, sequence.distortion)
    tum.rename(tum.parent / 'rgbd_bonn_walk')
    assert open_sequence(str(tum.parent / 'rgbd_bonn_walk')).intrinsics is None


def test_tum_lists_in_nanoseconds_are_recognised(tum):
    """Converters write nanoseconds where TUM has seconds."""
    for name in ('rgb.txt', 'depth.txt', 'groundtruth.txt'):
        lines = [line.split() for line in (tum / name).read_text().splitlines() if not line.startswith('#')]
        (tum / name).write_text(''.join(f'{first.replace(".", "")}000 {" ".join(rest)}\n' for first, *rest in lines))
    sequence = open_sequence(str(tum))
    assert [frame.stamp for frame in sequence] == [BEGIN + 33 * MS * i for i in range(6)]
    assert len(sequence.truth) == 5 and sequence.depth(0) is not None


def test_a_gap_in_the_truth_gives_no_pose(tum):
    """Between poses more than 0.1 s apart nothing is interpolated."""
    (tum / 'groundtruth.txt').write_text(f'{decimal(BEGIN)} 0 0 0 0 0 0 1\n{decimal(BEGIN + 150 * MS)} 9 0 0 0 0 0 1\n')
    assert open_sequence(str(tum)).truth.stamps.tolist() == [BEGIN]


def test_of_two_poses_with_one_time_the_first_counts(tum):
    """The real freiburg2_desk has such a pair."""
    lines = (tum / 'groundtruth.txt').read_text().splitlines(keepends=True)
    stamp = lines[3].split()[0]
    (tum / 'groundtruth.txt').write_text(''.join([*lines[:4], f'{stamp} 77 0 0 0 0 0 1\n', *lines[4:]]))
    sequence = open_sequence(str(tum))
    assert len(sequence.truth) == 5 and sequence.truth.poses[:, 0, 3].max() < 20


def test_a_rotation_is_interpolated_on_the_sphere(tum):
    """Halfway between two rotations stands half the turn."""
    turns = Rotation.from_rotvec([[0, 0, 0], [0, 0, 1.0]]).as_quat()
    (tum / 'groundtruth.txt').write_text(''.join(
        f'{decimal(BEGIN + shift * MS)} 0 0 0 {" ".join(map(str, turn))}\n' for shift, turn in zip((-20, 20), turns)))
    turn = Rotation.from_matrix(open_sequence(str(tum)).truth.poses[0, :3, :3])
    assert turn.as_rotvec().tolist() == pytest.approx([0, 0, 0.5])


@pytest.mark.parametrize(('file', 'content', 'words'), [
    ('rgb.txt', '', 'lists no image'), ('rgb.txt', 'x y\n', 'rgb.txt, line 1'), ('rgb.txt', '1.0\n', 'rgb.txt, line 1'),
    ('rgb.txt', '1.0 rgb/no.png\n', 'none of its 1 images is there'), ('rgb.txt', 'nan rgb/a.png\n', 'rgb.txt, line 1'),
    ('rgb.txt', '-1 rgb/a.png\n', 'rgb.txt, line 1'), ('rgb.txt', '1e40 rgb/a.png\n', 'rgb.txt, line 1'),
    ('groundtruth.txt', '1 2 3\n', 'groundtruth.txt, line 1'), ('depth.txt', '1\n', 'depth.txt, line 1'),
    ('groundtruth.txt', '2 0 0 0 0 0 0 1\n1 0 0 0 0 0 0 1\n', 'do not increase')])
def test_what_is_wrong_in_a_list_is_named(tum, file, content, words):
    """A list that is no list raises with its name and line."""
    (tum / file).write_text(content)
    with pytest.raises(SequenceError, match=words):
        open_sequence(str(tum))


SENSOR = """%YAML:1.0
sensor_type: camera
T_BS:
  cols: 4
  rows: 4
  data: [0.0, -1.0, 0.0, 0.1,
         1.0, 0.0, 0.0, 0.2,
         0.0, 0.0, 1.0, 0.3,
         0.0, 0.0, 0.0, 1.0]
resolution: [752, 480]
camera_model: pinhole
intrinsics: [458.654, 457.296, 367.215, 248.375] #fu, fv, cu, cv
distortion_model: radial-tangential
distortion_coefficients: [-0.28340811, 0.07395907, 0.00019359, 1.76187114e-05]
"""
EUROC = 1403636579_763555584


@pytest.fixture
def euroc(tmp_path) -> Path:
    """Five images 50 ms apart from two cameras; truth of the body at 200 Hz that begins after the first image."""
    root = tmp_path / 'MH_01_easy'
    stamps = [EUROC + 50 * MS * i for i in range(5)]
    for camera in ('cam0', 'cam1'):
        for i, stamp in enumerate(stamps):
            image(root / f'mav0/{camera}/data/{stamp}.png', i)
        (root / f'mav0/{camera}/data.csv').write_text('#timestamp [ns],filename\n' + ''.join(
            f'{stamp},{stamp}.png\r\n' for stamp in stamps))
        (root / f'mav0/{camera}/sensor.yaml').write_text(SENSOR)
    body = Rotation.from_euler('xyz', (0.3, -0.2, 0.9))
    x, y, z, w = body.as_quat()
    rows = [f'{EUROC + 20 * MS + 5 * MS * i},{i}.0,2.0,3.0,{w},{x},{y},{z},0,0,0\n' for i in range(60)]
    rows[7] = rows[7].replace('2.0', 'nan')
    (root / 'mav0/state_groundtruth_estimate0').mkdir()
    (root / 'mav0/state_groundtruth_estimate0/data.csv').write_text('#timestamp, p_RS_R_x [m], …\n' + ''.join(rows))
    return root


def test_euroc_turns_the_bodys_poses_into_the_cameras(euroc):
    """Stamps are data.csv's integer nanoseconds; truth is T_WB·T_BS at each image's time, from where it begins."""
    sequence = open_sequence(str(euroc))
    assert isinstance(sequence, Euroc) and sequence.name == 'MH_01_easy'
    assert [frame.stamp for frame in sequence] == [EUROC + 50 * MS * i for i in range(5)]
    assert sequence.truth.stamps.tolist() == [EUROC + 50 * MS * i for i in range(1, 5)] and sequence.truth.dropped == 1
    body = np.eye(4)
    body[:3, :3] = Rotation.from_euler('xyz', (0.3, -0.2, 0.9)).as_matrix()
    body[:3, 3] = 6.0, 2.0, 3.0
    mount = np.array([[0, -1, 0, 0.1], [1, 0, 0, 0.2], [0, 0, 1, 0.3], [0, 0, 0, 1]])
    assert np.allclose(sequence.truth.poses[0], body @ mount, atol=1e-9)
    assert sequence.intrinsics[1].tolist() == [0, 457.296, 248.375] and sequence.distortion[0] == -0.28340811
    assert any('cam1, another camera' in line for line in sequence.describe())


@pytest.mark.parametrize('below', ['', 'mav0', 'mav0/cam0', 'mav0/cam1'])
def test_euroc_is_found_from_any_of_its_folders(euroc, below):
    """The recording, `mav0` and a camera's folder are the same recording; the path chooses the camera."""
    sequence = open_sequence(str(euroc / below))
    assert isinstance(sequence, Euroc) and sequence.name == 'MH_01_easy' and len(sequence.truth) == 4
    assert ('cam1/' if below.endswith('1') else 'cam0/') in sequence.describe()[0]


def test_euroc_without_its_lists_takes_the_names(euroc):
    """Without data.csv the names are the stamps; without sensor.yaml there is no truth, as nothing tells the mount."""
    (euroc / 'mav0/cam0/data.csv').unlink()
    (euroc / 'mav0/cam0/sensor.yaml').unlink()
    sequence = open_sequence(str(euroc))
    assert [frame.stamp for frame in sequence] == [EUROC + 50 * MS * i for i in range(5)]
    assert sequence.truth is None and sequence.intrinsics is None and 'nanoseconds' in sequence.describe()[0]


@pytest.mark.parametrize(('file', 'content'), [
    ('cam0/sensor.yaml', 'a: ['), ('cam0/sensor.yaml', 'T_BS: 1'), ('cam0/data.csv', '#\n'), ('cam0/data.csv', 'a,b\n'),
    ('state_groundtruth_estimate0/data.csv', '1,2\n'), ('state_groundtruth_estimate0/data.csv', 'x,0,0,0,1,0,0,0\n')])
def test_what_is_wrong_in_euroc_is_named(euroc, file, content):
    """A file that is not what it should be raises with its name."""
    (euroc / 'mav0' / file).write_text(content)
    with pytest.raises(SequenceError, match=Path(file).name):
        open_sequence(str(euroc))


def test_a_plain_folder_is_of_no_data_set(tmp_path):
    """A folder of images stays one, also one called after a camera with a folder of data."""
    image(tmp_path / '1.png')
    image(tmp_path / 'cam1/data/1.png')
    assert find(tmp_path / 'cam1') is None
    assert find(tmp_path) is None and all(loader.root(tmp_path) is None for loader in LOADERS)
    shutil.rmtree(tmp_path)


def test_types_stay_those_of_jazzy():
    """Teaching the bags' type store video messages leaves the shared one alone."""
    assert 'foxglove_msgs/msg/CompressedVideo' not in get_typestore(Stores.ROS2_JAZZY).fielddefs
