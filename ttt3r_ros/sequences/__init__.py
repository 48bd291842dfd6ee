# SPDX-License-Identifier: Apache-2.0
"""Where frames come from, and the bag that they go into; no ROS installation is needed.

Names are imported when they are asked for: a node, which needs the bounds of pictures alone, reads no readers of bags.
"""

import importlib

_HOMES = {'Bag': 'bag', 'Message': 'bag', 'write_bag': 'bag_writer', 'open_sequence': 'opening', 'Image': 'sequence',
          'Sequence': 'sequence', 'SequenceError': 'sequence', 'Trajectory': 'trajectory', 'read_tum': 'trajectory',
          'write_tum': 'trajectory'}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(f'.{_HOMES[name]}', __name__), name)
