# SPDX-License-Identifier: Apache-2.0
"""Whole numbers that an option takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def at_least(least: int) -> Callable[[str], int]:
    """Return what reads a whole number for argparse, which refuses a smaller one in a line."""
    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f'{number} is too few: take at least {least}')
        return number

    read.__name__ = 'whole number'  # in argparse's line about what is none
    return read
