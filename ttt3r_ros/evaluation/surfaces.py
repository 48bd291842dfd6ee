# SPDX-License-Identifier: Apache-2.0
"""The clouds that the reconstruction protocol compares: of a clip's images' centres, in the first camera's frame."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ttt3r_ros.evaluation.answers import Answer
from ttt3r_ros.evaluation.clip import Clip

SIZE = (384, 512)  # (h, w) that images are scored at
CENTRE = 224  # pixels a side
NEAREST, FARTHEST = 1e-3, 10.0  # metres


def cloud_pair(clip: Clip, answers: Sequence[Answer]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return predicted and true points (n, 3) of the pixels that have a true depth, the predicted ones scaled and
    shifted along z onto the true; None without truth."""
    if not len(answers) or not np.isfinite(clip.truth[:1]).all() or clip.recording.intrinsics is None:
        return None
    to_first = np.linalg.inv(clip.truth[0])
    predicted, true, counts = [], [], []
    for k, answer in enumerate(answers):
        depth = clip.depth(k)
        if depth is None or answer.points is None or not np.isfinite(clip.truth[k]).all():
            continue
        theirs = _unproject(clip, k, depth)
        valid = (theirs[..., 2] > NEAREST) & (theirs[..., 2] < FARTHEST)
        mine = cv2.resize(answer.points, SIZE[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        predicted.append(_moved(np.linalg.inv(answers[0].pose) @ answer.pose, mine))
        true.append(_moved(to_first @ clip.truth[k], theirs))
        counts.append(valid)
    if not counts or not np.any(counts):
        return None
    mine, theirs, valid = np.stack(predicted), np.stack(true), np.stack(counts)
    mine = onto(mine, theirs, valid)
    top, left = (SIZE[0] - CENTRE) // 2, (SIZE[1] - CENTRE) // 2
    part = np.s_[:, top:top + CENTRE, left:left + CENTRE]
    return mine[part][valid[part]], theirs[part][valid[part]]


def onto(mine: np.ndarray, theirs: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return points (..., 3) scaled by the ratio of mean distances from the centre, the median point, and shifted by
    the medians of z; what counts is `valid`."""
    sizes = [np.linalg.norm(points - np.median(points, axis=0), axis=-1).mean()
             for points in (mine[valid], theirs[valid])]
    scaled = mine * (sizes[1] / sizes[0])
    scaled[..., 2] += np.median(theirs[valid][:, 2]) - np.median(scaled[valid][:, 2])
    return scaled


def _unproject(clip: Clip, k: int, depth: np.ndarray) -> np.ndarray:
    """Return the true points (h, w, 3) at SIZE in the camera's frame, NaN where there is no depth."""
    scale = SIZE[1] / depth.shape[1], SIZE[0] / depth.shape[0]
    depth = cv2.resize(depth, SIZE[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    matrix = clip.recording.intrinsics_of(clip.frames[k])
    fx, fy, cx, cy = matrix[0, 0] * scale[0], matrix[1, 1] * scale[1], matrix[0, 2] * scale[0], matrix[1, 2] * scale[1]
    u, v = np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0]))
    return np.stack(((u - cx) / fx * depth, (v - cy) / fy * depth, depth), axis=-1)


def _moved(pose: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points.astype(np.float64) @ pose[:3, :3].T + pose[:3, 3]
