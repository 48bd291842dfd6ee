# SPDX-License-Identifier: Apache-2.0
"""COLMAP: sparse/0/{cameras,images}.{bin,txt} and images/; poses are world to camera, of any scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ttt3r_ros.sequences.picture_files import natural
from ttt3r_ros.sequences.sequence import DEFAULT_RATE, SequenceError

from .colmap_model import View, read_cameras, read_images
from .contract import Dataset
from .reading import at_rate, camera_of, listed_file, trajectory

MODELS = (Path('sparse/0'), Path('sparse'), Path('.'))
IMAGES = 'images'
# Where fx fy cx cy and k1 k2 p1 p2 stand among a model's parameters.
PINHOLES = {'SIMPLE_PINHOLE': (0, 0, 1, 2), 'PINHOLE': (0, 1, 2, 3), 'SIMPLE_RADIAL': (0, 0, 1, 2),
            'RADIAL': (0, 0, 1, 2), 'OPENCV': (0, 1, 2, 3)}
LENSES = {'SIMPLE_RADIAL': (3,), 'RADIAL': (3, 4), 'OPENCV': (4, 5, 6, 7)}


class Colmap(Dataset):
    """Images in the order of their names; those that are not registered have no pose."""

    metric = False
    remarks = ('the scale of the truth is arbitrary',)

    def __init__(self, root: Path, rate: float | None = None):
        model = _model(root)
        self._cameras, images = read_cameras(model), read_images(model)
        for name, view in images.items():
            if view.camera not in self._cameras:
                raise SequenceError(f'{model}: image {name} is of camera {view.camera}, which is not there; take the '
                                    'model from COLMAP again')
        views = {listed_file(root / IMAGES, name): view for name, view in images.items()}
        made = rate or DEFAULT_RATE
        self._take(root.resolve().name, 'COLMAP', at_rate(sorted(views, key=_order), made), f'made, {made:g} a second',
                   made, [])
        self.stamps_made = True
        self._views = [views[file] for file in self._files]
        self.intrinsics = self.intrinsics_of(0)
        model_name, values, _ = self._cameras[self._views[0].camera]
        if model_name in LENSES:
            self.distortion = np.pad([values[i] for i in LENSES[model_name]], (0, 4 - len(LENSES[model_name])))
        self._take_truth(trajectory(self._stamps, [_pose(view) for view in self._views]))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it has a model and images."""
        return path if (path / IMAGES).is_dir() and _model(path) is not None else None

    def intrinsics_of(self, index: int) -> np.ndarray | None:
        """Return the image's own intrinsics (3, 3); None of a camera that is no pinhole."""
        model, values, size = self._cameras[self._views[index].camera]
        if model not in PINHOLES:
            return None
        return camera_of(self._files[index], size, *(values[i] for i in PINHOLES[model]))


def _model(root: Path) -> Path | None:
    for part in MODELS:
        if any((root / part / f'images{suffix}').is_file() for suffix in ('.bin', '.txt')):
            return root / part
    return None


def _order(file: Path) -> tuple:
    return file.parent, natural(file)


def _pose(view: View) -> np.ndarray:
    """Return camera to world, (4, 4), of world to camera."""
    to_camera = np.full((4, 4), np.nan)
    if np.isfinite((*view.turn, *view.shift)).all() and any(view.turn):
        to_camera = np.eye(4)
        to_camera[:3, :3] = Rotation.from_quat(np.roll(view.turn, -1)).as_matrix()  # normalises it
        to_camera[:3, 3] = view.shift
        return np.linalg.inv(to_camera)
    return to_camera
