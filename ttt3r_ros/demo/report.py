# SPDX-License-Identifier: Apache-2.0
"""The numbers of a run, and whether the node kept its promises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ttt3r_ros.demo.recorder import DROPPED, Pose, Recording
from ttt3r_ros.evaluation.accuracy import Accuracy, accuracy
from ttt3r_ros.evaluation.verdict import Verdict, judge_path
from ttt3r_ros.model.checkpoint import UNTRAINED
from ttt3r_ros.reconstruction.tracking import TrackingState
from ttt3r_ros.reconstruction.weights_profile import Source, TrainedOn
from ttt3r_ros.ros.conversions import nanoseconds
from ttt3r_ros.sequences import Trajectory

ODOMETRY = 'odom'


@dataclass(frozen=True)
class Sent:
    """An image of the bag: its stamp in nanoseconds and its frame, without a leading slash."""

    stamp: int
    frame_id: str


@dataclass(frozen=True)
class Run:
    """What was run: the source's name, the weights asked for, and how; times in seconds, rate in images a second.

    limits: what the weights' makers say of them. timed: whether the source's stamps are its own, so that speeds count.
    """

    source: str
    weights: str
    lossless: bool
    rate: float
    published: int
    node_start_s: float
    replay_s: float
    limits: str = ''
    timed: bool = True


@dataclass(frozen=True)
class Check:
    """One promise, whether it was kept, and the numbers that say so."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds; NaN where nothing was measured."""

    p50: float
    p95: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Percentiles:
        """Return those of the values."""
        values = list(values)
        return cls(*(float(p) for p in np.percentile(values, (50, 95)))) if values else cls(np.nan, np.nan)


@dataclass(frozen=True)
class Results:
    """Everything that a run tells in numbers."""

    run: Run
    trained: bool
    update_rule: str
    frames_in: int
    frames_out: int
    withheld_lost: int
    verdict: Verdict
    dropped: dict[str, int]
    lost_in_transport: int
    segments: int
    latency_ms: Percentiles
    inference_ms: Percentiles
    path_length: float
    accuracy: Accuracy | None
    cloud_points: int
    checks: list[Check]

    @property
    def passed(self) -> bool:
        """Whether every promise about stamps and frames was kept."""
        return all(check.passed for check in self.checks)

    def write(self, path: Path) -> None:
        """Write them as JSON; what is not a finite number becomes null."""
        path.write_text(json.dumps(_plain(asdict(self) | {'passed': self.passed}), indent=2) + '\n')


def trajectory_of(poses: Sequence[Pose]) -> Trajectory:
    """Return the poses as published, camera in the odometry frame."""
    return Trajectory(np.array([pose.stamp for pose in poses], np.int64),
                      np.array([pose.matrix for pose in poses], np.float64).reshape(-1, 4, 4))


def evaluate(run: Run, sent: Sequence[Sent], recording: Recording, truth: Trajectory | None, cloud_points: int,
             trained_on: TrainedOn = TrainedOn(), source: Source = Source()) -> Results:
    """Return the numbers of a run: `sent` are the images of the bag, in the order played.

    trained_on: the pictures that the weights have seen; source: what is known of these ones beforehand.
    """
    counters, statuses = recording.counters, recording.statuses
    estimate = trajectory_of(recording.poses)
    last = statuses[-1] if statuses else None
    trained = last.trained if last else run.weights != UNTRAINED
    return Results(
        run=run, trained=trained, update_rule=last.update_rule if last else '',
        frames_in=len(sent), frames_out=counters['answered'], withheld_lost=counters['withheld_lost'],
        verdict=_verdict(recording, estimate, trained_on, source, trained),
        dropped={cause.removeprefix('dropped_'): counters[cause] for cause in DROPPED},
        lost_in_transport=max(0, run.published - counters['received']),
        segments=last.segment + 1 if last else 0,
        latency_ms=Percentiles.of(status.latency_ms for status in statuses),
        inference_ms=Percentiles.of(status.inference_ms for status in statuses),
        path_length=float(np.linalg.norm(np.diff(estimate.poses[:, :3, 3], axis=0), axis=1).sum()),
        accuracy=accuracy(estimate, truth) if truth is not None else None,
        cloud_points=cloud_points, checks=_checks(run, sent, recording))


def _verdict(recording: Recording, estimate: Trajectory, trained_on: TrainedOn, source: Source,
             trained: bool) -> Verdict:
    told = {pose.stamp for pose in recording.poses}
    return judge_path([TrackingState(status.tracking) for status in recording.statuses],
                      [nanoseconds(status.header.stamp) in told for status in recording.statuses], estimate.poses,
                      [status.confidence_median for status in recording.statuses], trained_on, source, trained=trained,
                      unusable=sum(recording.counters[cause] for cause in DROPPED if cause != 'dropped_overrun'))


def _checks(run: Run, sent: Sequence[Sent], recording: Recording) -> list[Check]:
    answered, withheld, total = recording.counters['answered'], recording.counters['withheld_lost'], len(sent)
    if run.lossless:
        first = Check('every frame answered, or withheld as lost, and counted', answered + withheld == total,
                      f'{answered} + {withheld} of {total}')
    else:
        lost = max(0, run.published - recording.counters['received'])
        first = Check('every frame answered, dropped or lost, and counted',
                      recording.accounted + lost == run.published == total,
                      f'{answered} + {recording.accounted - answered} + {lost} of {total}')
    stamps = [image.stamp for image in sent]
    outputs = {'status': [nanoseconds(status.header.stamp) for status in recording.statuses],
               'pose': [pose.stamp for pose in recording.poses],
               'cloud': [cloud.stamp for cloud in recording.clouds],
               'TF': [transform.stamp for transform in recording.transforms]}
    frames = {image.stamp: image.frame_id for image in sent}
    wrong_poses = sum(pose.frame_id != ODOMETRY for pose in recording.poses)
    wrong_clouds = sum(cloud.frame_id != frames.get(cloud.stamp) for cloud in recording.clouds)
    wrong_transforms = sum((t.frame_id, t.child) != (ODOMETRY, frames.get(t.stamp)) for t in recording.transforms)
    expected = {name: answered + withheld * (name == 'status') for name in outputs}
    return [
        first,
        *(Check(f"every {name} has its image's stamp, to the nanosecond",
                len(got) == expected[name] and _in_order(got, stamps), f'{_known(got, stamps)} of {expected[name]}')
          for name, got in outputs.items()),
        Check(f'poses and TF are in {ODOMETRY}, clouds in the frame of their image',
              not wrong_poses + wrong_clouds + wrong_transforms and (bool(recording.poses) or not answered),
              f'{wrong_poses} poses, {wrong_transforms} TF, {wrong_clouds} clouds wrong')]


def _in_order(got: Sequence[int], stamps: Sequence[int]) -> bool:
    """Return whether got is what is left of stamps when some are struck out."""
    rest = iter(stamps)
    return all(stamp in rest for stamp in got)


def _known(got: Sequence[int], stamps: Sequence[int]) -> int:
    known = set(stamps)
    return sum(stamp in known for stamp in got)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not np.isfinite(value) else value
