# SPDX-License-Identifier: Apache-2.0
"""Bonn RGB-D Dynamic: TUM's form under the name rgbd_bonn_*, and poses of a body of markers."""

from __future__ import annotations

from pathlib import Path

from .tum import Tum


class Bonn(Tum):
    """A recording of Bonn; its truth is the pose of the markers, not of the camera."""

    form = 'Bonn RGB-D'
    remarks = ('the truth is of a body of markers on the camera, not of the camera: its turns and short steps differ',)

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it is of TUM's form and called so."""
        return path if path.resolve().name.startswith('rgbd_bonn') and super().root(path) else None
