#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stamps in UTC around the leap second at the end of 2016, turned to the time of GPS by hifitime and by Astropy.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check hifitime==4.3.1 astropy==8.0.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from astropy.time import Time
from hifitime import Epoch

stamps = ['2016-12-31T23:59:59.500', '2016-12-31T23:59:60.500', '2017-01-01T00:00:00.500']
ours, theirs = [Epoch(f'{stamp} UTC') for stamp in stamps], [Time(stamp, scale='utc') for stamp in stamps]
gps = [epoch.to_gpst_seconds() - 1167264000 for epoch in ours]
guess = [round(float(time.gps) - 1167264000, 3) for time in theirs]
across, asked = (ours[2] - ours[0]).to_seconds(), round(float((theirs[2] - theirs[0]).sec), 3)
print(f'hifitime {version("hifitime")}, astropy {version("astropy")}\n'
      f'guess: a second apart each, {guess} in GPS, {asked} s from the first to the third, as in Astropy\n'
      f'seen:  {gps} in GPS: 23:59:60.5 is taken for 23:59:59.5, {ours[1]}; and {across} s from the first to the third, though {gps[2] - gps[0]} '
      'in GPS')
sys.exit(0 if guess == [16.5, 17.5, 18.5] and gps == [16.5, 16.5, 18.5] and asked == 2 and across == 1 else 'The behaviour has changed.')
PYTHON
