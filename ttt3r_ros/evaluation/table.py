# SPDX-License-Identifier: Apache-2.0
"""The table at an evaluation's end: never an ATE without its RPE."""

from __future__ import annotations

from rich.table import Table

from ttt3r_ros.evaluation.campaign import Plan, Summary, lengths


def summary_table(plan: Plan, summaries: list[Summary]) -> Table:
    """Return a row for each setting, a column for each length; mean ± deviation over the worlds that count, the gate's
    over its tokens."""
    found = {(s.setting, s.frames, s.measure): s for s in summaries}
    kind = 'wide synthetic worlds' if plan.wide else 'synthetic worlds'
    table = Table(title=f'{plan.weights}: {plan.worlds} {kind}', show_lines=True)
    table.add_column('rule')
    table.add_column('')
    for length in lengths(plan.frames):
        table.add_column(f'{length} frames', justify='right', no_wrap=True)
    names = ('ATE, SE(3)', 'median of path', 'ATE, Sim(3)', 'RPE', '', 'depth AbsRel', 'near edges', 'δ < 1.25', 'gate',
             'worlds')
    for setting in map(str, plan.settings):
        columns = [_cell(found, setting, length) for length in lengths(plan.frames)]
        table.add_row(setting, '\n'.join(names), *columns)
    return table


def _cell(found: dict[tuple[str, int, str], Summary], setting: str, length: int) -> str:
    if (setting, length, 'ate_se3') not in found:
        return 'no answer'
    rigid, similar, step, turn, depth, close, gate, spread = (found[setting, length, measure] for measure in (
        'ate_se3', 'ate_sim3', 'rpe_translation', 'rpe_rotation_deg', 'abs_rel', 'close', 'gate',
        'gate_spread'))
    return '\n'.join((f'{rigid.mean:.3f} ± {rigid.deviation:.3f} m', f'{100 * rigid.relative_median:.1f} %',
                      f'{similar.mean:.3f} ± {similar.deviation:.3f} m',
                      f'{step.mean:.4f} ± {step.deviation:.4f} m', f'{turn.mean:.2f} ± {turn.deviation:.2f}°',
                      f'{depth.mean:.3f} ± {depth.deviation:.3f}', _edges(found, setting, length),
                      f'{close.mean:.3f} ± {close.deviation:.3f}',
                      f'{gate.mean:.2f} ± {spread.mean:.2f}', str(rigid.valid)))


def _edges(found: dict[tuple[str, int, str], Summary], setting: str, length: int) -> str:
    edges = found.get((setting, length, 'abs_rel_edges'))
    return '–' if edges is None else f'{edges.mean:.3f} ± {edges.deviation:.3f}'
