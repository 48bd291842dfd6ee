# SPDX-License-Identifier: Apache-2.0
"""`ttt3r fetch`: the published weights by one command."""

from __future__ import annotations

import argparse
import logging
import sys

from ttt3r_ros.model.cache import FETCHED

log = logging.getLogger(__name__)


class LicenceNotAccepted(RuntimeError):
    """Nobody has said yes."""


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'fetch', help='fetch published weights: shows their licence and asks',
        description='Fetch published weights, compare their sha256, convert them to bfloat16 and keep them in the '
                    'cache, where "weights: NAME" finds them. A transfer that was cut is gone on with.')
    parser.add_argument('name', metavar='NAME', choices=FETCHED, help=', '.join(FETCHED))
    parser.add_argument('--accept-licence', action='store_true', help='say yes to the licence, for scripts')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out; raises FetchError, CheckpointError, LicenceNotAccepted."""
    from rich.console import Console

    from ttt3r_ros.fetching.fetch import fetch
    from ttt3r_ros.fetching.published_weights import PUBLISHED
    from ttt3r_ros.model.cache import fetched_file
    from ttt3r_ros.presentation.progress import Progress

    weights = PUBLISHED[args.name]
    if not fetched_file(args.name).is_file() and weights.places:
        log.info('%s: %s, %s MB, by %s\nlicence: %s', args.name, weights.file, f'{weights.size / 1e6:,.1f}',
                 weights.authors, weights.license)
        if not args.accept_licence:
            _ask()
    with Progress(Console(stderr=True), f'fetching {args.name}, MB', weights.size // 1_000_000 or None) as progress:
        file = fetch(args.name, lambda there: progress.update(there // 1_000_000))
    log.info('%s is in %s; the node takes it as\n  ros2 launch ttt3r_ros ttt3r.launch.py image:=/camera/image_raw '
             'weights:=%s', args.name, file, args.name)
    return 0


def _ask() -> None:
    if not sys.stdin.isatty():
        raise LicenceNotAccepted('nobody is there to be asked: read the licence above, and say yes with '
                                 '--accept-licence')
    if input('Do you accept it? [y/N] ').strip().lower() not in ('y', 'yes'):
        raise LicenceNotAccepted('not accepted, nothing is fetched')
