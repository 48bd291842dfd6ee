#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A message with a NaN, logged as a dictionary to MCAP: it is no JSON any more.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check foxglove-sdk==0.30.3 mcap==1.6.0 orjson==3.11.4
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version

import foxglove
import orjson
from mcap.reader import make_reader

writer = foxglove.open_mcap('log.mcap')
foxglove.Channel('/range', message_encoding='json').log({'front': 1.5, 'left': float('nan'), 'right': float('inf')})
writer.close()
with open('log.mcap', 'rb') as file:
    (_, channel, message), = make_reader(file).iter_messages()
try:
    strict = str(orjson.loads(message.data))
except orjson.JSONDecodeError as error:
    strict = f'refused, {error}'
guess = 'a NaN is refused, or written as null: the channel says "json"'
seen = f'{message.data.decode()} under "{channel.message_encoding}"; a reader that keeps to RFC 8259: {strict}'
held = b'NaN' in message.data and b'Infinity' in message.data and strict.startswith('refused')
print(f'foxglove-sdk {version("foxglove-sdk")}, mcap {version("mcap")}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
