# SPDX-License-Identifier: Apache-2.0
"""The path in the forms that evaluation tools read. Camera-to-world, optical axes, metres."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scipy.spatial.transform import Rotation

from ttt3r_ros.sequences import trajectory

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded

EUROC_HEAD = ('#timestamp [ns],p_RS_R_x [m],p_RS_R_y [m],p_RS_R_z [m],'
              'q_RS_w [],q_RS_x [],q_RS_y [],q_RS_z []\n')


def write_tum(recorded: Recorded, folder: Path) -> list[str]:
    """Write `stamp tx ty tz qx qy qz qw` a line, stamps in seconds with nine decimals."""
    trajectory.write_tum(folder / 'trajectory_tum.txt', recorded.trajectory)
    return ['trajectory_tum.txt']


def write_kitti(recorded: Recorded, folder: Path) -> list[str]:
    """Write the upper three rows of each frame's pose, row by row.

    KITTI has no stamps: line and frame are told by their number. So one that was not tracked has a line, too: the last
    pose before it that was, or the first.
    """
    known, lines = {shot.number: shot.pose for shot in recorded.shots}, []
    if known:
        pose = recorded.shots[0].pose
        for number in range(recorded.every[-1].number + 1):
            pose = known.get(number, pose)
            lines.append(' '.join(repr(float(value)) for row in pose[:3] for value in row) + '\n')
    (folder / 'trajectory_kitti.txt').write_text(''.join(lines))
    return ['trajectory_kitti.txt']


def write_euroc(recorded: Recorded, folder: Path) -> list[str]:
    """Write stamp, position and quaternion (w first) of the camera, which stands where EuRoC has the body."""
    path, lines = recorded.trajectory, [EUROC_HEAD]
    for stamp, pose in zip(path.stamps, path.poses, strict=True):
        x, y, z, w = Rotation.from_matrix(pose[:3, :3]).as_quat()
        lines.append(','.join([str(stamp), *(repr(float(value)) for value in (*pose[:3, 3], w, x, y, z))]) + '\n')
    (folder / 'trajectory_euroc.csv').write_text(''.join(lines))
    return ['trajectory_euroc.csv']
