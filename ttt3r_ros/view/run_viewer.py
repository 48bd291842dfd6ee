# SPDX-License-Identifier: Apache-2.0
"""The viewer of a run that goes on, as its onlooker."""

from __future__ import annotations

from ttt3r_ros.model.network import RayMapError
from ttt3r_ros.offline.stream import StampedFrame
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.view.live import LiveViewer
from ttt3r_ros.view.running_memory import RunningMemory


class RunViewer:
    """Shows the frames that are tracked, and lets the run's thread answer what the browser asks the memory."""

    def __init__(self, port: int = 8080) -> None:
        """Serve on a port of 127.0.0.1. Raises ViewError."""
        self.viewer = LiveViewer(port=port, remedy='give another with --view PORT')
        self._memory: RunningMemory | None = None

    def begins(self, reconstructor: Reconstructor) -> None:
        """Take the memory, if it can be asked; the panel says so if not."""
        try:
            reconstructor.require_ray_map()
        except RayMapError as error:
            self.viewer.asking.refuse(str(error))
            return
        self._memory = RunningMemory(reconstructor)
        self.viewer.asking.offer(self._memory)

    def sees(self, frame: StampedFrame) -> None:
        """Take a frame; what has been asked is answered with the memory as the frame has left it."""
        if frame.tracked:
            self.viewer.add(frame)
        if self._memory is not None:
            self._memory.answer_waiting()

    def stay(self) -> None:
        """Answer until Ctrl-C, when the run is over. Raises KeyboardInterrupt."""
        if self._memory is None:
            self.viewer.wait()
        while True:
            self._memory.answer_next()

    def close(self) -> None:
        """Stop serving."""
        if self._memory is not None:
            self._memory.close()
        self.viewer.close()
