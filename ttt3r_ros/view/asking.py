# SPDX-License-Identifier: Apache-2.0
"""The panel's button that asks the memory what it has seen from where the browser looks from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np
import viser
from viser.transforms import SO3

from ttt3r_ros.reconstruction.frame import View
from ttt3r_ros.view.shown_frame import ShownFrame


class AskError(RuntimeError):
    """The memory does not answer; the message says why."""


class Memory(Protocol):
    """Who answers about views that no camera took."""

    def ask(self, pose: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> View:
        """Return what a camera would see at pose (4, 4) in the viewer's world, with intrinsics (3, 3) and size (h, w).

        It may take long. Raises AskError.
        """


class Asking:
    """The button, and the line that says what came of it; without a memory neither is there."""

    def __init__(self, gui: viser.GuiApi, like: Callable[[], ShownFrame | None],
                 draw: Callable[[ShownFrame], None]) -> None:
        """Take the panel; like: tells the frame whose lens is asked with; draw: is handed what was answered."""
        self._gui, self._like, self._draw = gui, like, draw
        self._line: viser.GuiMarkdownHandle | None = None
        self._busy = threading.Lock()

    def offer(self, memory: Memory) -> None:
        """Let the memory be asked."""
        button = self._gui.add_button('ask the memory from here')
        self._tell('')

        @button.on_click
        def _(event: viser.GuiEvent) -> None:
            camera = event.client.camera
            pose = np.eye(4)
            pose[:3, :3], pose[:3, 3] = SO3(camera.wxyz).as_matrix(), camera.position
            self.ask(memory, pose)

    def refuse(self, why: str) -> None:
        """Say why there is nobody to ask."""
        self._tell(f'The memory cannot be asked: {why}')

    def ask(self, memory: Memory, pose: np.ndarray) -> None:
        """Ask from pose (4, 4), camera-to-world, and draw or tell what comes; while one is asked, others are passed
        over."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            like = self._like()
            if like is None:
                raise AskError('no frame has been seen yet')
            self._tell('asking …')
            answer = memory.ask(pose, *like.lens)
            shown = ShownFrame.imagined(pose, answer.points, answer.confidence, like)
            self._draw(shown)
            self._tell(f'answered: {len(shown.cloud.points):,} points, median depth {shown.distance:.2f} m')
        except AskError as error:
            self._tell(f'not answered: {error}')
        finally:
            self._busy.release()

    @property
    def told(self) -> str:
        """The line beside the button, empty without one."""
        return self._line.content if self._line is not None else ''

    def _tell(self, text: str) -> None:
        if self._line is None:
            self._line = self._gui.add_markdown(text)
        self._line.content = text
