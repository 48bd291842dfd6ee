# SPDX-License-Identifier: Apache-2.0
"""A film in which each image stands several times is told, with how to take one of them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image as Picture

import ttt3r_ros
from ttt3r_ros.offline.repeats import LOOKED_AT, Repeats
from ttt3r_ros.synthetic import World


def told(times: list[int]) -> list[int]:
    """Return what is told of images that stand so many times each."""
    repeats, images = Repeats(), (np.full((4, 6, 3), k, np.uint8) for k, n in enumerate(times) for _ in range(n))
    return [found for image in images if (found := repeats.look(image.copy())) is not None]


@pytest.mark.parametrize(('times', 'found'), [
    ([1] * 99, []),
    ([2] * 99, [2]),
    ([3, 3, 4] * 20, [3]),
    ([1, 1, 1, 2] * 20, []),
    ([50] + [1] * 30, []),
    ([1, 1, 60] + [2] * 20, [2]),
    ([500], []),
    ([2] * LOOKED_AT, [])])
def test_most_images_stand_several_times(times, found):
    """A camera that stood still for a while, and a rate that was raised by a quarter, are none."""
    assert told(times) == found


def test_a_run_says_which_to_take(tmp_path, caplog):
    """Once; of what is taken then nothing is told."""
    world = World(810_007, 100, (96, 128))
    for k, (image, _) in enumerate(world.film_from(world.poses[:LOOKED_AT + 2])):
        for copy in range(2):
            Picture.fromarray(image).save(tmp_path / f'{2 * k + copy:03d}.png')
    for every, said in ((1, ['--every 2']), (2, [])):
        caplog.clear()
        list(ttt3r_ros.open(tmp_path, every=every))
        assert re.findall('--every .', caplog.text) == said
