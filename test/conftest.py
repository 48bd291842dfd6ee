# SPDX-License-Identifier: Apache-2.0
"""One thread for the small networks: two processes of two threads each on two cores spend their time waiting."""

import os

os.environ['OMP_NUM_THREADS'] = '1'
