# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: made beside its place, renamed at the end, gone on with when it was interrupted."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ttt3r_ros.export.output_folder import OutputError, keep_others_out
from ttt3r_ros.offline.recording import FRAMES, JOURNAL, POINTS
from ttt3r_ros.reconstruction import whole_file

RESULTS, MEMORY = 'results.json', 'memory.snapshot'
PLAN, SNAPSHOT = 'plan.json', re.compile(r'snapshot-(\d+)-(\d+)')
UNFINISHED = '.unfinished'
GROUPS = 'settings', 'selection'  # of a plan's options
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class RunFolder:
    """The place `out` of a run's results, and the unfinished run beside it; one process works in it at a time.

    Use as a context manager: it stands as it is, to be gone on with, unless it is finished or no frame was answered.

    path: where to write now. What is of the work alone (plan, snapshots) goes when the run is finished.
    """

    def __init__(self, out: Path, plan: dict, *, resume: bool) -> None:
        """Take the place and the plan, JSON, that an interrupted run must have had. Raises OutputError."""
        self.out = Path(os.path.abspath(out))
        if not self.out.name:
            raise OutputError(f'{self.out} is the root of the file system: give a folder in it with --out')
        self.path = self.out.with_name(self.out.name + UNFINISHED)
        self._finished = False
        self._require_ours(Path(os.path.abspath(plan.get('source') or '')))
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                keep_others_out(self._lock, self.path)
                self._begin(plan, resume)
            except BaseException:
                os.close(self._lock)
                raise
        except OSError as error:
            raise OutputError(f'{self.path} cannot be written to ({error.strerror or error}); make room there, or give '
                              'another folder with --out') from error

    def __enter__(self) -> RunFolder:
        """Return it."""
        return self

    def __exit__(self, *error: object) -> None:
        """Let another process have it; of a run that answered no frame nothing stays."""
        if not self._finished and not self._answered():
            self._empty()
            with contextlib.suppress(OSError):  # of what is not ours
                self.path.rmdir()
        os.close(self._lock)

    @contextlib.contextmanager
    def writing(self, *, resumable: bool = True) -> Iterator[None]:
        """Raise OutputError, which says how to go on, where the disk becomes full in the block."""
        try:
            yield
        except OSError as error:
            if error.errno not in FULL:
                raise
            remedy = 'make room there and go on with --resume' if resumable else 'make room there'
            raise OutputError(f'{self.path} cannot be written to ({error.strerror}); {remedy}, or give another folder '
                              'with --out') from error

    def save(self, turn: int, number: int, snapshot: bytes) -> None:
        """Keep where the run stands: the turn, the frames taken in it, the memory; older ones go. Raises OSError."""
        name = f'snapshot-{turn}-{number}'
        whole_file.write(self.path / name, [snapshot])
        for old in self._snapshots():
            if old.name != name:
                old.unlink()

    def saved(self) -> tuple[int, int, bytes] | None:
        """Return what `save` kept last, None if nothing. Raises OSError."""
        found = self._snapshots()
        if not found:
            return None
        newest = max(found, key=_standing)
        return *_standing(newest), newest.read_bytes()

    def finish(self, *, keep_memory: bool = False) -> None:
        """Put the folder in its place; a finished one there is moved aside first and removed after.

        keep_memory: leave what was saved last in it, as MEMORY.
        """
        found = sorted(self._snapshots(), key=_standing)
        if keep_memory and found:
            os.rename(found.pop(), self.path / MEMORY)
        for left in (*found, self.path / PLAN):
            left.unlink()
        aside = None
        if self.out.exists():
            aside = self.out.with_name(f'{self.out.name}.old-{secrets.token_hex(4)}')
            os.rename(self.out, aside)
        os.rename(self.path, self.out)
        self._finished = True
        if aside is not None:
            shutil.rmtree(aside)

    def _begin(self, plan: dict, resume: bool) -> None:
        if (self.path / PLAN).exists() and self._answered():
            if not resume:
                raise OutputError(f'{self.path} holds a run that was interrupted: go on with --resume, or remove it to '
                                  'begin anew')
            self._require_same(plan)
        else:
            self._empty()
            whole_file.write(self.path / PLAN, [json.dumps(plan, indent=1).encode()])

    def _answered(self) -> bool:
        """Say whether there is anything to be gone on with."""
        journal = self.path / JOURNAL
        return bool(self._snapshots()) or journal.exists() and journal.stat().st_size > 0

    def _empty(self) -> None:
        """Remove what a run leaves that answered no frame."""
        if (self.path / PLAN).exists():
            for kind in (*FRAMES, POINTS):
                shutil.rmtree(self.path / kind, ignore_errors=True)
            (self.path / JOURNAL).unlink(missing_ok=True)
            (self.path / PLAN).unlink()

    def _snapshots(self) -> list[Path]:
        return [path for path in self.path.iterdir() if SNAPSHOT.fullmatch(path.name)]

    def _require_ours(self, source: Path) -> None:
        if os.path.lexists(self.out) and not (self.out.is_dir() and not self.out.is_symlink() and (
                all((self.out / name).is_file() for name in (RESULTS, JOURNAL)) or not any(self.out.iterdir()))):
            raise OutputError(f'{self.out} is there and is no run of ours, which could be replaced; give another '
                              'folder with --out')
        if source.is_relative_to(self.out) and source.exists():
            raise OutputError(f'{source} lies in {self.out}, which would be replaced; give another folder with --out')
        if Path.cwd().is_relative_to(self.out):  # whoever stands in it would not see the new one
            raise OutputError(f'{self.out} is the folder that this was started in, and would be replaced; give one in '
                              'it with --out')
        if self.path.is_symlink():  # all would be written to where it leads, and the link renamed
            raise OutputError(f'{self.path} is a link, and no run that was interrupted; remove it, or give another '
                              'folder with --out')

    def _require_same(self, plan: dict) -> None:
        try:
            before = json.loads((self.path / PLAN).read_text())
        except ValueError as error:
            raise OutputError(f'{self.path / PLAN} is damaged; remove {self.path} and begin anew') from error
        if other := difference(before, plan):
            raise OutputError(f'{self.path} holds a run of another {other}; resume it with the same, or remove it to '
                              'begin anew')


def difference(before: dict, now: dict) -> str:
    """Return which options two plans, JSON, differ in, and what they were before: 'end (12.0 seconds), rule (cut3r)';
    empty for nothing."""
    was, now = _options(before), _options(now)
    return ', '.join(f'{name} ({_told(was.get(name))})' for name in sorted({*was, *now})
                     if was.get(name) != now.get(name))


def _options(plan: dict) -> dict:
    """Return a plan's options without the groups that they stand in."""
    grouped = [plan[name] for name in GROUPS if isinstance(plan.get(name), dict)]
    return {name: value for group in (plan, *grouped) for name, value in group.items() if name not in GROUPS}


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ', '.join(f'{one} {name}' for name, one in value.items() if one is not None)
    return ','.join(map(str, value)) if isinstance(value, list) else 'none' if value in (None, '') else str(value)


def _standing(path: Path) -> tuple[int, int]:
    turn, number = SNAPSHOT.fullmatch(path.name).groups()
    return int(turn), int(number)
