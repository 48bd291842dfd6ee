# SPDX-License-Identifier: Apache-2.0
"""One name for every source: what the user typed decides which reader it is."""

from __future__ import annotations

import re
from pathlib import Path

from .bag import Bag
from .folder import ImageFolder
from .rendered import FRAMES, RenderedRoom
from .sequence import Sequence, SequenceError
from .video import Video

BAG_FILES = {'.mcap', '.db3'}


def open_sequence(source: str, *, rate: float | None = None, topic: str | None = None) -> Sequence:
    """Open a source of frames.

    source  `synthetic`, `synthetic:SEED` or `synthetic:SEED:FRAMES`; a folder of images (or with `rgb/`); a
            video file; a rosbag2 folder or its .mcap or .db3 file
    rate    frames a second. Where the source has no stamps of its own they are made from it; where it has,
            they stay and only `Sequence.rate` becomes this
    topic   the image topic of a bag, the first one by default

    Raises SequenceError, with the remedy, if there is nothing to read.
    """
    if rate is not None and not 0 < rate < float('inf'):
        raise SequenceError(f'the rate must be a positive number of frames a second, not {rate}')
    if source.split(':')[0] == 'synthetic':
        return _synthetic(source, rate)
    path = Path(source).expanduser()
    if not path.exists():
        raise SequenceError(f'{path} does not exist; give a folder of images, a video, a bag, or "synthetic"')
    bag = _bag(path)
    if bag is not None:
        return Bag(bag, topic=topic, rate=rate)
    if topic is not None:
        raise SequenceError(f'{path} is no bag and has no topic {topic}; leave the topic out')
    return ImageFolder(path, rate) if path.is_dir() else Video(path, rate)


def _synthetic(source: str, rate: float | None) -> Sequence:
    match = re.fullmatch(r'synthetic(?::(\d+)(?::(\d+))?)?', source)
    frames = int(match[2] or FRAMES) if match else 0
    if frames < 2:
        raise SequenceError(f'"{source}" is no room; give "synthetic:SEED:FRAMES", two frames or more')
    return RenderedRoom(int(match[1] or 0), frames, rate)


def _bag(path: Path) -> Path | None:
    """Return the bag that a path stands for; None if it stands for none."""
    if path.suffix == '.bag':
        raise SequenceError(f'{path} is a ROS 1 bag; run "rosbags-convert --src {path} --dst FOLDER" first')
    if path.is_file():
        return path if path.suffix in BAG_FILES else None
    if (path / 'metadata.yaml').is_file():
        return path
    # A recording that was cut off has no metadata.
    files = [f for f in path.iterdir() if f.suffix in BAG_FILES]
    if len(files) > 1:
        raise SequenceError(f'{path} has {len(files)} bag files but no metadata.yaml; run "ros2 bag reindex"')
    return files[0] if files else None
