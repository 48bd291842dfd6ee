# SPDX-License-Identifier: Apache-2.0
"""`ttt3r demo`: the whole path, seen: a bag replayed over DDS to the node in its own process, and what came of it."""

from __future__ import annotations

import argparse
import sys

from ttt3r_ros.cli.folders import add_out
from ttt3r_ros.cli.statuses import INTERRUPTED, LOST, NOT_WHOLE, of_verdict

UNTRAINED = 'untrained'  # as model.checkpoint has it, which would import torch
LOG_WIDTH = 110


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'demo', help='run the ROS 2 node on a replayed camera and show the results',
        description='Frames → bag → replay over DDS → the node in its own process → trajectory, cloud and picture. '
                    f'Ends with {NOT_WHOLE} if a promise about stamps and frames is broken, with {LOST} if the path '
                    'was lost.')
    parser.add_argument('--input', default='synthetic', metavar='SOURCE',
                        help='a folder of images (or a pattern in one), a data set, a video, a bag of ROS 1 or 2, '
                             'or synthetic[:SEED[:FRAMES]] (default: %(default)s)')
    parser.add_argument('--weights', default='embedded', metavar='FILE',
                        help='checkpoint, .pth or .safetensors (default: %(default)s, the small one in the package); '
                             f'{UNTRAINED}: random, the poses mean nothing')
    parser.add_argument('--weights-sha256', default='', metavar='HEX', help='that the file must have (default: any)')
    add_out(parser, 'out/demo')
    parser.add_argument('--rate', type=float, metavar='HZ', help='images a second (default: as recorded)')
    parser.add_argument('--topic', help="image topic of a bag (default: the first that can be a camera's)")
    parser.add_argument('--live', action='store_true',
                        help='as on a robot: the newest image wins; by default every image is answered')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out; 1 if a promise of the node is broken, 3 if the path was lost.

    Raises SequenceError, OutputError and DemoError.
    """
    try:
        return _run(args)
    except KeyboardInterrupt:
        sys.stderr.write('ttt3r demo: interrupted; the node and the replay are ended\n')
        return INTERRUPTED


def _run(args: argparse.Namespace) -> int:
    # ROS and matplotlib take a while to import, which `ttt3r --help` need not wait for.
    from rich.console import Console
    from rich.markup import escape

    from ttt3r_ros.demo.process import ended_in_order
    from ttt3r_ros.demo.session import Plan, carry_out
    from ttt3r_ros.presentation.table import results_table, untrained_panel

    console = Console(log_time=False, log_path=False, highlight=False)
    if not console.is_terminal:
        console.width = LOG_WIDTH
    if args.weights == UNTRAINED:
        console.log(untrained_panel())
    with ended_in_order():
        results = carry_out(Plan(source=args.input, weights=args.weights, sha256=args.weights_sha256, out=args.out,
                                 rate=args.rate, topic=args.topic, lossless=not args.live), console)
    console.log(results_table(results))
    if not results.trained:
        console.log(untrained_panel())
    console.log(f'[bold]{escape(str(args.out))}/overview.png[/], trajectory_tum.txt, cloud.ply, results.json, node.log')
    if not (results.passed or args.live):
        return NOT_WHOLE
    return of_verdict(results.verdict.word)
