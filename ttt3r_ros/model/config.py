# SPDX-License-Identifier: Apache-2.0
"""The sizes of a network, the published ones among them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

PATCH_SIZE = 16  # pixels a side, of the published models
PATCH_SIZES = (16, 32)
RAY_MAP_HEADS = 16
HEADS = ('dpt', 'linear')
STATE_POSITIONS = ('1d', '2d')
MOST_ASPECT = 4
# Several times what the published models have: a file that asks for more would hang, or fill the memory.
MOST = {'image_size': 2048, 'enc_dim': 4096, 'enc_depth': 96, 'enc_heads': 128, 'dec_dim': 4096, 'dec_depth': 96,
        'dec_heads': 128, 'state_heads': 128, 'state_tokens': 16384, 'memory_tokens': 16384}


class ConfigError(ValueError):
    """A network configuration that cannot be built; the message names the field."""


@dataclass(frozen=True)
class ModelConfig:
    """Everything that decides the shape of a network. The defaults are the published 512-pixel model."""

    head: str = 'dpt'
    patch_size: int = PATCH_SIZE  # pixels a side that become a token
    image_size: int = 512  # long side in pixels, or the side of the square
    square: bool = False  # crop the image to a square (the 224-pixel model)
    enc_dim: int = 1024
    enc_depth: int = 24
    enc_heads: int = 16
    dec_dim: int = 768
    dec_depth: int = 12
    dec_heads: int = 12
    state_heads: int = 16
    state_tokens: int = 768
    state_positions: str = '2d'
    memory_tokens: int = 256
    world_points: bool = True  # has the head of world-frame points (not needed to stream)
    rgb: bool = True  # has the colour head (not needed to stream)
    ray_map: bool = True  # has the encoder of ray maps, which unseen views are asked for with (not needed to stream)
    aspects: tuple[float, ...] = ()  # width over height: images are cut to the nearest of these; none: as published

    def __post_init__(self) -> None:
        """Raise ConfigError where the sizes do not fit together."""
        if self.head not in HEADS:
            raise ConfigError(f'head {self.head!r} is unknown; known heads: {", ".join(HEADS)}')
        if self.state_positions not in STATE_POSITIONS:
            raise ConfigError(f'state_positions {self.state_positions!r} is not one of {STATE_POSITIONS}')
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == 'int' and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ConfigError(f'{field.name} must be a whole number above zero, not {value!r}')
            if field.type == 'bool' and not isinstance(value, bool):
                raise ConfigError(f'{field.name} must be true or false, not {value!r}')
        for name, most in MOST.items():
            if getattr(self, name) > most:
                raise ConfigError(f'{name} {getattr(self, name)} is more than any network of ours has: {most} at most')
        if not isinstance(self.aspects, tuple) or not all(
                type(aspect) in (int, float) and 1 / MOST_ASPECT <= aspect <= MOST_ASPECT for aspect in self.aspects):
            raise ConfigError(f'aspects must be numbers from 1/{MOST_ASPECT} to {MOST_ASPECT}, not {self.aspects!r}')
        if self.square and self.aspects:
            raise ConfigError('aspects and square cannot go together: a square network has the aspect 1')
        if self.patch_size not in PATCH_SIZES:
            raise ConfigError(f'patch_size {self.patch_size} is not one of {PATCH_SIZES}')
        if self.patch_size != PATCH_SIZE and (self.head != 'linear' or self.ray_map):
            raise ConfigError(f'patch_size {self.patch_size} wants the linear head and no ray_map: others are of '
                              f'{PATCH_SIZE} pixels')
        if self.image_size % self.patch_size:
            raise ConfigError(f'image_size {self.image_size} is not a multiple of {self.patch_size}')
        if self.dec_depth < 2:
            raise ConfigError(f'dec_depth {self.dec_depth} is too small: the heads read inner layers, take 2 or more')
        for dim, heads in (('enc_dim', self.enc_heads), *([('enc_dim', RAY_MAP_HEADS)] if self.ray_map else []),
                           ('dec_dim', self.dec_heads), ('dec_dim', self.state_heads)):
            # A rotary head splits into row and column, each into pairs.
            if getattr(self, dim) % (4 * heads):
                raise ConfigError(f'{dim} {getattr(self, dim)} does not split into {heads} heads of a multiple of 4')

    @property
    def deblocks(self) -> bool:
        """Whether the borders of patches are taken out of points: published models answer as they were published."""
        return self.patch_size != PATCH_SIZE

    @property
    def evens_light(self) -> bool:
        """Whether images are lit as those of training were: published models see images as they were published."""
        return self.patch_size != PATCH_SIZE

    def to_dict(self) -> dict:
        """Return the fields as plain values, for a file's metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> ModelConfig:
        """Build from plain values; an absent field has its default, an unknown one raises ConfigError."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ConfigError(f'unknown field(s) {", ".join(sorted(unknown))}: '
                              'the file was written by a newer version of ttt3r_ros')
        made = {**values}
        if isinstance(made.get('aspects'), list):  # as JSON has it
            made['aspects'] = tuple(made['aspects'])
        return cls(**made)


PRESETS = {
    'cut3r_512_dpt_4_64': ModelConfig(),
    'cut3r_224_linear_4': ModelConfig(head='linear', image_size=224, square=True),
    # Small enough for two CPU cores; no published weights have these sizes.
    'small': ModelConfig(head='linear', image_size=128, enc_dim=128, enc_depth=4, enc_heads=4, dec_dim=128,
                         dec_depth=4, dec_heads=4, state_heads=4, state_tokens=48, memory_tokens=32,
                         world_points=False, rgb=False),
}
