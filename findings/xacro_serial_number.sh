#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A property of xacro that is pasted into a name as it stands: a serial number comes out as another one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check xacro==2.1.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import xacro

ROBOT = """<robot name="r" xmlns:xacro="http://ros.org/wiki/xacro">
<xacro:property name="serial" value="{0}"/><xacro:arg name="given" default="{0}"/>
<link name="${{serial}}_camera"/><link name="$(arg given)_camera"/></robot>"""
names = {}
for serial in ('0042', '1.10', '4512e1', '0e1234', '1_0', '0x1F'):
    document = xacro.parse(ROBOT.format(serial))
    xacro.process_doc(document)
    links = [link.getAttribute('name').removesuffix('_camera') for link in document.getElementsByTagName('link')]
    names[serial] = tuple(links)
changed = {serial: by_property for serial, (by_property, by_argument) in names.items() if by_property != serial}
arguments = all(by_argument == serial for serial, (_, by_argument) in names.items())
versions = f'xacro {version("xacro")}'
guess = 'a property without ${} in its value is text, and "${serial}_camera" pastes it; numbers are for arithmetic'
seen = f'{changed}; an <xacro:arg> of the same text is pasted as it stands: {arguments}'
held = changed == {'0042': '42', '1.10': '1.1', '4512e1': '45120.0', '0e1234': '0.0'} and arguments
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
