# SPDX-License-Identifier: Apache-2.0
"""`ttt3r evaluate`: drift and depth of a checkpoint on synthetic worlds or data sets, for each update rule."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ttt3r_ros.cli import evaluate_dataset
from ttt3r_ros.cli.counts import at_least
from ttt3r_ros.cli.folders import add_out
from ttt3r_ros.cli.segments import add_arguments as add_segment_arguments
from ttt3r_ros.cli.tables import open_console, write_table

if TYPE_CHECKING:
    from ttt3r_ros.evaluation.trial import Setting

PRECISIONS = ('float32', 'bfloat16', 'float16', 'auto')  # as model.precision has them

FRAMES = 1000
DRIVE = 600  # frames of --costmap: a minute
SIDES = (32, 1024)  # pixels
WIDTH = 160  # characters, where there is no terminal


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'evaluate', help='measure drift and depth on synthetic worlds or data sets',
        description='Films worlds that training has not seen, reconstructs them under each update rule, and writes '
                    'a table, a picture and every number. 8 worlds of 1000 frames take half an hour on two cores.')
    parser.add_argument('--weights', default='embedded', metavar='FILE',
                        help='checkpoint, .pth or .safetensors (default: %(default)s)')
    parser.add_argument('--rules', nargs='+', metavar='RULE', help='default: all that there are')
    parser.add_argument('--no-reset', action='store_true', help='leave out the runs with resets')
    parser.add_argument('--reset-interval', type=int, default=0,
                        help='frames (default: as the weights say, 100 if they do not)')
    add_segment_arguments(parser)
    parser.add_argument('--keyframes', type=at_least(0), default=0,
                        help='memories of ended segments that are kept to close loops with, in the runs with resets '
                        '(default: %(default)s, no loop closure)')
    parser.add_argument('--clouds', action='store_true', help='measure instead how much of the clouds hangs in the '
                        'air, without points.outliers and with, under the first rule; 96 frames a world are plenty')
    parser.add_argument('--odometry', action='store_true', help='measure instead how right odometry is between frames, '
                        'by the last twist and by a gyroscope, under the first rule')
    parser.add_argument('--costmap', action='store_true', help='measure instead what a costmap would hold of the '
                        f'clouds while a robot drives round a room, by filters and heights; {DRIVE} frames by default')
    parser.add_argument('--outliers', type=float, default=0.03, help='points.outliers, with --clouds (default: '
                        '%(default)s)')
    parser.add_argument('--worlds', type=at_least(1), default=8, help='default: %(default)s')
    parser.add_argument('--wide', action='store_true', help='worlds of any camera carried any way, 40 to 95 degrees, '
                        'among clutter, instead of walks at head height and drives')
    parser.add_argument('--frames', type=at_least(2), default=None, help=f'of each world (default: {FRAMES}), '
                        'or recording at most (default: all)')
    parser.add_argument('--size', type=_size, default=(120, 160), metavar='WIDTHxHEIGHT',
                        help='of the images, such as 176x99 (default: 160x120)')
    parser.add_argument('--device', default='cpu', help='default: %(default)s')
    parser.add_argument('--precision', choices=PRECISIONS, default='float32',
                        help='number type of the weights and products (default: %(default)s)')
    parser.add_argument('--jobs', type=at_least(1), default=os.cpu_count(),
                        help='worlds at a time (default: %(default)s)')
    parser.add_argument('--address', default='', metavar='HOST', help='of a Ray that has the worlds or recordings '
                        'instead, as many at a time as it has cores; ray://HOST:10001, or on one of its machines auto')
    evaluate_dataset.add_arguments(parser)
    add_out(parser, 'out/evaluate')
    return parser


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition('x')
    if not (width.isdecimal() and height.isdecimal() and SIDES[0] <= min(int(width), int(height))
            and max(int(width), int(height)) <= SIDES[1]):
        raise argparse.ArgumentTypeError(f'{text!r} is no size: give WIDTHxHEIGHT, such as 176x99, {SIDES[0]} to '
                                         f'{SIDES[1]} pixels a side')
    return int(height), int(width)


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises our own errors before anything is filmed."""
    # PyTorch and matplotlib take a while to import, which `ttt3r --help` need not wait for.
    from rich.progress import Progress

    from ttt3r_ros.evaluation import campaign
    from ttt3r_ros.evaluation.picture import draw
    from ttt3r_ros.evaluation.table import summary_table
    from ttt3r_ros.evaluation.trial import Setting
    from ttt3r_ros.export.output_folder import replacing, require_writable
    from ttt3r_ros.model.checkpoint import load_network
    from ttt3r_ros.model.update_rules import RULES, make_rule
    from ttt3r_ros.reconstruction.weights_profile import load_profile, resolve

    evaluate_dataset.require_sense(args, add_parser(argparse.ArgumentParser().add_subparsers()).parse_args([]))
    require_writable(args.out)
    rules = args.rules or list(RULES)
    for rule in rules:
        make_rule(rule)
    if args.dataset and args.results:
        return evaluate_dataset.run(args, [])
    load_network(args.weights, args.device, args.precision)
    segments = resolve(load_profile(args.weights), 'interval', args.reset_interval, args.alignment,
                       args.step_source)
    if any(getattr(args, name) for name in evaluate_dataset.INSTEAD):
        return _measure_instead(args, Setting(rules[0], segments.reset_interval, segments.segment_alignment,
                                               step_source=segments.step_source))
    settings = [Setting(rule, step_source=segments.step_source) for rule in rules]
    if not args.no_reset:
        settings += [Setting(rule, segments.reset_interval, segments.segment_alignment, args.keyframes,
                             segments.step_source) for rule in rules]
    if args.dataset:
        return evaluate_dataset.run(args, settings)
    plan = campaign.Plan(args.weights, tuple(settings),
                         args.worlds, args.frames or FRAMES, args.size, device=args.device, precision=args.precision,
                         jobs=args.jobs, wide=args.wide, address=args.address)
    console = open_console(WIDTH)
    if segments.told and not args.no_reset:
        console.log(f'{segments}: {segments.told}')
    with Progress(console=console) as progress:
        task = progress.add_task('worlds', total=plan.worlds)
        outcomes = campaign.carry_out(plan, lambda seed: progress.advance(task))
    summaries = campaign.summarise(plan, outcomes)
    table = summary_table(plan, summaries)
    console.log(table)
    with replacing(args.out) as fresh:
        campaign.save(fresh, plan, outcomes, summaries)
        draw(fresh / 'evaluation.png', plan, outcomes, summaries)
        write_table(fresh, table, width=WIDTH)
    console.log(f'[bold]{args.out}/evaluation.png[/], table.txt, results.json')
    return 0


def _measure_instead(args: argparse.Namespace, setting: Setting) -> int:
    """Measure what --clouds, --odometry or --costmap asks for, under one rule."""
    from rich.console import Console
    from rich.progress import Progress

    from ttt3r_ros.evaluation import between_frames, clouds, costmap
    from ttt3r_ros.export.output_folder import replacing
    from ttt3r_ros.reconstruction.cloud import CloudFilter

    CloudFilter(outliers=args.outliers)
    frames = args.frames or FRAMES
    if args.clouds:
        measure, name = clouds, 'clouds.json'
        plan = clouds.Plan(args.weights, setting, args.worlds, frames, args.outliers, device=args.device,
                           jobs=args.jobs)
    elif args.costmap:
        measure, name = costmap, 'costmap.json'
        plan = costmap.Plan(args.weights, setting, args.worlds, args.frames or DRIVE, device=args.device,
                            jobs=args.jobs)
    else:
        measure, name = between_frames, 'odometry.json'
        plan = between_frames.Plan(args.weights, setting, args.worlds, frames, args.wide, device=args.device,
                                   jobs=args.jobs)
    console = Console(log_time=False, log_path=False, highlight=False)
    with Progress(console=console) as progress:
        task = progress.add_task('worlds', total=plan.worlds)
        found = measure.carry_out(plan, lambda seed: progress.advance(task))
    with replacing(args.out) as fresh:
        measure.save(fresh / name, plan, found)
    console.log(measure.results_table(plan, found))
    console.log(f'[bold]{args.out}/{name}[/]')
    return 0
