# SPDX-License-Identifier: Apache-2.0
"""A node that saves each second is killed at a random time and started again, while a camera films on in real time.

A restart goes on in the odometry of before, or says in words that it does not. Where it goes on, its poses are held
against the truth: the motion from the saved image on, as it is told and as it was.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from harness import NodeProcess, Robot, pose_matrix, stamp_of

from ttt3r_ros.evaluation.restarts import RIGHT_DEG, RIGHT_M
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.state_file import StateFileError, StateFileMissing
from ttt3r_ros.reconstruction.trajectory import extent
from ttt3r_ros.reconstruction.whole_file import PART
from ttt3r_ros.synthetic import Camera, Room, World

RATE, SIZE = 10, (120, 160)
WAY = 300  # images of a walk
SHORTEST_S, LONGEST_S = 0.5, 8.0  # from the first image to the kill: some come before anything is saved
STANDS_S = 2.0  # that a camera has stood when the node is killed
DEAD_S, STARTING_S = 1.0, 3.0  # longest
WRITING, AGAIN = 0.3, 0.25  # of all
LATER_S = 2.0
PATIENCE_S = 120.0  # a machine that has no time for us is no fault of the node
RESUMED, REFUSED, NOTHING = 'resumed in the odometry frame', 'is not taken over', 'nothing to resume'


@dataclass(frozen=True)
class Trial:
    """What is done, and when; room: the seed of the world.

    still: the camera has stood for STANDS_S at the kill, and stands on; else it walks all the time. writing: the kill
    waits until a state is being written. again_s: after so long the starting node is killed once more, None: it is not.
    saved: the kill waits for a first state, too.
    """

    number: int
    room: int
    still: bool
    writing: bool
    lived_s: float
    dead_s: float
    again_s: float | None
    saved: bool = False

    @classmethod
    def draw(cls, seed: int, number: int) -> Trial:
        """Return the trial of that number, the same each time; every second one's camera stands still."""
        rng = np.random.default_rng([seed, number])
        return cls(number, 280_000 + 1000 * seed + number, number % 2 == 0, bool(rng.random() < WRITING),
                   rng.uniform(SHORTEST_S, LONGEST_S), rng.uniform(0, DEAD_S),
                   rng.uniform(0, STARTING_S) if rng.random() < AGAIN else None)


@dataclass(frozen=True)
class Outcome:
    """What became of a restart.

    fate: 'went on', 'refused', 'nothing saved', 'silent' if no word was said, or 'damaged' if the file was. cut: a
    kill left a state half written. away: metres and degrees of true motion from the saved image to the first pose.
    first, ok, later: metres and degrees by which the first pose is off, the first that is `ok`, and one LATER_S after
    that; None where there is none. early: poses told while it was not known where the camera is. kept: the state
    that the restart found is there still, under its name or beside the new one. left: what was half written is there
    still, too.
    """

    number: int
    still: bool
    writing: bool
    again: bool
    fate: str
    cut: bool = False
    away: tuple[float, float] | None = None
    first: tuple[float, float] | None = None
    ok: tuple[float, float] | None = None
    later: tuple[float, float] | None = None
    early: int = 0
    kept: bool = False
    left: bool = False
    seconds: float = 0.0  # from the start to the first pose
    trouble: str = ''  # a traceback, an exit status that is not 0

    @property
    def wrong(self) -> bool:
        """Whether a pose was told that is not where the camera was."""
        return bool(self.early) or self.fate == 'went on' and any(
            off is not None and (off[0] > RIGHT_M or off[1] > RIGHT_DEG) for off in (self.first, self.ok))


class Footage:
    """A room filmed in advance, shown in real time, whoever looks: images are due at RATE from the first one on."""

    def __init__(self, trial: Trial, robot: Robot) -> None:
        """Film the trial's room."""
        walk = World(trial.room, WAY, SIZE).poses
        if trial.still:
            stop = round(max(trial.lived_s - STANDS_S, 0) * RATE)
            walk = np.concatenate([walk[:stop], np.repeat(walk[stop:stop + 1], WAY - stop, axis=0)])
        self.poses = walk
        self._film = Camera.draw(trial.room, SIZE).film(Room(trial.room), walk, trial.room)
        foreseen = round((trial.lived_s + DEAD_S + (trial.again_s or 0) + 10) * RATE)
        self._images = [image for image, _ in islice(self._film, foreseen)]
        self._robot = robot
        self._began: float | None = None
        self._due = 0
        self.shown: dict[int, int] = {}  # stamp: image

    def show(self) -> None:
        """Publish the image that is due, if one is; those that nobody had time for are left out."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        due = int((now - self._began) * RATE)
        if due >= self._due:
            image, stamp = min(due, WAY - 1), time.time_ns()
            self._images += [drawn for drawn, _ in islice(self._film, max(0, image + 1 - len(self._images)))]
            self.shown[stamp] = image
            self._robot.show(stamp, self._images[image])
            self._due = due + 1

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Show and listen until the condition holds, at most so long; say whether it does."""
        end = time.monotonic() + seconds
        while not (met := condition()) and time.monotonic() < end:
            self.show()
            self._robot.spin(0.02)
        return met

    def truth(self, first: int, second: int) -> np.ndarray:
        """Return the true motion (4, 4) between the images of two stamps."""
        return np.linalg.inv(self.poses[self.shown[first]]) @ self.poses[self.shown[second]]


def carry_out(trial: Trial, folder: Path) -> Outcome:
    """Run a trial; state and logs are left in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    name, state = f'killed_{trial.number}', folder / 'state' / 'memory.state'
    state.parent.mkdir()
    lives: list[NodeProcess] = []

    def start() -> NodeProcess:
        lives.append(NodeProcess(folder / f'life{len(lives)}.log', name=name, weights='embedded', precision='auto',
                                 remaps=(f'image:=image_{name}',), state_file=str(state), autosave_interval=1.0,
                                 resume=True))
        return lives[-1]

    robot = Robot(target=name, topic=f'image_{name}')
    try:
        footage = Footage(trial, robot)
        node = start()
        robot.wait_until_watched()
        footage.until(lambda: False, trial.lived_s)
        footage.until(lambda: state.exists() or not trial.saved, PATIENCE_S)
        cut = _kill(node, footage, state.parent, trial.writing)
        footage.until(lambda: False, trial.dead_s)
        if trial.again_s is not None:
            node = start()
            footage.until(lambda: False, trial.again_s)
            cut |= _kill(node, footage, state.parent, False)
        before = state.read_bytes() if state.exists() else None
        try:
            saved = state_file.load(state)[1].stamp
        except StateFileMissing:
            saved = None
        except StateFileError as error:
            return _outcome(trial, 'damaged', cut=cut, trouble=str(error))
        restarted = time.time_ns()
        node = start()
        told = _Told(robot, restarted)
        goes_on = footage.until(lambda: told.first('ok') is not None and fate_of(node) != 'silent', PATIENCE_S)
        if goes_on:
            footage.until(lambda: told.after(told.first('ok') + int(LATER_S * 1e9)) is not None, 2 * LATER_S)
        fate, status = fate_of(node), node.stop()
        stamps = {'first': told.first(), 'ok': told.first('ok'),
                  'later': told.after(told.first('ok') + int(LATER_S * 1e9)) if goes_on else None}
        went = {}
        if fate == 'went on':
            reference = max(stamp for stamp in told.poses if stamp <= saved)
            went = {key: _extent(np.linalg.inv(footage.truth(reference, stamp)) @ told.motion(reference, stamp))
                    for key, stamp in stamps.items() if stamp is not None}
            went['away'] = _extent(footage.truth(saved, stamps['first'])) if stamps['first'] else None
        refused = state.with_name(state.name + state_file.REFUSED)
        kept = before is not None and before in [file.read_bytes() for file in (state, refused) if file.exists()]
        return _outcome(
            trial, fate, cut=cut, early=told.early(), kept=kept, left=_unfinished(state.parent),
            seconds=(stamps['first'] - restarted) / 1e9 if stamps['first'] else np.nan,
            trouble=_trouble(lives, status), **went)
    finally:
        robot.close()
        for life in lives:
            life.stop()


class _Told:
    """What a robot has heard; of poses and states those since a restart, ns, but `poses` of all stamps."""

    def __init__(self, robot: Robot, restarted: int) -> None:
        self._robot, self._restarted = robot, restarted

    @property
    def poses(self) -> dict[int, np.ndarray]:
        return {stamp_of(pose): pose_matrix(pose.pose) for pose in self._robot.heard['pose']}

    def motion(self, first: int, second: int) -> np.ndarray:
        """Return the motion (4, 4) that was told between two stamps."""
        return np.linalg.inv(self.poses[first]) @ self.poses[second]

    def first(self, state: str | None = None) -> int | None:
        """Return the stamp of the first pose, or of the first in a tracking state."""
        states = self._states()
        return min((stamp for stamp in self._since() if state is None or states.get(stamp) == state), default=None)

    def after(self, stamp: int) -> int | None:
        """Return the stamp of the first pose from one on."""
        return min((one for one in self._since() if one >= stamp), default=None)

    def early(self) -> int:
        """Return how many poses there are of images that are still being relocated."""
        open_ = {stamp_of(s) for s in self._robot.heard['status'] if s.tracking_reason.startswith('relocating')}
        return len(open_.intersection(self._since()))

    def _since(self) -> list[int]:
        return [stamp for stamp in map(stamp_of, self._robot.heard['pose']) if stamp > self._restarted]

    def _states(self) -> dict[int, str]:
        return {stamp_of(status): status.tracking for status in self._robot.heard['status']}


def _kill(node: NodeProcess, footage: Footage, folder: Path, writing: bool) -> bool:
    """Kill the node; return whether that left a state half written. writing: wait for one to be begun."""
    end = time.monotonic() + (2.0 if writing else 0.0)
    while time.monotonic() < end and not _unfinished(folder):
        footage.show()
        time.sleep(0.0002)
    node.process.kill()
    node.process.wait()
    return _unfinished(folder)


def _unfinished(folder: Path) -> bool:
    return any(map(PART.fullmatch, os.listdir(folder)))


def fate_of(node: NodeProcess) -> str:
    """Return what a node's log says became of the saved state, 'silent' if it says nothing yet; see Outcome."""
    log = node.log()
    return next((fate for words, fate in ((RESUMED, 'went on'), (REFUSED, 'refused'), (NOTHING, 'nothing saved'),
                                          ('not resumed, a new odometry begins', 'damaged')) if words in log), 'silent')


def _trouble(lives: list[NodeProcess], status: int) -> str:
    torn = [life.log_path.name for life in lives if 'Traceback' in life.log()]
    return ', '.join([*(f'traceback in {name}' for name in torn), *([f'exit status {status}'] if status else [])])


def _extent(motion: np.ndarray) -> tuple[float, float]:
    metres, radians = extent(motion)
    return metres, float(np.degrees(radians))


def _outcome(trial: Trial, fate: str, **found) -> Outcome:
    return Outcome(trial.number, trial.still, trial.writing, trial.again_s is not None, fate, **found)
