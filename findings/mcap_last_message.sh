#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The last message first: the reader of MCAP that honours reverse on one file gives another file's first message.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mcap==1.6.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import io
import sys
from importlib.metadata import version

from mcap.reader import make_reader
from mcap.writer import Writer

latest = {}
for name, chunks in (('with chunks', True), ('without chunks', False)):
    file = io.BytesIO()
    writer = Writer(file, use_chunking=chunks)
    writer.start()
    channel = writer.register_channel('/pose', 'json', writer.register_schema('pose', 'jsonschema', b'{}'))
    for second in range(5):
        writer.add_message(channel, second * 10**9, str(second).encode(), second * 10**9)
    writer.finish()
    file.seek(0)
    latest[name] = [int(message.data) for _, _, message in make_reader(file).iter_messages(reverse=True)]
versions = f'mcap {version("mcap")}'
guess = 'newest first, [4, 3, 2, 1, 0], for both; or an error where the file has no index'
seen = f'{latest}'
held = latest == {'with chunks': [4, 3, 2, 1, 0], 'without chunks': [0, 1, 2, 3, 4]}
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
