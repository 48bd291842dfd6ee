#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A bag in MCAP with compression_mode "message": an MCAP file that MCAP readers open and misread.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 rosbags==0.11.9 mcap==1.6.0 mcap-ros2-support==0.6.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

from mcap.reader import make_reader
from mcap_ros2.reader import read_ros2_messages
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

store = get_typestore(Stores.ROS2_JAZZY)
kind = 'std_msgs/msg/String'
messages, starts, decoded = {}, {}, {}
for mode in (CompressionMode.STORAGE, CompressionMode.MESSAGE):
    bag = Path(mode.name)
    writer = Writer(bag, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection('/words', kind, typestore=store)
        writer.write(connection, 1, store.serialize_cdr(store.types[kind]('x' * 50), kind))
    with AnyReader([bag]) as reader:
        messages[mode.name] = len(list(reader.messages()))
    file = next(bag.glob('*.mcap'))
    with file.open('rb') as stream:
        _, channel, message = next(iter(make_reader(stream).iter_messages()))
        starts[mode.name] = (channel.message_encoding, message.data[:4].hex())
    try:
        decoded[mode.name] = next(iter(read_ros2_messages(str(file)))).ros_msg.data[:5]
    except Exception as error:
        decoded[mode.name] = type(error).__name__
versions = ', '.join(f'{name} {version(name)}' for name in ('rosbags', 'mcap', 'mcap-ros2-support'))
guess = 'either mode ends as the compressed chunks of MCAP, which every reader undoes: xxxxx twice'
seen = (f'decoded by mcap-ros2-support: {decoded}; encoding and first bytes of the message: {starts}: the channel says '
        '"cdr", the message is a zstd frame, and metadata.yaml alone tells')
held = (decoded['STORAGE'] == 'xxxxx' and decoded['MESSAGE'] != 'xxxxx' and starts['MESSAGE'] == ('cdr', '28b52ffd')
        and messages == {'STORAGE': 1, 'MESSAGE': 1})
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
