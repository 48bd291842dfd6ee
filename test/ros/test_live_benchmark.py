# SPDX-License-Identifier: Apache-2.0
"""The live benchmark: what it tells of a camera before a node is what went over DDS."""

import json
import subprocess
import sys

import pytest


@pytest.mark.heavy
@pytest.mark.parametrize('extra', [[], ['--jpeg', '--busy', '1']], ids=['raw', 'jpeg, busy'])
def test_a_slow_camera_is_answered_and_timed(extra):
    """A camera slow enough for any machine: most images are answered, older than 0 and younger than the next one is."""
    run = subprocess.run([sys.executable, '-m', 'ttt3r_ros.benchmark.live', '--size', '160x120', '--rates', '2',
                          '--seconds', '5', *extra], check=True, capture_output=True, text=True, timeout=240)
    about, measured = (json.loads(line) for line in run.stdout.splitlines())
    assert about['size'] == '160x120' and about['jpeg'] == ('--jpeg' in extra)
    assert 9 <= 5 * measured['sent_per_s'] <= 11
    assert measured['answered'] > 0.5 and 0 < measured['p50_ms'] <= measured['p99_ms'] < 1500
    assert measured['node_cpu'] > 0
