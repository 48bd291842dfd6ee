# SPDX-License-Identifier: Apache-2.0
"""The viewer of what is still being reconstructed; it costs the loop that feeds it next to nothing."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right

import numpy as np

from ttt3r_ros.reconstruction.depth import depth_of
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.view.budget import KEPT_FRAMES, MAP_POINTS, THUMBNAIL
from ttt3r_ros.view.shown_frame import ShownFrame, Told
from ttt3r_ros.view.viewer import Viewer

PATH_EVERY_S = 1.0
ROOM = 3.0  # metres from the first camera to where a browser looks from


class Kept:
    """Which frames of a run without a known end are kept: all at first, then ever fewer, never more than `most`."""

    def __init__(self, most: int = KEPT_FRAMES) -> None:
        """Take how many, 2 or more."""
        self._most, self._stride, self._next = most, 1, 0
        self.indices: list[int] = []

    def offer(self, index: int) -> tuple[bool, list[int]]:
        """Say whether a frame, later than all before, is kept, and which ones go for it."""
        if index < self._next:
            return False, []
        gone = []
        if len(self.indices) == self._most:
            self._stride *= 2
            gone, self.indices = self.indices[1::2], self.indices[::2]
        self.indices.append(index)
        self._next = index + self._stride
        return True, gone


class LiveFrames:
    """The frames so far: all poses, the newest frame whole, and some of the others with few points."""

    def __init__(self) -> None:
        """Begin without any."""
        self._poses: list[np.ndarray] = []
        self.told: list[Told] = []
        self._waiting: tuple[int, Frame] | None = None
        self._lock = threading.Lock()
        self._newest: ShownFrame | None = None
        self._kept: dict[int, ShownFrame] = {}
        self._choice = Kept()

    def __len__(self) -> int:
        """Return how many frames have come."""
        return len(self._poses)

    def __getitem__(self, index: int) -> ShownFrame:
        """Return the newest, or what is kept of the one at an index or the last before it."""
        if self._newest is None or index >= self._newest.index:
            return self._newest
        return self._kept[self._choice.indices[bisect_right(self._choice.indices, index) - 1]]

    @property
    def poses(self) -> np.ndarray:
        """All poses (n, 4, 4), camera-to-world."""
        return np.stack(self._poses[:])

    def add(self, frame: Frame) -> None:
        """Take a frame; one that waits is passed over, its pose excepted."""
        with self._lock:
            self._poses.append(frame.correction @ frame.pose)
            self.told.append(_told(frame))
            if np.isfinite(frame.intrinsics).all():
                self._waiting = len(self._poses) - 1, frame

    def take(self) -> tuple[ShownFrame, bool, list[int]] | None:
        """Return the frame that waits, whether it is kept, and which ones are no longer; None if none waits."""
        with self._lock:
            if self._waiting is None:
                return None
            (index, frame), self._waiting = self._waiting, None
        self._newest = ShownFrame.of(index, self._poses[index], frame.intrinsics,
                                     depth_of(frame.points, frame.intrinsics), frame.confidence, frame.image)
        kept, gone = self._choice.offer(index)
        if kept:
            self._kept[index] = self._newest.kept(MAP_POINTS // KEPT_FRAMES, THUMBNAIL)
        for old in gone:
            del self._kept[old]
        return self._newest, kept, gone

    @property
    def waits(self) -> bool:
        """Whether there is a frame to take."""
        return self._waiting is not None


def _told(frame: Frame) -> Told:
    """Return what a frame tells; one that was seen over topics tells neither."""
    gate, tracking = frame.gate, frame.tracking
    return Told(*([] if gate is None else [(gate.mean, gate.std)]), number=getattr(frame, 'number', None),
                **({} if tracking is None else {'state': tracking.state.value, 'reason': tracking.reason}))


class LiveViewer(Viewer):
    """A viewer that frames are added to."""

    look_every_s = PATH_EVERY_S

    def __init__(self, host: str = '127.0.0.1', port: int = 8080, start: np.ndarray = np.eye(4), **more: str) -> None:
        """Take where to serve, and where the first camera is likely to stand (4, 4); more: of Viewer. Raises ViewError.
        """
        self._start = start
        self._path_at, self._path_of = 0.0, 0
        super().__init__(LiveFrames(), host, port, **more)

    def add(self, frame: Frame) -> None:
        """Take a frame whose pose is trusted; returns at once, and only the newest is drawn."""
        with self._changed:
            self._frames.add(frame)
            self._changed.notify()

    def _load(self) -> None:
        self._face(self._start[None], ROOM)

    def _make_panel(self) -> None:
        super()._make_panel()
        self._follow = self._server.gui.add_checkbox('follow the newest', True)

    def _has_new(self) -> bool:
        return self._frames.waits

    def _take_new(self) -> None:
        taken = self._frames.take()
        if self._path_of != len(self._frames) and time.monotonic() - self._path_at >= PATH_EVERY_S:
            self._path_at, self._path_of = time.monotonic(), len(self._frames)
            self.scene.draw_path(self._frames.poses)
            self._gates.draw(self._frames.told[:])
        if taken is None:
            return
        frame, kept, gone = taken
        for old in gone:
            self.scene.forget(old)
        if kept:
            self.scene.keep(frame)
        self._slider.max = max(frame.index, 1)
        if self._follow.value:
            self._slider.value = frame.index
            self._want(frame.index)
