# SPDX-License-Identifier: Apache-2.0
"""One file of a bag, whatever its form: topics, and serialized messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from .sequence import SequenceError

CDR, ROS1 = 'cdr', 'ros1'  # how messages are serialized
REPAIRS = {'.mcap': 'repair it with "mcap recover {}"', '.bag': 'repair it with "rosbag reindex {}"',
           '.db3': 'repair it with "sqlite3 {} .recover"'}


class Topic(NamedTuple):
    """A topic of a bag: `type` such as sensor_msgs/msg/Image, `count` messages (None: not known), and how they are
    serialized: `cdr`, `ros1`, or a foreign form such as `json`.
    """

    name: str
    type: str
    count: int | None
    form: str


class Record(NamedTuple):
    """A message as it stands in the file; `time` is when it was recorded, nanoseconds."""

    topic: str
    time: int
    data: bytes


class Storage(ABC):
    """One file of a bag.

    path    the file that is read
    shown   the file that the user knows: the packed one
    topics  by name
    lost    what could not be read by the present or last iteration, by cause: places in the file, not messages
    """

    def __init__(self, path: Path, shown: Path):
        self.path, self.shown = path, shown
        self.topics: dict[str, Topic] = {}
        self.lost: Counter[str] = Counter()

    @abstractmethod
    def records(self, topics: Collection[str]) -> Iterator[Record]:
        """Yield the messages of the topics in the order of their times, as far as they can be read."""

    @property
    def repair(self) -> str:
        """What to do about damage."""
        return repair(self.shown)

    def _refuse(self, error: Exception | str) -> SequenceError:
        return SequenceError(f'{self.shown} cannot be read as a bag ({error}); {self.repair}')


def repair(path: Path) -> str:
    """Return what to do about a damaged file."""
    kind = next((kind for kind in REPAIRS if kind in path.name), '.db3')
    return REPAIRS[kind].format(path) + ', or copy it again'
