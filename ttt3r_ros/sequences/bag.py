# SPDX-License-Identifier: Apache-2.0
"""A recording of ROS 1 or 2: its camera as a sequence, or all its messages as they are."""

from __future__ import annotations

import heapq
import itertools
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zstandard
from rosbags.typesys import Stores, get_typestore

from . import packets
from .bag_folder import ZSTD, storage_of
from .bag_topics import COMPRESSED, IMAGE, INFO, RECTIFIED, VIDEOS, Camera, info_topic_beside, joined, republished
from .compressed_pixels import decode_compressed
from .content_bits import ContentBits
from .pixels import DEEP, decode_raw, is_depth
from .ros1_file import to_cdr
from .sequence import DEFAULT_FRAME, DEFAULT_RATE, NANOSECONDS, Contents, Image, Sequence, SequenceError
from .serialized import header_stamp
from .storage import CDR, ROS1, Record, Topic

THEORA = 'theora_image_transport/msg/Packet'
HEADED = (IMAGE, COMPRESSED, INFO, packets.PACKET)
DEPTH = 'depth, or more than 8 bits'
UNDECODED, UNREAD = 'images that cannot be decoded', 'messages that cannot be read'  # causes
LOOKED_AT = 10  # messages at the start of a topic
INFOS = 100  # camera_info messages within which a driver has its calibration
POLYNOMIAL = ('', 'plumb_bob', 'radtan', 'brown_conrady', 'rational_polynomial')
MOST_COEFFICIENTS = 5  # plumb_bob's; a Sequence tells no other
GROUP_OF_PICTURES = 120  # packets within which a stream has one that stands alone

STORE = get_typestore(Stores.ROS2_JAZZY)
packets.register(STORE)


class Message(NamedTuple):
    """A message as recorded: `data` is its CDR serialization; times in nanoseconds; no header, no `stamp`."""

    topic: str
    type: str
    data: bytes
    log_time: int
    stamp: int | None


class Bag(Sequence):
    """The images of one topic, with the stamps of their headers, or of the recording where those stand still.

    path   what the user gave
    files  of one recording, in order: .mcap, .db3 or .bag, packed or not
    topic  the image topic: raw, compressed or video. By default the first of those that can be a camera's: neither
           empty nor depth; before others what is no video, whose name does not say depth, and is colour. Of a camera
           that was recorded in two ways not the one in which most of it is missing.

    `topic` and `type` tell which it is, `topics` maps all image topics to their types, `info_topic` names the
    CameraInfo beside it (None without). Raises SequenceError if the bag or the topic cannot be read.
    """

    def __init__(self, path: Path, files: list[Path], topic: str | None = None, rate: float | None = None):
        self._path, self.left_out, self._reasons = path, Counter(), {}
        self.name = path.resolve().name.split('.')[0]
        self._unpacked = tempfile.TemporaryDirectory(prefix='ttt3r_bag_')
        self._storages = [storage_of(file, Path(self._unpacked.name)) for file in files]
        self._all = joined(self._storages)
        kinds = {name: found.type for name, found in self._all.items()}
        self.topics = {name: kind for name, kind in kinds.items()
                       if kind in (IMAGE, COMPRESSED, *VIDEOS) and self._all[name].form in (CDR, ROS1)}
        cameras = {name: self._looked_at(self._all[name]) for name in self.topics}
        self.topic = self._chosen(topic, cameras)
        self.type = self.topics[self.topic]
        camera = cameras.pop(self.topic)
        self.count = camera.topic.count
        self._deep = bool(DEEP.match(camera.form))
        self._framed = bool(packets.frame_of(camera.first))
        self.frame_id = packets.frame_of(camera.first) or DEFAULT_FRAME
        self._stamped = self.type in VIDEOS or self._stamps_move()
        self.info_topic = info_topic_beside(self.topic, kinds)
        lens = self._read_info(camera.size)
        self.rate = rate or self._rate()
        foreign = [f'{name} ({found.type or "no type"}, {found.form or "no encoding"}: no message of ROS)'
                   for name, found in self._all.items() if found.form not in (CDR, ROS1)]
        reader = 'ROS 1 bag' if any(found.form == ROS1 for found in self._all.values()) else 'bag'
        form = f', {camera.form}' if camera.form else ''
        self.contents = Contents(
            reader, f'topic {self.topic} ({self.type}{form})', self._told_stamps(), camera.size,
            [other.phrase for other in cameras.values()] + self._theora() + lens + foreign)

    @property
    def playable(self) -> bool:
        """Whether the messages are images that a camera publishes, which can go out as they are.

        Not so without stamps or a frame, of which nobody can make use.
        """
        return self.type in (IMAGE, COMPRESSED) and self._stamped and self._framed

    def messages(self, topics: Collection[str] | None = None) -> Iterator[Message]:
        """Yield the messages of the topics, of all by default, as of ROS 2, unmodified, in order of their log times.

        Those that are of no ROS (JSON, Protobuf …) are not among them; those that cannot be read are in `left_out`.
        """
        self.left_out, self._reasons = Counter(), {}
        wanted = {name for name, found in self._all.items() if found.form in (CDR, ROS1)}
        for record in self._records(wanted if topics is None else wanted & set(topics)):
            kind = self._all[record.topic].type
            try:
                data = self._cdr(record)
                if kind in HEADED:
                    STORE.deserialize_cdr(data, kind)  # a damaged one must not go out
                stamp = header_stamp(data) if _has_header(kind) else None
            except Exception:  # whatever the bytes make the library raise
                self._leave_out_bytes(record)
                continue
            yield Message(record.topic, kind, data, record.time, stamp)
        damage = self._damage()
        if damage:
            self._leave_out('damaged places in the bag', damage, sum(sum(s.lost.values()) for s in self._storages))

    def _frames(self) -> Iterator[Image]:
        return self._frames_after(0)

    def _frames_after(self, count: int) -> Iterator[Image]:
        if self.type in (IMAGE, COMPRESSED):
            records, content = self._records([self.topic]), ContentBits()
            # Of 16 bits, what is passed over says how many are used, so that a part is as the whole.
            number = 0 if self._deep else sum(1 for _ in itertools.islice(records, count))
            frames: set[str] = set()
            for recorded, message in self._timed(records):
                stamp = packets.stamp_of(message) if self._stamped else recorded
                try:
                    rgb = (decode_compressed(message, content)[0] if self.type == COMPRESSED else
                           decode_raw(message, content))
                except ValueError as error:
                    self._leave_out(UNDECODED, f'{self._path}, {self.topic}, stamp {stamp} ns: '
                                    f'{error}; take another topic, or record it again')
                    continue
                number += 1
                self._see(packets.frame_of(message), frames)
                if number > count:
                    yield Image(stamp, rgb)
        else:
            number = 0
            for stamp, rgb in packets.decode(self._deserialized(self.topic)):
                number += 1
                if number > count:
                    yield Image(stamp, rgb)
        lost = sum(sum(storage.lost.values()) for storage in self._storages)
        missing = max((self.count or 0) - number - self.left_out[UNDECODED] - self.left_out[UNREAD],
                      lost if self.count is None else 0)
        if missing > 0:
            self._leave_out('images lost in damage', f'{missing} × {self.topic} of {self._path}: '
                            f'{self._damage() or "its index tells of more than there are"}', missing)

    def _see(self, frame: str, frames: set[str]) -> None:
        """Add an image's frame to those of the images before it, and say where it is the second one."""
        if len(frames) == 1 and frame not in frames:
            self.warn(f'{self._path}: images on {self.topic} are in the frames {next(iter(frames))!r} and {frame!r}, '
                      'and a path is of one camera: do two publish there? Record each on a topic of its own')
        frames.add(frame)

    def _damage(self) -> str:
        """Return what was found damaged, and the remedy; empty without."""
        return '; '.join(f'{storage.shown} is damaged ({", ".join(storage.lost)}): {storage.repair}'
                         for storage in self._storages if storage.lost)

    def _records(self, topics: Collection[str]) -> Iterator[Record]:
        parts = [storage.records(topics) for storage in self._storages]
        # The parts of a ROS 2 recording follow each other; bags of ROS 1 in a folder can be of the same time.
        if any(self._all[topic].form == ROS1 for topic in topics):
            return heapq.merge(*parts, key=lambda record: record.time)
        return itertools.chain.from_iterable(parts)

    def _stamps_move(self) -> bool:
        """Say whether the headers have stamps: drivers leave them 0, or stamp every image alike."""
        first = [(time, packets.stamp_of(message))
                 for time, message in itertools.islice(self._timed(self._records([self.topic])), LOOKED_AT)]
        # A bag of one image may have been recorded at 0, as what we write of a folder is.
        return len({stamp for _, stamp in first}) > 1 or len(first) == 1 and (first[0][1] != 0 or first[0][0] == 0)

    def _told_stamps(self) -> str:
        frame = '' if self._framed else f'; no frame_id in them, {self.frame_id!r} is taken'
        return (f'those of its headers{frame}' if self._stamped else
                f'of when they were recorded, as those of its headers stand still{frame}')

    def _deserialized(self, topic: str) -> Iterator[Any]:
        """Yield the messages of a topic; those whose bytes are none are counted."""
        return (message for _, message in self._timed(self._records([topic])))

    def _timed(self, records: Iterable[Record]) -> Iterator[tuple[int, Any]]:
        """Yield the same with when they were recorded, ns."""
        for record in records:
            try:
                message = STORE.deserialize_cdr(self._cdr(record), self._all[record.topic].type)
            except Exception:  # whatever the bytes make the library raise
                self._leave_out_bytes(record)
                continue
            yield record.time, message

    def _leave_out_bytes(self, record: Record) -> None:
        self._leave_out(UNREAD, f'{self._path}, {record.topic}, recorded at {record.time} ns: '
                        'its bytes are no message of its type; record it again')

    def _cdr(self, record: Record) -> bytes:
        data, found = record.data, self._all[record.topic]
        if data[:4] == ZSTD:  # a bag compressed message by message; CDR begins with 0
            data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        if found.form == ROS1:
            return to_cdr(data, found.type)
        return data

    def _looked_at(self, topic: Topic) -> Camera:
        """Return what can be told of an image topic from its first messages."""
        if topic.count == 0:
            return Camera(topic, None, '', None, 'empty')
        first, form, objection = None, '', 'nothing on it can be read'
        for message in itertools.islice(self._deserialized(topic.name), LOOKED_AT):
            first = message if first is None else first
            form = getattr(message, 'encoding', '') or getattr(message, 'format', '')
            if topic.type in VIDEOS:
                return Camera(topic, message, form, *self._video_size(topic, message))
            size = (message.width, message.height) if topic.type == IMAGE else None
            if is_depth(form):
                return Camera(topic, message, form, size, DEPTH)
            if topic.type == IMAGE:
                return Camera(topic, message, form, size, '')
            try:
                height, width = decode_compressed(message)[0].shape[:2]
            except ValueError as error:
                objection = str(error)
                continue
            return Camera(topic, message, form, (width, height), '')
        return Camera(topic, first, form, None, objection)

    def _video_size(self, topic: Topic, first: Any) -> tuple[tuple[int, int] | None, str]:
        """Return (width, height) of a video topic's frames, and the objection to it."""
        try:
            packets.codec_of(first)
            frames = packets.decode(itertools.islice(self._deserialized(topic.name), GROUP_OF_PICTURES))
            height, width = next(frames)[1].shape[:2]
        except StopIteration:
            return None, f'none of its first packets can be decoded, as without a key frame: {republished(topic.name)}'
        except (ValueError, SequenceError) as error:
            return None, str(error)
        return (width, height), ''

    def _chosen(self, topic: str | None, cameras: dict[str, Camera]) -> str:
        told = '; '.join([*(camera.phrase for camera in cameras.values()), *self._theora()])
        if topic is not None:
            if topic not in cameras:
                raise SequenceError(f'{self._path} has no image topic {topic}; its image topics are {told or "none"}')
            if cameras[topic].objection and not cameras[topic].may_be_grey:
                raise SequenceError(f'{self._path}: {cameras[topic].phrase} cannot be taken; its image topics are '
                                    f'{told}')
            return topic
        fit = [camera for camera in cameras.values() if not camera.objection]
        if fit:
            return min(fit, key=lambda camera: (camera.less_than_half_of(fit), *camera.rank)).topic.name
        if told:
            asked = [name for name, camera in cameras.items() if camera.may_be_grey]
            remedy = (f'If one of 16 bits is a camera, name it: --topic {asked[0]}' if asked else
                      'Record an Image or CompressedImage topic')
            raise SequenceError(f'{self._path}: no image topic in it can be a camera: {told}. '
                                f'{self._damage() or remedy}')
        found = ', '.join(f'{name} ({found.type})' for name, found in list(self._all.items())[:8])
        raise SequenceError(f'{self._path} has no image topic; record an Image or CompressedImage topic. '
                            f'It has {found or "no topic"}')

    def _theora(self) -> list[str]:
        return [f'{name} (Theora video: {republished(name)})' for name, found in self._all.items()
                if found.type == THEORA]

    def _read_info(self, size: tuple[int, int] | None) -> list[str]:
        """Take the intrinsics from the CameraInfo beside the images of a size, the first that is calibrated; return why
        not."""
        told = self._deserialized(self.info_topic) if self.info_topic else ()
        info = next((info for info in itertools.islice(told, INFOS) if info.k[0] != 0), None)
        if info is None:
            return []
        if size is not None and info.width and (info.width, info.height) != size:
            return [f'{self.info_topic}: of {info.width}×{info.height} pixels']
        rectified = any(part.startswith(RECTIFIED) for part in self.topic.split('/'))
        bends = bool(np.any(info.d)) and not rectified
        if bends and (info.distortion_model not in POLYNOMIAL or len(info.d) > MOST_COEFFICIENTS):
            return [f'{self.info_topic}: a lens of the model {info.distortion_model!r}, {len(info.d)} coefficients']
        if rectified and info.p[0] == 0:
            return [f'{self.info_topic}: its P is empty, and the images are rectified']
        self.intrinsics = np.array(info.p if rectified else info.k, np.float64).reshape(3, -1)[:, :3]
        self.distortion = np.array(info.d, np.float64) if bends else None
        return []

    def _rate(self) -> float:
        times = [record.time for record in itertools.islice(self._records([self.topic]), LOOKED_AT)]
        steps = [b - a for a, b in zip(times, times[1:]) if b > a]
        return NANOSECONDS / float(np.median(steps)) if steps else DEFAULT_RATE


def _has_header(kind: str) -> bool:
    if kind not in STORE.fielddefs:
        return False
    fields = STORE.fielddefs[kind][1]
    return bool(fields) and fields[0][1][1] == 'std_msgs/msg/Header'
