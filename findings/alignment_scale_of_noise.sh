#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A trajectory of the true scale, with noise: the alignment says it is a quarter too large.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 evo==1.38.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from evo.core.geometry import umeyama_alignment

rng = np.random.default_rng(0)
truth = np.cumsum(rng.normal(size=(3, 300)), axis=1)
truth = (truth - truth.mean(axis=1, keepdims=True)) / truth.std()
estimate = truth + .5 * rng.normal(size=truth.shape)
to_truth = umeyama_alignment(estimate, truth, with_scale=True)[2]
to_estimate = umeyama_alignment(truth, estimate, with_scale=True)[2]
versions = f'evo {version("evo")}'
guess = 'noise without bias leaves the scale at 1, and the two directions are inverse: product 1'
seen = (f'estimate to truth {to_truth:.3f}, truth to estimate {to_estimate:.3f}, product {to_truth * to_estimate:.3f}: '
        'the noise of the side that is moved shrinks it')
held = to_truth < .8 and abs(to_estimate - 1) < .05
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
