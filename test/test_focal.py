# SPDX-License-Identifier: Apache-2.0
"""A camera's focal length is found from what its images show, whatever one answer tells of it."""

import warnings
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction import focal as module
from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction.depth import back_project
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.step_fit import Fit
from ttt3r_ros.reconstruction.step_refinement import refined_step
from ttt3r_ros.reconstruction.tracking import TrackingMonitor
from ttt3r_ros.reconstruction.trajectory import Boundary
from ttt3r_ros.synthetic import Room, WideWorld, World, walk

SIZE = 96, 128


@pytest.fixture(scope='module')
def turning():
    """A camera that turns in place by 2° an image: its poses, focal length, pixels, and image and depth of each."""
    world = World(810_021, 64, SIZE)
    poses = [world.poses[0].copy() for _ in range(16)]
    for k, pose in enumerate(poses):
        pose[:3, :3] = pose[:3, :3] @ rotation.of_vector(np.array([0, np.radians(2 * k), 0]))
    return poses, float(world.intrinsics[0, 0]), list(world.film_from(poses))


def found(turning, off: float, depth_off: float = 1.0) -> list[FocalLength]:
    """Return what is known after each image, if every answer has depth and focal length so many times too long."""
    poses, true, film = turning
    focal = FocalLength.told(true * off)
    told = [Boundary(pose, back_project(depth * np.float32(depth_off), pinhole(true * off, SIZE)),
                     np.full(SIZE, 9, np.float32), true * off) for pose, (_, depth) in zip(poses, film)]
    known = [focal]
    for k in range(len(poses) - 1):
        step = refined_step(film[k][0], told[k], film[k + 1][0], told[k + 1], focal)
        focal = step.focal.beside(told[k + 1].focal)
        known.append(focal)
    return known


@pytest.mark.parametrize('off', [0.8, 0.9, 1.0, 1.15, 1.3])
@pytest.mark.parametrize('depth_off', [0.6, 1.0])
def test_turning_tells_it(turning, off, depth_off):
    """To 3 % after 15 images, whatever depth's metre is, and it is known how well: within three deviations."""
    known = found(turning, off, depth_off)
    wrong = abs(np.log(known[-1].pixels / turning[1]))
    assert wrong < 0.03 and wrong < 3 * known[-1].deviation + 0.01, (wrong, known[-1].deviation)
    assert known[-1].deviation < 0.3 * known[0].deviation


def test_a_camera_that_stands_tells_nothing(turning):
    """What one answer says stays as it was told, and as uncertain: nothing is found in noise."""
    image, depth = turning[2][0]
    told = Boundary(turning[0][0], back_project(depth, pinhole(turning[1] * 1.2, SIZE)), np.full(SIZE, 9, np.float32),
                    turning[1] * 1.2)
    focal = FocalLength.told(told.focal)
    rng = np.random.default_rng(5)
    for _ in range(30):
        noisy = np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
        focal = refined_step(image, told, noisy, told, focal).focal
    assert abs(focal.logarithm - np.log(told.focal)) < 0.02 and focal.deviation > 0.9 * module.FIRST


def test_a_camera_that_stands_for_an_hour_is_known_as_well_as_at_first():
    """At 30 images a second: what wanders meanwhile is a lens, and none is less known than before any corner moved."""
    focal = FocalLength.told(100.0)
    for k in range(108_000):
        focal = focal.beside(100.0 if k % 2 else float('nan'))
    assert focal.deviation <= module.FIRST and abs(focal.pixels - 100) < 1e-6


def test_answers_alone_come_to_their_mean():
    """Later ones count for less, as they err to the same side; one that tells none changes nothing but the doubt."""
    focal = FocalLength.told(100.0)
    for _ in range(20):
        focal = focal.beside(120.0)
    assert 100 < focal.pixels < 118 and 0.3 * module.FIRST < focal.deviation < module.FIRST
    lost = focal.beside(np.nan)
    assert lost.pixels == focal.pixels and lost.deviation > focal.deviation and lost.answers == focal.answers
    assert FocalLength.told(np.nan) is None


@pytest.mark.parametrize('variance', [0.0, -1.0, np.nan, 1.0])
def test_squares_that_found_nothing_change_nothing(variance):
    """Such as of a matrix that rounding has made none to solve."""
    focal = FocalLength.told(100.0)
    assert focal.corrected(0.3, variance) is focal


def test_what_cannot_be_is_no_overflow():
    """Rays, depths, steps and focal lengths of any size, as random weights may tell: nothing, or what is finite."""
    rng, found = np.random.default_rng(0), 0
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for _ in range(500):
            rays, depth = rng.normal(size=(30, 2)) * rng.choice([0.3, 5, 50]), np.exp(
                rng.normal(size=30) * rng.choice([0.1, 2, 5]))
            told = np.eye(4)
            told[:3, 3] = rng.normal(size=3) * rng.choice([0, 0.01, 1, 100])
            told[:3, :3] = rotation.of_vector(rng.normal(size=3) * rng.choice([0, 0.1, 2]))
            focal = FocalLength(rng.choice([-5, 0, 4.5, 12]), rng.choice([1e-6, 0.04, 10]))
            before = focal.pixels
            fit = Fit.of(told, rays, depth / np.median(depth), rng.normal(size=(2, 30)) * rng.choice([0.3, 5, 1e6]),
                         focal)
            if fit is not None:
                found += 1
                assert np.isfinite(fit.back).all() and np.isfinite(fit.focal.logarithm) and fit.focal.variance > 0
                assert np.isfinite(fit.covariance).all() and np.linalg.eigvalsh(fit.covariance).min() > 0
                bend = fit.bend(0.1, (96, 128), before)
                assert np.isfinite([bend.value, bend.longer, *bend.step]).all() and bend.deviation > 0
    assert found > 20


def answers(images, source: str = 'images') -> list:
    reconstructor = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), step_source=source,
                                  policy=Interval(16))
    return [reconstructor.step(image) for image in images]


def test_a_path_finds_its_camera():
    """Of two rooms and two wide worlds: nearer to the truth than one answer, and one for the whole path."""
    told, known, steady = [], [], []
    for world in (World(810_022, 160, (120, 160)), World(810_024, 160, (120, 160)), WideWorld(3012, 40, (120, 160)),
                  WideWorld(3014, 40, (120, 160))):
        images = [image for _, (image, _) in zip(range(40), world.film())]
        def off(frame, true=world.intrinsics[0, 0]):
            return abs(np.log(frame.original_intrinsics[0, 0] / true))
        frames = answers(images)
        told.append(np.median([off(frame) for frame in answers(images, 'model')]))
        known.append(off(frames[-1]))
        steady.append(np.ptp(np.log([frame.intrinsics[0, 0] for frame in frames[-8:]])))
    assert np.mean(known) < 0.5 * np.mean(told), (known, told)
    assert max(steady) < 0.05


def test_another_size_is_another_camera():
    """What an upright image tells does not go on from what one that lies told."""
    images = [image for _, (image, _) in zip(range(8), World(810_022, 160, (120, 160)).film())]
    reconstructor = Reconstructor(replace_aspects(), make_rule('ttt3r'), step_source='images')
    for image in images:
        reconstructor.step(image)
    upright = reconstructor.step(np.ascontiguousarray(np.rot90(images[-1])))
    alone = Reconstructor(replace_aspects(), make_rule('ttt3r'), step_source='model')
    for image in images:
        alone.step(image)
    told = alone.step(np.ascontiguousarray(np.rot90(images[-1])))
    assert upright.image.shape != images[0].shape and upright.intrinsics[0, 0] == pytest.approx(told.intrinsics[0, 0])


def test_another_part_of_the_image_is_another_camera():
    """A driver that comes back with 16:9 shows the network a narrower view, in an image of the same size."""
    images = [image for _, (image, _) in zip(range(9), World(810_022, 160, (120, 160)).film())]
    images[8] = np.ascontiguousarray(images[8][15:105])
    found, told = (answers(images, source)[8] for source in ('images', 'model'))
    assert found.image.shape == (96, 128, 3) and found.intrinsics[0, 0] == pytest.approx(told.intrinsics[0, 0])


@pytest.mark.parametrize(('room', 'at'), [(3, 50), (5, 50), (7, 35)])
def test_a_camera_that_comes_back_with_another_shape_is_not_lost(room, at):
    """Two views of one place, one of them cut out of the other, are laid on each other with each one's own pinhole."""
    world, intrinsics = Room(room), np.array([[200.0, 0, 119.5], [0, 200.0, 89.5], [0, 0, 1]])
    reconstructor = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), step_source='images',
                                  policy=Interval(16), monitor=TrackingMonitor())
    for i, pose in enumerate(walk(world, 400, 3)[:at + 1]):
        image = world.render(pose, intrinsics, (180, 240))[0].astype(np.uint8)
        frame = reconstructor.step(image if i < at else np.ascontiguousarray(image[22:157]), stamp=i * 100_000_000)
    assert frame.trusted and frame.likeness > 0.69, frame.tracking


def test_a_snapshot_knows_what_part_of_the_view_it_saw():
    """What goes on from it with images of another shape does as what never stopped."""
    images = [image for _, (image, _) in zip(range(12), World(810_022, 160, (120, 160)).film())]
    images[8:] = [np.ascontiguousarray(image[15:105]) for image in images[8:]]
    first, second = (Reconstructor(load_network('embedded').network, make_rule('ttt3r'), step_source='images',
                                   policy=Interval(16)) for _ in range(2))
    for image in images[:8]:
        first.step(image)
    second.restore(first.snapshot())
    for image in images[8:]:
        straight, found = first.step(image), second.step(image)
        assert np.array_equal(straight.pose, found.pose) and np.array_equal(straight.intrinsics, found.intrinsics)


def test_a_camera_of_more_pixels_is_the_same():
    """What the network sees of it is as wide as before."""
    images = [image for _, (image, _) in zip(range(9), World(810_022, 160, (120, 160)).film())]
    large = [*images[:8], cv2.resize(images[8], (320, 240), interpolation=cv2.INTER_LINEAR)]
    same, larger = (answers(film)[8] for film in (images, large))
    assert larger.intrinsics[0, 0] == pytest.approx(same.intrinsics[0, 0], rel=0.01)
    assert larger.original_intrinsics[0, 0] == pytest.approx(2 * same.original_intrinsics[0, 0], rel=0.01)


def test_a_lens_that_is_forgotten_is_found_anew():
    """As after images are undistorted from one to the next: the camera stays, its pinhole is another."""
    images = [image for _, (image, _) in zip(range(9), World(810_022, 160, (120, 160)).film())]
    reconstructor = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), step_source='images')
    for image in images[:8]:
        reconstructor.step(image)
    reconstructor.forget_lens()
    frame = reconstructor.step(images[8])
    assert frame.intrinsics[0, 0] == pytest.approx(frame.told_focal)


def replace_aspects():
    """Return a network that takes images of another shape as they are."""
    network = load_network('embedded').network
    network.config = replace(network.config, aspects=())
    return network
