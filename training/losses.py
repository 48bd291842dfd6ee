# SPDX-License-Identifier: Apache-2.0
"""What training minimises: CUT3R's losses (arXiv 2501.12387, section 3.3), metric, and some of our own.

A robot's frames follow each other: so each pose is also judged as seen from the frame before. And there are lessons on
what moves how (training/lessons.py). Shapes: B sequences, T frames, H×W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from training.lessons import Answers
from training.motion import Motion
from ttt3r_ros.model.config import PATCH_SIZE
from ttt3r_ros.model.heads import Prediction

# Points: their error under confidence; the error itself, as what is hard, near things above all, hardly counts under
# confidence; and their rays', as a focal length misjudged makes a room's depth and every turn wrong.
POINTS_WEIGHT, PLAIN_WEIGHT, RAYS_WEIGHT = 2.0, 30.0, 50.0
ALPHA = 0.6  # the confidence term's weight; at DUSt3R's and CUT3R's 0.2 every confidence stays at its least, 1
TRANSLATION_WEIGHT, ROTATION_WEIGHT = 10.0, 60.0  # per metre, per radian: long ways suffer most from heading
STEP_WEIGHT, PATH_WEIGHT, START_WEIGHT = 1.0, 0.5, 0.3
SEAMS_WEIGHT = 10.0  # what depth's error jumps by from patch to patch: each token answers for its own pixels alone
SHAPE_WEIGHT, SHORTEST = 30.0, 0.5  # the path's shape counts relative to its length, or to so many metres


@dataclass(frozen=True)
class Truth:
    """points (B, T, H, W, 3) in each camera's frame, metres; pose (B, T, 7) camera-to-first-camera, scalar-first.

    valid (B, T, H, W) bool: where points are true. Of sequences that go on: age (B,), the frames before these, else 0,
    and before (B, 7), the pose of the last of them.
    """

    points: Tensor
    pose: Tensor
    motion: Motion
    valid: Tensor
    age: Tensor
    before: Tensor


@dataclass(frozen=True)
class Losses:
    """total is minimised; the rest are plain errors to read: relative, metres, radians, and flow in its unit.

    rays: of the points' directions; step_*: from each frame to the next; translation and rotation: of the last frame,
    seen from the first; shape: of the distances between all frames' places, which no turn of the whole path changes,
    relative to its length; seams: of depth's jumps between patches.
    """

    total: Tensor
    points: Tensor
    rays: Tensor
    seams: Tensor
    depth: Tensor
    step_translation: Tensor
    step_rotation: Tensor
    translation: Tensor
    rotation: Tensor
    shape: Tensor
    flow: Tensor


def losses(prediction: Prediction, answers: Answers, truth: Truth, before: Tensor | None = None,
           patch: int = PATCH_SIZE) -> Losses:
    """Return the regression of points, confidence-weighted and plain, and that of rays, poses, steps and lessons.

    prediction: of B·T frames; before (B, 7): the pose told for the frame before, of sequences that go on; patch: pixels
    of a side. A point's error is taken relative to its distance, so that near and far count alike; CUT3R divides by the
    mean distance. Scales are never aligned: answers are metric.
    """
    size = truth.pose.shape[:2]
    points, confidence, pose = (x.unflatten(0, size) for x in (prediction.points, prediction.confidence,
                                                                prediction.pose))
    distance = _length(truth.points)
    error = _length(points - truth.points) / distance
    rays = _length(points / _length(points)[..., None] - truth.points / distance[..., None])
    sure = truth.valid / truth.valid.sum().clamp(min=1)

    def mean(over_points: Tensor) -> Tensor:
        return (over_points * sure).sum()

    regression = mean(confidence * error - ALPHA * confidence.log())
    seams = seam_errors(points[..., 2], truth.points[..., 2], truth.valid, patch)
    translation = _length(pose[..., :3] - truth.pose[..., :3])
    rotation = _angle(matrices(pose[..., 3:]), matrices(truth.pose[..., 3:]))
    (turn, shift), (true_turn, true_shift) = _steps(pose), _steps(truth.pose)
    step_translation, step_rotation = _length(shift - true_shift), _angle(turn, true_turn)
    steps = _weighed(step_translation, step_rotation).mean()
    if before is not None:
        steps = steps + _border(before, pose, truth) / max(1, size[1] - 1)
    off = _weighed(translation, rotation)
    # Errors add up along the way, like a random walk's.
    age = truth.age[:, None] + torch.arange(size[1], device=off.device)
    began = age == 0
    shape = shape_errors(pose[..., :3], truth.pose[..., :3])
    motion_errors = truth.motion.errors(answers.patches)
    lesson = _weighed(_length(answers.step[..., :3] - true_shift), _length(answers.step[..., 3:] - vectors(true_turn)))
    total = (POINTS_WEIGHT * regression + PLAIN_WEIGHT * mean(error) + RAYS_WEIGHT * mean(rays)
             + SEAMS_WEIGHT * seams + STEP_WEIGHT * steps
             + PATH_WEIGHT * _mean_where(off / age.clamp(min=1).sqrt(), ~began)
             + START_WEIGHT * _mean_where(off, began) + SHAPE_WEIGHT * shape.mean() + lesson.mean()
             + sum(motion_errors))
    depth = (points[..., 2] / truth.points[..., 2] - 1).abs()
    return Losses(total, *(x.detach() for x in (mean(error), mean(rays), seams, mean(depth))),
                  *(x.detach().mean() for x in (step_translation, step_rotation, translation[:, -1], rotation[:, -1],
                                                shape, motion_errors[0])))


def seam_errors(depth: Tensor, true_depth: Tensor, valid: Tensor, patch: int) -> Tensor:
    """Return the mean jump of depth's relative error across the borders of patches, (): depths (B, T, H, W), metres."""
    error = (depth / true_depth).clamp(min=0.05).log()
    total = count = 0.0
    for side in (-1, -2):
        after = torch.arange(patch, depth.shape[side], patch, device=depth.device)
        jump = error.index_select(side, after) - error.index_select(side, after - 1)
        both = valid.index_select(side, after) & valid.index_select(side, after - 1)
        total, count = total + (jump.abs() * both).sum(), count + both.sum()
    return total / count.clamp(min=1)


def _border(before: Tensor, pose: Tensor, truth: Truth) -> Tensor:
    """Return the error of the step onto the first frame, as the mean over all sequences: none where one begins."""
    (turn, shift), (true_turn, true_shift) = (
        _steps(torch.stack((last, poses[:, 0]), 1)) for last, poses in ((before, pose), (truth.before, truth.pose)))
    step = _weighed(_length(shift - true_shift), _angle(turn, true_turn))[:, 0]
    return (step * (truth.age > 0)).mean()


def _mean_where(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)


def matrices(quaternion: Tensor) -> Tensor:
    """Return rotations (..., 3, 3) of unit quaternions (..., 4), scalar first."""
    w, x, y, z = quaternion.unbind(-1)
    return torch.stack((1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
                        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)), -1).unflatten(-1, (3, 3))


def _steps(pose: Tensor) -> tuple[Tensor, Tensor]:
    """Return each frame's rotation (B, T − 1, 3, 3) and place (B, T − 1, 3) as seen from the one before."""
    turn, place = matrices(pose[..., 3:]), pose[..., :3]
    back = turn[:, :-1].mT
    return back @ turn[:, 1:], (back @ (place[:, 1:] - place[:, :-1])[..., None])[..., 0]


def shape_errors(places: Tensor, true_places: Tensor) -> Tensor:
    """Return how wrong the distances between places (B, T, 3) are in the mean, (B,): scale and form without heading."""
    apart, truly_apart = (_length(p[:, :, None] - p[:, None]) for p in (places, true_places))
    path = truly_apart.diagonal(offset=1, dim1=1, dim2=2).sum(dim=1)
    return (apart - truly_apart).abs().mean(dim=(1, 2)) / path.clamp(min=SHORTEST)


def _weighed(translation: Tensor, rotation: Tensor) -> Tensor:
    return TRANSLATION_WEIGHT * translation + ROTATION_WEIGHT * rotation


def vectors(turn: Tensor) -> Tensor:
    """Return rotation vectors (..., 3) of matrices (..., 3, 3), well below half a turn."""
    axis, sine, angle = _turning(turn)
    return axis * (angle / sine)[..., None]


def _angle(a: Tensor, b: Tensor) -> Tensor:
    """Return the angles between rotations (..., 3, 3), radians."""
    return _turning(a.mT @ b)[2]


def _turning(turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the axis times the sine, the sine, the angle; smooth at zero, too."""
    axis = torch.stack((turn[..., 2, 1] - turn[..., 1, 2], turn[..., 0, 2] - turn[..., 2, 0],
                        turn[..., 1, 0] - turn[..., 0, 1]), -1) / 2
    sine = _length(axis)
    return axis, sine, torch.atan2(sine, (turn.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2)


def _length(vectors: Tensor) -> Tensor:
    """Return the lengths of (..., 3); three times as fast as Tensor.norm on a CPU."""
    x, y, z = vectors.unbind(-1)
    return (x * x + y * y + z * z + 1e-12).sqrt()
