# SPDX-License-Identifier: Apache-2.0
"""The camera's path through a source of frames, as a TUM file: python examples/path.py SOURCE OUT.txt"""

import sys

import numpy as np

import ttt3r_ros as ttt3r

# A frame has points and an image, which a list of frames would keep: a phone's film would fill the memory.
way = [(frame.stamp, frame.pose) for frame in ttt3r.open(sys.argv[1]) if frame.tracked]
path = ttt3r.Trajectory(np.array([stamp for stamp, _ in way]), np.array([pose for _, pose in way]))
ttt3r.write_tum(sys.argv[2], path)
