#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A film of four pictures with a pause between, picture by picture.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check imageio==2.38.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from fractions import Fraction
from importlib.metadata import version

import av
import imageio
import imageio.v3
import numpy as np

MILLISECONDS = (0, 100, 5000, 5100)
with av.open('film.mp4', 'w') as film:
    stream = film.add_stream('mpeg4', rate=10)
    stream.width = stream.height = 64
    stream.codec_context.time_base = Fraction(1, 1000)
    for i, time in enumerate(MILLISECONDS):
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), i * 60, np.uint8))
        frame.pts, frame.time_base = time, Fraction(1, 1000)
        film.mux(stream.encode(frame))
    film.mux(stream.encode())
with av.open('film.mp4') as film:
    times = [round(frame.time * 1000) for frame in film.decode(video=0)]
assert times == list(MILLISECONDS)

pyav = [int(picture.mean().round(-1)) for picture in imageio.v3.imiter('film.mp4', plugin='pyav')]
with imageio.get_reader('film.mp4', 'ffmpeg') as reader:
    ffmpeg = [int(picture.mean().round(-1)) for picture in reader]
    rate = reader.get_meta_data()['fps']
print(f'imageio {version("imageio")}, imageio-ffmpeg {version("imageio-ffmpeg")}\n'
      'guess: four pictures\n'
      f'seen:  {len(pyav)} by the plugin pyav, {len(ffmpeg)} by ffmpeg, of which {ffmpeg.count(60)} are the second one; '
      f'the third has the number {ffmpeg.index(120)}, and the rate is told as {rate}')
sys.exit(0 if len(pyav) == 4 and len(ffmpeg) > 40 and ffmpeg.count(60) > 40 else 'The behaviour has changed.')
PYTHON
