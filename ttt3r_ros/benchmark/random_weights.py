# SPDX-License-Identifier: Apache-2.0
"""`python -m ttt3r_ros.benchmark.random_weights FILE`: random weights of a size in a file, for a live node."""

from __future__ import annotations

import argparse
from pathlib import Path

from ttt3r_ros.benchmark.campaign import SIZES, random_network
from ttt3r_ros.model.checkpoint import LoadedNetwork, save_network
from ttt3r_ros.model.precision import DTYPES


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog='python -m ttt3r_ros.benchmark.random_weights', description=__doc__)
    parser.add_argument('file', type=Path, metavar='FILE', help='a .safetensors')
    parser.add_argument('--size', choices=tuple(SIZES), default='published', help='default: %(default)s')
    parser.add_argument('--precision', choices=tuple(DTYPES), default='bfloat16',
                        help='that the file holds them in (default: %(default)s)')
    args = parser.parse_args()
    save_network(LoadedNetwork(random_network(args.size), f'random, {args.size}', False), args.file,
                 dtype=DTYPES[args.precision], streaming=True)


if __name__ == '__main__':
    main()
