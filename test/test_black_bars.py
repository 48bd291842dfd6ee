# SPDX-License-Identifier: Apache-2.0
"""Bars beside a film's picture are told, with how to cut them off, and nothing else is taken for bars."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

import ttt3r_ros
from ttt3r_ros.reconstruction.black_bars import border
from ttt3r_ros.synthetic import World

SIZE = 120, 160


@pytest.fixture(scope='module')
def room():
    """A film that begins in the dark."""
    world = World(810_007, 100, SIZE)
    film = [image for image, _ in world.film_from(world.poses[:24])]
    return [film[0] // 20, film[0] // 8, *film[1:]]


def told(film: list[np.ndarray], folder: Path, caplog) -> list[list[float]]:
    """Return width, height, left and top, parts of the picture, of what is to be left, for each line."""
    folder.mkdir()
    for i, image in enumerate(film):
        Picture.fromarray(image).save(folder / f'{i:03d}.png')
    for _ in ttt3r_ros.open(folder):
        pass
    return [[float(part) for part in re.findall(r'i[wh]\*([0-9.]+)', record.message)] for record in caplog.records
            if 'black bars' in record.message]


@pytest.mark.parametrize(('rows', 'columns', 'noise'), [
    (slice(15, 105), slice(None), 0), (slice(None), slice(35, 125), 4), (slice(20, None), slice(10, None), 4)])
def test_bars_are_told_with_what_is_left_between_them(room, rows, columns, noise, tmp_path, caplog):
    """Once, within 2 % of a side, whichever side they are on, also where a codec has left them not quite black."""
    film = []
    for image in room:
        shown = np.full_like(image, noise)
        shown[rows, columns] = image[rows, columns]
        film.append(shown)
    (top, bottom, _), (left, right, _) = rows.indices(SIZE[0]), columns.indices(SIZE[1])
    found, = told(film, tmp_path / 'film', caplog)
    np.testing.assert_allclose(found, [(right - left) / SIZE[1], (bottom - top) / SIZE[0], left / SIZE[1],
                                       top / SIZE[0]], atol=0.02)


@pytest.mark.parametrize('kind', ['plain', 'dark', 'dark below', 'other shape', 'lamp', 'headlights', 'fisheye'])
def test_no_other_picture_has_bars(room, kind, tmp_path, caplog):
    """A room, one without light, a dark floor, a picture that is cut to the shape that the network takes, a night with
    a lamp and one before headlights, and the circle that a fisheye shows."""
    v, u = np.mgrid[:SIZE[0], :SIZE[1]]
    away = np.hypot(u - 80, v - 60)[..., None]
    film = {'lamp': [(image * np.exp(-(away / 20) ** 2)).astype(np.uint8) for image in room],
            'headlights': [(image * np.clip((v[..., None] - 40) / 80, 0, 0.9)).astype(np.uint8) for image in room],
            'fisheye': [np.where(away < 57, image, 0) for image in room],
            'plain': room, 'dark': [image // 6 for image in room],
            'dark below': [np.concatenate((image[:80], image[80:] // 12 + 8)) for image in room],
            'other shape': [image[:, 20:140] for image in room]}[kind]
    assert not told(film, tmp_path / 'film', caplog)


def test_a_border_is_what_is_black_out_to_a_corner_of_the_image(room):
    """Of any form; a dark thing in the midst of a picture, and at its side, is none."""
    image = np.maximum(room[-1], 20)
    assert border(image) is None
    down, right = np.mgrid[:SIZE[0], :SIZE[1]]
    outside = (down - SIZE[0] / 2) ** 2 + (right - SIZE[1] / 2) ** 2 > 70 ** 2
    image[outside] = 2
    image[40:60, 70:90] = image[40:60, 120:] = 0
    assert outside[0, 0] and not outside[50, 120:].all()
    found = border(image)
    assert found[outside].all() and not found[40:60, 70:90].any()
    image[40:60] = 30
    image[:, 100:] = 30
    assert np.array_equal(border(image), outside & (right < 100) & ((down < 40) | (down >= 60)))
