#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The shortest way through each of 200 grids of 20 by 20 cells, a quarter of them walls, by the finders of pathfinding; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" pathfinding@0.4.18
cd "$work"
cat > ways.mjs <<'JS'
import { readFileSync } from 'node:fs'
import finders from 'pathfinding'

let state = 1
const random = () => { state = state * 16807 % 2147483647; return state / 2147483647 }
const length = way => way.slice(1).reduce((sum, [x, y], index) => sum + Math.hypot(x - way[index][0], y - way[index][1]), 0)
const how = { diagonalMovement: finders.DiagonalMovement.Always }
const kinds = { DijkstraFinder: new finders.DijkstraFinder(how), AStarFinder: new finders.AStarFinder(how),
  JumpPointFinder: finders.JumpPointFinder(how), BiDijkstraFinder: new finders.BiDijkstraFinder(how) }
const longer = Object.fromEntries(Object.keys(kinds).map(kind => [kind, []]))
for (let round = 0; round < 200; round++) {
  const walls = Array.from({ length: 20 }, () => Array.from({ length: 20 }, () => random() < .25 ? 1 : 0))
  walls[0][0] = walls[19][19] = 0
  const ways = Object.entries(kinds).map(([kind, finder]) =>
    [kind, length(finders.Util.expandPath(finder.findPath(0, 0, 19, 19, new finders.Grid(walls))))])
  for (const [kind, way] of ways) if (way > ways[0][1] + 1e-6) longer[kind].push(way / ways[0][1])
}
const told = readFileSync('node_modules/pathfinding/README.md', 'utf8')
const said = ['JumpPointFinder', 'BiDijkstraFinder'].every(kind => told.includes('`' + kind + '` *')) &&
  told.includes('guaranteed to find the shortest path')
const seen = Object.entries(longer).map(([kind, by]) =>
  `${kind} ${by.length}${by.length ? ', by up to ' + Math.round((Math.max(...by) - 1) * 100) + ' %' : ''}`)
console.log(`pathfinding 0.4.18 (npm)
guess: each of these finders, "guaranteed to find the shortest path" by its description, finds the way of Dijkstra
seen:  ways that are longer: ${seen.join('; ')}`)
if (!said || longer.AStarFinder.length || longer.JumpPointFinder.length < 50 || longer.BiDijkstraFinder.length < 10) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node ways.mjs
