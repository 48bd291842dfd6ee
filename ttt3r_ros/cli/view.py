# SPDX-License-Identifier: Apache-2.0
"""`ttt3r view`: a finished run, or a live node, in the browser."""

from __future__ import annotations

import argparse
import contextlib
import logging

log = logging.getLogger(__name__)


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser('view', help='look at a finished run or a live node in the browser',
                                   description='Serve a finished run, or with --ros what a node publishes, to a '
                                               'browser: clouds, path, cameras, depth.')
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('folder', metavar='FOLDER', nargs='?', help='that "ttt3r run --export frames" has written')
    what.add_argument('--ros', metavar='NODE', nargs='?', const='/ttt3r',
                      help='the node to look at instead (default: %(const)s); with several cameras /ttt3r/front, '
                           'with several robots or in a namespace /a/ttt3r')
    parser.add_argument('--port', type=int, default=8080, help='default: %(default)s')
    parser.add_argument('--host', default='127.0.0.1',
                        help='address to serve on; with another than %(default)s other machines may look, and '
                             'nobody is asked who he is')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out until Ctrl-C; raises RunFolderError, ViewError."""
    if args.ros is not None:
        return _look_on(args)
    from ttt3r_ros.view.asking import AskError
    from ttt3r_ros.view.kept_memory import KeptMemory
    from ttt3r_ros.view.run_folder import RunFolder
    from ttt3r_ros.view.viewer import Viewer

    folder = RunFolder(args.folder)
    viewer = Viewer(folder, args.host, args.port)
    try:
        viewer.asking.offer(KeptMemory(args.folder))
    except AskError as error:
        viewer.asking.refuse(str(error))
    log.info('%d frames: open http://%s:%d (Ctrl-C ends)', len(folder), args.host, viewer.port)
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(viewer):
        viewer.wait()
    return 0


def _look_on(args: argparse.Namespace) -> int:
    import numpy as np
    import rclpy
    from rclpy.executors import ExternalShutdownException

    from ttt3r_ros.ros.looking_on import LookingOn
    from ttt3r_ros.view.live import LiveViewer

    # The odometry frame: x ahead, z up.
    viewer = LiveViewer(args.host, args.port, np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]]))
    log.info('what %s publishes: open http://%s:%d (Ctrl-C ends)', args.ros, args.host, viewer.port)
    rclpy.init()
    try:
        client = LookingOn(args.ros, viewer.add)
        viewer.asking.offer(client)
        rclpy.spin(client)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
        viewer.close()
    return 0
