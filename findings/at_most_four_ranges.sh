#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A message with a bounded sequence, `float64[<=4]`, that holds two numbers, written by mcap-ros2-support and read by it and by pybag.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mcap==1.6.0 mcap-ros2-support==0.6.0 pybag-sdk==0.13.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from mcap_ros2.writer import Writer
from pybag.mcap_reader import McapFileReader

with open('log.mcap', 'wb') as file:
    writer = Writer(file)
    schema = writer.register_msgdef('sonar/msg/Ranges', 'float64[<=4] ranges\nfloat64[] weights\n')
    writer.write_message('/ranges', schema, {'ranges': [1.5, 2.5], 'weights': [.25, .75]}, 1, 1)
    writer.finish()
with open('log.mcap', 'rb') as file:
    other = next(make_reader(file, decoder_factories=[DecoderFactory()]).iter_decoded_messages())[3]
with McapFileReader.from_file('log.mcap') as reader:
    own = next(iter(reader.messages('/ranges'))).data
own, other = ([list(message.ranges), list(message.weights)] for message in (own, other))
print(f'pybag-sdk {version("pybag-sdk")}, mcap-ros2-support {version("mcap-ros2-support")}\n'
      f'guess: {other}, as mcap-ros2-support reads it\n'
      f'seen:  {own} by pybag: four numbers, the lengths of both sequences among them')
held = other == [[1.5, 2.5], [.25, .75]] and own[0][1:3] == [1.5, 2.5] and own[1] == []
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
