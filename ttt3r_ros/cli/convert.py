# SPDX-License-Identifier: Apache-2.0
"""`ttt3r convert`: the published weights into a file that loads fast and runs nothing."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser('convert', help='turn a published .pth into .safetensors',
                                   description='Turn a published .pth checkpoint into a .safetensors file.')
    parser.add_argument('source', metavar='IN', help='a .pth as published, or a .safetensors')
    parser.add_argument('target', metavar='OUT', help='the .safetensors file to write')
    parser.add_argument('--dtype', choices=('float32', 'bfloat16', 'float16'), default='float32',
                        help='number type of the weights in the file (default: %(default)s)')
    parser.add_argument('--streaming', action='store_true',
                        help='leave out what streaming does not use: the heads of world points and of colour')
    parser.add_argument('--sha256', default='', metavar='HEX', help='that IN must have, looked at before it is read')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out; raises CheckpointError."""
    # torch takes seconds to import, which `ttt3r --help` need not wait for.
    from ttt3r_ros.model.checkpoint import convert, file_sha256
    from ttt3r_ros.model.precision import DTYPES

    convert(args.source, args.target, dtype=DTYPES[args.dtype], streaming=args.streaming, sha256=args.sha256)
    target = Path(os.path.expanduser(args.target))
    log.info('wrote %s (%.0f MB), sha256 %s', args.target, target.stat().st_size / 1e6, file_sha256(target))
    return 0
