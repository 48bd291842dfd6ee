# SPDX-License-Identifier: Apache-2.0
"""One name for every source: what the user typed decides which reader it is."""

from __future__ import annotations

import os
import re
from pathlib import Path

from . import bag_folder, picture_files
from .bag import Bag
from .folder import SPLIT, ImageFolder
from .rendered import FRAMES, RenderedRoom
from .sequence import Sequence, SequenceError
from .video import Video
from .webcam import Webcam

ARCHIVES = {'.zip', '.tar', '.tgz', '.gz', '.bz2', '.xz', '.7z', '.rar'}
CAMERA = 'camera:'
SOURCES = 'a folder of images, a video, a bag, "camera:0" or "synthetic"'
RATES = 1e-6, 1e6  # frames a second: twelve days between two, and a thousandth of what stamps can tell apart
ADDRESS = re.compile(r'[a-z][a-z0-9+.-]*://', re.ASCII)


def open_sequence(source: str | os.PathLike, *, rate: float | None = None, topic: str | None = None) -> Sequence:
    """Open a source of frames.

    source  `synthetic`, `synthetic:SEED` or `synthetic:SEED:FRAMES`; `camera:0` or `camera:/dev/video0`; the folder of
            a data set (`datasets/`); a folder of images (or with `rgb/`), or a pattern in one (`walk/*.color.png`); a
            video file; a rosbag2 folder or its .mcap or .db3 file, packed (.zstd) or not; a ROS 1 bag, or a folder of
            them
    rate    frames a second. Where the source has no stamps of its own they are made from it; where it has,
            they stay and only `Sequence.rate` becomes this
    topic   the image topic of a bag, by default the first that can be a camera's

    `Sequence.describe` tells what was taken and what was not.
    Raises SequenceError, with the remedy, if there is nothing to read.
    """
    if rate is not None and not RATES[0] <= rate <= RATES[1]:
        raise SequenceError('the rate must be a positive number of frames a second, {:g} to {:g}, not {:g}'.format(
            *RATES, rate))
    source = os.fspath(source)
    if not source:  # a variable that is not set: it would be the folder that one stands in
        raise SequenceError(f'the source has no name; give {SOURCES}')
    if source.split(':')[0] == 'synthetic':
        return _synthetic(source, rate)
    if source.startswith(CAMERA):
        return Webcam(source.removeprefix(CAMERA), rate)
    if ADDRESS.match(source):
        raise SequenceError(f'{source} is an address, and what is read here lies on this machine: "ttt3r batch" '
                            'fetches files (https://…, s3://…); of a stream (rtsp://…) record a file first, such as '
                            f'by "ffmpeg -i {source} -c copy -t 60 walk.mkv"')
    path = Path(source)
    try:
        path = path.expanduser()
        files = bag_folder.files_of(path) if path.exists() else []
        if not files and topic is not None and path.exists():
            raise SequenceError(f'{path} is no bag and has no topic {topic}; leave the topic out')
        return Bag(path, files, topic, rate) if files else _frames(path, rate)
    except (OSError, ValueError, RuntimeError) as error:  # a name with a zero byte; a home that is nobody's
        raise SequenceError(f'{source[:200]} cannot be read ({getattr(error, "strerror", None) or error}); see that it '
                            'is there and may be read') from error


def _frames(path: Path, rate: float | None) -> Sequence:
    # Here and not above: data sets are sequences, too.
    from ttt3r_ros.datasets import find

    if path.is_dir():
        return find(path, rate) or ImageFolder(path, rate)
    if not path.exists() and re.search(r'[*?[]', path.name) and path.parent.is_dir():
        return ImageFolder(path.parent, rate, path.name)
    if not path.exists():
        raise SequenceError(f'{path} does not exist; give {SOURCES}')
    if path.suffix.lower() in picture_files.known() - picture_files.MOVING:
        number = picture_files.images_in(path)
        if number > 1:
            raise SequenceError(f'{path} holds {number} images, as a folder does: {SPLIT}, and give their folder')
        raise SequenceError(f'{path} is one image; give the folder of the images, "{path.parent}"')
    if not path.is_file():
        raise SequenceError(f'{path} is no file; give {SOURCES}')
    if path.suffix.lower() in ARCHIVES:
        raise SequenceError(f'{path} is an archive; unpack it, and give the folder or the file that was in it')
    return Video(path, rate)


def _synthetic(source: str, rate: float | None) -> Sequence:
    match = re.fullmatch(r'synthetic(?::(\d+)(?::(\d+))?)?', source, re.ASCII)
    frames = int(match[2] or FRAMES) if match else 0
    if frames < 2:
        raise SequenceError(f'"{source}" is no room; give "synthetic:SEED:FRAMES", two frames or more')
    return RenderedRoom(int(match[1] or 0), frames, rate)
