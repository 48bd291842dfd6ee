#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot of MuJoCo that stands beside a table, or has a hand in a frame, for dynamics by Pinocchio.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mujoco==4.0.0 pin==4.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import mujoco
import pinocchio

TABLE = '<body name="table" pos="2 0 0"><geom type="box" size="1 1 .1"/></body>'
ARM = '<body name="arm"><joint name="elbow"/><geom size=".1"/>{}</body>'
WORLDS = {
    'alone': ARM.format(''),
    'after a table': TABLE + ARM.format(''),
    'before a table': ARM.format('') + TABLE,
    'hand in a frame': ARM.format('<frame pos="0 0 1"><body name="hand"><joint name="wrist"/><geom size=".1"/></body></frame>'),
}


def loaded(world):
    """Return the joints that MuJoCo and Pinocchio have of a world."""
    text = f'<mujoco><worldbody>{world}</worldbody></mujoco>'
    with open('world.xml', 'w') as file:
        file.write(text)
    model, other = mujoco.MjModel.from_xml_string(text), pinocchio.buildModelFromMJCF('world.xml')
    return [model.joint(i).name for i in range(model.njnt)], list(other.names)[1:]


seen = {name: loaded(world) for name, world in WORLDS.items()}
print(f'mujoco {version("mujoco")}, Pinocchio {version("pin")}\n'
      'guess: the joints are the same, or what is not supported is refused\n'
      f'seen:  MuJoCo and Pinocchio have {seen}: of the world only its first body, and nothing that is in a frame')
held = (seen['alone'] == seen['before a table'] == (['elbow'], ['elbow']) and seen['after a table'] == (['elbow'], [])
        and seen['hand in a frame'] == (['elbow', 'wrist'], ['elbow']))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
