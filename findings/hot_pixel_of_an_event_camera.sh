#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Events counted for each pixel, one of which is hot: beyond 32,767 the count is negative.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tonic==1.7.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from tonic.transforms import ToFrame, ToImage

SENSOR = 2, 1, 2  # width, height, polarities


def counts(hot):
    """Return what is counted of one event at the first pixel and `hot` at the second."""
    events = np.zeros(1 + hot, [('x', '<i2'), ('y', '<i2'), ('t', '<i8'), ('p', '?')])
    events['t'] = np.arange(1 + hot)
    events['x'][1:] = 1
    events['p'] = True
    return [transform(events)[..., 1, 0, :].ravel().tolist()
            for transform in (ToImage(sensor_size=SENSOR), ToFrame(sensor_size=SENSOR, n_event_bins=1))]


seen = {hot: counts(hot) for hot in (32767, 40000, 65536)}
print(f'tonic {version("tonic")}\n'
      'guess: as many as there are\n'
      f'seen:  ToImage and ToFrame, by the events of the second pixel: {seen}')
held = seen == {32767: [[1, 32767]] * 2, 40000: [[1, -25536]] * 2, 65536: [[1, 0]] * 2}
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
