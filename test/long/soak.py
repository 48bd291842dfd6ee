# SPDX-License-Identifier: Apache-2.0
"""A long run: a camera at 30 Hz, and in turn all that happens to a node that is in use.

    make soak [MINUTES=1440] [PHASE=40] [OUT=out/soak]

Each hour is a life of the node: a warm-up, which is every phase once, the phases again and again, and at its end
kill -9 and restarts. samples.csv is written as it comes, table.txt after each round.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import rclpy
from caller import Caller
from camera import Camera
from disturbances import PHASES, QUIET, Disturbance, kills
from forked import SERVER
from harness import SCRIPT, NodeProcess
from held_parameter_calls import parameter_calls
from killing import fate_of
from rcl_interfaces.srv import GetParameters, SetParameters
from report import COUNTED, LAST, LOST, WARM_UP, Phase, Report
from std_srvs.srv import Trigger
from ttt3r_ros.srv import LoadState, QueryView, SaveMap, SaveState
from vitals import Vitals
from witness import Witness

from ttt3r_ros.synthetic import World

RATE = 30.0
SEED, FRAMES, DRAWN = 25, 150, (120, 160)  # drawing larger pictures takes minutes, and the network sees smaller ones
SIZE = 480, 640
LIFE_MIN = 60.0
KILLED = 0.1  # of a life
SETTLED_S = 1.5  # without an image, after which all are counted and the counts told
SERVICES = {'reset': Trigger, 'start_afresh': Trigger, 'set_parameters': SetParameters, 'get_parameters': GetParameters,
            'save_state': SaveState, 'save_map': SaveMap, 'save_trajectory': SaveMap, 'query_view': QueryView,
            'load_state': LoadState}
PARAMETERS = {'weights': 'embedded', 'precision': 'auto', 'base_frame': 'base_link', 'map_frame': 'map',
              'keyframes': 8, 'map__cell': 0.1, 'autosave_interval': 1.0, 'resume': True}


# A process that took seconds to start would be a load of ours, not of the node's.
SERVER.set_forkserver_preload(['ttt3r_ros.ros.main', 'soak'])


class Soak:
    """The node, its camera, and who watches them."""

    def __init__(self, folder: Path, size: tuple[int, int], seconds: float) -> None:
        """Film and begin; size: (h, w) of the images, seconds: of a phase."""
        self._folder, self._seconds = folder, seconds
        world = World(SEED, FRAMES, DRAWN)
        np.save(folder / 'film.npy', np.stack([cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
                                               for image, _ in world.film()]))
        self.camera = Camera(folder / 'film.npy', RATE)
        self.witness = Witness(self.camera, world.poses)
        self.caller = Caller(self.witness.node)
        self.report = Report(folder)
        self.lives = self._starts = 0
        self._started = 0.0
        self._node: NodeProcess | None = None

    def start(self) -> None:
        """Start the node."""
        self._node = NodeProcess(
            self._folder / f'node{self._starts}.log', script=SCRIPT, files_dir=str(self._folder / 'files'),
            state_file=str(self._folder / 'robot.state'), **PARAMETERS)
        self._starts += 1
        self._started = time.monotonic()
        self.witness.statuses = 0

    def kill(self) -> None:
        """End the node with kill -9 and start it again."""
        self._node.process.kill()
        self._node.process.wait()
        self.witness.forget(float('inf'))
        self.start()

    @property
    def since_start(self) -> float:
        """Seconds since the node was last started."""
        return time.monotonic() - self._started

    @property
    def outcome(self) -> str:
        """What became of the saved state, see killing.fate_of."""
        return fate_of(self._node)

    def life(self, minutes: float, least: int) -> None:
        """Warm-up, rounds, kills; least: rounds, the warm-up among them."""
        ends = time.monotonic() + 60 * minutes
        self.camera.pause()
        self.start()
        self.caller.know(SERVICES, self._spin)
        self.camera.go_on()
        self._spin(1.0)  # the first ones may come before the node knows the camera
        self._settle()
        begun = self._counted()
        sent = self.camera.sent
        rounds = 0
        while rounds < least or time.monotonic() + self._round_s < ends - KILLED * 60 * minutes:
            for name, disturbance in PHASES.items():
                self._phase(name, disturbance, str(rounds) if rounds else WARM_UP)
            rounds += 1
            self.report.write()
        self._phase(QUIET, PHASES[QUIET], LAST)
        self.camera.go_on()
        self._spin(0.2)  # an image that was lost is counted with the next one
        self._settle()
        self.report.unaccounted.append(self.camera.sent - sent - (self._counted() - begun))
        self.camera.go_on()
        for seen in self._run(kills, ends - time.monotonic(), lambda: self.report.killed >= 2):
            self.report.sample(self.lives, LAST, 'kill -9', seen)
        self._node.stop()
        self.lives += 1
        self.report.write()

    def end(self) -> None:
        """Leave nothing running."""
        if self._node is not None:
            self._node.stop()
        self.camera.end()
        self.witness.close()

    @property
    def _round_s(self) -> float:
        return (len(PHASES) + 0.5) * self._seconds + len(PHASES) * SETTLED_S

    def _phase(self, name: str, disturbance: Disturbance, number: str) -> None:
        self.witness.turn()
        self.caller.turn()
        sent, before = self.camera.sent, self._counts()
        seconds = self._seconds * (1.5 if name == QUIET else 1.0)  # a minute, where phases have 40 s
        self.camera.go_on()
        vitals = []
        for seen in self._run(disturbance, seconds):
            vitals.append(seen)
            self.report.sample(self.lives, number, name, seen)
        vitals.append(Vitals.of(self._node.process.pid))
        self._settle()
        counts = self._counts()
        self.report.phases.append(Phase(
            name, number, self.lives, seconds, self.camera.sent - sent,
            {key: counts[key] - before[key] for key in counts}, self.witness.latencies, self.caller.milliseconds,
            len(self.caller.open), self.caller.failures, self.witness.wrong, self.witness.off, self.witness.steps,
            vitals))

    def _run(self, disturbance: Disturbance, seconds: float,
             enough: Callable[[], bool] = lambda: True) -> Iterator[Vitals]:
        """Yield each second what the node has of the machine."""
        going = disturbance(self)
        now = time.monotonic()
        end, due, look = now + seconds, now, now
        try:
            while (now := time.monotonic()) < end or not enough():
                if now >= due:
                    due = now + next(going)
                if now >= look:
                    yield Vitals.of(self._node.process.pid)
                    look += 1.0
                self.witness.spin_until(min(due, look))
        finally:
            going.close()

    def _settle(self) -> None:
        self.camera.pause()
        self._spin(SETTLED_S)
        after = time.monotonic()
        while self.witness.heard_at < after:
            self._spin(0.1)

    def _spin(self, seconds: float) -> None:
        self.witness.spin_until(time.monotonic() + seconds)

    def _counts(self) -> dict[str, int]:
        return {key: self.witness.number('input', key) for key in (*COUNTED, LOST)}

    def _counted(self) -> int:
        return sum(self._counts().values())


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--minutes', type=float, default=1440.0, help='default: %(default)s')
    parser.add_argument('--phase', type=float, default=40.0, metavar='S', help='of a phase (default: %(default)s)')
    parser.add_argument('--out', type=Path, default=Path('out/soak'), help='default: %(default)s')
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rclpy.init()
    report = soak(args.out, args.minutes, args.phase)
    print((args.out / 'table.txt').read_text())
    return 0 if all(held for held, _ in report.verdicts()) else 1


def soak(folder: Path, minutes: float, seconds: float, size: tuple[int, int] = SIZE, least: int = 2) -> Report:
    """Run it; rclpy is initialised. seconds: of a phase, size: (h, w) of the images, least: rounds of a life."""
    running = Soak(folder, size, seconds)
    try:
        for length in lives(minutes):
            running.life(length, least)
    finally:
        running.end()
    running.report.call_ms = parameter_calls(folder)
    running.report.write()
    return running.report


def lives(minutes: float) -> Iterator[float]:
    """Yield the minutes of each life."""
    count = max(1, round(minutes / LIFE_MIN))
    yield from [minutes / count] * count


if __name__ == '__main__':
    sys.exit(main())
