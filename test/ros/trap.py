# SPDX-License-Identifier: Apache-2.0
"""A checkpoint whose pose overflows when the camera is blinded, and only then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from harness import scene

from ttt3r_ros.model.checkpoint import LoadedNetwork, load_network, save_network
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.tracing import suspended
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.transfer import upload

BLINDED = np.full((96, 128, 3), 255, np.uint8)


def write_trap(path: Path) -> Path:
    """Write the checkpoint: one hidden unit of the pose head fires on a white image and drives the pose to infinity."""
    network = load_network('untrained').network
    tokens = []
    network.downstream_head.pose_head.register_forward_pre_hook(lambda _, args: tokens.append(args[0][0].clone()))
    recurrence = Recurrence(network, make_rule('ttt3r'))
    plan = PixelMap.plan(96, 128, network.config)

    def token(image: np.ndarray) -> torch.Tensor:
        with suspended():  # a traced step calls no hook
            recurrence.step(upload([plan.apply(image)], network.device), write=image is not BLINDED)
        return tokens[-1]

    ordinary = torch.stack([token(scene(i)) for i in range(40)])
    blinded = torch.stack([token(BLINDED) for _ in range(3)])
    direction = blinded.mean(0) - ordinary.mean(0)
    low, high = (ordinary @ direction).max(), (blinded @ direction).min()
    assert low < high, 'the token does not tell the two apart'
    head = network.downstream_head.pose_head.mlp
    gain = 100 / (high - low)
    head.fc1.weight[0] = direction * gain
    head.fc1.bias[0] = -(low + high) / 2 * gain
    head.fc2.weight[:, 0] = 0
    head.fc2.weight[0, 0] = 100
    save_network(LoadedNetwork(network, 'trap', trained=False), path)
    return path
