# SPDX-License-Identifier: Apache-2.0
"""A device that fails in mid-run: the images that it cannot answer are counted, and the node ends or begins anew."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from ttt3r_ros.model.device import is_full
from ttt3r_ros.model.thread_watch import ThreadWatch
from ttt3r_ros.reconstruction.together import together
from ttt3r_ros.ros.device import DeviceError, failure
from ttt3r_ros.ros.job import Job

logger = logging.getLogger(__name__)

AGAIN_S = 60.0  # a device that fails again so soon is not tried a third time


class DeviceWatch:
    """failure: why the device computes no more, None as long as it does; refused: the last configure failed by it;
    threads: told how long images take."""

    def __init__(self, node: LifecycleNode) -> None:
        """Take the node, which is begun anew if that is asked for."""
        self._node = node
        self.failure: str | None = None
        self.refused = False
        self.threads: ThreadWatch | None = None
        self._restarted: float | None = None  # time.monotonic() seconds, when it went on

    def answer(self, jobs: list[Job], following: Callable[[], Job | None]) -> None:
        """Answer jobs, together; what the device does not survive is left to the executor's thread, and later jobs are
        not tried. The inference thread."""
        if self.failure is not None:
            for job in jobs:
                job.pipeline.device_failed()
            return
        began = time.perf_counter()
        outcomes = together([job.pipeline.answering(job, following) for job in jobs])
        if self.threads is not None:
            self.threads.took((time.perf_counter() - began) / len(jobs))
        for job, error in zip(jobs, outcomes, strict=True):
            why = None if error is None else failure(error)
            if why is not None:
                job.pipeline.device_failed()
                self._fail(why)
            elif error is not None:  # no frame may take the others, or the thread, down with it
                logger.error('a frame failed in a way that nobody foresaw; it is left out', exc_info=error,
                             extra={'camera': job.pipeline.name})

    def attempt(self, function: Callable[[], Any]) -> Any:
        """Return what a function that a service asks for does, or raise it; the inference thread.

        Raises DeviceError too. Being out of memory is then the request's matter alone: images need what they always
        did.
        """
        if self.failure is not None:
            raise DeviceError(self.failure)
        try:
            return function()
        except RuntimeError as error:
            why = failure(error)
            if why is None:
                raise
            if not is_full(error):
                self._fail(why)
            raise DeviceError(why) from error

    def see_to(self, function: Callable[[], Any]) -> None:
        """Do what nobody waits for, and tell what the device cannot do of it; the inference thread."""
        try:
            self.attempt(function)
        except DeviceError as error:
            self._node.get_logger().error(str(error))

    def _fail(self, why: str) -> None:
        self.failure = why
        self._node.executor.wake()

    def recover(self, on_device_error: str, active: bool) -> bool:
        """After a failure, begin anew if on_device_error asks for that; say whether the node goes on, active if it was.

        The executor's thread.
        """
        node = self._node
        again = self._restarted is not None and time.monotonic() - self._restarted < AGAIN_S
        node.get_logger().error(f'{self.failure}. on_device_error: {on_device_error}'
                                f'{", but it fails again" if again else ""}')
        if on_device_error == 'exit' or again:
            return False
        steps = [node.trigger_cleanup, node.trigger_configure]
        if active:
            steps = [node.trigger_deactivate, *steps, node.trigger_activate]
        done = all(step() == TransitionCallbackReturn.SUCCESS for step in steps)
        self.failure = None
        self._restarted = time.monotonic()  # now: loading and compiling may take longer than AGAIN_S
        return done
