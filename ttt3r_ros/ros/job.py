# SPDX-License-Identifier: Apache-2.0
"""An image on its way from the executor to the inference thread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image

from ttt3r_ros.ros.conversions import nanoseconds
from ttt3r_ros.ros.images import ImageError
from ttt3r_ros.sequences.serialized import header_stamp

if TYPE_CHECKING:
    from ttt3r_ros.ros.pipeline import Pipeline

STAMP_END = 12  # bytes of a serialised message that begins with a header, CDR's own four and the stamp


@dataclass(frozen=True)
class Job:
    """An image message, serialised or not, its type, when it was received, time.monotonic() s, and who answers it.

    It is made a message by the inference thread, when its turn comes: live, most never are.
    """

    data: bytes | Image
    kind: type[Image | CompressedImage]
    received: float
    pipeline: Pipeline

    @cached_property
    def message(self) -> Image | CompressedImage:
        """The message. Raises ImageError for what is none."""
        if not isinstance(self.data, bytes):
            return self.data
        try:
            return deserialize_message(self.data, self.kind)
        except RuntimeError as error:
            raise ImageError(f'{len(self.data)} bytes are no message of the type {self.kind.__name__}') from error

    @property
    def stamp(self) -> int | None:
        """The header's stamp, ns, None for what is no message; of the serialised form nothing else is read."""
        if not isinstance(self.data, bytes):
            return nanoseconds(self.data.header.stamp)
        if len(self.data) < STAMP_END:
            return None
        return header_stamp(self.data)
