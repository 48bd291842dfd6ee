# SPDX-License-Identifier: Apache-2.0
"""`ttt3r batch`: many sources, on all cores and GPUs of this machine or of a Ray cluster."""

from __future__ import annotations

import argparse
import sys

from ttt3r_ros.cli.counts import at_least
from ttt3r_ros.cli.folders import add_out
from ttt3r_ros.cli.run import add_choice, add_export, add_network, asked
from ttt3r_ros.cli.statuses import INTERRUPTED, NOT_WHOLE

WIDTH = 120  # characters, where there is no terminal


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'batch', help='reconstruct many videos, folders and bags, on Ray',
        description='Runs each source as "ttt3r run" does, into a folder of its own below --out, many at a time. One '
                    'that fails stops no other, one whose worker is lost is begun again. Exit status 1 if any failed.')
    parser.add_argument('sources', nargs='+', metavar='SOURCE',
                        help="what \"ttt3r run\" takes; a pattern of such, in quotes ('bags/*.mcap'); a .txt file that "
                             'names one a line; an address that fsspec reads (s3://…, gs://…, https://…)')
    add_out(parser, 'out/batch')
    add_export(parser)
    parser.add_argument('--resume', action='store_true', help='go on with a batch: skip what is done')
    parser.add_argument('--split', type=at_least(0), default=0, metavar='FRAMES',
                        help='run a source of more frames than this in parts of about so many, side by side, divided '
                             'where the reset interval ends a segment (default: none)')
    where = parser.add_argument_group('where').add_mutually_exclusive_group()
    where.add_argument('--address', default='', metavar='HOST', help="of a Ray that runs, ray://HOST:10001 or on one "
                       'of its machines auto; sources and --out must be there under the same paths')
    where.add_argument('--jobs', type=at_least(0), default=0, metavar='N',
                       help='sources at a time on this machine (default: as many as its cores are worth)')
    add_choice(parser.add_argument_group('which frames of each'))
    add_network(parser.add_argument_group('what answers them'))
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises our own errors before the first source."""
    from ttt3r_ros.cli.tables import open_console, write_table
    from ttt3r_ros.fleet.batch import Batch, carry_out
    from ttt3r_ros.fleet.cluster import FleetError
    from ttt3r_ros.fleet.sources import expand
    from ttt3r_ros.fleet.table import SHOWN, outcomes_table

    if args.jobs < 0:
        raise FleetError(f'--jobs {args.jobs} is not possible: take 1 or more, or leave it out')
    if args.split < 0:
        raise FleetError(f'--split {args.split} is not possible: give the frames of a part, or leave it out')
    batch = Batch(tuple(expand(args.sources)), args.out, resume=args.resume, address=args.address, jobs=args.jobs,
                  split=args.split, **asked(args))
    console = open_console(WIDTH)
    try:
        outcomes = carry_out(batch, console)
    except KeyboardInterrupt:
        sys.stderr.write('ttt3r batch: interrupted; --resume goes on with what is not done\n')
        return INTERRUPTED
    console.print(outcomes_table(outcomes, args.out, SHOWN))
    write_table(args.out, outcomes_table(outcomes, args.out), width=WIDTH)
    return NOT_WHOLE if any(outcome.error for outcome in outcomes) else 0
