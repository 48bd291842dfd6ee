# SPDX-License-Identifier: Apache-2.0
"""`ttt3r parameters`: every parameter of the node as Markdown, from the node's own declarations."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttt3r_ros.ros.declarations import Declaration

HEAD = """# Parameters

Made by `ttt3r parameters > docs/parameters.md` from what the node declares; `ros2 param describe` tells the same. Those
marked live take effect from the next frame on, those marked read-only are given at start alone; the others when the
node is configured.

| name | default | values | live | |
|---|---|---|---|---|
"""


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Declare the command."""
    return subparsers.add_parser('parameters', help="write the reference of the node's parameters",
                                 description="Writes every parameter of the node, as Markdown, to the output.")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    sys.stdout.write(reference())
    return 0


def reference() -> str:
    """Return docs/parameters.md."""
    from ttt3r_ros.ros.declarations import DECLARATIONS

    return HEAD + ''.join(f'| `{d.name}` | `{json.dumps(d.default)}` | {_values(d)} | {_when(d)} | '
                          f'{_sentence(d.text)} |\n' for d in DECLARATIONS)


def _when(declaration: Declaration) -> str:
    return 'live' if declaration.live else 'read-only' if declaration.read_only else ''


def _values(declaration: Declaration) -> str:
    if declaration.choices:
        return ', '.join(f'`{choice}`' for choice in declaration.choices)
    if declaration.low is not None:
        return f'{declaration.low:,.10g} to {declaration.high:,.10g}'
    if isinstance(declaration.default, tuple):
        return 'names' if isinstance(declaration.default[0], str) else f'{len(declaration.default)} numbers'
    return {bool: 'true, false', str: 'text'}[type(declaration.default)]


def _sentence(text: str) -> str:
    text = text.replace('|', r'\|')
    return text[0].upper() + text[1:] + '.'
