# SPDX-License-Identifier: Apache-2.0
"""Dark corners of a lens: found out from what is followed, and taken from the network's images."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from test_lighting import steps_off

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.ahead import Ahead
from ttt3r_ros.reconstruction.lens_shading import BESIDE, FIRST, MOST, Falloff, LensShading, without
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.tracking import TrackingMonitor
from ttt3r_ros.synthetic import World

SIZE = 96, 128


def far(height: int, width: int) -> np.ndarray:
    """Return the squares of the distances (h, w) from the middle, of which a corner's is 1."""
    down, right = np.mgrid[:height, :width]
    return ((down - (height - 1) / 2) ** 2 + (right - (width - 1) / 2) ** 2) / ((height / 2) ** 2 + (width / 2) ** 2)


def through(light: float, image: np.ndarray) -> np.ndarray:
    """Return an image as a lens shows it whose corners have so much of the light, falling with the square."""
    lens = 1 - (1 - light) * far(*image.shape[:2])[..., None]
    return np.clip(np.rint(image * lens), 0, 255).astype(np.uint8)


def smooth(rng: np.random.Generator) -> np.ndarray:
    """Return an image (h, w, 3) of one brightness each 16 pixels, none of it black or too bright."""
    return rng.integers(60, 200, (SIZE[0] // 16, SIZE[1] // 16, 1), np.uint8).repeat(16, 0).repeat(16, 1).repeat(3, 2)


@pytest.mark.parametrize('falloff', [-0.1, 0.0, 0.4, 1.0])
@pytest.mark.parametrize('exposure', [1.0, 0.7])
def test_what_is_followed_tells_how_dark_corners_are(falloff, exposure):
    """Whatever the exposure does, and though many places are false ones."""
    rng = np.random.default_rng(3)
    lens = np.exp(-falloff * far(*SIZE))[..., None]
    plain = np.full((*SIZE, 3), 120.0)
    first, second = np.rint(plain * lens).astype(np.uint8), np.rint(plain * lens * exposure).astype(np.uint8)
    places, found = (rng.uniform((6, 6), (SIZE[1] - 7, SIZE[0] - 7), (100, 2)) for _ in range(2))
    for x, y in found[:10].astype(int):
        second[y - 5:y + 6, x - 5:x + 6] = rng.integers(20, 230)
    told = Falloff.between(first, places, second, found)
    assert told.value == pytest.approx(falloff, abs=0.05)
    assert 0.005 < told.deviation < 0.1


def test_what_tells_nothing_is_not_asked():
    """Too few places, black borders, burnt-out windows, and a camera that rolls about its middle."""
    rng = np.random.default_rng(4)
    image, places = smooth(rng), rng.uniform((6, 6), (120, 88), (40, 2))
    assert Falloff.between(image, places[:11], image, places[:11]) is None
    for one in (0, 255):
        assert Falloff.between(np.full_like(image, one), places, image, places) is None
    still = Falloff.between(image, places, image, places)
    assert still is None or LensShading().beside(still).variance == pytest.approx(FIRST ** 2, rel=1e-3)


def test_only_what_is_known_well_and_lies_apart_is_taken_from_images():
    """A memory is not shown another light at every image; brighter corners stay, and so does what is beyond MOST."""
    shading = LensShading()
    assert shading.beside(None) is shading
    assert shading.beside(Falloff(0.4, 1.0)).evened == 0
    for _ in range(30):
        shading = shading.beside(Falloff(BESIDE * 0.9, 0.01))
    assert shading.evened == 0 and shading.falloff == pytest.approx(BESIDE * 0.9, rel=0.05)
    taken = set()
    for k in range(60):
        shading = shading.beside(Falloff(0.5 + 0.03 * (-1) ** k, 0.01))
        taken.add(shading.evened)
    assert shading.evened == pytest.approx(0.5, abs=BESIDE) and len(taken) < 6
    assert LensShading().beside(Falloff(-0.5, 0.0)).evened == 0
    assert LensShading().beside(Falloff(9.0, 0.0)).evened == MOST


def test_an_image_is_rid_of_its_own_corners():
    """Each of a batch of its own; of none it stays to the bit, and nothing is brighter than white."""
    image = torch.from_numpy(np.random.default_rng(0).uniform(-1, 0.9, (1, 3, *SIZE)).astype(np.float32))
    assert without([0.0], image) is image
    dark = (image + 1) * torch.from_numpy(np.exp(-0.6 * far(*SIZE))).float() - 1
    found = without([0.6, 0.0, 1.5], torch.cat((dark, image, image)))
    torch.testing.assert_close(found[:1], image, atol=1e-5, rtol=0)
    assert torch.equal(found[1:2], image)
    assert float(found[2].max()) == 1
    torch.testing.assert_close(found[2, :, 47:49, 63:65], image[0, :, 47:49, 63:65], atol=1e-3, rtol=0)


@pytest.fixture(scope='module')
def room():
    """A walk through a room, and its poses."""
    world = World(2001, 24, SIZE)
    return [image for image, _ in world.film()], world.poses, load_network('embedded').network


def error(room, change, source: str = 'images', **options) -> tuple[float, Reconstructor]:
    """Return the mean error of the steps after the first eight, metres, of images changed so, and what told them."""
    film, truth, network = room
    reconstructor = Reconstructor(network, make_rule('ttt3r'), alignment='se3', step_source=source, **options)
    poses = [reconstructor.step(change(image)).pose for image in film]
    return steps_off(poses[8:], truth[8:]), reconstructor


def test_a_room_is_told_through_dark_corners_as_through_a_clear_lens(room, caplog):
    """At half and at a third of the light in the corners; the log says so, and the image that is shown is as it was."""
    clear, told = error(room, lambda image: image)
    assert told._place.lens.shading.evened == 0
    for light in (0.5, 0.33):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            dark, told = error(room, lambda image, light=light: through(light, image))
        assert dark < 1.5 * clear
        assert 'the corners of images' in caplog.text
        assert told._place.lens.shading.falloff == pytest.approx(-np.log(light), rel=0.25)
        assert np.array_equal(told.last_image, through(light, room[0][-1]))


def test_the_networks_own_steps_know_of_no_lens(room):
    """Nothing is followed, so that nothing is taken from the images."""
    assert error(room, lambda image: through(0.4, image), 'model')[1]._place.lens.shading == LensShading()


def test_resets_loops_and_snapshots_keep_the_lens(room):
    """Another process goes on to the bit; what is forgotten is found anew."""
    film, _, network = room
    film = [through(0.5, image) for image in film]
    one, other = (Reconstructor(network, make_rule('ttt3r'), step_source='images', policy=Interval(8), keyframes=2,
                                monitor=TrackingMonitor()) for _ in range(2))
    for image in film[:18]:
        one.step(image)
    assert one.segment > 1 and one._place.lens.shading.evened > 0.3
    other.restore(one.snapshot())
    for image in film[18:20]:
        assert np.array_equal(one.step(image).pose, other.step(image).pose)
    other.forget_lens()
    assert other._place.lens.shading == LensShading()
    other.step(film[20])
    assert other._place.lens.shading.evened == 0
    one.start_afresh(Interval(8))
    assert one._place.lens.shading == LensShading()


def test_an_image_begun_before_the_lens_was_known_is_begun_again(room, monkeypatch):
    """Its answer is that of one that was not begun early."""
    film, _, network = room
    film, poses = [through(0.4, image) for image in film[:16]], {}
    for ahead in (False, True):
        monkeypatch.setattr(Ahead, 'pays', ahead)
        reconstructor, falloffs = Reconstructor(network, make_rule('ttt3r'), step_source='images'), []
        encode = reconstructor._eye.encode
        monkeypatch.setattr(reconstructor._eye, 'encode', lambda images, of: falloffs.append(*of) or encode(images, of))
        poses[ahead] = [reconstructor.step(image, lambda after=after: after).pose
                        for image, after in zip(film, [*film[1:], None])]
        assert len(falloffs) == len(film) + (len({*falloffs}) - 1 if ahead else 0) and len({*falloffs}) > 1
    assert np.array_equal(poses[False], poses[True])
