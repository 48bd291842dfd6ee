# SPDX-License-Identifier: Apache-2.0
"""A synthetic world with exact truth: a furnished room, rendered in numpy, and a walk round it."""

from .room import Room
from .walk import walk

__all__ = ['Room', 'walk']
