# SPDX-License-Identifier: Apache-2.0
"""PointCloud2 messages to NumPy arrays and back, with the API of sensor_msgs_py in Jazzy.

An organized cloud is an array of shape (width, height), as there, and its points lie in that order.
"""
import array
import sys
from collections import namedtuple
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured, unstructured_to_structured
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

_DTYPES = {getattr(PointField, name.upper()): np.dtype(name) for name in
           ('int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'float32', 'float64')}
_NATIVE_BIG_ENDIAN = sys.byteorder == 'big'


def dtype_from_fields(fields: Iterable[PointField], point_step: int | None = None) -> np.dtype:
    """Return the structured dtype of one point; a field of count n > 1 becomes name_0 .. name_{n-1}.

    Raises AssertionError for a count of 0 or a name that occurs twice.
    """
    names, formats, offsets = [], [], []
    for index, field in enumerate(fields):
        assert field.count > 0, f"field '{field.name}' has count 0"
        dtype = _DTYPES[field.datatype]
        name = field.name or f'unnamed_field_{index}'
        for part in range(field.count):
            names.append(name if field.count == 1 else f'{name}_{part}')
            formats.append(dtype)
            offsets.append(field.offset + part * dtype.itemsize)
    assert len(set(names)) == len(names), f'duplicate field names in {names}'
    description = {'names': names, 'formats': formats, 'offsets': offsets}
    if point_step is not None:
        description['itemsize'] = point_step
    return np.dtype(description)


def read_points(cloud: PointCloud2, field_names: Sequence[str] | None = None, skip_nans: bool = False,
                uvs: Iterable | None = None, reshape_organized_cloud: bool = False) -> np.ndarray:
    """Return the points as a structured array (n), or (width, height) when asked of an organized cloud.

    `skip_nans` drops points with a NaN unless the cloud says that it is dense; `uvs` picks points by index.
    Raises AssertionError for a field that the cloud lacks, TypeError for a message with too little data.
    """
    assert isinstance(cloud, PointCloud2), 'the cloud is not a sensor_msgs.msg.PointCloud2'
    dtype = dtype_from_fields(cloud.fields, cloud.point_step)
    points = np.ndarray(cloud.width * cloud.height, dtype, cloud.data)
    if field_names is not None:
        missing = set(field_names) - set(points.dtype.names)
        assert not missing, f'the cloud has no fields {sorted(missing)}'
        points = points[list(field_names)]
    if cloud.is_bigendian != _NATIVE_BIG_ENDIAN:
        points = points.byteswap()
    if skip_nans and not cloud.is_dense:
        points = points[~np.logical_or.reduce([np.isnan(points[name]) for name in points.dtype.names])]
    if uvs is not None:
        points = points[uvs if isinstance(uvs, np.ndarray) else np.fromiter(uvs, int)]
    if reshape_organized_cloud and cloud.height > 1:
        points = points.reshape(cloud.width, cloud.height)
    return points


def read_points_numpy(cloud: PointCloud2, field_names: Sequence[str] | None = None, skip_nans: bool = False,
                      uvs: Iterable | None = None, reshape_organized_cloud: bool = False) -> np.ndarray:
    """Return read_points as a plain array with the fields, which share one type, on the last axis."""
    types = {field.datatype for field in cloud.fields if field_names is None or field.name in field_names}
    assert len(types) <= 1, 'the fields differ in type: use read_points'
    points = read_points(cloud, field_names, skip_nans, uvs, reshape_organized_cloud)
    return structured_to_unstructured(points)


def read_points_list(cloud: PointCloud2, field_names: Sequence[str] | None = None, skip_nans: bool = False,
                     uvs: Iterable | None = None) -> list[tuple]:
    """Return the points as a list of named tuples."""
    points = read_points(cloud, field_names, skip_nans, uvs)
    point = namedtuple('Point', points.dtype.names)
    return [point._make(values) for values in points]


def create_cloud(header: Header, fields: Sequence[PointField], points: Iterable,
                 point_step: int | None = None) -> PointCloud2:
    """Return a cloud of `points`, not dense, in native byte order.

    points: a structured array of exactly dtype_from_fields(fields, point_step), shape (n) or (width, height);
        a plain array with the fields on the last axis, which then share one type; or an iterable of tuples.
    Raises AssertionError for types that do not fit or more dimensions.
    """
    dtype = dtype_from_fields(fields, point_step)
    if not isinstance(points, np.ndarray):
        points = np.array([tuple(point) for point in points], dtype)
    elif points.dtype.names is None:
        assert len({field.datatype for field in fields}) == 1, 'mixed fields need a structured array'
        points = unstructured_to_structured(points, dtype)
    assert points.dtype == dtype, f'points of type {points.dtype} do not fit the fields, {dtype}'
    assert points.ndim <= 2, f'points of shape {points.shape}: a cloud has at most two dimensions'
    data = array.array('B')
    data.frombytes(points.tobytes())
    width, height = points.shape if points.ndim == 2 else (len(points), 1)
    cloud = PointCloud2(header=header, height=height, width=width, fields=list(fields), is_dense=False,
                        is_bigendian=_NATIVE_BIG_ENDIAN, point_step=dtype.itemsize,
                        row_step=dtype.itemsize * width)
    cloud.data = data
    return cloud


def create_cloud_xyz32(header: Header, points: Iterable) -> PointCloud2:
    """Return a cloud of float32 x, y, z from points of shape (n, 3) or (width, height, 3)."""
    fields = [PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
              for index, name in enumerate('xyz')]
    return create_cloud(header, fields, points)
