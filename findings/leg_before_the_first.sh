#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A walking robot in xacro whose legs are told by remainders: the one before leg 0 of six is (0 - 1) % 6. Read by ROS's own xacro, and in
# JavaScript; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check xacro==2.1.1
npm install --silent --no-audit --no-fund --prefix "$work" xacro-parser@0.3.11 jsdom@26.1.0
cd "$work"
cat > robot.xacro <<'XML'
<robot name="hexapod" xmlns:xacro="http://www.ros.org/wiki/xacro">
<link name="leg_${(0 - 1) % 6}"/><link name="leg_${(5 + 1) % 6}"/>
<link name="leg_${7 % -3}"/><link name="leg_${2^3}"/><link name="leg_${4 * (1 + 2)}"/>
</robot>
XML
cat > robot.mjs <<'JS'
import fs from 'fs'
import { JSDOM } from 'jsdom'
import { XacroParser } from 'xacro-parser'
const { window } = new JSDOM()
Object.assign(globalThis, { DOMParser: window.DOMParser, XMLSerializer: window.XMLSerializer })
const robot = await new XacroParser().parse(fs.readFileSync('robot.xacro', 'utf8'))
console.log(JSON.stringify([...robot.querySelectorAll('link')].map(link => link.getAttribute('name'))))
JS
node robot.mjs > robot.json
"$work/venv/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version

import xacro

links = [link.getAttribute('name') for link in xacro.process_file('robot.xacro').getElementsByTagName('link')]
own = json.load(open('robot.json'))
print(f'xacro-parser 0.3.11 (npm), xacro {version("xacro")}\n'
      f'guess: (0 - 1) % 6, (5 + 1) % 6, 7 % -3, 2^3 and 4 * (1 + 2) are what they are in xacro: {links}\n'
      f'seen:  {own}')
held = (links == ['leg_5', 'leg_0', 'leg_-2', 'leg_1', 'leg_12'] and own == ['leg_-1', 'leg_0', 'leg_1', 'leg_8', 'leg_12'])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
