# SPDX-License-Identifier: Apache-2.0
"""The forms that a run can be exported in: one table. docs/run.md states axes, pixel centres and fields of each."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded

FRAMES, POINTS = 'frames', 'points'  # what a form needs of a recording, beside the path


class ExportError(ValueError):
    """A form that there is not, that something is missing for, or that cannot hold a recording; the message names the
    remedy."""


@dataclass(frozen=True)
class Form:
    """text: what it is. module: of this package, whose function `function` writes it. needs: of FRAMES and POINTS.
    package: that must be installed for it, by pip install 'ttt3r_ros[export]'; empty for none."""

    text: str
    module: str
    function: str = 'write'
    needs: frozenset[str] = frozenset()
    package: str = ''

    def write(self, recorded: Recorded, folder: Path) -> list[str]:
        """Write it below a folder; return the names of the files and folders there. Raises OSError, ExportError."""
        return getattr(importlib.import_module(f'ttt3r_ros.export.{self.module}'), self.function)(recorded, folder)


_CLOUD, _ALL = frozenset({POINTS}), frozenset({FRAMES, POINTS})
FORMS = {
    'tum': Form('path as TUM text', 'trajectories', 'write_tum'),
    'kitti': Form('path as KITTI poses', 'trajectories', 'write_kitti'),
    'euroc': Form('path as EuRoC csv', 'trajectories', 'write_euroc'),
    'frames': Form('depth, confidence, camera and image of each frame', 'frames', needs=frozenset({FRAMES})),
    'colmap': Form('COLMAP model, binary and text', 'colmap', needs=_ALL),
    'nerfstudio': Form('transforms.json with depth', 'nerfstudio', needs=_ALL),
    'ply': Form('cloud as PLY', 'cloud', 'write_ply', _CLOUD),
    'pcd': Form('cloud as PCD', 'cloud', 'write_pcd', _CLOUD),
    'glb': Form('cloud, path and cameras as GLB', 'glb', needs=_CLOUD),
    'mcap': Form("the node's topics as a bag with an MCAP file", 'mcap', needs=_ALL),
    'las': Form('cloud as LAS', 'las', needs=_CLOUD, package='laspy'),
    'rrd': Form('Rerun recording', 'rrd', needs=_ALL, package='rerun'),
}


def require(names: Iterable[str]) -> frozenset[str]:
    """Return what forms need of a recording. Raises ExportError for one that cannot be written here."""
    needs: frozenset[str] = frozenset()
    for name in names:
        if name not in FORMS:
            raise ExportError(f'export {name!r} is unknown: take some of {", ".join(FORMS)}')
        package = FORMS[name].package
        if package and importlib.util.find_spec(package) is None:
            raise ExportError(f"export {name} needs the Python module {package}: pip install 'ttt3r_ros[export]'")
        needs |= FORMS[name].needs
    return needs
