# SPDX-License-Identifier: Apache-2.0
"""A synthetic world with exact truth: furnished rooms rendered in numpy, ways through them, and a camera."""

from .camera import Camera
from .room import Room
from .walk import drive, walk
from .wide_world import WideWorld
from .world import World

__all__ = ['Camera', 'Room', 'WideWorld', 'World', 'drive', 'walk']
