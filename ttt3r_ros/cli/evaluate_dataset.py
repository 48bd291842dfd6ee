# SPDX-License-Identifier: Apache-2.0
"""`ttt3r evaluate --dataset`: a checkpoint, or anybody's results, on real recordings."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from ttt3r_ros.cli.counts import at_least
from ttt3r_ros.cli.tables import open_console, show, write_table

if TYPE_CHECKING:
    from ttt3r_ros.evaluation.trial import Setting

WIDTH = 200  # characters, where there is no terminal
PAPER = 'paper'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what a data set takes beside the rest."""
    of = parser.add_argument_group('data sets')
    of.add_argument('--dataset', metavar='PATH', help='measure on the recordings at or below a folder instead, each '
                    'found by its layout; stopped and started again it goes on')
    of.add_argument('--protocol', default='', metavar='NAME', help='as published, such as tum-long; another name tells '
                    'all (default: all frames, nothing dropped silently, beside controls that see nothing)')
    of.add_argument('--against', choices=(PAPER,), help="print the papers' numbers of the protocol beside ours")
    of.add_argument('--results', metavar='FOLDER', help="score anybody's results instead of weights: for each "
                    'recording NAME.tum, .kitti, or .npz with poses (n, 4, 4) and depth (n, h, w)')
    of.add_argument('--window', type=at_least(0), default=0, metavar='FRAMES',
                    help='without a protocol: measure windows of so many frames, each from its own start')
    of.add_argument('--every', type=at_least(1), metavar='FRAMES', help='frames from one window to the next (default: '
                    '--window)')


INSTEAD = ('clouds', 'odometry', 'costmap')  # what `ttt3r evaluate` measures where it is asked to, one at a time


REST = ('no_reset', 'keyframes', 'size', 'precision', 'address')
# What has no effect where one of these is asked for.
LEFT_OUT = {'clouds': (*REST, 'wide'), 'costmap': (*REST, 'wide'), 'odometry': REST, 'dataset': ('size', 'wide'),
            'no_reset': ('keyframes', 'reset_interval')}


class ArgumentsError(ValueError):
    """Arguments that do not go together; the text says which, and the remedy."""


def require_sense(args: argparse.Namespace, defaults: argparse.Namespace) -> None:
    """Raise ArgumentsError for what asks for nothing that can be measured, or would have no effect; defaults: the
    arguments of who gives none."""
    for name in ('protocol', 'against', 'results', 'window', 'every'):
        if getattr(args, name) and not args.dataset:
            raise ArgumentsError(f'--{name} is about a data set; give its folder with --dataset')
    if args.window and args.protocol or args.every and not args.window:
        raise ArgumentsError('--every goes with --window, and that without --protocol; leave one out')
    if args.against and not args.protocol:
        raise ArgumentsError('what is published goes with a protocol; name it with --protocol')
    instead = [f'--{name}' for name in INSTEAD if getattr(args, name)]
    if len(instead) > 1:
        raise ArgumentsError(f'{" and ".join(instead)} each measure something else; run one after the other')
    if instead and args.dataset:
        raise ArgumentsError(f'{instead[0]} is measured on synthetic worlds; leave --dataset out')
    if args.window < 0 or args.every is not None and args.every < 1 or 0 < args.window < 3:
        raise ArgumentsError('--window needs 3 frames or more, --every 1 or more')
    for asked, options in LEFT_OUT.items():
        for name in options if getattr(args, asked) else ():
            if getattr(args, name) != getattr(defaults, name):
                name, asked = (text.replace('_', '-') for text in (name, asked))
                raise ArgumentsError(f'--{name} has no effect with --{asked}; leave one of the two out')


def run(args: argparse.Namespace, settings: list[Setting]) -> int:
    """Carry the command out. Raises our own errors before anything is measured, where it can be known."""
    from rich.progress import Progress

    from ttt3r_ros.evaluation import dataset_campaign as campaign
    from ttt3r_ros.evaluation.dataset_picture import draw
    from ttt3r_ros.evaluation.dataset_summary import failures, summarise
    from ttt3r_ros.evaluation.dataset_table import paper_table, summary_table
    from ttt3r_ros.evaluation.paper import printed
    from ttt3r_ros.export.output_folder import replacing

    plan = campaign.Plan(args.dataset, args.protocol, args.weights, tuple(settings), args.results or '',
                         args.frames or 0, args.window, args.every or args.window, args.device, args.precision,
                         args.jobs, str(args.out.absolute()), args.address)
    sequences = len(plan.roots())
    console = open_console(WIDTH)
    with Progress(console=console) as progress:
        task = progress.add_task('recordings', total=sequences * len(plan.rows))
        units = campaign.carry_out(plan, lambda index: progress.advance(task))
    summaries = summarise(plan, units)
    beside = printed(args.protocol) if args.against else []
    tables = [summary_table(plan, summaries, sequences)] + ([paper_table(summaries, beside)] if beside else [])
    notes = failures(units) + list(dict.fromkeys(f'{unit.sequence}: {remark}' for unit in units
                                                 for remark in unit.remarks))
    with replacing(args.out) as fresh:
        (fresh / 'results.json').write_text(json.dumps(campaign.plain(
            {'plan': asdict(plan), 'summaries': [asdict(s) for s in summaries], 'notes': notes,
             'published': [asdict(p) for p in beside], 'units': [asdict(unit) for unit in units]}), indent=1))
        draw(fresh / 'evaluation.png', plan, units, summaries, beside)
        show(console, *tables, *notes)
        write_table(fresh, *tables, *notes, width=WIDTH)
    console.log(f'[bold]{args.out}/evaluation.png[/], table.txt, results.json')
    return 0
