# SPDX-License-Identifier: Apache-2.0
"""An .mcap file, damaged ones too.

rosbags refuses it at open for one channel that has no definition of ROS, and ends at the first damaged chunk.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from mcap.reader import SeekingReader
from mcap.records import Channel, Chunk, ChunkIndex, Message, Schema
from mcap.stream_reader import StreamReader, breakup_chunk
from mcap.summary import Summary

from .storage import Record, Storage, Topic

LARGEST_RECORD = 2**31  # bytes: a longer one is a damaged length


class McapFile(Storage):
    """An .mcap file, by its index; from front to back if it has none, as a recording that was cut off."""

    def __init__(self, path: Path, shown: Path):
        super().__init__(path, shown)
        self._names: dict[int, str] = {}
        self._summary = self._read_summary()
        if self._summary is not None:
            counts = self._summary.statistics.channel_message_counts if self._summary.statistics else None
            for number, channel in self._summary.channels.items():
                count = None if counts is None else counts.get(number, 0)
                self._add(channel, self._summary.schemas.get(channel.schema_id), count)
        else:
            self._scan()
        if not self.topics:
            raise self._refuse('nothing in it can be read')

    def records(self, topics: Collection[str]) -> Iterator[Record]:
        """Yield the messages of the topics in the order of their times, as far as they can be read."""
        self.lost = Counter()
        waiting: list[tuple[int, int, Record]] = []
        number = 0
        wanted = {key for key, name in self._names.items() if name in topics}
        with self.path.open('rb') as file:
            for start, messages in self._batches(file, wanted):
                while waiting and waiting[0][0] < start:
                    yield heapq.heappop(waiting)[2]
                for message in messages:
                    if message.channel_id in wanted:
                        number += 1
                        record = Record(self._names[message.channel_id], message.log_time, message.data)
                        heapq.heappush(waiting, (message.log_time, number, record))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _add(self, channel: Channel, schema: Schema | None, count: int | None) -> None:
        self._names[channel.id] = channel.topic
        before = self.topics.get(channel.topic)
        if before is not None:  # recorded twice, as by two publishers
            count = None if count is None or before.count is None else count + before.count
        kind = schema.name if schema else ''
        if kind.count('/') == 1:
            kind = kind.replace('/', '/msg/')  # as ROS 1 has it
        self.topics[channel.topic] = Topic(channel.topic, kind, count, channel.message_encoding)

    def _read_summary(self) -> Summary | None:
        """Return the index at the file's end; None if there is none that can be used."""
        try:
            with self.path.open('rb') as file:
                summary = SeekingReader(file, record_size_limit=LARGEST_RECORD).get_summary()
        except Exception:  # of a damaged file: struct.error, UnicodeDecodeError, its own …
            return None
        if summary is None or not summary.channels or not summary.chunk_indexes:
            return None
        return summary

    def _scan(self) -> None:
        """Take the topics, and their counts, from the messages."""
        counts: Counter[int] = Counter()
        channels: dict[int, tuple[Channel, Schema | None]] = {}
        with self.path.open('rb') as file:
            for _, messages in self._forward(file, channels):
                counts.update(message.channel_id for message in messages)
        for number, (channel, schema) in channels.items():
            self._add(channel, schema, counts[number])

    def _batches(self, file: BinaryIO, wanted: set[int]) -> Iterator[tuple[int, list[Message]]]:
        """Yield messages a chunk at a time, and the time before which no later chunk has any."""
        if self._summary is None:
            yield from self._forward(file, {})
            return
        indexes = [index for index in self._summary.chunk_indexes
                   if not index.message_index_offsets or wanted & index.message_index_offsets.keys()]
        for index in sorted(indexes, key=lambda index: index.message_start_time):
            records = self._chunk(file, index)
            if records is None:
                self.lost['damaged chunks'] += 1
            else:
                yield index.message_start_time, [record for record in records if isinstance(record, Message)]

    @staticmethod
    def _chunk(file: BinaryIO, index: ChunkIndex) -> list | None:
        """Return the records in a chunk; None if it is damaged."""
        try:
            file.seek(index.chunk_start_offset)
            reader = StreamReader(file, skip_magic=True, emit_chunks=True, record_size_limit=LARGEST_RECORD)
            chunk = next(reader.records)
        except Exception:
            return None
        return _inside(chunk) if isinstance(chunk, Chunk) else None

    def _forward(self, file: BinaryIO, channels: dict[int, tuple[Channel, Schema | None]],
                 ) -> Iterator[tuple[int, list[Message]]]:
        """Read from front to back, as far as it goes; `channels` fills with those that come."""
        schemas: dict[int, Schema] = {}
        records = StreamReader(file, emit_chunks=True, record_size_limit=LARGEST_RECORD).records
        while True:
            try:
                record = next(records)
            except StopIteration:
                return
            except Exception:
                self.lost['the rest of the file'] += 1
                return
            start, inside = 0, [record]
            if isinstance(record, Chunk):
                start, inside = record.message_start_time, _inside(record)
            if inside is None:
                self.lost['damaged chunks'] += 1
                continue
            for item in inside:
                if isinstance(item, Schema):
                    schemas[item.id] = item
                elif isinstance(item, Channel):
                    channels[item.id] = item, schemas.get(item.schema_id)
            messages = [item for item in inside if isinstance(item, Message)]
            if messages:
                yield start or messages[0].log_time, messages


def _inside(chunk: Chunk) -> list | None:
    """Return the records in a chunk; None if it is damaged."""
    try:
        return breakup_chunk(chunk, validate_crc=True)
    except Exception:  # of lz4, zstd, struct …, as the damage is
        return None
