# SPDX-License-Identifier: Apache-2.0
"""Work on many worlds: processes that end with who began them, and arguments that go together."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
from processes import assert_they_end, workers_of

from ttt3r_ros.cli.main import main


def test_worlds_end_where_who_asked_for_them_is_killed():
    """A worker that waits for work ends within seconds of a kill -9 of its parent."""
    asks = ('import time; from ttt3r_ros.evaluation import worlds\n'
            "if __name__ == '__main__': worlds.each(time.sleep, [0, 600], 1, lambda seed: print('begun', flush=True))")
    with subprocess.Popen([sys.executable, '-c', asks], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == 'begun\n'
        workers = workers_of(process.pid)
        process.send_signal(signal.SIGKILL)
    assert workers
    assert_they_end(workers)


@pytest.mark.parametrize('given, named', [
    (('--clouds', '--odometry'), '--clouds and --odometry'),
    (('--odometry', '--costmap'), '--odometry and --costmap'),
    (('--costmap', '--dataset', '.'), '--costmap .*--dataset'),
    (('--odometry', '--dataset', '.'), '--odometry .*--dataset')])
def test_one_thing_is_measured_at_a_time(given, named, tmp_path, capsys):
    """What would be measured in silence instead of something else is refused by its name."""
    with pytest.raises(SystemExit) as ended:
        main(['evaluate', *given, '--out', str(tmp_path)])
    assert ended.value.code == 2
    assert re.search(named, capsys.readouterr().err)


@pytest.mark.parametrize('given, named', [
    (('--costmap', '--precision', 'bfloat16'), '--precision has no effect with --costmap'),
    (('--clouds', '--wide'), '--wide has no effect with --clouds'),
    (('--odometry', '--size', '176x99'), '--size has no effect with --odometry'),
    (('--odometry', '--no-reset'), '--no-reset has no effect with --odometry'),
    (('--dataset', '.', '--wide'), '--wide has no effect with --dataset'),
    (('--no-reset', '--keyframes', '5'), '--keyframes has no effect with --no-reset')])
def test_what_would_have_no_effect_is_refused(given, named, tmp_path, capsys):
    """A number would be taken for one of a precision, of worlds or of loops that it is not of."""
    with pytest.raises(SystemExit) as ended:
        main(['evaluate', *given, '--weights', str(tmp_path / 'none'), '--out', str(tmp_path)])
    assert ended.value.code == 2
    assert named in capsys.readouterr().err
