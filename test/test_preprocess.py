# SPDX-License-Identifier: Apache-2.0
"""A camera's image becomes the network's by Pillow's kernel, or within a level or two of what it gives."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.reconstruction import device_resize, host_resize
from ttt3r_ros.reconstruction.preprocess import PixelMap, columns_first, reduction

EMBEDDED, PUBLISHED = ModelConfig(image_size=64, aspects=(4 / 3,)), ModelConfig()
TINY = ModelConfig(image_size=32, aspects=(1.0,))
SQUARE = ModelConfig(image_size=224, square=True)


@cache
def picture(height: int, width: int) -> np.ndarray:
    """A picture with edges, waves of every length up to the pixel's, and a sensor's noise."""
    rng = np.random.default_rng(height)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = sum(np.sin(x * rng.uniform(0.002, 2) + y * rng.uniform(0.002, 2) + rng.uniform(0, 6)) for _ in range(6))
    blocks = 60 * ((x // rng.integers(40, 200) + y // rng.integers(40, 200)) % 2)
    grey = 90 + 12 * waves + blocks + rng.normal(0, 5, waves.shape)
    return np.clip(np.stack([grey, grey * 0.9 + 10, 255 - grey], -1), 0, 255).astype(np.uint8)


def by_the_kernel(plan: PixelMap, image: np.ndarray) -> np.ndarray:
    resized = np.asarray(Image.fromarray(image).resize(plan.resized[::-1], Image.Resampling.LANCZOS))
    return resized[plan.top:plan.top + plan.size[0], plan.left:plan.left + plan.size[1]]


@pytest.mark.parametrize('size', [(2160, 3840), (1080, 1920), (1920, 1080), (1536, 2048), (720, 1280), (964, 1288),
                                  (1200, 1920), (3000, 900)])
def test_a_large_image_is_nearly_what_the_kernel_makes(size):
    """Shrunk by whole factors first, no value of the network's image differs by more than 2 of 255, and one of some
    thousands by more than 1; where there is nothing to gain all are the same."""
    plan, image = PixelMap.plan(*size, replace(EMBEDDED, image_size=128)), picture(*size)
    difference = np.abs(plan.by_pillow(image).astype(int) - by_the_kernel(plan, image))
    assert difference.max() <= 2 and (difference > 1).mean() < 3e-4
    assert (difference.max() > 0) == (max(given / made for given, made in zip(size, plan.resized)) >= 11.2)


@pytest.mark.parametrize(('size', 'config'), [
    ((480, 640), EMBEDDED), ((480, 640), PUBLISHED), ((1080, 1920), PUBLISHED), ((2160, 3840), PUBLISHED),
    ((1087, 1931), EMBEDDED)])
def test_others_are_the_kernels_own(size, config):
    """Little shrinking, and sides that no whole factor divides, go through the kernel alone, to the bit."""
    plan, image = PixelMap.plan(*size, config), picture(*size)
    assert np.array_equal(plan.by_pillow(image), by_the_kernel(plan, image))


@pytest.mark.parametrize(('size', 'config'), [
    *((size, replace(EMBEDDED, image_size=128)) for size in (
        (480, 640), (481, 643), (640, 480), (720, 1280), (1080, 1920), (1920, 1080), (2160, 3840), (1087, 1931))),
    ((480, 640), PUBLISHED), ((1080, 1920), PUBLISHED), ((1000, 300), PUBLISHED), ((480, 640), SQUARE)])
def test_a_cpu_shrinks_to_within_one_level_of_the_kernels(size, config):
    """Few values of a picture differ, and hardly any by 2 in noise of black and white; tall ones are the same."""
    plan = PixelMap.plan(*size, config)
    noise = np.random.default_rng(1).choice(np.array([0, 255], np.uint8), (*size, 3))
    for image in (picture(*size), noise)[:1 if max(size) > 2000 else 2]:
        made = plan.apply(image)
        assert made.shape == (*plan.size, 3) and made.flags.c_contiguous and made.flags.writeable
        if not host_resize.pays() or size == (1000, 300):
            assert np.array_equal(made, plan.by_pillow(image))
            continue
        off = np.abs(made.astype(int) - by_the_kernel(plan, image))
        assert off.max() <= (2 if image is noise else 1)
        assert (off > 0).mean() < 0.02 and (off > 1).mean() < 1e-4


def test_this_pytorch_shrinks_bytes_in_vectors():
    """The one that the project's set-up brings does it on any PC; asked once."""
    vectors = torch.backends.cpu.get_cpu_capability() in host_resize.VECTORS
    assert host_resize.pays() == (vectors and 'lanczos' in torch.nn.functional.interpolate.__doc__)


@pytest.mark.parametrize('kernel', ['none', 'another'])
def test_without_that_kernel_pillow_shrinks(monkeypatch, caplog, kernel):
    """An older PyTorch has none, in silence; one of other bytes is not used, after one line."""
    def interpolate(image, size, **_):
        if kernel == 'none':
            raise NotImplementedError('no such mode')
        return torch.full((1, 3, *size), 99, dtype=torch.uint8)

    monkeypatch.setattr(torch.backends.cpu, 'get_cpu_capability', lambda: 'AVX2')
    monkeypatch.setattr(host_resize.F, 'interpolate', interpolate)
    host_resize.pays.cache_clear()
    try:
        plan, image = PixelMap.plan(480, 640, EMBEDDED), picture(480, 640)
        for _ in range(2):
            assert np.array_equal(plan.apply(image), plan.by_pillow(image))
        assert [record.message for record in caplog.records] == ([] if kernel == 'none' else [
            f'PyTorch {torch.__version__} shrinks images otherwise than Pillow does: that is left to Pillow, which is '
            'slower'])
    finally:
        monkeypatch.undo()
        host_resize.pays.cache_clear()


@pytest.mark.filterwarnings('error')
def test_a_cpu_takes_images_however_they_lie():
    """Turned, its channels turned, cut out of others and not to be written, as an array may be that came in a message:
    the same bytes, and nothing is kept of it."""
    image = picture(481, 643)
    plan = PixelMap.plan(481, 643, EMBEDDED)
    expected = plan.apply(image)
    wide = np.zeros((490, 700, 3), np.uint8)
    wide[5:486, 20:663] = image
    fixed = image.copy()
    fixed.flags.writeable = False
    turned = np.ascontiguousarray(image[::-1, :, ::-1])
    for other in (wide[5:486, 20:663], fixed, turned[::-1, :, ::-1], np.asfortranarray(image)):
        made = plan.apply(other)
        assert np.array_equal(made, expected) and not np.shares_memory(made, other)


@pytest.mark.parametrize(('size', 'config', 'factor'), [
    ((480, 640), EMBEDDED, 1), ((720, 1280), EMBEDDED, 2), ((1080, 1920), EMBEDDED, 4), ((2160, 3840), EMBEDDED, 8),
    ((1440, 1920), TINY, 8), ((1081, 1921), EMBEDDED, 1), ((240, 320), EMBEDDED, 1), ((2160, 3840), PUBLISHED, 1),
    ((4320, 7680), PUBLISHED, 2)])
def test_a_jpeg_decoded_smaller_is_the_same_picture(size, config, factor):
    """Where the network's is far smaller: the same part of it, off by 1 of 255, and in noise hardly ever by 2."""
    assert reduction(*size, config) == factor
    if factor == 1 or max(size) > 2000:  # the larger ones take a while to draw
        return
    plan, small = (PixelMap.plan(*(side // by for side in size), config) for by in (1, factor))
    assert replace(small, original=size) == plan
    data = cv2.imencode('.jpg', picture(*size), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    flags = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
    off = np.abs(plan.apply(cv2.imdecode(data, cv2.IMREAD_COLOR)).astype(int)
                 - small.apply(cv2.imdecode(data, flags[factor])))
    assert off.max() <= 2 and (off > 1).mean() < 1e-3


@pytest.mark.parametrize(('size', 'config'), [
    ((480, 640), PUBLISHED), ((640, 480), PUBLISHED), ((481, 643), PUBLISHED), ((120, 160), PUBLISHED),
    ((97, 131), PUBLISHED), ((160, 120), PUBLISHED), ((384, 512), PUBLISHED), ((600, 600), PUBLISHED),
    ((90, 300), PUBLISHED), ((1000, 300), PUBLISHED), ((480, 640), SQUARE), ((131, 97), SQUARE),
    *(pytest.param(*large, marks=pytest.mark.heavy) for large in (
        ((720, 1280), PUBLISHED), ((1080, 1920), PUBLISHED), ((2160, 3840), PUBLISHED), ((1920, 1080), PUBLISHED),
        ((1087, 1931), EMBEDDED), ((1080, 1920), EMBEDDED), ((2160, 3840), EMBEDDED), ((3000, 900), EMBEDDED),
        ((1280, 720), TINY)))])
def test_a_device_resizes_to_the_same_bytes(size, config):
    """Larger and smaller, upright, odd and cut, after means and without: Pillow's own bytes; of noise, too."""
    plan = PixelMap.plan(*size, config)
    noise = np.random.default_rng(0).choice(np.array([0, 7, 128, 255], np.uint8), (*size, 3))
    tall = columns_first(*((side.given, side.steps) for side in plan.for_kernel(noise)[1:]))
    assert device_resize._makes_the_same(plan, torch.device('cpu')) is not tall
    for image in (picture(*size), noise)[:1 if max(size) > 2000 else 2]:
        resized = device_resize.resize(image, plan, torch.device('cpu'))
        assert resized.pixels.shape == (*plan.size, 3) and resized.pixels.is_contiguous()
        assert np.array_equal(resized.on_host(), plan.by_pillow(image))


def test_a_device_that_resizes_otherwise_is_not_asked_again(monkeypatch, caplog):
    """The host goes on, after a line; the next size is another question."""
    right = device_resize.weights
    monkeypatch.setattr(device_resize, 'weights', lambda side, lanczos: right(side, lanczos) * 63 // 64)
    device_resize._matrix.cache_clear()
    image, device = picture(490, 650), torch.device('cpu')
    plan = PixelMap.plan(490, 650, PUBLISHED)
    for _ in range(2):
        assert np.array_equal(device_resize.resize(image, plan, device).on_host(), plan.apply(image))
    assert [record.message for record in caplog.records] == [
        'cpu resizes images otherwise than Pillow does: that stays on the host, which is slower']
    monkeypatch.undo()
    device_resize._matrix.cache_clear()
    assert device_resize._makes_the_same(PixelMap.plan(492, 650, PUBLISHED), device)


def test_a_device_takes_images_however_they_lie():
    """Turned, cut out of others and not to be written, as an array may be that came in a message."""
    image = picture(481, 643)[::-1, 20:-3]
    image.flags.writeable = False
    plan = PixelMap.plan(*image.shape[:2], PUBLISHED)
    assert np.array_equal(device_resize.resize(image, plan, torch.device('cpu')).on_host(), plan.by_pillow(image))


@pytest.mark.parametrize(('size', 'config'), [
    ((480, 640), PUBLISHED), ((2160, 3840), PUBLISHED), ((120, 160), PUBLISHED), ((600, 600), PUBLISHED),
    ((480, 640), EMBEDDED), ((1080, 1920), EMBEDDED)])
def test_sums_on_a_device_are_exact(size, config):
    """What is multiplied has the 11 bits that TF32 leaves, and no sum of any image more than the 24 of float32."""
    plan = PixelMap.plan(*size, config)
    for side in plan.for_kernel(np.zeros((*size, 3), np.uint8))[1:]:
        matrix = device_resize._matrix(side, plan.shrinking, torch.device('cpu'))
        assert matrix.shape == (2 * side.length, side.given)
        assert matrix.abs().max() <= 2**11 and torch.equal(matrix, matrix.round())
        assert 255 * matrix.double().abs().sum(1).max() < 2**24
