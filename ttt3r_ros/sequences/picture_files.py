# SPDX-License-Identifier: Apache-2.0
"""Image files: which suffixes are read here, whether one holds colour or depth, and its pixels, upright."""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageOps, features

from . import stamps
from .picture_size import MOST_PIXELS
from .sequence import SequenceError

PLAIN = {'.png', '.jpg', '.jpeg', '.jpe', '.jfif', '.bmp', '.tif', '.tiff', '.webp', '.ppm', '.pgm', '.pnm', '.tga'}
# Read where the libraries that are here can; what else people keep beside their photos is told, not passed over.
JPEG_2000, AVIF, HEIF = {'.jp2', '.j2k', '.jpf', '.jpx'}, {'.avif', '.avifs'}, {'.heic', '.heif', '.hif'}
OTHERS = {'.dng', '.cr2', '.cr3', '.nef', '.nrw', '.arw', '.srw', '.raf', '.orf', '.pef', '.rw2', '.rwl', '.3fr',
          '.iiq', '.jxl', '.exr', '.hdr', '.pfm', '.psd', '.gif'}
MOVING = {'.gif'}  # FFmpeg decodes them as videos
OF_SEVERAL = {'.tif', '.tiff', '.png', '.webp', '.avif', '.avifs'}  # files that can hold more than one image
NUMBER = r'\d+(?:\.\d+)?'  # in a name
MOST_FORMS = 8  # of names: where there are more, they are made by chance, as of hashes
IN_COMMON = 2  # numbers of two forms of names, before it is no chance
COPY = re.compile(r'(.+?) ?\(\d+\)')  # what a download is called whose name is taken
# A counter that began again: its digits, at least; and of how many usual ones the way over its end is at most.
DIGITS, OVER_THE_END = 3, 10
DAY_S = 86_400
EXIF, DATE_TIME_ORIGINAL = 0x8769, 0x9003  # for which an older Pillow has no names
ASKED = 50  # files, about, for when they were taken
TAKEN = re.compile(r'[1-9]\d{3}:\d\d:\d\d \d\d:\d\d:\d\d')  # EXIF's; a camera without a clock has spaces or zeros
# What such a name says is there, beside the images of a camera.
NOT_COLOUR = re.compile(r'(?<![a-z])(depth|disparity|disp|mask|label|semantic|instance|normals?|confidence)(?![a-z])',
                        re.IGNORECASE)


@functools.cache
def readable() -> frozenset[str]:
    """Return the suffixes of image files that can be read on this machine."""
    suffixes = set(PLAIN)
    if features.check('jpg_2000'):
        suffixes |= JPEG_2000
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # an older Pillow does not know the word
        if features.check('avif'):
            suffixes |= AVIF
    with contextlib.suppress(ImportError):
        import pillow_heif
        pillow_heif.register_heif_opener()
        suffixes |= HEIF
    return frozenset(suffixes)


def known() -> frozenset[str]:
    """Return the suffixes of all image files that people have."""
    return readable() | JPEG_2000 | AVIF | HEIF | OTHERS


def remedy(suffix: str) -> str:
    """Return what to do about images of a suffix that is not read here."""
    if suffix in HEIF:
        return '"pip install pillow-heif", or convert them to JPEG'
    return 'convert them to JPEG or PNG'


@contextlib.contextmanager
def opened(file: Path) -> Iterator[Picture.Image]:
    """Open an image file, its pixels not yet decoded; what goes wrong, in the block too, becomes a SequenceError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Picture.DecompressionBombWarning)
            warnings.simplefilter('ignore', UserWarning)  # of damaged metadata
            with Picture.open(file) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise SequenceError(f'{file} has {width}×{height} pixels, more than {MOST_PIXELS // 10**6} '
                                        'million; make it smaller')
                yield picture
    except SequenceError:
        raise
    except Picture.DecompressionBombError as error:
        raise SequenceError(f'{file} has more than {MOST_PIXELS // 10**6} million pixels; make it smaller') from error
    except MemoryError as error:
        raise SequenceError(f'{file} does not fit into memory; make it smaller') from error
    except Exception as error:  # what a broken file raises depends on its kind: SyntaxError, KeyError, struct.error …
        raise SequenceError(f'{file} cannot be read as an image ({error}); replace or remove it') from error


def is_depth(file: Path) -> bool:
    """Return whether an image is depth by its form, one channel of over 8 bits; raises SequenceError if it is none."""
    with opened(file) as picture:
        return picture.mode.startswith(('I', 'F'))


def read_image(file: Path) -> np.ndarray:
    """Return an image file as uint8 (h, w, 3) RGB, upright; raises SequenceError naming the file."""
    return read_first(file)[0]


def read_first(file: Path) -> tuple[np.ndarray, int]:
    """Return the first image of a file as `read_image` does, and how many there are in it."""
    with opened(file) as picture:
        if picture.mode.startswith(('I', 'F')):
            raise SequenceError(f'{file} has one channel of more than 8 bits, as depth has; give images of a camera, '
                                'or convert it to 8 bits')
        return np.array(ImageOps.exif_transpose(picture).convert('RGB')), _images_in(picture, file)


def images_in(file: Path) -> int:
    """Return how many images a file holds: a TIFF's pages, the frames of what moves. Raises SequenceError."""
    with opened(file) as picture:
        return _images_in(picture, file)


def _images_in(picture: Picture.Image, file: Path) -> int:
    return getattr(picture, 'n_frames', 1) if file.suffix.lower() in OF_SEVERAL else 1


def leads_nowhere(file: Path) -> bool:
    """Return whether a file is a link to what is not there."""
    return file.is_symlink() and not file.exists()


def natural(file: Path) -> list[tuple]:
    """Return a key to sort by: frame2 comes before frame10."""
    # Not isdigit(): it is true of ², which int() refuses.
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part)
            for part in re.split(r'(\d+)', file.name) if part]


def pattern_of(file: Path) -> str:
    """Return the name with its numbers as `*`: what the images of one camera share."""
    return re.sub(NUMBER, '*', file.stem) + file.suffix


def cameras(files: Iterable[Path]) -> tuple[list[Path], dict[str, list[Path]]]:
    """Sort files by what they are: the colour images, in natural order, and those that are not, by pattern.

    Not colour are images of one channel with more than 8 bits, and such whose name says so while others' do not. The
    first readable one of each pattern speaks for it.
    """
    groups: dict[str, list[Path]] = {}
    for file in sorted(files, key=natural):
        groups.setdefault(pattern_of(file), []).append(file)
    other = {name: members for name, members in groups.items() if _are_depth(members)}
    named = {name: members for name, members in groups.items() if name not in other and NOT_COLOUR.search(name)}
    if len(named) + len(other) < len(groups):
        other |= named
    return sorted((file for name, members in groups.items() if name not in other for file in members),
                  key=natural), other


def doubled(files: Iterable[Path]) -> list[str]:
    """Return the patterns of files that have numbers in common: two cameras', or of one each picture twice."""
    numbers: dict[str, set[tuple[str, ...]]] = {}
    for file in files:
        numbers.setdefault(pattern_of(file), set()).add(tuple(re.findall(NUMBER, file.stem)))
    if len(numbers) > MOST_FORMS:
        return []
    return sorted({name for pair in itertools.combinations(numbers, 2) for name in pair
                   if len(numbers[pair[0]] & numbers[pair[1]]) >= IN_COMMON})


def choosing(names: list[str], files: Iterable[Path]) -> str:
    """Return a glob that fits the files of one of the patterns alone, as `*.jpg` does not beside `1_thumb.jpg`."""
    files = list(files)
    for name, number in itertools.product(names, ('*', '*[0-9]', '[0-9]*', '[0-9]*[0-9]')):
        glob = number.join(part.replace('[', '[[]') for part in name.split('*'))
        if all(fnmatchcase(file.name, glob) == (pattern_of(file) == name) for file in files):
            return glob
    return names[0]


def copies(files: Iterable[Path]) -> list[Path]:
    """Return the files that are others once more, as their names say: `IMG_1 (1).jpg` beside `IMG_1.jpg`."""
    files = list(files)
    names = {file.name for file in files}
    found = {file: f'{match[1]}{file.suffix}' for file in files if (match := COPY.fullmatch(file.stem))}
    found = {file: name for file, name in found.items() if name in names}
    return list(found) if len(set(found.values())) >= IN_COMMON else []


def begun_again(files: Iterable[Path]) -> tuple[Path, Path, str] | None:
    """Return the last file before the names' numbers began again and the first after it, and what that can be called
    so that it comes later; None if they did not.

    Of one camera's files, whose names differ in one number alone: IMG_9999.jpg and IMG_0001.jpg, 235959 and 000000.
    """
    files = sorted(files, key=natural)
    parts = [re.split(f'({NUMBER})', file.stem) for file in files]
    differing = [i for i, column in enumerate(zip(*parts)) if len({*column}) > 1]
    if len({*map(len, parts)}) != 1 or len(differing) != 1 or differing[0] % 2 == 0:
        return None
    place = differing[0]
    texts = [part[place] for part in parts]
    numbers, size = _counted(texts)
    gaps = sorted(after - before for before, after in itertools.pairwise(numbers))
    if 2 * gaps[-1] <= size or not 0 < size + numbers[0] - numbers[-1] <= OVER_THE_END * gaps[len(gaps) // 2]:
        return None
    parts[0][place] = f'1{texts[0]}' if texts[0].isdecimal() else f'{numbers[0] + size}'
    return files[-1], files[0], ''.join(parts[0]) + files[0].suffix


def taken_otherwise(files: Iterable[Path]) -> tuple[Path, Path] | None:
    """Return two neighbours of some of the files, of which the first was taken later, by the times in them; None if
    none was."""
    files = sorted(files, key=natural)
    timed = [(file, taken) for file in files[::max(1, len(files) // ASKED)] if (taken := _taken(file))]
    return next(((file, other) for (file, taken), (other, then) in itertools.pairwise(timed) if then < taken), None)


def _taken(file: Path) -> str:
    """Return when a photograph was taken, to the second, in a form that sorts; empty where it does not say so."""
    with contextlib.suppress(SequenceError), opened(file) as picture:
        taken = str(picture.getexif().get_ifd(EXIF).get(DATE_TIME_ORIGINAL, ''))
        return taken if TAKEN.match(taken) else ''
    return ''


def _counted(texts: list[str]) -> tuple[list[Decimal], int]:
    """Return numbers in names as they count, and where they begin again, 0 for nowhere."""
    numbers = [Decimal(text) for text in texts]
    if stamps.of_day(texts):
        return [Decimal(60 * (60 * int(text[:2]) + int(text[2:4])) + int(text[4:])) for text in texts], DAY_S
    if not all(text.isdecimal() for text in texts):
        return numbers, DAY_S
    digits = {*map(len, texts)}
    return numbers, 10 ** digits.pop() if len(digits) == 1 and min(digits) >= DIGITS else 0


def _are_depth(files: list[Path]) -> bool:
    for file in itertools.islice(filter(Path.exists, files), 3):  # links can lead nowhere
        with contextlib.suppress(SequenceError):
            return is_depth(file)
    return False
