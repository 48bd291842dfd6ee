# SPDX-License-Identifier: Apache-2.0
"""Video as ffmpeg_image_transport and Foxglove send it, live."""

from __future__ import annotations

import sys
from array import array
from fractions import Fraction

import numpy as np
import pytest
from harness import CAMERA_FRAME, Robot, scene, stamp_of
from sensor_msgs_py import point_cloud2

from ttt3r_ros.ros.images import ImageError
from ttt3r_ros.ros.transport import TransportError, Video, message_type

av = pytest.importorskip('av')
FFMPEGPacket, CompressedVideo = (pytest.importorskip(f'{package}.msg') for package in (
    'ffmpeg_image_transport_msgs', 'foxglove_msgs'))
FFMPEGPacket, CompressedVideo = FFMPEGPacket.FFMPEGPacket, CompressedVideo.CompressedVideo

SECOND = 1_000_000_000
START = 1000 * SECOND
STEP = SECOND // 10
COUNT, GROUP = 24, 8


def packets(codec: str = 'libx264') -> list[bytes]:
    """Return the scenes as packets without delay, every GROUP-th of which stands alone."""
    context = av.CodecContext.create(codec, 'w')
    context.width, context.height, context.pix_fmt, context.time_base = 128, 96, 'yuv420p', Fraction(1, 10)
    context.gop_size, context.bit_rate = GROUP, 4_000_000
    context.options = {'tune': 'zerolatency', 'preset': 'ultrafast'}
    made = []
    for i in range(COUNT):
        frame = av.VideoFrame.from_ndarray(scene(i), format='rgb24')
        frame.pts = i
        made += [bytes(packet) for packet in context.encode(frame)]
    made += [bytes(packet) for packet in context.encode(None)]
    assert len(made) == COUNT
    return made


def ffmpeg(index: int, data: bytes):
    message = FFMPEGPacket(width=128, height=96, encoding='h264;yuv420p;bgr8;bgr8', pts=index, data=array('B', data),
                           flags=int(index % GROUP == 0))
    message.header.frame_id = CAMERA_FRAME
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(START + index * STEP, SECOND)
    return message


def foxglove(index: int, data: bytes):
    message = CompressedVideo(frame_id=CAMERA_FRAME, format='h264', data=array('B', data))
    message.timestamp.sec, message.timestamp.nanosec = divmod(START + index * STEP, SECOND)
    return message


@pytest.mark.parametrize('wrap', [ffmpeg, foxglove])
def test_each_packet_is_an_image_at_once(wrap):
    """Without waiting for the next one, with its own stamp and frame, and with the scene's colours."""
    video = Video()
    for i, data in enumerate(packets()):
        image, = video.images(wrap(i, data), False)
        assert stamp_of(image) == START + i * STEP and image.header.frame_id == CAMERA_FRAME
        shown = np.frombuffer(image.data, np.uint8).reshape(96, 128, 3)
        assert np.abs(shown.astype(int) - scene(i)).mean() < 6


def test_what_hangs_on_a_missing_packet_is_left_out_up_to_the_next_that_stands_alone():
    """A decoder would fill it with what it has, unasked."""
    video, answered, refused = Video(), [], []
    for i, data in enumerate(packets()):
        if i == 3:
            continue
        try:
            answered += [stamp_of(image) for image in video.images(ffmpeg(i, data), i == 4)]
        except ImageError:
            refused.append(i)
    kept = [i for i in range(COUNT) if not 3 <= i < GROUP]
    assert answered == [START + i * STEP for i in kept] and refused == list(range(4, GROUP))


def test_a_codec_and_a_package_that_are_not_there(monkeypatch):
    """Both are named, with what to install."""
    message = foxglove(0, b'')
    message.format = 'theora'
    with pytest.raises(ImageError, match='theora'):
        Video().images(message, False)
    monkeypatch.setitem(sys.modules, 'foxglove_msgs.msg', None)
    with pytest.raises(TransportError, match=r'apt install ros-\$ROS_DISTRO-foxglove-msgs'):
        message_type('foxglove')
    monkeypatch.setitem(sys.modules, 'av', None)
    with pytest.raises(TransportError, match='pip install av'):
        Video()


def test_video_over_dds(start_node, make_robot):
    """Every packet is answered with its stamp; a damaged one costs what hangs on it, counted and told."""
    node = start_node(lossless=True, image_transport='ffmpeg')
    robot: Robot = make_robot()
    sender = robot.publisher(FFMPEGPacket, 'image/ffmpeg')
    for i, data in enumerate(packets()):
        sender.publish(ffmpeg(i, data if i != GROUP + 2 else b'\x00\x00\x00\x01\x65garbage'))
    kept = [i for i in range(COUNT) if not GROUP + 2 <= i < 2 * GROUP]
    robot.wait_for('the answers', lambda: len(robot.heard['status']) == len(robot.heard['points']) == len(kept))
    assert [stamp_of(m) for m in robot.heard['status']] == [START + i * STEP for i in kept]
    status = robot.counters()
    assert status.received == COUNT and status.dropped_invalid == COUNT - len(kept)
    assert 'a packet of video cannot be decoded' in node.log()
    rgb = point_cloud2.read_points(robot.heard['points'][0])['rgb'].copy().view(np.uint32)
    assert np.abs((rgb >> 16 & 255).reshape(96, 128).astype(int) - scene(0)[..., 0]).mean() < 6
