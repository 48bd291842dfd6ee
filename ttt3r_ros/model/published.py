# SPDX-License-Identifier: Apache-2.0
"""The published `.pth` files: a zip of one pickle and the tensors' bytes, as torch.save writes it.

Nothing in the file is run: the pickle is read by restricted_pickle, and the constructor call that the file
holds as text is parsed, not called. Only the tensors of `model` are read; the optimiser's stay on the disk.
"""

from __future__ import annotations

import ast
import math
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ttt3r_ros.model.config import HEADS, STATE_POSITIONS, ConfigError, ModelConfig
from ttt3r_ros.model.restricted_pickle import Global, Record, UnreadablePickle, read_pickle

LEGACY_MAGIC = b'\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.'
ZIP_MAGIC = b'PK\x03\x04'
MODULE_PREFIX = 'module.'  # left by data-parallel training
SQUARE_IMAGE_SIZE = 224  # the model of this size was trained on squares, every other on whole frames

STORAGE_TYPES = {
    'DoubleStorage': torch.float64, 'FloatStorage': torch.float32, 'HalfStorage': torch.float16,
    'BFloat16Storage': torch.bfloat16, 'LongStorage': torch.int64, 'IntStorage': torch.int32,
    'ShortStorage': torch.int16, 'CharStorage': torch.int8, 'ByteStorage': torch.uint8,
    'BoolStorage': torch.bool}

# What the network computes is fixed to these; an argument listed nowhere changes nothing that we compute.
SUPPORTED = {
    'pos_embed': ('RoPE100',),
    'head_type': HEADS,
    'state_pe': STATE_POSITIONS,
    'pose_head': (True,),
    'rgb_head': (True, False),
    # they differ in how they batch portrait images
    'patch_embed_cls': ('ManyAR_PatchEmbed', 'PatchEmbedDust3R'),
    'patch_size': (16,),
    'mlp_ratio': (4,),
    'output_mode': ('pts3d+pose',),
    'depth_mode': (('exp', -math.inf, math.inf),),
    'conf_mode': (('exp', 1, math.inf),),
    'pose_mode': (('exp', -math.inf, math.inf),),
}
FIELDS = {
    'head_type': 'head', 'state_pe': 'state_positions', 'rgb_head': 'rgb', 'state_size': 'state_tokens',
    'enc_embed_dim': 'enc_dim', 'enc_depth': 'enc_depth', 'enc_num_heads': 'enc_heads',
    'dec_embed_dim': 'dec_dim', 'dec_depth': 'dec_depth', 'dec_num_heads': 'dec_heads',
    'state_dec_num_heads': 'state_heads', 'local_mem_size': 'memory_tokens'}
MOST_PICKLE = 1 << 28  # bytes; the published ones have one or two million
REQUIRED = ('head_type', 'state_size', 'enc_embed_dim', 'enc_depth', 'enc_num_heads',
            'dec_embed_dim', 'dec_depth', 'dec_num_heads')


class CheckpointError(ValueError):
    """A weights file that cannot be used; the message names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class _Storage:
    """A run of numbers in the file."""

    key: str
    dtype: torch.dtype | None
    count: int


@dataclass(frozen=True)
class _StoredTensor:
    """A view of a storage, not yet read."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def read_published(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Return the configuration and the weights by name, in the file's number type; raises CheckpointError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_archive(archive)
    except CheckpointError as error:
        raise CheckpointError(f'{path}: {error}') from error
    except ConfigError as error:
        raise CheckpointError(f'{path}: the network that it describes cannot be built: {error}') from error
    except UnreadablePickle as error:
        raise CheckpointError(f'{path}: its pickle is damaged ({error}): download the file again') from error
    except OSError as error:
        raise CheckpointError(f'{path}: cannot be read ({error.strerror})') from error
    except (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, struct.error) as error:
        # What zipfile raises on damage; RuntimeError covers its NotImplementedError and encrypted entries.
        raise CheckpointError(f'{path}: {_what_it_is(path)} ({error})') from error


def _what_it_is(path: Path) -> str:
    """Say why a file is not a readable zip."""
    with path.open('rb') as file:
        start = file.read(len(LEGACY_MAGIC))
    if not start:
        return 'the file is empty: download it again'
    if start == LEGACY_MAGIC:
        return 'written by PyTorch before 1.6: where you trust it, load it and save it again with a newer one'
    if start.startswith(ZIP_MAGIC):
        return 'the file is cut off or damaged: download it again'
    return 'not a checkpoint: expected a .pth of torch.save, or a .safetensors of `ttt3r convert`'


def _read_archive(archive: zipfile.ZipFile) -> tuple[ModelConfig, dict[str, Tensor]]:
    pickles = [name for name in archive.namelist() if name.rpartition('/')[2] == 'data.pkl']
    if len(pickles) != 1:
        raise CheckpointError('a zip, but not one that torch.save wrote')
    root = pickles[0].removesuffix('data.pkl')
    if root + 'byteorder' in archive.namelist() and _read_entry(archive, root + 'byteorder') != b'little':
        raise CheckpointError('written on a big-endian machine: save it again on a little-endian one')
    content = read_pickle(_read_entry(archive, pickles[0]), _CONSTRUCTORS, _storage)
    if not isinstance(content, dict) or not isinstance(content.get('model'), dict):
        raise CheckpointError(
            'holds no state dict under `model`: take a file in the form published with CUT3R')
    text = _model_argument(content.get('args'))
    if not isinstance(text, str):
        raise CheckpointError('does not say what network it is for (no text `args.model`): take the '
                              'published file, which does')
    config = config_from_arguments(parse_constructor(text))
    return config, _read_tensors(archive, root + 'data/', content['model'])


def _read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MOST_PICKLE:
        raise CheckpointError(f'{name} has {archive.getinfo(name).file_size / 1e6:.0f} MB, which no published file has')
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise CheckpointError(f'{name} is compressed, which torch.save never does')
    return archive.read(name)


def _read_tensors(archive: zipfile.ZipFile, folder: str, model: dict) -> dict[str, Tensor]:
    storages: dict[str, Tensor] = {}
    tensors = {}
    for name, stored in model.items():
        if not isinstance(stored, _StoredTensor):
            what = repr(stored) if isinstance(stored, Record) else f'of type {type(stored).__name__}'
            raise CheckpointError(f'model[{name!r}] is not a tensor but {what}')
        storage = stored.storage
        if storage.key not in storages:
            storages[storage.key] = _read_storage(archive, folder + storage.key, storage)
        numbers = storages[storage.key]
        last = stored.offset + sum((size - 1) * step for size, step in zip(stored.shape, stored.stride))
        if 0 not in stored.shape and last >= len(numbers):
            raise CheckpointError(f'model[{name!r}] reaches past the end of its storage')
        tensors[str(name).removeprefix(MODULE_PREFIX)] = numbers.as_strided(
            stored.shape, stored.stride, stored.offset)
    return tensors


def _read_storage(archive: zipfile.ZipFile, entry: str, storage: _Storage) -> Tensor:
    """Read one storage straight into memory of its own; zipfile checks its checksum."""
    if storage.dtype is None:
        raise CheckpointError(f'{entry} is of a number type that no published file has')
    if entry not in archive.namelist():
        raise CheckpointError(f'{entry} is missing: download the file again')
    info = archive.getinfo(entry)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != storage.count * storage.dtype.itemsize:
        raise CheckpointError(f'{entry} is not the size that the pickle says: download the file again')
    if info.header_offset + info.file_size > archive.start_dir:
        raise CheckpointError(f'{entry} reaches past the end of the file: download it again')
    content = torch.empty(info.file_size, dtype=torch.uint8)
    with archive.open(info) as file:
        if file.readinto(content.numpy()) != info.file_size:
            raise CheckpointError(f'{entry} is cut off: download the file again')
    return content.view(storage.dtype)


def _storage(identifier: object) -> _Storage:
    """Make a storage of torch.save's persistent id ('storage', type, key, device, count)."""
    match identifier:
        case ('storage', Global() as kind, str(key), _, int(count)) if count >= 0:
            return _Storage(key, STORAGE_TYPES.get(kind.name) if kind.module == 'torch' else None, count)
    raise ValueError('a persistent id that torch.save does not write')


def _rebuild_tensor(storage: object, offset: object, shape: object, stride: object,
                    *_: object) -> _StoredTensor:
    """Stand for torch._utils._rebuild_tensor_v2; what follows the stride (gradients, hooks) is dropped."""
    whole = (offset, *shape, *stride)
    if (not isinstance(storage, _Storage) or len(shape) != len(stride)
            or not all(isinstance(x, int) and 0 <= x < 2 ** 48 for x in whole)):
        raise ValueError('a tensor without a sensible storage, shape or stride')
    return _StoredTensor(storage, offset, tuple(shape), tuple(stride))


def _ordered_dict(items: list = ()) -> dict:
    return {key: value for key, value in items if isinstance(key, str)}


_CONSTRUCTORS = {
    ('collections', 'OrderedDict'): _ordered_dict,
    ('torch._utils', '_rebuild_tensor'): _rebuild_tensor,
    ('torch._utils', '_rebuild_tensor_v2'): _rebuild_tensor,
    ('torch._utils', '_rebuild_parameter'): lambda data, *_: data,
}


def _model_argument(args: object) -> object:
    """Return `args.model` of a dictionary, an argparse namespace or an OmegaConf configuration."""
    if isinstance(args, dict):
        return args.get('model')
    if not isinstance(args, Record):
        return None
    # OmegaConf keeps its nodes under _content, and each node's value under _val.
    content = args.fields.get('_content', args.fields)
    value = content.get('model') if isinstance(content, dict) else None
    return value.fields.get('_val') if isinstance(value, Record) else value


def parse_constructor(text: str) -> dict[str, object]:
    """Return the keyword literals of a constructor call like `Net(Config(depth=2, mode=('exp', -inf, inf)))`.

    Nested calls are joined, and none is made. A value that is no literal is Ellipsis. Raises CheckpointError.
    """
    try:
        tree = ast.parse(text.strip(), mode='eval')
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CheckpointError(f'`args.model` is not a constructor call ({error})') from error
    values: dict[str, object] = {}
    calls = [tree.body]
    while calls:
        call = calls.pop()
        if isinstance(call, ast.Call):
            values.update((keyword.arg, _literal(keyword.value)) for keyword in call.keywords if keyword.arg)
            calls.extend(call.args)
    if not values:
        raise CheckpointError(f'`args.model` is not a constructor call with keywords: {text[:80]!r}')
    return values


def _literal(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id='inf'):
            return math.inf
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _literal(operand)
            return -value if isinstance(value, (int, float)) else ...
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(_literal(item) for item in items)
    return ...


def config_from_arguments(arguments: Mapping[str, object]) -> ModelConfig:
    """Return the configuration that the published constructor's keywords describe.

    An absent one is as in the published 512-pixel model, save those that decide sizes: they must be there.
    Raises CheckpointError naming the keyword and what is supported, ConfigError where sizes do not fit.
    """
    for name, supported in SUPPORTED.items():
        value = arguments.get(name, supported[0])
        if (tuple(value) if isinstance(value, list) else value) not in supported:
            raise CheckpointError(f'{name}={value!r} is not supported; supported: '
                                  + ', '.join(repr(choice) for choice in supported))
    missing = [name for name in REQUIRED if name not in arguments]
    if missing:
        raise CheckpointError(f'`args.model` does not give {", ".join(missing)}: take the published file')
    size = arguments.get('img_size', ModelConfig.image_size)
    if isinstance(size, (tuple, list)) and all(isinstance(side, int) for side in size) and size:
        size = max(size)
    values = {field: arguments[name] for name, field in FIELDS.items() if name in arguments}
    return ModelConfig(image_size=size, square=size == SQUARE_IMAGE_SIZE, **values)
