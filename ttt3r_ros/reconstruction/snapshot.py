# SPDX-License-Identifier: Apache-2.0
"""Memory and place as bytes: a safetensors file held in memory."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import Memory, Recurrence
from ttt3r_ros.reconstruction.intrinsics import focal_length
from ttt3r_ros.reconstruction.trajectory import Boundary, Similarity

FORMAT = 'ttt3r_ros.snapshot.2'
RULE_PREFIX = 'rule.'


class SnapshotError(ValueError):
    """Bytes that are no snapshot, or one of another network."""


@dataclass(frozen=True)
class Place:
    """Where the reconstruction stands: the path so far, the counters, and the last frame, which a reset needs.

    image uint8 (h, w, 3) is the model's image of the last frame, boundary how the present segment saw it; both None
    before the first frame. correction (4, 4): the path's world in the map, from so many loop_closures.
    """

    path: Similarity = field(default_factory=Similarity)
    segment: int = 0
    index: int = 0
    image: np.ndarray | None = None
    boundary: Boundary | None = None
    correction: np.ndarray = field(default_factory=lambda: np.eye(4))
    loop_closures: int = 0

    @property
    def map_pose(self) -> np.ndarray:
        """The last frame's pose (4, 4) in the map."""
        return self.correction @ self.path.place(self.boundary.pose)

    def corrected(self, map_pose: np.ndarray) -> Place:
        """Return the place whose last frame is there (4, 4) in the map."""
        correction = map_pose @ np.linalg.inv(self.path.place(self.boundary.pose))
        return replace(self, correction=correction, loop_closures=self.loop_closures + 1)


def _boundary(tensors: dict[str, torch.Tensor]) -> Boundary:
    parts = [tensors[f'boundary.{part}'] for part in ('pose', 'points', 'confidence')]
    return Boundary(*(part.numpy() for part in parts), float(focal_length(parts[1])))


def _checksum(network: Network) -> str:
    """Return a checksum that tells two sets of weights apart: of those that start every segment."""
    weights = torch.cat([p.detach().float().cpu().flatten() for p in (
        network.pose_token, network.register_tokens.weight, network.decoder_embed_state.weight)])
    return f'{zlib.crc32(weights.numpy().tobytes()):08x}'


def pack(recurrence: Recurrence, place: Place, policy: dict[str, Any], reset_due: str | None) -> bytes:
    """Return the recurrence's memory, the place, and the reset policy's state (JSON) and verdict, as bytes."""
    memory = recurrence.memory
    tensors = {'state': memory.state, 'pose_memory': memory.pose_memory}
    tensors |= {RULE_PREFIX + name: value for name, value in (memory.rule or {}).items()}
    tensors['path'] = torch.from_numpy(place.path.rigid)
    tensors['correction'] = torch.from_numpy(place.correction)
    if place.image is not None:
        tensors |= {'image': torch.from_numpy(place.image),
                    'boundary.pose': torch.from_numpy(place.boundary.pose),
                    'boundary.points': torch.from_numpy(place.boundary.points),
                    'boundary.confidence': torch.from_numpy(place.boundary.confidence)}
    header = {'config': recurrence.network.config.to_dict(), 'weights': _checksum(recurrence.network),
              'rule': recurrence.rule.name if memory.rule is not None else None, 'first': memory.first,
              'scale': place.path.scale, 'segment': place.segment, 'index': place.index,
              'loop_closures': place.loop_closures, 'policy': policy, 'reset_due': reset_due}
    return save({name: value.cpu().contiguous() for name, value in tensors.items()},
                metadata={FORMAT: json.dumps(header)})


def unpack(data: bytes, recurrence: Recurrence) -> tuple[Memory, Place, dict[str, Any], str | None]:
    """Return what `pack` took from bytes; raises SnapshotError unless they were packed with the same network.

    The write rule's own memory is left out when another rule is in force now: it starts afresh.
    """
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], 'little')
        header = json.loads(json.loads(data[8:8 + length])['__metadata__'][FORMAT])
        config = ModelConfig.from_dict(header['config'])  # an older version wrote fewer fields
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f'not a snapshot of form {FORMAT}, or a truncated one: {error}') from error
    network = recurrence.network
    if config != network.config or header['weights'] != _checksum(network):
        raise SnapshotError('the snapshot was taken with other weights: load those, or start afresh')
    rule = None
    if header['rule'] == recurrence.rule.name:
        rule = {name.removeprefix(RULE_PREFIX): value.to(network.device)
                for name, value in tensors.items() if name.startswith(RULE_PREFIX)}
    memory = Memory(tensors['state'].to(network.device), tensors['pose_memory'].to(network.device), rule,
                    header['first'])
    seen = 'image' in tensors
    place = Place(Similarity(header['scale'], tensors['path'].numpy()), header['segment'], header['index'],
                  tensors['image'].numpy() if seen else None,
                  _boundary(tensors) if seen else None,
                  # Snapshots of before loop closure have neither.
                  tensors['correction'].numpy() if 'correction' in tensors else np.eye(4),
                  header.get('loop_closures', 0))
    return memory, place, header['policy'], header['reset_due']
