# SPDX-License-Identifier: Apache-2.0
"""`ttt3r calibrate`: covariances that are true for a checkpoint, measured on synthetic worlds."""

from __future__ import annotations

import argparse
import os

ALIGNMENTS = ('sim3', 'se3')  # as reconstruction.trajectory has them


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'calibrate', help="calibrate the odometry's covariances",
        description='Reconstructs synthetic worlds, fits the covariances to the errors on half of them, judges them by '
                    'the other half, and writes FILE.covariance.json beside the weights, where the node finds it.')
    parser.add_argument('--weights', default='embedded', metavar='FILE',
                        help='checkpoint, .pth or .safetensors (default: %(default)s)')
    parser.add_argument('--worlds', type=int, default=16, help='default: %(default)s')
    parser.add_argument('--frames', type=int, default=200, help='of each world (default: %(default)s)')
    parser.add_argument('--reset-interval', type=int, default=60,
                        help='frames between resets, whose errors are measured too (default: %(default)s)')
    parser.add_argument('--alignment', choices=ALIGNMENTS, default='sim3',
                        help='how segments are chained at a reset (default: %(default)s)')
    parser.add_argument('--device', default='cpu', help='default: %(default)s')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='worlds at a time (default: %(default)s)')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises CheckpointError and UncertaintyError."""
    from rich.console import Console
    from rich.progress import Progress

    from ttt3r_ros.evaluation import covariance
    from ttt3r_ros.model.checkpoint import load_network, weights_file
    from ttt3r_ros.reconstruction.uncertainty import UncertaintyError, calibration_file

    load_network(args.weights, args.device)
    if args.worlds < 2:
        raise UncertaintyError(f'{args.worlds} world(s) cannot both fit and judge: give --worlds 2 or more')
    plan = covariance.Plan(args.weights, args.worlds, args.frames, args.reset_interval, args.alignment,
                           device=args.device, jobs=args.jobs)
    console = Console(log_time=False, log_path=False, highlight=False)
    with Progress(console=console) as progress:
        task = progress.add_task('worlds', total=plan.worlds)
        found = covariance.carry_out(plan, lambda seed: progress.advance(task))
    target = calibration_file(weights_file(args.weights))
    try:
        covariance.save(target, plan, found)
    except OSError as error:
        raise UncertaintyError(f'{target} cannot be written ({error.strerror}): copy the weights to a folder that '
                               'this user may write to') from error
    console.log(f'{target}: on {found.frames} frames of worlds it was not fitted to, the normalised error squared is '
                f'{found.pose_nees:.1f} on average for poses ({found.pose_nees_median:.1f} in the median world), '
                f'{found.twist_nees:.1f} for twists; 6 would be exact')
    return 0
