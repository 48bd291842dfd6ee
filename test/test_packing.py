# SPDX-License-Identifier: Apache-2.0
"""Weights that lie as a CPU's product reads them: the same answers, there once, and whole for whoever asks for them."""

import logging
import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch

from ttt3r_ros.model import packing
from ttt3r_ros.model.checkpoint import convert, load_network, save_network
from ttt3r_ros.model.compiling import compile_blocks
from ttt3r_ros.model.layers import Linear
from ttt3r_ros.model.threads import gflop
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor

pytestmark = pytest.mark.skipif(packing.PRODUCT is None or not torch.backends.mkldnn.is_available(),
                                reason='this PyTorch has no packed products')


@pytest.fixture
def layer():
    """A layer that is large enough, and what it makes of some tokens."""
    torch.manual_seed(0)
    layer = Linear(512, 2048).requires_grad_(False)
    x = torch.randn(2, 12, 512)
    return layer, x, layer(x)


def test_a_packed_layer_answers_alike(layer):
    """For one token, several, and none; and its weights are as they were once they are put back."""
    layer, x, expected = layer
    plain = layer.weight.clone()
    layer.pack()
    assert layer.weight.is_mkldnn and layer.weight.shape == plain.shape and layer.weight.dtype == plain.dtype
    assert torch.allclose(layer(x), expected, atol=1e-5)
    assert torch.allclose(layer(x[:1, :1]), expected[:1, :1], atol=1e-5)
    assert layer(x[:, :0]).shape == (2, 0, 2048)
    layer.pack()
    layer.unpack()
    assert not layer.weight.is_mkldnn and torch.equal(layer.weight, plain)


def test_a_small_layer_and_one_of_fewer_bits_stay(layer):
    """There it does not pay."""
    for stays in (Linear(64, 64).requires_grad_(False), layer[0].to(torch.bfloat16)):
        stays.pack()
        assert not stays.weight.is_mkldnn


@pytest.mark.parametrize('way', ['copy', 'pickle'])
def test_a_copy_is_packed_and_its_own(layer, way):
    """As is what a worker of a cluster gets."""
    layer, x, expected = layer
    layer.pack()
    other = deepcopy(layer) if way == 'copy' else pickle.loads(pickle.dumps(layer))
    assert other.weight.is_mkldnn and other.weight is not layer.weight
    assert torch.equal(other(x), layer(x)) and torch.allclose(other(x), expected, atol=1e-5)


def test_what_moves_a_layer_gets_plain_weights(layer):
    """To another device or number type."""
    layer, x, expected = layer
    layer.pack()
    assert layer.to(torch.float64).weight.dtype == torch.float64
    assert torch.allclose(layer(x), expected.double(), atol=1e-5)


def test_weights_that_are_learnt_stay():
    """Else those of large layers alone would have no gradient, and nothing would say so."""
    layer = Linear(512, 2048)
    layer.pack()
    layer.unpack()
    assert not layer.weight.is_mkldnn and layer.weight.requires_grad
    layer(torch.ones(1, 512)).sum().backward()
    assert layer.weight.grad is not None


@pytest.mark.parametrize('assign', [False, True])
def test_a_packed_network_takes_other_weights(assign):
    """As one that is not packed does, also where its steps were traced with those of before."""
    images = np.random.default_rng(0).integers(0, 255, (24, 96, 128, 3), dtype=np.uint8)
    network, other = load_network('embedded').network, load_network('embedded').network
    other.downstream_head.proj.fc2.weight = torch.nn.Parameter(
        1.1 * other.state_dict()['downstream_head.proj.fc2.weight'], requires_grad=False)

    def last(network):
        reconstructor = Reconstructor(network, make_rule('ttt3r'))
        return [reconstructor.step(image) for image in images][-1].points

    before, expected = last(network), last(other)
    network.load_state_dict(other.state_dict(), assign=assign)
    assert np.allclose(last(network), expected, rtol=1e-3, atol=1e-3)
    assert not np.allclose(before, expected, rtol=1e-2, atol=1e-2)


def test_a_loaded_network_is_packed_and_saves_as_it_was(tmp_path):
    """The file that it is written to is the one that a conversion writes, to the byte."""
    loaded = load_network('embedded')
    assert any(p.is_mkldnn for p in loaded.network.parameters())
    save_network(loaded, tmp_path / 'saved.safetensors')
    convert('embedded', tmp_path / 'converted.safetensors')
    saved, converted = (load_network(str(tmp_path / f'{name}.safetensors')).network.state_dict()
                        for name in ('saved', 'converted'))
    assert saved.keys() == converted.keys() == loaded.network.state_dict().keys()
    for name, tensor in saved.items():
        assert not tensor.is_mkldnn and torch.equal(tensor, converted[name]), name


def test_a_traced_step_takes_packed_weights(caplog):
    """Answers are the computed ones' to the bit, those of plain weights' to rounding, and nothing is refused."""
    images = np.random.default_rng(0).integers(0, 255, (24, 96, 128, 3), dtype=np.uint8)
    frames = {}
    with caplog.at_level(logging.INFO):
        for packed in (True, False):
            network = load_network('embedded').network
            if not packed:
                network.unpack()
            reconstructor = Reconstructor(network, make_rule('ttt3r'))
            frames[packed] = [reconstructor.step(image) for image in images]
    assert not [r for r in caplog.records if 'not traced' in r.getMessage()]
    for a, b in zip(frames[True], frames[False]):
        assert np.allclose(a.pose, b.pose, atol=1e-4) and np.allclose(a.points, b.points, rtol=1e-3, atol=1e-3)


def test_work_is_counted_alike(layer):
    """How many threads a network is worth does not hang on how its weights lie."""
    layer, x, _ = layer
    plain = gflop(lambda: layer(x))
    layer.pack()
    assert gflop(lambda: layer(x)) == plain == 2 * 24 * 512 * 2048 / 1e9


def test_what_is_compiled_is_plain():
    """The compiler cannot look into packed weights."""
    network = load_network('embedded').network
    compile_blocks(network)
    assert not any(p.is_mkldnn for p in network.parameters())
