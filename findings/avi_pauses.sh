#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An AVI with a pause and a start after zero: its header counts the pause as frames, and the first stamp is lost.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 av==18.1.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from fractions import Fraction

import av
import numpy as np

stamps = [500, 540, 580, 1080]  # milliseconds
read = {}
for suffix in ('avi', 'mov'):
    with av.open(f'video.{suffix}', 'w') as container:
        stream = container.add_stream('mjpeg', rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuvj420p'
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for stamp in stamps:
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), 'rgb24')
            frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(f'video.{suffix}') as container:
        stream = container.streams.video[0]
        times = [round(1000 * frame.time) for frame in container.decode(stream)]
        read[suffix] = (stream.frames, times)
versions = f'PyAV {av.__version__}'
guess = f'4 frames at {stamps} ms in both'
seen = f'frames by the header and times read: {read}'
held = read['mov'] == (4, stamps) and read['avi'][0] > 500 and read['avi'][1] == [0, *stamps[1:]]
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
