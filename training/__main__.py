# SPDX-License-Identifier: Apache-2.0
"""`python -m training`: render footage, train, write the checkpoint; stopped and started again, it goes on."""

from __future__ import annotations

import argparse
import os
import time
from multiprocessing import get_context
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from training.curve import draw
from training.footage import render_worlds
from training.loop import Trainer
from training.sampling import Sampler
from ttt3r_ros.model.checkpoint import LoadedNetwork, save_network

NAME = 'embedded'
LICENSE = 'Apache-2.0'
NOTE = ('EMBEDDED WEIGHTS: a small network that has seen synthetic rooms alone, at 64×48 pixels. Good to try things '
        'with, not to drive by: set the parameter weights to a checkpoint (README, Weights).')
ENOUGH = 64  # worlds to begin with


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog='python -m training', description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('out/training'), metavar='FOLDER',
                        help='footage, log, curve, checkpoints; what is there is continued (default: %(default)s)')
    parser.add_argument('--minutes', type=float, default=90, help='of training, over all runs (default: %(default)s)')
    parser.add_argument('--worlds', type=int, default=360, help='3 MB and some 3 s of one core each '
                        '(default: %(default)s)')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='that render (default: %(default)s)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu', help='default: %(default)s')
    parser.add_argument('--learning-rate', type=float, default=8e-4, help='default: %(default)s')
    parser.add_argument('--compile', action='store_true', help='compile the blocks: a quarter faster on a CPU, after '
                        'some minutes; wants a C++ compiler')
    args = parser.parse_args()
    console = Console(highlight=False)
    footage = args.out / 'footage'
    renderers = [get_context('spawn').Process(target=render_worlds, daemon=True,
                                              args=(footage, args.worlds, first, args.workers, args.device))
                 for first in range(args.workers)]
    for process in renderers:
        process.start()
    # On a CPU rendering and training would only be in each other's way.
    enough = args.worlds if args.device == 'cpu' else min(args.worlds, ENOUGH)
    bar = Progress(TextColumn('{task.description}'), BarColumn(), TextColumn('{task.completed:.0f}/{task.total:.0f}'),
                   TimeElapsedColumn(), console=console)
    with bar:
        task = bar.add_task('worlds', total=enough)
        while (there := len(list(footage.glob('*.npy')))) < enough:
            if not any(process.is_alive() for process in renderers):
                raise SystemExit(f'rendering ended with {there} of {args.worlds} worlds: see above')
            bar.update(task, completed=there)
            time.sleep(1)
    device = torch.device(args.device)
    trainer = Trainer(args.out, Sampler(footage, device), device, minutes=args.minutes,
                      learning_rate=args.learning_rate, compiled=args.compile)
    trainer.run(lambda line: console.log(' '.join(f'{name} {value}' for name, value in line.items())))
    loaded = LoadedNetwork(trainer.network, NAME, True, LICENSE, NOTE)
    save_network(loaded, args.out / f'{NAME}.safetensors', dtype=torch.float16, streaming=True)
    draw(args.out / 'log.jsonl', args.out / 'curve.png')
    console.log(f'{args.out}/{NAME}.safetensors, curve.png, log.jsonl')


if __name__ == '__main__':
    main()
