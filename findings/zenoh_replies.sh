#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A question to two answerers of one key, or to one with three answers: one reply comes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check eclipse-zenoh==1.10.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import zenoh

settings = zenoh.Config()
settings.insert_json5('scouting/multicast/enabled', 'false')
settings.insert_json5('listen/endpoints', '[]')
replies = {}
with zenoh.open(settings) as session:
    robots = [session.declare_queryable('battery', lambda query, level=level: query.reply('battery', level))
              for level in (b'80', b'15')]
    path = session.declare_queryable('path', lambda query: [query.reply('path', pose) for pose in (b'1', b'2', b'3')])
    unmerged = {'consolidation': zenoh.ConsolidationMode.NONE}
    for key in ('battery', 'path'):
        for name, options in (('target=ALL', {}), ('and no consolidation', unmerged)):
            got = session.get(key, target=zenoh.QueryTarget.ALL, timeout=5., **options)
            replies[f'{key}, {name}'] = sorted(reply.ok.payload.to_string() for reply in got)
versions = f'eclipse-zenoh {version("eclipse-zenoh")}'
guess = 'target=ALL asks all, so that all answers come: two batteries, three poses of the path'
seen = f'{replies}'
held = [len(got) for got in replies.values()] == [1, 2, 1, 3]
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
