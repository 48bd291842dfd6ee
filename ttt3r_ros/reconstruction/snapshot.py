# SPDX-License-Identifier: Apache-2.0
"""Memory and place as bytes: a safetensors file held in memory."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import Memory, Recurrence
from ttt3r_ros.model.update_rules import UpdateRule, UpdateRuleError, make_rule
from ttt3r_ros.reconstruction.fields import (
    FARTHEST,
    MOST_FRAMES,
    MOST_SEGMENTS,
    FieldError,
    Fields,
    require_covariance,
    require_pose,
)
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.intrinsics import focal_length
from ttt3r_ros.reconstruction.lens import Lens
from ttt3r_ros.reconstruction.lens_bending import Bent, LensBending
from ttt3r_ros.reconstruction.lens_shading import LensShading
from ttt3r_ros.reconstruction.loop_closure import MOST_KEYFRAMES, Keyframe
from ttt3r_ros.reconstruction.place import Anchor, Place
from ttt3r_ros.reconstruction.reset_policy import ResetPolicyError, check_state
from ttt3r_ros.reconstruction.scale import SCALES
from ttt3r_ros.reconstruction.trajectory import Boundary, Similarity

FORMAT = 'ttt3r_ros.snapshot.2'
RULE_PREFIX, KEYFRAME_PREFIX, ANCHOR_PREFIX = 'rule.', 'keyframe.', 'anchor.'
OF_A_RULE = torch.float32, torch.bfloat16, torch.float16  # as the network computes
MOST_ACTIVATION = 1e6  # of a memory: beyond, no network computes with it


class SnapshotError(ValueError):
    """Bytes that are no snapshot, or one of another network."""


def _checksum(network: Network) -> str:
    """Return a checksum that tells two sets of weights apart: of those that start every segment."""
    weights = torch.cat([p.detach().float().cpu().flatten() for p in (
        network.pose_token, network.register_tokens.weight, network.decoder_embed_state.weight)])
    return f'{zlib.crc32(weights.numpy().tobytes()):08x}'


def pack(recurrence: Recurrence, place: Place, policy: dict[str, Any], reset_due: str | None,
         keyframes: Sequence[Keyframe] = ()) -> bytes:
    """Return the recurrence's memory, the place, the reset policy's state (JSON) and verdict, and keyframes, as bytes.

    What the write rule has kept is left out of keyframes: a memory that is only asked writes nothing.
    """
    memory = recurrence.memory
    tensors = {'state': memory.state, 'pose_memory': memory.pose_memory}
    tensors |= {RULE_PREFIX + name: value for name, value in (memory.rule or {}).items()}
    tensors['path'] = torch.from_numpy(place.path.rigid)
    tensors['correction'] = torch.from_numpy(place.correction)
    tensors['bent'] = _bent(place.bent)
    if place.image is not None:
        tensors |= _frame(place.image, place.boundary)
    if place.anchor is not None:
        found = {'covariance': torch.from_numpy(place.anchor.covariance), 'bent': _bent(place.anchor.bent),
                 **_frame(place.anchor.image, place.anchor.seen)}
        if place.anchor.places is not None:
            found['places'] = torch.from_numpy(place.anchor.places)
        tensors |= {ANCHOR_PREFIX + name: value for name, value in found.items()}
    for i, kept in enumerate(keyframes):
        found = {'state': kept.memory.state, 'pose_memory': kept.memory.pose_memory,
                 'pose': torch.from_numpy(kept.pose), **_frame(kept.image, kept.boundary)}
        tensors |= {f'{KEYFRAME_PREFIX}{i}.{name}': value for name, value in found.items()}
    header = {'config': recurrence.network.config.to_dict(), 'weights': _checksum(recurrence.network),
              'rule': recurrence.rule.name if memory.rule is not None else None, 'first': memory.first,
              'scale': place.path.scale, 'segment': place.segment, 'index': place.index,
              'loop_closures': place.loop_closures, 'policy': policy, 'reset_due': reset_due,
              'focal': place.lens.focal and asdict(place.lens.focal), 'shading': asdict(place.lens.shading),
              'bending': asdict(place.lens.bending), 'cut': place.lens.cut,
              'kept': [{'scale': kept.scale, 'segment': kept.segment, 'index': kept.index} for kept in keyframes]}
    return save(_apart(tensors), metadata={FORMAT: json.dumps(header)})


def _apart(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return them on the CPU, none sharing memory, which safetensors refuses: a keyframe's image may be the last."""
    apart, seen = {}, set()
    for name, value in tensors.items():
        value = value.cpu().contiguous()
        apart[name] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    return apart


def _bent(bent: Bent) -> torch.Tensor:
    return torch.from_numpy(np.stack((bent.each, bent.undone)))


def _frame(image: np.ndarray, boundary: Boundary) -> dict[str, torch.Tensor]:
    return {'image': torch.from_numpy(image), 'boundary.pose': torch.from_numpy(boundary.pose),
            'boundary.points': torch.from_numpy(boundary.points),
            'boundary.confidence': torch.from_numpy(boundary.confidence)}


def unpack(data: bytes, recurrence: Recurrence) -> tuple[Memory, Place, dict[str, Any], str | None, list[Keyframe]]:
    """Return what `pack` took from bytes; raises SnapshotError unless they were packed with the same network.

    Every field is looked at, for a file may have been written by anybody. The write rule's own memory is left out when
    another rule is in force now: it starts afresh.
    """
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], 'little')
        header = Fields(json.loads(json.loads(data[8:8 + length])['__metadata__'][FORMAT]))
        config = ModelConfig.from_dict(header.value('config'))  # an older version wrote fewer fields
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:  # a RecursionError is one
        raise SnapshotError(f'not a snapshot of form {FORMAT}, or a truncated one: {error}') from error
    network = recurrence.network
    try:
        config = replace(config, aspects=network.config.aspects)  # which part of an image is taken is no matter of it
        if config != network.config or header.text('weights') != _checksum(network):
            raise SnapshotError('the snapshot was taken with other weights: load those, or start afresh')
        stored = _Tensors(tensors)
        rule = header.none_or(header.text, 'rule')
        rule_memory = None if rule is None else stored.rule_memory(make_rule(rule), config)
        memory = Memory(stored.floats('state', recurrence.start.state.shape, MOST_ACTIVATION).to(network.device),
                        stored.floats('pose_memory', recurrence.start.pose_memory.shape,
                                      MOST_ACTIVATION).to(network.device),
                        _moved(rule_memory, network.device) if rule == recurrence.rule.name else None,
                        header.flag('first'))
        image, boundary = stored.last_frame(config)
        if memory.first != (image is None) or memory.first and rule is not None:
            raise FieldError('first says that no frame was seen, or that one was, and the rest says otherwise')
        cut = header.none_or(header.array, 'cut', (4,), FARTHEST) if 'cut' in header else None
        shading, bending = (kind.read(header.object(name)) if name in header else kind()
                            for name, kind in (('shading', LensShading), ('bending', LensBending)))
        focal = None  # where nobody asked for it
        if 'focal' in header and header.value('focal') is not None:
            focal = FocalLength.read(header.object('focal'))
        lens = Lens(focal, shading, bending, None if image is None else image.shape[:2],
                    None if cut is None else tuple(map(int, cut)))
        # Snapshots of before loop closure have neither correction nor number, older ones no focal length, lens, cut.
        place = Place(Similarity(header.number('scale', *SCALES), stored.pose('path')),
                      header.whole('segment', 0, MOST_SEGMENTS), header.whole('index', 0, MOST_FRAMES), image, boundary,
                      stored.pose('correction') if 'correction' in tensors else np.eye(4),
                      header.whole('loop_closures', 0, MOST_SEGMENTS) if 'loop_closures' in header else 0,
                      lens, anchor=_anchor(stored, image, config), bent=stored.bent())
        keyframes = _keyframes(header, stored, recurrence)
        policy, reset_due = header.value('policy'), header.none_or(header.text, 'reset_due')
        check_state(policy)
        header.end()
        stored.end()
    except (FieldError, ResetPolicyError, UpdateRuleError) as error:
        raise SnapshotError(f'the snapshot cannot be used: {error}: take another, or start afresh') from error
    return memory, place, policy, reset_due, keyframes


def _anchor(stored: _Tensors, image: np.ndarray | None, config: ModelConfig) -> Anchor | None:
    """Return the image that the next step is taken from, None if it is the last one. Raises FieldError."""
    stored = stored.below(ANCHOR_PREFIX)
    first, seen = stored.last_frame(config)
    if first is None:
        return None
    if image is None or first.shape != image.shape:
        raise FieldError('anchor is of another size than the last image, or of none')
    return Anchor(first, seen, stored.covariance('covariance'), stored.places() if stored.has('places') else None,
                  bent=stored.bent())


def _keyframes(header: Fields, stored: _Tensors, recurrence: Recurrence) -> list[Keyframe]:
    """Return the keyframes; snapshots of before they were kept have none. Raises FieldError."""
    if 'kept' not in header:
        return []
    listed, found = header.items('kept', 0, MOST_KEYFRAMES), []
    start, network = recurrence.start, recurrence.network
    for i in range(len(listed)):
        about, tensors = listed.object(str(i)), stored.below(f'{KEYFRAME_PREFIX}{i}.')
        image, boundary = tensors.last_frame(network.config)
        if image is None:
            raise FieldError(f'{KEYFRAME_PREFIX}{i}.image is missing')
        memory = Memory(tensors.floats('state', start.state.shape, MOST_ACTIVATION).to(network.device),
                        tensors.floats('pose_memory', start.pose_memory.shape, MOST_ACTIVATION).to(network.device),
                        None, False)
        found.append(Keyframe(memory, image, boundary, tensors.pose('pose'), about.number('scale', *SCALES),
                              about.whole('segment', 0, MOST_SEGMENTS), about.whole('index', 0, MOST_FRAMES)))
        about.end()
    return found


class _Tensors:
    """The tensors of a snapshot, each asked for by its form; what is not as it must be raises FieldError."""

    def __init__(self, tensors: dict[str, torch.Tensor], prefix: str = '', unread: set[str] | None = None) -> None:
        self._tensors, self._prefix = tensors, prefix
        self._unread = set(tensors) if unread is None else unread

    def below(self, prefix: str) -> _Tensors:
        """Return those whose names begin so, to be asked for without it."""
        return _Tensors(self._tensors, prefix, self._unread)

    def has(self, name: str) -> bool:
        """Say whether there is such a tensor."""
        return self._prefix + name in self._tensors

    def rule_memory(self, rule: UpdateRule, config: ModelConfig) -> dict[str, torch.Tensor]:
        """Return what a rule has kept, by the names that it gave."""
        sizes = {'N': config.state_tokens, 'D': config.dec_dim, 'E': config.enc_dim}
        return {name: self.floats(RULE_PREFIX + name, tuple(sizes.get(letter) for letter in form), MOST_ACTIVATION,
                                  OF_A_RULE) for name, form in rule.memory.items()}

    def last_frame(self, config: ModelConfig) -> tuple[np.ndarray | None, Boundary | None]:
        """Return the last frame's image, uint8 (h, w, 3), and how the segment saw it; None where there is none."""
        if not self.has('image'):
            return None, None
        image = self._take('image', (torch.uint8,), (None, None, 3))
        size, patch = image.shape[:2], config.patch_size
        if any(side % patch or not patch <= side <= config.image_size for side in size) or (
                config.square and size != (config.image_size,) * 2):
            raise FieldError(f'image is of {size[1]}×{size[0]} pixels, which the network takes none of')
        points = self.floats('boundary.points', (*size, 3), FARTHEST)
        confidence = self.floats('boundary.confidence', size, np.inf)
        if not (confidence.isfinite().all() and (confidence >= 1).all()):
            raise FieldError('boundary.confidence is below 1, or not finite')
        return image.numpy(), Boundary(self.pose('boundary.pose'), points.numpy(), confidence.numpy(),
                                       float(focal_length(points)))

    def pose(self, name: str) -> np.ndarray:
        """Return a pose (4, 4), float64."""
        return require_pose(self._take(name, (torch.float64,), (4, 4)).numpy(), name)

    def places(self) -> np.ndarray:
        """Return corners and where they were found (n, 4), float64, NaN where not."""
        found = self._take('places', (torch.float64,), (None, 4))
        if found.isinf().any() or (found.nan_to_num().abs() > FARTHEST).any():
            raise FieldError(f'{self._prefix}places has a number beyond ±{FARTHEST:g}')
        return found.numpy()

    def bent(self) -> Bent:
        """Return what the lens has done to a pose; older snapshots know nothing of it."""
        return Bent(*self.floats('bent', (2, 6), FARTHEST, (torch.float64,)).numpy()) if self.has('bent') else Bent()

    def covariance(self, name: str) -> np.ndarray:
        """Return a step's covariance (6, 6), float64."""
        return require_covariance(self._take(name, (torch.float64,), (6, 6)).numpy(), name)

    def floats(self, name: str, shape: tuple[int | None, ...], bound: float,
               dtypes: tuple[torch.dtype, ...] = (torch.float32,)) -> torch.Tensor:
        """Return a tensor of that shape, None for any size, none of whose numbers is larger than bound."""
        found = self._take(name, dtypes, shape)
        if not (found.abs() <= bound).all():
            raise FieldError(f'{name} is not finite, or has a number beyond ±{bound:g}')
        return found

    def end(self) -> None:
        """Raise FieldError if there are tensors that nobody has read."""
        if self._unread:
            raise FieldError(f'{min(self._unread)} is a tensor that nobody knows')

    def _take(self, name: str, dtypes: tuple[torch.dtype, ...], shape: tuple[int | None, ...]) -> torch.Tensor:
        name = self._prefix + name
        if name not in self._tensors:
            raise FieldError(f'{name} is missing')
        self._unread.discard(name)
        found = self._tensors[name]
        if found.dtype not in dtypes or len(found.shape) != len(shape) or any(
                size not in (None, actual) for size, actual in zip(shape, found.shape)):
            wanted = ', '.join('any' if size is None else str(size) for size in shape)
            raise FieldError(f'{name} is {found.dtype} {tuple(found.shape)}, not {dtypes[0]} ({wanted})')
        return found


def _moved(memory: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: value.to(device) for name, value in memory.items()}
