#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Quantiles of a depth whose sky is infinite: NaN, also where the answer is a depth of the image.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings

import numpy as np

warnings.simplefilter('ignore')  # of an invalid value in a multiplication
depth = np.array([1., 2., 3., 4., np.inf])
results = {'quantile .75': np.quantile(depth, .75), 'the same by method=lower': np.quantile(depth, .75, method='lower'),
           'median': np.median(depth), 'quantile 1.0': np.quantile(depth, 1.), 'quantile 1': np.quantile(depth, 1)}
half = np.array([1., np.inf, np.inf])
results |= {'median of mostly sky': np.median(half), 'its quantile .5': np.quantile(half, .5)}
results = {name: float(value) for name, value in results.items()}
versions = f'NumPy {np.__version__}'
guess = 'the fourth of five is the quantile .75: 4.0; 1.0 and 1 are the largest, inf; .5 is the median'
seen = f'{results}'
held = (np.isnan([results[name] for name in ('quantile .75', 'quantile 1.0', 'its quantile .5')]).all()
        and results['the same by method=lower'] == 4
        and results['median of mostly sky'] == results['quantile 1'] == np.inf)
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
