# SPDX-License-Identifier: Apache-2.0
"""Two cameras of one node that send at different rates."""

from __future__ import annotations

from harness import Robot, scene, stamp_of

SECOND = 1_000_000_000


def leave_turns(fast: Robot, slow: Robot, rounds: int) -> None:
    """Assert that a flood of one camera's images keeps none of the other's single ones from being answered."""
    for i in range(rounds):
        for j in range(20):
            fast.show(SECOND + (20 * i + j) * 1_000_000, scene(j))
        slow.show(SECOND + i * 20_000_000, scene(i))
        slow.wait_for('an answer to the slow one', lambda i=i: len(slow.heard['status']) > i)
    last = SECOND + (20 * rounds - 1) * 1_000_000
    fast.wait_for('the last of the fast ones', lambda: fast.heard['status'] and stamp_of(fast.counters()) == last)
    assert slow.counters().dropped_overrun == 0
    assert fast.counters().dropped_overrun + fast.counters().lost_in_transport > 0
