# SPDX-License-Identifier: Apache-2.0
"""Recorded steps. Where there is no GPU a graph is played by computing again into the recorded outputs: what is tested
is which inputs a graph gets, when it may be played, and that its outputs are not handed out as they lie."""

from __future__ import annotations

import gc
import logging
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from ttt3r_ros.model import recording, recurrence
from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recording import Recordings
from ttt3r_ros.model.recurrence import NonFinitePrediction, Recurrence
from ttt3r_ros.model.update_rules import RULES, make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor


class Player:
    """Stands for a CUDA graph: the same computation, from the same inputs' places into the same outputs' places."""

    played = 0

    def __init__(self, work):
        self._work, self.outputs = work, recording._copy(work())

    def replay(self):
        Player.played += 1
        recording._fill(self.outputs, self._work())


def record(work):
    player = Player(work)
    return player, player.outputs


@pytest.fixture(scope='module')
def network():
    """A small network."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Network(PRESETS['small']).for_inference()


@pytest.fixture
def recorded(network, monkeypatch):
    """Return a function that makes a recurrence whose steps are recorded."""
    monkeypatch.setattr(recurrence, 'players', lambda network: (Recordings(record, network.tables),
                                                                 Recordings(record, network.tables)))
    monkeypatch.setattr(Player, 'played', 0)
    return lambda rule: Recurrence(network, make_rule(rule))


def image(seed, width=80):
    return torch.rand((1, 3, 48, width), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def computed(network, rule, steps):
    """Return the poses of a recurrence whose steps are computed, after steps (seed, width)."""
    plain = Recurrence(network, make_rule(rule))
    return [plain.step(image(*step)).prediction.pose for step in steps], plain.memory


@pytest.mark.parametrize('rule', [*RULES, 'filt3r+memix'])
def test_played_steps_are_the_computed_ones(network, recorded, rule, monkeypatch):
    """Every rule's steps and memory are the same to the bit, however often the image's size changes, and earlier
    results keep their values."""
    recurrence = recorded(rule)
    steps = [(i, 80) for i in range(7)] + [(i, 64) for i in range(7, 12)] + [(12, 80)]
    poses = [recurrence.step(image(*step)).prediction.pose for step in steps]
    assert Player.played >= 8  # encodings, and all the rest
    monkeypatch.undo()
    expected, memory = computed(network, rule, steps)
    assert all(torch.equal(a, b) for a, b in zip(poses, expected, strict=True))
    assert torch.equal(recurrence.memory.state, memory.state)
    for name, value in memory.rule.items():
        assert torch.equal(recurrence.memory.rule[name], value)


def test_frozen_and_refused_steps_are_played_too(network, recorded):
    """A played step that is not to write leaves the memory alone, and so does one that is not finite."""
    recurrence = recorded('ttt3r')
    for seed in range(4):
        recurrence.step(image(seed))
    state, played = recurrence.memory.state.clone(), Player.played
    recurrence.step(image(5), write=False)
    with pytest.raises(NonFinitePrediction):
        recurrence.step(torch.full((1, 3, 48, 80), float('nan')))
    assert Player.played == played + 4 and torch.equal(recurrence.memory.state, state)


def test_a_new_rule_is_recorded_anew(recorded):
    """What was recorded under one rule is not played under another."""
    recurrence = recorded('cut3r')
    for seed in range(4):
        recurrence.step(image(seed))
    recurrence.rule = make_rule('constant', {'constant.share': 0.5})
    played = Player.played
    for seed in range(2):
        assert (recurrence.step(image(seed)).gate == 0.5).all()
    assert Player.played <= played + 3  # two encodings, and at most the check of the new recording
    recurrence.rule = replace(recurrence.rule, share=0.25)
    assert all((recurrence.step(image(seed)).gate == 0.25).all() for seed in range(4))


@pytest.mark.parametrize('rule', RULES)
def test_a_warm_reconstructor_plays_from_its_first_frames_on(network, recorded, rule):
    """Three blank images are enough to record what all later frames take."""
    reconstructor = Reconstructor(network, make_rule(rule))
    reconstructor.warm_up((48, 64), 3)
    played = Player.played
    for value in (50, 200):
        reconstructor.step(np.full((48, 64, 3), value, np.uint8))
    # A segment's first is another computation under a rule that keeps something, and never recorded.
    assert Player.played == played + 2 + (3 if RULES[rule].memory else 4)  # and what is told of either step


def test_a_recording_keeps_the_tables_that_it_reads(network, recorded):
    """The network lets go of those of another size; two sizes in turn are recorded once each."""
    recurrence = recorded('ttt3r')
    for seed in range(4):
        recurrence.step(image(seed))
    tables = [weakref.ref(table) for table in network.tables()]
    assert len(tables) == 3
    for seed in range(4):
        recurrence.step(image(seed, 64))
    gc.collect()
    assert all(table() is not None for table in tables)
    played = Player.played
    for seed in range(3):
        recurrence.step(image(seed, 80))
        recurrence.step(image(seed, 64))
    assert Player.played == played + 12


def failing(work):
    raise RuntimeError('operation not permitted when stream is capturing\nmore')


def wrong(work):
    player = Player(lambda: work() + 1)
    return player, player.outputs


def empty(work):
    player = Player(work)
    player.replay = lambda: None
    return player, player.outputs


@pytest.mark.parametrize(('how', 'text'), [(failing, 'not permitted'), (wrong, 'other answers'),
                                           (empty, 'other answers')])
def test_what_cannot_be_recorded_is_computed_and_told(caplog, how, text):
    """A graph that cannot be made, or gives something else, costs one warning and no answer."""
    recordings = Recordings(how)
    with caplog.at_level(logging.WARNING):
        for i in range(6):
            value = torch.tensor([float(i + 1)])
            assert torch.equal(recordings.run(lambda x: x * 2, value, 'double'), value * 2)
    assert len(caplog.records) == 1 and text in caplog.text and 'more' not in caplog.text


def test_a_result_that_is_not_finite_is_not_recorded():
    """Nothing can be checked against a NaN: the next good result is recorded."""
    recordings, before = Recordings(record), Player.played
    for value in (1.0, float('nan'), float('nan')):
        recordings.run(lambda x: x * 2, torch.tensor([value]), 'double')
    assert Player.played == before
    for value in (3.0, 4.0):
        assert recordings.run(lambda x: x * 2, torch.tensor([value]), 'double') == 2 * value
    assert Player.played == before + 2


def test_two_recordings_are_kept():
    """Each holds a step's working memory: a third, of another size, lets the first go."""
    graphs = []

    def watched(work):
        graph, outputs = record(work)
        graphs.append(weakref.ref(graph))
        return graph, outputs

    recordings = Recordings(watched)
    for size in (1, 2, 3):
        for _ in range(2):
            assert torch.equal(recordings.run(lambda x: x + 1, torch.zeros(size), 'sum'), torch.ones(size))
    gc.collect()
    assert [graph() is not None for graph in graphs] == [False, True, True]


class Computed(Recurrence):
    """Steps that are never played."""

    played = False


def test_those_beside_each_other_share_what_is_recorded(recorded, network):
    """Batches of every size are played, each from its own memories, whoever of the two asks; and there is room."""
    one = recorded('filt3r')
    other = Recurrence(network, make_rule('filt3r'), beside=one)
    plain = [Computed(network, make_rule('filt3r')) for _ in range(2)]
    for seed in range(9):
        shown = [image(seed), image(100 + seed)]
        expected = [twin.step(i) for twin, i in zip(plain, shown, strict=True)]
        if seed % 2:
            asked = one if seed % 4 == 1 else other
            steps = asked.look_each(asked.encode(torch.cat(shown)), (one.memory, other.memory))
        else:
            steps = [each.look(each.encode(i)) for each, i in zip((one, other), shown, strict=True)]
        for each, step, wanted in zip((one, other), steps, expected, strict=True):
            each.accept(step, [True] * len(step.parts))
            torch.testing.assert_close(step.prediction.pose, wanted.prediction.pose, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(other.memory.state, plain[1].memory.state, rtol=1e-4, atol=1e-5)
    assert len(one._steps._recorded) == 2 and Player.played >= 8
