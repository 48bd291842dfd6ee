# SPDX-License-Identifier: Apache-2.0
"""The argument `--out`, the same for every command that leaves results."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_out(parser: argparse.ArgumentParser, default: str) -> None:
    """Declare it."""
    parser.add_argument('--out', type=_folder, default=Path(default), metavar='FOLDER',
                        help='where the results go (default: %(default)s)')


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # a home that is nobody's
        raise argparse.ArgumentTypeError(f'{text!r} names the home of nobody here: give another folder') from error
