# SPDX-License-Identifier: Apache-2.0
"""The lens of a recording is found out before its first image is answered."""

import logging
from itertools import islice

import numpy as np
import pytest
from PIL import Image
from test_lens_bending import through

import ttt3r_ros
from ttt3r_ros.offline.reconstruction import Settings, prepare
from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.lens import TWICE, Lens
from ttt3r_ros.reconstruction.lens_bending import LensBending
from ttt3r_ros.reconstruction.lens_shading import LensShading
from ttt3r_ros.sequences import SequenceError
from ttt3r_ros.synthetic import World


@pytest.fixture(scope='module')
def room():
    """A walk through a room, and its poses."""
    world = World(2001, 40, (192, 256))
    return [image for image, _ in world.film()], world.poses


def folder(path, film, bend: float):
    """Return a folder of the film through a lens."""
    path.mkdir()
    for k, image in enumerate(film):
        Image.fromarray(through(bend, image) if bend else image).save(path / f'{k:03}.png', compress_level=1)
    return path


def turned_off(poses, truth, frames: slice) -> float:
    """Return by how much a step is turned too little or too much, degrees, in the mean."""
    steps = [np.linalg.inv(a) @ b for a, b in zip(poses, poses[1:])]
    true = [np.linalg.inv(a) @ b for a, b in zip(truth, truth[1:])]
    off = [np.linalg.norm(rotation.vector_of((np.linalg.inv(a) @ b)[:3, :3])) for a, b in zip(steps, true)]
    return float(np.degrees(np.mean(off[frames])))


def test_the_first_images_are_straight_too(room, tmp_path, caplog):
    """Through a bent lens their steps are better than where it is found out on the way; each thing is said once."""
    film, truth = room
    with caplog.at_level(logging.INFO):
        frames = list(ttt3r_ros.open(folder(tmp_path / 'film', film, 0.3)))
    assert [frame.number for frame in frames] == list(range(len(film)))
    assert all(frame.pixel_map.bend == pytest.approx(0.3, rel=0.2) for frame in frames)
    said = [record.getMessage() for record in caplog.records if record.name.startswith('ttt3r_ros')]
    assert said[0].startswith('the lens bends lines') and len(said) == len(set(said))
    assert any(line.startswith('segment 1 begins') for line in said)
    blind = prepare(Settings()).reconstructor
    first, on_the_way = slice(0, 12), [blind.step(through(0.3, image)).pose for image in film]
    assert turned_off([frame.pose for frame in frames], truth, first) < 0.5 * turned_off(on_the_way, truth, first)


def test_a_lens_that_bends_nothing_costs_a_few_images(room, tmp_path, monkeypatch):
    """All is as if nobody had looked ahead, to the bit, and who has looked knows soon enough."""
    film, _ = room
    stream, steps = ttt3r_ros.open(folder(tmp_path / 'film', film, 0.0)), []
    step = stream.reconstructor.step
    monkeypatch.setattr(stream.reconstructor, 'step', lambda image, **given: steps.append(1) or step(image, **given))
    alone = prepare(Settings()).reconstructor
    for frame, image in zip(stream, film, strict=True):
        expected = alone.step(image)
        for name in ('pose', 'points', 'intrinsics', 'step_covariance', 'lens_doubt'):
            assert np.array_equal(getattr(frame, name), getattr(expected, name))
    assert len(film) + 5 < len(steps) < 2 * len(film)
    list(stream)  # the memory goes on, and so does what is known of the lens
    assert len(steps) < 3 * len(film)


def test_nobody_looks_ahead_where_nothing_can_be_found(room, tmp_path, monkeypatch):
    """Where the network tells steps, and of a camera, whose images do not come again."""
    source = folder(tmp_path / 'film', room[0][:3], 0.3)
    for live, settings in ((False, {'step_source': 'model'}), (True, {})):
        stream, read = ttt3r_ros.open(source, **settings), []
        taken = stream.sequence.after
        monkeypatch.setattr(stream.sequence, 'after', lambda *given, taken=taken: read.append(1) or taken(*given))
        monkeypatch.setattr(stream.sequence, 'live', live)
        assert [frame.pixel_map.bend for frame in stream] == [0, 0, 0] and len(read) == 1


def test_what_cannot_be_read_is_said_once(room, tmp_path, caplog):
    """However often the source is read, and counted once; what nothing can be read of is told as before."""
    source = folder(tmp_path / 'film', room[0][:6], 0.0)
    (source / '002.png').write_bytes(b'no picture')
    stream = ttt3r_ros.open(source)
    assert len(list(stream)) == 5
    assert caplog.text.count('left out') == 1 and sum(stream.sequence.left_out.values()) == 1
    with pytest.raises(SequenceError, match='no frame lies between'):
        list(ttt3r_ros.open(source, start=20))


def test_a_run_that_begins_in_the_dark_keeps_the_lens(room, tmp_path):
    """It is in a snapshot before any image is believed, and the answers are those of a run that was not stopped."""
    film, _ = room
    black = [np.zeros_like(film[0])] * 2
    stream = ttt3r_ros.open(folder(tmp_path / 'film', [*black, *film], 0.3))
    frames = iter(stream)
    next(frames), next(frames)
    assert stream.reconstructor.last_image is None
    other = ttt3r_ros.open(tmp_path / 'film')
    other.reconstructor.restore(stream.reconstructor.snapshot())
    for found, expected in zip(islice(other.after(2), 3), frames):
        assert found.pixel_map.bend == expected.pixel_map.bend > 0.2
        assert np.array_equal(found.pose, expected.pose) and np.array_equal(found.lens_doubt, expected.lens_doubt)


def test_what_is_told_again_is_less_sure():
    """Of a lens that is known, so that in the end it is not twice as sure; what is not known stays so."""
    lens = Lens(FocalLength(4.0, 0.001), LensShading(0.5, 0.002, 0.5), LensBending(0.2, 0.0001, 0.2))
    again = lens.told_again()
    for name in ('focal', 'shading', 'bending'):
        assert getattr(again, name).variance == pytest.approx(TWICE * getattr(lens, name).variance)
    assert again.undone == lens.undone and again.focal.pixels == lens.focal.pixels
    assert Lens().told_again().focal is None
