# SPDX-License-Identifier: Apache-2.0
"""How many threads a step is given."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from ttt3r_ros.model import threads
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor

SMALL = ModelConfig(image_size=64, enc_dim=64, enc_depth=2, enc_heads=4, dec_dim=96, dec_depth=4, dec_heads=4,
                    state_heads=4, state_tokens=16)
# PyTorch's counter knows attention on CUDA only.
ATTENTION = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu:
             lambda q, k, v, *_, out_shape=None, **__: sdpa_flop_count(q, k, v)}


@pytest.fixture(autouse=True)
def restored():
    """The number of threads is the process's."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def product(gflop: float):
    """Return a step of that many GFLOP, in ten products."""
    a, b = torch.zeros(100, 1000), torch.zeros(1000, round(gflop * 500))
    return lambda: [a @ b for _ in range(10)]


@pytest.mark.parametrize(('gflop', 'available', 'expected'), [
    (0.1, 8, 1), (0.5, 8, 1), (2.5, 8, 3), (2.5, 2, 2), (2.5, 1, 1), (20, 8, 8)])
def test_a_thread_for_each_gflop_of_a_step(monkeypatch, gflop, available, expected):
    """Small networks leave the other cores alone, large ones take what there is, never more than that."""
    monkeypatch.setattr(threads, 'AVAILABLE', available)
    torch.set_num_threads(1)  # as a smaller network left it
    assert threads.gflop(product(gflop)) == pytest.approx(gflop, rel=0.01)
    assert threads.limit_threads(product(gflop)) == expected == torch.get_num_threads()


def test_the_inference_thread_obeys(monkeypatch):
    """It is another thread than the one that configures, and starts later."""
    monkeypatch.setattr(threads, 'AVAILABLE', 3)
    threads.limit_threads(product(2.5))
    told = []
    thread = threading.Thread(target=lambda: told.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert told == [3]


@pytest.mark.parametrize('head', ['linear', 'dpt'])
def test_the_count_is_pytorch_s_own(head):
    """Over a whole step, each kind of head."""
    network = Network(replace(SMALL, head=head)).eval()
    reconstructor, other = (Reconstructor(network, make_rule('ttt3r')) for _ in range(2))
    image = np.zeros((48, 64, 3), np.uint8)
    with FlopCounterMode(display=False, custom_mapping=ATTENTION) as counter:
        reconstructor.step(image)
    assert threads.gflop(lambda: other.step(image)) == pytest.approx(counter.get_total_flops() / 1e9, rel=1e-9)


def test_a_step_pulls_no_compiler_in():
    """Loading a network, counting and a step leave alone what only compiling needs."""
    work = """
import sys
import numpy as np
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.threads import limit_threads
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
for weights in ('untrained', 'embedded'):
    reconstructor = Reconstructor(load_network(weights).network, make_rule('ttt3r'))
    limit_threads(lambda: reconstructor.warm_up((48, 64), 1))
    reconstructor.step(np.zeros((48, 64, 3), np.uint8))
print({'sympy', 'torch._dynamo'} & set(sys.modules))
"""
    assert subprocess.run([sys.executable, '-c', work], capture_output=True, text=True).stdout == 'set()\n'


def test_a_node_s_imports_are_what_it_needs():
    """Readers of bags and videos, charts, SciPy and PyTorch's compiler are for those who ask for them."""
    others = {'torch._dynamo', 'sympy', 'scipy', 'rosbags', 'ruamel.yaml', 'mcap', 'av', 'matplotlib'}
    work = f'import sys, ttt3r_ros.ros.main; print({others} & set(sys.modules))'
    assert subprocess.run([sys.executable, '-c', work], capture_output=True, text=True).stdout == 'set()\n'


def test_a_script_s_first_step_limits_the_threads(monkeypatch):
    """Whoever steps without a node gets as many as the network is worth, and the same answers as with one."""
    monkeypatch.setattr(threads, 'AVAILABLE', 4)
    monkeypatch.setattr(threads, '_ours', None)
    network = load_network('untrained').network
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    torch.set_num_threads(1)
    expected = Reconstructor(network, make_rule('ttt3r')).step(image)
    threads._judged.clear()
    torch.set_num_threads(4)
    frame = Reconstructor(network, make_rule('ttt3r')).step(image)
    assert torch.get_num_threads() == 1 and frame.index == 0
    assert np.array_equal(frame.pose, expected.pose) and np.array_equal(frame.points, expected.points)


def test_a_number_that_somebody_has_set_stays(monkeypatch):
    """Neither the library's choice nor PyTorch's: it is left alone; and nobody is asked twice for one network."""
    monkeypatch.setattr(threads, 'AVAILABLE', 4)
    monkeypatch.setattr(threads, '_ours', None)
    image = np.zeros((48, 64, 3), np.uint8)
    network = load_network('untrained').network
    torch.set_num_threads(3)
    Reconstructor(network, make_rule('ttt3r')).step(image)
    assert torch.get_num_threads() == 3
    torch.set_num_threads(4)
    Reconstructor(network, make_rule('ttt3r')).step(image)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(4)  # again, after the network was looked at
    Reconstructor(network, make_rule('ttt3r')).step(image)
    assert torch.get_num_threads() == 4
