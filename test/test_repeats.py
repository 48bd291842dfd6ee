# SPDX-License-Identifier: Apache-2.0
"""A film in which each image stands several times is told, with how to take one of them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image as Picture

import ttt3r_ros
from ttt3r_ros.reconstruction.repeats import LOOKED_AT, Repeats
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


@pytest.mark.parametrize('times', [1, 2, 3])
def test_copies_that_a_codec_has_changed_a_little_are_told(times):
    """A film that is brought to a higher rate is encoded anew: its copies are no longer the same to the bit."""
    rng, repeats = np.random.default_rng(times), Repeats()
    images = (image + rng.integers(0, 3, image.shape, np.uint8)
              for image in rng.integers(0, 250, (30, 24, 32, 3), np.uint8) for _ in range(times))
    assert [found for image in images if (found := repeats.look(image))] == ([times] if times > 1 else [])


def test_images_of_another_shape_are_others():
    """Photographs, upright and lying in turn, are no copies of each other, and one that stands twice is one."""
    repeats, shapes = Repeats(), ((4, 6, 3), (6, 4, 3))
    found = [repeats.look(np.full(shapes[k % 2], k, np.uint8)) for k in range(LOOKED_AT + 2) for _ in range(2)]
    assert [times for times in found if times is not None] == [2]


def test_a_camera_that_slows_down_repeats_nothing():
    """It is a change that is small beside the last one that counts, not one that is small."""
    repeats = Repeats()
    ways = 100 * 0.8 ** np.arange(60)
    ramp = np.tile(np.arange(64.0)[None, :, None], (48, 1, 3))
    assert not any(repeats.look((ramp + way).astype(np.uint8)) for way in np.cumsum(ways)[:LOOKED_AT] / 4)


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
