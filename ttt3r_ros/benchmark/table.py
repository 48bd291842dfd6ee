# SPDX-License-Identifier: Apache-2.0
"""The table at a benchmark's end."""

from __future__ import annotations

import numpy as np
from rich.table import Table

from ttt3r_ros.benchmark.campaign import Results


def results_table(results: Results) -> Table:
    """Return a row for each case: time, ratio to the published way, work, shares of the machine's own speed, memory."""
    machine = results.machine
    table = Table(title=f'{results.network}; {machine["cpu"]}, {machine["threads"]} threads, {machine["device"]}; '
                        f'{results.plan.frames} rounds', show_lines=False)
    table.add_column('case', no_wrap=True)
    for column in ('ms best / p50 / p95', '× published (middle half)', '× its CPU time', 'GFLOP', 'GFLOP/s',
                   'of product', 'weights, MB', 'of copy', 'peak, MB'):
        table.add_column(column, justify='right', no_wrap=True)
    for case in results.cases:
        low, high = case.speedup_quartiles
        table.add_row(case.name, f'{case.frame_ms.best:,.1f} / {case.frame_ms.median:,.1f} / {case.frame_ms.p95:,.1f}',
                      f'{case.speedup:.2f} ({low:.2f} to {high:.2f})', f'{case.speedup_cpu:.2f}', f'{case.gflop:,.1f}',
                      f'{case.gflop_per_s:,.0f}', f'{100 * case.product_share:.0f} %', f'{1e3 * case.weight_gb:,.0f}',
                      f'{100 * case.copy_share:.0f} %', '–' if case.peak_mb is None else f'{case.peak_mb:,.0f}')
    return table


def deviation_table(results: Results) -> Table:
    """Return a row for each lower precision: how far its answers are from float32's, over the recurrence."""
    table = Table(title=f'off float32 over {results.plan.deviation_frames} frames, {results.plan.rules[0]}')
    for column in ('precision', 'position', 'rotation', 'points'):
        table.add_column(column, justify='right' if column != 'precision' else 'left', no_wrap=True)
    for precision, deviation in results.deviations.items():
        table.add_row(precision, *(f'{np.median(values) * scale:.2g} {unit}, at most {max(values) * scale:.2g} {unit}'
                                   for values, scale, unit in ((deviation.position, 100, '%'),
                                                               (deviation.rotation_deg, 1, '°'),
                                                               (deviation.points, 100, '%'))))
    return table
