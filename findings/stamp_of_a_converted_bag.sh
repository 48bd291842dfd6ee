#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A point with a stamp in a bag of ROS 1, converted to an MCAP log of profile "ros2" by pybag, and read with the messages of ROS 2.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pybag-sdk==0.13.0 rosbags==0.11.9 mcap==1.6.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
from pathlib import Path

from rosbags.rosbag1 import Writer
from rosbags.typesys import Stores, get_typestore

store = get_typestore(Stores.ROS1_NOETIC)
header, point, stamped, time = (store.types[name] for name in ('std_msgs/msg/Header', 'geometry_msgs/msg/Point',
                                                                'geometry_msgs/msg/PointStamped', 'builtin_interfaces/msg/Time'))
with Writer(Path('points.bag')) as bag:
    connection = bag.add_connection('/point', 'geometry_msgs/msg/PointStamped', typestore=store)
    message = stamped(header(7, time(1764500000, 5), 'map'), point(1., 2., 3.))
    bag.write(connection, 1764500001 * 10**9, store.serialize_ros1(message, 'geometry_msgs/msg/PointStamped'))
PYTHON
"$work/venv/bin/pybag" convert points.bag -o points.mcap
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from mcap.reader import make_reader
from rosbags.typesys import Stores, get_typestore

with open('points.mcap', 'rb') as file:
    reader = make_reader(file)
    profile = reader.get_header().profile
    schema, channel, message = next(reader.iter_messages())
own = 'uint32 seq' in schema.data.decode()
try:
    read = get_typestore(Stores.ROS2_JAZZY).deserialize_cdr(message.data, schema.name)
    told = f'{read.header.stamp.sec}.{read.header.stamp.nanosec:09}, {read.header.frame_id!r}, {read.point.x}'
except Exception as error:
    told = f'{type(error).__name__}: {error}'
print(f'pybag-sdk {version("pybag-sdk")}, rosbags {version("rosbags")}\n'
      f'guess: a message of {schema.name} in a log of profile "{profile}" is one of ROS 2, whose headers have no seq:\n'
      '       1764500000.000000005, map, 1.0\n'
      f'seen:  {told}; its header {"has" if own else "has no"} seq, also in the schema')
held = profile == 'ros2' and channel.message_encoding == 'cdr' and own and not told.startswith('1764500000')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
