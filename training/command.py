# SPDX-License-Identifier: Apache-2.0
"""`python -m training`: render footage, train, write the checkpoint; stopped and started again, it goes on."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import distributed, multiprocessing

from training.curve import draw
from training.footage import SIZE, render_all
from training.loop import SEQUENCES, Trainer, configuration
from training.sampling import Sampler
from ttt3r_ros.evaluation.worlds import end_with_parent
from ttt3r_ros.model.checkpoint import LoadedNetwork, save_network
from ttt3r_ros.model.config import PATCH_SIZE, PATCH_SIZES

NAME = 'embedded'
LICENSE = 'Apache-2.0'
NOTE = ('EMBEDDED WEIGHTS: a small network that has seen synthetic rooms alone, at {}×{} pixels. Good to try things '
        'with, not to drive by: set the parameter weights to a checkpoint (README, Weights).')
FOOTAGE, PHOTOGRAPHS = 'footage', 'photographs'  # in --out
ENOUGH = 64  # worlds to begin with
WIDTHS = (128, 192, 256)  # channels: the first weights know no wider ones
MOST_PROCESSES = 4  # by default: with more each has too few sequences to be quick


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog='python -m training', description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('out/training'), metavar='FOLDER',
                        help='footage, log, curve, checkpoints; what is there is continued (default: %(default)s)')
    parser.add_argument('--minutes', type=float, default=90, help='of training, over all runs (default: %(default)s)')
    parser.add_argument('--worlds', type=int, default=1000, help='narrow ones: 8 MB and some 6 s of one core each '
                        '(default: %(default)s)')
    parser.add_argument('--robots', type=int, default=300, help='films of slow robots with low cameras: 4 MB and some '
                        '3 s of one core each (default: %(default)s)')
    parser.add_argument('--wide-worlds', type=int, default=2000, help='of any camera and motion, with the photographs '
                        f'in OUT/{PHOTOGRAPHS} (python -m training.photographs): 6 MB and some 8 s of one core each '
                        '(default: %(default)s)')
    parser.add_argument('--weights', type=Path, metavar='FILE', help='a .safetensors of the same configuration, or of '
                        'patches half as wide, to begin with, at long sequences at once (default: from nothing)')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='that render (default: %(default)s)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu', help='default: %(default)s')
    parser.add_argument('--processes', type=int, metavar='N', help='that train, with a share of the cores each; two of '
                        f'one core are faster than one of two (default: 1 on a GPU, else a core each, at most '
                        f'{MOST_PROCESSES})')
    parser.add_argument('--learning-rate', type=float, default=1e-3, help='default: %(default)s')
    parser.add_argument('--size', type=_size, default=SIZE, metavar='WIDTHxHEIGHT', help='of images, multiples of '
                        f'--patch (default: {SIZE[1]}x{SIZE[0]})')
    parser.add_argument('--patch', type=int, choices=PATCH_SIZES, default=PATCH_SIZE,
                        help='pixels of a side that become a token (default: %(default)s)')
    parser.add_argument('--width', type=int, choices=WIDTHS, default=WIDTHS[0], help='channels (default: %(default)s)')
    parser.add_argument('--sequences', type=int, default=SEQUENCES, help='in a step (default: %(default)s)')
    parser.add_argument('--bfloat16', action='store_true', help="products in bfloat16: for a GPU")
    parser.add_argument('--compile', action='store_true', help='compile the blocks: a quarter faster on a CPU, after '
                        'some minutes; wants a C++ compiler')
    args = parser.parse_args()
    if any(side % args.patch for side in args.size):
        # Now, and not when hours of rendering are done.
        parser.error(f'--size {args.size[1]}x{args.size[0]}: its sides must be multiples of --patch, which is '
                     f'{args.patch}')
    _render(args)
    processes = args.processes or (1 if args.device != 'cpu' else min(MOST_PROCESSES, os.cpu_count()))
    if processes == 1:
        _train(args)
    else:
        with TemporaryDirectory() as meeting:
            multiprocessing.spawn(_train_together, (processes, meeting, args), nprocs=processes)
    draw(args.out / 'log.jsonl', args.out / 'curve.png')
    Console(highlight=False).log(f'{args.out}/{NAME}.safetensors, {NAME}_averaged.safetensors, curve.png, log.jsonl')


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition('x')
    if not (width.isdecimal() and height.isdecimal() and int(width) >= int(height) > 0):
        raise argparse.ArgumentTypeError(f'{text!r}: give WIDTHxHEIGHT, such as 128x96, not upright')
    return int(height), int(width)


def _render(args: argparse.Namespace) -> None:
    """Start rendering, and return when there are worlds enough to begin with."""
    footage = args.out / FOOTAGE
    spawn = multiprocessing.get_context('spawn')
    whole = args.worlds + args.robots + args.wide_worlds
    renderers = [spawn.Process(target=_render_share, daemon=True, args=(args, first))
                 for first in range(min(args.workers, whole))]
    for process in renderers:
        process.start()
    # On a CPU rendering and training would only be in each other's way.
    enough = whole if args.device == 'cpu' else min(whole, ENOUGH)
    bar = Progress(TextColumn('{task.description}'), BarColumn(), TextColumn('{task.completed:.0f}/{task.total:.0f}'),
                   TimeElapsedColumn(), console=Console(highlight=False))
    with bar:
        task = bar.add_task('worlds', total=enough)
        while (there := _worlds_in(footage)) < enough:
            if not any(process.is_alive() for process in renderers):
                raise SystemExit(f'rendering ended with {there} of {whole} worlds: see above')
            bar.update(task, completed=there)
            time.sleep(1)


def _render_share(args: argparse.Namespace, first: int) -> None:
    """Render every so manieth world of each kind."""
    end_with_parent()
    torch.set_num_threads(1)
    os.nice(10)  # who trains feeds the GPU
    render_all(args.out / FOOTAGE, args.out / PHOTOGRAPHS, args.worlds, args.robots, args.wide_worlds, first,
               args.workers, args.size)


def _worlds_in(footage: Path) -> int:
    """Return how many worlds are whole: a narrow one is one film, a wide one says so when all its films are there."""
    return len([name for name in footage.glob('*.npy') if '_' not in name.name]) + len(list(footage.glob('*.done')))


def _train_together(rank: int, processes: int, meeting: str, args: argparse.Namespace) -> None:
    # Left alone they would go on for hours, and write into a folder where training was begun again.
    end_with_parent()
    torch.set_num_threads(max(1, os.cpu_count() // processes))
    distributed.init_process_group('gloo', f'file://{meeting}/place', rank=rank, world_size=processes)
    _train(args)
    distributed.destroy_process_group()


def _train(args: argparse.Namespace) -> None:
    device, console = torch.device(args.device), Console(highlight=False)
    torch.set_float32_matmul_precision('high')  # TF32 where there is one
    trainer = Trainer(args.out, Sampler(args.out / FOOTAGE, device, args.patch), device, minutes=args.minutes,
                      learning_rate=args.learning_rate, weights=args.weights,
                      config=configuration(args.size, args.width, args.patch), sequences=args.sequences,
                      products=torch.bfloat16 if args.bfloat16 else torch.float32, compiled=args.compile)
    trainer.run(lambda line: console.log(' '.join(f'{name} {value}' for name, value in line.items())))
    if trainer.first:
        for network, name in ((trainer.network, NAME), (trainer.averaged, f'{NAME}_averaged')):
            told = LoadedNetwork(network, NAME, True, LICENSE, NOTE.format(*args.size[::-1]))
            save_network(told, args.out / f'{name}.safetensors', dtype=torch.float16, streaming=True)
