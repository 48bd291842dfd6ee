# SPDX-License-Identifier: Apache-2.0
"""One cloud of every fifth frame's most confident half, as a PLY file: python examples/cloud.py SOURCE OUT.ply"""

import sys
from pathlib import Path

import numpy as np

import ttt3r_ros as ttt3r
from ttt3r_ros.reconstruction.cloud import Cloud
from ttt3r_ros.reconstruction.cloud_files import ply

parts = []
for frame in ttt3r.open(sys.argv[1], every=5):
    if frame.tracked:
        kept = frame.confidence >= np.median(frame.confidence)
        parts.append((frame.world_points[kept].astype(np.float32), frame.image[kept], frame.confidence[kept]))
Path(sys.argv[2]).write_bytes(ply(Cloud(*map(np.concatenate, zip(*parts)))))
