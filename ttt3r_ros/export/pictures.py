# SPDX-License-Identifier: Apache-2.0
"""A run's images where another form wants them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def link(file: Path, target: Path) -> None:
    """Let target be the same file, or a copy where the disk cannot do that; one that is there gives way."""
    target.unlink(missing_ok=True)
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
