# SPDX-License-Identifier: Apache-2.0
"""Blocks as compiled code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from ttt3r_ros.model.compiling import compile_blocks
from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.update_rules import make_rule


@pytest.mark.heavy
@pytest.mark.timeout(600)
def test_compiled_blocks_answer_as_ever():
    """Frames under the rule that looks at all there is agree with the plain network's, and are compiled once for each
    size: another comes in another thread, as the robot's do, and not all that it needs is in the first one's limit."""
    config = replace(PRESETS['small'], enc_depth=2, dec_depth=4)
    networks = []
    for _ in range(2):
        torch.manual_seed(0)
        networks.append(Network(config).for_inference())
    compile_blocks(networks[1])
    plain, compiled = (Recurrence(network, make_rule('ttsa3r')) for network in networks)
    torch._dynamo.utils.counters.clear()
    done = []

    def step(seed: int, width: int) -> None:
        image = torch.rand((1, 3, 48, width), generator=torch.Generator().manual_seed(seed)) * 2 - 1
        expected, found = plain.step(image), compiled.step(image)
        torch.testing.assert_close(found.prediction.pose, expected.prediction.pose, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found.prediction.points, expected.prediction.points, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found.gate, expected.gate, rtol=1e-4, atol=1e-5)
        done.append(torch._dynamo.utils.counters['stats']['unique_graphs'])

    for seed in range(3):
        step(seed, 64)
    assert 0 < done[0] < done[1] == done[2]
    with ThreadPoolExecutor(1) as pool:
        for seed in range(3):
            pool.submit(step, seed, 96).result()
    assert done[3] == done[5] >= done[2] + 5
