# SPDX-License-Identifier: Apache-2.0
"""Lower precision: what it is on which hardware, what stays float32, and how far its answers are from float32's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from test_golden import network_of
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ttt3r_ros.model.checkpoint import load_network, save_network
from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.heads import OUTPUTS
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.precision import DTYPES, PrecisionError, resolve
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.update_rules import RULES, make_rule

ROOT = Path(__file__).parents[1]
LOWER = ('bfloat16', 'float16')
# Relative to float32, worst of 200 frames; about half again what was measured with these weights.
BOUNDS = {'bfloat16': {'pose': 0.025, 'points': 0.1, 'state': 0.012},
          'float16': {'pose': 0.004, 'points': 0.02, 'state': 0.002}}
FRAMES = 200
CONFIG = ModelConfig(head='dpt', image_size=64, enc_dim=64, enc_depth=2, enc_heads=4, dec_dim=96, dec_depth=4,
                     dec_heads=6, state_heads=8, state_tokens=44, memory_tokens=7)


def images(count, height=48, width=64):
    """Yield a drifting pattern, (1, 3, H, W) in [-1, 1]."""
    wide = torch.rand((1, 3, height, width + 2 * count), generator=torch.Generator().manual_seed(0)) * 2 - 1
    wide = (3 * nn.functional.avg_pool2d(wide, 5, 1, 2)).clamp(-1, 1)
    for i in range(count):
        yield wide[..., 2 * i:2 * i + width]


def dpt_network(precision):
    """Return a small network with a DPT head and fixed weights."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Network(CONFIG).for_inference(DTYPES[precision])


@pytest.mark.parametrize(('features', 'width', 'expected'), [
    ({'amx_bf16': True}, 768, torch.bfloat16), ({'avx512_bf16': True}, 768, torch.bfloat16),
    ({'amx_bf16': True}, 128, torch.float32),
    ({'avx512_f': True, 'amx_bf16': False}, 768, torch.float32), ({}, 768, torch.float32)])
def test_auto_is_bfloat16_only_where_it_pays(monkeypatch, features, width, expected):
    """AMX or AVX512-BF16 make 'auto' bfloat16 for a wide network; any other CPU, and a narrow one, keep float32."""
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: features, raising=False)
    assert resolve('auto', 'cpu', width) == expected


def test_the_embedded_network_stays_in_float32(monkeypatch):
    """Loaded on a CPU that multiplies bfloat16: by its size."""
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: {'amx_bf16': True}, raising=False)
    assert load_network('embedded', precision='auto').network.dtype == torch.float32


@pytest.mark.parametrize(('capability', 'expected'), [
    ((9, 0), torch.bfloat16), ((8, 7), torch.bfloat16), ((7, 2), torch.float16)])
def test_auto_on_cuda_follows_the_compute_capability(monkeypatch, capability, expected):
    """From Ampere on 'auto' is bfloat16, before it float16."""
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda device: capability)
    assert resolve('auto', 'cuda:0', 128) == expected


def test_an_unknown_precision_is_refused():
    """The message names what there is."""
    with pytest.raises(PrecisionError, match='float8.*auto, float32, bfloat16, float16'):
        load_network('untrained', precision='float8')


@pytest.mark.parametrize('precision', LOWER)
def test_what_stays_in_float32(precision):
    """Most weights are of the lower type; norms, tokens, the way in, the pose head and the last layers are not."""
    network = dpt_network(precision)
    kinds = {name: p.dtype for name, p in network.named_parameters()}
    sizes = {name: p.numel() for name, p in network.named_parameters()}
    lower = [name for name, dtype in kinds.items() if dtype == network.dtype]
    assert network.dtype == DTYPES[precision] and set(kinds.values()) == {network.dtype, torch.float32}
    assert sum(sizes[name] for name in lower) > 0.8 * sum(sizes.values())
    assert not [name for name in lower if 'norm' in name.replace('norm1.mlp', '').replace('norm2.mlp', '')
                or 'pose_head' in name or 'patch_embed' in name or name.endswith(('.mem', 'token'))
                or name.startswith(('register_tokens', 'decoder_embed_state')) or '.head.4.' in name]


@pytest.mark.parametrize('precision', LOWER)
@pytest.mark.parametrize('rule', [*RULES, 'ttt3r+memix'])
def test_answers_memory_and_gate_are_float32(precision, rule):
    """Whatever the products' type, every rule's gate, all memory and every output are float32."""
    recurrence = Recurrence(dpt_network(precision), make_rule(rule))
    for image in images(3):
        step = recurrence.step(image, outputs=OUTPUTS)
    memory = recurrence.memory
    values = [step.gate, memory.state, memory.pose_memory, *memory.rule.values(),
              *(value for value in vars(step.prediction).values())]
    assert {value.dtype for value in values} == {torch.float32}
    assert recurrence.query(torch.rand(1, 6, 48, 64)).points.dtype == torch.float32


class Types(TorchDispatchMode):
    """Remembers in which number types rotations and exponentials were computed."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        self.seen.setdefault(name, set()).update(a.dtype for a in args[:1] if isinstance(a, torch.Tensor))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize('precision', LOWER)
def test_rotations_norms_and_the_write_run_in_float32(precision):
    """Rotations, norms, exponentials and the write take float32; matrix products are of the lower type."""
    network = dpt_network(precision)
    recurrence = Recurrence(network, make_rule('ttt3r'))
    first, second = images(2)
    recurrence.step(first)
    with Types() as types:
        recurrence.step(second)
    for name in ('addcmul_', 'layer_norm', 'expm1', 'exp', 'sigmoid', 'lerp'):
        assert types.seen[name] == {torch.float32}, name
    assert network.dtype in types.seen['linear']


@pytest.mark.slow
@pytest.mark.parametrize('precision', [pytest.param(one, marks=[pytest.mark.heavy] if one == 'float16' else [])
                                       for one in LOWER])
@pytest.mark.timeout(600)
def test_the_error_stays_small_over_many_frames(precision):
    """Over 200 frames pose, points and state stay as near to float32 as after the first; none drifts away."""
    with np.load(ROOT / 'test/data/golden/linear_ttt3r.npz') as stored:
        meta = json.loads(str(stored['meta']))
    exact, lower = (Recurrence(network_of(meta).for_inference(DTYPES[p]), make_rule('ttt3r'))
                    for p in ('float32', precision))
    errors = {'pose': [], 'points': [], 'state': []}
    for image in images(FRAMES, meta['height'], meta['width']):
        expected, found = exact.step(image).prediction, lower.step(image).prediction
        for name, a, b in (('pose', expected.pose, found.pose), ('state', exact.memory.state, lower.memory.state)):
            errors[name].append(float((a - b).norm() / a.norm()))
        # Of the middle pixel: this head turns a point about whose depth is near zero.
        off = (expected.points - found.points).norm(dim=-1) / expected.points.norm(dim=-1)
        errors['points'].append(float(off.median()))
    worst = {name: max(values) for name, values in errors.items()}
    assert all(0 < worst[name] < bound for name, bound in BOUNDS[precision].items()), worst
    assert np.mean(errors['state'][-50:]) < 2 * np.mean(errors['state'][:50])


def test_a_float32_file_and_a_lower_one_start_from_the_same_state(tmp_path):
    """The precision is chosen when loading: one file gives all, and the same initial memory."""
    save_network(load_network('untrained'), tmp_path / 'w.safetensors')
    networks = [load_network(str(tmp_path / 'w.safetensors'), precision=p).network for p in ('float32', *LOWER)]
    assert [n.dtype for n in networks] == [torch.float32, torch.bfloat16, torch.float16]
    for network in networks[1:]:
        assert torch.equal(network.initial_state(), networks[0].initial_state())
        assert torch.equal(network.initial_pose_memory(), networks[0].initial_pose_memory())
