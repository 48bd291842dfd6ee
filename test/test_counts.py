# SPDX-License-Identifier: Apache-2.0
"""Numbers that make no sense are refused by the command line in a line, before any work."""

from __future__ import annotations

import pytest

from ttt3r_ros.cli.main import main


@pytest.mark.parametrize(('line', 'told'), [
    ('mishaps --worlds 0', 'argument --worlds: 0 is too few: take at least 1'),
    ('restarts --worlds -3', 'argument --worlds: -3 is too few'), ('resets --frames 5', 'take at least 30'),
    ('resets --worlds 0', 'take at least 1'), ('evaluate --worlds 0', 'take at least 1'),
    ('evaluate --frames -5', '--frames: -5 is too few: take at least 2'), ('calibrate --jobs 0', 'take at least 1'),
    ('batch a.mcap --split -1', 'take at least 0'), ('evaluate --worlds two', "invalid whole number value: 'two'")])
def test_too_few_is_one_line(line, told, capsys):
    """The option, the number and the least are named; the status is that of bad usage."""
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2 and told in capsys.readouterr().err
