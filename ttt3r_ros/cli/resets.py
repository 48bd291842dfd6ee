# SPDX-License-Identifier: Apache-2.0
"""`ttt3r resets`: what is a reset policy worth?"""

from __future__ import annotations

import argparse
import os

from ttt3r_ros.cli.counts import at_least
from ttt3r_ros.cli.folders import add_out
from ttt3r_ros.cli.tables import open_console, write_table

WIDTH = 130  # characters, where there is no terminal


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'resets', help='measure what reset policies are worth',
        description='Walks through synthetic rooms without resets, with one every so many frames, and with the '
                    'adaptive policy at several thresholds, and writes how far each path is off, with how many resets, '
                    'and how often the adaptive one comes when something happens, and for nothing.')
    parser.add_argument('--weights', default='embedded', metavar='FILE',
                        help='checkpoint, .pth or .safetensors (default: %(default)s)')
    parser.add_argument('--worlds', type=at_least(1), default=50, help='rooms (default: %(default)s)')
    parser.add_argument('--frames', type=at_least(30), default=48,
                        help='of each room, at least 30 (default: %(default)s)')
    parser.add_argument('--jobs', type=at_least(1), default=os.cpu_count(),
                        help='rooms at a time (default: %(default)s)')
    add_out(parser, 'out/resets')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises our own errors before anything is filmed."""
    # PyTorch takes a while to import, which `ttt3r --help` need not wait for.
    from rich.progress import Progress

    from ttt3r_ros.evaluation import resets
    from ttt3r_ros.evaluation.reset_curve import draw
    from ttt3r_ros.export.output_folder import replacing, require_writable
    from ttt3r_ros.model.checkpoint import load_network
    from ttt3r_ros.reconstruction.weights_profile import load_profile, resolve

    require_writable(args.out)
    load_network(args.weights)
    alignment = resolve(load_profile(args.weights)).segment_alignment
    plan = resets.Plan(args.weights, alignment, args.worlds, args.frames, jobs=args.jobs)
    console = open_console(WIDTH)
    with Progress(console=console) as progress:
        task = progress.add_task('rooms', total=plan.worlds)
        found = resets.carry_out(plan, lambda seed: progress.advance(task))
    table = resets.results_table(f'{args.weights}, {plan.worlds} synthetic rooms, {plan.frames} frames', found)
    console.log(table)
    with replacing(args.out) as fresh:
        draw(fresh / 'resets.png', found, plan.frames)
        resets.save(fresh / 'resets.json', plan, found)
        write_table(fresh, table, width=WIDTH)
    console.log(f'[bold]{args.out}/table.txt[/], resets.png, resets.json')
    return 0
