# SPDX-License-Identifier: Apache-2.0
"""Per-frame files; the recording has written them as the frames came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded


def write(recorded: Recorded, folder: Path) -> list[str]:
    """Return the folders, which are there; see docs/run.md for what is in them."""
    return ['camera', 'depth', 'confidence', 'image']
