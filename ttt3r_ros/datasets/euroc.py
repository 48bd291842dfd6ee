# SPDX-License-Identifier: Apache-2.0
"""EuRoC MAV, and the sets in its form (TUM-VI): mav0/cam0/data, data.csv, sensor.yaml; truth of the body."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from scipy.spatial.transform import Rotation

from ttt3r_ros.sequences import stamps
from ttt3r_ros.sequences.sequence import SequenceError
from ttt3r_ros.sequences.trajectory import Trajectory, text_lines

from .contract import Dataset

BODY, CAMERA, IMAGES, LIST, SENSOR = 'mav0', 'cam0', 'data', 'data.csv', 'sensor.yaml'
TRUTHS = ('state_groundtruth_estimate0', 'mocap0')  # EuRoC's, TUM-VI's
POSE = slice(1, 8)  # x y z, quaternion with w first

_log = logging.getLogger(__name__)


class Euroc(Dataset):
    """One camera of a recording: the left one, unless the path names another."""

    def __init__(self, root: Path, rate: float | None = None):
        listed, source = _images(root)
        siblings = [f'{other.name}, another camera (give {other} to choose it)'
                    for other in sorted(root.parent.glob('cam*')) if other != root and (other / IMAGES).is_dir()]
        recording = root.resolve().parent
        self._take((recording.parent if recording.name == BODY else recording).name, 'EuRoC', listed, source, rate,
                   siblings)
        mount = self._sensor(root / SENSOR)
        truth = next((root.parent / name / LIST for name in TRUTHS if (root.parent / name / LIST).is_file()), None)
        if truth is not None and mount is None:
            _log.warning('%s is of the body, and without %s nothing tells where the camera is: no truth', truth,
                         root / SENSOR)
        elif truth is not None:
            body = _poses(truth)
            self._take_truth(Trajectory(body.stamps, body.poses @ mount, body.dropped))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the camera's folder if the path is it, `mav0`, or holds `mav0`."""
        for folder in (path / BODY / CAMERA, path / CAMERA, path):
            told = folder.resolve().parent.name == BODY or (folder / SENSOR).is_file() or (folder / LIST).is_file()
            if told and (folder / IMAGES).is_dir() and folder.resolve().name.startswith('cam'):
                return folder
        return None

    def _sensor(self, path: Path) -> np.ndarray | None:
        """Take the intrinsics; return the camera's pose in the body, (4, 4), None if it is not told."""
        if not path.is_file():
            return None
        try:
            # OpenCV writes a first line that is no YAML.
            told = YAML(typ='safe').load('\n'.join(line for line in text_lines(path) if not line.startswith('%YAML:')))
            mount = np.array(told['T_BS']['data'], np.float64).reshape(4, 4)
            fx, fy, cx, cy = (float(value) for value in told['intrinsics'])
            model, distortion = told.get('distortion_model'), told.get('distortion_coefficients')
            distortion = np.array(distortion, np.float64)
        except Exception as error:  # no YAML, or other content: KeyError, TypeError, ValueError …
            raise SequenceError(f'{path} does not tell T_BS and intrinsics ({type(error).__name__}); correct the file '
                                'or remove it') from error
        if model == 'radial-tangential':
            self.intrinsics = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
            self.distortion = distortion
        return mount


def _images(root: Path) -> tuple[list[tuple[int, Path]], str]:
    """Return (stamp in nanoseconds, file) of the images, and where the stamps are from."""
    if (root / LIST).is_file():
        listed = []
        for number, fields in _rows(root / LIST):
            if len(fields) < 2 or not fields[0].isdecimal():
                raise SequenceError(f'{root / LIST}, line {number}: is not "nanoseconds,file"; correct it')
            listed.append((int(fields[0]), root / IMAGES / fields[1]))
        if not listed:
            raise SequenceError(f'{root / LIST} lists no image; remove it, and the names give the stamps')
        return listed, f'those of {LIST}'
    files = sorted(f for f in (root / IMAGES).iterdir() if f.suffix.lower() in ('.png', '.jpg', '.jpeg', '.bmp'))
    named = stamps.of_names([f.stem for f in files])
    if named is None:
        raise SequenceError(f'{root / IMAGES} has no {LIST} beside it, and its names are no times; give the folder '
                            f'{root / IMAGES} itself, as a folder of images' if files else f'{root / IMAGES} is empty; '
                            'copy the images there')
    return list(zip(named[0], files)), f"the files' names, in {named[1]}"


def _poses(path: Path) -> Trajectory:
    """Return the body's poses in the world; those that are not finite are dropped and counted."""
    times, values, dropped = [], [], 0
    for number, fields in _rows(path):
        try:
            time, row = int(fields[0]), [float(field) for field in fields[POSE]]
            if len(row) != 7:
                raise ValueError
        except ValueError as error:
            raise SequenceError(f'{path}, line {number}: is not "nanoseconds,x,y,z,qw,qx,qy,qz"; correct it') from error
        if np.isfinite(row).all() and any(row[3:]):
            times.append(time)
            values.append(row)
        else:
            dropped += 1
    array = np.array(values, np.float64).reshape(-1, 7)
    poses = np.tile(np.eye(4), (len(array), 1, 1))
    poses[:, :3, 3] = array[:, :3]
    if len(array):
        poses[:, :3, :3] = Rotation.from_quat(array[:, [4, 5, 6, 3]]).as_matrix()
    return Trajectory(np.array(times, np.int64), poses, dropped)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return (number, fields) of the lines of a table that are no comments."""
    try:
        return [(number, [field.strip() for field in line.split(',')])
                for number, line in enumerate(text_lines(path), 1) if line.strip() and not line.startswith('#')]
    except (ValueError, OSError) as error:
        raise SequenceError(f'{error}; correct the file or remove it') from error
