#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Linearity and planarity of one cloud of known covariance, by two packages that compute geometric features of points.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 jakteristics==0.6.2 pgeof==0.3.4
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pgeof
from jakteristics import compute_features

cloud = np.random.default_rng(0).uniform(-1, 1, (4000, 3)) * [1, .5, .25]
first = compute_features(cloud, search_radius=9, feature_names=['linearity', 'planarity'])[0]
indices = np.arange(len(cloud), dtype='u4')
ends = np.full(len(cloud) + 1, len(cloud), 'u4')
ends[0] = 0
second = pgeof.compute_features(cloud.astype('f4'), indices, ends)[0, :2]
spread = np.linalg.eigvalsh(np.cov(cloud.T))[::-1]


def features(values):
    return (values[0] - values[1]) / values[0], (values[1] - values[2]) / values[0]


variances, deviations = features(spread), features(np.sqrt(spread))
print(f'jakteristics {version("jakteristics")}, pgeof {version("pgeof")}\n'
      f'guess: linearity and planarity are the same in both\n'
      f'seen:  {first.round(3).tolist()} and {second.round(3).tolist()}; by hand of the variances {np.round(variances, 3).tolist()}, '
      f'of their square roots {np.round(deviations, 3).tolist()}')
held = np.allclose(first, variances, atol=5e-3) and np.allclose(second, deviations, atol=5e-3) and first[0] - second[0] > .2
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
