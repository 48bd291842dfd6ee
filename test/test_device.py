# SPDX-License-Identifier: Apache-2.0
"""What PyTorch's errors say of a device, and what the node makes of it."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip('rclpy')
from ttt3r_ros.ros.device import DeviceError, failure  # noqa: E402
from ttt3r_ros.ros.device_watch import DeviceWatch  # noqa: E402


class Node:
    """What a DeviceWatch has of its node."""

    def __init__(self):
        self.executor, self.woken = self, 0

    def wake(self):
        self.woken += 1


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


def test_other_errors_are_no_matter_of_the_device():
    """They are told as what nobody foresaw."""
    assert failure(RuntimeError('shapes do not fit')) is None and failure(ValueError('CUDA error: x')) is None
