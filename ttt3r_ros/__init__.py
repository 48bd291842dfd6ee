# SPDX-License-Identifier: Apache-2.0
"""TTT3R for robots: streaming monocular 3D reconstruction, and its ROS 2 node.

    import ttt3r_ros as ttt3r
    for frame in ttt3r.open('video.mp4'):
        print(frame.stamp, frame.pose)

docs/api.md has the rest. Names are imported when they are asked for: a client of our messages reads no PyTorch.
"""

import importlib
import pkgutil

# The generated messages (ttt3r_ros.msg) lie in the install space, also when this source tree is what runs.
__path__ = pkgutil.extend_path(__path__, __name__)

__version__ = '0.1.0'

_HOMES = {'open': 'offline.api', 'Stream': 'offline.stream', 'StampedFrame': 'offline.stream',
          'Reconstructor': 'reconstruction.reconstructor', 'Frame': 'reconstruction.frame',
          'load_network': 'model.checkpoint', 'make_rule': 'model.update_rules', 'open_sequence': 'sequences.opening',
          'Trajectory': 'sequences.trajectory', 'write_tum': 'sequences.trajectory'}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(f'.{_HOMES[name]}', __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
