# SPDX-License-Identifier: Apache-2.0
"""The borders of patches are taken out of what a token tells of each, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ttt3r_ros.evaluation.trial import Setting
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.model.deblocking import BEYOND, HELD, REACH, Deblocking, operator
from ttt3r_ros.model.network import Network
from ttt3r_ros.reconstruction.aligned import depth_on_model
from ttt3r_ros.synthetic import World

SIDE = 32
FRAMES = 6


def test_it_is_the_line_of_the_gradients_wanted():
    """The line of pixels is the least squares solution; gradients at a border are those of a straight way between
    the means of what is beyond REACH on either side."""
    line = np.random.default_rng(0).normal(size=3 * SIDE)
    faults, spread = operator(len(line), SIDE)
    made = line + spread @ (faults @ line)
    gradient = np.diff(line)
    wanted = gradient.copy()
    for border in (SIDE, 2 * SIDE):
        first, last = border - 1 - REACH, border - 1 + REACH
        before, after = gradient[first - BEYOND:first].mean(), gradient[last + 1:last + 1 + BEYOND].mean()
        wanted[first:last + 1] = np.linspace(before, after, 2 * REACH + 3)[1:-1]
    wanted[:REACH] = gradient[REACH:REACH + BEYOND].mean()
    wanted[-REACH:] = gradient[-REACH - BEYOND:-REACH].mean()
    rows = np.concatenate((np.diff(np.eye(len(line)), axis=0), np.sqrt(HELD) * np.eye(len(line))))
    asked = np.concatenate((wanted, np.sqrt(HELD) * line))
    assert np.allclose(made, np.linalg.lstsq(rows, asked, rcond=None)[0], atol=1e-9)


@pytest.mark.parametrize('size', [(32, 32), (96, 128), (64, 96)])
def test_a_plane_stays_as_it_is_and_steps_between_patches_go(size):
    """An image that goes on evenly is left alone; one offset a patch becomes smooth, and is nearer to the plane."""
    height, width = size
    rows, columns = torch.meshgrid(torch.arange(height) / 10, torch.arange(width) / 20, indexing='ij')
    plane = (1 + rows - columns)[None, None].repeat(2, 4, 1, 1)
    deblocking = Deblocking(SIDE)
    assert torch.allclose(deblocking(plane), plane, atol=1e-4)
    offsets = torch.rand(2, 4, height // SIDE, width // SIDE, generator=torch.Generator().manual_seed(1))
    blocky = plane + offsets.repeat_interleave(SIDE, -2).repeat_interleave(SIDE, -1)
    made = deblocking(blocky)
    assert made.shape == blocky.shape and made.dtype == torch.float32
    for axis in (-1, -2):
        if size[axis] > SIDE:
            jumps = [x.diff(n=2, dim=axis).abs().max() for x in (made, blocky)]
            assert jumps[0] < 0.12 * jumps[1]
            assert (made - plane - offsets.mean()).abs().mean() < (blocky - plane - offsets.mean()).abs().mean()


def test_half_numbers_stay_half_numbers():
    """Another number type comes back, deblocked to its own precision."""
    image = torch.rand(1, 4, 64, 64, generator=torch.Generator().manual_seed(2))
    made = Deblocking(SIDE)(image.bfloat16())
    assert made.dtype == torch.bfloat16
    assert torch.allclose(made.float(), Deblocking(SIDE)(image), atol=0.05)


def test_published_models_answer_as_published():
    """Only a network whose patches are not the published ones' deblocks."""
    config = replace(PRESETS['small'], ray_map=False)
    assert not config.deblocks and isinstance(Network(config).downstream_head.deblocking, nn.Identity)
    assert not any(preset.deblocks for preset in PRESETS.values())
    own = replace(config, patch_size=32)
    assert own.deblocks and isinstance(Network(own).downstream_head.deblocking, Deblocking)


def test_depth_of_the_embedded_weights_shows_no_patches_and_is_nearer_the_truth():
    """In rooms, gradients change no more at borders than elsewhere, where they did many times more; errors are less."""
    with_borders, without = load_network('embedded'), load_network('embedded')
    with_borders.network.downstream_head.deblocking = nn.Identity()
    bends, errors = np.zeros((2, 2)), np.zeros(2)
    for seed in (41, 42, 43):
        world = World(seed, 2 * FRAMES, (120, 160))
        film = list(world.film())[::2]
        for column, loaded in enumerate((with_borders, without)):
            reconstructor = Setting('ttt3r').reconstructor(loaded.network)
            for image, depth in film:
                frame = reconstructor.step(image)
                told = np.log(frame.points[..., 2])
                bends[:, column] += _bends(told)
                errors[column] += np.abs(np.exp(told) / depth_on_model(depth, frame.pixel_map) - 1).mean()
    at_borders, elsewhere = bends
    assert at_borders[0] > 4 * elsewhere[0]
    assert at_borders[1] < elsewhere[1]
    assert errors[1] < errors[0]


def _bends(told):
    """Return the medians of what a gradient changes by, at borders of patches and elsewhere."""
    near, far = [], []
    for bend in (np.abs(np.diff(told, 2, axis=1)), np.abs(np.diff(told, 2, axis=0)).T):
        border = np.isin(np.arange(bend.shape[1]) + 1, [SIDE * k + d for k in range(1, 4) for d in (-2, -1, 0, 1)])
        near.append(bend[:, border].ravel())
        far.append(bend[:, ~border].ravel())
    return np.array([np.median(np.concatenate(part)) for part in (near, far)])
