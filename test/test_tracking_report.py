# SPDX-License-Identifier: Apache-2.0
"""What the log is told of the tracking state."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')
from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState  # noqa: E402
from ttt3r_ros.ros import tracking_report  # noqa: E402
from ttt3r_ros.ros.diagnostics import Health  # noqa: E402
from ttt3r_ros.ros.tracking_report import CALM_S, MOST, TrackingReport  # noqa: E402

STATES = {'o': (TrackingState.OK, '', True), 'L': (TrackingState.LOST, 'black', False),
          'i': (TrackingState.INITIALISING, 'the path begins', True), '.': (TrackingState.INITIALISING, 'black', False),
          'd': (TrackingState.DEGRADED, 'frozen', True)}


@pytest.fixture
def told(monkeypatch):
    """Return a function that shows states, ten a second and one letter each, and returns the log's new lines."""
    lines, clock = [], [0.0]
    log = SimpleNamespace(**{level: lambda text, level=level: lines.append(f'{level}: {text}')
                             for level in ('info', 'warning', 'error')})
    monkeypatch.setattr(tracking_report.time, 'monotonic', lambda: clock[0])
    report = TrackingReport(log, Health(), 'nobody judges')

    def show(states: str) -> list[str]:
        before = len(lines)
        for letter in states:
            state, reason, trusted = STATES[letter]
            clock[0] += 0.1
            report.tell(SimpleNamespace(tracking=Tracking(state, reason, 0, trusted), segment=3), 0, 'stop')
        return lines[before:]
    return show


def test_each_change_is_one_line(told):
    """What begins, is well, in doubt or lost is said once, at its level."""
    assert told('..iiiooooddoLLLLiooo'[:14]) == [
        'warning: the path has not begun: black', 'info: segment 3 begins: the path begins', 'info: tracking ok',
        'warning: tracking degraded: frozen', 'info: tracking ok', 'error: tracking lost, no pose is told: black']


@pytest.mark.parametrize('flicker', ['Li', 'do', 'LLiio'])
def test_a_flicker_does_not_flood_the_log(told, flicker):
    """Changes with every image are a few lines in each CALM_S, and the last of them is the truth."""
    frames = 600
    lines = told((flicker * frames)[:frames])
    assert MOST < len(lines) <= MOST * (frames / 10 / CALM_S + 1)
    assert any('changed' in line and 'since the last line' in line for line in lines)
    assert told('o' * int(10 * CALM_S) * 2)[-1].startswith('info: tracking ok')
    assert told('o' * 300) == []
    assert told('L') == ['error: tracking lost, no pose is told: black']
