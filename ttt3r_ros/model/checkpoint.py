# SPDX-License-Identifier: Apache-2.0
"""Networks from files, and to files: the published `.pth`, and our own `.safetensors`.

A `.safetensors` of ours has in its metadata: `ttt3r_ros` (the version of this form), `config` (JSON of
ModelConfig), `name`, `trained` and `streaming` (JSON), `license`, and where there are `note` and `profile`, what the
weights say of themselves (JSON, reconstruction/weights_profile.py). A tensor with two names is stored under the later
one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ttt3r_ros.model.assembly import assemble, is_unread, on_meta, parameter_groups
from ttt3r_ros.model.cache import FETCHED, fetched_file
from ttt3r_ros.model.config import PRESETS, ConfigError, ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.precision import require_known, resolve
from ttt3r_ros.model.published import CheckpointError, read_published
from ttt3r_ros.model.tensor_file import TensorFile

__all__ = ['EMBEDDED', 'UNTRAINED', 'CheckpointError', 'LoadedNetwork', 'convert', 'existing_file', 'load_network',
           'save_network', 'file_sha256', 'is_sha256', 'read_note', 'read_profile', 'weights_file']

UNTRAINED = 'untrained'
EMBEDDED = 'embedded'
EMBEDDED_FILE = Path(__file__).parents[1] / 'weights' / 'embedded.safetensors'
UNTRAINED_PRESET = 'small'
UNTRAINED_SEED = 0
SUFFIX = '.safetensors'
FORM = '1'
PUBLISHED_LICENSE = ('The weights keep the licence of the file they come from; '
                     'those published with CUT3R are CC BY-NC-SA 4.0, non-commercial.')


@dataclass(frozen=True)
class LoadedNetwork:
    """A network ready for inference (Network.for_inference), its name, was it trained.

    license: of the weights. note: what a user must know of them, told at start; may be empty.
    """

    network: Network
    name: str
    trained: bool
    license: str = PUBLISHED_LICENSE
    note: str = ''


def load_network(weights: str, device: str | torch.device = 'cpu', precision: str = 'float32', *,
                 sha256: str = '') -> LoadedNetwork:
    """Load a network.

    weights: the path of a published `.pth` or of a `.safetensors` of ours, the name of published weights that have been
    fetched (`ttt3r fetch`), or the word `embedded`, which stands for the file that ships with the package
    (weights/MODEL_CARD.md), or `untrained`, the preset `small` with fixed random weights (its answers mean nothing).
    precision: one of model.precision.PRECISIONS, what the weights are held and
    products computed in. sha256: of the file, in hexadecimal, looked at before anything else of it is read; empty: any
    file is taken.

    Raises CheckpointError, and PrecisionError for an unknown precision.
    """
    loaded = _load(weights, device, precision, sha256)
    loaded.network.pack()
    return loaded


def _load(weights: str, device: str | torch.device, precision: str, sha256: str) -> LoadedNetwork:
    require_known(precision)
    if weights == UNTRAINED:
        if sha256:
            raise CheckpointError(f'{UNTRAINED} weights come from no file, which could have a sha256: name one, or '
                                  'leave it out')
        return _ready(_untrained(), UNTRAINED, False, device, precision)
    path = existing_file(weights)
    if sha256:
        _require_sha256(path, sha256)
    if path.suffix == SUFFIX:
        return _load_own(path, device, precision)
    config, tensors = read_published(path)
    network = assemble(path, config, list(tensors), tensors.pop, resolve(precision, device, config.dec_dim))
    return _ready(network, path.stem, True, device, precision)


def weights_file(weights: str) -> Path:
    """Return the file that the parameter `weights` names, which need not exist."""
    if weights in FETCHED:
        return fetched_file(weights)
    return EMBEDDED_FILE if weights == EMBEDDED else Path(os.path.expanduser(weights))


def existing_file(weights: str) -> Path:
    """Return the file that `weights` names; raises CheckpointError, with the remedy, if there is none."""
    path = weights_file(weights)
    if path.is_file():
        return path
    if weights in FETCHED:
        raise CheckpointError(f'{weights} is not in {path.parent}: run "ttt3r fetch {weights}", which shows its '
                              'licence and asks')
    known = ' (the name of a published model: give the path of its file)' if weights in PRESETS else ''
    raise CheckpointError(f'no weights file {weights!r}{known}: give the path of a .pth or .safetensors file, or the '
                          f'word {UNTRAINED!r}; "ttt3r fetch" gets published ones (README.md, "Weights")')


def read_profile(weights: str) -> tuple[str, str]:
    """Return what weights (see load_network) say of themselves, as text, and where that stands.

    FILE.profile.json beside them goes before their own metadata. Both empty if there is neither, also where there are
    no weights: loading them says so. Raises CheckpointError for a file that cannot be read.
    """
    if weights == UNTRAINED:
        return '', ''
    path = weights_file(weights)
    beside = Path(f'{path}.profile.json')
    try:
        return beside.read_text(), str(beside)
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f'{beside} cannot be read ({error}): mend it, or remove it') from error
    if path.suffix != SUFFIX or not path.is_file():
        return '', ''
    try:
        with safe_open(path, framework='pt') as file:
            text = (file.metadata() or {}).get('profile', '')
    except (SafetensorError, OSError):
        return '', ''
    return text, f'the metadata of {path}' if text else ''


def read_note(weights: str) -> str:
    """Return what a user must know of weights (see load_network), empty if nothing is said; loads nothing."""
    return _metadata(weights).get('note', '')


def read_aspects(weights: str) -> tuple[float, ...]:
    """Return to which aspects weights (see load_network) have images cut, see ModelConfig; loads nothing."""
    try:
        return ModelConfig.from_dict(json.loads(_metadata(weights).get('config', '{}'))).aspects
    except (ConfigError, TypeError, json.JSONDecodeError, RecursionError):
        return ()  # loading them says what is wrong


def _metadata(weights: str) -> dict[str, str]:
    path = weights_file(weights)
    if weights == UNTRAINED or path.suffix != SUFFIX:
        return {}
    try:
        with safe_open(path, framework='pt') as file:
            return file.metadata() or {}
    except (SafetensorError, OSError):
        return {}


def save_network(loaded: LoadedNetwork, target: str | Path, *, dtype: torch.dtype = torch.float32,
                 streaming: bool = False, profile: str = '') -> None:
    """Write a `.safetensors` file, at once and whole: an old file is replaced only when the new one is ready.

    streaming: leave out what streaming never reads (heads of world-frame points and of colour, a few unread
    parameters); a ray-map encoder stays, queries need it. profile: what the weights say of themselves, see
    read_profile. Raises CheckpointError.
    """
    target = Path(os.path.expanduser(target))
    if target.suffix != SUFFIX:
        raise CheckpointError(f'{target}: the name must end in {SUFFIX}')
    config = loaded.network.config
    names = [group[-1] for group in parameter_groups(loaded.network)]
    if streaming:
        config = replace(config, world_points=False, rgb=False)
        kept = set(on_meta(config).state_dict())
        names = [name for name in names if name in kept and not is_unread(name)]
    state = loaded.network.state_dict()
    tensors = {name: state[name].to('cpu', dtype).contiguous() for name in names}
    metadata = {'ttt3r_ros': FORM, 'config': json.dumps(config.to_dict()), 'name': loaded.name,
                'trained': json.dumps(loaded.trained), 'streaming': json.dumps(streaming), 'license': loaded.license,
                'note': loaded.note, 'profile': profile}
    part = target.with_name(f'.{target.name}.{os.getpid()}.part')
    try:
        save_file(tensors, part, metadata)
        part.chmod(0o644)  # safetensors writes for the owner alone
        os.replace(part, target)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f'{target}: cannot be written ({error})') from error
    finally:
        with contextlib.suppress(OSError):  # none, or no folder that it could be in
            part.unlink()


def convert(source: str, target: str | Path, *, dtype: torch.dtype = torch.float32,
            streaming: bool = False, sha256: str = '') -> None:
    """Load source (see load_network) and save it as target (see save_network), its profile in the metadata."""
    save_network(_load(source, 'cpu', 'float32', sha256), target, dtype=dtype, streaming=streaming,
                 profile=read_profile(source)[0])


def file_sha256(path: str | Path) -> str:
    """Return a file's sha256, 64 hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _require_sha256(path: Path, wanted: str) -> None:
    if not is_sha256(wanted):
        raise CheckpointError(f'{wanted!r} is no sha256: give the 64 hexadecimal digits that sha256sum tells of the '
                              'file')
    try:
        found = file_sha256(path)
    except OSError as error:
        raise CheckpointError(f'{path}: cannot be read ({error.strerror})') from error
    if found != wanted.lower():
        raise CheckpointError(f'{path}: its sha256 begins with {found[:12]}, and {wanted[:12].lower()} is wanted: it '
                              'is damaged or another file; download it again, or give the sha256 of this one')


def is_sha256(text: str) -> bool:
    """Say whether a text can be a sha256."""
    return re.fullmatch('[0-9a-fA-F]{64}', text) is not None


def _untrained() -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(UNTRAINED_SEED)
        return Network(PRESETS[UNTRAINED_PRESET])


def _load_own(path: Path, device: str | torch.device, precision: str) -> LoadedNetwork:
    try:
        with TensorFile(path) as file:
            metadata = file.metadata
            if metadata.get('ttt3r_ros') != FORM:
                found = metadata.get('ttt3r_ros')
                raise CheckpointError(
                    f'{path}: written by a newer ttt3r_ros (form {found}, ours is {FORM}): update it' if found
                    else f'{path}: not written by `ttt3r convert`: convert the published .pth')
            config = ModelConfig.from_dict(json.loads(metadata['config']))
            trained, streaming = (_flag(name, metadata[name]) for name in ('trained', 'streaming'))
            network = assemble(path, config, file.names(), file.read, resolve(precision, device, config.dec_dim),
                               may_lack_unread=streaming)
            return _ready(network, metadata['name'], trained, device, precision, metadata['license'],
                          metadata.get('note', ''))
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f'{path}: cut off or damaged ({error}): convert or download it again') from error
    except (ConfigError, KeyError, TypeError, json.JSONDecodeError, RecursionError) as error:
        raise CheckpointError(f'{path}: its metadata is damaged ({error}): convert it again') from error


def _flag(name: str, text: str) -> bool:
    value = json.loads(text)
    if not isinstance(value, bool):
        raise TypeError(f'{name} is neither true nor false')
    return value


def _ready(network: Network, name: str, trained: bool, device: str | torch.device, precision: str,
           license: str = PUBLISHED_LICENSE, note: str = '') -> LoadedNetwork:
    dtype = resolve(precision, device, network.config.dec_dim)
    return LoadedNetwork(network.for_inference(dtype).to(device), name, trained, license, note)
