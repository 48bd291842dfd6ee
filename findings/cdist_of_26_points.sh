#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Distances of points 100 m from the origin: exact for 25 of them, 9 cm off for 26.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 ${PIP_TORCH_ARGS:-}
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import torch

torch.set_num_threads(1)
generator = torch.Generator().manual_seed(0)
points = torch.rand(26, 3, generator=generator) + 100
to_itself = {n: torch.cdist(points[:n], points[:n]).diagonal().max().item() for n in (25, 26)}
exact = torch.cdist(points, points, compute_mode='donot_use_mm_for_euclid_dist').diagonal().max().item()
versions = f'torch {torch.__version__}'
guess = 'a point is 0 m from itself, however many points there are'
seen = f'largest distance of a point to itself: {to_itself}; without the matrix product {exact}'
held = to_itself[25] == 0 and exact == 0 and to_itself[26] > .02
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
