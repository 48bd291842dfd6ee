#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two zstd frames one after the other, as `cat` leaves them: how much is read depends on the verb.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check zstandard==0.25.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import io
import shutil
import sys

import zstandard

data = b''.join(zstandard.ZstdCompressor().compress(letter * 1000) for letter in (b'a', b'b'))


def reader():
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data))


def copied():
    out = io.BytesIO()
    shutil.copyfileobj(reader(), out)
    return out.getvalue()


across = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)
read = {'decompress()': len(zstandard.ZstdDecompressor().decompress(data)),
        'read_to_iter()': sum(map(len, zstandard.ZstdDecompressor().read_to_iter(io.BytesIO(data)))),
        'stream_reader().read(5000)': len(reader().read(5000)),
        'stream_reader().read()': len(reader().read()),
        'copyfileobj(stream_reader())': len(copied()),
        'decompressobj(read_across_frames=True)': len(across.decompress(data))}
versions = f'zstandard {zstandard.__version__}'
guess = 'all 2000 bytes by every verb, or an error; `eof` of the object that reads across frames true at the end'
seen = f'{read}; eof {across.eof}'
held = list(read.values()) == [1000, 1000, 1000, 2000, 2000, 2000] and not across.eof
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
