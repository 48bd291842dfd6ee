# SPDX-License-Identifier: Apache-2.0
"""How much of a machine a task is given, from the network's size alone: the same answers on every machine."""

from __future__ import annotations

import math

import torch

from ttt3r_ros.fleet.cluster import Share
from ttt3r_ros.model.assembly import on_meta
from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.recurrence import STREAMING, Memory, propose
from ttt3r_ros.model.threads import AVAILABLE, GFLOP_PER_THREAD, gflop

FREE_KEPT = 0.9  # of a GPU's free memory is given away
PARTS = 10_000  # of a GPU, as finely as Ray counts


def threads_worth(config: ModelConfig) -> int:
    """Return how many threads a step of the largest image, a square one, is worth; nothing is computed."""
    network, side = on_meta(config), config.image_size
    image = torch.empty(1, 3, side, side, device='meta')

    def step() -> None:
        memory = Memory(network.initial_state(), network.initial_pose_memory())
        decoding, _ = propose(network, memory, network.encode_image(image))
        network.predict(decoding.heads_input, STREAMING)

    with torch.inference_mode():
        return max(1, math.ceil(gflop(step) / GFLOP_PER_THREAD))


def share_of_cpu(config: ModelConfig) -> Share:
    """Return what a task on a CPU is given: the threads that a process of its own would take here."""
    return Share(min(threads_worth(config), AVAILABLE))


def share_of_gpu(needed: int, free: int) -> Share:
    """Return what a task on a GPU is given: as small a part as lets those that go into its free memory run together.

    needed, free: bytes, of one task and of the GPU before any. A task that needs more than there is gets all of it.
    """
    tasks = max(1, int(free * FREE_KEPT / max(needed, 1)))
    return Share(1, math.floor(PARTS / tasks) / PARTS)
