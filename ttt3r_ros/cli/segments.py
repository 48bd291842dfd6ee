# SPDX-License-Identifier: Apache-2.0
"""Options that say how the path goes on from image to image and from segment to segment."""

from __future__ import annotations

import argparse

ALIGNMENTS = ('auto', 'sim3', 'se3')  # as reconstruction.trajectory has them, and as the weights say
STEP_SOURCES = ('auto', 'model', 'images')  # the same


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare --alignment and --step-source."""
    parser.add_argument('--alignment', choices=ALIGNMENTS, default='auto',
                        help='how segments are chained at a reset (default: as the weights say, sim3 if they do not)')
    parser.add_argument('--step-source', choices=STEP_SOURCES, default='auto', help='what says how the camera goes on '
                        'from one image to the next (default: as the weights say, model if they do not)')
