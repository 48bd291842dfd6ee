#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A place told in ISO 6709 and in NMEA: an antenna 20.5 m below the ellipsoid, and one just west of the tenth meridian.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pynmeagps==1.1.8
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import re
import sys
from importlib.metadata import version

from pynmeagps import GET, NMEAMessage
from pynmeagps.nmeahelpers import llh2iso6709

above, below = llh2iso6709(48.5, -11.25, 20.5), llh2iso6709(48.5, -11.25, -20.5)
sentence = NMEAMessage('GP', 'GLL', GET, lat=48, lon=9.99999999).serialize().decode().strip()
longitude = sentence.split(',')[3]
valid = [bool(re.fullmatch(r'[+-]\d\d(\.\d+)?[+-]\d{1,3}(\.\d+)?[+-]\d+(\.\d+)?CRSWGS_84/', text)) for text in (above, below)]
print(f'pynmeagps {version("pynmeagps")}\n'
      f'guess: heights of 20.5 and -20.5 are +20.5 and -20.5, minutes are below 60\n'
      f'seen:  {above} and {below}; a longitude of 9.99999999 is {longitude}, 9 degrees and 60 minutes')
held = valid == [True, False] and '--20.5' in below and longitude.startswith('00960.0000')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
