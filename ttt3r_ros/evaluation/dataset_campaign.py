# SPDX-License-Identifier: Apache-2.0
"""A data set measured: its recordings under every setting, in processes of their own; what is done is kept, and a run
that was stopped goes on."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from ttt3r_ros import __version__
from ttt3r_ros.datasets import find, recordings
from ttt3r_ros.evaluation import answers, controls, scoring, worlds
from ttt3r_ros.evaluation.clip import Clip, poses_at
from ttt3r_ros.evaluation.depth_metrics import DepthScore
from ttt3r_ros.evaluation.pose_metrics import PoseScore, umeyama
from ttt3r_ros.evaluation.protocols import Protocol, ProtocolError, protocol
from ttt3r_ros.evaluation.scoring import Score
from ttt3r_ros.evaluation.surface_metrics import SurfaceScore
from ttt3r_ros.evaluation.trial import LENGTHS, Setting
from ttt3r_ros.model.checkpoint import load_network, weights_file
from ttt3r_ros.reconstruction import whole_file
from ttt3r_ros.reconstruction.aligned import AlignedError
from ttt3r_ros.sequences.sequence import SequenceError

DONE = 'done'  # the folder of what has been measured
SAMPLE = 96  # pixels across, of a depth image that is shown
SHOWN = 400  # points of a path that is drawn
WHOLE = 0  # the length of a clip that is scored to its end
UNTOLD = ('jobs', 'address', 'folder', 'settings', 'dataset')  # of a plan, in the name of what is done

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What to measure.

    weights under settings, or the files of somebody's results, a folder; protocol: by name, '' for all frames with
    nothing dropped silently, and then at most `frames` of a recording (0: all), in windows of `window` frames (0: none)
    of which one begins every `every`. folder: where what is done is kept, '' for nowhere. address: of a Ray, '' for
    processes here.
    """

    dataset: str
    protocol: str
    weights: str
    settings: tuple[Setting, ...]
    results: str = ''
    frames: int = 0
    window: int = 0
    every: int = 0
    device: str = 'cpu'
    precision: str = 'float32'
    jobs: int = 1
    folder: str = ''
    address: str = ''

    @property
    def published(self) -> Protocol | None:
        """The protocol, None without one."""
        return protocol(self.protocol) if self.protocol else None

    @property
    def rows(self) -> tuple[str, ...]:
        """What is measured, by name: the settings, or the folder of results."""
        return (Path(self.results).name,) if self.results else tuple(map(str, self.settings))

    def roots(self) -> list[Path]:
        """Return the recordings' folders. Raises ProtocolError if there are none."""
        path = Path(self.dataset).expanduser()
        if not path.is_dir():
            raise ProtocolError(f'{path} is no folder; give that of a data set, or of a recording')
        if self.published:
            return self.published.roots(path)
        found = recordings(path)
        if not found:
            raise ProtocolError(f'{path} holds no recording of a known layout; docs/data_sets.md lists them')
        return found


@dataclass(frozen=True)
class Unit:
    """A recording under one setting: its scores, paths (n, 3) with the estimate laid on the truth, NaN where there is
    none, remarks, and a frame's predicted and true depth (h, w), small, empty where there is none."""

    sequence: str
    setting: str
    scores: list[Score]
    truth: list[list[float]]
    estimate: list[list[float]]
    remarks: list[str]
    depth: list[list[list[float]]]


def carry_out(plan: Plan, progress: Callable[[int], None]) -> list[Unit]:
    """Measure what has not been measured yet; `progress` is told each unit as it is done.

    Raises ProtocolError, SequenceError and ResultsError for what cannot be measured at all.
    """
    roots = plan.roots()
    units = [(root, row) for root in roots for row in range(len(plan.rows))]
    return worlds.each(partial(_unit, plan, units), range(len(units)), plan.jobs, progress, plan.address)


def _unit(plan: Plan, units: list[tuple[Path, int]], index: int) -> Unit:
    root, row = units[index]
    file = Path(plan.folder) / DONE / f'{_key(plan, root, row)}.json' if plan.folder else None
    if file is not None and file.is_file():
        return read_unit(json.loads(file.read_text()))
    unit = _measure(plan, root, row)
    if file is not None:
        whole_file.write(file, [json.dumps(plain(asdict(unit))).encode()])
    return unit


def _key(plan: Plan, root: Path, row: int) -> str:
    """Return a name for a unit that changes with all that its scores depend on."""
    told = {name: value for name, value in asdict(plan).items() if name not in UNTOLD}
    told |= {'root': str(root.resolve()), 'setting': plan.rows[row], 'version': __version__, 'row': bool(row)}
    source = Path(plan.results) if plan.results else weights_file(plan.weights)
    if source.exists():
        told['stamp'] = max(os.stat(path).st_mtime_ns for path in ([source, *source.rglob('*')] if source.is_dir()
                                                                  else [source]))
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


def _measure(plan: Plan, root: Path, row: int) -> Unit:
    published, name = plan.published, plan.rows[row]
    try:
        clip = published.open(root) if published else _all_frames(plan, root)
        parts = _windows(plan, clip)
        if plan.results:
            whole = answers.of_files(Path(plan.results), clip)
            told = [whole[part.first:part.first + len(part)] for part in parts]
        else:
            loaded = load_network(plan.weights, plan.device, plan.precision)
            told = [answers.of_weights(loaded, plan.settings[row], part) for part in parts]
        if published:
            pixels = scoring.published_pixels(published.depth, clip, told[0])
            scores = scoring.by_protocol(published, clip, name, told[0], pixels)
            if row == 0:
                asked = clip if published.pose else clip.without_poses()
                scores += scoring.of_controls(asked, published.lengths, pixels)
        else:
            scores = _honest(plan, parts, name, told, with_controls=row == 0)
    except (SequenceError, AlignedError) as error:
        log.warning('%s: %s', root, error)
        return Unit(root.name, name, [Score(root.name, name, 0, WHOLE, 0, 0, str(error))], [], [], [], [])
    truth, estimate = _paths(parts[0], told[0])
    remarks = [*clip.recording.remarks]
    if clip.recording.truth is not None and clip.recording.truth.dropped:
        remarks.append(f'{clip.recording.truth.dropped} true poses were not finite')
    return Unit(clip.name, name, scores, truth, estimate, remarks, _sample(parts[0], told[0]))


def _all_frames(plan: Plan, root: Path) -> Clip:
    recording = find(root)
    frames = tuple(range(recording.count))[:plan.frames or None]
    return Clip(recording.name, recording, frames, poses_at(recording, frames))


def _windows(plan: Plan, clip: Clip) -> list[Clip]:
    """Return the whole clip, or its windows: whole ones, and all that begin every so many frames."""
    if not plan.window:
        return [clip]
    return [clip.window(first, plan.window) for first in range(0, len(clip) - plan.window + 1, plan.every)] or [clip]


def _honest(plan: Plan, parts: Sequence[Clip], name: str, told: Sequence[Sequence[answers.Answer]],
            with_controls: bool) -> list[Score]:
    """Return the scores of all windows, of the same after one factor for the recording, and of the controls."""
    pixels = [scoring.honest_pixels(part, told) for part, told in zip(parts, told)]
    predicted, true = (np.concatenate([depth for of in pixels for depth in getattr(of, side)] or [np.zeros(0)])
                       for side in ('predicted', 'true'))
    factor = controls.factor(predicted, true)
    scores = []
    for part, mine, seen in zip(parts, told, pixels):
        lengths = [*(n for n in LENGTHS if n < len(part)), WHOLE]
        scores += scoring.honestly(part, name, mine, lengths, seen)
        if math.isfinite(factor):
            scores += scoring.honestly(part, f'{name}, {controls.ONE_FACTOR}', mine, lengths, seen, factor)
        if with_controls:
            scores += scoring.of_controls(part, lengths, seen)
    return scores


def _paths(clip: Clip, told: Sequence[answers.Answer]) -> tuple[list, list]:
    """Return places of truth and estimate, the latter laid on the former by scale, turn and shift."""
    truth = clip.truth[:, :3, 3]
    estimate = np.full_like(truth, np.nan)
    for k, answer in enumerate(told):
        estimate[k] = answer.pose[:3, 3]
    good = np.isfinite(truth).all(axis=1) & np.isfinite(estimate).all(axis=1)
    if good.sum() > 2 and np.ptp(estimate[good], axis=0).any():
        turn, shift, scale = umeyama(estimate[good], truth[good])
        estimate = scale * estimate @ turn.T + shift
    step = -(-len(truth) // SHOWN) or 1
    return truth[::step].tolist(), estimate[::step].tolist()


def _sample(clip: Clip, told: Sequence[answers.Answer]) -> list:
    """Return predicted and true depth of a frame in the middle that has both, as much of it as a picture shows."""
    for k in sorted(range(len(told)), key=lambda k: abs(k - len(told) // 2)):
        true = scoring.true_depth(clip, k, told[k])
        if true is not None and np.isfinite(true).any():
            size = SAMPLE, max(1, round(SAMPLE * true.shape[0] / true.shape[1]))
            return [cv2.resize(depth.astype(np.float32), size, interpolation=cv2.INTER_NEAREST_EXACT).tolist()
                    for depth in (told[k].depth, true)]
    return []


def plain(value):
    """Return a value with None for numbers that are not finite, as JSON has no others."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_unit(told: dict) -> Unit:
    """Return a unit as `plain` wrote it."""
    def number(value: float | None) -> float:
        return float('nan') if value is None else value

    scores = [Score(**(score | {
        'pose': score['pose'] and PoseScore(**score['pose']),
        'depth': {name: DepthScore(**found) for name, found in score['depth'].items()},
        'surface': score['surface'] and SurfaceScore(**score['surface']),
        'frames_per_s': number(score['frames_per_s']), 'megabytes': number(score['megabytes'])}))
        for score in told['scores']]
    places = {name: [[number(x) for x in place] for place in told[name]] for name in ('truth', 'estimate')}
    depth = [[[number(x) for x in row] for row in image] for image in told['depth']]
    return Unit(told['sequence'], told['setting'], scores, **places, remarks=told['remarks'], depth=depth)
