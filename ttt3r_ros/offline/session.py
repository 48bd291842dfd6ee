# SPDX-License-Identifier: Apache-2.0
"""A whole run: source → Reconstructor → recording → exports, and what was measured on the way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console

from ttt3r_ros.export import forms
from ttt3r_ros.offline import measured
from ttt3r_ros.offline.finishing import finish, keeps_memory
from ttt3r_ros.offline.folder import RESULTS, RunFolder
from ttt3r_ros.offline.measured import Clock, Memory
from ttt3r_ros.offline.part import Part
from ttt3r_ros.offline.reconstruction import Loaded, Prepared, Settings, prepare
from ttt3r_ros.offline.recording import Recording, cut_journal
from ttt3r_ros.offline.selection import NothingTaken, Selection
from ttt3r_ros.offline.stream import StampedFrame, Stream, StreamError
from ttt3r_ros.presentation.progress import Progress
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.snapshot import SnapshotError
from ttt3r_ros.sequences import Sequence, open_sequence
from ttt3r_ros.sequences.rendered import RenderedRoom

SAVE_EVERY_S = 20.0
WORTH_SAVING_S = 5.0  # of a run that ends: what took less is as soon done again, and of many each waits for the disk


class Onlooker(Protocol):
    """Who looks on at a run; the loop's thread calls, and waits."""

    def begins(self, reconstructor: Reconstructor) -> None:
        """Take what will answer the frames."""

    def sees(self, frame: StampedFrame) -> None:
        """Take a frame that was answered."""


class Interrupted(Exception):
    """The run was ended by the user and can be gone on with."""


@dataclass(frozen=True)
class Plan:
    """What is to be run. exports: names of export.forms.FORMS. revisit: how often the source is run through, the memory
    kept and the last time written. resume: go on with an interrupted run of the same plan. part: of the selected
    frames, recorded for joining.join, which exports them."""

    source: str
    out: Path
    settings: Settings
    selection: Selection = Selection()
    exports: tuple[str, ...] = ('tum',)
    revisit: int = 1
    resume: bool = False
    rate: float | None = None
    topic: str | None = None
    part: Part | None = None

    def identity(self) -> dict:
        """Return what must be the same for a run to be gone on with, as JSON has it."""
        same = asdict(self)
        del same['out'], same['resume']
        return json.loads(json.dumps(same))


def carry_out(plan: Plan, console: Console, onlooker: Onlooker | None = None, *, loaded: Loaded | None = None,
              place: str | None = None) -> dict:
    """Run it and return what was measured, which results.json has too.

    loaded: what `load` gave for the plan's settings, if there is that already. place: where the source lies, if it was
    brought here from elsewhere.
    Raises SequenceError, CheckpointError and others of ours before the first frame; OutputError; Interrupted.
    """
    needed = forms.require(plan.exports)
    if plan.revisit < 1:
        raise StreamError(f'revisit {plan.revisit} is not possible: take 1, which runs the source once, or more')
    sequence = open_sequence(place or plan.source, rate=plan.rate, topic=plan.topic)
    for line in sequence.describe():
        console.print(line, markup=False, soft_wrap=True)
    if plan.rate is not None and not (sequence.stamps_made or isinstance(sequence, RenderedRoom)):
        console.print(f'--rate has no effect: {sequence.name} has stamps of its own; --every takes fewer of its frames',
                      markup=False, soft_wrap=True)
    if sequence.live and (plan.revisit > 1 or plan.resume):
        raise StreamError(f'{sequence.name} cannot be run through again: leave --revisit and --resume out')
    begun = time.perf_counter()
    prepared = prepare(plan.settings, judged=plan.revisit == 1, loaded=loaded)
    loading_s = time.perf_counter() - begun
    for line in measured.told(prepared):
        console.print(line, markup=False, soft_wrap=True)
    with RunFolder(plan.out, plan.identity(), resume=plan.resume) as folder, folder.writing(
            resumable=not sequence.live):
        run = _Run(plan, sequence, prepared, folder, console, needed, onlooker)
        run.through()
        return finish(plan, sequence, prepared, folder, run.numbers | {'loading_s': loading_s}, console)


class _Run:
    """The loop over the frames, with its snapshots."""

    def __init__(self, plan: Plan, sequence: Sequence, prepared: Prepared, folder: RunFolder, console: Console,
                 needed: frozenset[str], onlooker: Onlooker | None) -> None:
        self._onlooker = onlooker
        self._plan, self._folder, self._console, self._sequence = plan, folder, console, sequence
        part, selection = plan.part, plan.selection
        self._stream = Stream(sequence, prepared.reconstructor, part.within(selection) if part else selection,
                              part.first if part else 0, part is not None and part.skipping)
        self._expected = part.expected if part else selection.count(sequence)
        self._kept = {'frames': 'frames' in needed, 'points': 'points' in needed, 'expected': self._expected,
                      'seams': part.seams if part else ()}
        self._memory_stays = keeps_memory(plan, prepared)
        self._elapsed = 0.0  # of the last turn, also before an interruption
        self._memory = Memory()
        self.numbers: dict = {}

    def through(self) -> None:
        """Run all turns, or what is left of them. Raises Interrupted."""
        turn, number = self._restore()
        if self._onlooker is not None:
            self._onlooker.begins(self._stream.reconstructor)
        recorded = number if turn == self._plan.revisit - 1 else self._stream.first
        answered, self._elapsed = cut_journal(self._folder.path, recorded)
        with _ending() as ending:
            begun = time.perf_counter()
            with contextlib.suppress(NothingTaken):  # told where frames are asked for
                self._stream.find_lens()
            lens_s = time.perf_counter() - begun
            for now in range(turn, self._plan.revisit):
                self._turn(now, number, ending)
                number = self._stream.first
        unanswered = recorded - self._stream.first - answered + self._stream.unanswered
        self.numbers = {'loop_s': self._elapsed, 'lens_s': lens_s, 'unanswered': unanswered,
                        'left_out': dict(self._sequence.left_out), 'memory_mb': self._memory.told()}

    def _turn(self, turn: int, number: int, ending: list[int]) -> None:
        """Run the source through, from a frame's number on; the last turn is recorded."""
        last = turn == self._plan.revisit - 1
        title = self._sequence.name if self._plan.revisit == 1 else f'turn {turn + 1} of {self._plan.revisit}'
        clock, saved = Clock(self._elapsed, number), time.monotonic()
        with contextlib.ExitStack() as stack:
            recording = stack.enter_context(Recording(self._folder.path, **self._kept)) if last else None
            progress = stack.enter_context(Progress(self._console, title, self._expected))
            for frame in self._frames(number):
                number = frame.number + 1
                if self._onlooker is not None:
                    self._onlooker.sees(frame)
                if recording is not None:
                    recording.add(frame, clock.elapsed_s)
                    self._memory.look()
                progress.update(number, clock.pace(number, self._expected))
                stops = bool(ending) and not self._sequence.live
                if stops or time.monotonic() - saved >= SAVE_EVERY_S:
                    self._save(turn, number, recording)
                    saved = time.monotonic()
                if stops:
                    raise Interrupted(f'{self._folder.path} holds what was done: go on with --resume')
                if ending:
                    break
            if last:
                self._elapsed = clock.elapsed_s
                if self._memory_stays or self._elapsed >= WORTH_SAVING_S:
                    self._save(turn, number, recording)  # so that exports that are interrupted can be gone on with

    def _frames(self, number: int) -> Iterator[StampedFrame]:
        try:
            yield from self._stream.after(number)
        except NothingTaken:
            if self._stream.first == 0:
                raise
            # A later part of a source that is cut off, and ends before it says.

    def _save(self, turn: int, number: int, recording: Recording | None) -> None:
        if recording is not None:
            recording.flush()
        self._folder.save(turn, number, self._stream.reconstructor.snapshot())

    def _restore(self) -> tuple[int, int]:
        """Return the turn and the number of its first frame that is not done yet."""
        saved = self._folder.saved()
        if saved is None:
            if self._plan.resume and (self._folder.out / RESULTS).exists():
                self._console.print(f'nothing to go on with: {self._folder.out} is whole, and is made anew',
                                    markup=False, soft_wrap=True)
            return 0, self._stream.first
        turn, number, snapshot = saved
        try:
            self._stream.reconstructor.restore(snapshot)
        except SnapshotError as error:
            raise StreamError(f'{self._folder.path} cannot be gone on with ({error}); remove it and begin '
                              'anew') from error
        self._console.print(f'going on after frame {number}' + (f' of turn {turn + 1}' if turn else ''))
        return turn, number


@contextlib.contextmanager
def _ending() -> Iterator[list[int]]:
    """Give a list that is no longer empty once the user (Ctrl-C), the system (SIGTERM) or a terminal that goes asks for
    the end.

    The frame in hand is finished; asked again, the process ends at once.
    """
    asked: list[int] = []
    terminals = [stream for stream in (1, 2) if os.isatty(stream)]

    def ask(number: int, frame: object) -> None:
        if number == signal.SIGHUP:
            _leave(terminals)
        elif asked:
            raise KeyboardInterrupt
        asked.append(number)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield asked
    finally:
        for number, handler in before.items():  # a shell that goes passes its signal on, too
            signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP and number in asked else handler)


def _leave(terminals: list[int]) -> None:
    """Write nowhere from now on: what is written to a terminal that is gone raises, and would end the run."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in terminals:
        os.dup2(nowhere, stream)
    os.close(nowhere)
