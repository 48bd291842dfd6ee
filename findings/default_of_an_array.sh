#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A message whose sequence has a default, written without it, as ROS 2 allows; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @foxglove/rosmsg@5.0.5 @foxglove/rosmsg2-serialization@3.1.0
cd "$work"
cat > gains.mjs <<'JS'
import { parse } from '@foxglove/rosmsg'
import { MessageReader, MessageWriter } from '@foxglove/rosmsg2-serialization'

const definition = parse('float64[] gains [0.5, 0.25]\nfloat64 speed 1.5', { ros2: true })
const writer = new MessageWriter(definition)
const back = message => {
  const { gains, speed } = new MessageReader(definition).readMessage(writer.writeMessage(message))
  return JSON.stringify({ gains: [...gains], speed })
}
const [neither, speed, both] = [{}, { speed: 2 }, { gains: [0.5, 0.25], speed: 2 }].map(back)
console.log(`@foxglove/rosmsg2-serialization 3.1.0
guess: gains of 0.5 and 0.25 each time, and a speed of 1.5, 2 and 2
seen:  without both ${neither}, with a speed ${speed}, with both ${both}: a default goes out behind a length of 0`)
if (neither !== '{"gains":[],"speed":0.5}' || speed !== neither || both !== '{"gains":[0.5,0.25],"speed":2}') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node gains.mjs
