# SPDX-License-Identifier: Apache-2.0
"""What a task needs of a GPU, measured by one."""

from __future__ import annotations

from dataclasses import replace

import torch

from ttt3r_ros.fleet.cluster import Cluster, FleetError, Share
from ttt3r_ros.fleet.share import PARTS, share_of_gpu
from ttt3r_ros.offline.reconstruction import Loaded, Settings, load, prepare

CONTEXT_BYTES = 600 << 20  # what a CUDA process has beside its tensors
FRAMES = 3  # the third is recorded


def measured_share(cluster: Cluster, settings: Settings) -> tuple[Loaded, Share]:
    """Have a worker try; return the weights in the number type that its GPU is quick with, and each task's part of one.

    Raises FleetError.
    """
    (_, done), = cluster.each(_try, [replace(settings, device='cuda')], share=Share(1, 1 / PARTS))
    if done.failure:
        raise FleetError(f'the GPU cannot be used: {done.failure.strip().splitlines()[-1]}')
    needed, free, precision = done.value
    return load(replace(settings, device='cpu', precision=precision)), share_of_gpu(needed, free)


def _try(held: None, settings: Settings) -> tuple[int, int, str]:
    """Return the bytes that a run needs, those that are free, and the number type; in a worker."""
    free, _ = torch.cuda.mem_get_info()
    loaded = load(settings)
    network = loaded.network.network
    prepare(settings, loaded=loaded).reconstructor.warm_up((network.config.image_size,) * 2, FRAMES)
    needed = torch.cuda.max_memory_reserved() + CONTEXT_BYTES
    return needed, free, str(network.dtype).removeprefix('torch.')
