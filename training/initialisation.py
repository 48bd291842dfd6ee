# SPDX-License-Identifier: Apache-2.0
"""Weights to start from: each frame meets the frame before it at the same place, motion can be seen, poses are carried.

From usual random weights training did not find these copies in 350,000 frames; from here it has motion after 20,000.
Nothing is frozen. Shapes as in model.network: E and D the widths of encoder and decoder.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ttt3r_ros.model.config import PATCH_SIZE
from ttt3r_ros.model.layers import CrossAttention, DecoderBlock, EncoderBlock, SelfAttention
from ttt3r_ros.model.network import Network

SHARPNESS = 6.0  # of heads that look at their own place: every other place gets a hundredth
DETECTORS = 2.0  # length of a motion detector's weights
# What blocks add at first is small, so that copies come through.
ENCODER_RESIDUAL, DECODER_RESIDUAL, MEMORY_RESIDUAL = 0.2, 0.5, 0.2
COLOUR = 16  # one channel in so many is for each of the two colour differences
EMBED = 'patch_embed.proj.weight'
ANSWERS = tuple(f'downstream_head.proj.fc2.{part}' for part in ('weight', 'bias'))


@torch.no_grad()
def initialise(network: Network) -> None:
    """Set the weights in place, from torch's generator."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, SelfAttention):
            for part in module.qkv.weight.chunk(3):
                nn.init.xavier_uniform_(part)
        if isinstance(module, (EncoderBlock, DecoderBlock)):
            _soften(module, ENCODER_RESIDUAL if isinstance(module, EncoderBlock) else DECODER_RESIDUAL)
    _see(network)
    _meet(network)
    _notice(network)
    _carry(network)
    last = network.downstream_head.pose_head.mlp.fc2
    last.weight.mul_(0.1)
    last.bias[3] = 1.0  # no turn


def begin_with(network: Network, weights: Path) -> None:
    """Take over weights that were saved for inference, `.safetensors`; what those never need stays as it is.

    Weights of patches half as wide are grown. Raises RuntimeError where they are of another configuration.
    """
    tensors = {name: tensor.float() for name, tensor in load_file(weights).items()}
    if EMBED in tensors and 2 * tensors[EMBED].shape[-1] == network.config.patch_size:
        tensors |= grown(tensors)
    found = network.load_state_dict(tensors, strict=False)
    if found.unexpected_keys or set(found.missing_keys) - {'masked_img_token'}:
        raise RuntimeError(f'{weights} are of another configuration: unexpected {found.unexpected_keys[:3]}, '
                           f'missing {found.missing_keys[:3]}')


def grown(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the layers that read and write patches of twice the side: of each image they make what these make of its
    means over 2 × 2 pixels, every answer four times."""
    made = {EMBED: _of_means(tensors[EMBED])}
    for name in ANSWERS:
        side = math.isqrt(len(tensors[name]) // 4)
        pixels = tensors[name].unflatten(0, (4, side, side))
        made[name] = pixels.repeat_interleave(2, 1).repeat_interleave(2, 2).flatten(0, 2)
    return made


def _of_means(patterns: Tensor) -> Tensor:
    return patterns.repeat_interleave(2, 2).repeat_interleave(2, 3) / 4


def cosines(count: int) -> Tensor:
    """Return the `count` smoothest cosine patterns of a patch (count, 16, 16), of unit length, the constant first."""
    place = (torch.arange(PATCH_SIZE) + 0.5) / PATCH_SIZE
    waves = [torch.cos(math.pi * k * place) * math.sqrt((2 if k else 1) / PATCH_SIZE) for k in range(PATCH_SIZE)]
    return torch.stack([torch.outer(waves[v], waves[u]) for u, v in _frequencies(count)])


def _frequencies(count: int) -> list[tuple[int, int]]:
    every = ((u, v) for u in range(PATCH_SIZE) for v in range(PATCH_SIZE))
    return sorted(every, key=lambda f: math.hypot(*f))[:count]


def _strength(count: int) -> Tensor:
    """Return how strong these patterns (count,) are in images in [-1, 1]: finer ones are weaker.

    The deviations measured on our footage, smoothed; the constant counts half, brightness says little.
    """
    return torch.tensor([7.0 if f == (0, 0) else 1.3 * math.hypot(*f) ** -1.35 for f in _frequencies(count)])


def _soften(block: EncoderBlock | DecoderBlock, scale: float) -> None:
    for part in (block.attn.proj, block.mlp.fc2, *([block.cross_attn.proj] if isinstance(block, DecoderBlock) else ())):
        part.weight.mul_(scale)


def _see(network: Network) -> None:
    """Make an image's tokens the cosine transform of its patches, all equally strong: luma, colour, finer luma."""
    width = network.config.enc_dim
    colour, coarse = _colour(network), _luma(network)
    luma = cosines(width - 2 * colour) / _strength(width - 2 * colour)[:, None, None]
    tint = 3 * cosines(colour) / _strength(colour)[:, None, None]  # colour is a third as strong
    grey, red, blue = (torch.tensor(c)[:, None, None] for c in ((0.3, 0.59, 0.11), (0.7, -0.7, 0.0), (-0.4, -0.4, 0.8)))
    seen = torch.cat((luma[:coarse, None] * grey, tint[:, None] * red, tint[:, None] * blue,
                      luma[coarse:, None] * grey))
    network.patch_embed.proj.weight.copy_(seen if network.config.patch_size == PATCH_SIZE else _of_means(seen))
    network.patch_embed.proj.bias.zero_()


def _colour(network: Network) -> int:
    return network.config.dec_dim // 2 // COLOUR


def _luma(network: Network) -> int:
    return network.config.dec_dim // 2 - 2 * _colour(network)


def _meet(network: Network) -> None:
    """Let the state keep the last frame, place by place, and an image's tokens read it beside their own.

    The lower half of the channels holds a frame's tokens; an image token's upper half takes those of the frame before.
    """
    half = network.config.dec_dim // 2
    image, state = network.dec_blocks[0], network.dec_blocks_state[0]
    network.decoder_embed.weight[half:].mul_(0.1)
    network.decoder_embed.weight[:half] = torch.eye(half, network.config.enc_dim)
    image.attn.proj.weight.mul_(0.2)
    for block in (image, state):
        _look_here(block.cross_attn)
    _copy(image.cross_attn, slice(half, 2 * half))
    _copy(state.cross_attn, slice(half))
    # What the state held of the frame before goes: each token takes its own lower half away.
    dim, attention = 2 * half, state.attn
    query, key, value = attention.qkv.weight.chunk(3)
    for part, bias in zip((query, key), attention.qkv.bias.chunk(3)):
        part[:half] = 0
        bias[:half] = _here(dim // attention.heads).repeat(attention.heads // 2)
    value[:half] = torch.eye(half, dim)
    attention.proj.weight[:, :half] = -torch.eye(dim, half)


def _here(width: int) -> Tensor:
    """Return a head's bias (width,) of queries and keys under which, rotated, each place attends to itself."""
    bias = torch.zeros(2, 2, width // 4)  # rows and columns, the halves of the pairs, fast ones first
    bias[:, 0, :3] = SHARPNESS
    return bias.flatten()


def _look_here(attention: CrossAttention) -> None:
    """Make the first half of the heads look at their own place, whatever is there."""
    dim = attention.projq.weight.shape[0]
    for part in (attention.projq, attention.projk):
        part.weight[:dim // 2] = 0
        part.bias[:dim // 2] = _here(dim // attention.heads).repeat(attention.heads // 2)


def _copy(attention: CrossAttention, target: slice) -> None:
    """Pass the lower half of the channels through the first half of the heads, to the channels `target`."""
    dim = attention.projv.weight.shape[0]
    half = dim // 2
    attention.projv.weight[:half] = torch.eye(half, dim)
    attention.proj.weight[:, :half] = 0
    attention.proj.weight[target, :half] = torch.eye(half)


def _notice(network: Network) -> None:
    """Make the first hidden layer of an image token, its predecessor beside it, one of motion detectors.

    Each looks at one place for one wave, displaced from the one frame to the other (the motion energy of Adelson and
    Bergen, 1985). What moves how is then a linear question: a third of a patch's motion is explained before training.
    """
    half, luma, fc1 = network.config.dec_dim // 2, _luma(network), network.dec_blocks[0].mlp.fc1
    units = fc1.weight.shape[0]
    patterns, strength = cosines(luma), _strength(luma)
    grid = torch.arange(PATCH_SIZE) - (PATCH_SIZE - 1) / 2
    # Cameras mostly turn sideways.
    angle = torch.where(torch.rand(units) < 0.5, 0.3 * torch.randn(units), math.pi * torch.rand(units))[:, None, None]
    wave, phase = (x[:, None, None] for x in (8 * 5 ** torch.rand(units), 2 * math.pi * torch.rand(units)))
    size = 4 + 6 * torch.rand(units)[:, None, None]
    middle, moved = 1.5 * torch.randn(units, 2), torch.randn(units, 2) * torch.tensor([6, 3])
    fc1.weight.zero_()
    for side, start in ((-0.5, half), (0.5, 0)):
        at = middle + side * moved
        x, y = grid[None, None, :] - at[:, :1, None], grid[None, :, None] - at[:, 1:, None]
        phases = 2 * math.pi * (x * angle.cos() + y * angle.sin()) / wave + phase
        seen = torch.exp(-(x ** 2 + y ** 2) / (2 * size ** 2)) * phases.cos()
        fc1.weight[:, start:start + luma] = torch.einsum('kij,nij->kn', seen, patterns) * strength
    fc1.weight[:, [0, half]] = 0  # brightness is no motion
    fc1.weight.mul_(DETECTORS / fc1.weight.norm(dim=1, keepdim=True))


def _carry(network: Network) -> None:
    """Make the pose memory hand a frame's decoded pose token to the next frame."""
    memory, dim = network.pose_retriever, network.config.dec_dim
    token = slice(dim, 2 * dim)  # the key comes first
    for block in (*memory.write_blocks, *memory.read_blocks):
        _soften(block, MEMORY_RESIDUAL)
    write, read = memory.write_blocks[0], memory.read_blocks[0]
    # All memory tokens get the same: their mean is taken away, to leave room for the new.
    query_key, value = write.attn.qkv.weight[:4 * dim], write.attn.qkv.weight[4 * dim:]
    query_key.zero_()
    value.copy_(torch.eye(2 * dim))
    write.attn.proj.weight[token] = -torch.eye(2 * dim)[token]
    for block in (write, read):
        block.cross_attn.projv.weight.copy_(torch.eye(2 * dim))
        block.cross_attn.proj.weight[token] = torch.eye(2 * dim)[token]
