# SPDX-License-Identifier: Apache-2.0
"""Lost images have the cause that they have: a CPU that is short is told as that."""

from __future__ import annotations

import pytest

from ttt3r_ros.ros.cpu_shortage import CpuShortage


class Kernel:
    """Threads and a clock that go as they are told."""

    def __init__(self, folder) -> None:
        self.folder, self.now = folder, 0.0

    def waited(self, thread: int, ns: int) -> None:
        (self.folder / str(thread)).mkdir(exist_ok=True)
        (self.folder / str(thread) / 'schedstat').write_text(f'123456 {ns} 99\n')


def test_the_thread_that_waited_longest_counts(tmp_path):
    """Since the last call, as a part of the time; threads that came meanwhile do not count yet."""
    kernel = Kernel(tmp_path)
    kernel.waited(1, 5_000_000_000)
    kernel.waited(2, 0)
    cpu = CpuShortage(tmp_path, lambda: kernel.now)
    kernel.now = 2.0
    kernel.waited(1, 5_100_000_000)
    kernel.waited(2, 500_000_000)
    kernel.waited(3, 9_000_000_000)
    assert cpu.share() == 0.25
    kernel.now = 3.0
    assert cpu.share() == 0.0


def test_a_kernel_that_does_not_tell(tmp_path):
    """Says nothing, and nothing is made of it."""
    assert CpuShortage(tmp_path / 'none').share() is None


def test_this_kernel_tells():
    """The real folder of this process can be read."""
    assert 0 <= CpuShortage().share() <= 1


@pytest.mark.parametrize(('share', 'expected'), [(0.4, 'waited 40% of the last second for a core'),
                                                 (0.01, 'shared memory'), (None, 'shared memory')])
def test_the_line_names_the_cause(share, expected):
    """The CPU where it was short, else the way."""
    diagnostics = pytest.importorskip('ttt3r_ros.ros.diagnostics')
    assert expected in diagnostics.Diagnostics._why_lost(share, 1.0)
