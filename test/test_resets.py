# SPDX-License-Identifier: Apache-2.0
"""The measurement of reset policies itself: what is walked, counted and shown."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from ttt3r_ros.cli.main import main
from ttt3r_ros.evaluation import resets
from ttt3r_ros.evaluation.reset_curve import draw
from ttt3r_ros.evaluation.resets import KINDS, Plan, Setting, Way, summaries
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.reconstruction.reset_policy import UNLIKE, Adaptive, Interval, Never


def made_up(room: int, setting: Setting, off: float, came: bool = True) -> Way:
    """Return a way; under the adaptive policy a reset came of every kind, or of none."""
    return Way(room, setting, off, 2, dict.fromkeys(KINDS, came) if setting.unlike else {})


def test_a_setting_is_the_policy_that_its_name_says():
    """Never, an interval of so many frames, or the adaptive policy at that likeness."""
    never, interval, adaptive = (setting.policy() for setting in (Setting(), Setting(12), Setting(unlike=0.9)))
    assert isinstance(never, Never) and isinstance(interval, Interval) and isinstance(adaptive, Adaptive)
    assert (interval.frames, adaptive.unlike) == (12, 0.9)
    assert [str(Setting()), str(Setting(12)), str(Setting(unlike=0.9))] == ['never', 'every 12 frames', 'likeness 0.9']


def test_ways_are_summed_up_by_setting(tmp_path):
    """Mean, its deviation and the median of the error; in how many rooms a reset came. Each setting has a row."""
    settings = Setting(), Setting(16), Setting(unlike=0.9), Setting(unlike=UNLIKE)
    found = [made_up(room, setting, off, came=room > 1) for room, off in enumerate((0.1, 0.2, 0.6))
             for setting in settings]
    told = summaries(found)
    assert [one.setting for one in told] == list(settings) and {one.rooms for one in told} == {3}
    np.testing.assert_allclose((told[0].mean, told[0].median, told[0].resets), (0.3, 0.2, 2))
    np.testing.assert_allclose(told[0].deviation, np.std([0.1, 0.2, 0.6]) / np.sqrt(3))
    assert told[1].came == {} and told[2].came == dict.fromkeys(KINDS, 1)
    assert resets.results_table('x', found).row_count == 4
    draw(tmp_path / 'curve.png', found, 60)
    assert (tmp_path / 'curve.png').stat().st_size > 10_000
    assert UNLIKE in resets.THRESHOLDS


@pytest.mark.slow
def test_a_room_is_walked_through_under_each_setting(tmp_path):
    """An interval resets so often, another room makes the adaptive policy reset; what is not a whole film's way, such
    as what came in its middle, leaves no trace in the path."""
    plan = Plan('embedded', 'se3', frames=32, intervals=(16,), thresholds=(0.1, UNLIKE))
    found = list(resets.ways(290_002, load_network('embedded'), plan))
    never, interval, strict, lax = found
    assert [way.setting for way in found] == [Setting(), Setting(16), Setting(unlike=UNLIKE), Setting(unlike=0.1)]
    assert (never.resets, interval.resets) == (0, 2) and 0 < interval.off < 1
    assert strict.came['another room'] and set(lax.came) == set(KINDS)
    # Nothing came and nobody reset: the path is that of no policy at all.
    assert lax.resets == 0 and not lax.came['nothing'] and lax.off == never.off
    resets.save(tmp_path / 'resets.json', plan, found)
    read = json.loads((tmp_path / 'resets.json').read_text())
    assert len(read['ways']) == 4 and read['plan']['weights'] == 'embedded'


def test_too_few_frames_are_refused_in_one_line(monkeypatch, capsys):
    """Something happens after 14 frames at the earliest, and is shown for 8."""
    monkeypatch.setattr(sys, 'argv', ['ttt3r'])
    with pytest.raises(SystemExit) as end:
        main(['resets', '--frames', '10'])
    assert end.value.code == 2 and 'at least 30' in capsys.readouterr().err.splitlines()[-1]
