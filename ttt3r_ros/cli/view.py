# SPDX-License-Identifier: Apache-2.0
"""`ttt3r view`: a finished run in the browser."""

from __future__ import annotations

import argparse
import logging
import threading

log = logging.getLogger(__name__)


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser('view', help='look at a finished run in the browser',
                                   description='Serve a finished run to a browser: clouds, path, cameras, depth.')
    parser.add_argument('folder', metavar='FOLDER', help='that "ttt3r run --export frames" has written')
    parser.add_argument('--port', type=int, default=8080, help='default: %(default)s')
    parser.add_argument('--host', default='127.0.0.1',
                        help='address to serve on; with another than %(default)s other machines may look, and '
                             'nobody is asked who he is')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out until Ctrl-C; raises RunFolderError, ViewError."""
    from ttt3r_ros.view.run_folder import RunFolder
    from ttt3r_ros.view.viewer import Viewer

    folder = RunFolder(args.folder)
    viewer = Viewer(folder, args.host, args.port)
    log.info('%d frames: open http://%s:%d (Ctrl-C ends)', len(folder), args.host, viewer.port)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        viewer.close()
    return 0
