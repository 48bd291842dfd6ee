# SPDX-License-Identifier: Apache-2.0
"""tools/apt_ros_check.sh as far as it goes where there is no apt ROS: what it says, and its exit status."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / 'tools' / 'apt_ros_check.sh'


@pytest.fixture
def check(tmp_path):
    """Return a function that runs parts of the script with a ROS that has no packages, and commands of our own."""
    (tmp_path / 'setup.bash').write_text('export ROS_DISTRO=jazzy\n')

    def run(*parts: str, **commands: str) -> subprocess.CompletedProcess:
        for name, body in {'ros2': 'exit 1', **commands}.items():
            (tmp_path / name).write_text(f'#!/bin/bash\n{body}\n')
            (tmp_path / name).chmod(0o755)
        return subprocess.run(['bash', SCRIPT, *parts], capture_output=True, text=True, timeout=60, env={
            **os.environ, 'ROS_ROOT': str(tmp_path), 'PATH': f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    return run


def test_without_a_ros_it_says_what_to_install(tmp_path):
    """No ROS where it is looked for: status 2 and the remedy."""
    told = subprocess.run(['bash', SCRIPT], capture_output=True, text=True, env={**os.environ,
                                                                               'ROS_ROOT': str(tmp_path / 'none')})
    assert told.returncode == 2 and 'sudo apt install' in told.stderr


def test_its_table_tells_what_held_what_failed_and_what_is_not_there(check):
    """Parts are ok, FAILED with their last lines, or skipped with the package that is missing; a failure counts."""
    told = check('setup', 'suite', 'ekf', make='[ "$1" = setup ] || { echo the suite is red; exit 3; }')
    rows = {line.split()[0]: line for line in told.stdout.splitlines() if line}
    assert told.returncode == 1
    assert rows['setup'].split()[1] == 'ok'
    assert rows['suite'].split()[1] == 'FAILED' and 'status 3' in rows['suite'] and 'the suite is red' in told.stderr
    assert rows['ekf'].split()[1] == 'skipped' and 'robot-localization' in rows['ekf']
    assert 'ROS jazzy' in told.stdout
    assert check('setup', make='exit 0').returncode == 0
