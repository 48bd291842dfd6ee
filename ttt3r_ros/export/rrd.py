# SPDX-License-Identifier: Apache-2.0
"""The run as a Rerun recording, which `rerun run.rrd` opens.

The world is ours, the first camera's (x right, y down, z forward). Each frame is at its image's stamp: pose and pinhole
at `world/camera`, picture and depth below it, points in the world.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rerun as rr

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded

APPLICATION = 'ttt3r_ros'
CAMERA = 'world/camera'


def write(recorded: Recorded, folder: Path) -> list[str]:
    """Write run.rrd."""
    stream = rr.RecordingStream(APPLICATION)  # one of its own: nothing goes into another's
    stream.save(folder / 'run.rrd')
    stream.log('world', rr.ViewCoordinates.RDF, static=True)
    stream.log('world/path', rr.LineStrips3D([recorded.trajectory.poses[:, :3, 3]]), static=True)
    for shot in recorded.shots:
        pose = np.array(shot.pose)
        # An int would be taken for seconds.
        stream.set_time('stamp', timestamp=np.datetime64(shot.stamp, 'ns'))
        stream.log(CAMERA, rr.Transform3D(translation=pose[:3, 3], mat3x3=pose[:3, :3]))
        if shot.intrinsics is not None:
            stream.log(f'{CAMERA}/image', rr.Pinhole(image_from_camera=np.array(shot.intrinsics), resolution=shot.size,
                                                     camera_xyz=rr.ViewCoordinates.RDF))
        stream.log(f'{CAMERA}/image/rgb', rr.EncodedImage(path=recorded.image_file(shot)))
        stream.log(f'{CAMERA}/image/depth', rr.DepthImage(recorded.array('depth', shot), meter=1.0))
        cloud = recorded.points(shot)
        stream.log('world/points', rr.Points3D(cloud.points @ pose[:3, :3].T + pose[:3, 3], colors=cloud.colours))
    stream.disconnect()
    return ['run.rrd']
