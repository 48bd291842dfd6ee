# SPDX-License-Identifier: Apache-2.0
"""Where results go: asked before work begins whether it can be written to, and old results kept until there are new."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TRIED = 1 << 20  # bytes


class OutputError(RuntimeError):
    """Results cannot be written; the text names the folder and the remedy."""


def require_writable(folder: Path) -> None:
    """Make the folder, and raise OutputError if nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(TRIED))
            file.flush()
    except OSError as error:
        raise OutputError(f'{folder} cannot be written to ({error.strerror}); make room there, or give another folder '
                          'with --out') from error


def require_room(folder: Path, size: float) -> None:
    """Raise OutputError if the folder's disk has no room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OutputError(f'{folder} has {free / 1e9:.1f} GB left and {size / 1e9:.1f} are needed; make room there, or '
                          'give another folder with --out')


def keep_others_out(descriptor: int, folder: Path) -> None:
    """Hold a folder that a descriptor is open on, until that is closed. Raises OutputError where another run does, and
    OSError."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(f'{folder} is being written by another run; wait for it, or give another folder with '
                          '--out') from error


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep others, who ask the same, out of a folder that is there. Raises OutputError where one is in it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # a file system without locks: then nobody is kept out
            keep_others_out(lock, folder)
        yield
    finally:
        os.close(lock)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a folder to write results to; at the end they take the places of their old ones in `folder`, if all is well.

    Raises OutputError if the disk becomes full.
    """
    try:
        with tempfile.TemporaryDirectory(prefix='.new-', dir=folder) as fresh:
            yield Path(fresh)
            for new in Path(fresh).iterdir():
                old = folder / new.name
                if old.is_dir() and not old.is_symlink():
                    shutil.rmtree(old)
                os.replace(new, old)
    except OSError as error:
        raise OutputError(f'{folder} cannot be written to ({error.strerror or error}); make room there, or give '
                          'another folder with --out') from error
