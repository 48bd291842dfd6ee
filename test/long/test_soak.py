# SPDX-License-Identifier: Apache-2.0
"""A long run in short: every kind of phase once, every image in a count, two restarts after kill -9."""

from __future__ import annotations

import pytest
from disturbances import PHASES
from report import LAST, LOST
from soak import soak

IMAGE = 120, 160


@pytest.mark.heavy
@pytest.mark.timeout(400)
def test_every_image_is_counted_and_every_call_has_its_reply(ros, tmp_path):
    """Of a node that is reset, asked, listened to and killed; a parameter call does not wait for a step."""
    report = soak(tmp_path, minutes=0.1, seconds=1.0, size=IMAGE, least=1)
    *once, last = report.phases
    assert [phase.name for phase in once] == list(PHASES) and last.round == LAST
    assert report.unaccounted == [0]
    for phase in report.phases:
        assert not phase.wrong and not phase.failures and not phase.unanswered, phase
    assert sum(phase.counts['answered'] for phase in report.phases) > 50
    assert sum(phase.sent - phase.counts[LOST] for phase in report.phases) > 150
    assert report.killed >= 2 and not any('wrong' in o for told in report.restarts.values() for o in told.outcomes)
    assert len(report.call_ms) == 200
    assert 'quiet' in (tmp_path / 'table.txt').read_text() and (tmp_path / 'samples.csv').stat().st_size
