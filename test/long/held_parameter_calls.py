# SPDX-License-Identifier: Apache-2.0
"""How long parameter calls take while the network has a step in hand."""

from __future__ import annotations

import os
import time
from pathlib import Path

import held_step
from harness import NodeProcess, Robot

CALLS = 200
SECOND = 1_000_000_000


def parameter_calls(folder: Path) -> list[float]:
    """Return milliseconds of CALLS calls, setting and reading in turn, all within one step of the network."""
    go = folder / 'step_may_end'
    go.unlink(missing_ok=True)
    os.environ['HELD_STEP'] = str(go)
    node = NodeProcess(folder / 'held.log', name='held', script=Path(held_step.__file__))
    robot = Robot(target='held')
    try:
        robot.wait_until_watched()
        robot.get('points.stride')
        robot.set('points.stride', 1)
        robot.show(SECOND)
        robot.wait_for('the image', lambda: robot.diagnostic('input').get('received') == '1')
        taken = []
        for i in range(CALLS):
            began = time.monotonic()
            if i % 2:
                robot.get('points.stride')
            elif not robot.set('points.stride', 1 + i % 4).successful:
                raise AssertionError(f'the parameter was not set: {node.log()}')
            taken.append(1e3 * (time.monotonic() - began))
        if robot.heard['status']:
            raise AssertionError('the step has ended')
        return taken
    finally:
        go.touch()
        robot.close()
        node.stop()
