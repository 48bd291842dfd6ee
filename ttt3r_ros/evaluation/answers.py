# SPDX-License-Identifier: Apache-2.0
"""What is to be scored, frame by frame: a network's answers, or anybody's files."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ttt3r_ros.evaluation.clip import Clip
from ttt3r_ros.evaluation.trial import Setting, published_depth
from ttt3r_ros.model.checkpoint import LoadedNetwork
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.sequences.array_files import DAMAGED
from ttt3r_ros.sequences.trajectory import read_tum

MATCHED = 20_000_000  # ns between a pose's stamp and the image's, at most


class ResultsError(ValueError):
    """Somebody's results that cannot be scored; the text names the file and the remedy."""


@dataclass(frozen=True)
class Answer:
    """One frame's: pose (4, 4) camera to world; points (h, w, 3) in the camera's frame, or its depth (h, w) alone, in
    metres, None where there is none; pixel_map: where these pixels lie in the image, None: all over it.

    seconds: that it took. megabytes: the most that was taken so far. NaN where nobody knows.
    """

    pose: np.ndarray
    points: np.ndarray | None = None
    depth: np.ndarray | None = None
    pixel_map: PixelMap | None = None
    seconds: float = float('nan')
    megabytes: float = float('nan')


def of_weights(loaded: LoadedNetwork, setting: Setting, clip: Clip) -> list[Answer]:
    """Reconstruct a clip; an answer that is not finite ends it. Raises SequenceError of an image that is none."""
    reconstructor = setting.reconstructor(loaded.network)
    answers = []
    for k in range(len(clip)):
        image = clip.image(k)
        begun = time.perf_counter()
        try:
            frame = reconstructor.step(image)
        except NonFinitePrediction:
            break
        answers.append(Answer(frame.correction @ frame.pose, frame.points, published_depth(frame), frame.pixel_map,
                              time.perf_counter() - begun, _megabytes(loaded.network.device)))
    return answers


def _megabytes(device: torch.device) -> float:
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def of_files(folder: Path, clip: Clip) -> list[Answer]:
    """Return what a folder holds of a clip: NAME.tum or .txt (TUM: by time), .kitti (3×4 a line) or .npz ('poses'
    (n, 3|4, 4), 'depth' (n, h, w)), these by position. A / in a name may be a folder or a _.

    Raises ResultsError.
    """
    files = [folder / f'{name}{suffix}' for name in dict.fromkeys((clip.name, clip.name.replace('/', '_')))
             for suffix in ('.tum', '.txt', '.kitti', '.npz')]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise ResultsError(f'{folder} has nothing of {clip.name}; write {", ".join(f.name for f in files[:4])} there')
    if file.suffix == '.npz':
        return _of_npz(file, len(clip))
    try:
        if file.suffix == '.kitti':
            rows = np.loadtxt(file, ndmin=2).reshape(-1, 3, 4)
            return _by_position(file, rows, None, len(clip))
        told = read_tum(file, drop=True)
    except (ValueError, OSError) as error:
        raise ResultsError(f'{file} cannot be read ({error}); correct it') from error
    answers = []
    for frame in clip.frames:
        off = np.abs(told.stamps - clip.recording.stamps[frame])
        near = int(off.argmin()) if len(off) else -1
        answers.append(Answer(told.poses[near] if near >= 0 and off[near] <= MATCHED else np.full((4, 4), np.nan)))
    if not any(np.isfinite(answer.pose).all() for answer in answers):
        raise ResultsError(f'{file}: no pose is at the time of an image; its stamps have to be those of the images, '
                           f'which begin with {clip.recording.stamps[clip.frames[0]] / 1e9:.9f} s')
    return answers


def _of_npz(file: Path, count: int) -> list[Answer]:
    try:
        with np.load(file, allow_pickle=False) as held:
            poses, depth = held.get('poses'), held.get('depth')
    except DAMAGED as error:
        raise ResultsError(f'{file} cannot be read ({error}); write it with numpy.savez') from error
    if poses is None and depth is None:
        raise ResultsError(f'{file} has neither poses (n, 4, 4) nor depth (n, h, w); name the arrays so')
    return _by_position(file, poses, depth, count)


def _by_position(file: Path, poses: np.ndarray | None, depth: np.ndarray | None, count: int) -> list[Answer]:
    for name, values, form in (('poses', poses, (3, 4)), ('depth', depth, None)):
        if values is not None and (len(values) != count or values.ndim != 3 or form and (
                values.shape[1:] not in (form, (4, 4)))):
            raise ResultsError(f'{file}: {name} is {values.shape}, and {count} frames are asked for: give '
                               f'{"(n, 4, 4)" if form else "(n, h, w)"}, one for each')
    answers = []
    for k in range(count):
        pose = np.full((4, 4), np.nan)
        if poses is not None:
            pose[:3], pose[3] = poses[k][:3], (0, 0, 0, 1)
        answers.append(Answer(pose, depth=None if depth is None else np.asarray(depth[k], np.float32)))
    return answers
