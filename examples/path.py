# SPDX-License-Identifier: Apache-2.0
"""The camera's path through a source of frames, as a TUM file: python examples/path.py SOURCE OUT.txt"""

import sys

import numpy as np

import ttt3r_ros as ttt3r

frames = [frame for frame in ttt3r.open(sys.argv[1]) if frame.tracked]
path = ttt3r.Trajectory(np.array([frame.stamp for frame in frames]), np.array([frame.pose for frame in frames]))
ttt3r.write_tum(sys.argv[2], path)
