# SPDX-License-Identifier: Apache-2.0
"""A device that fails in mid-run: the images that it cannot answer are counted, and the node ends or begins anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from ttt3r_ros.ros.device import DeviceError, failure
from ttt3r_ros.ros.job import Job

AGAIN_S = 60.0  # a device that fails again so soon is not tried a third time


class DeviceWatch:
    """failure: why the device computes no more, None as long as it does."""

    def __init__(self, node: LifecycleNode) -> None:
        """Take the node, which is begun anew if that is asked for."""
        self._node = node
        self.failure: str | None = None
        self._restarted: float | None = None  # time.monotonic() seconds

    def answer(self, job: Job, following: Callable[[], Job | None]) -> None:
        """Answer a job; what the device does not survive is left to the executor's thread, and later jobs are not
        tried. The inference thread."""
        why = self.failure
        if why is None:
            try:
                job.answer(following)
                return
            except RuntimeError as error:
                why = failure(error)
                if why is None:
                    raise
            self._fail(why)
        job.pipeline.device_failed(why)

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
            if not isinstance(error, torch.cuda.OutOfMemoryError):
                self._fail(why)
            raise DeviceError(why) from error

    def _fail(self, why: str) -> None:
        self.failure = why
        self._node.executor.wake()

    def recover(self, on_device_error: str, active: bool) -> bool:
        """After a failure, begin anew if on_device_error asks for that; say whether the node goes on, active if it was.

        The executor's thread.
        """
        node, now = self._node, time.monotonic()
        again = self._restarted is not None and now - self._restarted < AGAIN_S
        node.get_logger().error(f'{self.failure}. on_device_error: {on_device_error}'
                                f'{", but it fails again" if again else ""}')
        if on_device_error == 'exit' or again:
            return False
        self._restarted = now
        steps = [node.trigger_cleanup, node.trigger_configure]
        if active:
            steps = [node.trigger_deactivate, *steps, node.trigger_activate]
        done = all(step() == TransitionCallbackReturn.SUCCESS for step in steps)
        self.failure = None
        return done
