#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A ping of an acoustic current meter or DVL in TRDI's PD0, taken at 12:34:56.50: the seventh number of its clock is in hundredths of a
# second.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check adcpreader==0.2.1 trdi-adcp-readers==25.6.4 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import struct
import sys
from datetime import datetime, timezone
from importlib.metadata import version

from adcpreader.rdi_reader import Ensemble, get_ensemble_time
from trdi_adcp_readers.pd0.pd0_parser import parse_pd0_bytearray

TEMPERATURE = -125  # hundredths of a degree
CLOCK = (26, 11, 30, 12, 34, 56, 50)  # year, month, day, hour, minute, second, hundredths


def fixed_leader():
    block = bytearray(59)
    struct.pack_into('<HBBBB', block, 0, 0x0000, 50, 40, 0x4A, 0x41)
    struct.pack_into('<BBHHH', block, 8, 4, 2, 1, 100, 50)
    return bytes(block)


def variable_leader():
    block = bytearray(65)
    struct.pack_into('<HH7B', block, 0, 0x0080, 7, *CLOCK)
    struct.pack_into('<HHHhhHh', block, 14, 1480, 30, 27050, -150, 75, 35, TEMPERATURE)
    struct.pack_into('<8B', block, 57, 20, *CLOCK)
    return bytes(block)


velocity = struct.pack('<H8h', 0x0100, 1500, -250, 10, 3, 1400, -240, 12, 2)
blocks = [fixed_leader(), variable_leader(), velocity]
starts = [6 + 2 * len(blocks) + sum(map(len, blocks[:number])) for number in range(len(blocks))]
body = b'\x7f\x7f' + struct.pack('<HBB', 6 + 2 * len(blocks) + sum(map(len, blocks)), 0, len(blocks)) + struct.pack(f'<{len(blocks)}H', *starts)
body += b''.join(blocks)
ping = body + struct.pack('<H', sum(body) & 0xFFFF)

read = Ensemble(ping).decode()
first = datetime.fromtimestamp(get_ensemble_time(read), timezone.utc)
other = parse_pd0_bytearray(ping)
second = other['timestamp']
temperatures = round(read['variable_leader']['Temp'] * 100), other['variable_leader']['temperature']
print(f'adcpreader {version("adcpreader")}, trdi-adcp-readers {version("trdi-adcp-readers")}\n'
      'guess: it is 12:34:56.5 to both\n'
      f'seen:  {first:%H:%M:%S.%f} by adcpreader, {second:%H:%M:%S.%f} by trdi-adcp-readers; the temperature is {temperatures[0] / 100} '
      'degrees in both')
held = (first.microsecond, second.microsecond) == (50000, 50) and temperatures == (TEMPERATURE,) * 2
sys.exit(0 if held and first.second == second.second == 56 else 'The behaviour has changed.')
PYTHON
