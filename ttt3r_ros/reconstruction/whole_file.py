# SPDX-License-Identifier: Apache-2.0
"""Files that are written whole or not at all, by every save there is, and never to where they do not belong."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

FOLDER_MODE, FILE_MODE = 0o700, 0o600  # of what is new: a memory shows the inside of a house
PART = re.compile(r'\.ttt3r_ros-[0-9a-f]{32}\.part')
KINDS = ((stat.S_ISDIR, 'directory'), (stat.S_ISFIFO, 'named pipe'), (stat.S_ISSOCK, 'socket'),
         (stat.S_ISCHR, 'device'), (stat.S_ISBLK, 'device'), (stat.S_ISLNK, 'link'))


class FileError(OSError):
    """A file that cannot be written or read; the message names it and the remedy, `reason` is the cause alone."""

    strerror = property(lambda self: self.reason)  # with errno what is told of any OSError

    def __init__(self, message: str, reason: str, number: int | None = None) -> None:
        """Take both, and the errno of the system's error behind it, if there is one."""
        super().__init__(message)
        self.reason, self.errno = reason, number


class NoSuchFile(FileError):
    """There is none of that name."""


class NotRegular(FileError):
    """Something of that name is there, and it is no file."""


@dataclass(frozen=True)
class FilePath:
    """A file by its folder, an absolute path without links, and its name there.

    Links are resolved once, when it is made; afterwards the way down meets none, or the file is refused: so nobody can
    lay one between the question whether a path is allowed and its use.
    """

    folder: str
    name: str

    @classmethod
    def of(cls, path: str | os.PathLike | FilePath) -> FilePath:
        """Return an operator's path, which may lead anywhere; `~` is the home, links are followed.

        Raises FileError for what no path can be.
        """
        if isinstance(path, cls):
            return path
        return cls(*os.path.split(os.path.realpath(_file_name(os.fspath(path)))))

    @classmethod
    def below(cls, folder: str | os.PathLike, path: str) -> FilePath:
        """Return a stranger's path, relative to a folder and below it; an absolute one and links may lead there too.

        Raises FileError for one that leads elsewhere.
        """
        root = os.path.realpath(_expanded(os.fspath(folder)))
        real = os.path.realpath(os.path.join(root, _file_name(path)))
        if real == root or os.path.commonpath((root, real)) != root:
            raise FileError(f'{path!r} leads to {real}, which is not below {root}: name a file in that folder, '
                            'relative to it', 'it leads out of its folder')
        return cls(*os.path.split(real))

    def __str__(self) -> str:
        """Return the whole path."""
        return os.path.join(self.folder, self.name)

    def named(self, name: str) -> FilePath:
        """Return another file of the same folder."""
        return FilePath(self.folder, name)

    def open_folder(self, *, make: bool = False) -> int:
        """Return a descriptor of the folder, which is made if asked for; to be closed. Raises OSError."""
        folder = os.open('/', os.O_PATH | os.O_DIRECTORY)
        # Only the last must be readable, and can then be synced.
        for step in (*filter(None, self.folder.split('/')), '.'):
            how = (os.O_RDONLY if step == '.' else os.O_PATH) | os.O_DIRECTORY | os.O_NOFOLLOW
            above = folder
            try:
                try:
                    folder = os.open(step, how, dir_fd=above)
                except FileNotFoundError:
                    if not make:
                        raise
                    _make_folder(step, above)
                    folder = os.open(step, how, dir_fd=above)
            finally:
                os.close(above)
        return folder

    def open(self) -> BinaryIO:
        """Open it for reading. Raises NoSuchFile, NotRegular, FileError."""
        try:
            folder = self.open_folder()
            try:
                self._require_regular(folder)  # to open a device may do something
                # Without O_NONBLOCK a named pipe would keep us until somebody writes to it.
                file = os.fdopen(os.open(self.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), 'rb')
            finally:
                os.close(folder)
        except FileNotFoundError as error:
            raise NoSuchFile(f'{self} does not exist', error.strerror) from error
        except FileError:
            raise
        except OSError as error:
            raise FileError(f'{self} cannot be read ({error.strerror}): name a file that this user may read',
                            error.strerror, error.errno) from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise NotRegular(f'{self} has become something else than a file', 'no file')
        return file

    def _require_regular(self, folder: int) -> int:
        """Return the mode of the file that is there. Raises FileNotFoundError, NotRegular."""
        mode = os.stat(self.name, dir_fd=folder, follow_symlinks=False).st_mode
        for is_one, kind in KINDS:
            if is_one(mode):
                raise NotRegular(f'{self} is a {kind} and no file: name another', f'a {kind}')
        return stat.S_IMODE(mode)


@dataclass(frozen=True)
class Writing:
    """A file that is to be written, by a thread that may wait for the disk; told: what it then holds."""

    target: FilePath
    data: bytes
    told: str

    def write(self) -> None:
        """Write it whole or not at all. Raises FileError."""
        write(self.target, (self.data,))


def write(path: str | os.PathLike | FilePath, parts: Iterable[bytes]) -> None:
    """Write a file; killed at any moment, the power gone, the old one is there or the new one, and it is whole.

    Folders are made if need be. An old file leaves its mode to the new one. Saves wait for nobody, and of several at a
    time the last one stays. What a killed process left unfinished in the folder is cleared away. Raises FileError, the
    old file untouched.
    """
    file, size = FilePath.of(path), 0
    try:
        folder = file.open_folder(make=True)
        try:
            _clear_away(folder)
            mode = FILE_MODE
            with contextlib.suppress(FileNotFoundError):
                mode = file._require_regular(folder)
            part, name = _new_part(folder)
            with part:  # and with it the lock, until it has its name
                try:
                    os.fchmod(part.fileno(), mode)
                    for data in parts:
                        size += len(data)
                        part.write(data)
                    part.flush()
                    os.fsync(part.fileno())
                    os.replace(name, file.name, src_dir_fd=folder, dst_dir_fd=folder)
                except BaseException:
                    with contextlib.suppress(OSError):
                        os.unlink(name, dir_fd=folder)
                    raise
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileError:
        raise
    except OSError as error:
        raise _unwritable(file, error, size) from error


def require_writable(path: str | os.PathLike | FilePath) -> None:
    """Raise FileError unless `write` can begin now; folders are made if need be, and nothing else stays."""
    file = FilePath.of(path)
    try:
        folder = file.open_folder(make=True)
        try:
            with contextlib.suppress(FileNotFoundError):
                file._require_regular(folder)
            part, name = _new_part(folder)
            with part:
                os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)
    except FileError:
        raise
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: FilePath, error: OSError, size: int = 0) -> FileError:
    return FileError(f'{file} cannot be written ({error.strerror}): name a file in a folder that this user may '
                     f'write to, with {max(size / 1e6, 0.1):.1f} MB free', error.strerror, error.errno)


def keep_beside(path: str | os.PathLike | FilePath, suffix: str, most: int) -> FilePath | None:
    """Keep a file under NAME+suffix, NAME+suffix.2, …, the first of them that is free, so that a new one may follow.

    Of `most` that are taken the last one makes room. Returns what it is kept as, None if there is no file. Raises
    FileError.
    """
    file = FilePath.of(path)
    kept = [file.named(file.name + suffix + (f'.{i}' if i > 1 else '')) for i in range(1, most + 1)]
    try:
        folder = file.open_folder()
        try:
            file._require_regular(folder)
            taken = set(os.listdir(folder))
            beside = next((one for one in kept if one.name not in taken), kept[-1])
            with contextlib.suppress(FileNotFoundError):
                beside._require_regular(folder)
            _link_or_move(file.name, beside.name, folder)
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileNotFoundError:
        return None
    except FileError:
        raise
    except OSError as error:
        raise FileError(f'{file} cannot be kept beside itself ({error.strerror}): name a file in a folder that this '
                        'user may write to', error.strerror, error.errno) from error
    return beside


def _expanded(path: str) -> str:
    """Return a path with its home. Raises FileError for what no path can be."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise FileError(f'{path!r} has a character that no path can have: name another', 'no path') from error
    if '\0' in path:
        raise FileError(f'{path!r} has a character that no path can have: name another', 'no path')
    if not path:
        raise FileError('no path is given: name a file', 'no path')
    expanded = os.path.expanduser(path)
    if expanded.startswith('~'):
        raise FileError(f'{path!r} names the home of nobody here: name another folder', 'nobody has that home')
    return expanded


def _file_name(path: str) -> str:
    """Return a path with its home. Raises FileError, also for one that can name a folder alone."""
    expanded = _expanded(path)
    if os.path.basename(expanded) in ('', '.', '..'):
        raise FileError(f'{path!r} names a directory: name a file in it', 'a directory')
    return expanded


def _make_folder(name: str, above: int) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, FOLDER_MODE, dir_fd=above)
    with contextlib.suppress(OSError):  # where it may not be read it cannot be synced
        parent = os.open('.', os.O_RDONLY | os.O_DIRECTORY, dir_fd=above)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


def _link_or_move(name: str, other: str, folder: int) -> None:
    """Give a file another name, in place of what has it; the old one stays where the file system can do that."""
    linked = _part_name()
    try:
        os.link(name, linked, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:  # FAT, and some network file systems
        os.replace(name, other, src_dir_fd=folder, dst_dir_fd=folder)
        return
    os.replace(linked, other, src_dir_fd=folder, dst_dir_fd=folder)
    with contextlib.suppress(FileNotFoundError):  # there still if `other` was the same file already
        os.unlink(linked, dir_fd=folder)


def _part_name() -> str:
    return f'.ttt3r_ros-{secrets.token_hex(16)}.part'


def _new_part(folder: int) -> tuple[BinaryIO, str]:
    """Return a new file, locked, and its name, which nobody can have foreseen."""
    while True:
        name, how = _part_name(), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        part = os.fdopen(os.open(name, how, FILE_MODE, dir_fd=folder), 'wb')
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # somebody clears away, and took it for a left one
            part.close()
            continue
        except OSError:  # a file system without locks: then nobody clears away either
            return part, name
        if os.fstat(part.fileno()).st_nlink:
            return part, name
        part.close()


def _clear_away(folder: int) -> None:
    """Remove parts that a killed process of ours has left: nobody has them locked."""
    for name in os.listdir(folder):
        if not PART.fullmatch(name):
            continue
        with contextlib.suppress(OSError):
            left = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            try:
                found = os.fstat(left)
                if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
                    continue
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(left)
