# SPDX-License-Identifier: Apache-2.0
"""Which files make up the recording that a path stands for, and what reads each."""

from __future__ import annotations

import logging
from pathlib import Path

import zstandard
from ruamel.yaml import YAML

from .mcap_file import McapFile
from .picture_files import natural
from .ros1_file import Ros1File
from .sequence import SequenceError
from .sqlite_file import SqliteFile
from .storage import Storage, repair

METADATA = 'metadata.yaml'
SUFFIXES = ('.mcap', '.db3', '.bag', '.mcap.zstd', '.db3.zstd')
ZSTD = b'\x28\xb5\x2f\xfd'
READERS: dict[bytes, type[Storage]] = {b'\x89MCAP0': McapFile, b'SQLite format 3': SqliteFile, b'#ROSBAG V': Ros1File}

_log = logging.getLogger(__name__)


def files_of(path: Path) -> list[Path]:
    """Return the bag files of a recording in order, none if the path stands for none.

    A file is taken by its name or by how it begins; a folder by its metadata.yaml, or by the bag files in it: the parts
    of one recording, or ROS 1 bags. Raises SequenceError if its files are several recordings, or missing.
    """
    if path.is_file():
        return [path] if path.name.lower().endswith(SUFFIXES) or begins_as_bag(path) else []
    found = sorted((file for file in path.iterdir() if file.name.lower().endswith(SUFFIXES) and file.is_file()),
                   key=natural)
    named = _named(path)
    there = [path / name for name in named if (path / name).is_file()]
    if len(there) < len(named):
        _log.warning('%s: %d of the %d files that its %s names are not there; copy them there', path,
                     len(named) - len(there), len(named), METADATA)
    if there:
        return there
    if not found:
        if (path / METADATA).is_file():
            raise SequenceError(f'{path} has a {METADATA} and no bag file; copy its .mcap or .db3 files there')
        return []
    if all(file.suffix == '.bag' for file in found):
        return found
    # `walk_0.mcap`, `walk_1.mcap` …: one recording in parts, which was cut off before its metadata were written.
    stems = {file.name.split('.')[0].rpartition('_')[0] or file.name for file in found}
    if len(found) > 1 and len(stems) > 1:
        raise SequenceError(f'{path} has {len(found)} recordings ({", ".join(file.name for file in found[:4])} …) and '
                            f'no {METADATA}; give one of them, or run "ros2 bag reindex {path}" if they are one')
    return found


def _named(folder: Path) -> list[str]:
    """Return the names of the files that the folder's metadata name; none if they cannot be read."""
    path = folder / METADATA
    if not path.is_file():
        return []
    try:
        told = YAML(typ='safe').load(path.read_text())['rosbag2_bagfile_information']
        # Old recordings have the folder before the name.
        return [Path(str(name)).name for name in told['relative_file_paths']]
    except Exception as error:  # no text, no YAML, other content: the files are there all the same
        _log.warning('%s cannot be read (%s): the bag files beside it are taken', path, type(error).__name__)
        return []


def storage_of(path: Path, folder: Path) -> Storage:
    """Return the reader of a file, unpacked into `folder` if it is packed; raises SequenceError."""
    if not _start(path).startswith(ZSTD):
        return _plain(path, path)
    unpacked, whole = _unpacked(path, folder)
    try:
        return _plain(unpacked, path)
    except SequenceError as error:
        if whole:
            raise
        raise SequenceError(f'{path} is cut or damaged, and what is left of it is no bag; copy it again from where '
                            '"zstd -t" finds it whole') from error


def begins_as_bag(path: Path) -> bool:
    """Return whether a file is one of these by its first bytes."""
    return any(_start(path).startswith(magic) for magic in READERS)


def _plain(path: Path, shown: Path) -> Storage:
    start = _start(path)
    for magic, reader in READERS.items():
        if start.startswith(magic):
            return reader(path, shown)
    raise SequenceError(f'{shown} cannot be read as a bag (it does not begin as one); it is empty or damaged: '
                        f'{repair(shown)}')


def _start(path: Path) -> bytes:
    try:
        with path.open('rb') as file:
            return file.read(16)
    except OSError as error:
        raise SequenceError(f'{path} cannot be read ({error.strerror}); see its permissions') from error


def _unpacked(path: Path, folder: Path) -> tuple[Path, bool]:
    """Return the file in a .zstd file, as far as it goes, and whether that is all of it."""
    target = folder / path.name.removesuffix('.zstd')
    decoder = zstandard.ZstdDecompressor().decompressobj()
    try:
        with path.open('rb') as packed, target.open('wb') as file:
            try:
                while data := packed.read(1 << 20):
                    while data:
                        if decoder.eof:  # one frame follows another
                            decoder = zstandard.ZstdDecompressor().decompressobj()
                        file.write(decoder.decompress(data))
                        data = decoder.unused_data
            except zstandard.ZstdError:
                return target, False
    except OSError as error:
        raise SequenceError(f'{path} cannot be unpacked to {folder} ({error.strerror}); make room there, or unpack it '
                            'with "zstd -d"') from error
    return target, decoder.eof
