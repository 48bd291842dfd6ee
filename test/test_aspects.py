# SPDX-License-Identifier: Apache-2.0
"""Images are cut to the shapes that weights have seen, where they say which, and all that is told fits the camera's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_lighting import steps_off

from ttt3r_ros.model.checkpoint import load_network, read_aspects, save_network
from ttt3r_ros.model.config import ConfigError, ModelConfig
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.snapshot import SnapshotError
from ttt3r_ros.reconstruction.weights_profile import Source
from ttt3r_ros.synthetic import World

CONFIG = ModelConfig(image_size=64, aspects=(4 / 3,))


@pytest.mark.parametrize(('camera', 'resized', 'corner'), [
    ((480, 640), (48, 64), (0, 0)), ((1080, 1920), (48, 85), (0, 10)), ((100, 150), (48, 72), (0, 4)),
    ((640, 480), (85, 64), (18, 0)), ((500, 500), (64, 64), (8, 0)), ((48, 64), (48, 64), (0, 0))])
def test_the_middle_of_any_image_is_taken(camera, resized, corner):
    """As much as there is of the aspect; where the image has it, all is as without."""
    plan = PixelMap.plan(*camera, CONFIG)
    assert plan == PixelMap(camera, resized, *corner, (48, 64))
    if camera[0] * 4 == camera[1] * 3:
        assert plan == PixelMap.plan(*camera, replace(CONFIG, aspects=()))


def test_of_several_the_nearest_is_taken():
    """By the share of the image that is lost; the long side keeps the network's size."""
    config = replace(CONFIG, image_size=128, aspects=(4 / 3, 16 / 9, 0.75))
    sizes = [PixelMap.plan(*camera, config).size for camera in ((1080, 1920), (1200, 1600), (1920, 1080), (900, 1600))]
    assert sizes == [(64, 128), (96, 128), (128, 96), (64, 128)]


def test_images_are_cut_into_whole_patches():
    """Of 32 pixels where the network has such, with aspects and without."""
    config = ModelConfig(head='linear', ray_map=False, patch_size=32, image_size=128)
    for camera, size in (((480, 640), (96, 128)), ((1080, 1920), (64, 128)), ((500, 500), (96, 128)),
                         ((640, 480), (128, 96))):
        assert PixelMap.plan(*camera, config).size == size
    assert PixelMap.plan(1080, 1920, replace(config, aspects=(4 / 3,))).size == (96, 128)


@pytest.mark.parametrize('camera', [(480, 640), (1080, 1920), (640, 480)])
@pytest.mark.parametrize('axis', [(0.53, 0.47), (0.45, 0.5), (0.6, 0.62)])
def test_images_are_cut_round_their_optical_axis(camera, axis):
    """It lies in the middle of what the network is given, to a pixel of that, and all of that was seen."""
    plan, middle = (PixelMap.plan(*camera, CONFIG, at) for at in (axis, (0.5, 0.5)))
    assert plan.size == middle.size and plan != middle
    (rows, columns), (height, width) = plan.size, camera
    there = plan.to_camera @ ((columns - 1) / 2, (rows - 1) / 2, 1)
    assert abs(there[0] - (axis[0] * width - 0.5)) <= plan.to_camera[0, 0]
    assert abs(there[1] - (axis[1] * height - 0.5)) <= plan.to_camera[1, 1]
    first, last = plan.to_camera @ (-0.5, -0.5, 1), plan.to_camera @ (columns - 0.5, rows - 0.5, 1)
    assert min(first[:2]) >= -0.51 and last[0] <= width - 0.49 and last[1] <= height - 0.49
    image = np.zeros((*camera, 3), np.uint8)
    x, y, half = round(axis[0] * width), round(axis[1] * height), height // 20
    image[y - half:y + half, x - half:x + half] = 255
    v, u = np.argwhere(plan.apply(image)[..., 0] > 100).mean(0)
    assert abs(u - (columns - 1) / 2) <= 1.2 and abs(v - (rows - 1) / 2) <= 1.2


@pytest.mark.parametrize('axis', [(0.505, 0.496), (0.9, 0.5), (0.5, 1.7), (-3.0, 0.5)])
def test_an_axis_at_the_middle_or_far_from_it_changes_nothing(axis):
    """Nobody knows it to a part in a hundred, and where little lies round it more would be lost. Nor does it for a
    network that takes images whole."""
    assert PixelMap.plan(480, 640, CONFIG, axis) == PixelMap.plan(480, 640, CONFIG)
    whole = replace(CONFIG, aspects=())
    assert PixelMap.plan(480, 640, whole, (0.45, 0.55)) == PixelMap.plan(480, 640, whole)


def test_a_room_whose_axis_is_known_is_told_better():
    """Of images cut out of larger ones, beside their middle by a part in eighteen: its steps are less wrong."""
    world = World(2001, 24, (120, 160))
    film, off = [np.ascontiguousarray(image[:108, :144]) for image, _ in world.film()], {}
    for axis in ((0.5, 0.5), (80 / 144, 60 / 108)):
        reconstructor = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3',
                                      step_source='images')
        assert reconstructor.axis == (0.5, 0.5)
        reconstructor.axis = axis
        off[axis] = steps_off([reconstructor.step(image).pose for image in film], world.poses)
    assert off[80 / 144, 60 / 108] < 0.7 * off[0.5, 0.5]


def test_pixels_and_rays_are_found_again():
    """What is painted at a place of the camera's image is where the map says, and so is the ray through it."""
    image = np.zeros((180, 320, 3), np.uint8)
    image[84:96, 224:236] = 255
    plan = PixelMap.plan(180, 320, CONFIG)
    v, u = np.argwhere(plan.apply(image)[..., 0] > 128).mean(0)
    to_camera = plan.to_original(np.eye(3))
    np.testing.assert_allclose((to_camera @ (u, v, 1))[:2], (229.5, 89.5), atol=2.0)


@pytest.mark.parametrize('aspects', [(0.1,), (10.0,), ('4:3',), [1.0], (float('nan'),)])
def test_what_is_no_aspect_is_refused(aspects):
    """By the field's name; so are aspects of a square network."""
    with pytest.raises(ConfigError, match='aspects'):
        ModelConfig(aspects=aspects)
    with pytest.raises(ConfigError, match='square'):
        ModelConfig(square=True, image_size=224, aspects=(1.0,))


def test_weights_say_it_and_their_memory_does_not(tmp_path):
    """The aspects survive a file; a state of the same weights without them is still taken, and with other sizes not."""
    loaded = load_network('untrained')
    states = {}
    for name, aspects in (('any', ()), ('cut', (4 / 3,))):
        loaded.network.config = replace(loaded.network.config, aspects=aspects)
        path = tmp_path / f'{name}.safetensors'
        save_network(loaded, path)
        assert read_aspects(str(path)) == aspects
        reconstructor = Reconstructor(load_network(str(path)).network, make_rule('ttt3r'))
        frame = reconstructor.step(np.zeros((90, 160, 3), np.uint8))
        assert frame.points.shape[:2] == ((96, 128) if aspects else (64, 128))
        states[name] = reconstructor.snapshot(), reconstructor
    states['cut'][1].restore(states['any'][0])
    states['any'][1].restore(states['cut'][0])
    with pytest.raises(SnapshotError, match='other weights'):
        Reconstructor(load_network('embedded').network, make_rule('ttt3r')).restore(states['any'][0])
    assert read_aspects('embedded') == (pytest.approx(4 / 3, abs=1e-3),) and read_aspects('untrained') == ()


def test_of_a_source_what_is_left_is_judged():
    """A wide picture that is cut has the aspect, and sees less to the sides; a tall one keeps its width."""
    wide = Source(aspect=16 / 9, field_of_view=90.0)
    cut = wide.cut_to((4 / 3,))
    assert cut.aspect == 4 / 3 and cut.field_of_view == pytest.approx(2 * np.degrees(np.arctan(0.75)))
    assert wide.cut_to(()) == wide and Source().cut_to((4 / 3,)) == Source()
    assert Source(aspect=0.75, field_of_view=60.0).cut_to((4 / 3,)) == Source(aspect=4 / 3, field_of_view=60.0)
