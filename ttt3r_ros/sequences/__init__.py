# SPDX-License-Identifier: Apache-2.0
"""Where frames come from, and the bag that they go into; no ROS installation is needed."""

from .bag import Bag, Message
from .bag_writer import write_bag
from .opening import open_sequence
from .sequence import Image, Sequence, SequenceError
from .trajectory import Trajectory, read_tum, write_tum

__all__ = ['Bag', 'Image', 'Message', 'Sequence', 'SequenceError', 'Trajectory', 'open_sequence', 'read_tum',
           'write_bag', 'write_tum']
