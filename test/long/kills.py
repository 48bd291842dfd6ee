# SPDX-License-Identifier: Apache-2.0
"""A node that saves each second, killed at random times: does each restart go on where the camera is, or refuse?

    make kills [COUNT=100] [SEED=1] [OUT=out/kills]

Half of the cameras stand still across the kill, half walk on. A run goes on where the last one stopped: each outcome is
a line of OUT/outcomes.jsonl, and a trial that has one is left out; table.txt is written after each.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import rclpy
from killing import LATER_S, Outcome, Trial, carry_out
from rich.table import Table

from ttt3r_ros.cli.tables import open_console, write_table
from ttt3r_ros.evaluation.restarts import RIGHT_DEG, RIGHT_M

WIDTH = 160
LEAST_GO_ON = 0.9  # of those that stood still and had something saved
FATES = ('went on', 'refused', 'nothing saved', 'silent', 'damaged')


def results_table(outcomes: Sequence[Outcome]) -> Table:
    """Return a row for the cameras that stood, for those that walked, for kills in the middle of a write, and all."""
    table = Table(title=f'{len(outcomes)} restarts after kill -9; wrong: off by more than {RIGHT_M:g} m or '
                  f'{RIGHT_DEG:g}°')
    for name in ('the camera', *FATES, 'wrong', 'a pose after', 'off at the first ok', f'off {LATER_S:g} s later'):
        table.add_column(name, justify='left' if name == 'the camera' else 'right')
    for name, mine in (('stood still', [one for one in outcomes if one.still]),
                       ('walked on', [one for one in outcomes if not one.still]),
                       ('killed within a write', [one for one in outcomes if one.cut]),
                       ('killed again at the start', [one for one in outcomes if one.again]),
                       ('all', outcomes)):
        waited = [one.seconds for one in mine if np.isfinite(one.seconds)]
        table.add_row(name, *(str(sum(one.fate == fate for one in mine)) for fate in FATES),
                      str(sum(one.wrong for one in mine)), f'{np.median(waited):.1f} s' if waited else '',
                      _spread([one.ok for one in mine]), _spread([one.later for one in mine]))
    return table


def _spread(errors: Sequence[tuple[float, float] | None]) -> str:
    """Return median and worst, metres and degrees."""
    found = np.array([error for error in errors if error is not None])
    if not len(found):
        return ''
    (metres, degrees), (most_m, most_deg) = np.median(found, axis=0), found.max(axis=0)
    return f'{metres:.2f} m {degrees:.1f}°, worst {most_m:.2f} m {most_deg:.1f}°'


def missed(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what is not as it must be, one line each."""
    told = [f'trial {one.number}: {why}' for one in outcomes for why, so in (
        ('a wrong pose', one.wrong), (one.fate, one.fate in ('silent', 'damaged')), (one.trouble, one.trouble),
        ('a half written state is left', one.left),
        ('the refused state is gone', one.fate == 'refused' and not one.kept)) if so]
    stood = [one.fate == 'went on' for one in outcomes if one.still and one.fate != 'nothing saved']
    if stood and sum(stood) < LEAST_GO_ON * len(stood):
        told.append(f'{sum(stood)} of {len(stood)} went on where the camera stood still, of {LEAST_GO_ON:.0%} at least')
    return told


def main() -> int:
    """Carry out the trials that have no outcome yet; return 1 if something is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--count', type=int, default=100)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--out', type=Path, default=Path('out/kills'))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = options.out / 'outcomes.jsonl'
    known = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    outcomes = {one['number']: Outcome(**one) for one in known}
    console = open_console(WIDTH)
    rclpy.init()
    for number in range(options.count):
        if number in outcomes:
            continue
        folder = options.out / f'trial{number}'
        shutil.rmtree(folder, ignore_errors=True)
        one = outcomes[number] = carry_out(Trial.draw(options.seed, number), folder)
        console.log(f'{number}: {"stood still" if one.still else "walked on"}, {one.fate}', 'WRONG' * one.wrong,
                    one.trouble)
        with lines.open('a') as file:
            file.write(json.dumps(asdict(one)) + '\n')
        write_table(options.out, results_table([outcomes[n] for n in sorted(outcomes)]), width=WIDTH)
    rclpy.shutdown()
    found = [outcomes[number] for number in range(options.count)]
    console.log(results_table(found))
    for line in missed(found):
        console.log(line)
    return bool(missed(found))


if __name__ == '__main__':
    sys.exit(main())
