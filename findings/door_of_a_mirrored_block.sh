#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A floor plan in DXF: a block with a post and the line beside it, set once as it is and once mirrored, and a plan in millimetres
# brought into one in metres. Of the mirrored post x has the other sign, of its line not; a wall of 4 m is 4 km long.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ezdxf==1.4.5 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import ezdxf
from ezdxf import units
from ezdxf.addons import Importer

plan = ezdxf.new(units=units.M)
block = plan.blocks.new('post')
block.add_circle((1, 0), 0.1)
block.add_line((1, 0), (2, 0))
seen = {}
for name, scale in (('as it is', 1), ('mirrored', -1)):
    insert = plan.modelspace().add_blockref('post', (5, 3), dxfattribs={'xscale': scale})
    post, line = insert.virtual_entities()
    places = post.dxf.center, line.dxf.start, post.ocs().to_wcs(post.dxf.center)
    seen[name] = [[place.x, place.y] for place in places]
survey = ezdxf.new(units=units.MM)
survey.modelspace().add_line((0, 0), (4000, 0))
house = ezdxf.new(units=units.M)
importer = Importer(survey, house)
importer.import_modelspace()
importer.finalize()
wall, = house.modelspace()
print(f'ezdxf {version("ezdxf")}\n'
      'guess: the post stands where its line begins, and the wall is 4 long in metres\n'
      'seen:  ' + '; '.join(f'{name}: post at {post}, its line from {line}, after ocs().to_wcs() {turned}'
                            for name, (post, line, turned) in seen.items())
      + f'; the wall ends at {wall.dxf.end.x:.0f}, with $INSUNITS {house.header["$INSUNITS"]}')
held = (seen['as it is'] == [[6, 3]] * 3 and seen['mirrored'] == [[-4, 3], [4, 3], [4, 3]] and wall.dxf.end.x == 4000
        and house.header['$INSUNITS'] == units.M)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
