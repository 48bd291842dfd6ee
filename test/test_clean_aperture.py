# SPDX-License-Identifier: Apache-2.0
"""Films that store more than is to be shown, as some phones' do: the part that the box `clap` names is taken."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from ttt3r_ros.sequences import open_sequence

pytest.importorskip('av')
from test_video import HEIGHT, WIDTH, film, scene, shown  # noqa: E402

NESTING = (b'moov', b'trak', b'mdia', b'minf', b'stbl', b'stsd', b'avc1')


def with_clap(path: Path, *numbers: int) -> Path:
    """Put a clean aperture into a film of one track whose index lies at the end."""
    data, box = bytearray(path.read_bytes()), struct.pack('>I4sIIIIiIiI', 40, b'clap', *numbers)
    place = 0
    for kind in NESTING:
        place = data.index(kind, place)
        size, = struct.unpack_from('>I', data, place - 4)
        struct.pack_into('>I', data, place - 4, size + len(box))
    data[place + 4 + 78:place + 4 + 78] = box
    path.write_bytes(data)
    return path


@pytest.mark.parametrize('suffix', ['mp4', 'mov'])
def test_only_what_is_to_be_shown_of_a_film_is_taken(tmp_path, suffix):
    """A width and a height, and how far their centre lies from the picture's, right and down; it is said."""
    path = with_clap(film(tmp_path / f'a.{suffix}', 3), 100, 1, 160, 2, 7, 1, -6, 2)
    sequence = open_sequence(str(path))
    images = [image.rgb for image in sequence]
    assert sequence.contents.size == (100, 80) and 'cut to what is to be shown' in sequence.describe()[0]
    for number, image in enumerate(images):
        assert np.abs(image.astype(int) - scene(number)[5:85, 21:121]).mean() < 12


def test_it_is_cut_before_the_film_is_turned(tmp_path):
    """The box speaks of the picture as it is stored."""
    path = with_clap(shown(film(tmp_path / 'a.mp4', 2), 0, 1, -1, 0), WIDTH - 20, 1, HEIGHT, 1, -10, 1, 0, 1)
    image, right = next(iter(open_sequence(str(path)))).rgb, np.rot90(scene(0)[:, :-20], 3)
    assert image.shape == right.shape and np.abs(image.astype(int) - right).mean() < 12


@pytest.mark.parametrize('numbers', [
    (WIDTH, 1, HEIGHT, 1, 0, 1, 0, 1), (WIDTH + 2, 1, HEIGHT, 1, 0, 1, 0, 1), (100, 0, HEIGHT, 1, 0, 1, 0, 1),
    (100, 1, 80, 1, 60, 1, 0, 1), (0, 1, 80, 1, 0, 1, 0, 1), (2**32 - 1, 1, 80, 1, -2**31, 1, 0, 1)])
def test_an_aperture_that_is_all_or_cannot_be_changes_nothing(tmp_path, numbers):
    """The whole picture is then shown, and nothing is said."""
    sequence = open_sequence(str(with_clap(film(tmp_path / 'a.mp4', 2), *numbers)))
    assert next(iter(sequence)).rgb.shape == (HEIGHT, WIDTH, 3) and 'cut to' not in sequence.describe()[0]
