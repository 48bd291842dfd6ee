# SPDX-License-Identifier: Apache-2.0
"""A camera on Cyclone DDS, without ROS: `cyclone_camera.py TOPIC COUNT PERIOD_S`; images of 640×480, best effort.

It begins once somebody listens, and ends when its input is closed. Without postponed annotations, which cyclonedds
cannot read.
"""

import os
import sys
import time
from dataclasses import dataclass

# Before the import: on this machine alone, as the tests' ROS is.
os.environ['CYCLONEDDS_URI'] = (
    '<General><Interfaces><NetworkInterface name="lo"/></Interfaces><AllowMulticast>false</AllowMulticast></General>'
    '<Discovery><ParticipantIndex>auto</ParticipantIndex><MaxAutoParticipantIndex>60</MaxAutoParticipantIndex>'
    '<Peers><Peer address="127.0.0.1"/></Peers></Discovery>')

from cyclonedds.core import Policy, Qos  # noqa: E402
from cyclonedds.domain import DomainParticipant  # noqa: E402
from cyclonedds.idl import IdlStruct  # noqa: E402
from cyclonedds.idl.types import int32, sequence, uint8, uint32  # noqa: E402
from cyclonedds.pub import DataWriter  # noqa: E402
from cyclonedds.topic import Topic  # noqa: E402

HEIGHT, WIDTH = 480, 640


@dataclass
class Time(IdlStruct, typename='builtin_interfaces::msg::dds_::Time_'):
    sec: int32
    nanosec: uint32


@dataclass
class Header(IdlStruct, typename='std_msgs::msg::dds_::Header_'):
    stamp: Time
    frame_id: str


@dataclass
class Image(IdlStruct, typename='sensor_msgs::msg::dds_::Image_'):
    header: Header
    height: uint32
    width: uint32
    encoding: str
    is_bigendian: uint8
    step: uint32
    data: sequence[uint8]


def main(topic: str, count: int, period: float) -> None:
    """Publish images of one brightness each."""
    participant = DomainParticipant(int(os.environ.get('ROS_DOMAIN_ID', 0)))
    writer = DataWriter(participant, Topic(participant, f'rt/{topic}', Image), qos=Qos(
        Policy.Reliability.BestEffort, Policy.History.KeepLast(count), Policy.Durability.Volatile))
    while not writer.get_matched_subscriptions():
        time.sleep(0.05)
    time.sleep(1.0)  # the other side of the match
    for index in range(count):
        header = Header(Time(1000 + index, 0), 'cyclone_optical')
        pixels = bytes([40 + 3 * index]) * (HEIGHT * WIDTH * 3)
        writer.write(Image(header, HEIGHT, WIDTH, 'rgb8', 0, 3 * WIDTH, pixels))
        time.sleep(period)
    print('sent', flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
