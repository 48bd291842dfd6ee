# SPDX-License-Identifier: Apache-2.0
"""What the machine is and what it can do: products and copies, measured."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ttt3r_ros.model.threads import gflop

PRODUCT = (768, 1024, 4096)  # the largest of a published frame, and the most frequent of its size
COPY_BYTES = 1 << 28  # larger than any cache
CLEAR_PEAK = '5'  # what /proc/self/clear_refs takes to forget the peak (man 5 proc)


def describe(device: torch.device) -> dict[str, str | int | list[float]]:
    """Return what a reader of the numbers has to know about the machine."""
    names = [line.partition(':')[2].strip() for line in _lines('/proc/cpuinfo') if line.startswith('model name')]
    return {'cpu': names[0] if names else platform.processor(), 'cores': os.cpu_count(),
            'threads': torch.get_num_threads(), 'cpu_capability': torch.backends.cpu.get_cpu_capability(),
            'device': torch.cuda.get_device_name(device) if device.type == 'cuda' else 'cpu',
            'torch': torch.__version__, 'load_average': [round(x, 2) for x in os.getloadavg()]}


@torch.inference_mode()
def ceiling(dtype: torch.dtype, device: torch.device) -> tuple[float, float]:
    """Return GFLOP/s of one large product and GB/s of one large copy, read and written.

    What they are made of, over half a gigabyte, is there meanwhile only: frames need the room.
    """
    repeats = 50 if device.type == 'cuda' else 1
    m, k, n = PRODUCT
    a, b = torch.randn(m, k, device=device).to(dtype), torch.randn(n, k, device=device).to(dtype)
    product = _seconds(lambda: torch.nn.functional.linear(a, b), device, repeats)
    source = torch.ones(COPY_BYTES // 4, device=device)  # zeros would all be one page
    target = torch.empty_like(source)
    copy = _seconds(lambda: target.copy_(source), device, repeats)
    return 2 * m * k * n / product / 1e9, 2 * COPY_BYTES / copy / 1e9


def _seconds(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Return how long some work takes, the second time: the first is slower than all others."""
    for turns in (1, repeats):
        _wait(device)
        start = time.perf_counter()
        for _ in range(turns):
            work()
        _wait(device)
    return (time.perf_counter() - start) / repeats


def _wait(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


class _WeightsRead(TorchDispatchMode):
    """Gathers the parameters that are read."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self._known = {_place(p): p.numel() * p.element_size() for p in network.parameters()}
        self._read: set[int] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self._read.update(_place(arg) for arg in args if isinstance(arg, torch.Tensor))
        return function(*args, **(kwargs or {}))

    def bytes(self) -> int:
        return sum(size for place, size in self._known.items() if place in self._read)


def _place(tensor: torch.Tensor) -> int:
    return id(tensor) if tensor.is_mkldnn else tensor.data_ptr()  # packed weights do not say where they lie


def count(work: Callable[[], object], network: torch.nn.Module) -> tuple[float, float]:
    """Return GFLOP of products, convolutions and attention, and gigabytes of weights read, of work with a network."""
    with _WeightsRead(network) as weights:
        done = gflop(work)
    return done, weights.bytes() / 1e9


def peak_bytes(work: Callable[[], object], device: torch.device) -> int | None:
    """Return how much more memory some work takes at its peak than before it; None where nobody tells.

    On CUDA of the device's memory, else of the process's (Linux).
    """
    if device.type == 'cuda':
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        _wait(device)
        return torch.cuda.max_memory_allocated(device) - before
    try:
        Path('/proc/self/clear_refs').write_text(CLEAR_PEAK)
    except OSError:
        work()
        return None
    before = _status('VmRSS')
    work()
    return _status('VmHWM') - before


def resident_bytes(pid: int | str = 'self') -> int | None:
    """Return how much memory a process has in use, this one by default, None where nobody tells (not Linux)."""
    return _status('VmRSS', pid) if _lines(f'/proc/{pid}/status') else None


def cpu_seconds(pid: int) -> float:
    """Return how long a process has computed so far, all its threads (Linux)."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def _status(name: str, pid: int | str = 'self') -> int:
    """Return a figure of /proc/PID/status in bytes."""
    return next(1024 * int(line.split()[1]) for line in _lines(f'/proc/{pid}/status') if line.startswith(f'{name}:'))


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
