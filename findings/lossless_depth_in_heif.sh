#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A ramp of depth in millimetres, 16 bits grey, written to HEIF without loss, which is a quality of -1, and read back in 16 bits.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow-heif==1.8.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pillow_heif

depth = (500 + np.arange(64 * 64, dtype=np.uint16)).reshape(64, 64)


def off(values, mode):
    pillow_heif.from_bytes(mode=mode, size=values.shape[::-1], data=values.tobytes()).save('depth.heic', quality=-1, chroma=444)
    back = pillow_heif.open_heif('depth.heic', convert_hdr_to_8bit=False)
    return back.mode, int(np.abs(np.asarray(back).reshape(depth.shape).astype(int) - values).max())


small = off((depth // 256).astype(np.uint8), 'L')
default = off(depth, 'I;16')
pillow_heif.options.SAVE_HDR_TO_12_BIT = True
other = off(depth, 'I;16')
print(f'pillow-heif {version("pillow-heif")}\n'
      f'guess: without loss 16 bits come back as they were, as 8 bits do, {small}, or are refused\n'
      f'seen:  {default}, up to {default[1]} mm off: ten bits are written, and read as 16; {other} if asked for twelve')
sys.exit(0 if small == ('L', 0) and default == ('I;16', 63) and other == ('I;16', 15) else 'The behaviour has changed.')
PYTHON
