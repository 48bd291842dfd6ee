# SPDX-License-Identifier: Apache-2.0
"""How many threads a step is given."""

from __future__ import annotations

import threading

import pytest
import torch

from ttt3r_ros.model import threads


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
