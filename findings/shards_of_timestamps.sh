#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Images named by their time in seconds, as TUM's are, in a WebDataset: all of one second are one sample.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check webdataset==1.0.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import webdataset

STAMPS = ('1305031102.175304', '1305031102.211214', '1305031103.243211')
with webdataset.TarWriter('film.tar') as shard:
    for stamp in STAMPS:
        shard.write({'__key__': stamp, 'txt': f'image of {stamp}'})
samples = list(webdataset.WebDataset('film.tar', shardshuffle=False))
told = [(s['__key__'], sorted(name for name in s if not name.startswith('__'))) for s in samples]
guess = 'three samples are written under their stamps, and three come back'
seen = f'{len(samples)} come back, without a word: {told}; none has "txt"'
held = told == [('1305031102', ['175304.txt', '211214.txt']), ('1305031103', ['243211.txt'])]
print(f'webdataset {version("webdataset")}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
