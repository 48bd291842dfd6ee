# SPDX-License-Identifier: Apache-2.0
"""Images of another shape among those of a folder are told: upright and lying photographs are no one path."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image as Picture

import ttt3r_ros
from ttt3r_ros.synthetic import World


@pytest.mark.parametrize(('turned', 'said'), [
    ({2, 4}, ['image 2 is 96×128 pixels, those before it 128×96']), (set(), [])])
def test_a_run_says_where_the_shape_changes(tmp_path, caplog, turned, said):
    """Once, with the number that its files have; a smaller picture of the same shape is nothing to tell."""
    world = World(810_007, 6, (96, 128))
    for k, (image, _) in enumerate(world.film_from(world.poses)):
        picture = Picture.fromarray(np.rot90(image) if k in turned else image)
        (picture.resize((121, 91)) if k == 5 else picture).save(tmp_path / f'{k}.png')
    list(ttt3r_ros.open(tmp_path))
    assert re.findall(r'image \d+ is .*? it \d+×\d+', caplog.text) == said
