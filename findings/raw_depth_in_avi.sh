#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A depth picture as raw video, 16 bits grey, in four containers.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import av
import numpy as np

depth = (np.arange(48 * 64).reshape(48, 64) + 500).astype(np.uint16)


def read(name, codec):
    """Return the format of what is read, and its first pixels as 16 bits grey."""
    with av.open(name, 'w') as file:
        stream = file.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'gray16le'
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(depth, format='gray16le')), *stream.encode(None)]:
            file.mux(packet)
    with av.open(name) as file:
        frame = next(file.decode(video=0))
    return frame.format.name, frame.reformat(format='gray16le').to_ndarray()[0, :3].tolist()


seen = {name: read(name, codec) for name, codec in (
    ('raw.nut', 'rawvideo'), ('raw.avi', 'rawvideo'), ('raw.mov', 'rawvideo'), ('ffv1.avi', 'ffv1'))}
first = depth[0, :3].tolist()
print(f'PyAV {version("av")}, libavformat {".".join(map(str, av.library_versions["libavformat"]))}\n'
      f'guess: {first} as gray16le, or a container that refuses it, as Matroska does\n'
      f'seen:  {seen}')
held = (seen['raw.nut'] == seen['ffv1.avi'] == ('gray16le', first) and seen['raw.avi'][0] == 'rgb555le'
        and seen['raw.mov'][0] == 'rgb555be')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
