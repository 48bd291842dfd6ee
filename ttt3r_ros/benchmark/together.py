# SPDX-License-Identifier: Apache-2.0
"""`python -m ttt3r_ros.benchmark.together`: steps of several cameras as one batch, against the same ones singly."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import torch

from ttt3r_ros.benchmark import machine
from ttt3r_ros.benchmark.campaign import film
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.threads import limit_threads
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.together import together


def rounds(network: Network, cameras: int, images: list[np.ndarray], count: int) -> tuple[list[float], list[float]]:
    """Return the seconds that as many images take as there are cameras, singly and as one batch, in each round.

    Both in each round: what disturbs the machine disturbs them alike.
    """
    singly, batched = [], []
    reconstructors = [Reconstructor(network, make_rule('ttt3r'))]
    while len(reconstructors) < 2 * cameras:
        reconstructors.append(Reconstructor(network, make_rule('ttt3r'), beside=reconstructors[0]))
    alone, several = reconstructors[:cameras], reconstructors[cameras:]
    warm = 1 + alone[0].settling  # rounds, not counted
    for turn in range(count + warm):
        shown = [images[(turn + k) % len(images)] for k in range(cameras)]
        singly.append(_seconds(lambda: [one.step(image) for one, image in zip(alone, shown, strict=True)]))
        batched.append(_seconds(lambda: together([one.stepping(i) for one, i in zip(several, shown, strict=True)])))
    return singly[warm:], batched[warm:]


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Run the command line: a line of JSON of the machine, and one for each number of cameras."""
    parser = argparse.ArgumentParser(prog='python -m ttt3r_ros.benchmark.together', description=__doc__)
    parser.add_argument('--weights', default='embedded', help='default: %(default)s')
    parser.add_argument('--precision', default='auto', help='default: %(default)s')
    parser.add_argument('--device', default='cpu', help='default: %(default)s')
    parser.add_argument('--cameras', type=int, nargs='+', default=[1, 2, 4, 8], help='default: %(default)s')
    parser.add_argument('--rounds', type=int, default=20, help='default: %(default)s')
    args = parser.parse_args()
    device = torch.device(args.device)
    network = load_network(args.weights, args.device, args.precision).network
    images = film(24)
    limit_threads(lambda: Reconstructor(network, make_rule('ttt3r')).warm_up(images[0].shape[:2], 1), network)
    print(json.dumps(machine.describe(device) | {'weights': args.weights, 'threads': torch.get_num_threads()}))
    for cameras in args.cameras:
        singly, batched = rounds(network, cameras, images, args.rounds)
        best, best_batched = (1e3 * min(times) / cameras for times in (singly, batched))
        print(json.dumps({'cameras': cameras, 'singly_ms': round(best, 2), 'together_ms': round(best_batched, 2),
                          'ratio': round(best / best_batched, 2)}
                         | ({'reserved_mb': round(torch.cuda.max_memory_reserved(device) / 1e6)}
                            if device.type == 'cuda' else {})), flush=True)


if __name__ == '__main__':
    main()
