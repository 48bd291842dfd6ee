# SPDX-License-Identifier: Apache-2.0
"""`python -m ttt3r_ros.benchmark.endurance`: frames a second over many frames, and whether memory stays what it was."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ttt3r_ros.benchmark import machine
from ttt3r_ros.benchmark.campaign import FILM, SIZES, film, random_network
from ttt3r_ros.model.precision import DTYPES
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor

REPORTS = 10  # in a run
WARM = 5  # frames, not counted: on CUDA the third is recorded


def memory(device: torch.device) -> int | None:
    """Return the bytes that PyTorch has reserved on a GPU at most, else the process's resident ones (Linux)."""
    return torch.cuda.max_memory_reserved(device) if device.type == 'cuda' else machine.resident_bytes()


def endure(reconstructor: Reconstructor, images: list[np.ndarray], frames: int, device: torch.device,
           report: Callable[[dict], None]) -> None:
    """Step a reconstructor through images, over and over; report is called REPORTS times.

    Each report: frame, the last one's number; frames_per_s, step_p50_ms, step_p95_ms since the report before, each step
    up to its answer in the host's memory; memory_mb.
    """
    for i in range(WARM):
        reconstructor.step(images[i % len(images)])
    every, times = max(1, frames // REPORTS), []
    for frame in range(1, frames + 1):
        began = time.perf_counter()
        reconstructor.step(images[frame % len(images)], lambda: images[(frame + 1) % len(images)])
        times.append(time.perf_counter() - began)
        if frame % every == 0:
            taken, held = np.array(times), memory(device)
            report({'frame': frame, 'frames_per_s': len(taken) / taken.sum(),
                    'step_p50_ms': 1e3 * float(np.median(taken)), 'step_p95_ms': 1e3 * float(np.percentile(taken, 95)),
                    'memory_mb': None if held is None else held / 1e6})
            times.clear()


def main() -> None:
    """Run the command line: a line of JSON for each report, and one of the machine before them."""
    parser = argparse.ArgumentParser(prog='python -m ttt3r_ros.benchmark.endurance', description=__doc__)
    parser.add_argument('--size', choices=tuple(SIZES), default='small', help='random weights (default: %(default)s)')
    parser.add_argument('--precision', choices=tuple(DTYPES), default='float32', help='default: %(default)s')
    parser.add_argument('--device', default='cpu', help='default: %(default)s')
    parser.add_argument('--frames', type=int, default=10_000, help='default: %(default)s')
    parser.add_argument('--out', type=Path, required=True, metavar='FILE', help='where the lines go, too')
    args = parser.parse_args()
    device = torch.device(args.device)
    network = random_network(args.size, streaming=True).for_inference(DTYPES[args.precision]).to(device)
    with args.out.open('w') as file:
        def report(line: dict) -> None:
            text = json.dumps(line)
            print(text, flush=True)
            print(text, file=file, flush=True)

        report({**machine.describe(device), 'size': args.size, 'precision': args.precision})
        endure(Reconstructor(network, make_rule('ttt3r')), film(2 * FILM - 2), args.frames, device, report)


if __name__ == '__main__':
    main()
