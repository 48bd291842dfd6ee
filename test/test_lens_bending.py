# SPDX-License-Identifier: Apache-2.0
"""A lens that bends lines: found out from what is followed, and taken from all that is seen."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest
import torch

from ttt3r_ros.model.checkpoint import load_network, weights_file
from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction.ahead import Ahead
from ttt3r_ros.reconstruction.aligned import depth_on_model, mask_on_model
from ttt3r_ros.reconstruction.covariance_fit import load_fit
from ttt3r_ros.reconstruction.device_resize import resize
from ttt3r_ros.reconstruction.eye import Undone
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.lens_bending import (
    CERTAIN,
    FIRST,
    FOLLOWED,
    LEAST_BENT,
    MOST,
    Bend,
    Bent,
    LensBending,
    drawn,
    shown,
    straight,
)
from ttt3r_ros.reconstruction.odometry import Odometry
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.step_fit import FEWEST, PLACE, Fit
from ttt3r_ros.reconstruction.tracking import TrackingMonitor
from ttt3r_ros.reconstruction.twist import exponential, logarithm, twist
from ttt3r_ros.reconstruction.uncertainty import nees, pose_error
from ttt3r_ros.synthetic import World

SIZE = 96, 128
HALF = np.hypot(*SIZE) / 2


def places(height: int, width: int) -> np.ndarray:
    """Return where pixels (h, w, 2) lie, half diagonals right of the middle and below it."""
    down, right = np.mgrid[:height, :width]
    return np.stack((right - (width - 1) / 2, down - (height - 1) / 2), axis=-1) / (np.hypot(height, width) / 2)


def through(bend: float, image: np.ndarray) -> np.ndarray:
    """Return a picture (h, w, 3) as a lens with a bend shows it that sees as far as its edges go."""
    height, width = image.shape[:2]
    seen = places(height, width)
    far = (seen * seen).sum(axis=-1, keepdims=True)
    there = seen * (1 + bend * far) / (1 + bend) * np.hypot(height, width) / 2 + [(width - 1) / 2, (height - 1) / 2]
    return cv2.remap(image, *np.moveaxis(there.astype(np.float32), -1, 0), cv2.INTER_LINEAR)


@pytest.mark.parametrize('bend', [0.0, 0.05, 0.3, MOST])
@pytest.mark.parametrize('size', [SIZE, (96, 96), (128, 96)])
def test_a_straight_image_shows_lines_straight_and_nothing_that_was_not_seen(bend, size):
    """Each of its places goes to where the lens shows it, in the image, and the middles of the longer edges stay."""
    there = places(*size)
    seen = shown(there, bend, size)
    back = seen * (1 + bend * (seen * seen).sum(axis=-1, keepdims=True)) / drawn(bend, size)
    np.testing.assert_allclose(back, there, atol=1e-9)
    borders = np.array(size[::-1]) / np.hypot(*size)
    assert (np.abs(seen) <= borders).all()
    edge = np.where([size[1] < size[0], size[0] <= size[1]], borders, 0)
    np.testing.assert_allclose(shown(edge, bend, size), edge, atol=1e-9)


def test_an_image_is_rid_of_its_bend():
    """Of all, and of one part after the other; of none it stays to the bit."""
    picture = cv2.GaussianBlur(np.random.default_rng(0).uniform(0, 255, (*SIZE, 3)), (0, 0), 4).astype(np.float32)
    bent, inner = through(0.3, picture), (slice(10, -10), slice(10, -10))
    assert straight(bent, 0.0) is bent and straight(bent, 0.2, 0.2) is bent
    found = straight(bent, 0.3)
    # As the picture, but for how far it is drawn out.
    there = places(*SIZE) * drawn(0.3, SIZE) / 1.3 * HALF + [(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2]
    expected = cv2.remap(picture, *np.moveaxis(there.astype(np.float32), -1, 0), cv2.INTER_LINEAR)
    assert np.abs(found - expected)[inner].max() < 0.03 * np.ptp(picture) < np.abs(bent - expected)[inner].max()
    assert np.abs(straight(straight(bent, 0.1), 0.3, 0.1) - expected)[inner].max() < 0.05 * np.ptp(picture)


def test_masks_depth_and_the_focal_length_go_with_the_image():
    """What lies on one thing in the camera's image lies on it in the model's."""
    camera = np.zeros((480, 640), np.uint8)
    camera[60:100, 520:580] = 255
    pixel_map = PixelMap((480, 640), SIZE, 0, 0, SIZE, 0.4)
    image = pixel_map.apply(np.repeat(camera[..., None], 3, axis=2))[..., 0]
    mask, depth = mask_on_model(camera > 0, pixel_map), depth_on_model(camera.astype(np.float32), pixel_map)
    assert mask[image > 60].all() and not mask[cv2.dilate(image, np.ones((5, 5))) < 5].any() and mask.any()
    assert ((depth > 0) == (image > 127)).mean() > 0.998 and depth.any()
    # Near the middle what is a pixel beside it in the model's image is as many beside it in the camera's.
    camera[:] = 0
    camera[240 - 4:240 + 5, 320 + 20 - 4:320 + 20 + 5] = 255
    columns = np.flatnonzero(pixel_map.apply(np.repeat(camera[..., None], 3, axis=2))[48, :, 0] > 100)
    original = pixel_map.to_original(pinhole(100.0, SIZE))
    assert original[0, 0] == pytest.approx(500 * drawn(0.4, SIZE))
    assert np.mean(columns) - 63.5 == pytest.approx(20 / (5 * drawn(0.4, SIZE)), abs=0.5)


def told(bend: float, straightened: float = 0.0, noise: float = 0.0, false: int = 0,
         seed: int = 0) -> tuple[Bend, np.ndarray]:
    """Return what 100 points tell of a lens, as a camera turns and moves, which are found with an error in pixels, and
    by how much the step (6,) is missed by them, in the second camera's axes."""
    rng, focal = np.random.default_rng(seed), 100.0 / drawn(straightened, SIZE)
    lie, depth = rng.uniform(-0.75, 0.75, (100, 2)) * [0.8, 0.6], rng.uniform(0.5, 2, 100)
    back = np.eye(4)
    back[:3, :3], back[:3, 3] = rotation.of_vector(np.array([0.05, 0.12, 0.03])), (0.08, -0.02, 0.05)

    def bent(ray: np.ndarray) -> np.ndarray:  # where an image that was straightened by something else has it
        seen = shown(ray * 100 / HALF / drawn(bend, SIZE), bend, SIZE)
        return seen * (1 + straightened * (seen * seen).sum(axis=-1, keepdims=True)) * HALF / 100

    there = np.hstack((lie * depth[:, None], depth[:, None])) @ back[:3, :3].T + back[:3, 3]
    found = bent(there[:, :2] / there[:, 2:]) + rng.normal(0, noise / focal, (100, 2))
    found[:false] = rng.uniform(-0.2, 0.2, (false, 2))
    fit = Fit.of(back, bent(lie), depth, found.T, FocalLength(np.log(focal), 0.05 ** 2))
    return fit.bend(straightened, SIZE, focal), logarithm(fit.back @ np.linalg.inv(back))


@pytest.mark.parametrize('bend', [-0.05, 0.0, 0.05, 0.2])
@pytest.mark.parametrize('straightened', [0.0, 0.15])
def test_what_is_followed_tells_the_bend(bend, straightened):
    """More nearly the less there is left to straighten; of a lens that bends nothing, nothing."""
    found = told(bend, straightened)[0]
    assert found.value == pytest.approx(bend, abs=0.002 + 0.6 * abs(bend - straightened))
    assert 0.001 < found.deviation < 0.1 and found.longer < 0


def test_neither_noise_nor_false_corners_bend_a_lens():
    """Means of many: places that err by what is presumed of them, and a quarter of them nowhere."""
    for wrong in ({'noise': PLACE}, {'false': 25}):
        found = [told(0.0, seed=seed, **wrong)[0] for seed in range(40)]
        assert abs(np.mean([one.value for one in found])) < 0.012
    assert np.std([told(0.0, noise=PLACE, seed=seed)[0].value for seed in range(40)]) < 2 * found[0].deviation + 0.05


def test_what_shows_nothing_tells_no_bend():
    """Points in the middle alone move as through any lens."""
    rng = np.random.default_rng(1)
    rays, depth = rng.uniform(-0.01, 0.01, (2 * FEWEST, 2)), rng.uniform(0.5, 2, 2 * FEWEST)
    fit = Fit.of(np.eye(4), rays, depth, rays.T, FocalLength(np.log(100.0)))
    found = fit.bend(0.0, SIZE, 100.0)
    bending = LensBending()
    assert np.isinf(found.deviation) and bending.beside(found) is bending
    assert np.isfinite(found.step).all()


@pytest.mark.parametrize('bend', [-0.05, 0.03, 0.05])
@pytest.mark.parametrize('straightened', [0.0, 0.15])
def test_what_is_followed_tells_what_a_bend_does_to_the_step(bend, straightened):
    """A step that was found through a bend nobody knew of is missed by so much for each unit."""
    found, missed = told(straightened + bend, straightened)
    for part in (slice(0, 3), slice(3, 6)):
        size = np.linalg.norm(missed[part])
        assert np.linalg.norm(bend * found.step[part] - missed[part]) < 0.4 * size and size > 0.002


def test_a_path_is_missed_by_what_its_steps_are():
    """Of images that were rid of it by then less; in another unit, and beside the way that was there before."""
    rng, bend, straightened = np.random.default_rng(3), 0.3, 0.2
    told, true, bent = np.eye(4), np.eye(4), Bent()
    for k in range(12):
        step = exponential(rng.normal(0, 0.3, 6))
        missed = rng.normal(0, 1e-4, 6)
        here, undone = bent, straightened if k > 6 else 0.0
        bent = bent.after(step, Bend(0.0, 1.0, 0.0, missed), undone)
        assert np.allclose(bent.beside(here.after(step)).each, missed)
        told, true = told @ step, true @ step @ exponential((bend - undone) * missed)
    off, known = logarithm(np.linalg.inv(told) @ true), LensBending(bend, 1e-12)
    assert np.allclose(bent.doubt(known)[0], off, rtol=0.01, atol=1e-6) and not np.allclose(off, 0, atol=1e-4)
    assert np.allclose(bent.doubt(LensBending(0.0, 0.2 ** 2))[1], 0.2 * bent.each)
    assert np.allclose(bent.scaled(2.0).doubt(known)[0], off * [2, 2, 2, 1, 1, 1], rtol=0.01, atol=1e-6)
    assert np.allclose(bent.after(exponential(np.ones(6))).of_another(known).doubt(LensBending())[0],
                       bent.after(exponential(np.ones(6))).doubt(known)[0], atol=1e-9)


def test_a_path_that_goes_on_after_a_loss_is_in_doubt_as_before(room):
    """Its first pose is the last one, and the lens has done to it what it had done."""
    film, _, _, network = room
    reconstructor = Reconstructor(network, make_rule('ttt3r'), step_source='images', monitor=TrackingMonitor())
    frames = [reconstructor.step(image) for image in film[:8]]
    for image in [np.zeros_like(film[8])] * 3:
        assert not reconstructor.step(image).trusted
    again = reconstructor.step(film[8])
    assert again.trusted and again.segment == 1
    assert np.array_equal(again.lens_doubt[0], frames[-1].lens_doubt[0]) and again.lens_doubt[0].any()
    assert not again.lens_doubt[1].any() and not frames[0].lens_doubt.any()


def test_another_lens_takes_nothing_back():
    """What was in doubt of the last one stays so, whatever is known of the next one."""
    bent, bending = Bent(np.full(6, 0.1), np.full(6, 0.004)), LensBending(0.02, 0.15 ** 2)
    stays = bent.of_another(bending)
    for after in (LensBending(), LensBending(0.4, 1e-6)):
        assert np.allclose(np.linalg.norm(stays.doubt(after)), np.linalg.norm(bent.doubt(bending)))
    assert np.array_equal(Bent().of_another(bending).undone, np.zeros(6))


def test_only_what_is_known_well_is_taken_from_images():
    """One image is too few, what bends the other way or a little stays; what is taken is followed, up to MOST."""
    bending = LensBending()
    assert bending.beside(None) is bending
    assert bending.beside(Bend(0.3, 0.1, 0.5)).straightened == 0
    for value in (-0.2, LEAST_BENT * 0.9, 0.0):
        known = LensBending()
        for _ in range(40):
            known = known.beside(Bend(value, 0.01, 0.5))
        assert known.straightened == 0 and known.bend == pytest.approx(value, abs=0.01)
        assert known.variance ** 0.5 < FIRST / 5
    sure = [bending := bending.beside(Bend(0.06, 0.02, 0.5)) for _ in range(20)]
    first = next(k for k, one in enumerate(sure) if one.straightened)
    before, after = sure[first - 1:first + 1]
    assert before.bend < CERTAIN * before.variance ** 0.5 and before.bend > LEAST_BENT
    assert after.variance > before.variance  # what was told through another bend was less sure than it seemed
    for _ in range(20):
        bending = bending.beside(Bend(0.2, 0.02, 0.5))
    assert bending.straightened == pytest.approx(0.2, abs=FOLLOWED) and bending.longer == 0.5
    for _ in range(40):
        bending = bending.beside(Bend(9.0, 0.02, 0.5))
    assert bending.straightened == MOST


@pytest.fixture(scope='module')
def room():
    """A walk through a room, its poses and the camera's focal length in pixels of the network's image."""
    world = World(2001, 30, (192, 256))
    return [image for image, _ in world.film()], world.poses, world.intrinsics[0, 0] / 2, load_network(
        'embedded').network


def turned_off(room, bend: float, source: str = 'images') -> tuple[float, Reconstructor]:
    """Return by how much steps after the 15th are turned too little or too much, degrees, in the mean."""
    film, truth, _, network = room
    reconstructor = Reconstructor(network, make_rule('ttt3r'), alignment='se3', step_source=source, policy=Interval(16))
    poses = [reconstructor.step(through(bend, image) if bend else image).pose for image in film]
    off = [np.linalg.norm(rotation.vector_of((np.linalg.inv(np.linalg.inv(a) @ b) @ np.linalg.inv(c) @ d)[:3, :3]))
           for a, b, c, d in zip(poses[15:], poses[16:], truth[15:], truth[16:])]
    return float(np.degrees(np.mean(off))), reconstructor


def test_a_room_is_told_through_a_lens_that_bends(room, caplog):
    """Turns nearly as through one that does not, where they were off by some degrees; the log says so. The focal length
    is that of the middle."""
    clear, plain = turned_off(room, 0.0)
    assert plain._place.lens.bending.straightened == 0 and 'bends' not in caplog.text
    for bend in (0.15, 0.4):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            off, found = turned_off(room, bend)
        assert off < 2 * clear
        assert 'the lens bends lines' in caplog.text
        assert found._place.lens.bending.straightened == pytest.approx(bend, rel=0.2)
        frame = found.step(through(bend, room[0][-1]))
        assert frame.pixel_map.bend == found._place.lens.bending.straightened
        assert frame.original_intrinsics[0, 0] == pytest.approx(2 * room[2] * (1 + bend), rel=0.1)


def test_what_a_lens_has_done_is_told_as_no_sure_pose(room):
    """The first steps through one that bends, and poses after them, are as unsure as they are wrong; where it bends
    nothing, and that is known, they are nearly as sure as if nobody had asked."""
    film, truth, _, network = room
    coefficients = load_fit(weights_file('embedded')).coefficients
    truth = np.linalg.inv(truth[0]) @ truth
    for bend in (0.0, 0.1, 0.3):
        reconstructor = Reconstructor(network, make_rule('ttt3r'), alignment='se3', step_source='images',
                                      policy=Interval(16))
        errors = {}
        asked, blind = Odometry(coefficients), Odometry(coefficients)
        for k, image in enumerate(film):
            frame = reconstructor.step(through(bend, image))
            for odometry in (asked, blind):
                told = odometry.update(frame.pose, np.eye(4), k * 100_000_000, frame.confidence_median, frame.segment,
                                       step_covariance=frame.step_covariance,
                                       lens_doubt=frame.lens_doubt if odometry is asked else None)
                if k:
                    turning = twist(truth[k - 1], 0, truth[k], 100_000_000) - told.twist
                    errors.setdefault(odometry, []).append(
                        (nees(pose_error(truth[k], told.tracked), told.covariance),
                         nees(turning, told.twist_covariance), told.turn_rate_deviation))
        known, without = (np.array(errors[odometry]) for odometry in (asked, blind))
        assert (known <= without * (1, 1, np.inf)).all() and (known[:, 2] >= without[:, 2]).all()
        if bend:
            assert (known[:15, :2].mean(axis=0) < 25).all() and without[:15, 1].mean() > 50
        else:
            assert known[-5:, 2].mean() < 1.6 * without[-5:, 2].mean()


def test_the_networks_own_steps_know_of_no_lens(room):
    """Nothing is followed, so that nothing is taken from the images."""
    assert turned_off(room, 0.4, 'model')[1]._place.lens.bending == LensBending()


def test_resets_and_snapshots_keep_the_lens(room):
    """Another process goes on to the bit; what is forgotten is found anew, and another shape has a lens of its own."""
    film, _, _, network = room
    film = [through(0.3, image) for image in film]
    one, other = (Reconstructor(network, make_rule('ttt3r'), step_source='images', policy=Interval(8), keyframes=2,
                                monitor=TrackingMonitor()) for _ in range(2))
    for image in film[:20]:
        one.step(image)
    assert one.segment > 1 and one._place.lens.bending.straightened > 0.1
    other.restore(one.snapshot())
    for image in film[20:23]:
        here, there = one.step(image), other.step(image)
        assert np.array_equal(here.pose, there.pose) and np.array_equal(here.lens_doubt, there.lens_doubt)
        assert np.linalg.norm(here.lens_doubt[0]) > 0.01
    assert one.step(film[23][:, 64:192]).pixel_map.bend == 0
    other.forget_lens()
    assert other._place.lens.bending == LensBending()
    assert other.step(film[23]).pixel_map.bend == 0
    other.start_afresh(Interval(8))
    assert other._place.lens.bending == LensBending()


def test_an_image_begun_before_the_lens_was_known_is_begun_again(room, monkeypatch):
    """Its answer is that of one that was not begun early."""
    film, _, _, network = room
    film, poses = [through(0.4, image) for image in film[:24]], {}
    for ahead in (False, True):
        monkeypatch.setattr(Ahead, 'pays', ahead)
        reconstructor, prepared = Reconstructor(network, make_rule('ttt3r'), step_source='images'), []
        prepare = reconstructor._eye._prepare
        monkeypatch.setattr(reconstructor._eye, '_prepare', lambda image, pixel_map, undone, prepared=prepared,
                            prepare=prepare: prepared.append(undone) or prepare(image, pixel_map, undone))
        poses[ahead] = [reconstructor.step(image, lambda after=after: after).pose
                        for image, after in zip(film, [*film[1:], None])]
        assert len({*prepared}) > 1 and prepared[0] == Undone()
        assert len(prepared) == len(film) + (len({*prepared}) - 1 if ahead else 0)
    assert np.array_equal(poses[False], poses[True])


def test_a_published_networks_image_is_as_large_when_straight():
    """Of any size and shape that they take, and the same where a device resizes those of other lenses."""
    for size in ((480, 640), (720, 1280), (640, 480)):
        pixel_map = PixelMap.plan(*size, PRESETS['cut3r_512_dpt_4_64'])
        bent = PixelMap(*(getattr(pixel_map, name) for name in ('original', 'resized', 'top', 'left', 'size')), 0.3)
        image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
        assert bent.apply(image).shape == pixel_map.apply(image).shape == (*pixel_map.size, 3)
        assert bent.cut == pixel_map.cut
        assert np.array_equal(resize(image, bent, torch.device('cpu')).on_host(), bent.apply(image))
