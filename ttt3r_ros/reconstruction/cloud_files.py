# SPDX-License-Identifier: Apache-2.0
"""Clouds as bytes of PLY and PCD files, with names of fields that viewers understand.

PLY: x y z red green blue scalar_confidence. MeshLab misreads a float `confidence` and CloudCompare drops it; what
begins with `scalar_` is a scalar field there. PCD: x y z rgb intensity, the field that PCL's viewers colour by.
"""

from __future__ import annotations

import numpy as np

from ttt3r_ros.reconstruction.cloud import Cloud

PLY_VERTEX = np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('red', 'u1'), ('green', 'u1'), ('blue', 'u1'),
                       ('scalar_confidence', '<f4')])
PLY_KINDS = {'<f4': 'float', '|u1': 'uchar'}
PCD_POINT = np.dtype([(name, '<f4') for name in ('x', 'y', 'z', 'rgb', 'intensity')])


def ply(cloud: Cloud) -> bytes:
    """Return a flat cloud as a binary PLY file."""
    vertices = np.empty(len(cloud.points), PLY_VERTEX)
    _place(vertices, cloud)
    for i, name in enumerate(('red', 'green', 'blue')):
        vertices[name] = cloud.colours[:, i]
    vertices['scalar_confidence'] = cloud.confidence
    properties = ''.join(f'property {PLY_KINDS[PLY_VERTEX[name].str]} {name}\n' for name in PLY_VERTEX.names)
    header = f'ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\n{properties}end_header\n'
    return header.encode('ascii') + vertices.tobytes()


def pcd(cloud: Cloud) -> bytes:
    """Return a flat cloud as a binary PCD file; rgb is packed as PCL does, intensity the confidence."""
    points = np.empty(len(cloud.points), PCD_POINT)
    _place(points, cloud)
    red, green, blue = cloud.colours.T.astype('<u4')
    points['rgb'] = ((red << 16) | (green << 8) | blue).view('<f4')
    points['intensity'] = cloud.confidence
    fields, size = len(PCD_POINT), len(points)
    header = ('# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n'
              f'FIELDS {" ".join(PCD_POINT.names)}\nSIZE{" 4" * fields}\nTYPE{" F" * fields}\n'
              f'COUNT{" 1" * fields}\nWIDTH {size}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\n'
              f'POINTS {size}\nDATA binary\n')
    return header.encode('ascii') + points.tobytes()


def _place(records: np.ndarray, cloud: Cloud) -> None:
    for i, axis in enumerate('xyz'):
        records[axis] = cloud.points[:, i]
