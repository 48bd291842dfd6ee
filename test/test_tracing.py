# SPDX-License-Identifier: Apache-2.0
"""Traced steps: the computed ones, to the bit, whoever else uses the network."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pytest
import torch

from ttt3r_ros.benchmark.machine import resident_bytes
from ttt3r_ros.model import tracing
from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import NonFinitePrediction, Recurrence
from ttt3r_ros.model.threads import gflop
from ttt3r_ros.model.tracing import Traces, traces_of
from ttt3r_ros.model.update_rules import RULES, make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor

AFTER = Traces.after


class Computed(Recurrence):
    """Steps that are computed call by call."""

    played = False


@pytest.fixture
def network():
    """A small network of its own, of which nothing is traced yet."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Network(PRESETS['small']).for_inference()


@pytest.fixture
def early(monkeypatch):
    """Let everything be traced at its second call."""
    monkeypatch.setattr(Traces, 'after', 2)


def image(seed, width=64):
    return torch.rand((1, 3, 48, width), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_an_answer_that_is_no_number_is_the_computed_one():
    """As where points allow no focal length: the trace is kept. Another number instead is none."""
    traces = Traces()
    given = torch.tensor([-1.0, 4.0])
    for _ in range(AFTER + 1):
        assert torch.allclose(traces.run(torch.sqrt, given, 'root'), torch.tensor([torch.nan, 2]), equal_nan=True)
    assert len(traces._traced) == 1

    others = iter(range(100))
    traces = Traces()
    for _ in range(AFTER):
        traces.run(lambda x: torch.sqrt(x) + next(others), given, 'another')
    assert not traces._traced


@pytest.mark.parametrize('rule', [*RULES, 'filt3r+memix'])
def test_traced_steps_are_the_computed_ones(network, early, rule):
    """To the bit under every rule, at two sizes in turn and over a reset; earlier results keep their values."""
    traced, computed = (kind(network, make_rule(rule)) for kind in (Recurrence, Computed))
    found, expected = [], []
    for seed in range(14):
        if seed == 9:
            traced.reset()
            computed.reset()
        shown = image(seed, 80 if 4 <= seed < 8 else 64)
        found.append(traced.step(shown))
        expected.append(computed.step(shown))
    assert len(traces_of(network)._traced) == 4  # encodings and steps of two sizes
    for a, b in zip(found, expected, strict=True):
        assert torch.equal(a.prediction.points, b.prediction.points)
        assert torch.equal(a.prediction.pose, b.prediction.pose) and torch.equal(a.gate, b.gate)
    assert torch.equal(traced.memory.state, computed.memory.state)
    for name, value in computed.memory.rule.items():
        assert torch.equal(traced.memory.rule[name], value)


def test_segments_that_begin_are_played_too(network, early, monkeypatch):
    """Under a rule that keeps nothing: alone, and in a batch at any place, by what was traced of later frames."""
    one, computed = (kind(network, make_rule('ttt3r')) for kind in (Recurrence, Computed))
    for seed in range(3):
        one.step(image(seed))
    both = one.encode(torch.cat([image(3), image(4)]))
    for _ in range(2):
        one.look_each(both, (one.memory, one.memory))
    later = one.memory
    places = [(one.start, later), (later, one.start), (one.start, one.start)]
    expected = [computed.look_each(both, memories) for memories in places]
    alone = computed.step(image(5))
    monkeypatch.setattr(Recurrence, '_compute', None)
    for memories, steps in zip(places, expected, strict=True):
        for found, step in zip(one.look_each(both, memories), steps, strict=True):
            assert torch.equal(found.prediction.pose, step.prediction.pose)
            assert torch.equal(found.after.state, step.after.state)
    one.reset()
    assert torch.equal(one.step(image(5)).prediction.points, alone.prediction.points)
    assert torch.equal(one.memory.state, computed.memory.state)


def test_nothing_of_a_shape_is_computed_in_a_traced_step(network, early):
    """What shapes alone decide is done once: no table of rotations is made anew, and numbers are divided in einops."""
    recurrence = Recurrence(network, make_rule('ttt3r'))
    for seed in range(3):
        recurrence.step(image(seed))
    names = [node.kind() for node in torch.jit.last_executed_optimized_graph().nodes()]
    assert names.count('aten::addcmul_') > 10 and not {*names} & {'aten::cos', 'aten::arange'}
    assert names.count('aten::floor_divide') < 6


def test_a_rule_of_other_values_is_traced_anew(network, early):
    """What was traced under one is not played under another."""
    recurrence = Recurrence(network, make_rule('constant', {'constant.share': 0.5}))
    for share in (0.5, 0.25, 0.5):
        recurrence.rule = make_rule('constant', {'constant.share': share})
        gates = [recurrence.step(image(seed)).gate for seed in range(4)]
        assert all((gate == share).all() for gate in gates[1:])


def test_a_traced_step_reads_the_weights_that_are_there(network, early):
    """They are the network's own, not copies: what is written into them shows, and what is not finite is refused."""
    recurrence = Recurrence(network, make_rule('ttt3r'))
    for seed in range(4):
        recurrence.step(image(seed))
    assert traces_of(network)._traced
    network.downstream_head.pose_head.mlp.fc2.bias.fill_(torch.nan)
    state = recurrence.memory.state.clone()
    with pytest.raises(NonFinitePrediction, match='pose'):
        recurrence.step(image(4))
    assert torch.equal(recurrence.memory.state, state)


def test_all_who_run_a_network_share_its_traces(network, early):
    """A second recurrence plays from its second frame on, in another thread too; a copy of it has its own."""
    first = Recurrence(network, make_rule('ttt3r'))
    for seed in range(3):
        first.step(image(seed))
    traces = traces_of(network)
    calls = dict(traces._calls)
    copy = deepcopy(first)
    assert copy._steps is not traces and not copy._steps._traced

    def poses(kind):
        recurrence = kind(network, make_rule('ttt3r'))
        return [recurrence.step(image(seed)).prediction.pose for seed in range(20)]

    with ThreadPoolExecutor(2) as pool:
        several = list(pool.map(poses, (Recurrence, Recurrence)))
    assert traces._calls == calls
    for found in several:
        assert all(torch.equal(a, b) for a, b in zip(found, poses(Computed), strict=True))


def test_a_warm_reconstructor_plays_from_its_first_frames_on(network):
    """Alone and beside another: no later frame traces anything."""
    first = Reconstructor(network, make_rule('ttt3r'))
    second = Reconstructor(network, make_rule('ttt3r'), beside=first)
    assert first.settling == AFTER + 1
    first.warm_up((48, 64), first.settling)
    first.warm_up((48, 64), first.settling, [second])
    calls = dict(traces_of(network)._calls)
    assert sum(count == AFTER for count in calls.values()) == len(traces_of(network)._traced) == 6
    for value in (50, 200):
        for one in (first, second):
            assert one.step(np.full((48, 64, 3), value, np.uint8)).index == (value == 200)
    assert traces_of(network)._calls == calls


def test_a_traced_step_s_work_is_counted_as_ever(network, early):
    """Threads are chosen by it, also when somebody has run the network before."""
    reconstructor = Reconstructor(network, make_rule('ttt3r'))
    work = gflop(lambda: reconstructor.warm_up((48, 64), 1))
    reconstructor.warm_up((48, 64), 4)
    assert traces_of(network)._traced and gflop(lambda: reconstructor.warm_up((48, 64), 1)) == work > 0


def raising(x):
    return x * (2 if not torch.jit.is_tracing() else 1 / 0)


def otherwise(x):
    return x * (2 if not torch.jit.is_tracing() else 3)


@pytest.mark.parametrize(('function', 'text'), [(raising, 'division by zero'), (otherwise, 'other answers')])
def test_what_cannot_be_traced_is_computed_and_told(caplog, function, text):
    """A trace that cannot be made, or gives something else, costs one line and no answer."""
    traces = Traces()
    with caplog.at_level(logging.INFO):
        for i in range(2 * AFTER):
            value = torch.tensor([float(i + 1)])
            assert torch.equal(traces.run(function, value, 'double'), value * 2)
    assert len(caplog.records) == 1 and text in caplog.text


def test_so_many_traces_are_kept():
    """The oldest makes room, and may come again."""
    traces = Traces()
    for size in (*range(1, tracing.KEPT + 2), 1):
        for _ in range(AFTER + 1):
            assert torch.equal(traces.run(lambda x: x + 1, torch.zeros(size), 'sum'), torch.ones(size))
        assert len(traces._traced) <= tracing.KEPT
    assert len(traces._traced) == tracing.KEPT


def test_a_large_network_and_a_compiled_one_are_not_traced(network, monkeypatch):
    """In the one calls take next to nothing of the time; the other has no calls to spare."""
    monkeypatch.setattr(tracing, 'SMALL', sum(weight.numel() for weight in network.parameters()) - 1)
    assert traces_of(network) is None and Reconstructor(network, make_rule('ttt3r')).settling == 0
    monkeypatch.undo()
    network.compiled = True
    assert traces_of(network) is None


def test_a_trace_that_nobody_holds_is_freed_with_what_it_computed_with():
    """A node that is configured again and again stays as large as it is: the last weights' traces go with them."""
    before = resident_bytes()
    for _ in range(10):
        weight = torch.rand(10_000_000)
        traces = Traces()
        traces.after = 1
        traces.run(lambda x, weight=weight: x * weight, torch.ones(1), None)
        assert len(traces._traced) == 1
    grown = resident_bytes() - before
    assert grown < 4 * weight.nbytes, f'grown by {grown / 1e6:.0f} MB over ten of {weight.nbytes / 1e6:.0f}'


def test_a_trace_leaves_the_process_its_executor(network, early):
    """What else of TorchScript runs in the process runs as before."""
    recurrence = Recurrence(network, make_rule('ttt3r'))
    for seed in range(4):
        recurrence.step(image(seed))
    assert traces_of(network)._traced
    before = torch._C._jit_set_profiling_executor(True)
    assert before is True


def test_a_trace_is_silent_while_other_threads_read_pictures():
    """Whoever reads pictures in another thread silences warnings for a moment, and gives back what was before: that
    must not let the tracer's through to the terminal."""
    ran = subprocess.run([sys.executable, '-c', textwrap.dedent("""
        import warnings
        import torch
        from ttt3r_ros.model import layers
        from ttt3r_ros.model.tracing import Traces

        def step(x):
            if torch.jit.is_tracing():
                reading.__exit__(None, None, None)  # as a thread does that began before the trace
            return x * layers.sizes(x)[0]

        reading = warnings.catch_warnings()
        reading.__enter__()
        traces = Traces()
        for _ in range(Traces.after):
            traces.run(step, torch.ones(3), 'test')
        assert traces._traced, 'it was not traced'
        """)], capture_output=True, text=True, check=True)
    assert not ran.stderr
