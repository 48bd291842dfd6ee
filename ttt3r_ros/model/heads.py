# SPDX-License-Identifier: Apache-2.0
"""From decoded tokens to pose, points, confidence and colour.

Shapes: B batch, H×W the image, h = H/p, w = W/p of patches of p pixels a side, E and D the widths of
encoder and decoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, linear, relu

from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.deblocking import Deblocking
from ttt3r_ros.model.device import float32_convolutions
from ttt3r_ros.model.layers import Conv2d, Mlp, ModulatedBlock, Rotary, in_type, sizes

DPT_STAGE_WIDTHS = (96, 192, 384, 768)
DPT_WIDTH = 256
DPT_HEAD_WIDTH = 128
STRIP = 32  # rows
RGB_EPS = 1e-6

OUTPUTS = frozenset({'points', 'world_points', 'rgb'})


@dataclass(frozen=True)
class Decoded:
    """What the heads read.

    encoded (B, h·w, E); middle, two of (B, h·w, D), inner image-decoder layers; tokens (B, h·w, D), the last;
    pose_token (B, D); grid (h, w); rotary, the positions of the image tokens.
    """

    encoded: Tensor
    middle: tuple[Tensor, Tensor]
    tokens: Tensor
    pose_token: Tensor
    grid: tuple[int, int]
    rotary: Rotary

    def maps(self, last: Tensor) -> list[Tensor]:
        """Return the four token maps of a DPT head, each (B, C, h, w), with `last` as the fourth."""
        return [rearrange(x, 'b (h w) c -> b c h w', h=self.grid[0]) for x in (self.encoded, *self.middle, last)]


@dataclass(frozen=True)
class Prediction:
    """The heads' answer; what was not asked for is None.

    pose (B, 7): translation in metres, unit quaternion scalar-first, camera-to-world, world = the segment's first
    camera, optical axes. points (B, H, W, 3): metres in the camera frame. confidence (B, H, W): at least 1.
    world_points, world_confidence: the same in the world frame. rgb (B, H, W, 3) in [-1, 1].
    """

    pose: Tensor
    points: Tensor | None = None
    confidence: Tensor | None = None
    world_points: Tensor | None = None
    world_confidence: Tensor | None = None
    rgb: Tensor | None = None


def _expand(x: Tensor) -> Tensor:
    """Stretch vectors (..., 3) along their own direction: |x| becomes exp(|x|) - 1."""
    a, b, c = x.unbind(-1)  # Tensor.norm over so short an axis is many times slower
    norm = (a * a + b * b + c * c).clamp(min=1e-16).sqrt()[..., None]
    return x * (torch.expm1(norm) / norm)


def _points_and_confidence(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Split raw (B, 4, H, W) into points (B, H, W, 3) and confidence (B, H, W)."""
    raw = raw.permute(0, 2, 3, 1)
    return _expand(raw[..., :3]), 1 + raw[..., 3].exp()


class PoseHead(nn.Module):
    """The camera's pose from the decoded pose token."""

    def __init__(self, dim: int) -> None:
        """Take the decoder's width."""
        super().__init__()
        self.mlp = Mlp(dim, 4 * dim, 7)

    def forward(self, token: Tensor) -> Tensor:
        """Map the pose token (B, D) to translation and quaternion (B, 7), scalar part not negative."""
        raw = self.mlp(token)
        quaternion = nn.functional.normalize(raw[:, 3:], dim=-1, eps=1e-12)
        quaternion = torch.where(quaternion[:, :1] < 0, -quaternion, quaternion)
        return torch.cat((_expand(raw[:, :3]), quaternion), dim=-1)


class ResidualConv(nn.Module):
    """Two 3×3 convolutions, each after a ReLU, added to the input."""

    def __init__(self) -> None:
        """Take nothing: the width is fixed."""
        super().__init__()
        self.conv1 = Conv2d(DPT_WIDTH, DPT_WIDTH, 3, padding=1)
        self.conv2 = Conv2d(DPT_WIDTH, DPT_WIDTH, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 256, h, w) to the same shape."""
        return x + self.conv2(relu(self.conv1(relu(x))))


def doubled(x: Tensor) -> Tensor:
    """Return (B, C, h, w) in twice the resolution."""
    return interpolate(x, scale_factor=2, mode='bilinear', align_corners=True)


class Fusion(nn.Module):
    """Join a coarser path with a finer layer and double the resolution (RefineNet block of DPT)."""

    def __init__(self) -> None:
        """Take nothing: the width is fixed."""
        super().__init__()
        self.out_conv = Conv2d(DPT_WIDTH, DPT_WIDTH, 1)
        self.resConfUnit1 = ResidualConv()
        self.resConfUnit2 = ResidualConv()

    def forward(self, path: Tensor, layer: Tensor | None = None) -> Tensor:
        """Map path (B, 256, h, w), and a layer of the same shape if there is one, to (B, 256, 2h, 2w)."""
        if layer is not None:
            path = path + self.resConfUnit1(layer)
        return self.enlarge(self.resConfUnit2(path))

    def enlarge(self, path: Tensor) -> Tensor:
        """Map (B, 256, h, w) to (B, 256, 2h, 2w)."""
        # A 1×1 convolution and a mean of neighbours can change places: before it there is a quarter of the pixels.
        return doubled(self.out_conv(path))


class DptScratch(nn.Module):
    """The fusion part of a DPT head; the files hold each entry convolution under two names."""

    def __init__(self) -> None:
        """Take nothing: the widths are fixed."""
        super().__init__()
        entries = [Conv2d(width, DPT_WIDTH, 3, padding=1, bias=False) for width in DPT_STAGE_WIDTHS]
        self.layer1_rn, self.layer2_rn, self.layer3_rn, self.layer4_rn = entries
        self.layer_rn = nn.ModuleList(entries)
        self.refinenet1 = Fusion()
        self.refinenet2 = Fusion()
        self.refinenet3 = Fusion()
        self.refinenet4 = Fusion()

    def forward(self, stages: list[Tensor]) -> Tensor:
        """Fuse four stages, finest first (4h×4w, 2h×2w, h×w, h/2×w/2), into (B, 256, 8h, 8w)."""
        layers = [entry(stage) for entry, stage in zip(self.layer_rn, stages, strict=True)]
        height, width = sizes(layers[2])[-2:]
        path = self.refinenet4(layers[3])[..., :height, :width]  # an odd h or w was rounded up
        path = self.refinenet3(path, layers[2])
        path = self.refinenet2(path, layers[1])
        return self.refinenet1(path, layers[0])


class DptHead(nn.Module):
    """Dense prediction from four token maps (DPT, arXiv 2103.13413)."""

    def __init__(self, config: ModelConfig, channels: int) -> None:
        """Take the network's sizes and the number of channels out."""
        super().__init__()
        a, b, c, d = DPT_STAGE_WIDTHS
        self.scratch = DptScratch()
        self.head = nn.Sequential(
            Conv2d(DPT_WIDTH, DPT_HEAD_WIDTH, 3, padding=1),
            nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True),
            Conv2d(DPT_HEAD_WIDTH, DPT_HEAD_WIDTH, 3, padding=1),
            nn.ReLU(),
            Conv2d(DPT_HEAD_WIDTH, channels, 1))
        self.act_postprocess = nn.ModuleList([
            nn.Sequential(Conv2d(config.enc_dim, a, 1), nn.ConvTranspose2d(a, a, 4, stride=4)),
            nn.Sequential(Conv2d(config.dec_dim, b, 1), nn.ConvTranspose2d(b, b, 2, stride=2)),
            nn.Sequential(Conv2d(config.dec_dim, c, 1)),
            nn.Sequential(Conv2d(config.dec_dim, d, 1), Conv2d(d, d, 3, stride=2, padding=1))])

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map four (B, C, h, w) to (B, channels, 16h, 16w)."""
        with float32_convolutions(maps[0].device):
            fused = self.scratch([stage(x) for stage, x in zip(self.act_postprocess, maps, strict=True)])
            return self.answer(doubled(self.head[0](fused)))

    def answer(self, x: Tensor) -> Tensor:
        """Map (B, 128, H, W) to (B, channels, H, W), on a CPU some rows at a time, which its cache holds."""
        mix, last = self.head[2], self.head[4]
        height = sizes(x)[2]
        rows = height if x.is_cuda else STRIP
        strips = []
        for top in range(0, height, rows):
            above, below = top > 0, top + rows < height
            # A row more on either side is what the convolution reads; the picture's own edges it fills up itself.
            strip = conv2d(x[:, :, top - above:top + rows + below], mix.weight, mix.bias, padding=1)
            strip = strip[:, :, int(above):sizes(strip)[2] - below]
            pixels = in_type(strip.relu_().permute(0, 2, 3, 1), last.weight.dtype)
            strips.append(linear(pixels, last.weight.flatten(1), last.bias))
        return torch.cat(strips, dim=1).permute(0, 3, 1, 2)


class _Head(nn.Module):
    """What both kinds of head share: the pose, and the order of the outputs."""

    def forward(self, decoded: Decoded, outputs: frozenset[str]) -> Prediction:
        """Compute the pose and the outputs named, a subset of OUTPUTS."""
        points = confidence = world_points = world_confidence = rgb = None
        if 'points' in outputs:
            points, confidence = _points_and_confidence(self._raw_points(decoded))
        if 'world_points' in outputs:
            tokens = decoded.tokens
            for block in self.final_transform:
                tokens = block(tokens, decoded.pose_token, decoded.rotary)
            world_points, world_confidence = _points_and_confidence(self._raw_world_points(decoded, tokens))
        if 'rgb' in outputs:
            colour = torch.sigmoid(self._raw_rgb(decoded).permute(0, 2, 3, 1)) * (1 - 2 * RGB_EPS) + RGB_EPS
            rgb = (colour - 0.5) * 2
        return Prediction(self.pose_head(decoded.pose_token), points, confidence, world_points, world_confidence, rgb)


class DptPointHead(_Head):
    """The heads of the 512-pixel model."""

    def last_layers(self) -> list[nn.Module]:
        """Return the layers whose output is the answer's, but for the pose."""
        return [module.head[-1] for module in self.children() if isinstance(module, DptHead)]

    def __init__(self, config: ModelConfig) -> None:
        """Take the network's sizes; heads that the configuration lacks are not built."""
        super().__init__()
        self.dpt_self = DptHead(config, channels=4)
        if config.world_points:
            self.final_transform = nn.ModuleList(
                ModulatedBlock(config.dec_dim, config.dec_heads) for _ in range(2))
            self.dpt_cross = DptHead(config, channels=4)
        if config.rgb:
            self.dpt_rgb = DptHead(config, channels=3)
        self.pose_head = PoseHead(config.dec_dim)

    def _raw_points(self, decoded: Decoded) -> Tensor:
        return self.dpt_self(decoded.maps(decoded.tokens))

    def _raw_world_points(self, decoded: Decoded, tokens: Tensor) -> Tensor:
        return self.dpt_cross(decoded.maps(tokens))

    def _raw_rgb(self, decoded: Decoded) -> Tensor:
        return self.dpt_rgb(decoded.maps(decoded.tokens))


class LinearPointHead(_Head):
    """The heads of the 224-pixel model: every token holds its patch's pixels."""

    def last_layers(self) -> list[nn.Module]:
        """Return the layers whose output is the answer's, but for the pose."""
        return [module.fc2 for module in self.children() if isinstance(module, Mlp)]

    def __init__(self, config: ModelConfig) -> None:
        """Take the network's sizes; heads that the configuration lacks are not built."""
        super().__init__()
        dim, self._side = config.dec_dim, config.patch_size
        self.proj = Mlp(dim, 4 * dim, 4 * self._side ** 2)
        self.deblocking = Deblocking(self._side) if config.deblocks else nn.Identity()
        if config.rgb:
            self.rgb_proj = Mlp(dim, 4 * dim, 3 * self._side ** 2)
        self.pose_head = PoseHead(dim)
        if config.world_points:
            self.final_transform = nn.ModuleList(ModulatedBlock(dim, config.dec_heads) for _ in range(2))
            self.cross_proj = Mlp(dim, 4 * dim, 4 * self._side ** 2)

    def _raw_points(self, decoded: Decoded) -> Tensor:
        raw = self._image(self.proj, decoded.tokens, decoded.grid)
        raw[:, :3] *= raw[:, 2:3].sign().detach()  # the camera's own points lie in front of it
        return self.deblocking(raw)

    def _raw_world_points(self, decoded: Decoded, tokens: Tensor) -> Tensor:
        return self.deblocking(self._image(self.cross_proj, tokens, decoded.grid))

    def _raw_rgb(self, decoded: Decoded) -> Tensor:
        return self._image(self.rgb_proj, decoded.tokens, decoded.grid)

    def _image(self, mlp: Mlp, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Map tokens (B, h·w, D) to an image (B, C, p·h, p·w), p pixels a patch."""
        return rearrange(mlp(tokens), 'b (h w) (c p q) -> b c (h p) (w q)', h=grid[0], p=self._side, q=self._side)


def make_head(config: ModelConfig) -> _Head:
    """Build the heads that the configuration names."""
    return {'dpt': DptPointHead, 'linear': LinearPointHead}[config.head](config)
