# SPDX-License-Identifier: Apache-2.0
"""The tree of frames over time, without ROS communication; times inside are integer nanoseconds."""
import bisect
import math
import threading
from typing import NamedTuple

import numpy as np
from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import Quaternion, TransformStamped, Vector3
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.time import Time
from tf_transformations import quaternion_matrix, quaternion_multiply, quaternion_slerp

_NANOSECONDS = 10**9
_Quaternion = tuple[float, float, float, float]  # x y z w
_NO_TURN: _Quaternion = (0.0, 0.0, 0.0, 1.0)


class TransformException(Exception):
    """Any failure of a lookup."""


class LookupException(TransformException):
    """A frame is unknown."""


class ConnectivityException(TransformException):
    """Both frames are known, but no chain of transforms connects them."""


class ExtrapolationException(TransformException):
    """A chain exists, but not at the time asked for."""


class InvalidArgumentException(TransformException):
    """A frame name is empty or starts with a slash."""


class TimeoutException(TransformException):
    """Named for completeness of the API; lookups that time out raise what stood in their way."""


class _Sample(NamedTuple):
    """Child in parent: point_parent = rotation(point_child) + translation."""

    stamp: int
    parent: str
    rotation: _Quaternion
    translation: np.ndarray


class BufferCore:
    """Known transforms, `cache_time` (default 10 s) of each moving one. Safe to use from several threads."""

    def __init__(self, cache_time: Duration = Duration(seconds=10)) -> None:
        self._cache_time = cache_time.nanoseconds
        self._lock = threading.RLock()
        self._static: dict[str, _Sample] = {}
        self._moving: dict[str, list[_Sample]] = {}  # ordered by stamp
        self._frames: set[str] = set()

    def clear(self) -> None:
        """Forget the moving transforms; the static ones stay."""
        with self._lock:
            for samples in self._moving.values():
                samples.clear()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Add a moving transform; an invalid one is logged and ignored."""
        self._insert(transform, authority, static=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Set a transform that holds at all times; an invalid one is logged and ignored."""
        self._insert(transform, authority, static=True)

    def _insert(self, transform: TransformStamped, authority: str, static: bool) -> None:
        parent = transform.header.frame_id.removeprefix('/')
        child = transform.child_frame_id.removeprefix('/')
        t, q = transform.transform.translation, transform.transform.rotation
        translation, quaternion = np.array([t.x, t.y, t.z]), np.array([q.x, q.y, q.z, q.w])
        # Written so that NaN fails too.
        if not (parent and child and parent != child and np.isfinite(translation).all()
                and abs(quaternion @ quaternion - 1.0) < 0.01):
            get_logger('tf2').error(f"ignoring an invalid transform from '{authority}': '{child}' in "
                                    f"'{parent}', translation {translation}, quaternion {quaternion}")
            return
        rotation = tuple((quaternion / np.linalg.norm(quaternion)).tolist())
        sample = _Sample(_nanoseconds(transform.header.stamp), parent, rotation, translation)
        with self._lock:
            self._frames |= {parent, child}
            if static:
                self._moving.pop(child, None)
                self._static[child] = sample
                return
            self._static.pop(child, None)
            samples = self._moving.setdefault(child, [])
            if samples and sample.stamp < samples[-1].stamp - self._cache_time:
                get_logger('tf2').warning(f"ignoring old data for frame '{child}' from '{authority}'")
                return
            index = bisect.bisect_left(samples, sample.stamp, key=lambda each: each.stamp)
            same = index < len(samples) and samples[index].stamp == sample.stamp
            samples[index:index + same] = [sample]
            oldest = samples[-1].stamp - self._cache_time
            del samples[:bisect.bisect_left(samples, oldest, key=lambda each: each.stamp)]

    def can_transform_core(self, target_frame: str, source_frame: str, time: Time) -> tuple[bool, str]:
        """Return whether lookup_transform_core would answer, and if not, why."""
        try:
            self.lookup_transform_core(target_frame, source_frame, time)
        except TransformException as error:
            return False, str(error)
        return True, ''

    def lookup_transform_core(self, target_frame: str, source_frame: str, time: Time) -> TransformStamped:
        """Return the source frame in the target frame at `time` (zero: the latest time common to the chain).

        Raises LookupException, ConnectivityException, ExtrapolationException or InvalidArgumentException.
        """
        stamp = _nanoseconds(time)
        with self._lock:
            if target_frame == source_frame:
                stamp = stamp or self._latest(source_frame)
                return _message(target_frame, source_frame, stamp, _NO_TURN, np.zeros(3))
            for frame in (target_frame, source_frame):
                if not frame or frame.startswith('/'):
                    raise InvalidArgumentException(f"'{frame}' is not a frame name")
                if frame not in self._frames:
                    raise LookupException(f'"{frame}" passed to lookupTransform does not exist.')
            stamp = stamp or self._common_time(target_frame, source_frame)
            above_source, source_error = self._ascend(source_frame, stamp)
            above_target, target_error = self._ascend(target_frame, stamp)
        ancestor = next((frame for frame in above_target if frame in above_source), None)
        if ancestor is None:
            raise target_error or source_error or _unconnected(target_frame, source_frame)
        (rotation, translation), (up, offset) = above_source[ancestor], above_target[ancestor]
        x, y, z, w = up
        down = -x, -y, -z, w
        return _message(target_frame, source_frame, stamp, quaternion_multiply(down, rotation),
                        _turned(down, translation - offset))

    def _latest(self, frame: str) -> int:
        samples = self._moving.get(frame)
        return samples[-1].stamp if samples else 0

    def _common_time(self, target: str, source: str) -> int:
        """Return the newest time that every moving link between the frames has reached (0: there is none)."""
        chains = []
        for frame in (target, source):
            chain = {frame: math.inf}  # frame: the oldest of the latest stamps below it
            while frame in self._static or self._moving.get(frame):
                sample = self._static.get(frame) or self._moving[frame][-1]
                if sample.parent in chain:
                    raise LookupException('The tf tree is invalid because it contains a loop.')
                chain[sample.parent] = min(chain[frame], self._latest(frame) or math.inf)
                frame = sample.parent
            chains.append(chain)
        for frame, stamp in chains[0].items():
            if frame in chains[1]:
                common = min(stamp, chains[1][frame])
                return 0 if common == math.inf else int(common)
        raise _unconnected(target, source)

    def _ascend(self, frame: str, stamp: int) \
            -> tuple[dict[str, tuple[_Quaternion, np.ndarray]], ExtrapolationException | None]:
        """Return the pose of a frame in itself and in all above it, and why that ended before the root."""
        pose = _NO_TURN, np.zeros(3)
        poses = {frame: pose}
        while frame in self._static or frame in self._moving:
            try:
                sample = self._static.get(frame) or _interpolate(self._moving[frame], stamp)
            except ExtrapolationException as error:
                return poses, error
            pose = (quaternion_multiply(sample.rotation, pose[0]),
                    _turned(sample.rotation, pose[1]) + sample.translation)
            frame = sample.parent
            if frame in poses:
                raise LookupException('The tf tree is invalid because it contains a loop.')
            poses[frame] = pose
        return poses, None


def _interpolate(samples: list[_Sample], stamp: int) -> _Sample:
    index = bisect.bisect_left(samples, stamp, key=lambda each: each.stamp)
    if index < len(samples) and samples[index].stamp == stamp:
        return samples[index]
    if samples and stamp == 0:
        return samples[-1]
    if index in (0, len(samples)):
        have = ' to '.join(f'{samples[i].stamp / 1e9:.9f}' for i in (0, -1)) if samples else 'nothing'
        raise ExtrapolationException(f'Lookup would require extrapolation at time {stamp / 1e9:.9f}, '
                                     f'but the buffer holds {have}')
    before, after = samples[index - 1:index + 1]
    if before.parent != after.parent:
        return before
    ratio = (stamp - before.stamp) / (after.stamp - before.stamp)
    rotation = quaternion_slerp(before.rotation, after.rotation, ratio)
    return before._replace(rotation=tuple(rotation.tolist()),
                           translation=before.translation + ratio * (after.translation - before.translation))


def _unconnected(target: str, source: str) -> ConnectivityException:
    return ConnectivityException(f"'{target}' and '{source}' are not part of the same tree.")


def _nanoseconds(time: Time | TimeMsg) -> int:
    return time.nanoseconds if hasattr(time, 'nanoseconds') else time.sec * _NANOSECONDS + time.nanosec


def _turned(rotation: _Quaternion, vector: np.ndarray) -> np.ndarray:
    return quaternion_matrix(rotation)[:3, :3] @ vector


def _message(target: str, source: str, stamp: int, rotation: _Quaternion,
             translation: np.ndarray) -> TransformStamped:
    message = TransformStamped(child_frame_id=source)
    message.header.frame_id = target
    message.header.stamp = TimeMsg(sec=stamp // _NANOSECONDS, nanosec=stamp % _NANOSECONDS)
    quaternion = (math.copysign(1 / np.linalg.norm(rotation), rotation[3]) * np.array(rotation)).tolist()
    message.transform.translation = Vector3(**dict(zip('xyz', translation.tolist())))
    message.transform.rotation = Quaternion(**dict(zip('xyzw', quaternion)))
    return message
