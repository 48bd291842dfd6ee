#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A drive in KITTI's raw format, with the numbers of its left colour camera, converted to a ROS 2 log: a point of the lidar 5 m ahead is
# taken to the camera's frame by tf, and to a pixel by CameraInfo.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check kitti2mcap==0.1.1 pykitti==0.3.1 mcap==1.6.0 mcap-ros2-support==0.6.0 numpy==2.4.6 pillow==13.0.0 scipy==1.17.1
cd "$work"
cat > made.py <<'PYTHON'
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

POINT = np.array([5, 1, .3, 1])
LIDAR = np.eye(4)
LIDAR[:3] = np.c_[Rotation.from_rotvec([.01, -.005, .007]).as_matrix() @ [[0, -1, 0], [0, 0, -1], [1, 0, 0]], [-.004, -.076, -.27]]
RECTIFIED = np.eye(4)
RECTIFIED[:3, :3] = Rotation.from_rotvec([.004, -.01, .007]).as_matrix()
CAMERA = np.array([[721.5, 0, 609.5, 44.857], [0, 721.5, 172.8, 0], [0, 0, 1, 0]])


def text(**matrices):
    return 'calib_time: 15-Mar-2012 11:37:16\n' + ''.join(
        f'{name}: {" ".join(f"{number:.9e}" for number in np.ravel(values))}\n' for name, values in matrices.items())


if __name__ == '__main__':
    day = Path('raw/2011_09_26')
    for folder in ('image_02', 'velodyne_points', 'oxts'):
        where = day / '2011_09_26_drive_0001_sync' / folder
        (where / 'data').mkdir(parents=True)
        (where / 'timestamps.txt').write_text('2011-09-26 13:02:25.961661696\n')
        name = where / 'data' / '0000000000'
        if folder == 'oxts':
            name.with_suffix('.txt').write_text('49 8.4 116 0 0 0 1 2 3 0 0 0 0 9.8 0 0 9.8 0 0 0 0 0 0 .1 .1 4 4 4 4 0\n')
        elif folder == 'image_02':
            Image.new('RGB', (1242, 375)).save(name.with_suffix('.png'))
        else:
            np.array([[*POINT[:3], .5]], np.float32).tofile(name.with_suffix('.bin'))
    (day / 'calib_velo_to_cam.txt').write_text(text(R=LIDAR[:3, :3], T=LIDAR[:3, 3]))
    (day / 'calib_imu_to_velo.txt').write_text(text(R=np.eye(3), T=[-.81, .32, -.8]))
    cameras = {}
    for number in range(4):
        projection = CAMERA.copy()
        projection[0, 3] = [0, -387.57, 44.857, -339.52][number]
        turn = RECTIFIED[:3, :3] if number < 2 else Rotation.from_rotvec([.005, -.012, .004]).as_matrix()
        cameras |= {f'R_rect_0{number}': turn, f'P_rect_0{number}': projection}
    (day / 'calib_cam_to_cam.txt').write_text(text(**cameras))
PYTHON
"$work/venv/bin/python" made.py
"$work/venv/bin/kitti2mcap" --date 2011_09_26 --drive 0001 --kitti-dir raw --output drive.mcap > log
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from made import CAMERA, LIDAR, POINT, RECTIFIED
from mcap_ros2.reader import read_ros2_messages
from scipy.spatial.transform import Rotation


def matrix(transform):
    turn, move = transform.rotation, transform.translation
    pose = np.eye(4)
    pose[:3] = np.c_[Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix(), [move.x, move.y, move.z]]
    return pose


def pixel(ray):
    return np.round(ray[:2] / ray[2], 1)


messages = [(message.channel.topic, message.ros_msg) for message in read_ros2_messages('drive.mcap')]
frames = {each.child_frame_id: matrix(each.transform) for topic, message in messages if topic == '/tf_static' for each in message.transforms}
info = next(message for topic, message in messages if topic.endswith('camera_info'))
seen = np.linalg.inv(frames[info.header.frame_id]) @ frames['velodyne'] @ POINT
projection, own, turn = np.reshape(info.p, (3, 4)), np.reshape(info.k, (3, 3)), np.reshape(info.r, (3, 3))
right, by_p, by_k = pixel(CAMERA @ RECTIFIED @ LIDAR @ POINT), pixel(projection @ seen), pixel(own @ seen[:3])
again = pixel(projection[:, :3] @ turn @ seen[:3])
print(f'kitti2mcap {version("kitti2mcap")}\n'
      f'guess: the point is seen at {right}, where KITTI\'s own calibration has it, and R is none, as the picture is rectified\n'
      f'seen:  by P at {by_p}, as both tf and P have the 6 cm from the first camera; by K at {by_k}; rectified with its R, once more, '
      f'at {again}')
held = np.allclose(by_k, right) and 8 < (by_p - right)[0] < 10 and abs(by_p - right)[1] < .1 and np.linalg.norm(again - right) > 8
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
