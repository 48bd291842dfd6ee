# SPDX-License-Identifier: Apache-2.0
"""Two images of one camera lie on each other although each answer has a focal length of its own."""

import numpy as np
import pytest

from ttt3r_ros.reconstruction.depth import back_project
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.likeness import mutual_likeness
from ttt3r_ros.reconstruction.trajectory import Boundary
from ttt3r_ros.synthetic import World

SIZE = 48, 64
FRAMES, PACE = 12, 192  # of the walk, and of the laps that its pace is of


@pytest.fixture(scope='module')
def walk():
    """A walk through a room: its poses, the focal length in pixels, and image and depth of each frame."""
    world = World(810_007, PACE, SIZE)
    poses = world.poses[:FRAMES]
    return poses, float(world.intrinsics[0, 0]), list(world.film_from(poses))


def seen(walk, index: int, off: float) -> Boundary:
    """What an answer says of a frame whose depth is right and whose focal length is off by a factor."""
    poses, focal, film = walk
    depth = film[index][1]
    return Boundary(poses[index], back_project(depth, pinhole(focal * off, SIZE)), np.full(SIZE, 9, np.float32),
                    focal * off)


def alike(walk, first: int, second: int, off: float) -> float:
    images = [walk[2][index][0] for index in (first, second)]
    return mutual_likeness(images[0], seen(walk, first, 1 / off), images[1], seen(walk, second, off))


@pytest.mark.parametrize('off', [1.0, 1.1, 1.2])
def test_answers_of_two_focal_lengths_are_one_cameras(walk, off):
    """From one frame to the next the same is seen, whatever an answer makes of the field of view."""
    assert min(alike(walk, k, k + 1, off) for k in range(FRAMES - 1)) > 0.9


def test_a_focal_length_that_nobody_knows_is_like_nothing(walk):
    """Without one there is no ray to put a point on."""
    assert alike(walk, 0, 1, np.nan) == -1
