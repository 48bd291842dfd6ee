# SPDX-License-Identifier: Apache-2.0
"""`ttt3r run`: any source of frames through the network, without ROS, and what came of it as files."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ttt3r_ros.cli.folders import add_out
from ttt3r_ros.cli.statuses import INTERRUPTED, LOST, NOT_WHOLE, of_verdict
from ttt3r_ros.model.config import PATCH_SIZES

if TYPE_CHECKING:
    from rich.console import Console

    from ttt3r_ros.view.run_viewer import RunViewer


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'run', help='reconstruct a video, folder, bag or camera, and export it',
        description='Answers every frame of a source and writes what --export names, and results.json, to the folder '
                    '--out, which appears when it is whole. An interrupted run is gone on with by --resume. Ends with '
                    f'{NOT_WHOLE} if a form could not be written, with {LOST} if the path was lost.')
    parser.add_argument('source', metavar='SOURCE',
                        help='a folder of images (or a pattern in one), a data set, a video, a bag of ROS 1 or 2, '
                             'camera:0, or synthetic[:SEED[:FRAMES]]')
    add_out(parser, 'out/run')
    add_export(parser)
    parser.add_argument('--view', nargs='?', type=int, const=8080, metavar='PORT',
                        help='look on in the browser, on this port of 127.0.0.1 (default: %(const)s), until Ctrl-C')
    parser.add_argument('--resume', action='store_true', help='go on with a run that was interrupted')
    group = parser.add_argument_group('which frames')
    add_choice(group)
    group.add_argument('--revisit', type=int, default=1, metavar='N',
                       help='run through the source N times with the memory kept, and write the last (default: once); '
                            'no frame is then judged')
    add_network(parser.add_argument_group('what answers them'))
    return parser


def add_export(parser: argparse.ArgumentParser) -> None:
    """Declare what is written."""
    parser.add_argument('--export', default='tum', metavar='FORMS',
                        help='with commas between: tum, kitti, euroc, frames, colmap, nerfstudio, ply, pcd, glb, '
                             'mcap, las, rrd (default: %(default)s); docs/run.md says what each is')


def add_choice(group: argparse._ArgumentGroup) -> None:
    """Declare which frames of a source are taken."""
    group.add_argument('--every', type=int, default=1, metavar='N', help='take every Nth frame (default: all)')
    group.add_argument('--start', metavar='WHERE', help='from here on: frames, such as 120, or seconds, such as 12s')
    group.add_argument('--end', metavar='WHERE', help='up to here, as --start, which this frame is not of')
    group.add_argument('--rate', type=float, metavar='HZ', help='frames a second of what has no stamps')
    group.add_argument('--topic', help="image topic of a bag (default: the first that can be a camera's)")


def add_network(group: argparse._ArgumentGroup) -> None:
    """Declare what answers the frames."""
    group.add_argument('--weights', default='embedded', metavar='FILE',
                       help='checkpoint, .pth or .safetensors (default: %(default)s, the small one in the package)')
    group.add_argument('--weights-sha256', default='', metavar='HEX', help='that the file must have (default: any)')
    group.add_argument('--rule', default='ttt3r', help='update rule (default: %(default)s)')
    group.add_argument('--reset-policy', default='auto', help='never, interval or adaptive (default: as the weights '
                       'say, never if they do not)')
    group.add_argument('--reset-interval', type=int, default=0, metavar='FRAMES', help='default: as the weights say')
    group.add_argument('--segment-alignment', default='auto', help='how segments are chained at a reset: sim3 or se3 '
                       '(default: as the weights say)')
    group.add_argument('--step-source', default='auto', help='what says how the camera goes on from one image to the '
                       'next: model, or images, which set its step right (default: as the weights say)')
    group.add_argument('--size', type=int, metavar='PIXELS', help="long side of the model's image, a multiple of "
                       f"the weights' patch, {' or '.join(map(str, PATCH_SIZES))} (default: as they were trained)")
    group.add_argument('--device', default='auto', help='cpu, cuda, cuda:1, … (default: the first GPU, if any)')
    group.add_argument('--precision', default='auto', help='auto, float32, bfloat16 or float16 (default: %(default)s)')


def asked(args: argparse.Namespace) -> dict:
    """Return what the arguments declared here come to, by the names of the fields of a Plan. Raises SelectionError."""
    from ttt3r_ros.offline.reconstruction import Settings
    from ttt3r_ros.offline.selection import Moment, Selection

    start, end = (None if text is None else Moment.read(text) for text in (args.start, args.end))
    settings = Settings(args.weights, args.weights_sha256, args.device, args.precision, args.rule, args.reset_policy,
                        args.reset_interval, args.segment_alignment, args.step_source, args.size)
    return {'settings': settings, 'selection': Selection(args.every, start, end),
            'exports': tuple(dict.fromkeys(args.export.split(','))), 'rate': args.rate, 'topic': args.topic}


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises our own errors before the first frame."""
    # PyTorch takes seconds to import, which `ttt3r --help` need not wait for.
    from ttt3r_ros.cli.tables import open_console
    from ttt3r_ros.offline.measured import summary
    from ttt3r_ros.offline.session import Interrupted, Plan, carry_out

    plan = Plan(args.source, args.out, revisit=args.revisit, resume=args.resume, **asked(args))
    console = open_console(110)
    with _viewer(args.view, console) as viewer:
        try:
            results = carry_out(plan, console, viewer)
        except Interrupted as error:
            sys.stderr.write(f'ttt3r run: interrupted; {error}\n')
            return INTERRUPTED
        except KeyboardInterrupt:  # while weights are loaded, or exports written; or asked twice
            sys.stderr.write('ttt3r run: interrupted; --resume goes on with what was done\n')
            return INTERRUPTED
        console.print(summary(results, args.out))
        if viewer is not None:
            console.print('the viewer goes on until Ctrl-C')
            with contextlib.suppress(KeyboardInterrupt):
                viewer.stay()
    if results['not_exported']:
        return NOT_WHOLE
    return of_verdict(results['verdict']['word'])


@contextlib.contextmanager
def _viewer(port: int | None, console: Console) -> Iterator[RunViewer | None]:
    """Give a viewer on a port, None without one. Raises ViewError."""
    if port is None:
        yield None
        return
    from ttt3r_ros.view.run_viewer import RunViewer

    viewer = RunViewer(port)
    console.print(f'open http://127.0.0.1:{viewer.viewer.port}', highlight=False)
    try:
        yield viewer
    finally:
        viewer.close()
