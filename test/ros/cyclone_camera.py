# SPDX-License-Identifier: Apache-2.0
"""A camera on Cyclone DDS, without ROS: `cyclone_camera.py TOPIC COUNT PERIOD_S WIDTH HEIGHT CLOUDS`; best effort.

It begins once somebody listens, and ends when its input is closed; then it prints how many clouds came back on the
topic CLOUDS, and how many of them hold what their header says. Without postponed annotations, which cyclonedds cannot
read.
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
from cyclonedds.sub import DataReader  # noqa: E402
from cyclonedds.topic import Topic  # noqa: E402
from cyclonedds.util import duration  # noqa: E402


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


@dataclass
class PointField(IdlStruct, typename='sensor_msgs::msg::dds_::PointField_'):
    name: str
    offset: uint32
    datatype: uint8
    count: uint32


@dataclass
class PointCloud2(IdlStruct, typename='sensor_msgs::msg::dds_::PointCloud2_'):
    header: Header
    height: uint32
    width: uint32
    fields: sequence[PointField]
    is_bigendian: bool
    point_step: uint32
    row_step: uint32
    data: sequence[uint8]
    is_dense: bool


def main(topic: str, count: int, period: float, width: int, height: int, clouds: str) -> None:
    """Publish images of one brightness each, and hear clouds."""
    participant = DomainParticipant(int(os.environ.get('ROS_DOMAIN_ID', 0)))
    writer = DataWriter(participant, Topic(participant, f'rt/{topic}', Image), qos=Qos(
        Policy.Reliability.BestEffort, Policy.History.KeepLast(count), Policy.Durability.Volatile))
    reader = DataReader(participant, Topic(participant, f'rt/{clouds}', PointCloud2), qos=Qos(
        Policy.Reliability.Reliable(duration(seconds=1)), Policy.History.KeepLast(2 * count)))
    while not (writer.get_matched_subscriptions() and reader.get_matched_publications()):
        time.sleep(0.05)
    time.sleep(2.0)  # the other side of the matches
    for index in range(count):
        header = Header(Time(1000 + index, 0), 'cyclone_optical')
        pixels = bytes([40 + 3 * index]) * (height * width * 3)
        writer.write(Image(header, height, width, 'rgb8', 0, 3 * width, pixels))
        time.sleep(period)
    print('sent', flush=True)
    sys.stdin.read()
    heard = [cloud for cloud in reader.take(2 * count) if isinstance(cloud, PointCloud2)]
    whole = [cloud for cloud in heard if len(cloud.data) == cloud.height * cloud.width * cloud.point_step > 0]
    print(len(heard), len(whole), flush=True)


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
