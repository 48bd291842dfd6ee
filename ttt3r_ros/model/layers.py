# SPDX-License-Identifier: Apache-2.0
"""Attention with two-dimensional rotary positions, and the blocks made of it.

Products are computed in the number type of their weights; tokens are handed on, added up and normalised in float32.

Shapes: B batch, T tokens, C channels, H heads, d = C / H. Rotary positions after RoFormer (arXiv 2104.09864),
split between row and column as in CroCo v2 (arXiv 2211.10408).
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention

from ttt3r_ros.model import packing

ROTARY_BASE = 100.0
NORM_EPS = 1e-6


def sizes(x: Tensor) -> tuple[int, ...]:
    """Return a tensor's shape as numbers: where a step is traced PyTorch's are tensors, and all that is made of them
    would be computed in every step."""
    return tuple(map(int, x.shape))


def in_type(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return x in a number type; where it has it there is not even a call, which a trace would keep."""
    return x if x.dtype == dtype else x.to(dtype)


class Linear(nn.Linear):
    """A linear layer that computes in the number type of its weights, whatever comes in.

    Its weights may be packed (`packing`): they are there once then, and opaque. A state dict, a copy and a pickle have
    them as they were.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        weight = self.weight
        x = in_type(x, weight.dtype)
        return packing.product(x, weight, self.bias) if weight.is_mkldnn else linear(x, weight, self.bias)

    def pack(self) -> None:
        """Pack the weights where that pays; those that are learnt stay as they are."""
        if not self.weight.is_mkldnn and packing.pays(self.weight):
            self.weight = nn.Parameter(packing.packed(self.weight), requires_grad=False)

    def unpack(self) -> None:
        """Put the weights back as they were, if they are packed."""
        self.weight = self._plain()

    def _plain(self) -> nn.Parameter:
        return nn.Parameter(self.weight.to_dense(), requires_grad=False) if self.weight.is_mkldnn else self.weight

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.weight.is_mkldnn:
            destination[f'{prefix}weight'] = self._plain()

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        if self.weight.is_mkldnn:  # nothing can be copied into them
            self.unpack()
            packing.loaded()
        super()._load_from_state_dict(*args, **kwargs)

    def _apply(self, *args, **kwargs) -> Linear:
        self.unpack()  # what moves weights, or changes their number type, cannot do so with packed ones
        return super()._apply(*args, **kwargs)

    def __getstate__(self) -> dict:
        return {**self.__dict__, '_parameters': {**self._parameters, 'weight': self._plain()},
                'packed': self.weight.is_mkldnn}

    def __setstate__(self, state: dict) -> None:
        packed = state.pop('packed')
        super().__setstate__(state)
        if packed:
            self.pack()


class Conv2d(nn.Conv2d):
    """A convolution that computes in the number type of its weights, whatever comes in."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in, H, W) to (B, out, H', W')."""
        return super().forward(in_type(x, self.weight.dtype))


class LayerNorm(nn.LayerNorm):
    """PyTorch's, without its detour by way of Python."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (..., dim)."""
        return torch.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


def layer_norm(dim: int) -> nn.LayerNorm:
    """Return the layer norm that every published block uses."""
    return LayerNorm(dim, eps=NORM_EPS)


class Rotary:
    """The rotations of one set of token positions, computed once for each head width."""

    def __init__(self, positions: Tensor) -> None:
        """Take positions (T, 2), rows and columns, whole numbers that may be negative."""
        self._positions = positions.to(torch.float32)
        self._tables: dict[int, tuple[Tensor, Tensor]] = {}

    def __call__(self, x: Tensor) -> Tensor:
        """Rotate x (..., T, d) by its tokens' positions; float32 inside, x's type outside."""
        *rest, width = sizes(x)
        cos, sin = self._table(width)
        given = x.dtype
        if not x.is_cuda:
            x = in_type(x, torch.float32)  # once: on a CPU each pass over numbers of two types converts them anew
        turned = x * cos
        # Each half (row, column) holds the pairs (u_i, v_i) as all u, then all v.
        pairs = (*rest, 2, 2, width // 4)
        before, after = x.view(pairs), turned.view(pairs)
        after.select(-2, 0).addcmul_(before.select(-2, 1), sin, value=-1)
        after.select(-2, 1).addcmul_(before.select(-2, 0), sin)
        return in_type(turned, given)

    def _table(self, head_dim: int) -> tuple[Tensor, Tensor]:
        """Return the cosine of every channel (T, d) and the sine of every pair (T, 2, d/4)."""
        if head_dim not in self._tables:
            pairs = head_dim // 4
            exponent = torch.arange(pairs, device=self._positions.device, dtype=torch.float32) / pairs
            angle = self._positions[:, :, None] * ROTARY_BASE ** -exponent
            self._tables[head_dim] = (angle.cos().repeat_interleave(2, dim=1).flatten(1), angle.sin())
        return self._tables[head_dim]


class AttentionObserver(Protocol):
    """Something that looks at the queries and keys of a cross-attention as it runs."""

    def observe(self, query: Tensor, key: Tensor) -> None:
        """Take query (B, H, N, d) and key (B, H, T, d), both rotated."""


# Of views and sums a small network's frame has a thousand: where they are spelled out each costs a microsecond less.
def _split_heads(x: Tensor, heads: int) -> Tensor:
    batch, tokens, channels = sizes(x)
    return x.view(batch, tokens, heads, channels // heads).transpose(1, 2)


def _merge_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Multi-head self-attention with a fused projection."""

    attend = staticmethod(scaled_dot_product_attention)

    def __init__(self, dim: int, heads: int) -> None:
        """Take the token width and the number of heads."""
        super().__init__()
        self.heads = heads
        self.qkv = Linear(dim, 3 * dim)
        self.proj = Linear(dim, dim)

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Attend x (B, T, C) to itself."""
        batch, tokens, channels = sizes(x)
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, channels // self.heads).permute(2, 0, 3, 1, 4)
        if rotary is None:
            q, k, v = qkv.unbind()
        else:
            (q, k), v = rotary(qkv.narrow(0, 0, 2)).unbind(), qkv.select(0, 2)
        return self.proj(_merge_heads(self.attend(q, k, v)))


class CrossAttention(nn.Module):
    """Multi-head attention of one token set to another."""

    attend = staticmethod(scaled_dot_product_attention)

    def __init__(self, dim: int, heads: int) -> None:
        """Take the token width, the same on both sides, and the number of heads."""
        super().__init__()
        self.heads = heads
        self.projq = Linear(dim, dim)
        self.projk = Linear(dim, dim)
        self.projv = Linear(dim, dim)
        self.proj = Linear(dim, dim)

    def forward(self, x: Tensor, y: Tensor, rotary_x: Rotary | None, rotary_y: Rotary | None,
                observer: AttentionObserver | None = None) -> Tensor:
        """Attend x (B, N, C) to y (B, T, C); the observer sees the rotated queries and keys."""
        q = _split_heads(self.projq(x), self.heads)
        k = _split_heads(self.projk(y), self.heads)
        v = _split_heads(self.projv(y), self.heads)
        if rotary_x is not None and rotary_y is not None:
            q, k = rotary_x(q), rotary_y(k)
        if observer is not None:
            observer.observe(q, k)
        return self.proj(_merge_heads(self.attend(q, k, v)))


class Mlp(nn.Module):
    """Two linear layers with an exact GELU between."""

    def __init__(self, dim: int, hidden: int, out: int) -> None:
        """Take the widths in, inside and out."""
        super().__init__()
        self.fc1 = Linear(dim, hidden)
        self.act = nn.GELU()
        self.fc2 = Linear(hidden, out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., dim) to (..., out)."""
        return self.fc2(self.act(self.fc1(x)))


class EncoderBlock(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, dim: int, heads: int) -> None:
        """Take the token width and the number of heads."""
        super().__init__()
        self.norm1 = layer_norm(dim)
        self.attn = SelfAttention(dim, heads)
        self.norm2 = layer_norm(dim)
        self.mlp = Mlp(dim, 4 * dim, dim)

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Map x (B, T, C) to the same shape."""
        x = x + self.attn(self.norm1(x), rotary)
        return x + self.mlp(self.norm2(x))


class DecoderBlock(nn.Module):
    """Pre-norm transformer block that also attends to a context."""

    def __init__(self, dim: int, heads: int) -> None:
        """Take the token width, the same on both sides, and the number of heads."""
        super().__init__()
        self.norm1 = layer_norm(dim)
        self.attn = SelfAttention(dim, heads)
        self.cross_attn = CrossAttention(dim, heads)
        self.norm2 = layer_norm(dim)
        self.norm3 = layer_norm(dim)
        self.mlp = Mlp(dim, 4 * dim, dim)
        self.norm_y = layer_norm(dim)

    def forward(self, x: Tensor, context: Tensor, rotary_x: Rotary | None = None, rotary_y: Rotary | None = None,
                observer: AttentionObserver | None = None) -> Tensor:
        """Map x (B, N, C), given context (B, T, C), to x's shape."""
        x = x + self.attn(self.norm1(x), rotary_x)
        x = x + self.cross_attn(self.norm2(x), self.norm_y(context), rotary_x, rotary_y, observer)
        return x + self.mlp(self.norm3(x))


class ModulatedNorm(nn.Module):
    """Layer norm whose shift and scale come from a condition (adaLN, DiT, arXiv 2212.09748)."""

    def __init__(self, dim: int) -> None:
        """Take the width of tokens and condition."""
        super().__init__()
        self.norm = layer_norm(dim)
        self.mlp = nn.Sequential(nn.SiLU(), Linear(dim, 2 * dim))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Normalise x (B, T, C) under condition (B, C)."""
        shift, scale = self.mlp(condition)[:, None].float().chunk(2, dim=-1)
        return self.norm(x) * (1 + scale) + shift


class ModulatedBlock(nn.Module):
    """Encoder block under a condition: takes camera-frame tokens to the world frame, given the pose token."""

    def __init__(self, dim: int, heads: int) -> None:
        """Take the token width and the number of heads."""
        super().__init__()
        self.norm1 = ModulatedNorm(dim)
        self.attn = SelfAttention(dim, heads)
        self.norm2 = ModulatedNorm(dim)
        self.mlp = Mlp(dim, 4 * dim, dim)

    def forward(self, x: Tensor, condition: Tensor, rotary: Rotary) -> Tensor:
        """Map x (B, T, C) to the same shape under condition (B, C)."""
        x = x + self.attn(self.norm1(x, condition), rotary)
        return x + self.mlp(self.norm2(x, condition))
