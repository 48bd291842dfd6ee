# SPDX-License-Identifier: Apache-2.0
"""`ttt3r mishaps`: is the tracking state true? Films with blackouts, covered lenses and cuts, and films without."""

from __future__ import annotations

import argparse
import os

from ttt3r_ros.cli.counts import at_least
from ttt3r_ros.cli.folders import add_out
from ttt3r_ros.cli.tables import open_console, write_table

WIDTH = 155  # characters, where there is no terminal


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'mishaps', help='measure false and missed alarms of the tracking state',
        description='Films synthetic worlds, does to them what happens to cameras on a bad day, and writes how often '
                    'the tracking state told it, and how often it told what was not so. 20 worlds take some ten '
                    'minutes on two cores.')
    parser.add_argument('--weights', default='embedded', metavar='FILE',
                        help='checkpoint, .pth or .safetensors (default: %(default)s)')
    parser.add_argument('--worlds', type=at_least(1), default=20, help='default: %(default)s')
    parser.add_argument('--gyroscope', action='store_true',
                        help='each film with a gyroscope on the camera, too; takes twice as long')
    parser.add_argument('--jobs', type=at_least(1), default=os.cpu_count(),
                        help='worlds at a time (default: %(default)s)')
    add_out(parser, 'out/mishaps')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises CheckpointError before anything is filmed."""
    # PyTorch takes a while to import, which `ttt3r --help` need not wait for.
    from rich.progress import Progress

    from ttt3r_ros.evaluation import alarms
    from ttt3r_ros.export.output_folder import replacing, require_writable
    from ttt3r_ros.model.checkpoint import load_network
    from ttt3r_ros.reconstruction.weights_profile import load_profile, resolve

    require_writable(args.out)
    load_network(args.weights)
    plan = alarms.Plan(args.weights, resolve(load_profile(args.weights)), args.worlds, gyroscope=args.gyroscope,
                       jobs=args.jobs)
    console = open_console(WIDTH)
    with Progress(console=console) as progress:
        task = progress.add_task('worlds', total=plan.worlds)
        reports = alarms.carry_out(plan, lambda seed: progress.advance(task))
    table = alarms.results_table(plan, reports)
    console.log(table)
    with replacing(args.out) as fresh:
        alarms.save(fresh / 'mishaps.json', plan, reports)
        write_table(fresh, table, width=WIDTH)
    console.log(f'[bold]{args.out}/table.txt[/], mishaps.json')
    return 0
