# SPDX-License-Identifier: Apache-2.0
"""A finished run's folder, read frame by frame."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from ttt3r_ros.offline.folder import UNFINISHED
from ttt3r_ros.sequences.array_files import DAMAGED
from ttt3r_ros.view.shown_frame import ShownFrame, Told

PICTURES = ('.png', '.jpg', '.jpeg')


class RunFolderError(ValueError):
    """A folder is no finished run, or is damaged; the message names the file and the remedy."""


class RunFolder:
    """The frames that `ttt3r run --export frames` has written; those of an unknown focal length are left out.

    camera/NNNNNN.npz (pose, intrinsics), depth/NNNNNN.npz (depth), confidence/NNNNNN.npz (confidence) and
    image/NNNNNN.png; docs/run.md says more. `told` holds what frames.jsonl says of each frame, where it is there.
    """

    def __init__(self, folder: str | Path) -> None:
        """Take the folder; all poses are read, of the rest nothing. Raises RunFolderError."""
        self.folder = Path(folder).expanduser()
        files = sorted((self.folder / 'camera').glob('*.npz'))
        if not files and (self.folder / 'camera').is_dir():
            raise RunFolderError(f'{self.folder} has no frame that was tracked: nothing can be shown; frames.jsonl '
                                 'in it says why of each')
        if not files and not self.folder.is_dir():
            unfinished = self.folder.with_name(self.folder.name + UNFINISHED)
            raise RunFolderError(f'{self.folder} is not there: ' + (
                f'{unfinished} is, of a run that goes on, or was stopped: end it by "ttt3r run … --resume"'
                if unfinished.is_dir() else 'give the folder of a run'))
        if not files:
            raise RunFolderError(f'{self.folder} has no camera/*.npz: give a folder that "ttt3r run SOURCE --export '
                                 'frames --out FOLDER" has written')
        cameras = [(file.stem, *self._camera(file)) for file in files]
        cameras = [camera for camera in cameras if np.isfinite(camera[2]).all()]
        if not cameras:
            raise RunFolderError(f'{self.folder} has no frame whose focal length is known: nothing can be shown')
        self._names, poses, self._intrinsics = zip(*cameras)
        self.poses = np.stack(poses)
        self.told = _told(self.folder / 'frames.jsonl', self._names)

    def __len__(self) -> int:
        """Return how many frames there are."""
        return len(self._names)

    def __getitem__(self, index: int) -> ShownFrame:
        """Return a frame. Raises RunFolderError."""
        name = self._names[index]
        depth = self._array('depth', name)
        confidence = self._array('confidence', name)
        picture = self._picture(name)
        if confidence.shape != depth.shape:
            raise RunFolderError(f'{self.folder}: depth and confidence of {name} have the sizes {depth.shape} and '
                                 f'{confidence.shape}: run it again')
        if picture.shape[:2] != depth.shape:
            picture = cv2.resize(picture, depth.shape[::-1], interpolation=cv2.INTER_AREA)
        return ShownFrame.of(index, self.poses[index], self._intrinsics[index], depth, confidence, picture)

    def _camera(self, file: Path) -> tuple[np.ndarray, np.ndarray]:
        pose, intrinsics = _stored(file, 'pose', 'intrinsics')
        if pose.shape != (4, 4) or intrinsics.shape != (3, 3) or not np.isfinite(pose).all():
            raise RunFolderError(f'{file} holds no pose (4, 4) and intrinsics (3, 3): run it again')
        return pose, intrinsics

    def _array(self, kind: str, name: str) -> np.ndarray:
        file = self.folder / kind / f'{name}.npz'
        array = _stored(file, kind)[0]
        if array.ndim != 2:
            raise RunFolderError(f'{file} has the shape {array.shape}, not (h, w): run it again')
        return array.astype(np.float32)

    def _picture(self, name: str) -> np.ndarray:
        for suffix in PICTURES:
            if (file := self.folder / 'image' / f'{name}{suffix}').is_file():
                picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
                if picture is not None:
                    return picture[..., ::-1]
        raise RunFolderError(f'{self.folder}/image/{name}.png cannot be read: run it again with --export frames')


def _told(file: Path, names: tuple[str, ...]) -> list[Told]:
    """Return what a run's log tells of the frames of these names. Raises RunFolderError."""
    numbers = [int(name) if name.isdecimal() else None for name in names]
    try:
        lines = {f'{line["number"]:06d}': line for line in map(json.loads, file.read_text().splitlines())}
        return [Told(tuple(np.nan if lines[name].get(part) is None else float(lines[name][part])
                           for part in ('gate_mean', 'gate_std')),
                     lines[name].get('state') or '', lines[name].get('reason') or '', number)
                if name in lines else Told(number=number) for name, number in zip(names, numbers)]
    except FileNotFoundError:
        return [Told(number=number) for number in numbers]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunFolderError(f'{file} cannot be read ({error}): run it again, or remove it') from error


def _stored(file: Path, *names: str) -> list[np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as values:
            return [np.asarray(values[name], float) for name in names]
    except DAMAGED as error:
        raise RunFolderError(f'{file} cannot be read ({error}): run it again with --export frames') from error
