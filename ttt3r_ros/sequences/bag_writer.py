# SPDX-License-Identifier: Apache-2.0
"""A sequence written as an mcap bag that `ros2 bag play` plays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from .bag import COMPRESSED, IMAGE, INFO
from .sequence import NANOSECONDS, Image, Sequence, SequenceError
from .stamps import LAST

JPEG_QUALITY = 95
STORE = get_typestore(Stores.ROS2_JAZZY)


def write_bag(sequence: Sequence, path: Path | str, *, topic: str = '/camera/image_raw',
              compressed: bool = False, progress: Callable[[int, int | None], None] | None = None) -> None:
    """Write the frames to the new bag folder `path`, one at a time; log times equal the header stamps.

    topic       of the rgb8 images; CameraInfo goes to `camera_info` beside it if the intrinsics are known
    compressed  JPEG as CompressedImage on `topic`/compressed instead
    progress    called with the frames written and the frames expected (None if unknown) after each

    Raises SequenceError if the path exists, or a frame cannot be read; the unfinished bag is then removed.
    """
    path = Path(path)
    if path.exists():
        raise SequenceError(f'{path} exists already; remove it or write the bag elsewhere')
    try:
        with Writer(path, version=Writer.VERSION_LATEST, storage_plugin=StoragePlugin.MCAP) as writer:
            kind, name = (COMPRESSED, topic + '/compressed') if compressed else (IMAGE, topic)
            images = writer.add_connection(name, kind, typestore=STORE)
            infos = None
            if sequence.intrinsics is not None:
                beside = topic.rpartition('/')[0] + '/camera_info'
                infos = writer.add_connection(beside, INFO, typestore=STORE)
            for number, image in enumerate(sequence, 1):
                header = _header(image.stamp, sequence.frame_id)
                message = _compressed(header, image) if compressed else _raw(header, image)
                if infos is not None:
                    info = _info(header, image, sequence.intrinsics, sequence.distortion)
                    writer.write(infos, image.stamp, STORE.serialize_cdr(info, INFO))
                writer.write(images, image.stamp, STORE.serialize_cdr(message, kind))
                if progress is not None:
                    progress(number, sequence.count)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _header(stamp: int, frame_id: str):
    if not 0 <= stamp < LAST:
        raise SequenceError(f'the stamp {stamp} ns is no time that a message can have (1970 to 2038); correct it')
    seconds, nanoseconds = divmod(stamp, NANOSECONDS)
    time = STORE.types['builtin_interfaces/msg/Time'](sec=seconds, nanosec=nanoseconds)
    return STORE.types['std_msgs/msg/Header'](stamp=time, frame_id=frame_id)


def _raw(header, image: Image):
    height, width = image.rgb.shape[:2]
    return STORE.types[IMAGE](header=header, height=height, width=width, encoding='rgb8', is_bigendian=0,
                              step=3 * width, data=np.ascontiguousarray(image.rgb).reshape(-1))


def _compressed(header, image: Image):
    bgr = cv2.cvtColor(image.rgb, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise SequenceError(f'the frame at {image.stamp} ns cannot become a JPEG; write the bag uncompressed')
    return STORE.types[COMPRESSED](header=header, format='rgb8; jpeg compressed bgr8', data=data.reshape(-1))


def _info(header, image: Image, intrinsics: np.ndarray, distortion: np.ndarray | None):
    height, width = image.rgb.shape[:2]
    region = STORE.types['sensor_msgs/msg/RegionOfInterest'](x_offset=0, y_offset=0, height=0, width=0,
                                                             do_rectify=False)
    projection = np.hstack([intrinsics, np.zeros((3, 1))])
    coefficients = np.zeros(5) if distortion is None else np.asarray(distortion, np.float64)
    if len(coefficients) == 4:
        coefficients = np.append(coefficients, 0.0)  # plumb_bob has five
    return STORE.types[INFO](header=header, height=height, width=width, distortion_model='plumb_bob',
                             d=coefficients, k=np.asarray(intrinsics, np.float64).reshape(-1),
                             r=np.eye(3).reshape(-1), p=projection.reshape(-1), binning_x=0, binning_y=0,
                             roi=region)
