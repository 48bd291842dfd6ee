# SPDX-License-Identifier: Apache-2.0
"""Cloud, path and cameras as one GLB file, which a browser opens.

glTF's axes: x right, y up, z towards the viewer; so ours (the first camera's, y down, z forward) are turned. Positions
are float32 from an origin in the cloud's middle, which is the node's translation. Colours are linear, as glTF has them.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded

TO_GLTF = np.diag([1.0, -1.0, -1.0])
POINTS, LINES = 0, 1
FLOAT = 5126
PATH_COLOUR = (255, 179, 71)
MOST_CAMERAS = 100
REACH = 0.15  # of a frustum, in the median distance of the cloud from its cameras
CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
EDGES = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4), (4, 1)]


def write(recorded: Recorded, folder: Path) -> list[str]:
    """Write cloud.glb."""
    cloud, path = recorded.cloud(), recorded.trajectory.poses[:, :3, 3]
    everything = cloud.points if len(cloud.points) else path
    origin = everything.mean(axis=0, dtype=np.float64) if len(everything) else np.zeros(3)
    model = _Model(origin)
    if len(cloud.points):
        model.add('cloud', POINTS, cloud.points, cloud.colours)
    if len(path) > 1:
        pairs = np.stack([path[:-1], path[1:]], axis=1).reshape(-1, 3)  # not every reader takes a line strip
        model.add('path', LINES, pairs, np.tile(np.uint8(PATH_COLOUR), (len(pairs), 1)))
    lines = _frusta(recorded, cloud.points)
    if len(lines):
        model.add('cameras', LINES, lines, np.tile(np.uint8(PATH_COLOUR), (len(lines), 1)))
    (folder / 'cloud.glb').write_bytes(model.pack())
    return ['cloud.glb']


def _frusta(recorded: Recorded, points: np.ndarray) -> np.ndarray:
    """Return the ends (n, 3) of the edges of some cameras' frusta, spread evenly."""
    seen = list(recorded.seen())
    if not seen or not len(points):
        return np.empty((0, 3))
    shown = np.unique(np.linspace(0, len(seen) - 1, min(MOST_CAMERAS, len(seen))).round().astype(int))
    reach = REACH * np.median(np.linalg.norm(points - recorded.trajectory.poses[:, :3, 3].mean(axis=0), axis=1))
    ends = []
    for shot, intrinsics in (seen[i] for i in shown):
        pixels = CORNERS * (np.array(shot.size) - 1)
        rays = np.column_stack([pixels, np.ones(4)]) @ np.linalg.inv(intrinsics).T
        pose = np.array(shot.pose)
        corners = np.vstack([np.zeros(3), reach * rays]) @ pose[:3, :3].T + pose[:3, 3]
        ends.append(corners[np.array(EDGES).ravel()])
    return np.concatenate(ends)


class _Model:
    """A glTF model: a node with one mesh for each thing."""

    def __init__(self, origin: np.ndarray) -> None:
        self._origin, self._data = origin, b''
        self._views, self._accessors, self._meshes, self._nodes = [], [], [], []

    def add(self, name: str, mode: int, points: np.ndarray, colours: np.ndarray) -> None:
        """Add points (n, 3), at least one and all finite, in our world, with colours (n, 3) uint8, sRGB."""
        places = ((points - self._origin) @ TO_GLTF).astype('<f4')
        linear = _linear(colours / 255.0).astype('<f4')
        attributes = {
            'POSITION': self._accessor(places, FLOAT, 'VEC3', min=places.min(0).tolist(), max=places.max(0).tolist()),
            'COLOR_0': self._accessor(linear, FLOAT, 'VEC3')}
        self._nodes.append({'name': name, 'mesh': len(self._meshes), 'translation': (TO_GLTF @ self._origin).tolist()})
        self._meshes.append({'name': name, 'primitives': [{'attributes': attributes, 'mode': mode, 'material': 0}]})

    def _accessor(self, values: np.ndarray, kind: int, shape: str, **more: object) -> int:
        self._views.append({'buffer': 0, 'byteOffset': len(self._data), 'byteLength': values.nbytes})
        self._data += values.tobytes()
        self._accessors.append({'bufferView': len(self._views) - 1, 'componentType': kind, 'count': len(values),
                                'type': shape, **more})
        return len(self._accessors) - 1

    def pack(self) -> bytes:
        """Return the file."""
        tree: dict = {'asset': {'version': '2.0', 'generator': 'ttt3r_ros'}, 'scene': 0,
                      'scenes': [{'nodes': list(range(len(self._nodes)))} if self._nodes else {}]}
        if self._nodes:
            tree |= {'nodes': self._nodes, 'meshes': self._meshes, 'accessors': self._accessors,
                     'bufferViews': self._views, 'buffers': [{'byteLength': len(self._data)}],
                     'extensionsUsed': ['KHR_materials_unlit'],
                     'materials': [{'pbrMetallicRoughness': {'metallicFactor': 0.0, 'roughnessFactor': 1.0},
                                    'extensions': {'KHR_materials_unlit': {}}}]}
        text = json.dumps(tree).encode()
        text += b' ' * (-len(text) % 4)
        chunks = struct.pack('<I4s', len(text), b'JSON') + text
        if self._data:
            chunks += struct.pack('<I4s', len(self._data), b'BIN\0') + self._data
        return struct.pack('<4sII', b'glTF', 2, 12 + len(chunks)) + chunks


def _linear(srgb: np.ndarray) -> np.ndarray:
    """Return linear light for sRGB values, both 0 to 1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
