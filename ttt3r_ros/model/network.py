# SPDX-License-Identifier: Apache-2.0
"""The recurrent network of CUT3R (arXiv 2501.12387), which TTT3R (arXiv 2509.26645) runs with another write rule.

An image is encoded into tokens; two decoders run in step, one on the image's tokens, one on the state's, each looking
at the other; heads read the image's tokens, and the state's tokens are the proposed new state. A second small memory
holds where the camera has been: it gives each frame's pose token and takes the decoded one back.

Module names are those of the published checkpoints. Shapes: B batch, H×W the image (multiples of the patch's
side p), h = H/p, w = W/p, E and D the widths of encoder and decoder, N state tokens, M pose memory tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ttt3r_ros.model.config import RAY_MAP_HEADS, ModelConfig
from ttt3r_ros.model.heads import OUTPUTS, Decoded, Prediction, make_head
from ttt3r_ros.model.layers import (
    AttentionObserver,
    Conv2d,
    DecoderBlock,
    EncoderBlock,
    Linear,
    Rotary,
    in_type,
    layer_norm,
    sizes,
)


class RayMapError(ValueError):
    """A view is asked of a network that has no ray-map encoder."""


@dataclass(frozen=True)
class Encoded:
    """An encoded image or ray map: features (B, h·w, E) and its grid (h, w)."""

    features: Tensor
    grid: tuple[int, int]


@dataclass(frozen=True)
class Decoding:
    """One frame decoded: the proposed state (B, N, D), embedded features (B, h·w, D), and what the heads read."""

    proposed_state: Tensor
    embedded: Tensor
    heads_input: Decoded


class PatchEmbed(nn.Module):
    """Cut an image into patches and project each to a token."""

    def __init__(self, channels: int, dim: int, side: int) -> None:
        """Take the image's channels, the token width, and the pixels of a patch's side."""
        super().__init__()
        self.side = side
        self.proj = Conv2d(channels, dim, side, stride=side)

    def forward(self, image: Tensor) -> Tensor:
        """Map (B, C, H, W) to tokens (B, h·w, E), row by row."""
        batch, channels, height, width = sizes(image)
        side = self.side
        patches = image.view(batch, channels, height // side, side, width // side, side)
        # As one product: a convolution takes longer, and leaves strides that slow down every sum with the tokens.
        return linear(in_type(patches.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2), self.proj.weight.dtype),
                      self.proj.weight.flatten(1), self.proj.bias)


def _noise(*shape: int, scale: float = 0.02) -> nn.Parameter:
    noise = torch.empty(shape)
    # On the meta device random numbers import PyTorch's compiler, which takes a second and 70 MB.
    return nn.Parameter(noise if noise.is_meta else noise.normal_() * scale)


class PoseMemory(nn.Module):
    """Where the camera has been: read before decoding, written after."""

    def __init__(self, config: ModelConfig) -> None:
        """Take the network's sizes."""
        super().__init__()
        dim = config.dec_dim
        self.masked_token = _noise(1, 1, dim)
        self.mem = _noise(1, config.memory_tokens, 2 * dim)
        self.proj_q = Linear(config.enc_dim, dim)
        self.write_blocks = nn.ModuleList(DecoderBlock(2 * dim, config.dec_heads) for _ in range(2))
        self.read_blocks = nn.ModuleList(DecoderBlock(2 * dim, config.dec_heads) for _ in range(2))

    def key(self, features: Tensor) -> Tensor:
        """Return the frame's key (B, 1, D) from its features (B, h·w, E)."""
        return self.proj_q(features.mean(dim=1, keepdim=True))

    def read(self, memory: Tensor, key: Tensor) -> Tensor:
        """Ask memory (B, M, 2D) for the pose token (B, 1, D) that belongs to the key."""
        x = torch.cat((key, self.masked_token.expand_as(key)), dim=-1)
        for block in self.read_blocks:
            x = block(x, memory)
        return x[..., sizes(key)[-1]:]

    def write(self, memory: Tensor, key: Tensor, pose_token: Tensor) -> Tensor:
        """Return memory (B, M, 2D) with the key's decoded pose token (B, 1, D) written in."""
        context = torch.cat((key, pose_token), dim=-1)
        for block in self.write_blocks:
            memory = block(memory, context)
        return memory


class Network(nn.Module):
    """CUT3R's network; every method is a pure function of its arguments and the weights."""

    def __init__(self, config: ModelConfig) -> None:
        """Build with fresh random weights."""
        super().__init__()
        self.config = config
        enc, dec = config.enc_dim, config.dec_dim
        self.pose_token = _noise(1, 1, dec)
        self.masked_img_token = _noise(1, enc)
        if config.ray_map:  # in three places: the order is that of the published parameters
            self.masked_ray_map_token = _noise(1, enc)
        self.patch_embed = PatchEmbed(3, enc, config.patch_size)
        if config.ray_map:
            self.patch_embed_ray_map = PatchEmbed(6, enc, config.patch_size)
        self.enc_blocks = nn.ModuleList(EncoderBlock(enc, config.enc_heads) for _ in range(config.enc_depth))
        self.enc_norm = layer_norm(enc)
        self.decoder_embed = Linear(enc, dec)
        self.dec_blocks = nn.ModuleList(DecoderBlock(dec, config.dec_heads) for _ in range(config.dec_depth))
        self.dec_norm = layer_norm(dec)
        if config.ray_map:
            self.enc_blocks_ray_map = nn.ModuleList(EncoderBlock(enc, RAY_MAP_HEADS) for _ in range(2))
            self.enc_norm_ray_map = layer_norm(enc)
        self.pose_retriever = PoseMemory(config)
        self.register_tokens = nn.Embedding.from_pretrained(_noise(config.state_tokens, enc, scale=1.0), freeze=False)
        self.decoder_embed_state = Linear(enc, dec)
        self.dec_blocks_state = nn.ModuleList(
            DecoderBlock(dec, config.state_heads) for _ in range(config.dec_depth))
        self.dec_norm_state = layer_norm(dec)
        self.downstream_head = make_head(config)
        self._rotaries: dict[tuple, Rotary] = {}
        self.compiled = False  # block by block, see compiling

    @property
    def device(self) -> torch.device:
        """Return where the weights are."""
        return self.pose_token.device

    @property
    def dtype(self) -> torch.dtype:
        """Return the number type that most products are computed in."""
        return self.decoder_embed.weight.dtype

    def for_inference(self, dtype: torch.dtype = torch.float32) -> Network:
        """Set this network up to answer, not to learn: no gradients, and the weights of most products in dtype.

        In float32 stay norms, tokens and memories, and the products whose rounding would show as it is: those that
        the image and the initial state enter by, the pose head, and the last layer of the other heads.
        """
        self.train(False).requires_grad_(False)
        for module in self._products().values():
            module.to(dtype)
        for module in self.modules():
            if isinstance(module, nn.Linear) and module.weight.dtype == torch.float32:
                # Column by column, as the product reads it: of few tokens it then takes a quarter less.
                module.weight.data = module.weight.t().contiguous().t()
        self.downstream_head.to(memory_format=torch.channels_last)  # runs faster, on a CPU too
        return self

    def pack(self) -> None:
        """Put weights into the order that a CPU's product reads, where that pays: for a network that is to run here.

        It cannot be learnt or moved to another device then, unless `unpack` puts them back.
        """
        for module in self.modules():
            if isinstance(module, Linear):
                module.pack()

    def unpack(self) -> None:
        """Put the weights back as they were."""
        for module in self.modules():
            if isinstance(module, Linear):
                module.unpack()

    def held_in(self, dtype: torch.dtype) -> dict[str, torch.dtype]:
        """Return the names of the weights that `for_inference` holds in dtype; all others it holds in float32."""
        return {f'{name}.{weight}': dtype for name, module in self._products().items()
                for weight, _ in module.named_parameters(recurse=False)}

    def _products(self) -> dict[str, nn.Module]:
        """Return the modules, by name, whose products may be computed in fewer bits."""
        ends = (*(module for module in self.modules() if isinstance(module, PatchEmbed)), self.decoder_embed_state,
                self.downstream_head.pose_head, *self.downstream_head.last_layers())
        exact = {module for end in ends for module in end.modules()}
        return {name: module for name, module in self.named_modules()
                if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)) and module not in exact}

    def initial_state(self) -> Tensor:
        """Return S₀ (1, N, D)."""
        return self.decoder_embed_state(self.register_tokens.weight)[None]

    def initial_pose_memory(self) -> Tensor:
        """Return M₀ (1, M, 2D)."""
        return self.pose_retriever.mem

    def encode_image(self, image: Tensor) -> Encoded:
        """Encode image (B, 3, H, W) in [-1, 1]."""
        return self._encode(image, self.patch_embed, self.enc_blocks, self.enc_norm)

    def encode_ray_map(self, ray_map: Tensor) -> Encoded:
        """Encode ray_map (B, 6, H, W): origin, then the direction that the checkpoints were trained with.

        Raises RayMapError.
        """
        self.require_ray_map()
        return self._encode(ray_map, self.patch_embed_ray_map, self.enc_blocks_ray_map, self.enc_norm_ray_map)

    def require_ray_map(self) -> None:
        """Raise RayMapError if this network was built without a ray-map encoder."""
        if not self.config.ray_map:
            raise RayMapError('no ray-map encoder (ray_map is false in the configuration of the weights): they cannot '
                              'be asked about a view that no camera took; load weights that have one, as the published '
                              'ones do')

    def _encode(self, x: Tensor, embed: PatchEmbed, blocks: nn.ModuleList, norm: nn.LayerNorm) -> Encoded:
        grid = tuple(side // embed.side for side in sizes(x)[-2:])
        tokens = embed(x)
        rotary = self._image_rotary(grid, with_pose_token=False)
        for block in blocks:
            tokens = block(tokens, rotary)
        return Encoded(norm(tokens), grid)

    def decode(self, encoded: Encoded, pose_token: Tensor, state: Tensor,
               observer: AttentionObserver | None = None) -> Decoding:
        """Decode a frame against state (B, N, D), starting from pose_token (B, 1, D).

        The observer sees the queries and keys of every cross-attention of the state's decoder.
        """
        embedded = self.decoder_embed(encoded.features).float()
        image_rotary = self._image_rotary(encoded.grid, with_pose_token=True)
        state_rotary = self._state_rotary()
        depth = len(self.dec_blocks)
        inner = (depth * 2 // 4, depth * 3 // 4)
        middle = {}
        x = torch.cat((pose_token, embedded), dim=1)
        for layer, (image_block, state_block) in enumerate(
                zip(self.dec_blocks, self.dec_blocks_state, strict=True), start=1):
            x, state = (image_block(x, state, image_rotary, state_rotary),
                        state_block(state, x, state_rotary, image_rotary, observer))
            if layer in inner:
                middle[layer] = x[:, 1:]
        x = self.dec_norm(x)
        heads_input = Decoded(encoded.features, (middle[inner[0]], middle[inner[1]]), x[:, 1:], x[:, 0], encoded.grid,
                              self._image_rotary(encoded.grid, with_pose_token=False))
        return Decoding(self.dec_norm_state(state), embedded, heads_input)

    def predict(self, decoded: Decoded, outputs: frozenset[str]) -> Prediction:
        """Run the heads for the pose and the outputs named (heads.OUTPUTS), and no other.

        Raises ValueError for an output that there is not, or that this network has no head for.
        """
        built = OUTPUTS - self.lacking
        if not outputs <= built:
            raise ValueError(f'no head for {", ".join(sorted(outputs - built))}: this network has '
                             f'{", ".join(sorted(built))}; a checkpoint converted with --streaming keeps only points')
        return self.downstream_head(decoded, outputs)

    @property
    def lacking(self) -> frozenset[str]:
        """Return the outputs that this network has no head for."""
        return frozenset(name for name in ('world_points', 'rgb') if not getattr(self.config, name))

    def tables(self) -> tuple[Rotary, ...]:
        """Return the rotations in use, which are let go when images of another size come."""
        return tuple(self._rotaries.values())

    def _image_rotary(self, grid: tuple[int, int], with_pose_token: bool) -> Rotary:
        return self._rotary(('pose+image' if with_pose_token else 'image', grid))

    def _state_rotary(self) -> Rotary:
        return self._rotary(('state', None))

    def _rotary(self, key: tuple) -> Rotary:
        """Return the rotations of a token set; those of the last image size are kept, older ones let go."""
        key = (*key, self.device)
        if key not in self._rotaries:
            kind, grid, device = key
            if grid is not None:
                self._rotaries = {k: v for k, v in self._rotaries.items() if k[1] in (grid, None)}
            positions = self._state_positions() if kind == 'state' else torch.cartesian_prod(
                torch.arange(grid[0]), torch.arange(grid[1])).reshape(-1, 2)
            if kind == 'pose+image':
                positions = torch.cat((torch.full((1, 2), -1), positions))
            self._rotaries[key] = Rotary(positions.to(device))
        return self._rotaries[key]

    def _state_positions(self) -> Tensor:
        index = torch.arange(self.config.state_tokens)
        if self.config.state_positions == '1d':
            return torch.stack((index, index), dim=1)
        width = math.isqrt(self.config.state_tokens)
        width += width % 2
        return torch.stack((index // width, index % width), dim=1)
