# SPDX-License-Identifier: Apache-2.0
"""On a GPU all is as on a CPU. Without ROS; TTT3R_TEST_DEVICE=cpu rehearses the assertions where there is no GPU."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from test_golden import FILES, TOLERANCE, case, errors, network_of
from test_precision import BOUNDS, dpt_network
from test_precision import images as drifting
from test_recording import Computed

from ttt3r_ros.benchmark.machine import resident_bytes
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.precision import DTYPES
from ttt3r_ros.model.recording import Recordings
from ttt3r_ros.model.recurrence import NonFinitePrediction, Recurrence
from ttt3r_ros.model.update_rules import RULES, make_rule
from ttt3r_ros.reconstruction.device_resize import KEPT, _makes_the_same, resize
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.together import together
from ttt3r_ros.reconstruction.transfer import download, upload
from ttt3r_ros.synthetic import World

DEVICE = torch.device(os.environ.get('TTT3R_TEST_DEVICE', 'cuda'))
ON_A_GPU = DEVICE.type == 'cuda'
ROOT = Path(__file__).parents[1]
SLACK = 8 << 20 if ON_A_GPU else 64 << 20  # bytes; a process's own memory is not as tidy as a GPU's
pytestmark = pytest.mark.skipif(ON_A_GPU and not torch.cuda.is_available(), reason='PyTorch sees no GPU')


def held():
    """Return the bytes that are held for tensors when nothing is left to be given back."""
    gc.collect()
    if not ON_A_GPU:
        return resident_bytes()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    return torch.cuda.memory_reserved()


def off(found, expected):
    """Return how far a tensor is from another, relative to its length."""
    found, expected = (value.detach().cpu().double() for value in (found, expected))
    return float((found - expected).norm() / expected.norm().clamp(min=1e-12))


def assert_near(found, expected, most):
    """Frames agree: of pose and points the largest difference is `most` of the largest value."""
    for name in ('pose', 'points', 'confidence'):
        a, b = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(a, b, rtol=0, atol=most * np.abs(b).max(), err_msg=name)


def assert_recorded(recurrence):
    """What was stepped often enough has become a CUDA graph; on a CPU nothing is recorded."""
    for recordings in (recurrence._encodings, recurrence._steps):
        if ON_A_GPU:
            assert isinstance(recordings, Recordings) and recordings._recorded and not recordings._refused


@pytest.fixture(scope='module')
def film():
    """A walk through a room, uint8 (96, 128, 3)."""
    world = World(1000, 192, (96, 128))
    return [image for image, _ in world.film_from(world.poses[:24])]


@pytest.fixture(scope='module')
def embedded():
    """The embedded network in float32 on the CPU, and on the device."""
    return load_network('embedded').network, load_network('embedded', DEVICE, 'float32').network


@pytest.mark.parametrize('path', [case(path) for path in FILES])
def test_every_golden_array_agrees(path, record_property):
    """In float32 within the tolerance of a CPU: nothing of it is rounded to TF32."""
    with np.load(path) as stored:
        file = dict(stored)
    found = errors(file, json.loads(str(file['meta'])), DEVICE)
    report = {name: f'{error:.1e}' for name, error in sorted(found.items(), key=lambda item: -item[1])}
    record_property('worst', next(iter(report.values())))
    assert found and max(found.values()) < TOLERANCE, report


@pytest.mark.parametrize('precision', list(BOUNDS))
def test_fewer_bits_stay_near_float32(precision):
    """Over 60 frames, within the bounds of a CPU, and not the same."""
    with np.load(ROOT / 'test/data/golden/linear_ttt3r.npz') as stored:
        meta = json.loads(str(stored['meta']))
    exact, lower = (Recurrence(network_of(meta).for_inference(DTYPES[name]).to(DEVICE), make_rule('ttt3r'))
                    for name in ('float32', precision))
    worst = dict.fromkeys(BOUNDS[precision], 0.0)
    for image in drifting(60, meta['height'], meta['width']):
        expected, found = (one.step(image.to(DEVICE)).prediction for one in (exact, lower))
        points = (expected.points - found.points).norm(dim=-1) / expected.points.norm(dim=-1)
        for name, error in (('pose', off(found.pose, expected.pose)), ('points', float(points.median())),
                            ('state', off(lower.memory.state, exact.memory.state))):
            worst[name] = max(worst[name], error)
    assert all(0 < worst[name] < bound for name, bound in BOUNDS[precision].items()), worst
    assert_recorded(lower)


@pytest.mark.parametrize('precision', ['float32', 'bfloat16'])
def test_recorded_steps_are_the_computed_ones(precision):
    """Over 40 frames with a reset among them, and images of another size: the same answers, and those given earlier
    keep their values."""
    network = dpt_network(precision).to(DEVICE)
    recorded, computed = Recurrence(network, make_rule('ttt3r')), Computed(network, make_rule('ttt3r'))
    most = {'float32': 1e-5, 'bfloat16': BOUNDS['bfloat16']['pose']}[precision]
    given = []
    for turn, image in enumerate(drifting(40)):
        if turn == 20:
            recorded.reset(), computed.reset()
        if turn in (12, 13, 14, 30):
            image = image[..., :32, :48]
        steps = [one.step(image.to(DEVICE)) for one in (recorded, computed)]
        (found, memory), (expected, wanted) = ((step.prediction, step.after) for step in steps)
        for a, b in ((found.pose, expected.pose), (found.points, expected.points), (memory.state, wanted.state),
                     (memory.pose_memory, wanted.pose_memory), (steps[0].gate, steps[1].gate)):
            assert off(a, b) < most, turn
        values = [found.pose, found.points, found.confidence, memory.state, memory.pose_memory, steps[0].gate]
        given.append((values, [value.cpu().clone() for value in values]))
    assert all(torch.equal(value.cpu(), kept) for values, copies in given
               for value, kept in zip(values, copies, strict=True))
    assert not torch.equal(*(given[turn][1][0] for turn in (38, 39)))
    assert_recorded(recorded)


def test_a_prediction_that_is_not_finite_is_refused():
    """A recorded step tells of it, and goes on where it was."""
    recurrence = Recurrence(dpt_network('float32').to(DEVICE), make_rule('ttt3r'))
    shown = [image.to(DEVICE) for image in drifting(5)]
    for image in shown:
        recurrence.step(image)
    state = recurrence.memory.state.clone()
    with pytest.raises(NonFinitePrediction):
        recurrence.step(torch.full_like(shown[0], torch.nan))
    assert torch.equal(recurrence.memory.state, state)
    recurrence.step(shown[0])


@pytest.mark.parametrize('rule', [*RULES, 'filt3r+memix'])
def test_every_rule_writes_as_on_a_cpu(rule):
    """Poses and memory over eight frames, the last ones recorded."""
    here, there = (Recurrence(dpt_network('float32').to(device), make_rule(rule)) for device in ('cpu', DEVICE))
    for turn, image in enumerate(drifting(8)):
        expected, found = here.step(image), there.step(image.to(DEVICE))
        assert off(found.prediction.pose, expected.prediction.pose) < 1e-3, turn
        assert off(found.after.state, expected.after.state) < 1e-3, turn
    assert_recorded(there)


@pytest.mark.parametrize('count', [2, 3, 8])
def test_a_batch_is_its_images_one_by_one(embedded, film, count):
    """To 1e-5, of robots of other ages, one of whom is reset meanwhile; computed and recorded."""
    network = embedded[1]
    singly = [Reconstructor(network, make_rule('ttt3r'), policy=Interval(6 if k == 1 else 100)) for k in range(count)]
    batched = [Reconstructor(network, make_rule('ttt3r'), policy=Interval(6 if k == 1 else 100)) for k in range(1)]
    while len(batched) < count:
        policy = Interval(6 if len(batched) == 1 else 100)
        batched.append(Reconstructor(network, make_rule('ttt3r'), policy=policy, beside=batched[0]))
    for turn in range(10):
        shown = [film[(turn + 2 * k) % len(film)] for k in range(count)]
        frames = together([one.stepping(image) for one, image in zip(batched, shown, strict=True)])
        for one, image, frame in zip(singly, shown, frames, strict=True):
            assert_near(frame, one.step(image), 1e-5)
    assert batched[1].segment == 1
    assert_recorded(batched[0]._recurrence)


def test_images_begun_early_are_answered_alike(embedded, film):
    """A next image that is encoded beside the present one, for one camera and for three that share recordings."""
    def cameras(count):
        made = [Reconstructor(embedded[1], make_rule('ttt3r'))]
        while len(made) < count:
            made.append(Reconstructor(embedded[1], make_rule('ttt3r'), beside=made[0]))
        return made

    films = [film, film[::-1], film[5:] + film[:5]]
    for shown in (films[:1], films):
        early, late = cameras(len(shown)), cameras(len(shown))
        for turn in range(len(film) - 1):
            frames = together([one.stepping(images[turn], lambda images=images: images[turn + 1])
                               for one, images in zip(early, shown, strict=True)])
            expected = together([one.stepping(images[turn]) for one, images in zip(late, shown, strict=True)])
            for found, wanted in zip(frames, expected, strict=True):
                assert_near(found, wanted, 1e-4)  # of three one is encoded singly, whose products round otherwise


def test_the_embedded_network_answers_as_on_a_cpu(embedded, film):
    """Poses and points of a walk in float32, segments included."""
    here, there = (Reconstructor(network, make_rule('ttt3r'), policy=Interval(16)) for network in embedded)
    for image in film:
        expected, found = here.step(image), there.step(image)
        np.testing.assert_allclose(found.pose, expected.pose, atol=1e-3)
        assert off(torch.from_numpy(found.points), torch.from_numpy(expected.points)) < 1e-3
    assert there.segment == here.segment == 1
    assert np.linalg.norm(expected.pose[:3, 3]) > 0.3


@pytest.mark.parametrize('to_the_device', [False, True])
@pytest.mark.parametrize('rule', ['ttt3r', 'filt3r', 'ttsa3r+memix'])
def test_a_state_goes_on_on_the_other(embedded, film, rule, to_the_device):
    """Saved on a GPU it goes on on a CPU, and the reverse, with the same answers."""
    networks = embedded if to_the_device else embedded[::-1]
    one, other = (Reconstructor(network, make_rule(rule), keyframes=2) for network in networks)
    for image in film[:5]:
        one.step(image)
    one.reset()
    one.step(film[5])
    other.restore(one.snapshot())
    for image in film[6:10]:
        assert_near(other.step(image), one.step(image), 1e-3)
    assert {value.device.type for value in (other._recurrence.memory.state, *other._recurrence.memory.rule.values())
            } == {networks[1].device.type}
    assert other.segment == 1


def test_a_view_is_asked_for_as_on_a_cpu(film):
    """Of a network that has a ray-map encoder, in between recorded frames, which it changes nothing of."""
    here, there, unasked = (Reconstructor(load_network('untrained', device, 'float32').network, make_rule('ttt3r'))
                            for device in ('cpu', DEVICE, DEVICE))
    for image in film[:6]:
        pose = here.step(image).pose
        found = there.step(image)
        assert_near(found, unasked.step(image), 1e-6)
        views = [one.query(pose, pinhole(100.0, (96, 128))) for one in (here, there)]
        assert off(*(torch.from_numpy(view.points) for view in views[::-1])) < 1e-3
        assert off(*(torch.from_numpy(view.confidence) for view in views[::-1])) < 1e-3


def test_images_and_answers_are_the_same_on_both_sides(film):
    """Up go bytes and come out as on a CPU, down come numbers as they lie there, each with its shape."""
    for images in (film[:1], film[:3]):
        expected = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).double() / 255 * 2 - 1
        for device in (DEVICE, torch.device('cpu')):
            torch.testing.assert_close(upload(images, device).cpu().double(), expected, rtol=0, atol=1e-6)
    values = [torch.arange(6.0).view(2, 3), torch.tensor([True, False]), torch.tensor([0.5], dtype=torch.bfloat16)]
    for found, value in zip(download(*(value.to(DEVICE) for value in values)), values, strict=True):
        assert found.dtype == np.float32 and np.array_equal(found, value.float().numpy())
    first, = download(values[0].to(DEVICE))
    kept = first.copy()
    download(100 + values[0].to(DEVICE))
    assert np.array_equal(first, kept)


@pytest.mark.parametrize('size', [(480, 640), (2160, 3840), (640, 480), (97, 131), (1000, 300)])
def test_images_are_resized_to_pillows_bytes(size):
    """On several streams and with the device at work, many at once, TF32 allowed or not; more sizes than matrices are
    kept, and what is waited for is the image alone."""
    count = 2 if max(size) > 2000 else KEPT // 2 + 2
    plans = [PixelMap.plan(size[0] + k, size[1], ModelConfig()) for k in range(count)]
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (*plan.original, 3), np.uint8) for plan in plans]
    expected = [plan.by_pillow(image) for plan, image in zip(plans, images)]
    assert all(_makes_the_same(plan, DEVICE) for plan in plans) == (size[0] <= 2 * size[1])
    before = torch.backends.cuda.matmul.allow_tf32
    for allowed in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = allowed
        try:
            resized = []
            for turn, (plan, image) in enumerate(zip(plans * 2, images * 2)):
                stream = torch.cuda.Stream(DEVICE) if ON_A_GPU and turn % 2 else None
                with torch.cuda.stream(stream):
                    resized.append(resize(image, plan, DEVICE))
            for one, wanted in zip(resized, expected * 2, strict=True):
                assert np.array_equal(one.on_host(), wanted)
                assert np.array_equal(one.pixels.cpu().numpy(), wanted)
        finally:
            torch.backends.cuda.matmul.allow_tf32 = before


def test_the_median_is_numpys(embedded, film):
    """To the bit, computed on the device."""
    reconstructor = Reconstructor(embedded[1], make_rule('ttt3r'))
    for image in film[:6]:
        frame = reconstructor.step(image)
        assert frame.confidence_median == float(np.median(frame.confidence))
        made = frame.pixel_map.by_pillow if ON_A_GPU else frame.pixel_map.apply
        assert np.array_equal(frame.image, made(image))


def test_memory_stays_what_it_is_over_many_frames(embedded, film):
    """300 frames, with resets and images of two sizes, take no more than the first ones of each."""
    reconstructor = Reconstructor(embedded[1], make_rule('ttt3r'), policy=Interval(16), keyframes=2)
    shown = [film, [image[:, :96].copy() for image in film]]

    def step(frames):
        for turn in frames:
            reconstructor.step(shown[turn // 50 % 2][turn % len(film)])

    step(range(120))
    before = held()
    step(range(120, 420))
    assert held() - before <= SLACK


def test_memory_of_networks_that_are_gone_is_given_back(film):
    """Loaded, stepped until all is recorded, and dropped, five times."""
    held_after = []
    for _ in range(6):
        reconstructor = Reconstructor(load_network('embedded', DEVICE, 'float32').network, make_rule('ttt3r'))
        for turn in range(6):
            reconstructor.step(film[turn], lambda turn=turn: film[turn + 1])
        assert_recorded(reconstructor._recurrence)
        del reconstructor
        held_after.append(held())
    assert held_after[-1] - held_after[0] <= SLACK, held_after


def test_networks_in_two_threads_do_not_meet(film):
    """Two at once on one device, both recording, answer as each does alone."""
    def answers(images):
        one = Reconstructor(load_network('embedded', DEVICE, 'float32').network, make_rule('ttt3r'))
        frames = [one.step(image) for image in images]
        assert_recorded(one._recurrence)
        return frames

    films = [film, film[::-1]]
    expected, found = [answers(images) for images in films], {}
    threads = [threading.Thread(target=lambda k=k, images=images: found.update({k: answers(images)}))
               for k, images in enumerate(films)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, frames in enumerate(expected):
        for a, b in zip(found[k], frames, strict=True):
            assert_near(a, b, 1e-5)


@pytest.mark.skipif(any(importlib.util.find_spec(name) is None for name in ('mcap', 'rosbags', 'zstandard')),
                    reason='`ttt3r run` needs mcap, rosbags and zstandard')
def test_the_command_runs_on_the_device(film, tmp_path):
    """`ttt3r run --device`: a folder of images, to files, and the path of a CPU."""
    (tmp_path / 'images').mkdir()
    for number, image in enumerate(film[:12]):
        cv2.imwrite(str(tmp_path / 'images' / f'{number:03d}.png'), image[..., ::-1])
    paths = []
    for device in ('cpu', str(DEVICE)):
        out = tmp_path / f'on_{device}_{len(paths)}'
        done = subprocess.run([sys.executable, ROOT / 'scripts/ttt3r', 'run', tmp_path / 'images', '--out', out,
                               '--device', device, '--precision', 'float32', '--export', 'tum,frames'],
                              env={**os.environ, 'PYTHONPATH': str(ROOT)}, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        assert 'stay slower' not in done.stderr and 'other answers' not in done.stderr
        assert len(list((out / 'depth').iterdir())) == 12
        paths.append(np.loadtxt(out / 'trajectory_tum.txt'))
    assert paths[1].shape == (12, 8)
    np.testing.assert_allclose(paths[1], paths[0], atol=1e-3)
