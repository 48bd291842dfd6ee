# SPDX-License-Identifier: Apache-2.0
"""What tf2_ros promises, the real one and the one of underlay/ alike."""
import threading
import time

import numpy as np
import pytest
import rclpy
import tf2_ros
from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage

RNG = np.random.default_rng(3)
SECOND = 10**9
LATEST = Time()


def transform(parent, child, pose=None, stamp=0):
    """Build a transform from a 4x4 pose (child in parent) and a stamp in nanoseconds."""
    pose = np.eye(4) if pose is None else pose
    result = TransformStamped(child_frame_id=child)
    result.header.frame_id = parent
    result.header.stamp = TimeMsg(sec=stamp // SECOND, nanosec=stamp % SECOND)
    t, r = result.transform.translation, result.transform.rotation
    t.x, t.y, t.z = map(float, pose[:3, 3])
    r.x, r.y, r.z, r.w = map(float, Rotation.from_matrix(pose[:3, :3]).as_quat())
    return result


def matrix(message):
    t, r = message.transform.translation, message.transform.rotation
    result = np.eye(4)
    result[:3, :3] = Rotation.from_quat([r.x, r.y, r.z, r.w]).as_matrix()
    result[:3, 3] = t.x, t.y, t.z
    return result


def random_pose():
    pose = np.eye(4)
    pose[:3, :3] = Rotation.random(random_state=RNG.integers(2**31)).as_matrix()
    pose[:3, 3] = RNG.normal(size=3)
    return pose


def shift(x):
    pose = np.eye(4)
    pose[0, 3] = x
    return pose


def stamp_of(message):
    return message.header.stamp.sec * SECOND + message.header.stamp.nanosec


@pytest.fixture
def buffer():
    return tf2_ros.Buffer()


def test_lookup_down_up_and_across(buffer):
    """A lookup must be the source in the target, down a chain, up it, and across a common ancestor."""
    poses = {child: random_pose() for child in ('odom', 'base', 'camera', 'lidar')}
    buffer.set_transform_static(transform('map', 'odom', poses['odom']), 'test')
    buffer.set_transform(transform('odom', 'base', poses['base'], 5 * SECOND), 'test')
    buffer.set_transform_static(transform('base', 'camera', poses['camera']), 'test')
    buffer.set_transform_static(transform('base', 'lidar', poses['lidar']), 'test')
    down = poses['odom'] @ poses['base'] @ poses['camera']
    when = Time(nanoseconds=5 * SECOND)
    for pair, expected in ((('map', 'camera'), down), (('camera', 'map'), np.linalg.inv(down))):
        np.testing.assert_allclose(matrix(buffer.lookup_transform(*pair, when)), expected, atol=1e-9)
    across = np.linalg.inv(poses['lidar']) @ poses['camera']
    found = buffer.lookup_transform('lidar', 'camera', when)
    np.testing.assert_allclose(matrix(found), across, atol=1e-9)
    assert (found.header.frame_id, found.child_frame_id, stamp_of(found)) == ('lidar', 'camera', 5 * SECOND)
    assert isinstance(found, TransformStamped)


def test_static_holds_at_any_time(buffer):
    """A static transform must be found at every time, and at the latest with stamp zero."""
    buffer.set_transform_static(transform('base', 'camera', shift(1.0), 7 * SECOND), 'test')
    for nanoseconds in (0, 1, 10**18 + 1):
        found = buffer.lookup_transform('base', 'camera', Time(nanoseconds=nanoseconds))
        assert found.transform.translation.x == 1.0 and stamp_of(found) == nanoseconds


def test_time_may_be_a_message(buffer):
    """A builtin_interfaces Time, a header's stamp, must do for the time, to the nanosecond."""
    stamp = 1_700_000_000 * SECOND + 123_456_789
    sample = transform('odom', 'base', shift(1.0), stamp)
    buffer.set_transform(sample, 'test')
    assert stamp_of(buffer.lookup_transform('odom', 'base', sample.header.stamp)) == stamp


def test_interpolation(buffer):
    """Between two samples the translation must be on the line and the rotation on the arc, by time."""
    start, end = np.eye(4), shift(4.0)
    end[:3, :3] = Rotation.from_euler('z', 80, degrees=True).as_matrix()
    buffer.set_transform(transform('odom', 'base', end, 3 * SECOND), 'test')  # the later one first
    buffer.set_transform(transform('odom', 'base', start, 1 * SECOND), 'test')
    found = matrix(buffer.lookup_transform('odom', 'base', Time(nanoseconds=SECOND * 3 // 2)))
    assert found[0, 3] == pytest.approx(1.0)
    turn = Rotation.from_matrix(found[:3, :3]).as_rotvec(degrees=True)
    np.testing.assert_allclose(turn, [0, 0, 20], atol=1e-9)


def test_interpolation_takes_the_short_arc(buffer):
    """Quaternions of opposite sign must not turn the long way round."""
    first, second = transform('odom', 'base', stamp=SECOND), transform('odom', 'base', stamp=2 * SECOND)
    second.transform.rotation.w = -1.0
    buffer.set_transform(first, 'test')
    buffer.set_transform(second, 'test')
    found = matrix(buffer.lookup_transform('odom', 'base', Time(nanoseconds=SECOND * 3 // 2)))
    np.testing.assert_allclose(found, np.eye(4), atol=1e-9)


def test_latest_is_the_latest_common(buffer):
    """Time zero must mean the newest time that all moving links have reached."""
    for stamp in (1, 2, 3):
        buffer.set_transform(transform('map', 'odom', shift(stamp), stamp * SECOND), 'test')
    for stamp in (1, 2):
        buffer.set_transform(transform('odom', 'base', stamp=stamp * SECOND), 'test')
    buffer.set_transform_static(transform('base', 'camera'), 'test')
    found = buffer.lookup_transform('map', 'camera', LATEST)
    assert stamp_of(found) == 2 * SECOND and found.transform.translation.x == pytest.approx(2.0)


def test_links_above_the_common_ancestor_do_not_matter(buffer):
    """Two frames on one body must be connected at times when the body itself has no pose."""
    buffer.set_transform(transform('odom', 'base', stamp=5 * SECOND), 'test')
    buffer.set_transform_static(transform('base', 'camera', shift(1.0)), 'test')
    buffer.set_transform_static(transform('base', 'lidar', shift(3.0)), 'test')
    for when in (LATEST, Time(nanoseconds=9 * SECOND)):
        assert buffer.lookup_transform('lidar', 'camera', when).transform.translation.x == pytest.approx(-2.0)


@pytest.mark.parametrize('nanoseconds', [SECOND - 1, 2 * SECOND + 1])
def test_extrapolation(buffer, nanoseconds):
    """One nanosecond before the first sample or after the last must raise, either way round."""
    for stamp in (1, 2):
        buffer.set_transform(transform('odom', 'base', stamp=stamp * SECOND), 'test')
    buffer.set_transform_static(transform('base', 'camera'), 'test')
    for pair in (('odom', 'camera'), ('camera', 'odom'), ('base', 'odom')):
        with pytest.raises(tf2_ros.ExtrapolationException):
            buffer.lookup_transform(*pair, Time(nanoseconds=nanoseconds))


def test_extrapolation_from_one_sample(buffer):
    """One sample must serve its own stamp alone."""
    buffer.set_transform(transform('odom', 'base', shift(1.0), SECOND), 'test')
    assert buffer.can_transform('odom', 'base', Time(nanoseconds=SECOND))
    with pytest.raises(tf2_ros.ExtrapolationException):
        buffer.lookup_transform('odom', 'base', Time(nanoseconds=SECOND + 1))


def test_unknown_frames(buffer):
    """A frame that was never heard of must raise LookupException, on either side."""
    buffer.set_transform_static(transform('base', 'camera'), 'test')
    for pair in (('base', 'nowhere'), ('nowhere', 'base'), ('no', 'where')):
        with pytest.raises(tf2_ros.LookupException, match='no'):
            buffer.lookup_transform(*pair, LATEST)


def test_two_trees(buffer):
    """Frames of two trees must raise ConnectivityException, at the latest time and at any other."""
    buffer.set_transform_static(transform('base', 'camera'), 'test')
    buffer.set_transform(transform('world', 'robot', stamp=SECOND), 'test')
    for when in (LATEST, Time(nanoseconds=SECOND)):
        with pytest.raises(tf2_ros.ConnectivityException):
            buffer.lookup_transform('camera', 'robot', when)


def test_frame_names(buffer):
    """A leading slash must be stripped from a stored name and refused in a lookup, as an empty name is."""
    buffer.set_transform_static(transform('/base', '/camera'), 'test')
    assert buffer.can_transform('base', 'camera', LATEST)
    for pair in (('/base', 'camera'), ('base', '')):
        with pytest.raises(tf2_ros.InvalidArgumentException):
            buffer.lookup_transform(*pair, LATEST)


def test_a_frame_in_itself(buffer):
    """Any frame in itself, known or not, must be the identity at the time asked for."""
    found = buffer.lookup_transform('anywhere', 'anywhere', Time(nanoseconds=5))
    np.testing.assert_array_equal(matrix(found), np.eye(4))
    assert stamp_of(found) == 5


def test_exceptions():
    """Every failure must be a TransformException."""
    for name in ('Lookup', 'Connectivity', 'Extrapolation', 'InvalidArgument', 'Timeout'):
        assert issubclass(getattr(tf2_ros, f'{name}Exception'), tf2_ros.TransformException)


def test_can_transform(buffer):
    """can_transform must tell without raising, and why not when asked."""
    assert not buffer.can_transform('odom', 'base', LATEST)
    possible, reason = buffer.can_transform('odom', 'base', LATEST, return_debug_tuple=True)
    assert not possible and reason
    buffer.set_transform_static(transform('odom', 'base'), 'test')
    assert buffer.can_transform('odom', 'base', LATEST)


def test_invalid_transforms_are_ignored(buffer):
    """NaN, a quaternion that is none, a frame in itself and empty names must leave no trace."""
    nan, zero = transform('odom', 'base'), transform('odom', 'base')
    nan.transform.translation.y = float('nan')
    zero.transform.rotation.w = 0.0
    for bad in (nan, zero, transform('base', 'base'), transform('', 'base'), transform('odom', '')):
        buffer.set_transform_static(bad, 'test')
        buffer.set_transform(bad, 'test')
    assert not buffer.can_transform('odom', 'base', LATEST)


def test_cache_time():
    """Samples older than the cache time must go, 10 s by default."""
    for cache, kept in ((None, 10), (Duration(seconds=3), 3)):
        buffer = tf2_ros.Buffer() if cache is None else tf2_ros.Buffer(cache_time=cache)
        for stamp in range(1, 22):
            buffer.set_transform(transform('odom', 'base', stamp=stamp * SECOND), 'test')
        assert buffer.can_transform('odom', 'base', Time(nanoseconds=(21 - kept) * SECOND))
        assert not buffer.can_transform('odom', 'base', Time(nanoseconds=(19 - kept) * SECOND))
        buffer.set_transform(transform('odom', 'base', stamp=SECOND), 'test')
        assert not buffer.can_transform('odom', 'base', Time(nanoseconds=SECOND))


def test_a_frame_may_change_its_parent(buffer):
    """A new parent must hold from its sample on, also where static turns into moving."""
    buffer.set_transform_static(transform('a', 'child', shift(1.0)), 'test')
    buffer.set_transform(transform('b', 'child', shift(2.0), SECOND), 'test')
    assert buffer.lookup_transform('b', 'child', LATEST).transform.translation.x == 2.0
    assert not buffer.can_transform('a', 'child', LATEST)


def test_clear_keeps_static(buffer):
    """clear must forget moving transforms and no others."""
    buffer.set_transform(transform('odom', 'base', stamp=SECOND), 'test')
    buffer.set_transform_static(transform('base', 'camera'), 'test')
    buffer.clear()
    assert buffer.can_transform('base', 'camera', LATEST)
    assert not buffer.can_transform('odom', 'base', LATEST)
    assert not buffer.can_transform('odom', 'base', Time(nanoseconds=SECOND))


def test_loop(buffer):
    """Frames in a ring must raise and not hang."""
    for parent, child in (('a', 'b'), ('b', 'c'), ('c', 'a'), ('x', 'y')):
        buffer.set_transform_static(transform(parent, child), 'test')
    with pytest.raises(tf2_ros.TransformException):
        buffer.lookup_transform('a', 'y', Time(nanoseconds=1))


def test_timeout(buffer):
    """A lookup must wait for a transform that another thread sets, and no longer than its timeout."""
    with pytest.raises(tf2_ros.LookupException):
        buffer.lookup_transform('odom', 'base', LATEST, timeout=Duration(seconds=0.05))
    timer = threading.Timer(0.1, buffer.set_transform_static, (transform('odom', 'base', shift(1.0)), 'test'))
    timer.start()
    found = buffer.lookup_transform('odom', 'base', LATEST, timeout=Duration(seconds=20))
    timer.join()
    assert found.transform.translation.x == 1.0


def test_threads(buffer):
    """Lookups while another thread writes must see one sample or the other, never a mixture."""
    done = threading.Event()

    def write():
        for stamp in range(1, 400):
            buffer.set_transform(transform('odom', 'base', shift(stamp), stamp * SECOND // 10), 'test')
        done.set()

    buffer.set_transform(transform('odom', 'base', shift(0), 1), 'test')
    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        found = buffer.lookup_transform('odom', 'base', LATEST)
        assert found.transform.translation.x == pytest.approx(stamp_of(found) / SECOND * 10, abs=1e-6)
    writer.join()


def spin_until(condition, *nodes, seconds=20.0):
    """Spin the nodes until the condition holds; return whether it did."""
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    executor.shutdown()
    return condition()


def test_static_transforms_reach_late_listeners(ros, buffer):
    """One who listens after the sending must hear every static transform, of one call or of several."""
    sender, receiver = rclpy.create_node('static_sender'), rclpy.create_node('static_receiver')
    broadcaster = tf2_ros.StaticTransformBroadcaster(sender)
    broadcaster.sendTransform(transform('base', 'camera', shift(1.0)))
    broadcaster.sendTransform([transform('base', 'lidar'), transform('lidar', 'imu')])
    listener = tf2_ros.TransformListener(buffer, receiver)
    assert spin_until(lambda: buffer.can_transform('camera', 'imu', LATEST), sender, receiver)
    assert buffer.lookup_transform('base', 'camera', LATEST).transform.translation.x == 1.0
    listener.unregister()


def test_moving_transforms_between_lifecycle_nodes(ros, buffer):
    """A lifecycle node in any namespace must send and hear moving transforms, one or several."""
    sender = LifecycleNode('moving_sender', namespace='robot')
    receiver = LifecycleNode('moving_receiver')
    listener = tf2_ros.TransformListener(buffer, receiver)
    broadcaster = tf2_ros.TransformBroadcaster(sender)
    assert {name for name, _ in receiver.get_topic_names_and_types()} >= {'/tf', '/tf_static'}

    def heard():
        broadcaster.sendTransform(transform('odom', 'base', shift(2.0), 3 * SECOND))
        broadcaster.sendTransform((transform('base', 'arm', stamp=3 * SECOND),))
        return buffer.can_transform('odom', 'arm', LATEST)

    assert spin_until(heard, sender, receiver)
    found = buffer.lookup_transform('odom', 'arm', LATEST)
    assert found.transform.translation.x == 2.0 and stamp_of(found) == 3 * SECOND
    listener.unregister()


def test_listener_spins_by_itself(ros, buffer):
    """With spin_thread a listener must hear without anyone spinning its node."""
    sender, receiver = rclpy.create_node('spun_sender'), rclpy.create_node('spun_receiver')
    broadcaster = tf2_ros.StaticTransformBroadcaster(sender)
    broadcaster.sendTransform(transform('base', 'camera'))
    listener = tf2_ros.TransformListener(buffer, receiver, spin_thread=True)
    assert buffer.can_transform('base', 'camera', LATEST, timeout=Duration(seconds=20))
    listener.executor.shutdown()
    listener.dedicated_listener_thread.join()


@pytest.mark.parametrize('name, topic, depth, durability', [
    ('TransformBroadcaster', '/tf', 100, 'VOLATILE'),
    ('StaticTransformBroadcaster', '/tf_static', 1, 'TRANSIENT_LOCAL')])
def test_qos_of_the_broadcasters(ros, name, topic, depth, durability):
    """Broadcasters must be reliable, on absolute topics, and the static one latched."""
    node = rclpy.create_node('qos_sender', namespace='robot')
    publisher = getattr(tf2_ros, name)(node).pub_tf
    qos = publisher.qos_profile
    assert publisher.topic_name == topic and publisher.msg_type is TFMessage
    assert (qos.depth, qos.durability.name, qos.reliability.name) == (depth, durability, 'RELIABLE')


def test_qos_of_the_listener(ros, buffer):
    """The listener must be reliable with room for 100, latched on /tf_static, and take other profiles."""
    node = rclpy.create_node('qos_receiver', namespace='robot')
    listener = tf2_ros.TransformListener(buffer, node)
    for subscription, topic, durability in ((listener.tf_sub, '/tf', 'VOLATILE'),
                                            (listener.tf_static_sub, '/tf_static', 'TRANSIENT_LOCAL')):
        qos = subscription.qos_profile
        assert subscription.topic_name == topic
        assert (qos.depth, qos.durability.name, qos.reliability.name) == (100, durability, 'RELIABLE')
    assert tf2_ros.TransformListener(buffer, node, qos=7).tf_sub.qos_profile.depth == 7
