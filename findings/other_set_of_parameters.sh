#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Modified Rodrigues parameters of a body that turns at a rate of .1 -.2 .3, and of their shadow set, by which a turn of more than 180 degrees is
# told: how fast the shadow set changes, by the formula and by a small step.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check jaxitude==1.0.0 jax==0.10.2 jaxlib==0.10.2
cd "$work"
JAX_ENABLE_X64=1 JAX_PLATFORMS=cpu "$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import jax.numpy as jnp
from jaxitude.rodrigues import MRP, evolve_MRP, evolve_MRP_shadow, shadow

STEP = 1e-6
turn, rate = jnp.array([[.5], [.4], [-.3]]), jnp.array([[.1], [-.2], [.3]])
same = float(abs(MRP(turn).dcm - MRP(shadow(turn)).dcm).max())
later = shadow(turn + STEP * evolve_MRP(turn, rate))
right = ((later - shadow(turn)) / STEP).ravel()
other, seen = evolve_MRP(shadow(turn), rate).ravel(), evolve_MRP_shadow(turn, rate).ravel()
told = [[round(float(part), 3) + 0 for part in speed] for speed in (right, other, seen)]
print(f'jaxitude {version("jaxitude")}\n'
      f'guess: the shadow set changes by {told[0]} a second, as a small step tells, and as "evolve_MRP" of the set itself has it, {told[1]}\n'
      f'seen:  "evolve_MRP_shadow" tells {told[2]}: parameters and rate have changed places within it')
off = float(abs(seen - right).max())
sys.exit(0 if same < 1e-9 and told[0] == told[1] and off > .05 else 'The behaviour has changed.')
PYTHON
