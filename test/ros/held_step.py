# SPDX-License-Identifier: Apache-2.0
"""The node with a network whose every step takes until the file HELD_STEP is there; QUEUE_BYTES can be set too."""

from __future__ import annotations

import os
import sys
import time

from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.ros import worker
from ttt3r_ros.ros.main import main

stepping = Reconstructor.stepping


def held(self, *arguments, **named):
    """Step when the test says so."""
    while not os.path.exists(os.environ['HELD_STEP']):
        time.sleep(0.01)
    return stepping(self, *arguments, **named)


if __name__ == '__main__':
    worker.QUEUE_BYTES = int(os.environ.get('QUEUE_BYTES', worker.QUEUE_BYTES))
    Reconstructor.stepping = held
    sys.exit(main())
