# SPDX-License-Identifier: Apache-2.0
"""Between the host and the network's device: once up, once down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def upload(images: Sequence[np.ndarray | Tensor], device: torch.device) -> Tensor:
    """Return images, uint8 (h, w, 3) all, as the network takes them: (B, 3, h, w) in [-1, 1].

    Tensors are on the device already. Of others bytes go up, a quarter of the floats, and from pinned memory nobody
    waits for them.
    """
    if any(isinstance(image, Tensor) for image in images):
        pixels = torch.stack([image if isinstance(image, Tensor) else sent(image, device) for image in images])
    else:
        pixels = torch.from_numpy(images[0][None] if len(images) == 1 else np.stack(images))
        if device.type == 'cuda':
            pixels = pixels.pin_memory()
    pixels = pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float()
    return (pixels / 255 - 0.5) / 0.5


def sent(image: np.ndarray, device: torch.device) -> Tensor:
    """Return a copy on the device of an image, uint8 of any shape and layout, that may be changed at once; nobody waits
    for it, and what is done with it has to be on the stream in use."""
    host = torch.empty(image.shape, dtype=torch.uint8, pin_memory=device.type == 'cuda')
    host.numpy()[...] = image  # from_numpy takes neither turned nor read-only ones
    return host.to(device, non_blocking=True)


def download(*values: Tensor) -> list[np.ndarray]:
    """Return values, all on one device, as float32 arrays of their shapes, in one transfer.

    Nothing else in a step waits for the network; see Resized for the image that it was given.
    """
    packed = torch.cat([value.float().flatten() for value in values])
    host = torch.empty(packed.shape, pin_memory=True).copy_(packed) if packed.is_cuda else packed
    parts = np.split(host.numpy(), np.cumsum([value.numel() for value in values])[:-1])
    return [part.reshape(value.shape) for part, value in zip(parts, values, strict=True)]
