#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A place of a GoPro at 512.3 m and 12.34 m/s in two payloads of its metadata, whose five numbers have a scale each, and
# its accelerometer, whose three have one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check telemetrik==0.1.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import io
import struct

from telemetrik import get_stream_data
from telemetrik.parser import Sample

PLACE, SCALES = (47.4, 8.5, 512.3, 12.34, 12.5), (10_000_000, 10_000_000, 1000, 1000, 100)
FORCE = .5, -.25, 9.8


def item(key, kind, size, repeat, data):
    """Return a key with its length and value, padded to whole words."""
    return key.encode() + struct.pack('>cBH', kind.encode(), size, repeat) + data + b'\0' * (-len(data) % 4)


def stream(time, *items):
    data = item('STMP', 'J', 8, 1, struct.pack('>Q', time)) + b''.join(items)
    return item('STRM', '\0', 1, len(data), data)


def payload(time):
    """Return the metadata of a second, with four samples each."""
    place = struct.pack('>5l', *(round(part * scale) for part, scale in zip(PLACE, SCALES)))
    force = struct.pack('>3h', *(round(part * 1000) for part in FORCE))
    data = stream(time, item('SCAL', 'l', 4, 5, struct.pack('>5l', *SCALES)), item('GPS5', 'l', 20, 4, place * 4))
    data += stream(time, item('SCAL', 's', 2, 1, struct.pack('>h', 1000)), item('ACCL', 's', 6, 4, force * 4))
    return item('DEVC', '\0', 1, len(data), data)


first, second = payload(0), payload(1_000_000)
samples = [Sample(0, len(first)), Sample(len(first), len(second))]
told = {key: get_stream_data(io.BytesIO(first + second), samples, key).data for key in ('GPS5', 'ACCL')}
seen, force = ([round(part, 7) for part in values[0][1]] for values in told.values())
print(f'telemetrik {version("telemetrik")}\n'
      f'guess: latitude, longitude, height and two speeds are {list(PLACE)}\n'
      f'seen:  {seen}: the first of five scales is taken for all; the force is {force}')
held = seen == [*PLACE[:2], .05123, .001234, .000125] and force == list(FORCE)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
