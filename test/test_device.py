# SPDX-License-Identifier: Apache-2.0
"""What PyTorch's errors say of a device, and what the node makes of it."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip('rclpy')
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402

from ttt3r_ros.ros import device_watch  # noqa: E402
from ttt3r_ros.ros.device import DeviceError, compile_for, failure, require  # noqa: E402
from ttt3r_ros.ros.device_watch import DeviceWatch  # noqa: E402


class Node:
    """What a DeviceWatch has of its node."""

    def __init__(self):
        self.executor, self.woken, self.now = self, 0, 0.0

    def wake(self):
        self.woken += 1

    def get_logger(self):
        return self

    def error(self, text):
        self.told = text

    def takes(self):
        """Take two minutes over a transition, as compiling does."""
        self.now += 120.0
        return TransitionCallbackReturn.SUCCESS

    trigger_cleanup = trigger_configure = trigger_deactivate = trigger_activate = takes


@pytest.mark.parametrize(('error', 'told'), [
    (torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 MiB'), 'out of memory'),
    (RuntimeError('CUDA error: out of memory\nCUDA kernel errors might be …'), 'out of memory'),
    (RuntimeError('CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`'), 'out of memory'),
    (RuntimeError('CUDA error: an illegal memory access was encountered'), 'lost'),
    (RuntimeError('cuDNN error: CUDNN_STATUS_EXECUTION_FAILED'), 'lost')])
def test_a_full_device_is_not_called_a_lost_one(error, told):
    """PyTorch has a type for the memory that it hands out, and tells by words what CUDA itself could not get. A request
    that has no room costs nothing else; one in which the device is lost ends all."""
    assert f'the device is {told} ({str(error).splitlines()[0]})' in failure(error)
    watch = DeviceWatch(Node())

    def fails():
        raise error

    with pytest.raises(DeviceError, match=told):
        watch.attempt(fails)
    assert (watch.failure is None) is (told == 'out of memory')
    node = Node()
    DeviceWatch(node).see_to(fails)  # what nobody waits for is told
    assert node.told == failure(error)


def test_other_errors_are_no_matter_of_the_device():
    """They are told as what nobody foresaw."""
    assert failure(RuntimeError('shapes do not fit')) is None and failure(ValueError('CUDA error: x')) is None


@pytest.mark.parametrize(('later', 'goes_on'), [(device_watch.AGAIN_S - 1, False), (device_watch.AGAIN_S + 1, True)])
def test_a_device_that_fails_at_once_again_is_not_tried_for_ever(monkeypatch, later, goes_on):
    """However long the node takes to begin anew: with a network that is compiled it would never have been soon."""
    node = Node()
    monkeypatch.setattr(device_watch.time, 'monotonic', lambda: node.now)
    watch = DeviceWatch(node)
    watch.failure = 'the device is out of memory'
    assert watch.recover('restart', True) and watch.failure is None
    node.now += later
    watch.failure = 'the device is out of memory'
    assert watch.recover('restart', True) is goes_on and ('fails again' in node.told) is not goes_on


def test_what_the_device_lacks_is_no_setting(monkeypatch):
    """A context that finds no room, and a device that is full as it compiles: no other device, and no compiler, is what
    helps."""
    def full(*_, **__):
        raise RuntimeError('CUDA error: out of memory')

    with pytest.raises(DeviceError, match='out of memory'), monkeypatch.context() as context:
        context.setattr(torch, 'empty', full)
        require('cuda:0')
    monkeypatch.setattr('ttt3r_ros.ros.device.compile_blocks', full)
    with pytest.raises(RuntimeError, match='^CUDA error: out of memory'):
        compile_for(None, None, (48, 64))
