#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The message types `byte` and `char` above 127: two readers of one message, each wrong in the other one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 rosbags==0.11.9 mcap==1.6.0 mcap-ros2-support==0.6.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import io
import sys
from importlib.metadata import version

from mcap.writer import Writer
from mcap_ros2.reader import read_ros2_messages
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

cdr = b'\0\1\0\0' + bytes([200, 200, 200])  # little endian, then three fields of one byte
definition = 'byte a\nchar b\nuint8 c'
store = get_typestore(Stores.EMPTY)
store.register(get_types_from_msg(definition, 'demo/msg/Three'))
by_rosbags = store.deserialize_cdr(cdr, 'demo/msg/Three')

file = io.BytesIO()
writer = Writer(file)
writer.start('ros2')
schema = writer.register_schema('demo/msg/Three', 'ros2msg', definition.encode())
writer.add_message(writer.register_channel('/three', 'cdr', schema), 1, cdr, 1)
writer.finish()
file.seek(0)
by_mcap = next(iter(read_ros2_messages(file))).ros_msg

read = {'rosbags': (by_rosbags.a, by_rosbags.b, by_rosbags.c), 'mcap-ros2-support': (by_mcap.a, by_mcap.b, by_mcap.c)}
versions = f'rosbags {version("rosbags")}, mcap-ros2-support {version("mcap-ros2-support")}'
guess = 'byte, char, uint8 of 200: 200 200 200 in both; ROS 2 has both as 8 bits without a sign'
seen = f'{read}'
held = read == {'rosbags': (-56, 200, 200), 'mcap-ros2-support': (200, -56, 200)}
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
