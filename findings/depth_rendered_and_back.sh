#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A side wall rendered to depth with the rays of a pinhole camera, and taken back to points with the same intrinsics, by one package. Of
# the points it is said that x is (u - cx) z / fx, with the centre of a pixel thus at a whole number.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 open3d-cpu==0.20.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import open3d as o3d

camera = o3d.camera.PinholeCameraIntrinsic(64, 48, 50., 50., 31.5, 23.5)
matrix = o3d.core.Tensor(camera.intrinsic_matrix)
corners = np.array([[2, -50, 1], [2, 50, 1], [2, 50, 100], [2, -50, 100]], 'f4')
scene = o3d.t.geometry.RaycastingScene()
scene.add_triangles(o3d.core.Tensor(corners), o3d.core.Tensor(np.array([[0, 1, 2], [0, 2, 3]], 'u4')))
rays = o3d.t.geometry.RaycastingScene.create_rays_pinhole(matrix, o3d.core.Tensor(np.eye(4)), 64, 48)
depth = scene.cast_rays(rays)['t_hit'].numpy()
depth = np.where((depth > 0) & (depth < 20), depth, 0).astype('f4')


def points(image, moved=0.):
    shifted = o3d.camera.PinholeCameraIntrinsic(64, 48, 50., 50., 31.5 - moved, 23.5 - moved)
    legacy = o3d.geometry.PointCloud.create_from_depth_image(o3d.geometry.Image(image), shifted, depth_scale=1., depth_trunc=100.)
    tensor = o3d.t.geometry.PointCloud.create_from_depth_image(
        o3d.t.geometry.Image(o3d.core.Tensor(image)), o3d.core.Tensor(shifted.intrinsic_matrix), depth_scale=1., depth_max=100.)
    return [round(float(np.abs(np.asarray(cloud)[:, 0] - 2).max()), 4) for cloud in (legacy.points, tensor.point.positions.numpy())]


hand = np.zeros((48, 64), 'f4')
columns = np.arange(38, 64)
hand[:, columns] = 2 * 50 / (columns - 31.5)
off, moved, own = points(depth), points(depth, .5), points(hand)
first = [round(float(value), 3) for value in (rays.numpy()[0, 0, 3:] / rays.numpy()[0, 0, 5])[:2]]
print(f'Open3D {o3d.__version__}\n'
      f'guess: the ray of pixel 0 0 leads through {[(0 - 31.5) / 50, (0 - 23.5) / 50]}, and all points lie on the wall at x = 2 m\n'
      f'seen:  through {first}; up to {off} m beside it, with the centre half a pixel less {moved} m, of depth by hand {own} m')
held = first == [-.62, -.46] and min(off) > .1 and max(moved) < 1e-3 and max(own) < 1e-3
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
