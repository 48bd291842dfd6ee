#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A part of 1 m, its USD file in centimetres and with y up, referenced from a scene in metres with z up, both as their files say.
# It is 100 m tall there, and lies on its side: a simulated robot stands within it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check usd-core==26.11
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from pxr import Usd, UsdGeom


def stage(name, metres, up):
    """Return a stage whose file tells its unit and which way is up."""
    made = Usd.Stage.CreateNew(name)
    UsdGeom.SetStageMetersPerUnit(made, metres)
    UsdGeom.SetStageUpAxis(made, up)
    return made


part = stage('part.usda', 0.01, UsdGeom.Tokens.y)
body = UsdGeom.Xform.Define(part, '/part')
pole = UsdGeom.Cylinder.Define(part, '/part/pole')  # upright, 100 units tall
pole.GetAxisAttr().Set('Y')
pole.GetHeightAttr().Set(100.0)
pole.GetRadiusAttr().Set(5.0)
part.SetDefaultPrim(body.GetPrim())
part.Save()
scene = stage('scene.usda', 1.0, UsdGeom.Tokens.z)
placed = UsdGeom.Xform.Define(scene, '/scene/part').GetPrim()
placed.GetReferences().AddReference('part.usda')
size = list(UsdGeom.BBoxCache(Usd.TimeCode.Default(), ['default']).ComputeWorldBound(placed).ComputeAlignedRange().GetSize())
print(f'usd-core {version("usd-core")}\n'
      'guess: a pole of 1 m that stands upright, [0.1, 0.1, 1], or a warning\n'
      f'seen:  {size} in units of {UsdGeom.GetStageMetersPerUnit(scene)} m, {UsdGeom.GetStageUpAxis(scene)} up')
sys.exit(0 if size == [10, 100, 10] else 'The behaviour has changed.')
PYTHON
