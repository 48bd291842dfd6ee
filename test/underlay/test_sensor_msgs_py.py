# SPDX-License-Identifier: Apache-2.0
"""What sensor_msgs_py.point_cloud2 promises, the real one and the one of underlay/ alike."""
import array

import numpy as np
import pytest
from sensor_msgs.msg import PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

HEADER = Header(frame_id='camera')


def field(name, offset, datatype=PointField.FLOAT32, count=1):
    return PointField(name=name, offset=offset, datatype=datatype, count=count)


XYZ = [field(name, 4 * i) for i, name in enumerate('xyz')]
# As the node publishes: a gap after z, a packed colour, one more value.
COLOURED = [*XYZ, field('rgb', 16, PointField.UINT32), field('confidence', 20)]


def coloured_points(shape):
    points = np.zeros(shape, point_cloud2.dtype_from_fields(COLOURED, 32))
    for i, name in enumerate(points.dtype.names):
        points[name] = (np.arange(points.size) * 10 + i).reshape(shape)
    return points


def test_dtype_from_fields():
    """The dtype must have the fields' names, types and offsets, and the point step as its size."""
    dtype = point_cloud2.dtype_from_fields(COLOURED, 32)
    assert dtype.names == ('x', 'y', 'z', 'rgb', 'confidence') and dtype.itemsize == 32
    assert [dtype.fields[name][1] for name in dtype.names] == [0, 4, 8, 16, 20]
    assert dtype['rgb'] == np.uint32
    assert point_cloud2.dtype_from_fields(COLOURED).itemsize == 24


def test_dtype_of_counts_and_missing_names():
    """A field of count 2 must become two, an unnamed one must get a name by its index."""
    fields = [field('normal', 0, PointField.FLOAT64, 2), field('', 16, PointField.INT8)]
    dtype = point_cloud2.dtype_from_fields(fields)
    assert dtype.names == ('normal_0', 'normal_1', 'unnamed_field_1')
    assert dtype.fields['normal_1'][1] == 8


@pytest.mark.parametrize('fields', [[field('x', 0), field('x', 4)], [field('x', 0, count=0)]])
def test_fields_that_make_no_point(fields):
    """Two fields of one name, or a field of no values, must be refused."""
    with pytest.raises(AssertionError):
        point_cloud2.dtype_from_fields(fields)


def test_structured_cloud_round_trip():
    """A structured array must come back bit for bit, and the message must describe it."""
    points = coloured_points(6)
    cloud = point_cloud2.create_cloud(HEADER, COLOURED, points, 32)
    assert (cloud.width, cloud.height, cloud.point_step, cloud.row_step) == (6, 1, 32, 192)
    assert cloud.header == HEADER and cloud.fields == COLOURED
    assert not cloud.is_dense and not cloud.is_bigendian
    assert isinstance(cloud.data, array.array) and cloud.data.tobytes() == points.tobytes()
    back = point_cloud2.read_points(cloud)
    assert back.dtype == points.dtype
    np.testing.assert_array_equal(back, points)


def test_organized_cloud_is_width_by_height():
    """A 2-D array must be taken as (width, height), and read back as such when asked to."""
    points = coloured_points((3, 2))
    cloud = point_cloud2.create_cloud(HEADER, COLOURED, points, 32)
    assert (cloud.width, cloud.height, cloud.row_step) == (3, 2, 96)
    assert cloud.data.tobytes() == points.tobytes()
    np.testing.assert_array_equal(point_cloud2.read_points(cloud, reshape_organized_cloud=True), points)
    assert point_cloud2.read_points(cloud).shape == (6,)


def test_plain_array():
    """A plain array must be taken with its fields on the last axis, organized or not."""
    points = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    cloud = point_cloud2.create_cloud_xyz32(HEADER, points)
    assert (cloud.width, cloud.height, cloud.point_step) == (4, 2, 12)
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, reshape_organized_cloud=True), points)
    flat = point_cloud2.create_cloud_xyz32(HEADER, points.reshape(-1, 3))
    assert (flat.width, flat.height) == (8, 1)
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(flat), points.reshape(-1, 3))


def test_plain_array_of_another_float_type():
    """Doubles must be cast to the field's float32."""
    cloud = point_cloud2.create_cloud_xyz32(HEADER, np.array([[1.5, 2.5, 3.5]]))
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), np.float32([[1.5, 2.5, 3.5]]))


def test_lists_of_tuples():
    """Lists must make the same cloud as an array, and read_points_list must give named tuples back."""
    cloud = point_cloud2.create_cloud(HEADER, COLOURED, [(1.0, 2.0, 3.0, 4, 5.0), [6.0, 7.0, 8.0, 9, 10.0]])
    points = point_cloud2.read_points_list(cloud)
    assert points[1] == (6.0, 7.0, 8.0, 9, 10.0)
    assert (points[0].z, points[0].rgb) == (3.0, 4)


def test_empty_cloud():
    """No points must make a valid message of none."""
    cloud = point_cloud2.create_cloud_xyz32(HEADER, np.zeros((0, 3), np.float32))
    assert (cloud.width, cloud.height, len(cloud.data)) == (0, 1, 0)
    assert point_cloud2.read_points(cloud).shape == (0,)


def test_refused_points():
    """Types that do not fit the fields, and a third dimension, must be refused."""
    with pytest.raises(AssertionError):
        point_cloud2.create_cloud(HEADER, COLOURED, np.zeros((5, 5), np.float32))
    with pytest.raises(AssertionError):
        point_cloud2.create_cloud(HEADER, COLOURED, coloured_points(5))  # its step is 32, the fields' 24
    with pytest.raises(AssertionError):
        point_cloud2.create_cloud_xyz32(HEADER, np.zeros((2, 2, 2, 3), np.float32))


def test_choice_of_fields():
    """Fields must come in the order asked for; one that is not there must be refused."""
    cloud = point_cloud2.create_cloud(HEADER, COLOURED, coloured_points(3), 32)
    assert point_cloud2.read_points(cloud, ('z', 'x')).dtype.names == ('z', 'x')
    first_two = point_cloud2.read_points_numpy(cloud, ['x', 'y'])
    np.testing.assert_array_equal(first_two, [[0, 1], [10, 11], [20, 21]])
    with pytest.raises(AssertionError):
        point_cloud2.read_points(cloud, ['intensity'])
    with pytest.raises(AssertionError):
        point_cloud2.read_points_numpy(cloud)


def test_skip_nans_and_uvs():
    """Points with a NaN must go when asked, unless the cloud is dense; uvs must pick by index."""
    points = np.float32([[0, 0, 0], [1, np.nan, 1], [2, 2, 2]])
    cloud = point_cloud2.create_cloud_xyz32(HEADER, points)
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, skip_nans=True), points[[0, 2]])
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, uvs=[2, 0]), points[[2, 0]])
    cloud.is_dense = True
    assert len(point_cloud2.read_points(cloud, skip_nans=True)) == 3


def test_big_endian_cloud():
    """A big-endian message must give the same values."""
    values = np.arange(6).reshape(2, 3)
    cloud = point_cloud2.create_cloud_xyz32(HEADER, values.astype(np.float32))
    cloud.is_bigendian = True
    cloud.data = array.array('B', values.astype('>f4').tobytes())
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), values)


def test_too_little_data():
    """A message with less data than its points must raise TypeError."""
    cloud = point_cloud2.create_cloud_xyz32(HEADER, np.zeros((4, 3), np.float32))
    cloud.data = cloud.data[:-1]
    with pytest.raises(TypeError):
        point_cloud2.read_points(cloud)
    with pytest.raises(AssertionError):
        point_cloud2.read_points(Header())


def test_message_never_filled():
    """A message that was never filled must read as no points."""
    cloud = PointCloud2(fields=XYZ, point_step=12)
    assert len(point_cloud2.read_points(cloud)) == 0
