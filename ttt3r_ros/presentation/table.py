# SPDX-License-Identifier: Apache-2.0
"""The table at a run's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from ttt3r_ros.evaluation.verdict import DOUBTFUL, GOOD, LOST, Verdict

if TYPE_CHECKING:
    from ttt3r_ros.demo.report import Results

VERDICT_COLOURS = {GOOD: 'green', DOUBTFUL: 'yellow', LOST: 'red'}
UNTRAINED = ('UNTRAINED WEIGHTS: the network is random. Poses, points and errors mean NOTHING;\n'
             'only the path from topic to topic is real. WEIGHTS=<checkpoint> takes trained ones (README).')


def untrained_panel() -> Panel:
    """Return the warning that nobody overlooks."""
    return Panel(UNTRAINED, style='bold black on yellow', expand=False, padding=(1, 3))


def verdict_rows(table: Table, verdict: Verdict) -> None:
    """Add what a path is worth to a table of two columns."""
    table.add_row('verdict on the path', f'[bold {VERDICT_COLOURS[verdict.word]}]{verdict.word.upper()}[/]: '
                                         f'{escape(verdict.sentence)}')
    if verdict.familiarity.unknown:
        table.add_row('', f'[dim]not known: {escape(", ".join(verdict.familiarity.unknown))}[/]')


def results_table(results: Results) -> Table:
    """Return the results as a table of two columns."""
    run, table = results.run, Table(show_header=False, title=escape(f'TTT3R on {results.run.source}'),
                                    title_style='bold', min_width=78)
    table.add_column(style='cyan', no_wrap=True)
    table.add_column()
    table.add_row('weights', escape(run.weights) if results.trained else
                  '[bold black on yellow] UNTRAINED: the poses mean nothing [/]')
    table.add_row('mode', f'{"lossless" if run.lossless else "live"}, {run.rate:.3g} images a second, '
                          f'update rule {results.update_rule}')
    if run.limits:
        table.add_row('', f'[yellow]{escape(run.limits)}[/]')
    verdict_rows(table, results.verdict)
    table.add_section()
    table.add_row('frames in', str(results.frames_in))
    table.add_row('frames out', f'{results.frames_out}, and {results.withheld_lost} without a pose')
    table.add_row('dropped', ', '.join(f'{count} {cause}' for cause, count in results.dropped.items()))
    table.add_row('lost in transport', str(results.lost_in_transport))
    table.add_section()
    table.add_row('latency p50 / p95', f'{results.latency_ms.p50:.1f} / {results.latency_ms.p95:.1f} ms')
    table.add_row('inference p50 / p95', f'{results.inference_ms.p50:.1f} / {results.inference_ms.p95:.1f} ms')
    table.add_row('node start', f'{run.node_start_s:.1f} s')
    table.add_section()
    table.add_row('path as estimated', f'{results.path_length:.2f} m, segments: {results.segments}')
    if (error := results.accuracy) is not None:
        note = '' if results.trained else '  [yellow](untrained: means nothing)[/]'
        table.add_row('path in truth', f'{error.path_length:.2f} m, {error.poses} poses with truth')
        table.add_row('ATE rmse', f'{error.ate_sim3:.3f} m after Sim(3), {error.ate_se3:.3f} m after SE(3){note}')
        table.add_row('RPE rmse per frame', f'{error.rpe_translation:.4f} m, {error.rpe_rotation_deg:.2f}°{note}')
    else:
        table.add_row('trajectory error', 'no truth is known')
    table.add_row('cloud', f'{results.cloud_points:,} points')
    table.add_section()
    table.add_row('', '[dim]of stamps and frames:[/]')
    for check in results.checks:
        table.add_row('[green]✓[/]' if check.passed else '[bold red]✗[/]',
                      f'{check.name}: [dim]{check.detail}[/]' if check.passed else
                      f'[bold red]{check.name}: {check.detail}[/]')
    return table
