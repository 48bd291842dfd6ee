# SPDX-License-Identifier: Apache-2.0
"""The frames as a bag: made from whatever the user gave, or his own bag as it is."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rclpy.serialization import deserialize_message
from rich.console import Console

from ttt3r_ros.demo.replay import TYPES
from ttt3r_ros.demo.report import Sent
from ttt3r_ros.evaluation.verdict import source_of
from ttt3r_ros.export.output_folder import replacing, require_room
from ttt3r_ros.presentation.progress import Progress
from ttt3r_ros.reconstruction.weights_profile import Source
from ttt3r_ros.ros.conversions import frame_name, nanoseconds
from ttt3r_ros.ros.images import ImageError, to_rgb
from ttt3r_ros.sequences import Bag, SequenceError, Trajectory, open_sequence, write_bag
from ttt3r_ros.sequences.bag_topics import COMPRESSED

BAG = 'demo_bag'
RAW_BYTES = 4e9  # a longer recording goes into its bag as JPEG
JPEG_SHARE = 0.2  # of the raw size, and more than most need
PICTURES = 6

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Footage:
    """A bag to play, the images in it, and what is known of them.

    speed: how many times faster than recorded it is to be played, so that the rate is `rate` images a second.
    made: whether the bag is ours, not the user's. pictures: a few images, uint8 (H, W, 3), by stamp; those that can be
    decoded.
    stamps_made: whether the source has no times, so that speeds mean nothing. source: what is known of its pictures.
    """

    name: str
    bag: Bag
    path: Path
    made: bool
    sent: list[Sent]
    truth: Trajectory | None
    rate: float
    speed: float
    pictures: dict[int, np.ndarray]
    stamps_made: bool
    source: Source

    @property
    def compressed(self) -> bool:
        """Whether the images are CompressedImage."""
        return self.bag.type == COMPRESSED


def prepare(source: str, out: Path, rate: float | None, topic: str | None, console: Console) -> Footage:
    """Return the footage of a source, written to a bag in `out` unless it is one of images; tell what is taken and what
    is not. Raises SequenceError, and OutputError where the bag finds no room.
    """
    sequence = open_sequence(source, rate=rate, topic=topic)
    if sequence.live:
        raise SequenceError(f'{sequence.name} has no end, and the demo replays what is recorded: take "ttt3r run '
                            f'{source}", or a camera driver and the node')
    for line in sequence.describe():
        console.print(line, markup=False, soft_wrap=True)
    path, truth = out / BAG, sequence.truth
    if isinstance(sequence, Bag) and sequence.playable:
        bag, path = sequence, Path(source).expanduser()
    else:
        first = next(iter(sequence))
        large = first.rgb.nbytes * (sequence.count or 0) > RAW_BYTES
        require_room(out, first.rgb.nbytes * (sequence.count or 0) * (JPEG_SHARE if large else 1.0))
        title = f'frames → {BAG}{" (as JPEG: many)" if large else ""}'
        with replacing(out) as fresh, Progress(console, title, sequence.count) as progress:
            write_bag(sequence, fresh / BAG, compressed=large, progress=lambda done, expected: progress.update(done))
        bag = open_sequence(str(path))
    sent, pictures = _look(bag)
    for cause, number in sequence.left_out.items():
        console.print(f'left out: {number} × {cause}', markup=False, soft_wrap=True)
    rising = np.diff([image.stamp for image in sent])
    rising = rising[rising > 0]
    recorded = 1e9 / float(np.median(rising)) if len(rising) else bag.rate
    return Footage(sequence.name, bag, path, path == out / BAG, sent, truth, rate or recorded,
                   (rate or recorded) / recorded, pictures, sequence.stamps_made,
                   source_of(sequence, sequence.contents.size))


def _look(bag: Bag) -> tuple[list[Sent], dict[int, np.ndarray]]:
    """Return the images' headers, and a few of the images, spread evenly."""
    # A damaged bag does not tell how many there are.
    count = bag.count or sum(1 for _ in bag.messages([bag.topic]))
    shown = set(np.linspace(0, count - 1, min(PICTURES, count)).round().astype(int))
    sent, pictures = [], {}
    for index, raw in enumerate(bag.messages([bag.topic])):
        message = deserialize_message(raw.data, TYPES[raw.type])
        sent.append(Sent(nanoseconds(message.header.stamp), frame_name(message.header.frame_id)))
        if index in shown:
            try:
                pictures[sent[-1].stamp] = to_rgb(message)
            except ImageError as error:
                log.warning('image %d of the bag: %s', index, error)
    return sent, pictures
