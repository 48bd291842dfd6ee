# SPDX-License-Identifier: Apache-2.0
"""Where the measuring commands show their results: on the terminal, and in table.txt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def open_console(width: int) -> Console:
    """Return the terminal; what is none is so many characters wide."""
    # rich takes a while to import, which `ttt3r --help` need not wait for.
    from rich.console import Console

    console = Console(log_time=False, log_path=False, highlight=False)
    if not console.is_terminal:
        console.width = width
    return console


def write_table(folder: Path, *shown: Table | str, width: int) -> None:
    """Write table.txt: tables, and notes that lines are not broken in. Raises OSError."""
    from rich.console import Console

    with (folder / 'table.txt').open('w') as file:
        show(Console(file=file, width=width), *shown)


def show(console: Console, *shown: Table | str) -> None:
    """Print tables, and notes as they are."""
    for one in shown:
        if isinstance(one, str):
            console.print(one, markup=False, soft_wrap=True)
        else:
            console.print(one)
