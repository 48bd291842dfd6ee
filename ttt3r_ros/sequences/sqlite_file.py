# SPDX-License-Identifier: Apache-2.0
"""A .db3 file, damaged ones too: rosbags ends at the first damaged page."""

from __future__ import annotations

import sqlite3
import urllib.parse
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

from .storage import Record, Storage, Topic


class SqliteFile(Storage):
    """A .db3 file; where a page of it is damaged, the messages that do not lie on it."""

    def __init__(self, path: Path, shown: Path):
        super().__init__(path, shown)
        try:
            with closing(self._connected()) as base:
                rows = base.execute('SELECT id, name, type, serialization_format FROM topics ORDER BY id').fetchall()
                counts = self._counts(base)
        except sqlite3.Error as error:
            raise self._refuse(error) from error
        self._names: dict[int, str] = {}
        for number, name, kind, form in rows:
            if not all(isinstance(text, str) for text in (name, kind, form)):
                continue  # a column of SQLite may hold anything
            count = None if counts is None else counts.get(number, 0)
            if name in self.topics and count is not None:
                count += self.topics[name].count or 0
            self._names[number] = name
            self.topics[name] = Topic(name, kind, count, form)

    def records(self, topics: Collection[str]) -> Iterator[Record]:
        """Yield the messages of the topics in the order of their times, as far as they can be read."""
        self.lost = Counter()
        wanted = [number for number, name in self._names.items() if name in topics]
        chosen = f'topic_id IN ({",".join("?" * len(wanted))})'
        with closing(self._connected()) as base:
            last = None
            try:
                rows = base.execute(
                    f'SELECT id, topic_id, timestamp, data FROM messages WHERE {chosen} ORDER BY timestamp, id', wanted)
                for number, topic, time, data in rows:
                    if self._sound(time, data):
                        last = time, number
                        yield Record(self._names[topic], time, data)
                return
            except sqlite3.Error:
                rest = self._identities(base)
            for time, number in rest:
                if last is not None and isinstance(time, int) and (time, number) <= last:
                    continue
                try:
                    row = base.execute('SELECT topic_id, timestamp, data FROM messages WHERE id = ?',
                                       (number,)).fetchone()
                except sqlite3.Error:
                    self.lost['messages on damaged pages'] += 1
                    continue
                if row is not None and row[0] in wanted and self._sound(row[1], row[2]):
                    yield Record(self._names[row[0]], row[1], row[2])

    def _sound(self, time: object, data: object) -> bool:
        """Say whether a row holds a message, and count it as lost if not: a column of SQLite may hold anything."""
        if isinstance(time, int) and isinstance(data, bytes):
            return True
        self.lost['messages without time or data'] += 1
        return False

    def _connected(self) -> sqlite3.Connection:
        # A recorder that was killed leaves its last messages in a journal beside the file. Without one, the file is
        # opened as one that never changes, which works on a read-only disk, too.
        journal = self.path.with_name(f'{self.path.name}-wal')
        unchanging = '' if journal.is_file() and journal.stat().st_size else '&immutable=1'
        base = sqlite3.connect(f'file:{urllib.parse.quote(str(self.path.resolve()))}?mode=ro{unchanging}', uri=True)
        base.text_factory = lambda text: text.decode(errors='replace')
        return base

    @staticmethod
    def _counts(base: sqlite3.Connection) -> dict[int, int] | None:
        try:
            return dict(base.execute('SELECT topic_id, count(*) FROM messages GROUP BY topic_id').fetchall())
        except sqlite3.Error:
            return None

    def _identities(self, base: sqlite3.Connection) -> list[tuple[int | None, int]]:
        """Return (time, id) of the messages in order, from what is sound of a damaged file; times may be unknown."""
        try:
            # The index of times holds both, and none of the pages with data.
            return base.execute('SELECT timestamp, id FROM messages ORDER BY timestamp, id').fetchall()
        except sqlite3.Error:
            pass
        found: set[int] = set()
        for order in ('ASC', 'DESC'):
            try:
                found.update(number for number, in base.execute(f'SELECT id FROM messages ORDER BY id {order}'))
            except sqlite3.Error:
                self.lost['damaged pages of the index'] += 1
        return [(None, number) for number in sorted(found)]
