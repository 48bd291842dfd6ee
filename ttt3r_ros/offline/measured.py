# SPDX-License-Identifier: Apache-2.0
"""What a run measures of itself: results.json, and the table at its end."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.markup import escape
from rich.table import Table

from ttt3r_ros import __version__
from ttt3r_ros.evaluation.verdict import Verdict, judge_path, source_of
from ttt3r_ros.offline.reconstruction import Prepared
from ttt3r_ros.presentation.table import verdict_rows
from ttt3r_ros.reconstruction.tracking import TrackingState
from ttt3r_ros.sequences import Sequence, Trajectory

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded, Shot
    from ttt3r_ros.offline.session import Plan

SETTLED = 100  # frames until which memory may grow: caches, the first large arrays
PAGE_MB = 4096 / 1e6
STATM = Path('/proc/self/statm')
VERSION = 1  # of results.json's form
NUMBER = re.compile(r'\d+(\.\d+)?')


class Clock:
    """Seconds of a loop, those before an interruption among them, and its pace."""

    def __init__(self, before_s: float, number: int) -> None:
        """Begin with what is done."""
        self._before, self._first, self._begun = before_s, number, time.perf_counter()

    @property
    def elapsed_s(self) -> float:
        """Seconds of work until now."""
        return self._before + time.perf_counter() - self._begun

    def pace(self, number: int, expected: int | None) -> str:
        """Return frames a second and the time that is left, in words."""
        rate = (number - self._first) / max(time.perf_counter() - self._begun, 1e-9)
        if expected is None or rate <= 0:
            return f'{rate:.1f} frames/s'
        left = round(max(0, expected - number) / rate)
        return f'{rate:.1f} frames/s, {left // 60}:{left % 60:02d} left'


class Memory:
    """The process's resident memory once the loop has settled and at its end, in megabytes."""

    def __init__(self) -> None:
        """Begin."""
        self._frames, self._settled, self._last = 0, None, None

    def look(self) -> None:
        """Look, after a frame."""
        self._frames += 1
        self._last = int(STATM.read_text().split()[1]) * PAGE_MB
        if self._frames == SETTLED:
            self._settled = self._last

    def told(self) -> dict:
        """Return both, None where there were too few frames."""
        return {f'after_{SETTLED}_frames': self._settled, 'at_the_end': self._last}


def told(prepared: Prepared) -> list[str]:
    """Return what runs, a line each."""
    loaded, segments = prepared.loaded, prepared.segments
    lines = [f'weights {loaded.name} on {prepared.device} in {str(loaded.network.dtype).removeprefix("torch.")}, '
             f'update rule {prepared.reconstructor.rule}, {segments}']
    if segments.told:
        lines.append(f'{segments}: {segments.told}')
    if not loaded.trained:
        lines.append('UNTRAINED WEIGHTS: the network is random, poses and points mean NOTHING')
    elif loaded.note:
        lines.append(loaded.note)
    return lines


def results(plan: Plan, sequence: Sequence, prepared: Prepared, recorded: Recorded, numbers: dict,
            files: dict[str, list[str]], failed: dict[str, str]) -> dict:
    """Return results.json; docs/run.md says what its fields mean."""
    shots, tracked = recorded.every, recorded.shots
    steps = np.array([shot.step_s for shot in shots])
    loop_s, step_s = numbers.pop('loop_s'), float(steps.sum())
    path = recorded.trajectory  # made anew each time that it is asked for
    places = path.poses[:, :3, 3]
    unusable = numbers['unanswered'] + sum(numbers['left_out'].values())
    return {
        'form': VERSION, 'ttt3r_ros': __version__,
        'source': {'given': plan.source, 'name': sequence.name, 'reader': sequence.contents.reader,
                   'stream': sequence.contents.stream, 'stamps': sequence.contents.stamps},
        'settings': {**asdict(plan.settings), 'weights_name': prepared.loaded.name,
                     'trained': prepared.loaded.trained, 'device': prepared.device,
                     'precision': str(prepared.loaded.network.dtype).removeprefix('torch.'),
                     'rule': str(prepared.reconstructor.rule), 'reset_policy': prepared.segments.reset_policy,
                     'reset_interval': prepared.segments.reset_interval,
                     'segment_alignment': prepared.segments.segment_alignment,
                     'step_source': prepared.segments.step_source, 'revisit': plan.revisit,
                     'selection': asdict(plan.selection)},
        'frames': {'answered': len(shots), 'tracked': len(tracked), 'not_tracked': _causes(shots),
                   'unanswered': numbers.pop('unanswered'), 'left_out': numbers.pop('left_out')},
        'verdict': _verdict(sequence, prepared, shots, path, unusable).plain(),
        'segments': 1 + max((shot.segment for shot in shots), default=0),
        'path_m': float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum()),
        'camera': _camera(shots),
        'accuracy': _accuracy(path, sequence),
        'times': {'loop_s': loop_s, 'step_s': step_s, 'loop_over_step': loop_s / step_s if step_s else None,
                  'step_ms_p50': _percentile(steps, 50), 'step_ms_p95': _percentile(steps, 95),
                  'frames_a_second': len(shots) / loop_s if loop_s else None, **numbers},
        'exports': files, 'not_exported': failed,
    }


def summary(results: dict, out: Path) -> Table:
    """Return what a user wants to see at the end."""
    frames, times, found = results['frames'], results['times'], results['accuracy']
    table = Table(show_header=False, title=escape(f'TTT3R on {results["source"]["name"]}'), title_style='bold')
    table.add_column(style='cyan', no_wrap=True)
    table.add_column()
    verdict_rows(table, Verdict.read(results['verdict']))
    table.add_row('frames', f'{frames["answered"]}, of which {frames["tracked"]} tracked')
    for cause, number in {**frames['not_tracked'], **frames['left_out']}.items():
        table.add_row('', f'[yellow]{number} × {escape(cause)}[/]')
    if frames['unanswered']:
        table.add_row('', f'[yellow]{frames["unanswered"]} × a prediction that is not finite[/]')
    table.add_row('path', f'{results["path_m"]:.2f} m, segments: {results["segments"]}')
    if camera := results['camera']:
        table.add_row('camera', f'{camera["field_of_view_deg"]:.0f}° wide, as its images tell: a focal length of '
                                f'{camera["focal_px"]:.0f} pixels, of {camera["size"][0]}×{camera["size"][1]}')
        if camera['lens_bend']:
            table.add_row('', f'its lens bends lines, by {100 * camera["lens_bend"]:.0f} % at the corners; they were '
                              'straightened, and the focal length is that of the middle')
    if found is not None:
        table.add_row('ATE rmse', f'{found["ate_sim3"]:.3f} m after Sim(3), {found["ate_se3"]:.3f} m after SE(3)')
    table.add_row('time', f'{times["loop_s"]:.1f} s, {times["frames_a_second"] or 0:.1f} frames a second, '
                          f'{times["loop_over_step"] or 0:.2f} times that of the steps')
    for name, listed in results['exports'].items():
        table.add_row(name, escape(', '.join(f'{out}/{file}' for file in listed)))
    for name, why in results['not_exported'].items():
        table.add_row(name, f'[red]not written[/]: {escape(why)}')
    return table


def _verdict(sequence: Sequence, prepared: Prepared, shots: list[Shot], path: Trajectory, unusable: int) -> Verdict:
    """Judge the path; unusable: frames without an answer."""
    network = prepared.loaded
    size = tuple(shots[0].camera_size) if shots else sequence.contents.size
    source = source_of(sequence, size).cut_to(network.network.config.aspects)
    return judge_path([shot.state and TrackingState(shot.state) for shot in shots],
                      [shot.pose is not None for shot in shots], path.poses,
                      [shot.confidence_median for shot in shots], prepared.trained_on, source, trained=network.trained,
                      unusable=unusable)


def _camera(shots: list[Shot]) -> dict | None:
    """Return the size of the last half of the images that were tracked, and the medians of their focal lengths and of
    how their lens bends lines; None if none tells one."""
    known = [shot for shot in shots if shot.camera_intrinsics is not None and shot.pose is not None]
    known = [shot for shot in known[len(known) // 2:] if shot.camera_size == known[-1].camera_size]
    if not known:
        return None
    width, height = known[-1].camera_size
    focal = float(np.median([shot.camera_intrinsics[0][0] for shot in known]))
    bend = float(np.median([shot.lens_bend for shot in known]))
    seen = known[-1].size  # a part of the camera's image, of which a bend's half diagonals are
    farther = 1 + bend * (width / min(width / seen[0], height / seen[1]) / np.hypot(*seen)) ** 2
    return {'size': [width, height], 'focal_px': focal, 'lens_bend': bend,
            'field_of_view_deg': float(np.degrees(2 * np.arctan(width / 2 * farther / focal)))}


def _causes(shots: list[Shot]) -> dict[str, int]:
    """Return how many frames were not tracked, by their state and why; numbers differ from one to the next."""
    whys = ((shot.state, NUMBER.sub('…', shot.reason.partition(':')[0])) for shot in shots if shot.pose is None)
    return dict(Counter(f'{state}: {why}' if why else state for state, why in whys))


def _accuracy(path: Trajectory, sequence: Sequence) -> dict | None:
    """Return ATE and RPE where the source has a truth and evo is there to measure them."""
    if sequence.truth is None:
        return None
    try:
        from ttt3r_ros.evaluation.accuracy import accuracy
    except ModuleNotFoundError:
        return None
    found = accuracy(path, sequence.truth)
    if found is None:
        return None
    return {name: value for name, value in vars(found).items() if isinstance(value, (int, float))}


def _percentile(seconds: np.ndarray, part: float) -> float | None:
    return 1e3 * float(np.percentile(seconds, part)) if len(seconds) else None
