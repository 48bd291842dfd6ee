# SPDX-License-Identifier: Apache-2.0
"""What a batch is about: patterns, lists and addresses become sources, each with a folder of its own name."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ttt3r_ros.fleet.cluster import FleetError
from ttt3r_ros.sequences import picture_files
from ttt3r_ros.sequences.opening import ADDRESS, CAMERA
from ttt3r_ros.sequences.trajectory import text_lines

LIST = '.txt'
SYNTHETIC = 'synthetic'
MAGIC = frozenset('*?[')
IMAGES = 'rgb'  # a folder's name that names no sequence
REMARK = re.compile(r'(?:^|\s)#')  # a name may have the sign in it
LONGEST = 100  # characters of a folder's name


def expand(given: Sequence[str]) -> list[str]:
    """Return the sources that arguments name, once each, in their order: a pattern's in that of their names.

    A text file ending in .txt names one a line, '#' by itself begins a remark, and relative paths are relative to it.
    Local paths become absolute, as a worker stands elsewhere. Raises FleetError for a pattern that fits nothing, a list
    that cannot be read, a camera.
    """
    found: list[str] = []
    for text in given:
        found += _listed(Path(text).expanduser()) if text.endswith(LIST) and not is_address(text) else _one(text, '')
    return list(dict.fromkeys(found))


def is_address(source: str) -> bool:
    """Say whether a source is elsewhere: s3://…, gs://…, https://…"""
    return ADDRESS.match(source) is not None


def folders_of(sources: Sequence[str]) -> dict[str, str]:
    """Return a folder's name for each source: its last part, made longer where several have the same."""
    short = {source: _short(source) for source in sources}
    often = Counter(name.lower() for name in short.values())
    return {source: name if often[name.lower()] == 1 else
            f'{name}-{hashlib.sha256(source.encode()).hexdigest()[:8]}' for source, name in short.items()}


@contextlib.contextmanager
def brought_here(source: str) -> Iterator[str]:
    """Give the place of a source that fsspec can read and this machine does not have; others are given as they are.

    Raises FleetError.
    """
    if not is_address(source):
        yield source
        return
    # The same place for another attempt on this machine; nobody else may put anything there.
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f'ttt3r-{os.getuid()}-{digest}'
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise FleetError(f'{folder} is somebody else\'s: remove it, or set TMPDIR')
        place = folder / _short(source, suffix=True)
        _fetch(source, place)
        yield str(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listed(path: Path) -> list[str]:
    try:
        lines = text_lines(path)
    except (OSError, ValueError) as error:
        raise FleetError(f'{path}: the list of sources cannot be read ({getattr(error, "strerror", None) or error}): '
                         'a text file in UTF-8 has one source a line') from error
    found = [source for line in lines if (text := REMARK.split(line)[0].strip())
             for source in _one(text, str(path.parent))]
    if not found:
        raise FleetError(f'{path} names no source: write one a line')
    return found


def _one(text: str, folder: str) -> list[str]:
    if text.startswith(CAMERA):
        raise FleetError(f'{text} is one camera, and live: "ttt3r run" takes it')
    if text.split(':')[0] == SYNTHETIC:
        return [text]
    if is_address(text):
        return _elsewhere(text) if MAGIC & set(text) else [text]
    path = os.path.abspath(os.path.join(folder, os.path.expanduser(text)))
    if os.path.exists(path) or not MAGIC & set(text):
        return [path]
    found = sorted(glob.glob(path, recursive=True)) or _nothing(text)
    # Images in a folder are one source, as they are for `ttt3r run`.
    return list(dict.fromkeys(os.path.join(os.path.dirname(file), os.path.basename(path))
                              if Path(file).suffix.lower() in picture_files.known() else file for file in found))


def _elsewhere(pattern: str) -> list[str]:
    files, path = _files_of(pattern)
    try:
        found = files.glob(path)
    except Exception as error:  # each kind of store has its own
        raise FleetError(f'{pattern}: cannot be listed ({" ".join(str(error).split())[:200]})') from error
    return sorted(map(files.unstrip_protocol, found)) or _nothing(pattern)


def _nothing(pattern: str) -> list[str]:
    raise FleetError(f'{pattern!r} fits nothing that is there: look at the path')


def _files_of(source: str):
    """Return fsspec's file system of a source, and the path in it. Raises FleetError."""
    import fsspec

    try:
        return fsspec.core.url_to_fs(source)
    except (ImportError, ValueError) as error:  # tells what to install
        raise FleetError(f'{source}: {error}') from error


def _fetch(source: str, place: Path) -> None:
    files, path = _files_of(source)
    try:
        files.get(path, str(place), recursive=files.isdir(path))
    except Exception as error:  # each kind of store has its own
        raise FleetError(f'{source}: cannot be fetched ({type(error).__name__}: {" ".join(str(error).split())[:200]}); '
                         'look at the address, the rights, and the room in TMPDIR') from error


def _short(source: str, suffix: bool = False) -> str:
    """Return a folder's name after a source; suffix: keep that of a file, which tells what it is."""
    parts = source.rstrip('/').split('/')
    if MAGIC & set(parts[-1]) and not is_address(source) and len(parts) > 1:  # images: the folder has a name
        parts = parts[:-2] if parts[-2] == IMAGES and len(parts) > 2 else parts[:-1]
    last = parts[-1].partition('?')[0] or 'source'
    name = last if suffix or last.split(':')[0] == SYNTHETIC else last.split('.')[0] or last
    return re.sub(r'[^\w.-]', '-', name)[:LONGEST].lstrip('.') or 'source'
