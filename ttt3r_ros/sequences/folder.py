# SPDX-License-Identifier: Apache-2.0
"""A folder of images, with the camera's truth and intrinsics beside them where they are known."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from . import bag_folder, picture_files, stamps, views_told
from .picture_files import leads_nowhere, read_first, read_image
from .sequence import DEFAULT_RATE, Contents, Image, Sequence, SequenceError, even_stamps, mean_rate
from .trajectory import Trajectory, read_tum, text_lines

TRUTH, INTRINSICS, IMAGES = 'groundtruth_tum.txt', 'K.txt', 'rgb'
VIDEOS = {'.mp4', '.mkv', '.mov', '.avi', '.webm', '.m4v', '.ts'}  # as people call them
FETCH = 'mount the disk that has the files, or fetch them'
SPLIT = 'write each to a file of its own'
SHOWN = 8  # names in a line
LOOKED_AT = 1000  # paths in a folder without images, for where they are
TRIED = 3  # files at the start, for one that can be read

_log = logging.getLogger(__name__)


class ImageFiles(Sequence):
    """Frames that are image files, `_files`, at the times `_stamps` (nanoseconds, increasing)."""

    _files: list[Path]
    _stamps: list[int]

    def _frames(self) -> Iterator[Image]:
        return self._frames_after(0)

    def _frames_after(self, count: int) -> Iterator[Image]:
        for stamp, file in zip(self._stamps[count:], self._files[count:]):
            try:
                image, held = read_first(file)
            except SequenceError as error:
                if leads_nowhere(file):
                    self._leave_out('links that lead nowhere', f'{file} is a link to {os.readlink(file)}, which is not '
                                    f'there; {FETCH}')
                else:
                    self._leave_out('unreadable image files', str(error))
                continue
            if held > 1:
                self._leave_out('further images in a file', f'{file} holds {held} images, the first alone is read; '
                                f'{SPLIT}', held - 1)
            yield Image(stamp, image, str(file))

    def _first_size(self) -> tuple[int, int] | None:
        """Return (width, height), upright, of the first file that can be read."""
        for file in self._at_the_start():
            with contextlib.suppress(SequenceError):
                height, width = read_image(file).shape[:2]
                return width, height
        return None

    def _at_the_start(self) -> Iterator[Path]:
        """Give the first files that are there, for one that can be read."""
        return itertools.islice(filter(Path.exists, self._files), TRIED)


class ImageFolder(ImageFiles):
    """The images of `folder`, or of its subfolder `rgb`; of those the ones whose names fit `pattern`, if there is one.

    Depth images, masks and the like beside colour images are left out; unreadable kinds of files too; `contents` tells.
    Links that lead nowhere keep their places and stamps, as files that cannot be read do.
    Names that are times (see `stamps.of_names`) give order and stamps. Else `groundtruth_tum.txt` with as many poses as
    there are images gives the stamps; else they are made: index / rate, 10 Hz by default.
    `K.txt` (3×3) of the folder is used where it is.

    Raises SequenceError if there is no image, or one of those files cannot be read.
    """

    def __init__(self, folder: Path, rate: float | None = None, pattern: str = '*'):
        within = folder / IMAGES if (folder / IMAGES).is_dir() else folder
        fitting = [f for f in _listed(within) if fnmatchcase(f.name, pattern) and not f.name.startswith('.')]
        found = [f for f in fitting if f.suffix.lower() in picture_files.known()]
        readable = [f for f in found if f.suffix.lower() in picture_files.readable()]
        files, other = picture_files.cameras(readable)
        links = [f for f in files if leads_nowhere(f)]
        if not files:
            raise SequenceError(_nothing(within, pattern, fitting, found, other))
        if len(links) == len(files):
            raise SequenceError(f'{within} holds no image that is there: {_told(links)}')
        self.name = folder.resolve().name
        self.intrinsics = _intrinsics(folder / INTRINSICS)
        truth = self._truth(folder / TRUTH)
        named = stamps.of_names([f.stem for f in files])
        if named is not None:
            pairs = sorted(zip(named[0], files))
            self._stamps, self._files = [stamp for stamp, _ in pairs], [file for _, file in pairs]
            source = f"the files' names, in {named[1]}"
            if truth is not None:
                self.truth = truth.at(self._stamps)
        elif truth is not None and len(truth) == len(files):
            self._stamps, self._files, self.truth, source = truth.stamps.tolist(), files, truth, f'those of {TRUTH}'
        else:
            self.stamps_made, made = True, rate or DEFAULT_RATE
            self._stamps, self._files, source = even_stamps(len(files), made), files, f'made, {made:g} a second'
        if truth is not None and not (self.truth and len(self.truth)):
            _log.warning('%s has %d poses for %d images, none at their times, and is left aside', folder / TRUTH,
                         len(truth), len(files))
            self.truth = None
        self.count = len(files)
        self.rate = rate or mean_rate(self._stamps)
        if doubled := picture_files.doubled(files):
            _log.warning('%s: the images %s have the same numbers: are they of two cameras, or each picture twice? All '
                         'are taken as one path; to choose, give a pattern such as "%s"', folder,
                         ' and '.join(doubled), within / picture_files.choosing(doubled, files))
        if copies := picture_files.copies(files):
            _log.warning('%s: %d images are copies by their names, such as "%s", and each picture comes twice: put '
                         'them elsewhere', folder, len(copies), copies[0].name)
        if again := picture_files.begun_again(files):
            _log.warning('%s: numbers seem to begin again after %s, and the later images come first: call these by '
                         'numbers that go on, such as %s for %s', folder, again[0].name, again[2], again[1].name)
        elif self.stamps_made and not doubled and (pair := picture_files.taken_otherwise(files)):
            _log.warning('%s: the images come in the order of their names, and %s, before %s by its name, was taken '
                         'after it: call them by when they were taken', folder, *(file.name for file in pair))
        views_told.warn(folder, self._told_of_view())
        kinds = Counter(f.suffix.lower() for f in files)
        self.contents = Contents(
            'folder of images', ' and '.join(f'{number} {suffix}' for suffix, number in kinds.most_common()), source,
            self._first_size(), [*_others(found, other, within), *_films(fitting), *([_told(links)] if links else [])])

    def _told_of_view(self) -> str:
        """Return what the first file that can be opened says of its view."""
        for file in self._at_the_start():
            with contextlib.suppress(SequenceError), picture_files.opened(file) as picture:
                return views_told.of_picture(picture)
        return ''

    @staticmethod
    def _truth(path: Path) -> Trajectory | None:
        if not path.is_file():
            return None
        try:
            truth = read_tum(path)
        except (ValueError, OSError) as error:
            raise SequenceError(f'{error}; correct the file or remove it') from error
        if (np.diff(truth.stamps) <= 0).any():
            raise SequenceError(f'the stamps of {path} do not increase; sort the file and drop equal stamps')
        return truth


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file() or leads_nowhere(path)]
    except OSError as error:
        raise SequenceError(f'{folder} cannot be listed ({error.strerror}); see its permissions') from error


def _told(links: list[Path]) -> str:
    """Return how many links lead nowhere, and the remedy."""
    lead = 'link leads' if len(links) == 1 else 'links lead'
    return f'{len(links)} {lead} nowhere (first: {links[0].name} -> {os.readlink(links[0])}); {FETCH}'


def _others(found: list[Path], other: dict[str, list[Path]], folder: Path) -> list[str]:
    """Return what is in the folder and not taken, a phrase each."""
    phrases = [f'{len(files)} of the form {name}: depth, a mask or the like, by its form or name (to choose the files '
               f'yourself, give a pattern such as "{folder}/{name}")' for name, files in other.items()]
    unread = Counter(f.suffix.lower() for f in found
                     if f.suffix.lower() not in picture_files.readable() | picture_files.MOVING)
    phrases += [f'{number} {suffix}: not read here ({picture_files.remedy(suffix)})'
                for suffix, number in unread.most_common()]
    return phrases


def _films(files: list[Path]) -> list[str]:
    """Return a phrase about the films among files, none where there are none."""
    films = sorted(f for f in files if f.suffix.lower() in VIDEOS | picture_files.MOVING)
    return [f'{len(films)} {"films, each" if len(films) > 1 else "film,"} a source of its own: give '
            f'{"one, such as" if len(films) > 1 else "it:"} "{films[0]}"'] if films else []


def _nothing(folder: Path, pattern: str, fitting: list[Path], found: list[Path],
             other: dict[str, list[Path]]) -> str:
    """Return why there is no image to take, and the remedy."""
    if other:
        return (f'{folder} holds only depth images ({", ".join(other)}): one channel of more than 8 bits; give the '
                'folder of the colour images, or convert a grey camera\'s to 8 bits')
    if found:
        return f'{folder} holds no image that is read here: ' + '; '.join([*_others(found, other, folder),
                                                                           *_films(fitting)])
    if sources := _sources(folder, pattern):
        own = 'image itself' if pattern == '*' else f'image named {pattern}'
        return (f'{folder} holds no {own}; give one of these: {", ".join(sources[:SHOWN])}'
                + (', or all of them to "ttt3r batch"' if len(sources) > 1 else ''))
    named = '' if pattern == '*' else f' named {pattern}'
    return (f'{folder} holds no image{named}; put files there that end in '
            f'{", ".join(sorted(picture_files.PLAIN))}')


def _sources(folder: Path, pattern: str) -> list[str]:
    """Return the sources in a folder whose names fit, the nearest first, some of them levels down."""
    sources, waiting = [], [child for child in _children(folder) if fnmatchcase(child.name, pattern)]
    for path in itertools.islice(waiting, LOOKED_AT):  # it grows on the way
        if _is_source(path):
            sources.append(f'{path}/' if path.is_dir() else f'{path}')
        elif not path.is_symlink():
            waiting += _children(path)
    return sources


def _children(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):  # a file has none
        return sorted(path for path in folder.iterdir() if not path.name.startswith('.'))
    return []


def _is_source(path: Path) -> bool:
    """Return whether a path looks like frames by its name, or by those in it."""
    if path.is_dir():
        with contextlib.suppress(OSError):
            return any(f.suffix.lower() in (*picture_files.known(), *bag_folder.SUFFIXES, *VIDEOS)
                       for f in path.iterdir())
    return path.suffix.lower() in (*bag_folder.SUFFIXES, *VIDEOS)


def _intrinsics(path: Path) -> np.ndarray | None:
    if not path.is_file():
        return None
    try:
        matrix = np.array([[float(word) for word in line.split('#')[0].replace(',', ' ').split()]
                           for line in text_lines(path) if line.split('#')[0].strip()], np.float64)
    except (ValueError, OSError) as error:
        raise SequenceError(f'{path} is no 3×3 matrix ({error}); correct the file or remove it') from error
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or not matrix[0, 0] > 0 or not matrix[1, 1] > 0:
        raise SequenceError(f'{path} is no 3×3 camera matrix; correct the file or remove it')
    return matrix
