# SPDX-License-Identifier: Apache-2.0
"""Recordings that a form cannot hold: the others are written, and it is told which is not, and why."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from ttt3r_ros.cli.main import main
from ttt3r_ros.fleet.job import Job, done_before
from ttt3r_ros.synthetic import World


@pytest.fixture(scope='module')
def of_2065(tmp_path_factory) -> Path:
    """A data set in TUM's form whose clock is past what a ROS message can say."""
    folder = tmp_path_factory.mktemp('late') / 'walk'
    (folder / 'rgb').mkdir(parents=True)
    lines = []
    for number, (image, _) in enumerate(World(3, 4, (96, 128)).film()):
        name = f'rgb/{3_000_000_000 + number / 10:.6f}.png'
        cv2.imwrite(str(folder / name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        lines.append(f'{name[4:-4]} {name}\n')
    (folder / 'rgb.txt').write_text(''.join(lines))
    return folder


def test_a_form_that_cannot_hold_the_stamps_costs_the_others_nothing(of_2065, tmp_path, capsys):
    """The cloud after it is there, nothing of a bag is, and status, results and a batch's table say so."""
    out = tmp_path / 'run'
    with pytest.raises(SystemExit) as ended:
        main(['run', str(of_2065), '--out', str(out), '--export', 'tum,mcap,ply'])
    said = ' '.join(capsys.readouterr().out.split())
    assert ended.value.code == 1 and 'mcap' in said and 'not written: the stamp 3000000000000000000 ns' in said
    assert 'correct the stamps' in said
    assert sorted(file.name for file in out.iterdir()) == ['cloud.ply', 'frames.jsonl', 'results.json',
                                                           'trajectory_tum.txt']
    outcome = done_before(Job(str(of_2065), str(out)))
    assert outcome.verdict == 'failed' and outcome.error.startswith('no mcap: the stamp') and outcome.frames == 4
