# SPDX-License-Identifier: Apache-2.0
"""What training minimises: CUT3R's losses (arXiv 2501.12387, section 3.3), metric.

Shapes: B sequences, T frames, H×W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ttt3r_ros.model.heads import Prediction

ALPHA = 0.2  # the confidence term's weight, as in DUSt3R and CUT3R
POSE_WEIGHT = 4.0


@dataclass(frozen=True)
class Truth:
    """points (B, T, H, W, 3) in each camera's frame, metres; world_points, the same in the first camera's frame; pose
    (B, T, 7) camera-to-first-camera, scalar-first."""

    points: Tensor
    world_points: Tensor
    pose: Tensor


@dataclass(frozen=True)
class Losses:
    """total is minimised; the rest are plain errors to read: relative point errors, metres, |Δq|."""

    total: Tensor
    points: Tensor
    world_points: Tensor
    translation: Tensor
    rotation: Tensor


def losses(prediction: Prediction, truth: Truth) -> Losses:
    """Confidence-weighted regression of points, and of the poses' translation and quaternion.

    prediction: of B·T frames. A point's error is taken relative to its distance, so that near and far count alike;
    CUT3R divides by the mean distance. Scales are never aligned: answers are metric.
    """
    points = prediction.points.unflatten(0, truth.pose.shape[:2])
    confidence = prediction.confidence.unflatten(0, truth.pose.shape[:2])
    pose = prediction.pose.unflatten(0, truth.pose.shape[:2])
    distance = _length(truth.points)
    error = _length(points - truth.points) / distance
    world_error = _length(prediction.world_points.unflatten(0, truth.pose.shape[:2]) - truth.world_points) / distance
    world_confidence = prediction.world_confidence.unflatten(0, truth.pose.shape[:2])
    regression = ((confidence * error - ALPHA * confidence.log()).mean()
                  + (world_confidence * world_error - ALPHA * world_confidence.log()).mean())
    scale = distance.mean(dim=(1, 2, 3))[:, None]
    translation = (pose[..., :3] - truth.pose[..., :3]).norm(dim=-1)
    rotation = (pose[..., 3:] - truth.pose[..., 3:]).norm(dim=-1)
    total = regression + POSE_WEIGHT * ((translation / scale).mean() + rotation.mean())
    return Losses(total, *(part.detach().mean() for part in (error, world_error, translation, rotation)))


def _length(points: Tensor) -> Tensor:
    """Return the lengths of (..., 3); three times as fast as Tensor.norm on a CPU."""
    x, y, z = points.unbind(-1)
    return (x * x + y * y + z * z + 1e-12).sqrt()
