# SPDX-License-Identifier: Apache-2.0
"""The node as on a device that works beside the host: it begins with the next image early, and counts that."""

from __future__ import annotations

import sys
from collections import Counter

from ttt3r_ros.reconstruction.ahead import Ahead
from ttt3r_ros.ros.main import main


class Counting(Ahead):
    """Begins on any device."""

    pays = True
    done = Counter()

    def begin(self, image, work):
        super().begin(image, work)
        self.done['begun'] += 1

    def take(self, image):
        taken = super().take(image)
        self.done['taken'] += taken is not None
        return taken


if __name__ == '__main__':
    import ttt3r_ros.reconstruction.eye as eye
    eye.Ahead = Counting
    code = main()
    print(f'{Counting.done["begun"]} begun ahead, {Counting.done["taken"]} taken')
    sys.exit(code)
