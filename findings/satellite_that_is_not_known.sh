#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Orbits of two satellites in SP3, in which a place that is not known is 0 0 0 and a clock that is not known is 999999.999999, as the format
# has it, read by two packages.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in georinex==1.16.2 gnssanalysis==0.0.60; do
  "${PYTHON:-python3}" -m venv "$work/${package%%=*}"
  "$work/${package%%=*}/bin/pip" install --quiet --disable-pip-version-check "$package"
done
cd "$work"
{
  echo '#dP2024  1  1  0  0  0.00000000       2 ORBIT IGS20 HLM  IGS'
  echo '## 2295  86400.00000000   900.00000000 60310 0.0000000000000'
  echo '+    2   G01G02  0  0  0  0  0  0  0  0  0  0  0  0  0  0  0'
  echo '++         2  2  0  0  0  0  0  0  0  0  0  0  0  0  0  0  0'
  echo '%c G  cc GPS ccc cccc cccc cccc cccc ccccc ccccc ccccc ccccc'
  echo '%c cc cc ccc ccc cccc cccc cccc cccc ccccc ccccc ccccc ccccc'
  echo '%f  1.2500000  1.025000000  0.00000000000  0.000000000000000'
  echo '%f  0.0000000  0.000000000  0.00000000000  0.000000000000000'
  echo '%i    0    0    0    0      0      0      0      0         0'
  echo '%i    0    0    0    0      0      0      0      0         0'
  echo '/* a comment'
  echo '*  2024  1  1  0  0  0.00000000'
  echo 'PG01  15000.123456 -20000.654321   5000.000001    123.456789'
  echo 'PG02  15000.123456 -20000.654321  -5000.000001 999999.999999'
  echo '*  2024  1  1  0 15  0.00000000'
  echo 'PG01  15001.123456 -20001.654321   5001.000001    123.456799'
  echo 'PG02      0.000000      0.000000      0.000000 999999.999999'
  echo 'EOF'
} > orbits.sp3
gnssanalysis/bin/python - 2> log <<'PYTHON' || { cat log; exit 1; }
import json

import numpy as np
from gnssanalysis.gn_io import sp3

table = sp3.read_sp3('orbits.sp3')['EST']
last = table.xs('G02', level=1).iloc[1]
json.dump([bool(np.isnan(last[name])) for name in ('X', 'Y', 'Z', 'CLK')] + [float(table.xs('G01', level=1)['X'].iloc[0])], open('other.json', 'w'))
PYTHON
georinex/bin/python - <<'PYTHON'
import json
import sys
from importlib.metadata import version

import georinex

orbits = georinex.load('orbits.sp3')
known = float(orbits['position'].sel(sv='G01', ECEF='x')[0])
place = orbits['position'].sel(sv='G02')[1].values.tolist()
clock = orbits['clock'].sel(sv='G02').values.round(3).tolist()
other = json.load(open('other.json'))
print(f'georinex {version("georinex")}, gnssanalysis 0.0.60\n'
      f'guess: what is not known is NaN, as in gnssanalysis, {other[:4]}\n'
      f'seen:  a satellite at {place} km, the middle of the Earth, and a clock that is {clock} microseconds fast, a whole second')
sys.exit(0 if other == [True] * 4 + [known] and place == [0, 0, 0] and clock == [1e6, 1e6] else 'The behaviour has changed.')
PYTHON
