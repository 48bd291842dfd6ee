# SPDX-License-Identifier: Apache-2.0
"""The stages of a step by name, for whoever measures them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

# 'graph' stands for all from 'memory' to 'write' where they are played as one.
STAGES = ('preprocess', 'upload', 'encode', 'memory', 'decode', 'head', 'write', 'graph', 'focal length', 'download')


class Stage(Protocol):
    """Told when a stage begins and ends."""

    def __call__(self, name: str) -> AbstractContextManager:
        """Return a context that is entered where the stage called name, one of STAGES, begins."""


def untimed(name: str) -> AbstractContextManager:
    """Measure nothing."""
    return nullcontext()
