#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A motion in MVNX, as a suit of Xsens tells it: three poses come before its frames, of which the second and third one are the T-pose, in the
# frame of the suit and in that of the ISB, and here are turned and elsewhere.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mvnx-parser==0.0.5
cd "$work"
cat > suit.mvnx <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<mvnx xmlns="http://www.xsens.com/mvn/mvnx" version="4"><subject frameRate="60" segmentCount="1"><frames segmentCount="1">
  <frame time="0" index="" type="identity"><orientation>1 0 0 0</orientation><position>0 0 0</position></frame>
  <frame time="0" index="" type="tpose"><orientation>0.7071068 0 0 0.7071068</orientation><position>0 0 0.95</position></frame>
  <frame time="0" index="" type="tpose-isb"><orientation>0.5 0.5 0.5 0.5</orientation><position>0 0.95 0</position></frame>
  <frame time="0" index="0" type="normal"><orientation>1 0 0 0</orientation><position>0.1 0.2 0.9</position></frame>
</frames></subject></mvnx>
XML
"$work/venv/bin/python" - <<'PYTHON'
import sys
import xml.etree.ElementTree as xml
from importlib.metadata import version

from mvnx_parser import Mvnx_p

names = 'identity', 'tpose', 'tpose-isb'
told = [frame[1].text for frame in xml.parse('suit.mvnx').iter() if frame.get('type') in names]
suit = Mvnx_p('suit.mvnx')
seen = [' '.join(pose['position'][0]) for pose in (suit.identity, suit.tpose, suit.tpose_isb)]
turned = [' '.join(pose['orientation'][0]) for pose in (suit.tpose, suit.tpose_isb)]
print(f'mvnx-parser {version("mvnx-parser")}\n'
      f'guess: "identity", "tpose" and "tpose_isb" are the three poses, at {told}\n'
      f'seen:  at {seen}, and turned by {turned}: each of the three is the first one')
sys.exit(0 if told[1] == '0 0 0.95' and seen == [told[0]] * 3 and turned == ['1 0 0 0'] * 2 and suit.position == [[['0.1', '0.2', '0.9']]]
         else 'The behaviour has changed.')
PYTHON
