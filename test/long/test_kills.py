# SPDX-License-Identifier: Apache-2.0
"""Kills at a random time; `make kills` does a hundred."""

from __future__ import annotations

from dataclasses import replace

import pytest
from killing import Trial, carry_out


@pytest.mark.heavy
@pytest.mark.timeout(400)
def test_a_killed_node_goes_on_where_the_camera_stands(ros, tmp_path):
    """Killed while it writes, the state is whole, and the restart goes on with poses that are right."""
    trial = replace(Trial.draw(1, 0), writing=True, lived_s=2.0, again_s=None, saved=True)
    found = carry_out(trial, tmp_path / 'trial')
    assert trial.still and (found.fate, found.wrong, found.left, found.trouble) == ('went on', False, False, '')
    assert found.later[0] < 0.3


@pytest.mark.heavy
@pytest.mark.timeout(400)
def test_a_killed_node_whose_camera_walks_on_tells_no_wrong_pose(ros, tmp_path):
    """Killed twice, it goes on where the camera truly is, or refuses in words and keeps what was saved."""
    trial = replace(Trial.draw(1, 1), lived_s=3.0, dead_s=1.0, again_s=1.5, saved=True)
    found = carry_out(trial, tmp_path / 'trial')
    assert not trial.still and found.fate in ('went on', 'refused') and not found.wrong and found.trouble == ''
    assert found.kept or found.fate == 'went on'
