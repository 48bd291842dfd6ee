# SPDX-License-Identifier: Apache-2.0
"""The tables of a data set: rules and controls, and the papers' systems beside them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from ttt3r_ros.evaluation.dataset_campaign import WHOLE, Plan
from ttt3r_ros.evaluation.dataset_summary import TITLES, Summary
from ttt3r_ros.evaluation.paper import Printed

OF_DEPTH = {'metric': 'metric', 'scale': 'one scale', 'scale_shift': 'scale and shift'}
ALSO = {'frames': 0, 'valid': 0, 'frames_per_s': 1, 'megabytes': 0}  # measured of every clip, and the decimals


def summary_table(plan: Plan, summaries: Sequence[Summary], sequences: int) -> Table:
    """Return a row for each rule and control, a column for each length."""
    published = plan.published
    how = f'protocol {plan.protocol}, {sequences} of {published.expected} sequences' if published else (
        f'{sequences} recordings' + (f', windows of {plan.window} frames every {plan.every}' if plan.window else ''))
    statistic = 'median' if plan.window else 'mean'
    table = Table(title=f'{plan.results or plan.weights} on {plan.dataset}: {how}; {statistic}s', show_lines=True)
    table.add_column('frames', no_wrap=True)
    table.add_column('', no_wrap=True)
    lengths = sorted({s.length for s in summaries}, key=lambda n: (n == WHOLE, n))
    for length in lengths:
        table.add_column('all' if length == WHOLE else str(length), justify='right', no_wrap=True)
    found = {(s.row, s.length, s.measure): s for s in summaries}
    for row in dict.fromkeys(s.row for s in summaries):
        measures = list(dict.fromkeys(s.measure for s in summaries if s.row == row))
        cells = ['\n'.join([_number(found.get((row, n, m)), statistic) for m in measures] + [_counted(found, row, n)])
                 for n in lengths]
        names = [title(m) for m in measures] + ['windows' if plan.window else 'sequences']
        table.add_row(row, '\n'.join(names), *cells)
    return table


def paper_table(summaries: Sequence[Summary], printed: Sequence[Printed]) -> Table:
    """Return ours and the published numbers, a row for each system and source, a column for each length and measure."""
    table = Table(title='beside what is published; empty: not printed there', show_lines=False)
    columns = list(dict.fromkeys((p.length, p.measure) for p in sorted(printed, key=lambda p: p.length)))
    table.add_column('system')
    table.add_column('source')
    for length, measure in columns:
        table.add_column(f'{title(measure)}\n{length} frames', justify='right')
    ours = {(s.row, s.length, s.measure): s for s in summaries}
    for row in dict.fromkeys(s.row for s in summaries):
        cells = [_number(ours.get((row, *column)), 'mean') for column in columns]
        if any(cells):
            table.add_row(row, 'measured here', *cells)
    theirs = {(p.system, p.source, p.length, p.measure): p for p in printed}
    for system, source in dict.fromkeys((p.system, p.source) for p in printed):
        mine = [theirs.get((system, source, *column)) for column in columns]
        online = next(p.online for p in mine if p)
        table.add_row(system + ('' if online is not False else ' (all frames at once)'), source,
                      *('' if p is None else form(p.measure, p.value) for p in mine))
    return table


def title(measure: str) -> str:
    """Return what a table calls a measure."""
    name, _, alignment = measure.partition(' ')
    if alignment:
        return f'{"AbsRel" if name == "abs_rel" else "δ < 1.25"}, {OF_DEPTH[alignment]}'
    return TITLES[name]


def form(measure: str, value: float) -> str:
    """Return a number as a table shows it, in its title's unit."""
    if measure.endswith('of_path'):
        return f'{100 * value:.1f} %'
    if measure in ALSO:
        return f'{value:.{ALSO[measure]}f}'
    return f'{value:.3f}' if measure.startswith(('abs_rel', 'close')) else f'{value:.4f}'


def _number(summary: Summary | None, statistic: str) -> str:
    return '' if summary is None else form(summary.measure, getattr(summary, statistic))


def _counted(found: dict, row: str, length: int) -> str:
    here = [s for (r, n, m), s in found.items() if (r, n) == (row, length) and m not in ALSO]
    return '' if not here else f'{min(s.scored for s in here)} of {here[0].of}'
