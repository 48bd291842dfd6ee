# SPDX-License-Identifier: Apache-2.0
"""`ttt3r`: one module a command, with add_parser(subparsers) and run(args) -> exit code."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import NoReturn

from ttt3r_ros import __version__
from ttt3r_ros.cli import bench, calibrate, convert, demo, evaluate, parameters

COMMANDS = (demo, evaluate, calibrate, bench, convert, parameters)
BAD_INPUT = 2


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command that argv (the process's own arguments by default) names, and exit with its code.

    An error of our own becomes one line on standard error and exit code 2.
    """
    logging.basicConfig(format='%(message)s', level=logging.INFO)
    parser = argparse.ArgumentParser(
        prog='ttt3r', description='TTT3R: streaming 3D reconstruction from one camera.')
    parser.add_argument('--version', action='version', version=__version__)
    subparsers = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for command in COMMANDS:
        command.add_parser(subparsers).set_defaults(run=command.run)
    args = parser.parse_args(argv)
    try:
        code = args.run(args)
    except Exception as error:
        # Our own errors are written for the user; any other is a fault of ours and keeps its traceback.
        if not type(error).__module__.startswith('ttt3r_ros.'):
            raise
        sys.stderr.write(f'ttt3r {args.command}: {" ".join(str(error).split())}\n')
        code = BAD_INPUT
    sys.exit(code)
