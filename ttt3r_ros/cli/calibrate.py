# SPDX-License-Identifier: Apache-2.0
"""`ttt3r calibrate`: covariances that are true for a checkpoint, measured on synthetic worlds."""

from __future__ import annotations

import argparse
import os

from ttt3r_ros.cli.counts import at_least
from ttt3r_ros.cli.segments import add_arguments as add_segment_arguments


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'calibrate', help="calibrate the odometry's covariances",
        description='Reconstructs synthetic rooms and wide worlds, fits the covariances to the errors on half of them, '
                    'judges them by the other half, and writes FILE.covariance.json beside the weights, where the '
                    'node finds it.')
    parser.add_argument('--weights', default='embedded', metavar='FILE',
                        help='checkpoint, .pth or .safetensors (default: %(default)s)')
    parser.add_argument('--worlds', type=at_least(1), default=16,
                        help='of either kind (default: %(default)s)')
    parser.add_argument('--frames', type=at_least(2), default=200, help='of each world (default: %(default)s)')
    parser.add_argument('--reset-interval', type=int, default=0,
                        help='frames between resets, whose errors are measured too (default: as the weights say; if '
                             'they do not, there are none)')
    add_segment_arguments(parser)
    parser.add_argument('--device', default='cpu', help='default: %(default)s')
    parser.add_argument('--jobs', type=at_least(1), default=os.cpu_count(),
                        help='worlds at a time (default: %(default)s)')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises CheckpointError, ResetPolicyError and UncertaintyError."""
    from rich.console import Console
    from rich.progress import Progress

    from ttt3r_ros.evaluation import covariance
    from ttt3r_ros.model.checkpoint import load_network, weights_file
    from ttt3r_ros.reconstruction.covariance_fit import calibration_file
    from ttt3r_ros.reconstruction.uncertainty import UncertaintyError
    from ttt3r_ros.reconstruction.weights_profile import load_profile, resolve

    load_network(args.weights, args.device)
    if args.worlds < 2:
        raise UncertaintyError(f'{args.worlds} world(s) cannot both fit and judge: give --worlds 2 or more')
    segments = resolve(load_profile(args.weights), 'interval' if args.reset_interval else 'auto',
                       args.reset_interval, args.alignment, args.step_source)
    if segments.reset_policy == 'adaptive':
        raise UncertaintyError('resets of the adaptive policy come when they come and cannot be measured: give '
                               '--reset-interval')
    target = calibration_file(weights_file(args.weights))
    unwritable = 'copy the weights to a folder that this user may write to'
    if not os.access(target.parent, os.W_OK):
        raise UncertaintyError(f'{target} cannot be written: {unwritable}')
    plan = covariance.Plan(args.weights, args.worlds, args.frames,
                           segments.reset_interval if segments.reset_policy == 'interval' else 0,
                           segments.segment_alignment, segments.step_source, device=args.device, jobs=args.jobs)
    console = Console(log_time=False, log_path=False, highlight=False)
    console.log(f'{segments}{f" ({segments.told})" if segments.told else ""}')
    with Progress(console=console) as progress:
        task = progress.add_task('worlds', total=2 * plan.worlds)
        found = covariance.carry_out(plan, lambda seed: progress.advance(task))
    try:
        covariance.save(target, plan, found)
    except OSError as error:
        raise UncertaintyError(f'{target} cannot be written ({error.strerror}): {unwritable}') from error
    console.log(f'{target}; the normalised error squared, 6 would be exact, in worlds that it was not fitted to:')
    for kind, judged in (('rooms', found.rooms), ('wide worlds', found.wide)):
        console.log(f'  {kind}: {judged.pose_nees:.1f} on average for poses ({judged.pose_nees_median:.1f} in the '
                    f'median world), {judged.twist_nees:.1f} for twists, {judged.frames} frames')
    return 0
