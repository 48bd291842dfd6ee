# SPDX-License-Identifier: Apache-2.0
"""Where fetched weights lie, by the names that `ttt3r fetch` and the parameter `weights` know."""

from __future__ import annotations

import os
from pathlib import Path

FETCHED = ('cut3r-512', 'cut3r-224')


def cache_folder() -> Path:
    """Return the folder, which need not exist: $TTT3R_CACHE, or ttt3r in $XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get('TTT3R_CACHE')
    above = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    return Path(os.path.expanduser(own or os.path.join(above, 'ttt3r')))


def fetched_file(name: str) -> Path:
    """Return where the weights of a name of FETCHED lie once they have been fetched."""
    return cache_folder() / f'{name}.safetensors'
