# SPDX-License-Identifier: Apache-2.0
"""How many threads a live run takes, on machines whose times are made up."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from ttt3r_ros.model import thread_watch
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.thread_watch import AGAIN, FEWEST, RECENT, TRIED, ThreadWatch
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.offline.stream import Stream
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.ros import device_watch
from ttt3r_ros.ros.device_watch import DeviceWatch
from ttt3r_ros.sequences import open_sequence


class Machine:
    """Says how long a step takes in so many threads: `seconds` by number, and more in the first of a number."""

    def __init__(self, monkeypatch, **seconds: float):
        self.seconds = {int(name.lstrip('in')): value for name, value in seconds.items()}
        self.number = max(self.seconds)
        self.used: list[int] = []
        self._begun = False
        monkeypatch.setattr(thread_watch, 'use_threads', self._use)
        self.watch = ThreadWatch(self.number)

    def _use(self, number: int) -> None:
        self._begun, self.number = number != self.number, number

    def run(self, steps: int) -> list[int]:
        """Step so often; return in how many threads each was."""
        numbers = []
        for _ in range(steps):
            numbers.append(self.number)
            slow, self._begun = 3.0 if self._begun else 1.0, False
            self.watch.took(slow * self.seconds[self.number])
        return numbers


TRIAL = 3 * TRIED  # of 4, 2 and 1


def test_the_quickest_number_is_found_with_the_first_steps(monkeypatch, caplog):
    """All are tried in turn, and that is told if it changes what was."""
    machine = Machine(monkeypatch, in4=4.0, in2=1.5, in1=2.0)
    with caplog.at_level(logging.INFO):
        assert machine.run(TRIAL) == [4] * TRIED + [2] * TRIED + [1] * TRIED
    assert set(machine.run(100)) == {2}
    assert caplog.messages == ['computing in 2 threads now: 4000 ms in 4, 1500 ms in 2, 2000 ms in 1']


def test_a_thread_that_gains_next_to_nothing_is_left_alone(monkeypatch):
    """Its core is somebody else's."""
    machine = Machine(monkeypatch, in4=0.96, in2=0.98, in1=1.0)
    machine.run(TRIAL)
    assert set(machine.run(50)) == {1}


def test_other_jobs_that_come_and_go_are_followed(monkeypatch):
    """Where steps take much longer than they did all numbers are tried again; cores that became free are found too."""
    machine = Machine(monkeypatch, in4=1.0, in2=2.0, in1=4.0)
    machine.run(TRIAL)
    assert set(machine.run(FEWEST)) == {4}
    machine.seconds = {4: 9.0, 2: 6.0, 1: 4.0}
    assert machine.run(RECENT + TRIAL)[-1] == 1 and set(machine.run(FEWEST)) == {1}
    machine.seconds = {4: 1.0, 2: 2.0, 1: 4.0}
    later = machine.run(AGAIN + TRIAL)
    assert later[-1] == 4 and later.count(1) < AGAIN + TRIED


def test_a_single_slow_step_changes_nothing(monkeypatch):
    """A frame that took ten times as long, once in a while."""
    machine = Machine(monkeypatch, in4=1.0, in2=2.0, in1=4.0)
    machine.run(TRIAL)
    for _ in range(10):
        machine.watch.took(10.0)
        assert set(machine.run(FEWEST)) == {4}


def test_what_is_worth_one_thread_has_one(monkeypatch):
    """Small networks are not tried in more."""
    monkeypatch.setattr(thread_watch, 'use_threads', pytest.fail)
    watch = ThreadWatch(1)
    for seconds in (1.0, *[9.0] * 2 * AGAIN):
        watch.took(seconds)


@pytest.mark.parametrize('live', [True, False])
def test_a_stream_watches_while_images_come_live(monkeypatch, live):
    """And leaves a recording's threads as they are: two runs of it are to be equal."""
    told = []
    monkeypatch.setattr(ThreadWatch, 'took', lambda self, seconds: told.append(seconds))
    sequence = open_sequence('synthetic:0:3')
    sequence.live = live
    frames = list(Stream(sequence, Reconstructor(load_network('untrained').network, make_rule('ttt3r'))))
    assert len(frames) == 3 and told == ([frame.step_s for frame in frames] if live else [])


@pytest.mark.parametrize('count', [1, 3])
def test_a_node_tells_each_images_share(monkeypatch, count):
    """Of images that are answered together."""
    told = []
    watch = DeviceWatch(None)
    watch.threads = ThreadWatch(2)
    monkeypatch.setattr(watch.threads, 'took', told.append)
    clock = iter((10.0, 16.0))
    monkeypatch.setattr(device_watch.time, 'perf_counter', lambda: next(clock))
    job = SimpleNamespace(pipeline=SimpleNamespace(answering=lambda job, following: iter(())))
    monkeypatch.setattr(device_watch, 'together', lambda steps: [None] * len(steps))
    watch.answer([job] * count, lambda: None)
    assert told == [6.0 / count]
