#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A log in MCAP in which a message was written after one that is younger, read by mcap and by small-mcap, forwards and backwards.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mcap==1.6.0 small-mcap==0.16.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import small_mcap
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

with open('log.mcap', 'wb') as file:
    writer = Writer(file, compression=CompressionType.NONE)
    writer.start()
    schema = writer.register_schema('pose', 'jsonschema', b'{}')
    channels = [writer.register_channel(topic, 'json', schema) for topic in ('/pose', '/scan')]
    for sequence, (channel, time) in enumerate([(0, 30), (1, 10), (0, 20), (1, 15), (0, 40)]):
        writer.add_message(channels[channel], time, b'{}', time, sequence)
    writer.finish()


def times(read, **how):
    with open('log.mcap', 'rb') as file:
        return [message.log_time for _, _, message in read(file, **how)]


def mcap(file, **how):
    return make_reader(file).iter_messages(**how)


other, own = [[times(read, reverse=back) for back in (False, True)] for read in (mcap, small_mcap.read_message)]
print(f'small-mcap {version("small-mcap")}, mcap {version("mcap")}\n'
      f'guess: by time, {other[0]} and {other[1]} with reverse=True, as by mcap, or as it was written, [30, 10, 20, 15, 40]\n'
      f'seen:  {own[0]}, neither of both, and {own[1]} with reverse=True')
held = (other == [[10, 15, 20, 30, 40], [40, 30, 20, 15, 10]] and own[1] == other[1]
        and own[0] not in (other[0], [30, 10, 20, 15, 40]) and sorted(own[0]) == other[0])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
