# SPDX-License-Identifier: Apache-2.0
"""The memory that a finished run has left in its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttt3r_ros.offline.folder import MEMORY, RESULTS
from ttt3r_ros.reconstruction.frame import View
from ttt3r_ros.view.asking import AskError

if TYPE_CHECKING:
    from ttt3r_ros.reconstruction.reconstructor import Reconstructor

OF_THE_RUN = ('weights', 'weights_sha256', 'precision', 'size')


class KeptMemory:
    """That which a finished run's folder holds; its weights are loaded for the first question."""

    def __init__(self, folder: str | Path) -> None:
        """Take the folder of the run. Raises AskError where it has none."""
        self._folder = Path(folder).expanduser()
        if not (self._folder / MEMORY).is_file():
            raise AskError(f'the run has left none ({MEMORY}), as its weights have no ray-map encoder, or it is older')
        self._reconstructor: Reconstructor | None = None

    def ask(self, pose: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> View:
        """Answer; seconds the first time. Raises AskError."""
        from ttt3r_ros.view.running_memory import query  # PyTorch: seconds that looking on need not wait for

        self._reconstructor = self._reconstructor or self._load()
        return query(self._reconstructor, pose, intrinsics, size)

    def _load(self) -> Reconstructor:
        from ttt3r_ros.offline.reconstruction import Settings, prepare

        try:
            told = json.loads((self._folder / RESULTS).read_text())['settings']
            settings = Settings(**{name: told[name] for name in OF_THE_RUN})
            reconstructor = prepare(settings).reconstructor
            reconstructor.restore((self._folder / MEMORY).read_bytes())
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise AskError(f'{self._folder} cannot be asked: {error}') from error
        return reconstructor
