# SPDX-License-Identifier: Apache-2.0
"""The memory on disk: a snapshot and where the robot stood, whole or not there at all, and the saving of it in time."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ttt3r_ros.reconstruction import whole_file
from ttt3r_ros.reconstruction.fields import MOST_NANOSECONDS, FieldError, Fields
from ttt3r_ros.reconstruction.whole_file import FileError, FilePath, NoSuchFile, NotRegular

if TYPE_CHECKING:
    from ttt3r_ros.reconstruction.reconstructor import Reconstructor

logger = logging.getLogger(__name__)

VERSION = 2
MAGIC = b'ttt3r_ros.state\n'
SIZES = struct.Struct('<IQQ')  # version, bytes of context, bytes of snapshot
DIGEST = hashlib.sha256
HEAD = len(MAGIC) + SIZES.size + DIGEST().digest_size
MOST_CONTEXT = 1 << 24  # bytes; some 20 kB are usual
MOST_SNAPSHOT = 1 << 30  # bytes; 8 MB with the published weights
REFUSED = '.refused'
MOST_REFUSED = 3  # old states that are kept: the first ones and the newest
NOT_ALONE = ('held a state that is not ours: another node saves there too, and each replaces what the other has saved; '
             'give each a state_file of its own')
NAME_ONE = 'name one that ~/save_state or the autosave wrote'


class StateFileError(ValueError):
    """A state file that cannot be written, read or used; the message names the file and the remedy."""


class StateFileMissing(StateFileError):
    """There is no such file: on a robot's first start this is as it should be."""


@dataclass(frozen=True)
class Context:
    """What the node must know beside the snapshot to go on in the same odometry frame.

    pose (4, 4) float64: the last published one in odom_frame, None if none was. stamp: of the last image, integer
    nanoseconds, None before the first. odometry: what the path's way to the odometry frame remembers, JSON.
    saved_ns: when it was made, time.time_ns().
    Raises ValueError for a pose of another shape or one that is not finite.
    """

    odom_frame: str
    camera_frame: str
    pose: np.ndarray | None = None
    stamp: int | None = None
    odometry: dict[str, Any] = field(default_factory=dict)
    saved_ns: int = field(default_factory=time.time_ns)

    def __post_init__(self) -> None:
        if self.pose is not None and (np.shape(self.pose) != (4, 4) or not np.isfinite(self.pose).all()):
            raise ValueError('the pose of a state must be a finite (4, 4) matrix')

    def to_json(self) -> bytes:
        """Return it as JSON; every float comes back to the bit."""
        pose = None if self.pose is None else np.asarray(self.pose, np.float64).tolist()
        return json.dumps(asdict(self) | {'pose': pose}, allow_nan=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Context:
        """Return what to_json made; of odometry only that it is an object. Raises FieldError for anything else."""
        try:
            fields = Fields(json.loads(data))
        except (ValueError, RecursionError) as error:  # FieldError is one
            raise FieldError(f'its context is no JSON object ({error})') from error
        pose = fields.none_or(fields.pose, 'pose')
        stamp = fields.none_or(fields.whole, 'stamp', -MOST_NANOSECONDS, MOST_NANOSECONDS)
        odometry = fields.value('odometry')
        Fields(odometry, 'odometry')
        found = cls(fields.text('odom_frame'), fields.text('camera_frame'), pose, stamp, odometry,
                    fields.whole('saved_ns', 0, 2**63 - 1))
        fields.end()
        return found


def save(path: str | os.PathLike | FilePath, snapshot: bytes, context: Context) -> bytes:
    """Write a state file, whole or not at all: see whole_file.write; return its checksum.

    Raises StateFileError, the old file untouched.
    """
    about = context.to_json()
    sizes = SIZES.pack(VERSION, len(about), len(snapshot))
    checksum = _digest(sizes, about, snapshot)
    try:
        whole_file.write(path, (MAGIC, sizes, checksum, about, snapshot))
    except FileError as error:
        raise StateFileError(str(error)) from error
    return checksum


def _told_checksum(path: str | os.PathLike | FilePath) -> bytes | None:
    """Return the checksum that a file's head tells, None where there is no file, or none that can be read."""
    try:
        with FilePath.of(path).open() as file:
            return file.read(HEAD)[-DIGEST().digest_size:]
    except OSError:
        return None


def load(path: str | os.PathLike | FilePath) -> tuple[bytes, Context]:
    """Return snapshot and context from a state file.

    Raises StateFileMissing if there is none, StateFileError if it cannot be read, is no state file, or is damaged.
    """
    try:
        path = FilePath.of(path)
        with path.open() as file:
            return _read(path, file)
    except NoSuchFile as error:
        raise StateFileMissing(f'{error}: start afresh, or name the file of an earlier run') from error
    except NotRegular as error:
        raise StateFileError(f'{path} is no state file, but {error.reason}: {NAME_ONE}') from error
    except FileError as error:
        raise StateFileError(str(error)) from error
    except OSError as error:
        raise StateFileError(f'{path} cannot be read ({error.strerror}): try again, or start afresh') from error


def _read(path: FilePath, file: BinaryIO) -> tuple[bytes, Context]:
    head = file.read(HEAD)
    if not head.startswith(MAGIC):
        raise StateFileError(f'{path} is no state file: {NAME_ONE}')
    if len(head) < HEAD:
        raise _damaged(path, 'it is truncated')
    version, context_size, snapshot_size = SIZES.unpack_from(head, len(MAGIC))
    if version != VERSION:
        raise StateFileError(f'{path} is of version {version}, not {VERSION}: load it with the ttt3r_ros that wrote '
                             'it, or remove it and start afresh')
    size = os.fstat(file.fileno()).st_size
    if size != HEAD + context_size + snapshot_size:
        raise _damaged(path, f'it has {size} bytes instead of {HEAD + context_size + snapshot_size}')
    if context_size > MOST_CONTEXT or snapshot_size > MOST_SNAPSHOT:
        raise StateFileError(f'{path} has {size / 1e6:.0f} MB, more than any state of ours: {NAME_ONE}')
    about, snapshot = file.read(context_size), file.read(snapshot_size)
    if _digest(head[len(MAGIC):len(MAGIC) + SIZES.size], about, snapshot) != head[-DIGEST().digest_size:]:
        raise _damaged(path, 'its checksum is wrong')
    try:
        return snapshot, Context.from_json(about)
    except FieldError as error:
        raise StateFileError(f'{path} cannot be used, {error}: {NAME_ONE}, or start afresh') from error


def restore(path: str | os.PathLike, reconstructor: Reconstructor) -> Context:
    """Load a state file into a reconstructor and return its context.

    Raises what load raises, and StateFileError if it was saved with other weights; the reconstructor is then as it
    was.
    """
    snapshot, context = load(path)
    try:
        reconstructor.restore(snapshot)
    except ValueError as error:
        raise StateFileError(f'{path} does not fit: {error}') from error
    return context


class Autosave:
    """Saves every so often on a thread of its own, so that inference never waits for the disk."""

    def __init__(self, path: str | os.PathLike | FilePath, interval_s: float, report: Callable[[StateFileError], None],
                 clock: Callable[[], float] = time.monotonic) -> None:
        """Take the file, the seconds between two saves (0: none is ever due; may be changed), and whom to tell.

        report is called on the saving thread, once for each cause until a save succeeds. clock: seconds, monotonic.
        """
        self.interval_s = interval_s
        self._path = path
        self._report = report
        self._clock = clock
        self._last = clock()
        self._changed = threading.Condition()
        self._waiting: tuple[bytes, Context] | None = None
        self._writing = False
        self._told: set[str] = set()
        self._safe = True
        self._disk = threading.Lock()
        self._own: bytes | None = None  # the checksum of what was saved last
        self.failure: str | None = None  # why the last save failed, or will not stay; None if it did not, and will
        self.keeps_old = False  # the file that is there was not taken over

    def try_out(self) -> None:
        """Tell now if the file cannot be written, and not when a state is lost by it."""
        try:
            if self._path:
                whole_file.require_writable(self._path)
        except FileError as error:
            self.failure = str(error)
            self._told.add(error.reason)
            self._tell(StateFileError(self.failure))

    def due(self) -> bool:
        """Say whether a save is due; nothing but a look at the clock."""
        return self.interval_s > 0 and self._clock() - self._last >= self.interval_s

    def submit(self, snapshot: bytes, context: Context) -> None:
        """Leave a state to be saved, in place of one that still waits, and return at once."""
        with self._changed:
            self._last = self._clock()
            self._waiting = snapshot, context
            if not self._writing:
                self._writing = True
                # A daemon: a disk that hangs must not keep the process; what it leaves is the old file.
                threading.Thread(target=self._drain, name='autosave', daemon=True).start()

    def keep_old(self, refused: str | os.PathLike | FilePath) -> None:
        """Take it that the state in a file was not taken over: if it is this one, it is kept beside the next one."""
        self.keeps_old = self.keeps_old or self.writes(refused)

    def writes(self, path: str | os.PathLike | FilePath) -> bool:
        """Say whether a path is this file's."""
        return bool(self._path) and FilePath.of(path) == FilePath.of(self._path)

    def save(self, snapshot: bytes, context: Context) -> None:
        """Save now, on this thread. Raises StateFileError."""
        with self._disk:
            try:
                if self.keeps_old:
                    self._keep()
                alone = self._own is None or _told_checksum(self._path) in (None, self._own)
                self._own = save(self._path, snapshot, context)
                self.keeps_old, self.failure = False, None if alone else f'{self._path} {NOT_ALONE}'
            except StateFileError as error:
                self.failure = str(error)
                raise

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all that was submitted is written; say whether the newest is safe on the disk."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._writing, timeout_s) and self._safe

    def _keep(self) -> None:
        try:
            kept = whole_file.keep_beside(self._path, REFUSED, MOST_REFUSED)
        except FileError as error:
            raise StateFileError(str(error)) from error
        if kept is not None:
            logger.warning('the old state, which was not taken over, is kept as %s', kept)

    def _drain(self) -> None:
        while True:
            with self._changed:
                if self._waiting is None:
                    self._writing = False
                    self._changed.notify_all()
                    return
                snapshot, context = self._waiting
                self._waiting = None
            self._safe = False
            try:
                self.save(snapshot, context)
            except StateFileError as error:
                reason = error.__cause__.reason
                if reason not in self._told:
                    self._told.add(reason)
                    self._tell(error)
            except Exception as error:
                self.failure = repr(error)
                # One state that cannot be saved must not end the saving of those after it.
                logger.exception('the autosave failed in a way that nobody foresaw')
            else:
                self._safe = True
                told, self._told = self._told, self._told & {NOT_ALONE}  # which comes and goes with the other's saves
                if self.failure is not None and NOT_ALONE not in told:
                    self._told.add(NOT_ALONE)
                    self._tell(StateFileError(self.failure))

    def _tell(self, error: StateFileError) -> None:
        try:
            self._report(error)
        except Exception:
            logger.exception('the autosave failed (%s) and so did the report of it', error)


def _digest(*parts: bytes) -> bytes:
    digest = DIGEST()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _damaged(path: FilePath, how: str) -> StateFileError:
    return StateFileError(f'{path} is damaged, {how}: remove it and start afresh')
