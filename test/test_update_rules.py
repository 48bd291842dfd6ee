# SPDX-License-Identifier: Apache-2.0
"""The write rules against their formulas, written a second time in plain numpy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from ttt3r_ros.model import update_rules
from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.update_rules import (
    RULES,
    AttentionStatistics,
    Observation,
    UpdateRule,
    UpdateRuleError,
    Write,
    make_rule,
    rule_parameters,
)

CONFIG = ModelConfig(head='linear', image_size=64, enc_dim=64, enc_depth=2, enc_heads=4, dec_dim=64,
                     dec_depth=3, dec_heads=4, state_heads=8, state_tokens=24, memory_tokens=6,
                     world_points=False, rgb=False)
STATE, TOKENS, WIDTH, FEATURES, FRAMES = 12, 7, 16, 20, 6


class Shapes(TorchFunctionMode):
    """Note the shapes of all tensors that are computed."""

    def __init__(self, made):
        super().__init__()
        self._made = made

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """See TorchFunctionMode."""
        result = func(*args, **kwargs or {})
        if isinstance(result, torch.Tensor):
            self._made.append(tuple(result.shape))
        return result


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def observations(seed=0):
    """Return a few frames' observations, float64, of which one token changes much more than the others."""
    random = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    frames = []
    proposed = draw(STATE, WIDTH)
    start = before = draw(STATE, WIDTH)
    for index in range(FRAMES):
        proposed = proposed + 0.1 * draw(STATE, WIDTH)
        proposed[3] += index % 2
        logits = draw(STATE, TOKENS)
        frames.append(Observation(proposed, before, start, draw(TOKENS, FEATURES), draw(TOKENS, WIDTH),
                                  draw(TOKENS, WIDTH), torch.sigmoid(logits.mean(dim=1)), logits,
                                  torch.rand(STATE, generator=random, dtype=torch.float64)))
        before = 0.6 * before + 0.4 * proposed
    return frames


def writes(rule, frames):
    """Run a rule over a segment; return what it answers, a Write a frame."""
    memory, result = None, []
    for frame in frames:
        result.append(rule.write(frame, memory))
        memory = result[-1].memory
    return result


def gates(rule, frames):
    """Run a rule over a segment; return its gates (frames, N)."""
    return np.stack([written.gate.numpy() for written in writes(rule, frames)])


def as_numpy(frames):
    return [{name: value.numpy() for name, value in vars(frame).items()} for frame in frames]


def numpy_cut3r(frames):
    return [np.ones(STATE) for _ in frames]


def numpy_ttt3r(frames):
    return [frame['confidence'] for frame in frames]


def numpy_constant(frames):
    return [np.full(STATE, 0.35) for _ in frames]


def numpy_frame(frames):
    return [np.full(STATE, frame['confidence'].mean()) for frame in frames]


def numpy_filt3r(frames):
    result, variance, mean = [np.ones(STATE)], np.full(STATE, 1.5), None
    for before, now in zip(frames, frames[1:]):
        change = np.sqrt(((now['proposed'] - before['proposed']) ** 2).sum(axis=1))
        mean = change.mean() if mean is None else 0.95 * mean + 0.05 * change.mean()
        mean = max(mean, 0.01)
        noise = 0.02 + 0.48 * sigmoid(20 * (change / (mean + 1e-6) - 3))
        predicted = variance + noise
        gain = np.clip(predicted / (predicted + 1), 0.01, 0.99)
        variance = np.maximum((1 - gain) ** 2 * predicted + gain ** 2, 1e-6)
        result.append(gain)
    return result


def numpy_ttsa3r(frames):
    result = [np.ones(STATE)]
    for before, now in zip(frames, frames[1:]):
        change = np.linalg.norm(now['proposed'] - before['proposed'], axis=1)
        temporal = sigmoid(change / change.mean() - 1.5)
        f, g = now['features'], before['features']
        moved = 1 - (f * g).sum(axis=1) / np.linalg.norm(f, axis=1) / np.linalg.norm(g, axis=1)
        result.append(temporal * sigmoid((np.abs(now['logits']) * moved).max(axis=1)))
    return result


def cosine(u, v):
    return np.array([a @ b / np.sqrt(a @ a) / np.sqrt(b @ b) for a, b in zip(u, v)])


def numpy_brake(frames):
    changes = [frame['proposed'] - frame['before'] for frame in frames]
    result = [frames[0]['confidence'], frames[1]['confidence'] * 0.5]
    for i in range(2, len(frames)):
        result.append(frames[i]['confidence'] * sigmoid(-cosine(changes[i], changes[i - 1])))
    return result


def numpy_recal3r(frames):
    result, spent = [], 0.0
    for i, frame in enumerate(frames):
        a, e, o = frame['confidence'], frame['embedded'], frame['decoded']
        if i > 0:
            spent = 0.95 * spent + 0.05 * a
        lengths = [np.sqrt((x ** 2).sum(axis=1)).mean() for x in (e - o, e)]
        raw = a * sigmoid(lengths[0] / lengths[1] - 0.2) * np.exp(-spent)
        gone = np.sqrt(((frame['before'] - frame['start']) ** 2).sum(axis=1))
        rank = np.array([(gone < mine).sum() for mine in gone])
        stable = 1 - (rank + 1) / STATE if i > 0 else np.full(STATE, 0.5)
        spread = np.array([(frame['entropy'] < mine).sum() for mine in frame['entropy']]) / (STATE - 1)
        rho = stable * (1 - spread) / (stable * (1 - spread) + (1 - stable) * spread + 1e-8)
        reliable = rho * (2 * rho - 1) ** 2
        beta = reliable * raw + (1 - reliable) * 0.1
        result.append(np.clip(0.5 * beta + 0.5 * beta.mean(), 0, 1))
    return result


def numpy_ortho_proposals(frames):
    """Return what ortho writes in place of each frame's proposal, from the second on."""
    result, direction = [], None
    for frame in frames[1:]:
        change = frame['proposed'] - frame['before']
        now = change / np.linalg.norm(change, axis=1, keepdims=True)
        direction = now if direction is None else 0.95 * direction + 0.05 * now
        direction = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        drift = np.array([(c @ d) * d for c, d in zip(change, direction)])
        result.append(frame['before'] + 0.5 * (change - drift) + 0.05 * drift)
    return result


REFERENCES = {'cut3r': numpy_cut3r, 'ttt3r': numpy_ttt3r, 'constant': numpy_constant, 'frame': numpy_frame,
              'filt3r': numpy_filt3r, 'ttsa3r': numpy_ttsa3r, 'brake': numpy_brake, 'ortho': numpy_ttt3r,
              'recal3r': numpy_recal3r}


def test_every_rule_has_a_reference():
    """Every rule of the table is compared with a formula here."""
    assert set(RULES) == set(REFERENCES)


@pytest.mark.parametrize('name', REFERENCES)
def test_rule_follows_its_formula(name):
    """The rule's gates over several frames are those of its formula."""
    frames = observations()
    np.testing.assert_allclose(gates(make_rule(name), frames), REFERENCES[name](as_numpy(frames)), rtol=1e-6)


@pytest.mark.parametrize('name', ['ortho', 'ortho+memix'])
def test_ortho_writes_along_its_formula(name):
    """Ortho's proposal damps the part along each token's lasting direction; the first frame's is the frame's own."""
    frames = observations()
    first, *others = writes(make_rule(name, {'memix.written': 0.5}), frames)
    assert first.proposed is None
    for found, expected in zip(others, numpy_ortho_proposals(as_numpy(frames)), strict=True):
        np.testing.assert_allclose(found.proposed.numpy(), expected, rtol=1e-6)


def test_a_token_that_does_not_change_is_no_trouble():
    """A proposal equal to the state leaves finite gates and proposals, of which the state is the fixed point."""
    frames = [replace(frame, proposed=frame.before) for frame in observations()]
    for name in ('brake', 'ortho', 'recal3r'):
        for frame, found in zip(frames, writes(make_rule(name), frames)):
            assert found.gate.isfinite().all()
            assert found.proposed is None or torch.equal(found.proposed, frame.before)


@pytest.mark.parametrize('name', REFERENCES)
def test_memix_writes_the_lowest_scores(name):
    """With memix exactly the share of lowest-scoring tokens is written, by the inner rule's gate."""
    frames = observations()
    rule = make_rule(name + '+memix', {'memix.written': 0.75})
    for frame, found, inner in zip(as_numpy(frames), gates(rule, frames), REFERENCES[name](as_numpy(frames))):
        score = frame['proposed'] @ frame['embedded'].mean(axis=0)
        lowest = np.argsort(score)[:9]
        expected = np.zeros(STATE)
        expected[lowest] = inner[lowest]
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_memix_default_is_the_published_share():
    """Of 768 tokens the default of memix writes 708."""
    frame = Observation(*torch.randn(3, 768, 8), *torch.randn(3, 3, 8))
    assert make_rule('cut3r+memix').write(frame, None).gate.sum() == 708


@pytest.mark.parametrize('name', ['filt3r', 'ttsa3r', 'brake', 'ortho', 'recal3r', 'filt3r+memix'])
def test_rule_memory_restarts_with_the_segment(name):
    """A rule's gates in a new segment do not depend on the one before."""
    rule, frames = make_rule(name), observations()
    expected = gates(rule, frames)
    gates(rule, observations(seed=1))
    np.testing.assert_array_equal(gates(rule, frames), expected)


def test_new_image_size_restarts_the_comparison():
    """Where the number of image tokens changes, ttsa3r writes in full as it has nothing to compare with."""
    first, second, *_ = observations()
    rule = make_rule('ttsa3r')
    memory = rule.write(first, None).memory
    smaller = replace(second, features=second.features[:-1],
                      embedded=second.embedded[:-1], logits=second.logits[:, 1:])
    written = rule.write(smaller, memory)
    assert (written.gate == 1).all()
    assert (rule.write(smaller, written.memory).gate < 1).all()


@pytest.mark.parametrize('name', [*REFERENCES, 'filt3r+memix', 'ttsa3r+memix'])
def test_gate_changes_nothing_that_it_is_given(name):
    """A rule leaves its arguments alone, so that a refused frame leaves no trace."""
    rule, frames = make_rule(name), observations()
    memory = rule.write(frames[0], None).memory
    kept = {key: value.clone() for key, value in memory.items()}
    first = rule.write(frames[1], memory).gate
    assert all(torch.equal(memory[key], kept[key]) for key in kept) and set(memory) == set(kept)
    assert torch.equal(rule.write(frames[1], memory).gate, first)


def test_statistics_agree_with_a_materialised_map():
    """Mean-key confidence, summed logits and entropies equal those of the whole attention map."""
    random = torch.Generator().manual_seed(5)
    statistics = AttentionStatistics(frozenset({'confidence', 'logits', 'entropy'}), layers := 3)
    maps = []
    for _ in range(layers):
        query = torch.randn(1, 4, STATE, 8, generator=random)
        key = torch.randn(1, 4, 1 + TOKENS, 8, generator=random)
        statistics.observe(query, key)
        q, k = query[0].double().numpy(), key[0].double().numpy()
        maps.append(np.einsum('hnd,htd->hnt', q, k) / np.sqrt(8))
    whole = np.stack(maps)
    confidence, logits = statistics.confidence()[0].numpy(), statistics.logits()[0].numpy()
    np.testing.assert_allclose(confidence, sigmoid(whole.mean(axis=(0, 1, 3))), rtol=1e-5)
    np.testing.assert_allclose(logits, whole[..., 1:].mean(axis=(0, 1)), rtol=1e-4, atol=1e-5)
    weights = np.exp(whole[..., 1:])
    weights /= weights.sum(axis=-1, keepdims=True)
    entropies = -(weights * np.log(weights)).sum(axis=-1) / np.log(TOKENS)
    np.testing.assert_allclose(statistics.entropy()[0].numpy(), entropies.mean(axis=(0, 1)), rtol=1e-5)


def test_statistics_gather_only_what_is_wanted():
    """What nobody asked for is not gathered."""
    statistics = AttentionStatistics(frozenset(), 1)
    statistics.observe(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 5, 4))
    assert statistics.confidence() is None and statistics.logits() is None and statistics.entropy() is None


@pytest.mark.parametrize('name', [base + end for base in REFERENCES for end in ('', '+memix')])
def test_maps_are_made_for_rules_that_ask(network, monkeypatch, name):
    """No attention map of the state's tokens and the image's is made for a rule that asks for none."""
    made = []
    observe = AttentionStatistics.observe

    def watched(self, query, key):
        with Shapes(made):
            observe(self, query, key)

    monkeypatch.setattr(AttentionStatistics, 'observe', watched)
    Recurrence(network, make_rule(name)).step(images(1)[0])
    state, tokens = CONFIG.state_tokens, 12
    maps = any(shape[-2:] in ((state, tokens), (state, 1 + tokens)) for shape in made)
    assert maps == bool(make_rule(name).statistics & {'logits', 'entropy'})


class Everywhere(UpdateRule):
    """A gate of each channel, and a proposal of its own."""

    name = 'everywhere'

    def write(self, seen, memory):
        """See UpdateRule."""
        assert torch.equal(seen.start, Everywhere.start)
        half = torch.arange(seen.proposed.shape[1]) % 2
        return Write(half.expand_as(seen.proposed).float(), {}, seen.before + 1)


def test_a_rule_may_write_channels_and_a_proposal_of_its_own(network):
    """A gate (N, D) and a rule's own proposal make the state; a segment's first frame is written in full."""
    recurrence = Recurrence(network, Everywhere())
    Everywhere.start = recurrence.memory.state[0]
    first, second = images(2)
    step = recurrence.step(first)
    assert torch.equal(recurrence.memory.state, step.proposed_state) and (step.gate == 1).all()
    assert not torch.equal(step.proposed_state, step.before.state + 1)
    before = recurrence.memory.state
    step = recurrence.step(second)
    assert step.gate.shape == before.shape[1:] and torch.equal(step.proposed_state, before + 1)
    np.testing.assert_allclose((recurrence.memory.state - before)[..., 1::2], 1, rtol=1e-5)
    assert torch.equal(recurrence.memory.state[..., ::2], before[..., ::2])


@pytest.fixture(scope='module')
def network():
    """Return a small network with fixed weights."""
    with torch.random.fork_rng():
        torch.manual_seed(11)
        return Network(CONFIG).train(False).requires_grad_(False)


def images(count, seed=0):
    return torch.rand((count, 1, 3, 48, 64), generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize('name', [base + end for base in REFERENCES for end in ('', '+memix')])
def test_recurrence_writes_by_the_gate(network, name):
    """The state after a frame is the gate's mixture; the first frame of every segment is written in full."""
    recurrence = Recurrence(network, make_rule(name))
    first_run = []
    for segment in range(2):
        for index, image in enumerate(images(3)):
            step = recurrence.step(image)
            gate = step.gate.numpy()
            assert gate.min() >= 0 and gate.max() <= 1
            if index == 0:
                assert (gate == 1).all()
            expected = (gate[:, None] * step.proposed_state[0].numpy()
                        + (1 - gate[:, None]) * step.before.state[0].numpy())
            np.testing.assert_allclose(recurrence.memory.state[0].numpy(), expected, rtol=1e-5, atol=1e-6)
            assert torch.equal(recurrence.memory.pose_memory, step.proposed_pose_memory)
            if segment == 0:
                first_run.append(gate)
            else:
                np.testing.assert_array_equal(gate, first_run[index])
        recurrence.reset()


def test_rule_changes_between_frames(network):
    """A rule put in place of another starts with a memory of its own, on the state as it is."""
    recurrence = Recurrence(network, make_rule('filt3r'))
    first, second, third = images(3)
    recurrence.step(first)
    recurrence.rule = make_rule('ttsa3r')
    assert recurrence.memory.rule is None and not recurrence.memory.first
    assert (recurrence.step(second).gate == 1).all()
    assert (recurrence.step(third).gate < 1).all()


@pytest.mark.parametrize('name', ['', 'TTT3R', 'ttt4r', 'memix', '+memix', 'ttt3r+', 'ttt3r+other',
                                  'ttt3r+memix+memix'])
def test_unknown_rules_are_refused(name):
    """An unknown rule is refused with the names of those that there are."""
    with pytest.raises(UpdateRuleError, match='ttt3r, cut3r, constant'):
        make_rule(name)


@pytest.mark.parametrize(('key', 'value', 'match'), [
    ('constant.share', 1.5, r'constant.share = 1.5 is outside \[0.0, 1.0\]'),
    ('constant.share', float('nan'), 'constant.share = nan is outside'),
    ('memix.written', -0.1, 'written = -0.1 is outside'),
    ('filt3r.rate', 2.0, 'filt3r.rate = 2.0 is outside'),
    ('constant.shares', 0.5, "unknown parameter 'constant.shares'"),
    ('share', 0.5, "unknown parameter 'share'")])
def test_bad_parameters_are_refused(key, value, match):
    """A parameter that is unknown or out of its range is refused with the reason."""
    rule = key.partition('.')[0]
    with pytest.raises(UpdateRuleError, match=match):
        make_rule('cut3r+memix' if rule in ('memix', 'share') else rule, {key: value})


def test_parameters_reach_their_rule():
    """A parameter's value is used by its rule, and those of other rules are passed over."""
    frames = observations()
    options = {'constant.share': 0.6, 'filt3r.rate': 0.5, 'memix.written': 0.5}
    assert (gates(make_rule('constant', options), frames) == np.float32(0.6)).all()
    assert (gates(make_rule('constant+memix', options), frames) > 0).sum() == FRAMES * STATE // 2
    for name, description in rule_parameters().items():
        assert description['low'] <= description['default'] <= description['high'], name
        assert description['text'], name


def test_a_rule_of_the_table_is_all_there_is_to_add(network, monkeypatch):
    """A class put into the table can be made by name, with its parameters and with memix, and run."""
    class Half(UpdateRule):
        """Write half."""

        name = 'half'

        def write(self, seen, memory):
            """See UpdateRule."""
            return Write(seen.uniform(0.5))

    monkeypatch.setitem(update_rules.RULES, 'half', Half)
    recurrence = Recurrence(network, make_rule('half'))
    first, second = images(2)
    recurrence.step(first)
    assert (recurrence.step(second).gate == 0.5).all()
    assert make_rule('half+memix').name == 'half+memix'
    with pytest.raises(UpdateRuleError, match='half'):
        make_rule('unknown')
