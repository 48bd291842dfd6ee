# SPDX-License-Identifier: Apache-2.0
"""Several reconstructors stepped as one batch: each answers as it does alone."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import NonFinitePrediction, Recurrence
from ttt3r_ros.model.update_rules import RULES, make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.together import alone, together
from ttt3r_ros.reconstruction.tracking import TrackingMonitor
from ttt3r_ros.synthetic import World

CONFIG = ModelConfig(head='linear', image_size=64, enc_dim=64, enc_depth=2, enc_heads=4, dec_dim=64, dec_depth=3,
                     dec_heads=4, state_heads=4, state_tokens=24, memory_tokens=6, world_points=False, rgb=False)
SECOND = 1_000_000_000
DARK = np.zeros((96, 128, 3), np.uint8)


@pytest.fixture(scope='module')
def network():
    """A small network with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Network(CONFIG).for_inference()


@pytest.fixture(scope='module')
def images():
    """A camera's way through a room."""
    return [image for image, _ in World(1000, 12, (96, 128)).film()]


@pytest.fixture
def batches(monkeypatch):
    """The sizes of the batches that the network looks at, as it comes to them."""
    sizes, look_each = [], Recurrence.look_each

    def watched(self, encoded, memories, **arguments):
        sizes.append(len(memories))
        return look_each(self, encoded, memories, **arguments)

    monkeypatch.setattr(Recurrence, 'look_each', watched)
    return sizes


def assert_same(found, expected):
    """The frames are the same but for rounding."""
    for name in ('pose', 'points', 'confidence'):
        a, b = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * np.nanmax(np.abs(b)), err_msg=name)
    assert (found.segment, found.index, found.trusted) == (expected.segment, expected.index, expected.trusted)


@pytest.mark.parametrize('rule', [*RULES, 'filt3r+memix'])
def test_each_of_a_batch_answers_as_it_does_alone(network, images, batches, rule):
    """Memories of other ages, one that begins and one that is reset meanwhile: all as alone, to 1e-5, and every image
    in the batch of its round."""
    def robots():
        made = [Reconstructor(network, make_rule(rule), policy=Interval(interval)) for interval in (100, 100, 4, 100)]
        for age, one in enumerate(made):
            for image in images[:age]:
                one.step(image)
        return made

    singly, batched = robots(), robots()
    batches.clear()
    for turn in range(5):
        shown = [images[(turn + 2 * k) % len(images)] for k in range(4)]
        frames = together([one.stepping(image) for one, image in zip(batched, shown, strict=True)])
        assert batches == ([4, 1] if frames[2].segment > singly[2].segment else [4])
        for one, image, frame in zip(singly, shown, frames, strict=True):
            assert_same(frame, one.step(image))
        batches.clear()
    assert batched[2].segment == 1
    for one, other in zip(singly, batched, strict=True):
        np.testing.assert_allclose(one._recurrence.memory.state, other._recurrence.memory.state, rtol=1e-5, atol=1e-5)


def test_trained_weights_and_what_the_monitor_says(batches):
    """The embedded weights under a monitor, one camera covered for a while: the same frames, trusted and not."""
    network = load_network('embedded').network
    world = World(1000, 192, (96, 128))  # at a walking pace: no camera is lost but the covered one
    images = [image for image, _ in world.film_from(world.poses[:12])]
    singly, batched = ([Reconstructor(network, make_rule('ttt3r'), monitor=TrackingMonitor(), policy=Interval(16))
                        for _ in range(3)] for _ in range(2))
    lost = set()
    for turn, image in enumerate(images):
        shown = [image, DARK if 3 <= turn < 6 else image, images[-1 - turn]]
        stamp = turn * SECOND // 10
        frames = together([one.stepping(i, stamp=stamp) for one, i in zip(batched, shown, strict=True)])
        for one, i, frame in zip(singly, shown, frames, strict=True):
            assert_same(frame, one.step(i, stamp=stamp))
        lost |= {turn} if not frames[1].trusted else set()
    assert {3, 4, 5} <= lost
    assert batched[1].segment > batched[0].segment
    assert max(batches) == 3


def test_what_one_raises_is_no_others_matter(network, images, batches):
    """No image, a memory that is not finite and another size: the others' answers are as ever, in their batch."""
    robots = [Reconstructor(network, make_rule('ttt3r')) for _ in range(5)]
    for one in robots:
        one.step(images[0])
    expected = [deepcopy(robots[k]).step(images[1]) for k in (0, 3)]
    memory = robots[2]._recurrence.memory
    robots[2]._recurrence.memory = replace(memory, state=torch.full_like(memory.state, torch.nan))
    batches.clear()
    outcomes = together([one.stepping(image) for one, image in zip(
        robots, (images[1], images[1][..., 0], images[1], images[1], images[1][:48].copy()), strict=True)])
    assert isinstance(outcomes[1], ValueError) and isinstance(outcomes[2], NonFinitePrediction)
    for found, one in zip((outcomes[0], outcomes[3]), expected, strict=True):
        assert_same(found, one)
    assert outcomes[4].image.shape != outcomes[0].image.shape and sorted(batches) == [1, 3]


def test_a_batch_that_fails_fails_for_all_in_it(network, images, monkeypatch):
    """A device that fails in mid-batch is told to each that waited for it, as it is to one alone."""
    robots = [Reconstructor(network, make_rule('ttt3r')) for _ in range(2)]
    for one in robots:
        one.step(images[0])
    before = [one._recurrence.memory for one in robots]

    def fail(*_):
        raise RuntimeError('out of memory')

    monkeypatch.setattr(network, 'decode', fail)
    outcomes = together([one.stepping(images[1]) for one in robots])
    assert all(isinstance(outcome, RuntimeError) for outcome in outcomes)
    with pytest.raises(RuntimeError, match='out of memory'):
        alone(robots[0].stepping(images[1]))
    assert [one._recurrence.memory for one in robots] == before


def test_a_memory_keeps_nothing_of_the_others(network, images):
    """What a robot of a batch goes on with holds its own numbers alone, however long it is kept."""
    robots = [Reconstructor(network, make_rule('filt3r')) for _ in range(4)]
    frames = together([one.stepping(images[0]) for one in robots])
    memory = robots[1]._recurrence.memory
    for value in (memory.state, memory.pose_memory, *memory.rule.values()):
        assert value.untyped_storage().nbytes() == value.nbytes
    assert frames[1].points.base is None or frames[1].points.base.nbytes == frames[1].points.nbytes


def test_rules_that_differ_are_batches_of_their_own(network, images, batches):
    """Each is written by its own rule."""
    rules = ('ttt3r', 'cut3r', 'ttt3r')
    robots, singly = ([Reconstructor(network, make_rule(rule)) for rule in rules] for _ in range(2))
    for image in images[:3]:
        for one, frame in zip(singly, together([one.stepping(image) for one in robots]), strict=True):
            assert_same(frame, one.step(image))
    assert sorted(batches) == [1] * 12 + [2] * 3
