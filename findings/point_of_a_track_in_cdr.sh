#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A track in a message of OMG IDL, whose points may get more members one day, "appendable", and a fix with an optional height, written by
# Cyclone DDS in both versions of CDR and read in JavaScript; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cyclonedds==11.0.1
npm install --silent --no-audit --no-fund --prefix "$work" @foxglove/omgidl-parser@1.1.0 @foxglove/omgidl-serialization@1.0.3
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
from dataclasses import dataclass
from typing import Optional

from cyclonedds.idl import IdlStruct, annotations, types


@dataclass
@annotations.appendable
class Point(IdlStruct, typename='Point'):
    x: types.float64
    y: types.float64


@dataclass
@annotations.final
class Track(IdlStruct, typename='Track'):
    number: types.uint32
    start: Point
    end: Point


@dataclass
@annotations.final
class Fix(IdlStruct, typename='Fix'):
    number: types.uint32
    height: Optional[types.int32]
    satellites: types.uint32


track, fix = Track(7, Point(1.5, 2.5), Point(3.5, 4.5)), Fix(7, -12, 9)
messages = {}
for version in (1, 2):
    for name, message in (('Track', track), ('Fix', fix)):
        data = message.serialize(use_version_2=version == 2)
        assert type(message).deserialize(data) == message
        messages[f'{name} {version}'] = data.hex()
json.dump(messages, open('messages.json', 'w'))
PYTHON
cat > read.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { parseIDL } from '@foxglove/omgidl-parser'
import { MessageReader } from '@foxglove/omgidl-serialization'

const types = parseIDL(`
@appendable struct Point { double x; double y; };
@final struct Track { uint32 number; Point start; Point end; };
@final struct Fix { uint32 number; @optional int32 height; uint32 satellites; };
`)
const messages = JSON.parse(readFileSync('messages.json', 'utf8'))
const seen = {}
for (const [name, data] of Object.entries(messages)) {
  seen[name] = JSON.stringify(new MessageReader(name.split(' ')[0], types).readMessage(Buffer.from(data, 'hex')))
}
const track = '{"number":7,"start":{"x":1.5,"y":2.5},"end":{"x":3.5,"y":4.5}}'
const fix = '{"number":7,"height":-12,"satellites":9}'
console.log(`@foxglove/omgidl-serialization 1.0.3 (npm), cyclonedds 11.0.1
guess: by both versions of CDR ${track} and ${fix}
seen:  by version 1 ${seen['Track 1']} and ${seen['Fix 1']}: the optional member's header is read as the member;
       by version 2 ${seen['Track 2']} and ${seen['Fix 2']}: so are the length before an appendable member and the mark that an
       optional one is there`)
if (seen['Track 1'] !== track || !seen['Track 2'].endsWith('"y":3.5}}') || !seen['Fix 1'].endsWith(':1}') || !seen['Fix 2'].includes('"height":1,')) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node read.mjs
