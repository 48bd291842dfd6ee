#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two clouds that nowhere come near each other: registered, without error, after no iteration.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check small_gicp==1.0.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import small_gicp

here = np.random.default_rng(0).uniform(-5, 5, (2000, 3))
far = here + [1000.0, 0.0, 0.0]
results = {kind: small_gicp.align(far, here, registration_type=kind, max_correspondence_distance=1.0)
           for kind in ('ICP', 'PLANE_ICP', 'GICP', 'VGICP')}
guess = 'clouds 1 km apart, correspondences of at most 1 m: converged is False'
seen = '; '.join(f'{kind}: converged {r.converged}, {r.num_inliers} inliers, error {r.error}, moved by '
                 f'{np.linalg.norm(r.T_target_source[:3, 3]):.0f} m' for kind, r in results.items())
held = all(r.converged and r.num_inliers == 0 and r.error == 0.0 and np.array_equal(r.T_target_source, np.eye(4))
           for r in results.values())
print(f'small_gicp {version("small_gicp")}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
