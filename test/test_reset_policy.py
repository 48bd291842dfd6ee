# SPDX-License-Identifier: Apache-2.0
"""When the memory is to start afresh, told from statistics made up for each case."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from ttt3r_ros.evaluation.accuracy import accuracy
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.recurrence import NonFinitePrediction, Recurrence
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import (
    PATIENCE,
    POLICIES,
    SETTLING,
    WINDOW,
    Adaptive,
    CameraGap,
    FrameStatistics,
    Interval,
    Never,
    ResetPolicyError,
    check_state,
    make_reset_policy,
)
from ttt3r_ros.sequences import Trajectory
from ttt3r_ros.synthetic import World

GOOD = 0.30, 3.0  # gate's mean, confidence's median
LOST = 0.60, 1.9  # the gate far off its baseline, the confidence halved: bad only together
DARK = 0.30, 1.2  # the confidence above 1 a tenth


def frames(level, count, segment=0, seed=0):
    """Return the statistics of so many frames about a level of gate and confidence, with a little noise."""
    rng = np.random.default_rng(seed)
    gate, confidence = level
    return [FrameStatistics(gate + rng.normal(0, 0.01), 1 + (confidence - 1) * np.exp(rng.normal(0, 0.05)), segment)
            for _ in range(count)]


def asked(policy, statistics) -> list[int]:
    """Return the indices of the frames after which the policy asks for a reset."""
    return [i for i, s in enumerate(statistics) if policy.due(s)]


def learned(count: int = 100) -> Adaptive:
    """Return an adaptive policy that has seen so many good frames."""
    policy = Adaptive()
    assert asked(policy, frames(GOOD, count)) == []
    return policy


def test_never():
    """Whatever is seen, there is no reset."""
    assert asked(make_reset_policy('never', 0), frames(GOOD, 100) + frames(LOST, 100)) == []


def test_interval_is_the_reconstructors():
    """The reconstructor's own resets are those of one that is asked from outside."""
    images = np.random.default_rng(0).integers(0, 255, (8, 32, 48, 3), np.uint8)
    network = load_network('untrained').network
    automatic = Reconstructor(network, make_rule('ttt3r'), policy=Interval(4))
    asking, policy = Reconstructor(network, make_rule('ttt3r')), make_reset_policy('interval', 4)
    segments = []
    for image in images:
        frame = asking.step(image)
        segments.append(frame.segment)
        if policy.due(FrameStatistics.of(frame)):
            asking.reset()
    assert segments == [automatic.step(image).segment for image in images] == [0] * 4 + [1] * 3 + [2]


def test_an_interval_counts_from_any_reset():
    """A reset that somebody else asked for begins the count anew; a reset that failed is asked for again."""
    policy = Interval(5)
    assert asked(policy, frames(GOOD, 3)) == []
    assert asked(policy, frames(GOOD, 6, segment=1)) == [3, 4, 5]


def test_an_interval_counts_no_frame_that_a_segment_does_not_have():
    """After a loss none is shared with the segment before; one that is met in mid-run has what was seen of it."""
    policy = Interval(5)
    assert asked(policy, frames(GOOD, 3)) == []
    after_a_loss = [replace(frame, shares=False) for frame in frames(GOOD, 6, segment=2)]
    assert asked(policy, after_a_loss) == [4, 5]
    assert asked(Interval(5), frames(GOOD, 6, segment=7)) == [4, 5]


def test_good_frames_ask_for_nothing():
    """A thousand frames of noise, and confidence and gate that slowly wander, are no reason."""
    assert asked(Adaptive(), frames(GOOD, 1000)) == []
    slow = np.sin(np.arange(2000) / 150)
    wandering = [FrameStatistics(s.gate_mean + 0.1 * w, 1 + (s.confidence_median - 1) * np.exp(0.4 * w), 0)
                 for s, w in zip(frames(GOOD, 2000), slow)]
    assert asked(Adaptive(), wandering) == []


@pytest.mark.parametrize('gate', [0.05, 0.60])
def test_a_memory_that_explains_nothing_is_reset(gate):
    """The confidence far below its baseline with the gate at either extreme asks after PATIENCE frames, not before."""
    policy = learned()
    statistics = frames((gate, LOST[1]), 10)
    assert asked(policy, statistics) == list(range(PATIENCE - 1, 10))
    assert 'gate' in policy.due(statistics[0])


def test_one_sign_alone_is_no_reason():
    """Neither a lower confidence with the gate as ever nor an odd gate with the confidence as ever asks."""
    assert asked(learned(), frames((GOOD[0], LOST[1]), 30)) == []
    assert asked(learned(), frames((LOST[0], GOOD[1]), 30)) == []


def test_a_collapse_needs_no_gate():
    """The confidence fallen to a fraction asks by itself, also under a rule whose gate never changes."""
    policy = Adaptive()
    assert asked(policy, frames((1.0, 3.0), 80)) == []
    assert asked(policy, frames((1.0, 1.2), 10))[0] == PATIENCE - 1
    assert 'fell from' in policy.due(frames((1.0, 1.2), 1)[0])


def test_a_slow_decline_is_a_collapse_in_the_end():
    """Half a percent a frame drags the running baseline along, but not the segment's best."""
    policy = learned()
    share = 0.995 ** np.arange(600)
    declining = [FrameStatistics(s.gate_mean, 1 + (s.confidence_median - 1) * k, 0)
                 for s, k in zip(frames(GOOD, 600), share)]
    first = asked(policy, declining)[0]
    assert 0.15 < share[first] < 0.25


def test_a_few_bad_frames_are_forgiven():
    """Fewer than PATIENCE bad frames, again and again with good ones between, ask for nothing."""
    policy = learned()
    for seed in range(20):
        assert asked(policy, frames(LOST, PATIENCE - 1, seed=seed) + frames(GOOD, 3, seed=seed)) == []


def test_a_run_is_not_ended_by_a_frame_that_is_neither():
    """Between bad and good lies a band that neither adds to a run of bad frames nor ends it."""
    between = FrameStatistics(LOST[0], 1 + 2 * np.exp(-0.3), 0)
    policy = learned()
    bad = frames(LOST, PATIENCE)
    assert asked(policy, [*bad[:-1], between, between]) == [] and policy.due(bad[-1])
    assert policy.due(frames(GOOD, 1)[0]) is None and policy.due(bad[0]) is None


def test_bad_frames_are_no_part_of_what_is_usual():
    """However many came before, in runs too short to ask, frames are compared with the good ones alone."""
    policy, clean = learned(), learned()
    for seed in range(30):
        asked(policy, frames(LOST, PATIENCE - 1, seed=seed) + frames(GOOD, 1, seed=seed))
        asked(clean, frames(GOOD, 1, seed=seed))
    assert policy.state()['confidence'] == clean.state()['confidence']
    assert policy.state()['gate'] == clean.state()['gate']
    assert asked(policy, frames(LOST, PATIENCE)) == [PATIENCE - 1]


def alike(*likenesses: float | None) -> list[FrameStatistics]:
    """Return good frames of these likenesses."""
    return [replace(s, likeness=x) for s, x in zip(frames(GOOD, len(likenesses)), likenesses)]


def test_images_that_do_not_follow_ask_for_a_reset():
    """Two running below the threshold ask, whatever confidence and gate say, or one far below; one alone that is little
    below, or nobody comparing, does not."""
    policy = learned()
    assert asked(policy, alike(*[0.97, 0.8] * 20)) == [] and asked(policy, alike(*[None] * 20)) == []
    assert asked(policy, alike(0.97, 0.7, 0.89, 0.97, 0.91)) == [2] and asked(policy, alike(0.97, 0.6, 0.97)) == [1]
    assert 'do not follow' in policy.due(alike(0.1)[0])
    assert asked(policy, [replace(s, segment=1) for s in alike(*[0.7] * SETTLING)]) == []  # a new segment's own


def test_a_state_of_before_images_were_compared_is_taken():
    """It has no run of unlike images."""
    policy, state = Adaptive(), learned().state()
    del state['unlike']
    policy.restore(state)
    assert policy.state()['unlike'] == 0 and policy.state()['confidence'] == state['confidence']


def test_a_memory_that_is_lost_is_reset():
    """With the embedded weights, which remember some 200 frames: the adaptive policy ends segments, and the path is
    nearer to the truth than with none; the images are compared for it without a monitor, too."""
    world = World(255_000, 300, (96, 128))
    film = [image for image, _ in islice(world.film(), 300)]
    stamps = np.arange(300) * 100_000_000
    off, segments = {}, {}
    for name in ('never', 'adaptive'):
        one = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3',
                            policy=make_reset_policy(name, 0))
        told = [one.step(image) for image in film]
        off[name] = accuracy(Trajectory(stamps, np.stack([frame.pose for frame in told])),
                             Trajectory(stamps, world.poses[:300])).ate_se3
        segments[name] = one.segment
        assert (told[-1].likeness is None) == (name == 'never')
    assert segments['never'] == 0 < segments['adaptive'] and off['adaptive'] < 0.7 * off['never']


def test_a_segment_has_a_shortest_length():
    """Bad frames early in a segment are counted, but the reset waits until the segment is long enough."""
    policy = Adaptive(shortest=50)
    assert asked(policy, frames(GOOD, 30) + frames(LOST, 40))[0] == 49


def test_a_reset_that_helps_no_more_is_not_repeated():
    """A scene that stays dark asks once: the new segment learns its own baseline."""
    policy = learned()
    assert asked(policy, frames(DARK, PATIENCE)) == [PATIENCE - 1]
    assert asked(policy, frames(DARK, 500, segment=1)) == []
    lost = frames((0.6, 1.02), PATIENCE, segment=1)
    assert asked(policy, lost) == [PATIENCE - 1]


def test_the_first_frames_of_a_segment_are_no_measure():
    """An empty memory takes all in at first: the high gate and odd confidence of the first frames do not count."""
    for segment in range(3):
        policy = Adaptive()
        assert asked(policy, frames((1.0, 8.0), 4, segment) + frames(GOOD, 100, segment)) == []


@pytest.mark.parametrize('name', POLICIES)
def test_a_policy_goes_on_from_its_state(name):
    """Stopped anywhere and restored from JSON, a policy asks exactly when it would have asked."""
    statistics = frames(GOOD, 70) + frames(LOST, 8) + frames(GOOD, 40, 1) + frames(DARK, 30, 1)
    whole = asked(make_reset_policy(name, 50), statistics)
    for cut in (0, 3, 40, 72, 78, 120, 135):
        one, two = make_reset_policy(name, 50), make_reset_policy(name, 50)
        before = asked(one, statistics[:cut])
        two.restore(json.loads(json.dumps(one.state(), allow_nan=False)))
        assert before + [cut + i for i in asked(two, statistics[cut:])] == whole
    assert whole or name == 'never'


def test_a_state_does_not_grow():
    """After ten thousand frames the state is as large as after a window's."""
    policy = Adaptive()
    for s in frames(GOOD, 10_000):
        policy.due(s)
    state = policy.state()
    assert len(state['confidence']) == len(state['gate']) == WINDOW


@pytest.mark.parametrize('bad', [{}, {'segment': 'x', 'frames': 3}, {'segment': 0, 'frames': 90}, {
    'segment': 0, 'frames': 90, 'confidence': None, 'gate': [], 'best': None, 'bad': 0}])
def test_a_state_that_cannot_be_read_changes_nothing(bad):
    """Another policy's state, or a broken one, is refused, and the policy is as it was."""
    policy = learned()
    before = policy.state()
    with pytest.raises(ResetPolicyError, match='cannot be read'):
        policy.restore(bad)
    assert policy.state() == before


@pytest.mark.parametrize('name', POLICIES)
def test_a_state_of_every_policy_is_sound(name):
    """What a policy tells of itself, over JSON, is what a snapshot takes; with a field more or less it is not."""
    policy = make_reset_policy(name, 50)
    check_state(policy.state())
    for s in frames(GOOD, 90):
        policy.due(s)
    state = json.loads(json.dumps(policy.state()))
    check_state(state)
    policy.restore(state)
    assert policy.state() == state
    for wrong in (state | {'bogus': 1}, {key: value for key, value in state.items() if key != 'frames'} | {'x': 1}):
        with pytest.raises(ResetPolicyError, match='cannot be read'):
            check_state(wrong)


def test_a_policy_that_is_added_needs_no_more_than_its_line(monkeypatch):
    """Whatever fields a new one has, a snapshot takes its state, and refuses what is none of it."""
    class Counting:
        compares = False
        seen = 0

        def due(self, statistics):
            self.seen += 1
            return 'enough' if self.seen % 3 == 0 else None

        def state(self):
            return {'seen': self.seen}

        def restore(self, state):
            if not isinstance(state.get('seen'), int):
                raise ResetPolicyError('the state of the reset policy cannot be read')
            self.seen = state['seen']

    monkeypatch.setitem(POLICIES, 'counting', lambda interval: Counting())
    network = load_network('untrained').network
    one, two = (Reconstructor(network, make_rule('ttt3r'), policy=make_reset_policy('counting', 0)) for _ in range(2))
    for image in np.random.default_rng(0).integers(0, 255, (4, 32, 48, 3), np.uint8):
        one.step(image)
    two.restore(one.snapshot())
    assert two.policy.seen == one.policy.seen == 4
    for wrong in ({'seen': 'x'}, {'seen': 1, 'more': 2}, {'segment': 0, 'frames': 1, 'seen': 1}):
        with pytest.raises(ResetPolicyError, match='cannot be read'):
            check_state(wrong)


def test_a_gap_between_stamps():
    """Only a gap longer than the limit asks, once; the first image, a clock that went back and no limit never do."""
    gap = CameraGap(0.5)
    second = 1_000_000_000
    start = 1_700_000_000 * second
    stamps = [start, start + second // 2, start + second // 2 + second // 2 + 1, start + 2 * second, start]
    reasons = [gap.due(stamp) for stamp in stamps]
    assert [reason is not None for reason in reasons] == [False, False, True, True, False]
    assert '1.00 s' in reasons[3] and '0.5 s' in reasons[3]
    unlimited = CameraGap(0)
    assert unlimited.due(0) is None and unlimited.due(10 ** 15) is None


def test_what_is_not_possible_is_refused():
    """An unknown policy and segments of fewer than two frames are named; two are possible."""
    assert make_reset_policy('interval', 2).frames == Adaptive(shortest=2).shortest == 2
    with pytest.raises(ResetPolicyError, match='sometimes.*never, interval, adaptive'):
        make_reset_policy('sometimes', 0)
    for make in (lambda: make_reset_policy('interval', 1), lambda: Adaptive(shortest=1)):
        with pytest.raises(ResetPolicyError, match='at least 2'):
            make()


def test_an_image_that_gives_no_answer_resets_nothing_when_a_reset_is_due(monkeypatch):
    """All is as it was before, however many there are; the next good image begins the segment that was due."""
    images = np.random.default_rng(0).integers(0, 255, (6, 32, 48, 3), np.uint8)
    network = load_network('untrained').network
    one = Reconstructor(network, make_rule('ttt3r'), policy=Interval(4), keyframes=4)
    for image in images[:4]:
        one.step(image)
    before = one.snapshot()
    with monkeypatch.context() as patch:
        patch.setattr(Recurrence, 'require_finite', lambda self, step, finite: (_ for _ in ()).throw(
            NonFinitePrediction('as asked')))
        for _ in range(3):
            with pytest.raises(NonFinitePrediction):
                one.step(images[4])
            assert one.snapshot() == before
    assert one.step(images[5]).segment == 1


@pytest.mark.parametrize('policy', [Never(), Adaptive()])
def test_a_reset_that_was_due_by_another_policy_is_not(policy):
    """A snapshot that is taken before it goes on without it."""
    images = np.random.default_rng(0).integers(0, 255, (5, 32, 48, 3), np.uint8)
    network = load_network('untrained').network
    one = Reconstructor(network, make_rule('ttt3r'), policy=Interval(4))
    for image in images[:4]:
        one.step(image)
    other = Reconstructor(network, make_rule('ttt3r'), policy=policy)
    other.restore(one.snapshot())
    assert other.step(images[4]).segment == 0
