# SPDX-License-Identifier: Apache-2.0
"""Answers against the truth of a clip: as a protocol says, or all of them with everything counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from ttt3r_ros.evaluation import controls, depth_metrics, pose_metrics, surface_metrics
from ttt3r_ros.evaluation.answers import Answer
from ttt3r_ros.evaluation.clip import Clip
from ttt3r_ros.evaluation.depth_metrics import DepthScore
from ttt3r_ros.evaluation.pose_metrics import PoseScore
from ttt3r_ros.evaluation.protocols import DepthRule, Protocol
from ttt3r_ros.evaluation.surface_metrics import SurfaceScore
from ttt3r_ros.evaluation.surfaces import cloud_pair
from ttt3r_ros.reconstruction.aligned import depth_on_model, resized

PIXELS = 4096  # of a frame whose depth is compared without a protocol, evenly spread
FEWEST = 3  # poses that can be aligned


@dataclass(frozen=True)
class Score:
    """One clip at one length.

    first: which frame of the recording's it begins with; length: as asked for, 0: all its frames; frames: scored;
    valid: of these, with an answer and, where poses are compared, a true pose; invalid: why there is no score, '' where
    there is. depth: by alignment. frames_per_s and megabytes: of the answers up to there, NaN where nobody knows.
    """

    sequence: str
    setting: str
    first: int
    length: int
    frames: int
    valid: int
    invalid: str = ''
    pose: PoseScore | None = None
    depth: dict[str, DepthScore] = field(default_factory=dict)
    surface: SurfaceScore | None = None
    frames_per_s: float = float('nan')
    megabytes: float = float('nan')


@dataclass(frozen=True)
class Pixels:
    """Depths that are compared, metres, one array (n,) a frame."""

    predicted: list[np.ndarray]
    true: list[np.ndarray]

    def score(self, frames: int, alignment: str, clip: float | None = None, factor: float = 1.0) -> DepthScore | None:
        """Return the score of the first frames."""
        if not any(len(true) for true in self.true[:frames]):
            return None
        return depth_metrics.score(factor * np.concatenate(self.predicted[:frames]),
                                   np.concatenate(self.true[:frames]), alignment, clip)


def by_protocol(protocol: Protocol, clip: Clip, setting: str, answers: Sequence[Answer],
                pixels: Pixels) -> list[Score]:
    """Return the clip's score at every length, as published: what evo cannot align has none, and drops out.

    pixels: see published_pixels.
    """
    scores = []
    for length in protocol.lengths:
        count = min(length, len(clip))
        poses = _poses(answers, count)
        known = np.isfinite(clip.truth[:count]).all(axis=(1, 2))
        valid = int((known & np.isfinite(poses).all(axis=(1, 2))).sum()) if protocol.pose else len(answers[:count])
        pose = pose_metrics.score(poses, clip.truth[:count]) if protocol.pose else None
        invalid = ''
        if protocol.pose and pose is None:
            invalid = f'{int((~known).sum())} of {count} true poses are not finite' if not known.all() else (
                f'{count - valid} of {count} frames have no answer' if valid < count else 'the poses cannot be aligned')
        found = {} if protocol.depth is None else {name: pixels.score(
            count, name, protocol.depth.farthest if protocol.depth.clipped else None)
            for name in protocol.depth.alignments}
        surface = None
        if protocol.surface:
            pair = cloud_pair(clip.window(0, count), answers[:count])
            surface, invalid = (surface_metrics.score(*pair), '') if pair else (None, 'no true depth or poses')
        scores.append(Score(clip.name, setting, clip.first, length, count, valid, invalid, pose,
                            {name: value for name, value in found.items() if value}, surface,
                            *_speed(answers[:count])))
    return scores


def honestly(clip: Clip, setting: str, answers: Sequence[Answer], lengths: Sequence[int], pixels: Pixels,
             factor: float = 1.0) -> list[Score]:
    """Return the clip's score at every length: poses without truth or answer are left out, and told in `valid`.

    factor: one for all of a recording, that the answers' metres are multiplied by.
    """
    scores = []
    for length in lengths:
        count = length or len(clip)
        poses, truth = _poses(answers, count), clip.truth[:count]
        poses[:, :3, 3] *= factor
        good = np.isfinite(poses).all(axis=(1, 2)) & np.isfinite(truth).all(axis=(1, 2))
        pose = pose_metrics.score(poses[good], truth[good])
        alignments = ('metric', 'scale') if factor == 1 else ('metric',)
        depth = {name: pixels.score(count, name, factor=factor) for name in alignments}
        few = f'{int(good.sum())} of {count} frames have a true pose and an answer, {FEWEST} are needed'
        invalid = '' if pose else few if good.sum() < FEWEST else 'the poses cannot be aligned'
        scores.append(Score(clip.name, setting, clip.first, length, count, int(good.sum()), invalid, pose,
                            {name: value for name, value in depth.items() if value}, None,
                            *_speed(answers[:count] if factor == 1 else ())))
    return scores


def of_controls(clip: Clip, lengths: Sequence[int], pixels: Pixels) -> list[Score]:
    """Return the scores of what sees nothing, over the same frames and pixels."""
    scores = []
    for length in lengths:
        count = min(length or len(clip), len(clip))
        truth = clip.truth[:count]
        truth = truth[np.isfinite(truth).all(axis=(1, 2))]
        for name in controls.PATHS if len(truth) > 2 else ():
            scores.append(Score(clip.name, name, clip.first, length, count, len(truth),
                                pose=pose_metrics.score_of_any(controls.path(name, truth), truth)))
        true = np.concatenate(pixels.true[:count] or [np.zeros(0)])
        if len(true):
            found = depth_metrics.score(controls.constant_depth(true), true, 'metric')
            scores.append(Score(clip.name, controls.BEST_CONSTANT, clip.first, length, count, count,
                                depth={'metric': found}))
    return scores


def published_pixels(rule: DepthRule | None, clip: Clip, answers: Sequence[Answer]) -> Pixels:
    """Return the pixels of the truth that count, and the predictions resized (cubic) to its size, cut off or not; none
    without a rule."""
    predicted, true = [], []
    if rule is None:
        return Pixels(predicted, true)
    for k, answer in enumerate(answers):
        depth = clip.depth(k)
        if depth is None or answer.depth is None:
            predicted.append(np.zeros(0)), true.append(np.zeros(0))
            continue
        same = cv2.resize(answer.depth, depth.shape[::-1], interpolation=cv2.INTER_CUBIC)
        counts = (depth > 0) & (depth < rule.farthest)  # NaN is neither
        predicted.append(same[counts]), true.append(depth[counts])
    return Pixels(predicted, true)


def honest_pixels(clip: Clip, answers: Sequence[Answer]) -> Pixels:
    """Return pixels of the model's own image, up to PIXELS a frame, each with the true depth where it looks."""
    predicted, true = [], []
    for k, answer in enumerate(answers):
        theirs = true_depth(clip, k, answer)
        if theirs is None:
            predicted.append(np.zeros(0)), true.append(np.zeros(0))
            continue
        counts = np.isfinite(theirs) & (theirs > 0)
        step = -(-int(counts.sum()) // PIXELS) or 1
        predicted.append(answer.depth[counts][::step]), true.append(theirs[counts][::step])
    return Pixels(predicted, true)


def true_depth(clip: Clip, k: int, answer: Answer) -> np.ndarray | None:
    """Return the true depth (h, w) at the pixels of an answer's, nearest; None where either is missing."""
    depth = clip.depth(k)
    if depth is None or answer.depth is None:
        return None
    if answer.pixel_map is None:
        return cv2.resize(depth, answer.depth.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return depth_on_model(resized(depth, answer.pixel_map.original, 'depth'), answer.pixel_map)


def _poses(answers: Sequence[Answer], count: int) -> np.ndarray:
    """Return (count, 4, 4), NaN where there is no answer."""
    poses = np.full((count, 4, 4), np.nan)
    for k, answer in enumerate(answers[:count]):
        poses[k] = answer.pose
    return poses


def _speed(answers: Sequence[Answer]) -> tuple[float, float]:
    if not answers:
        return float('nan'), float('nan')
    return len(answers) / sum(answer.seconds for answer in answers), answers[-1].megabytes
