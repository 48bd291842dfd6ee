# SPDX-License-Identifier: Apache-2.0
"""`ttt3r bench`: where a frame's time goes on this machine, for each precision and rule, beside the published way."""

from __future__ import annotations

import argparse

from ttt3r_ros.cli.counts import at_least
from ttt3r_ros.cli.folders import add_out
from ttt3r_ros.cli.tables import open_console, show, write_table

PRECISIONS = ('float32', 'bfloat16', 'float16')  # as model.precision has them
ON_A_CPU = PRECISIONS[:2]  # it only emulates float16, and a published network of each takes more than 6 GB
WIDTH = 160  # characters, where there is no terminal
FRAMES = {'small': (20, 200), 'published': (3, 5)}  # rounds, and frames to compare precisions over


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'bench', help='measure where the time of a frame goes',
        description='Steps every case in turn, the published way of computing a frame among them, so that their '
                    'ratios hold on a machine that does other work too. The default takes a few minutes on two cores; '
                    'the published size some minutes a round there.')
    parser.add_argument('--size', choices=tuple(FRAMES), default='small',
                        help='of a network with random weights (default: %(default)s)')
    parser.add_argument('--weights', metavar='FILE', help='a checkpoint, .pth or .safetensors, instead')
    parser.add_argument('--rules', nargs='+', metavar='RULE',
                        help='each is measured in the first precision (default: all that there are)')
    parser.add_argument('--precisions', nargs='+', choices=PRECISIONS, metavar='PRECISION',
                        help=f'each is measured under the first rule (default: {", ".join(PRECISIONS)}; on a CPU '
                        f'{", ".join(ON_A_CPU)})')
    parser.add_argument('--compile', action='store_true', help='measure the first precision and rule with compiled '
                        'blocks, too: wants a C++ compiler and minutes')
    parser.add_argument('--frames', type=at_least(1), help='rounds (default: 20, 3 at the published size)')
    parser.add_argument('--deviation-frames', type=at_least(0),
                        help='frames to compare precisions over (default: 200, 5 at the published size)')
    parser.add_argument('--device', default='cpu', help='default: %(default)s')
    add_out(parser, 'out/bench')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises our own errors before anything is measured."""
    # PyTorch and matplotlib take a while to import, which `ttt3r --help` need not wait for.
    from rich.progress import Progress

    from ttt3r_ros.benchmark import campaign
    from ttt3r_ros.benchmark.picture import draw
    from ttt3r_ros.benchmark.table import deviation_table, results_table
    from ttt3r_ros.export.output_folder import replacing, require_writable
    from ttt3r_ros.model.update_rules import RULES

    require_writable(args.out)
    frames, deviation_frames = FRAMES[args.size]
    precisions = args.precisions or (ON_A_CPU if args.device == 'cpu' else PRECISIONS)
    plan = campaign.Plan(args.size, args.weights, tuple(precisions), tuple(args.rules or RULES),
                         args.frames or frames, args.deviation_frames or deviation_frames, args.device, args.compile)
    console = open_console(WIDTH)
    rounds = args.out.with_name(f'{args.out.name}_rounds.txt')
    rounds.parent.mkdir(parents=True, exist_ok=True)
    with Progress(console=console) as progress, rounds.open('w') as file:
        def report(line: str) -> None:
            progress.console.print(line)
            print(line, file=file, flush=True)

        task = progress.add_task('rounds', total=plan.frames + plan.deviation_frames * (len(plan.precisions) > 1))
        results = campaign.carry_out(plan, lambda: progress.advance(task), report)
    tables = [results_table(results)] + ([deviation_table(results)] if results.deviations else [])
    show(console, *tables)
    with replacing(args.out) as fresh:
        campaign.save(fresh, results)
        draw(fresh / 'bench.png', results)
        write_table(fresh, *tables, width=WIDTH)
    if not results.ros:
        console.print('no ROS 2 here: converting, building clouds and serialising are not in these times')
    console.print(f'[bold]{args.out}/bench.png[/], table.txt, results.json; {rounds}')
    return 0
