# SPDX-License-Identifier: Apache-2.0
"""What comes beside a camera's images: `mask`, or a file of one, and `depth` with its camera_info."""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict, deque
from pathlib import Path

import cv2
import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.aligned import AlignedError, depth_on_model, mask_on_model, resized
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.rectify import CalibrationError
from ttt3r_ros.reconstruction.whole_file import FileError, FilePath, NoSuchFile
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.camera_infos import LONGEST_WAIT_S, LOSSLESS
from ttt3r_ros.ros.conversions import frame_name, nanoseconds
from ttt3r_ros.ros.images import ImageError, to_depth, to_mask
from ttt3r_ros.ros.log import Log
from ttt3r_ros.sequences.picture_size import MOST_PIXELS, require_size

REPEAT_S = 10.0  # a trouble that stays is told again after this long
STRANGE = 10  # images running without one that belongs to them, while others come
MOST_LEFT_OUT = 0.5  # of the image: a robot's body, and people, leave more
MISSED = 300  # stamps that are remembered: who makes masks may take seconds
LIVE = 10  # messages that are kept until their image's turn comes
MOST_BYTES = 1 << 28  # that wait, and of a mask's file
LOOPED_NS = 1_000_000_000  # a stamp that goes so far back begins anew
DEPTH_APART_NS = 20_000_000  # stamps of depth and image: two shutters of one device
SAME_FOCAL = 0.05  # relative, as a part of the width: aligned depth has the image's


class MaskFileError(ValueError):
    """A mask file that cannot be read; the message names it and the remedy."""


class Companion:
    """The messages of one topic, until the images that they belong to are answered. They come on the executor's thread,
    and are asked for on the inference thread. late: how many came after they had been asked for in vain. strange: how
    many images running had none, though some came that are of none, neither."""

    def __init__(self, node: LifecycleNode, topic: str, lossless: bool, apart_ns: int) -> None:
        """Subscribe; apart_ns: by how much the stamps of what belongs together may differ."""
        self._node, self._lossless, self._apart = node, lossless, apart_ns
        self._most = LOSSLESS if lossless else LIVE
        self._waiting: OrderedDict[int, Image] = OrderedDict()
        self._bytes = 0
        self.late = self.strange = 0
        self._came = False  # some, since the last image
        self._asked = 0  # the last image's stamp
        self._missed: deque[int] = deque(maxlen=MISSED)  # stamps that were asked for in vain
        self._behind = 0  # of these, messages since the last image
        self._changed = threading.Condition()
        self._subscription = node.create_subscription(Image, topic, self._receive, QoSProfile(
            depth=self._most,
            reliability=ReliabilityPolicy.RELIABLE if lossless else ReliabilityPolicy.BEST_EFFORT))

    @property
    def topic(self) -> str:
        """The topic as it is remapped."""
        return self._subscription.topic_name

    def at(self, stamp: int, late: bool = False) -> Image | None:
        """Return the message that belongs to a stamp, ns, if it is there; older ones are forgotten.

        In a lossless run it is waited for up to LONGEST_WAIT_S, unless nobody publishes or a later one is there; not
        where it is asked for again, late.
        """
        with self._changed:
            if self._lossless and not late:
                self._changed.wait_for(
                    lambda: self._nearest(stamp) is not None or any(s > stamp + self._apart for s in self._waiting)
                    or not self._node.count_publishers(self.topic), LONGEST_WAIT_S)
            found = self._nearest(stamp)
            message = None if found is None else self._waiting[found]
            if late:  # what is older may belong to a bag's next loop
                return message
            if stamp < self._asked - LOOPED_NS:
                self._missed.clear()
                self._behind = 0
            self.late, self._behind, self._asked = self.late + self._behind, 0, stamp
            if message is None:
                self._missed.append(stamp)
            self.strange = self.strange + self._came if message is None else 0
            self._came = False
            for old in [s for s in self._waiting if s < stamp - self._apart]:
                self._bytes -= len(self._waiting.pop(old).data)
            return message

    def _nearest(self, stamp: int) -> int | None:
        near = [s for s in self._waiting if abs(s - stamp) <= self._apart]
        return min(near, key=lambda s: abs(s - stamp)) if near else None

    def _receive(self, message: Image) -> None:
        stamp = nanoseconds(message.header.stamp)
        with self._changed:
            if self._waiting and stamp < next(reversed(self._waiting)) - LOOPED_NS:
                self._waiting.clear()
                self._bytes = 0
            self._came = True
            if any(abs(missed - stamp) <= self._apart for missed in self._missed):
                self._behind, self.strange = self._behind + 1, 0
            if stamp in self._waiting:
                self._bytes -= len(self._waiting.pop(stamp).data)
            self._waiting[stamp] = message
            self._bytes += len(message.data)
            while len(self._waiting) > self._most or self._bytes > MOST_BYTES:
                self._bytes -= len(self._waiting.popitem(last=False)[1].data)
            self._changed.notify_all()

    def destroy(self) -> None:
        """Take the subscription off the node."""
        self._node.destroy_subscription(self._subscription)


class Companions:
    """One camera's mask and depth."""

    def __init__(self, node: LifecycleNode, log: Log, prefix: str, calibration: Calibration, mask_file: str,
                 with_depth: bool, lossless: bool) -> None:
        """Subscribe under the camera's name, a prefix such as 'front/', or empty. Raises MaskFileError."""
        self._node, self._log, self._calibration, self._lossless = node, log, calibration, lossless
        self._static = None if not mask_file else _read_mask(mask_file.replace('{camera}', prefix.removesuffix('/')))
        self._mask = Companion(node, f'{prefix}mask', lossless, 0)
        self._depth = Companion(node, f'{prefix}depth', lossless, DEPTH_APART_NS) if with_depth else None
        self._late = 0  # masks, as last told
        self._much: Counter[str] = Counter()  # images running of which a mask leaves out more than it is meant to
        self._info: CameraInfo | None = None
        self._info_subscription = None
        if with_depth:
            topic = f'{prefix}depth/camera_info'
            if node.resolve_topic_name(topic) == node.resolve_topic_name(topic, only_expand=True) and \
                    self._depth.topic != node.resolve_topic_name(f'{prefix}depth', only_expand=True):
                topic = f'{self._depth.topic.rpartition("/")[0]}/camera_info'  # beside the depth, as it is remapped
            self._info_subscription = node.create_subscription(CameraInfo, topic, self._receive_info,
                                                               qos_profile_sensor_data)

    def fetch(self, header: Header) -> tuple[Image | None, Image | None]:
        """Return the mask's and the depth's message that belong to an image, None for what is not there."""
        stamp = nanoseconds(header.stamp)
        mask = self._mask.at(stamp)
        if self._mask.late > self._late:
            self._late = self._mask.late
            self._log.warning(f'{self._late} mask(s) on {self._mask.topic} came after their images had been answered, '
                              'and nothing was left out by them: give this node the images when their masks are there, '
                              'as whoever makes these can send both, or set lossless, which waits', every=REPEAT_S)
        if self._mask.strange >= STRANGE:
            self._log.warning(f'nothing is left out by the masks on {self._mask.topic}: none has the stamp of an '
                              "image; whoever makes them has to copy the image's header.stamp", every=REPEAT_S)
        return mask, None if self._depth is None else self._depth.at(stamp)

    @property
    def depth_may_come(self) -> bool:
        """Whether depth that is not there with an image may come yet: nobody has waited for it."""
        return self._depth is not None and not self._lossless

    def late_depth(self, header: Header) -> Image | None:
        """Return the depth's message that belongs to an image which was answered without, None if it is not there."""
        return self._depth.at(nanoseconds(header.stamp), late=True)

    def left_out(self, message: Image | None, pixel_map: PixelMap) -> np.ndarray | None:
        """Return what of the model's image is left out, bool (h, w): what the camera does not see, and by the file and
        a message; None for nothing. Raises CalibrationError where the image could not be undistorted."""
        found = self._calibration.uncovered(pixel_map)
        for mask, what in ((self._static, 'mask_file'), (message, f'mask on {self._mask.topic}')):
            if mask is None:
                continue
            try:
                values = to_mask(mask) if isinstance(mask, Image) else mask
                size = pixel_map.original
                whole = self._calibration.straighten(255 * resized(values.astype(np.uint8), size, what))
                here = mask_on_model(whole > 0, pixel_map)
            except (ImageError, AlignedError, CalibrationError) as error:
                self._log.error(f'nothing is left out by the {what}: {error}', every=REPEAT_S)
                continue
            self._judge(what, float(here.mean()))
            found = here if found is None else found | here
        return found

    def _judge(self, what: str, share: float) -> None:
        """Tell of a mask that leaves out so much of the image that it may be meant the other way."""
        self._much[what] = self._much[what] + 1 if share > MOST_LEFT_OUT else 0
        if self._much[what] >= STRANGE:
            self._log.warning(f'the {what} leaves out {share:.0%} of the image: black is kept, and all else left out; '
                              'is it the wrong way round?', every=math.inf)

    def measured(self, message: Image | None, header: Header, pixel_map: PixelMap) -> np.ndarray | None:
        """Return the depth (h, w), metres, NaN where there is none, at the model's pixels of an image; None without."""
        if message is None:
            if self._depth is not None:
                self._told_missing()
            return None
        try:
            self._require_aligned(message, header, pixel_map)
            depth = resized(to_depth(message), pixel_map.original, f'depth on {self._depth.topic}')
            if self._calibration.rectify:
                depth = self._calibration.rectifier(pixel_map.original).rectify(depth, nearest=True)
        except (ImageError, AlignedError, CalibrationError) as error:
            self._log.warning(f'no scale from the depth: {error}', every=REPEAT_S)
            return None
        return depth_on_model(depth, pixel_map)

    def _require_aligned(self, message: Image, header: Header, pixel_map: PixelMap) -> None:
        """Raise AlignedError for a depth that is seen from another place or by another lens than the image."""
        frame = frame_name(message.header.frame_id)
        if frame and header.frame_id and frame != header.frame_id:
            raise AlignedError(f'it is in the frame {frame!r}, the images are in {header.frame_id!r}: take the '
                               "driver's aligned depth (realsense2_camera: align_depth.enable)")
        info = self._info
        if info is None or not info.k[0] > 0 or not info.width:
            return
        try:
            camera, _ = self._calibration.pinhole(pixel_map.original)
        except CalibrationError:
            return  # the images' own lens is not known: the frames agree, that must do
        own, wanted = info.k[0] / info.width, camera[0, 0] / pixel_map.original[1]
        if not abs(own / wanted - 1) <= SAME_FOCAL:
            raise AlignedError(f'its camera_info has a focal length of {own:.3f} of its width, the images\' has '
                               f"{wanted:.3f}: take the driver's aligned depth")

    def _told_missing(self) -> None:
        topic = self._depth.topic
        why = ('none with the stamps of the images comes' if self._node.count_publishers(topic) else
               'nobody publishes it')
        self._log.warning(f'no scale from the depth on {topic}: {why}; remap depth to the depth that is aligned to the '
                          'images', every=REPEAT_S)

    def _receive_info(self, message: CameraInfo) -> None:
        self._info = message

    def destroy(self) -> None:
        """Take the subscriptions off the node."""
        for part in (self._mask, self._depth):
            if part is not None:
                part.destroy()
        if self._info_subscription is not None:
            self._node.destroy_subscription(self._info_subscription)


def _read_mask(name: str) -> np.ndarray:
    """Return the mask (H, W), True for what is left out, of an image file. Raises MaskFileError."""
    path = Path(name)
    # An alpha channel or colours would be somebody's drawing: any light counts.
    remedy = "name an image of the camera's size, black but for what is to be left out"
    try:
        # A pipe would keep the node for ever, and a device has no end.
        with FilePath.of(path).open() as file:
            data = file.read(MOST_BYTES)
        require_size(data, MOST_PIXELS)
    except NoSuchFile as error:
        raise MaskFileError(f'mask_file {path} does not exist: {remedy}') from error
    except FileError as error:
        raise MaskFileError(f'mask_file {path} cannot be read ({error.reason}): {remedy}') from error
    except OSError as error:
        raise MaskFileError(f'mask_file {path} cannot be read ({error.strerror}): {remedy}') from error
    except ValueError as error:
        raise MaskFileError(f'mask_file {path} cannot be read as an image, {error}: {remedy}') from error
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise MaskFileError(f'mask_file {path} cannot be read as an image: {remedy}')
    return image > 0
