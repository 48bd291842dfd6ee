# SPDX-License-Identifier: Apache-2.0
"""A batch at its end, on the terminal and in table.txt."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape
from rich.table import Table

from ttt3r_ros.evaluation.verdict import GOOD
from ttt3r_ros.fleet.job import Outcome
from ttt3r_ros.presentation.table import VERDICT_COLOURS

SHOWN = 40  # sources on a terminal; table.txt has all


def outcomes_table(outcomes: list[Outcome], out: Path, most: int | None = None) -> Table:
    """Return a line for each source, of more than `most` only those that are not well, and what they come to."""
    shown = outcomes if most is None or len(outcomes) <= most else [
        outcome for outcome in outcomes if outcome.verdict != GOOD][:most]
    table = Table(title=escape(f'TTT3R on {len(outcomes)} sources, {out}'), title_style='bold', show_footer=True)
    frames, lost = sum(o.frames for o in outcomes), sum(o.lost for o in outcomes)
    bad = sum(bool(o.error) for o in outcomes)
    left_out = len(outcomes) - len(shown)
    table.add_column('run', f'{left_out} more in table.txt' if left_out else '', overflow='fold')
    table.add_column('frames', str(frames), justify='right')
    table.add_column('not tracked', str(lost), justify='right')
    table.add_column('s', f'{sum(o.seconds for o in outcomes):.1f}', justify='right')
    table.add_column('path, m', f'{sum(o.path_m for o in outcomes):.1f}', justify='right')
    table.add_column('verdict', f'{bad} failed' if bad else 'none failed', overflow='fold')
    for outcome in shown:
        name = escape(Path(outcome.folder).name)
        if outcome.error:
            table.add_row(name, '', '', '', '', f'[red]failed[/]: {escape(outcome.error)}')
        else:
            verdict = f'[{VERDICT_COLOURS[outcome.verdict]}]{outcome.verdict}[/]'
            if outcome.why:
                verdict += f': {escape("; ".join(outcome.why))}'
            table.add_row(name, str(outcome.frames), str(outcome.lost), f'{outcome.seconds:.1f}',
                          f'{outcome.path_m:.2f}', verdict + (' (done before)' if outcome.before else ''))
    return table
