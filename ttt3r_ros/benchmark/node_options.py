# SPDX-License-Identifier: Apache-2.0
"""What a benchmark of live nodes lets one choose of them."""

from __future__ import annotations

import argparse


def add_node_options(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument('--weights', default='embedded', help='default: %(default)s')
    parser.add_argument('--device', default='cpu', help='of the nodes (default: %(default)s)')
    parser.add_argument('--precision', default='auto', help='default: %(default)s')
    parser.add_argument('--parameters', nargs='+', default=[], metavar='NAME:=VALUE', help='others of the nodes')


def chosen(args: argparse.Namespace) -> dict:
    """Return what was chosen, for a line of JSON; the machine's own line names the device."""
    return {name: getattr(args, name) for name in ('weights', 'precision', 'parameters')}


def node_arguments(args: argparse.Namespace, *more: str) -> list[str]:
    """Return a node's arguments, to stand after --ros-args; more: parameters, NAME:=VALUE, beside the chosen ones."""
    parameters = [f'{name}:={getattr(args, name)}' for name in ('weights', 'device', 'precision')]
    return [word for parameter in (*parameters, *more, *args.parameters) for word in ('-p', parameter)]
