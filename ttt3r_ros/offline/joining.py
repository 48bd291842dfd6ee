# SPDX-License-Identifier: Apache-2.0
"""Parts of a run made one: each path laid at the end of the one before, as a reset lays a segment there."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from ttt3r_ros.offline.finishing import finish
from ttt3r_ros.offline.folder import MEMORY, RESULTS, RunFolder
from ttt3r_ros.offline.part import Part
from ttt3r_ros.offline.reconstruction import Loaded, prepare
from ttt3r_ros.offline.recording import (
    CAMERA,
    CONFIDENCE,
    DEPTH,
    FRAMES,
    IMAGE,
    POINTS,
    RecordingError,
    Shot,
    listed,
    read_arrays,
    read_journal,
    read_seam,
    write_journal,
)
from ttt3r_ros.offline.session import Plan
from ttt3r_ros.reconstruction.tracking import TrackingState, unseen_motion
from ttt3r_ros.reconstruction.trajectory import Boundary, Similarity, chain, rejoin
from ttt3r_ros.reconstruction.twist import at_end_of, lengthened, stretched
from ttt3r_ros.sequences import open_sequence

PARTS = '.parts'


def plan_of(plan: Plan, part: Part) -> Plan:
    """Return the plan of a part of a run, which lies beside it."""
    name = f'{part.seam:06d}' if part.skipping else f'{part.seam:06d}-read'
    return replace(plan, out=Path(f'{plan.out}{PARTS}') / name, part=part)


def join(plan: Plan, parts: Sequence[Part], console: Console, *, loaded: Loaded | None = None,
         place: str | None = None) -> dict:
    """Put the run where `plan` says, made of its parts, which are done; these go. Return its results.json.

    The frames of each part have the numbers of the whole: see Part.skipping.

    loaded, place: as `session.carry_out` takes them. Raises SequenceError, RecordingError, OutputError, ChainError.
    """
    begun = time.perf_counter()
    sequence = open_sequence(place or plan.source, rate=plan.rate, topic=plan.topic)
    prepared = prepare(plan.settings, loaded=loaded)
    loading_s = time.perf_counter() - begun
    with RunFolder(plan.out, plan.identity(), resume=True) as folder, folder.writing():
        for kind in (*FRAMES, POINTS):
            shutil.rmtree(folder.path / kind, ignore_errors=True)
        whole = _Whole(folder.path, prepared.segments.segment_alignment)
        for part in parts:
            whole.add(part, plan_of(plan, part).out)
        if not whole.shots:
            raise RecordingError(f'no frame of {sequence.name} has an answer that is finite: are the weights whole?')
        shots = _since(whole.shots)
        write_journal(folder.path, shots)
        reconstructor = prepared.reconstructor
        reconstructor.restore(whole.memory.read_bytes())
        reconstructor.lay(whole.path, *whole.before)
        folder.save(0, shots[-1].number + 1, reconstructor.snapshot())
        last = json.loads((plan_of(plan, parts[-1]).out / RESULTS).read_text())
        numbers = {'loop_s': shots[-1].elapsed_s, 'unanswered': whole.unanswered, 'loading_s': loading_s,
                   'left_out': last['frames']['left_out'], 'memory_mb': last['times']['memory_mb']}
        results = finish(plan, sequence, prepared, folder, numbers, console)
    shutil.rmtree(f'{plan.out}{PARTS}')
    return results


class _Whole:
    """What the parts come to so far.

    shots: of all frames. path: where the last part lies. before: segments and frames before it. memory: its file.
    unanswered: frames whose prediction was not finite.
    """

    def __init__(self, folder: Path, alignment: str) -> None:
        """Take the folder of the whole, and how segments are chained."""
        self._folder, self._alignment = folder, alignment
        self.shots: list[Shot] = []
        self.path, self.before, self.unanswered = Similarity(), (0, 0), 0
        self.memory = Path()
        self._part_before = Path()

    def add(self, part: Part, folder: Path) -> None:
        """Take the next part, from its folder. Raises RecordingError, ChainError, OSError."""
        every = read_journal(folder)
        led_in = [shot for shot in every if self.shots and shot.number <= part.seam]
        own = every[len(led_in):]
        missed = part.seam + 1 - part.first - len(led_in) if self.shots else 0
        self.unanswered += json.loads((folder / RESULTS).read_text())['frames']['unanswered'] - missed
        if not own:  # the source ended before
            return
        if self.shots:
            own = self._tied(part, folder, led_in, own)
        for shot in own:
            if shot.pose is not None:
                self._place_arrays(folder, shot)
        self.shots += own
        self.memory, self._part_before = folder / MEMORY, folder

    def _tied(self, part: Part, folder: Path, led_in: list[Shot], own: list[Shot]) -> list[Shot]:
        """Find where a part lies; return its own shots there."""
        last, seen = self.shots[-1], next((shot for shot in own if shot.pose is not None), None)
        old, new = (read_seam(place, part.seam) for place in (self._part_before, folder))
        if old is not None and new is not None:
            self.path = chain(self.path, old, new, self._alignment)
        elif seen is not None:
            self.path, own = self._rejoined(seen, own)
        # A part that goes on with a segment of its lead-in goes on with another memory all the same.
        at_seam = led_in[-1].segment if led_in else 0
        begun = any(shot.pose is not None for shot in self.shots)
        segments = last.segment - at_seam + (begun and seen is not None and seen.segment == at_seam)
        self.before = segments, len(self.shots) - len(led_in)
        elapsed_s = last.elapsed_s - (led_in[-1].elapsed_s if led_in else 0.0)
        tracked, part = _last_tracked(self.shots), _last_tracked(led_in)
        # Of the last pose so far the lens's doubt, beside that of the lead-in, which ends there.
        before = _bent(tracked) - lengthened(_bent(part), self.path.scale)
        return [replace(self._laid(shot, tracked, before), segment=segments + shot.segment,
                        elapsed_s=elapsed_s + shot.elapsed_s) for shot in own]

    def _laid(self, shot: Shot, tracked: Shot | None, before: np.ndarray) -> Shot:
        """Return a part's shot where the part lies; before (2, 6): the doubt of the last one that was tracked, beside
        the part's own."""
        scale = self.path.scale
        pose = None if shot.pose is None else self.path.place(np.array(shot.pose))
        doubt = lengthened(shot.bent, scale)
        if None not in (shot.pose, shot.lens_doubt, tracked):
            doubt[0] += at_end_of(np.linalg.inv(tracked.pose) @ pose, before)
        return replace(shot, pose=listed(pose), step_covariance=listed(stretched(shot.step, scale)),
                       lens_doubt=listed(doubt), scale=scale * shot.scale)

    def _rejoined(self, seen: Shot, own: list[Shot]) -> tuple[Similarity, list[Shot]]:
        """Return where a part lies that does not share the seam, and its shots: as after a loss, its first that is
        tracked is where the last one was."""
        trusted = _last_tracked(self.shots)
        if trusted is None:
            return rejoin(Similarity(), _at(np.eye(4)), _at(np.array(seen.pose))), own
        path = Similarity(trusted.scale / seen.scale)
        path = rejoin(path, _at(path.take_back(np.array(trusted.pose))), _at(np.array(seen.pose)))
        told = [replace(shot, state=shot.state and TrackingState.LOST.value)
                if shot.number < seen.number else shot for shot in own]
        unseen = unseen_motion((seen.stamp - trusted.stamp) / 1e9 if seen.since is not None else None,
                               missed=seen.number - trusted.number - 1)
        missing = next((shot.reason for shot in reversed(self.shots) if shot.number > trusted.number), seen.reason)
        begins = replace(seen, unseen_motion=[*map(float, unseen)])
        if seen.state is not None:
            begins = replace(begins, state=TrackingState.INITIALISING.value,
                             reason=f'the path goes on where it was lost: {missing}')
        return path, [begins if shot.number == seen.number else shot for shot in told]

    def _place_arrays(self, folder: Path, shot: Shot) -> None:
        """Take the arrays of a shot, which is placed already, from a part's folder."""
        for kind in (*FRAMES, POINTS):
            if (folder / kind).is_dir():
                (self._folder / kind).mkdir(exist_ok=True)
        name, scale = f'{shot.name}.npz', np.float32(self.path.scale)
        if (folder / CAMERA).is_dir():
            _copy(folder / IMAGE / f'{shot.name}.png', self._folder / IMAGE)
            _copy(folder / CONFIDENCE / name, self._folder / CONFIDENCE)
            _rewrite(folder / CAMERA / name, self._folder / CAMERA, pose=lambda pose: np.array(shot.pose))
            _rewrite(folder / DEPTH / name, self._folder / DEPTH, depth=lambda depth: depth * scale)
        if (folder / POINTS).is_dir():
            _rewrite(folder / POINTS / name, self._folder / POINTS, points=lambda points: points * scale)


def _last_tracked(shots: list[Shot]) -> Shot | None:
    return next((shot for shot in reversed(shots) if shot.pose is not None), None)


def _bent(shot: Shot | None) -> np.ndarray:
    return np.zeros((2, 6)) if shot is None or shot.bent is None else shot.bent[0]


def _at(pose: np.ndarray) -> Boundary:
    """Return a frame of which the pose alone is asked."""
    return Boundary(pose, np.empty((0, 0, 3)), np.empty((0, 0)))


def _since(shots: Iterable[Shot]) -> list[Shot]:
    """Return the shots with the stamps since which their states last in the whole."""
    told: list[Shot] = []
    for shot in shots:
        if shot.since is not None:
            same = told and told[-1].state == shot.state
            shot = replace(shot, since=told[-1].since if same else shot.stamp)
        told.append(shot)
    return told


def _copy(file: Path, folder: Path) -> None:
    try:
        os.link(file, folder / file.name)
    except OSError:  # not every disk has links
        shutil.copyfile(file, folder / file.name)


def _rewrite(file: Path, folder: Path, **changes) -> None:
    """Write a file of arrays into another folder, some of them changed."""
    arrays = read_arrays(file)
    np.savez(folder / file.name, **arrays | {name: change(arrays[name]) for name, change in changes.items()})
