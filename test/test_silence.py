# SPDX-License-Identifier: Apache-2.0
"""For how long nothing has come, where the thread that listens is held up, too."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy')
from ttt3r_ros.ros.silence import Silence  # noqa: E402


def turns(*times: float) -> list[tuple[float, float]]:
    """Return what each turn at these times finds, as last heard at 0."""
    now = [0.0]
    silence, found = Silence(lambda: now[0]), []
    for now[0] in times:
        found.append((silence.turn(), silence.sure))
    return found


def test_silence_grows_with_each_turn():
    """From what came last; surely only what the turn before found."""
    assert turns(0.5, 1.5, 2.5) == [(0.5, 0.0), (1.5, 0.5), (2.5, 1.5)]


def test_what_a_thread_slept_through_is_no_silence():
    """A first turn that is late finds nothing: what has come meanwhile waits."""
    assert turns(6.0, 6.25, 7.25) == [(0.0, 0.0), (0.25, 0.0), (1.25, 0.25)]


def test_a_thread_that_is_always_late_finds_silence_too():
    """More slowly: of each turn counts no more than one in time may have."""
    assert [found for found, _ in turns(2.0, 4.0, 6.0, 8.0)] == [0.0, 1.5, 3.0, 4.5]


def test_it_begins_anew_with_what_comes():
    """Then the next turn counts from there."""
    now = [0.0]
    silence = Silence(lambda: now[0])
    for now[0] in (1.0, 2.0):
        silence.turn()
    silence.begin()
    now[0] = 2.75
    assert silence.turn() == 0.75 and silence.sure == 0.0
