#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A propeller that nothing drives and nothing brakes, at 1900 turns a minute, in two physics engines with steps of a 60th of a second, the
# default of one of them; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @dimforge/rapier3d-compat@0.21.0 planck@1.4.2
cd "$work"
cat > propeller.mjs <<'JS'
import RAPIER from '@dimforge/rapier3d-compat'
import { Circle, World } from 'planck'

await RAPIER.init()
const speeds = (speed, hertz) => {
  const space = new RAPIER.World({ x: 0, y: 0, z: 0 }), plane = new World()
  space.timestep = 1 / hertz
  const solid = space.createRigidBody(RAPIER.RigidBodyDesc.dynamic().setAngvel({ x: 0, y: 0, z: speed }))
  space.createCollider(RAPIER.ColliderDesc.cylinder(0.02, 0.12), solid)
  const flat = plane.createBody({ type: 'dynamic' })
  flat.createFixture(new Circle(0.12), 1)
  flat.setAngularVelocity(speed)
  for (let step = 0; step < hertz; step++) {
    space.step()
    plane.step(1 / hertz)
  }
  return [solid.angvel().z, flat.getAngularVelocity()].map(value => +value.toFixed(1))
}
const [slow, fast, fine] = [speeds(40, 60), speeds(200, 60), speeds(200, 1000)]
console.log(`@dimforge/rapier3d-compat 0.21.0, planck 1.4.2
guess: 200 rad/s after a second, too
seen:  ${fast[0]} by Rapier, ${fast[1]} by Planck: 45 and 90 degrees a step; of 40 rad/s ${slow}, by steps of 1 ms ${fine}`)
if (Math.abs(fast[0] - 15 * Math.PI) > 0.1 || Math.abs(fast[1] - 30 * Math.PI) > 0.1 || slow.some(value => Math.abs(value - 40) > 0.1)
    || fine.some(value => Math.abs(value - 200) > 0.2)) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node propeller.mjs
