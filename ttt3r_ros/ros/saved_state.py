# SPDX-License-Identifier: Apache-2.0
"""A camera's memory on the disk: when it is saved, and what the first images after a restart are relocated against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from std_msgs.msg import Header

from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.comparison import LeftOut
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.odometry import Estimate, OdometryError
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.relocation import Relocation
from ttt3r_ros.reconstruction.scale import ScaleError
from ttt3r_ros.reconstruction.snapshot import SnapshotError
from ttt3r_ros.reconstruction.state_file import Autosave, Context, StateFileError
from ttt3r_ros.reconstruction.together import Steps
from ttt3r_ros.reconstruction.whole_file import FilePath
from ttt3r_ros.ros.conversions import nanoseconds
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.tracker import Tracker


class SavedState:
    """The inference thread's, but for `write` and `unsaved`."""

    def __init__(self, log: Log, reconstructor: Reconstructor, tracker: Tracker, autosave: Autosave,
                 odom_frame: str, path: str) -> None:
        """Take what is saved, and the operator's file, '' for none."""
        self._log = log
        self._reconstructor, self._tracker, self._autosave = reconstructor, tracker, autosave
        self._odom_frame, self._path = odom_frame, path
        self._resume: tuple[FilePath, Relocation, Context] | None = None
        self._last: tuple[Header, Estimate | None] | None = None

    @property
    def awaited(self) -> bool:
        """Whether a state has been read and images are asked whether it is where they are."""
        return self._resume is not None

    @property
    def unsaved(self) -> str | None:
        """Why the state is not on the disk, None if it is, or is not to be."""
        return self._autosave.failure

    def follow(self, header: Header, estimate: Estimate | None) -> None:
        """Take the newest frame that was believed; save if it is time."""
        self._last = header, estimate
        if self._path and self._autosave.due():
            self._autosave.submit(*self.take())

    def take(self) -> tuple[bytes, Context]:
        """Return what a state file holds. Raises StateFileError before the first frame."""
        if self._last is None:
            raise StateFileError('there is nothing to save: no frame has been seen')
        header, estimate = self._last
        # Not the state that is being asked: nobody knows yet whether it is where we are.
        snapshot = self._reconstructor.snapshot() if self._resume is None else self._resume[1].own_snapshot()
        return snapshot, Context(self._odom_frame, header.frame_id, None if estimate is None else estimate.tracked,
                                 nanoseconds(header.stamp), self._tracker.state())

    def write(self, path: FilePath, snapshot: bytes, context: Context) -> None:
        """Write a state, on the caller's thread. Raises StateFileError."""
        if self._autosave.writes(path):
            self._autosave.save(snapshot, context)
        else:
            state_file.save(path, snapshot, context)

    def resume_from(self, path: str | FilePath, snapshot: bytes, context: Context) -> None:
        """Relocate the next images against a saved state. Raises StateFileError for another network's or frame's."""
        if context.odom_frame != self._odom_frame:
            raise StateFileError(f'{path} was saved in the odometry frame {context.odom_frame!r}, not '
                                 f'{self._odom_frame!r}: set odom_frame as it was, or start afresh')
        try:
            relocation = Relocation(self._reconstructor, snapshot, context.stamp)
            self._tracker.check(context.odometry)
        except (SnapshotError, OdometryError, ScaleError) as error:
            raise StateFileError(f'{path} does not fit: {error}') from error
        if self._resume is not None:
            self._resume[1].give_up()
        self._resume = FilePath.of(path), relocation, context

    def stepping(self, image: np.ndarray, stamp: int, upcoming: Callable[[], np.ndarray | None],
                 left_out: LeftOut) -> Steps[Frame]:
        """Step; the first images after a restart are relocated against the saved memory, each by itself. See
        Reconstructor.stepping."""
        if self._resume is None:
            return (yield from self._reconstructor.stepping(image, upcoming, stamp=stamp, left_out=left_out))
        path, relocation, context = self._resume
        known = len(relocation.doubts)
        frame = relocation.step(image, stamp=stamp, left_out=left_out)
        for doubt in relocation.doubts[known:]:
            self._log.warning(f'an answer after the restart is not believed: {doubt}')
        if frame is None:
            self._resume = None
            self._log.error('the saved state is not taken over, nothing bears out where the robot is: all goes on '
                            'without it; after a restart that is a new odometry')
            self.refused(path)
            return (yield from self._reconstructor.stepping(image, stamp=stamp, left_out=left_out))
        if relocation.believed:
            self._resume = None
            where = self._tracker.restore(context.odometry, context.camera_frame)
            self._log.info(f'resumed {where}, segment {frame.segment}')
        return frame

    def refused(self, path: str | FilePath) -> None:
        """Take it that a file holds what could not be taken over: the state file is then kept beside the new one."""
        self._autosave.keep_old(path)

    def start_afresh(self) -> None:
        """Forget the last frame; a saved state that waited to be relocated against is kept, see `refused`."""
        if self._resume is not None:
            self.refused(self._resume[0])
        self._resume = self._last = None

    def pause(self) -> None:
        """Save, if a file is named: the node is being deactivated, or ends.

        One that has answered no image, or has not replaced a state that it could not take over, leaves the file alone.
        """
        if not self._path or self._last is None:
            return
        if self._autosave.keeps_old:
            self._log.warning(f'{self._path} is left as it was found: its state was not taken over')
            return
        try:
            self._autosave.submit(*self.take())
        except RuntimeError as error:  # of a device that is lost
            self._log.error(f'the state is not saved, it cannot be read: {error}')
        if not self._autosave.flush():
            self._log.error(f'the state is not saved in {self._path}: '
                            f'{self._autosave.failure or "the disk does not answer"}')
