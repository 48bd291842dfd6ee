# SPDX-License-Identifier: Apache-2.0
"""The viewer: a server, a scene, and what the panel beside it does."""

from __future__ import annotations

import socket
import threading
import time
from typing import Protocol

import numpy as np
import viser

from ttt3r_ros.view.asking import Asking
from ttt3r_ros.view.budget import FRAME_POINTS, KEPT_FRAMES, MAP_POINTS, PICTURE, spread
from ttt3r_ros.view.gate_plot import GatePlot
from ttt3r_ros.view.scene import Scene
from ttt3r_ros.view.shown_frame import ShownFrame, Told

FOV = np.radians(50)


class ViewError(RuntimeError):
    """The viewer cannot be served; the message says why and what to do."""


class Frames(Protocol):
    """What is looked at: a finished run's folder, or the frames so far."""

    poses: np.ndarray
    told: list[Told]

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, index: int) -> ShownFrame:
        """Return one."""


class Viewer:
    """Serves a finished run to any number of browsers until it is closed."""

    look_every_s: float | None = None  # for what is new without being told; None: never

    def __init__(self, frames: Frames, host: str = '127.0.0.1', port: int = 8080,
                 remedy: str = 'give another --port or --host') -> None:
        """Take the run and where to serve it; port 0: a free one; remedy: what to do where it cannot be.

        Raises ViewError, RunFolderError.
        """
        self._frames = frames
        self._server = viser.ViserServer(host, _free(host, port, remedy), label='ttt3r', verbose=False)
        self._server.gui.configure_theme(show_logo=False, show_share_button=False, control_width='medium')
        self.scene = Scene(self._server)
        self._wanted: int | None = None
        self._shown_at: int | None = None
        self._stale = False
        self._changed = threading.Condition()
        self._closed = False
        self._make_panel()
        self._load()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return where it is served."""
        return self._server.get_port()

    @property
    def camera(self) -> viser.InitialCameraConfig:
        """Return where a browser looks from at first."""
        return self._server.initial_camera

    @property
    def shown(self) -> int | None:
        """Return which frame is at the slider."""
        return self._shown_at

    def seek(self, index: int) -> None:
        """Move the slider."""
        self._slider.value = index

    def play(self, playing: bool = True) -> None:
        """Play from where the slider is, or stop."""
        self._play.value = playing

    def restyle(self, **settings: float) -> None:
        """Change settings of the scene, by their names there."""
        with self._changed:
            for name, value in settings.items():
                setattr(self.scene, name, value)
            self._stale = True
            self._changed.notify()

    def wait(self) -> None:
        """Serve until Ctrl-C. Raises KeyboardInterrupt."""
        threading.Event().wait()

    def close(self) -> None:
        """Stop serving."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._server.stop()

    def _load(self) -> None:
        kept = spread(len(self._frames), KEPT_FRAMES)
        for index in kept:
            self.scene.keep(self._frames[index], MAP_POINTS // len(kept))
        self.scene.draw_path(self._frames.poses)
        self._gates.draw(self._frames.told)
        self._face(self._frames.poses)
        self._wanted = len(self._frames) - 1
        self._show(self._wanted)

    def _face(self, poses: np.ndarray, least: float = 0.0) -> None:
        self.camera.position, self.camera.look_at, self.camera.up = self.scene.face(poses, least)
        self.camera.fov = FOV

    def _make_panel(self) -> None:
        gui, last = self._server.gui, max(len(self._frames) - 1, 0)
        self._slider = gui.add_slider('frame', 0, max(last, 1), 1, last)
        self._play = gui.add_checkbox('play', False)
        self._rate = gui.add_slider('frames a second', 1, 30, 1, 10)
        self._picture = gui.add_image(np.zeros((2, 2, 3), np.uint8), label='picture and depth', format='jpeg')
        self._line = gui.add_markdown('')
        self._gates = GatePlot(gui)
        unsure = gui.add_slider('least confident left out, %', 0, 95, 5, round(100 * self.scene.unsure))
        size = gui.add_slider('point size', 1, 20, 1, round(1000 * self.scene.point_size))
        what = {name: gui.add_checkbox(name, True) for name in ('frame', 'map', 'frusta', 'path', 'answer')}
        self._slider.on_update(lambda _: self._want(self._slider.value))
        self._play.on_update(lambda _: self._want(0 if self._play.value and self._at_end() else None))
        unsure.on_update(lambda _: self.restyle(unsure=unsure.value / 100))
        size.on_update(lambda _: self.restyle(point_size=size.value / 1000))
        for name, box in what.items():
            box.on_update(lambda _, name=name, box=box: self.restyle(**{f'with_{name}': box.value}))
        self.asking = Asking(gui, lambda: self.scene.now, self.scene.draw_answer)

    def _want(self, index: int | None) -> None:
        """Ask the working thread, which takes the newest wish alone, however fast a slider moves."""
        with self._changed:
            self._wanted = self._wanted if index is None else int(index)
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                playing = self._play.value
                if not (self._closed or self._stale or playing or self._has_new() or self._wanted != self._shown_at):
                    self._changed.wait(self.look_every_s)
                if self._closed:
                    return
            self._take_new()
            with self._changed:
                wanted, stale, self._stale = self._wanted, self._stale, False
            begun = time.monotonic()
            if stale:
                self.scene.draw_again()
                if len(self._frames):
                    self.scene.draw_path(self._frames.poses)
            if wanted != self._shown_at:
                self._show(wanted)
            elif playing and self._shown_at is not None:
                self._advance(begun)

    def _advance(self, begun: float) -> None:
        if self._at_end():
            self._play.value = False
            return
        with self._changed:
            self._changed.wait(max(0.0, 1 / self._rate.value - (time.monotonic() - begun)))
        self.seek(self._shown_at + 1)

    def _at_end(self) -> bool:
        return self._shown_at is not None and self._shown_at + 1 >= len(self._frames)

    def _has_new(self) -> bool:
        return False

    def _take_new(self) -> None:
        """Draw what has come since; a finished run has nothing new."""

    def _show(self, index: int) -> None:
        frame = self._frames[index]
        self.scene.show(frame)
        self._picture.image = frame.kept(FRAME_POINTS, PICTURE).beside_its_depth()
        # Of a long run only some are kept: what is told is of the frame that is shown.
        self._line.content = self._frames.told[frame.index].text(frame.index)
        self._shown_at = index


def _free(host: str, port: int, remedy: str) -> int:
    """Return the port, which viser would silently change if it were taken. Raises ViewError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, 'strerror', None) or error
            raise ViewError(f'{host}:{port} cannot be served ({why}): {remedy}') from error
        return probe.getsockname()[1]
