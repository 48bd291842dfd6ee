#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A red point written as PLY by the tensor half of one package, with colours from 0 to 1 as both halves have them, and read by the other.
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

COLOURS = [[1, 0, 0], [.2, .4, .6]]
tensor = o3d.t.geometry.PointCloud(o3d.core.Tensor(np.eye(3, dtype='f4')[:2]))
tensor.point.colors = o3d.core.Tensor(np.array(COLOURS, 'f4'))
back = {}
for kind in 'ply', 'pcd', 'xyzrgb':
    o3d.t.io.write_point_cloud(f'cloud.{kind}', tensor)
    back[kind] = np.asarray(o3d.io.read_point_cloud(f'cloud.{kind}').colors).round(4).tolist()
own = o3d.t.io.read_point_cloud('cloud.ply').point.colors.numpy().round(4).tolist()
o3d.io.write_point_cloud('legacy.ply', tensor.to_legacy())
legacy = np.asarray(o3d.io.read_point_cloud('legacy.ply').colors).round(2).tolist()
print(f'Open3D {o3d.__version__}\n'
      f'guess: {COLOURS}, by whichever half it is read; tensor half: {own}; written by the other half: {legacy}\n'
      f'seen:  {back}')
held = (np.allclose(own, COLOURS, atol=.003) and np.allclose(legacy, COLOURS, atol=.01) and np.allclose(back['pcd'], COLOURS, atol=.01)
        and np.allclose(back['xyzrgb'], COLOURS, atol=.01) and np.allclose(back['ply'], np.array(COLOURS) / 255, atol=1e-4))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
