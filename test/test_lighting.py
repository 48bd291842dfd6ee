# SPDX-License-Identifier: Apache-2.0
"""Dark, foggy and coloured images: lit for the networks that want it, and told as in full daylight."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.lighting import CAST, LEAST, MIDDLE, MOST, SPARSE, balanced, stretched
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.synthetic import World


def picture(deviation: float, mean: float = 60.0) -> torch.Tensor:
    """Return noise of such a brightness (1, 3, 96, 128), in [-1, 1]."""
    noise = torch.randn((1, 1, 96, 128), generator=torch.Generator().manual_seed(0)).clamp(-2, 2)
    sparse = noise[..., ::SPARSE, ::SPARSE]
    noise = (noise - sparse.mean()) / sparse.std(correction=0)
    return ((noise * deviation + mean) / 127.5 - 1).expand(1, 3, 96, 128)


def levels(pixels: torch.Tensor) -> tuple[float, float]:
    """Return deviation and mean of the brightness, of 255."""
    sparse = (pixels.mean(dim=1)[..., ::SPARSE, ::SPARSE] + 1) * 127.5
    return float(sparse.std(correction=0)), float(sparse.mean())


def test_what_has_contrast_stays_to_the_bit():
    """Alone and in a batch beside one that has none."""
    clear, dim = picture(LEAST * 1.01), picture(5)
    assert stretched(clear) is clear
    both = stretched(torch.cat((clear, dim)))
    assert torch.equal(both[:1], clear)
    torch.testing.assert_close(both[1:], stretched(dim))


@pytest.mark.parametrize('deviation', [5.0, 10.0, 15.0])
@pytest.mark.parametrize('mean', [40.0, 110.0, 150.0])
def test_what_has_little_is_given_some(deviation, mean):
    """Its deviation is LEAST, and its mean lies nearer to MIDDLE, the more the less it had."""
    found, middle = levels(stretched(picture(deviation, mean)))
    assert found == pytest.approx(LEAST, rel=1e-3)
    assert middle == pytest.approx(mean + (MIDDLE - mean) * (1 - deviation / LEAST), abs=0.1)


def test_nothing_jumps_as_the_light_goes():
    """A hair above the bound and a hair below it look alike."""
    above, below = stretched(picture(LEAST + 0.01)), stretched(picture(LEAST - 0.01))
    assert float((above - below).abs().max()) * 127.5 < 0.2


def test_noise_is_not_made_a_picture_and_nothing_stays_nothing():
    """At most MOST times the contrast; one level everywhere has no deviation to divide by."""
    assert levels(stretched(picture(1.0)))[0] == pytest.approx(MOST, rel=1e-3)
    black = stretched(torch.full((1, 3, 96, 128), -1.0))
    assert torch.isfinite(black).all() and float(black.max() - black.min()) == 0


def test_published_networks_see_images_as_they_were_published():
    """Those of our own patches are given light, others are not."""
    assert not any(config.evens_light for config in PRESETS.values())
    assert load_network('embedded').network.config.evens_light


def steps_off(poses: list[np.ndarray], truth: list[np.ndarray]) -> float:
    """Return by how much steps lie beside the true ones, metres, in the mean."""
    return float(np.mean([np.linalg.norm((np.linalg.inv(a) @ b - np.linalg.inv(c) @ d)[:3, 3])
                          for a, b, c, d in zip(poses, poses[1:], truth, truth[1:])]))


def cast(pixels: torch.Tensor) -> torch.Tensor:
    """Return by how many times each colour of images is as bright as all three (B, 3)."""
    means = pixels[..., ::SPARSE, ::SPARSE].mean(dim=(2, 3)) + 1
    return means / means.mean(dim=1, keepdim=True)


def test_what_is_nearly_white_stays_to_the_bit():
    """Alone and in a batch beside what is red."""
    light = torch.tensor([1.2, 1.0, 0.85]).reshape(3, 1, 1)
    white, red = (picture(15) + 1) * light - 1, (picture(15) + 1) * torch.tensor([1.2, 0.3, 0.2]).reshape(3, 1, 1) - 1
    assert balanced(white) is white
    both = balanced(torch.cat((white, red)))
    assert torch.equal(both[:1], white)
    torch.testing.assert_close(both[1:], balanced(red))
    assert both.max() <= 1 and both.min() >= -1


@pytest.mark.parametrize('light', [(1.2, 0.3, 0.2), (0.15, 0.7, 1.2), (0.3, 1.0, 0.5)])
def test_what_is_of_one_colour_is_less_so(light):
    """No colour's share is farther from all three than CAST, and their order stays."""
    coloured = (picture(15) + 1) * torch.tensor(light).reshape(3, 1, 1) - 1
    by = balanced(coloured) + 1
    share = (by / (coloured + 1).clamp(min=1e-6))[..., ::SPARSE, ::SPARSE].amax(dim=(2, 3)) * cast(coloured)
    assert share.max() == pytest.approx(CAST, rel=1e-3) or share.min() == pytest.approx(1 / CAST, rel=1e-3)
    assert (share <= CAST * 1.001).all() and (share >= 0.999 / CAST).all()
    assert share.argsort().tolist() == cast(coloured).argsort().tolist()


def test_a_colour_that_is_not_there_is_none_and_nothing_stays_nothing():
    """An infrared camera's two dark colours are lit MOST times at most; black is black."""
    black = torch.full((1, 3, 96, 128), -1.0)
    assert torch.isfinite(balanced(black)).all() and float((balanced(black) + 1).abs().max()) < 1e-6
    alone = torch.cat((picture(15)[:, :1], black[:, 1:]), dim=1)
    assert torch.equal(balanced(alone)[:, 1:], black[:, 1:])


@pytest.mark.parametrize('light, haze', [(0.25, 0), (0.2, 40), ((1.2, 0.3, 0.2), 0)])
def test_a_dark_foggy_or_red_room_is_told_as_a_clear_one(light, haze):
    """At a quarter of the light, a fifth of it in fog, or in red light, steps are as right as in full light, within a
    half of their error."""
    world = World(2001, 24, (96, 128))
    film, truth, noise = list(world.film()), world.poses, np.random.default_rng(0)

    def error(change) -> float:
        reconstructor = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3',
                                      step_source='images')
        return steps_off([reconstructor.step(change(image)).pose for image, _ in film], truth)

    clear = error(lambda image: image)
    dim = error(lambda image: np.clip(image * np.array(light) + haze + noise.normal(0, 2, image.shape), 0,
                                      255).astype(np.uint8))
    assert dim < 1.5 * clear
