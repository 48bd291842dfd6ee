# SPDX-License-Identifier: Apache-2.0
"""`ttt3r restarts`: does a restart go on where the camera is, or refuse?"""

from __future__ import annotations

import argparse
import logging
import os
from typing import TYPE_CHECKING

from ttt3r_ros.cli.counts import at_least
from ttt3r_ros.cli.folders import add_out
from ttt3r_ros.cli.tables import open_console, write_table

if TYPE_CHECKING:
    from ttt3r_ros.evaluation.restarts import Film

OF_A_FILM = ('truth', 'rate', 'another')  # options
WIDTH = 140  # characters, where there is no terminal


class FilmError(ValueError):
    """A film that restarts cannot be measured on."""


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        'restarts', help='measure how often a restart goes on where the camera is',
        description='Cuts films off, of synthetic worlds or a real one, shows the saved memory what a camera may see '
                    'after a restart, and writes how often it goes on, rightly and wrongly, by the threshold of '
                    'likeness. 20 worlds, 200 restarts, take some ten minutes on two cores.')
    parser.add_argument('--weights', default='embedded', metavar='FILE',
                        help='checkpoint, .pth or .safetensors (default: %(default)s)')
    parser.add_argument('--worlds', type=at_least(1), default=20, help='default: %(default)s')
    parser.add_argument('--film', metavar='SOURCE', help='a real film instead, as ttt3r demo takes them')
    parser.add_argument('--truth', metavar='FILE', help='with --film: its poses as a .tum file (default: the '
                        "data set's own)")
    parser.add_argument('--rate', type=float, metavar='HZ', help='with --film: images a second of one without stamps')
    parser.add_argument('--another', metavar='SOURCE', help='with --film: a film of another place')
    parser.add_argument('--jobs', type=at_least(1), default=os.cpu_count(),
                        help='worlds at a time (default: %(default)s)')
    add_out(parser, 'out/restarts')
    return parser


def run(args: argparse.Namespace) -> int:
    """Carry the command out. Raises our own errors before anything is filmed."""
    # PyTorch takes a while to import, which `ttt3r --help` need not wait for.
    from rich.progress import Progress

    from ttt3r_ros.evaluation import restarts
    from ttt3r_ros.evaluation.restart_curve import draw
    from ttt3r_ros.export.output_folder import replacing, require_writable
    from ttt3r_ros.model.checkpoint import load_network
    from ttt3r_ros.reconstruction.weights_profile import load_profile, resolve

    if not args.film and (alone := [name for name in OF_A_FILM if getattr(args, name) is not None]):
        raise FilmError(f'--{alone[0]} is of a film: give --film, too')
    require_writable(args.out)
    logging.getLogger('ttt3r_ros.reconstruction').setLevel(logging.WARNING)  # a film is many reconstructions' segments
    load_network(args.weights)
    plan = restarts.Plan(args.weights, resolve(load_profile(args.weights)), args.worlds, jobs=args.jobs)
    film = _film(args.film, args.truth, args.rate) if args.film else None
    console = open_console(WIDTH)
    total = plan.worlds if film is None else len(restarts.cuts(len(film.images)))
    with Progress(console=console) as progress:
        task = progress.add_task('restarts', total=total)

        def done(number: int) -> None:
            progress.advance(task)

        if film is None:
            found = restarts.carry_out(plan, done)
        else:
            found = restarts.carry_out_film(plan, film, _images(args.another) if args.another else [], done)
    where = args.film or f'{plan.worlds} synthetic worlds'
    table = restarts.results_table(f'{args.weights}, {where}', found)
    console.log(table)
    with replacing(args.out) as fresh:
        draw(fresh / 'restarts.png', {where: found})
        restarts.save(fresh / 'restarts.json', plan, found)
        write_table(fresh, table, width=WIDTH)
    console.log(f'[bold]{args.out}/table.txt[/], restarts.png, restarts.json')
    return 0


def _images(source: str) -> list:
    from ttt3r_ros.sequences.opening import open_sequence

    return [image.rgb for image in open_sequence(source)]


def _film(source: str, truth: str | None, rate: float | None) -> Film:
    """Return a film's images that have a true pose, and those poses."""
    from ttt3r_ros.evaluation.restarts import EARLIEST, SHOWN, Film
    from ttt3r_ros.sequences.opening import open_sequence
    from ttt3r_ros.sequences.trajectory import read_tum

    sequence = open_sequence(source, rate=rate)
    if truth is not None and sequence.stamps_made and rate is None:
        raise FilmError(f'{source} has no times of its own, by which its images and {truth} could be joined: give '
                        '--rate')
    images = list(sequence)
    try:
        poses = sequence.truth if truth is None else read_tum(truth)
    except (OSError, ValueError) as error:
        raise FilmError(f'{truth} cannot be read: {error}') from error
    known = None if poses is None else poses.at([image.stamp for image in images])
    if known is None or len(known) <= EARLIEST + SHOWN:
        raise FilmError(f'{source}: {0 if known is None else len(known)} of its {len(images)} images have a true pose; '
                        f'give --truth a .tum file, and --rate, that tell more than {EARLIEST + SHOWN}')
    stamps = set(known.stamps.tolist())
    return Film([image.rgb for image in images if image.stamp in stamps], known.poses)
