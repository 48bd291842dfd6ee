# SPDX-License-Identifier: Apache-2.0
"""How far a stage is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

LINE_EVERY_S = 3.0


class Progress:
    """The progress of one stage; use as a context manager."""

    def __init__(self, console: Console, title: str, total: int | None = None) -> None:
        """Take where to show it, what the stage is called and how many steps it has (None: nobody knows)."""
        self._console = console
        self._title = escape(title)  # a path may look like markup
        self._total = total
        self._bar = None
        if console.is_terminal:
            count = [BarColumn(bar_width=28), MofNCompleteColumn()] if total is not None else []
            self._bar = Bar(SpinnerColumn(), TextColumn('{task.description}'), *count, TimeElapsedColumn(),
                            TextColumn('[dim]{task.fields[note]}'), console=console, transient=True)
            self._task = self._bar.add_task(self._title, total=total, note='')

    def __enter__(self) -> Progress:
        """Show the stage as begun."""
        self._start = self._told = time.monotonic()
        if self._bar is not None:
            self._bar.start()
        else:
            self._console.log(f'{self._title} ...')
        return self

    def update(self, done: int | None = None, note: str = '') -> None:
        """Say how many steps are done, and a word about it."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=note)
        elif time.monotonic() - self._told >= LINE_EVERY_S:
            self._told = time.monotonic()
            count = '' if done is None else f'{done}/{"?" if self._total is None else self._total}'
            self._console.log('  ' + '  '.join(part for part in (count, note) if part))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Take the bar away; say that the stage is done unless it failed."""
        if self._bar is not None:
            self._bar.stop()
        if kind is None:
            self._console.log(f'{self._title}: [green]done[/] in {time.monotonic() - self._start:.1f} s')
