#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A CANopen drive's electronic data sheet. Values may be written in decimal or hexadecimal; of INTEGER16 0xFFFE is -2, as its limits
# 0x8000 and 0x7FFF are -32768 and 32767.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check canopen==2.4.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import logging
import sys
from importlib.metadata import version

import canopen

logging.disable()
VALUES = {0x2000: '-2', 0x2001: '0xFFFE', 0x2002: '0x7FFE'}
text = '[ManufacturerObjects]\nSupportedObjects=3\n' + ''.join(f'{place}=0x{index:X}\n' for place, index in enumerate(VALUES, 1))
for index, value in VALUES.items():
    text += (f'[{index:X}]\nParameterName=value {value}\nObjectType=0x7\nDataType=0x0003\nAccessType=rw\nPDOMapping=0\n'
             f'LowLimit=0x8000\nHighLimit=0x7FFF\nDefaultValue={value}\n')
open('drive.eds', 'w').write(text)
dictionary = canopen.import_od('drive.eds', node_id=1)
node = canopen.LocalNode(1, dictionary)


def read(index):
    try:
        return node.sdo[index].raw
    except ValueError as error:
        return f'ValueError: {error}'


limits = {(dictionary[index].min, dictionary[index].max) for index in VALUES}
defaults = [dictionary[index].default for index in VALUES]
answers = [read(index) for index in VALUES]
print(f'canopen {version("canopen")}\n'
      f'guess: the defaults {list(VALUES.values())} are [-2, -2, 32766], as the limits are {limits}\n'
      f'seen:  {defaults}; a node that is asked for them says {answers}')
held = limits == {(-32768, 32767)} and defaults == [-2, 65534, 32766] and answers[::2] == [-2, 32766] and 'ValueError' in str(answers[1])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
