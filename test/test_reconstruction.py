# SPDX-License-Identifier: Apache-2.0
"""The reconstructor: frames, segments, snapshots, queries, and what it refuses."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial.transform import Rotation

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.model.network import Network, RayMapError
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.model.update_rules import RULES, make_rule
from ttt3r_ros.reconstruction import eye as eye_module
from ttt3r_ros.reconstruction.ahead import Ahead
from ttt3r_ros.reconstruction.intrinsics import focal_length, pinhole, ray_map
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.reconstructor import CannotReset, Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.reconstruction.snapshot import SnapshotError
from ttt3r_ros.reconstruction.together import together
from ttt3r_ros.reconstruction.tracking import TrackingMonitor
from ttt3r_ros.reconstruction.trajectory import Boundary, Similarity, chain, relative_scale
from ttt3r_ros.reconstruction.transfer import download, upload


@pytest.fixture(scope='module')
def network():
    """The small network with its fixed random weights."""
    return load_network('untrained').network


@pytest.fixture
def images():
    """Eight images of a drifting pattern."""
    v, u = np.mgrid[:72, :96] / 96
    return [(127 + 90 * np.stack([np.sin(9 * u + 0.2 * i), np.sin(7 * v - 0.2 * i), np.sin(8 * (u + v))], -1)
             ).astype(np.uint8) for i in range(8)]


def reconstruct(network, images, rule='ttt3r', **options):
    """Return the frames of a fresh reconstructor."""
    reconstructor = Reconstructor(network, make_rule(rule), **options)
    return [reconstructor.step(image) for image in images]


def same(a, b) -> bool:
    """Say whether two frames are equal to the bit."""
    return all(np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
               for name in ('pose', 'points', 'confidence', 'intrinsics')) and a.segment == b.segment


@pytest.mark.parametrize(('height', 'width', 'resized', 'size'), [
    (480, 640, (384, 512), (384, 512)), (720, 1280, (288, 512), (288, 512)), (1000, 1000, (512, 512), (384, 512)),
    (640, 480, (512, 384), (512, 384)), (294, 518, (291, 512), (288, 512)), (120, 160, (384, 512), (384, 512))])
def test_published_input_sizes(height, width, resized, size):
    """The long side becomes 512, the rest is cut to whole patches about the middle, a square to 4:3."""
    plan = PixelMap.plan(height, width, PRESETS['cut3r_512_dpt_4_64'])
    assert (plan.resized, plan.size) == (resized, size)
    assert plan.top == resized[0] // 2 - size[0] // 2 and plan.left == resized[1] // 2 - size[1] // 2


def test_square_input_size():
    """The 224 preset cuts a centred square out of the image whose short side is 224."""
    plan = PixelMap.plan(480, 640, PRESETS['cut3r_224_linear_4'])
    assert (plan.resized, plan.size, plan.left) == ((224, 299), (224, 224), 149 - 112)


def test_resizing_kernels():
    """Shrinking is Lanczos, to 1 of 255, and enlarging bicubic, as Pillow does them."""
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    enlarged = PixelMap.plan(120, 160, PRESETS['cut3r_512_dpt_4_64']).apply(image)
    np.testing.assert_array_equal(enlarged, np.asarray(Image.fromarray(image).resize((512, 384), Image.BICUBIC)))
    shrunk = PixelMap.plan(120, 160, PRESETS['small']).apply(image)
    expected = np.asarray(Image.fromarray(image).resize((128, 96), Image.LANCZOS))
    np.testing.assert_allclose(shrunk.astype(int), expected, atol=1)
    tensor = upload([np.array([[[0, 255, 51]]], np.uint8)], torch.device('cpu'))
    np.testing.assert_allclose(tensor[0, :, 0, 0], [-1, 1, -0.6], atol=1e-6)


def test_intrinsics_go_back_to_the_camera():
    """A point seen by the model's camera is seen by the original one where the image was resized and cut from."""
    plan = PixelMap.plan(294, 518, PRESETS['cut3r_512_dpt_4_64'])
    model = pinhole(400.0, plan.size)
    original = plan.to_original(model)
    point = np.array([0.3, -0.2, 2.0])
    u, v, _ = model @ point / point[2]
    rows, cols = plan.resized
    expected = ((u + plan.left + 0.5) * 518 / cols - 0.5, (v + plan.top + 0.5) * 294 / rows - 0.5)
    np.testing.assert_allclose((original @ point / point[2])[:2], expected)


def test_focal_length_of_an_exact_pinhole_with_outliers():
    """Points of a pinhole camera give its focal length, a tenth of them wild notwithstanding."""
    rng = np.random.default_rng(1)
    height, width, focal = 48, 64, 70.0
    v, u = np.mgrid[:height, :width]
    depth = rng.uniform(1, 5, (height, width))
    points = np.stack(((u - width // 2) / focal * depth, (v - height // 2) / focal * depth, depth), -1)
    wild = rng.random((height, width)) < 0.1
    points[wild, :2] += rng.normal(size=(wild.sum(), 2)) * 3
    assert float(focal_length(torch.from_numpy(points))) == pytest.approx(focal, rel=0.01)
    assert np.isnan(float(focal_length(torch.zeros(4, 4, 3))))
    exact = np.stack(((u - width // 2) / focal, (v - height // 2) / focal, np.ones((height, width))), -1)
    exact[::2, ::2] = 0  # no point at all says nothing, rather than something wrong
    assert float(focal_length(torch.from_numpy(exact))) == pytest.approx(focal, rel=1e-6)


def test_ray_map_is_the_position_at_depth_one():
    """The direction channels are the normalised world position of the point at depth 1, pixels whole."""
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler('y', 90, degrees=True).as_matrix()
    pose[:3, 3] = 1, 2, 3
    rays = ray_map(pose, pinhole(10.0, (16, 32)), (16, 32))
    point = np.array([(5 - 16) / 10, (3 - 8) / 10, 1])
    expected = pose[:3, :3] @ point + pose[:3, 3]
    np.testing.assert_allclose(rays[3, 5, 3:], expected / np.linalg.norm(expected), rtol=1e-6)
    np.testing.assert_array_equal(rays[3, 5, :3], [1, 2, 3])


def test_every_rule_runs_the_same_step(network, images):
    """Each rule answers every frame; the first frame does not depend on the rule, later ones do."""
    frames = {rule: reconstruct(network, images, rule) for rule in [*RULES, 'ttt3r+memix']}
    first = frames['cut3r'][0]
    assert all(same(f[0], first) and f[0].gate.low == 1 for f in frames.values())
    later = np.array([f[-1].pose[:3, 3] for f in frames.values()])
    assert len(np.unique(later.round(12), axis=0)) == len(frames)
    assert [f.index for f in frames['ttt3r']] == list(range(8))
    assert frames['cut3r'][3].gate.mean == 1 and frames['constant'][3].gate.mean == pytest.approx(0.35)


def test_a_frame_is_a_rigid_pose_and_finite_points(network, images):
    """Poses are rigid float64 matrices, points and confidence have the model image's shape, confidence is above 1."""
    for frame in reconstruct(network, images):
        assert frame.pose.dtype == np.float64 and frame.pose.shape == (4, 4)
        np.testing.assert_allclose(frame.pose[:3, :3] @ frame.pose[:3, :3].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(frame.pose) == pytest.approx(1) and (frame.pose[3] == [0, 0, 0, 1]).all()
        assert frame.points.shape == (*frame.confidence.shape, 3) == frame.image.shape
        assert np.isfinite(frame.points).all() and (frame.confidence > 1).all()


def test_the_rule_changes_between_frames(network, images):
    """A rule set between two frames governs the next one."""
    reconstructor = Reconstructor(network, make_rule('cut3r'))
    for image in images[:3]:
        assert reconstructor.step(image).gate.mean == 1
    reconstructor.rule = make_rule('constant', {'constant.share': 0.5})
    assert reconstructor.step(images[3]).gate.mean == 0.5


@pytest.mark.parametrize('wrong', [
    np.zeros((4, 4), np.uint8), np.zeros((64, 64, 4), np.uint8), np.zeros((64, 64, 3), np.float32),
    np.zeros((0, 64, 3), np.uint8), np.zeros((2, 900, 3), np.uint8), [[1, 2, 3]], None])
def test_wrong_images_are_refused(network, images, wrong):
    """What is no colour image raises ValueError and leaves the memory as it was."""
    tried, clean = (Reconstructor(network, make_rule('ttt3r')) for _ in range(2))
    assert same(tried.step(images[0]), clean.step(images[0]))
    with pytest.raises(ValueError, match='image'):
        tried.step(wrong)
    assert same(tried.step(images[1]), clean.step(images[1]))


def test_a_non_finite_prediction_leaves_everything_as_it_was(images):
    """A NaN in the pose raises, writes nothing and counts no frame; the next good frame is as if it never came."""
    network = load_network('untrained').network
    tried, clean = (Reconstructor(network, make_rule('filt3r')) for _ in range(2))
    for image in images[:3]:
        tried.step(image), clean.step(image)
    bias = network.downstream_head.pose_head.mlp.fc2.bias
    good = bias.clone()
    bias[0] = np.nan
    before = tried.snapshot()
    with pytest.raises(NonFinitePrediction, match='pose'):
        tried.step(images[3])
    with pytest.raises(CannotReset):
        tried.reset()
    assert tried.snapshot() == before
    bias.copy_(good)
    assert same(tried.step(images[4]), clean.step(images[4]))


@pytest.mark.parametrize(('interval', 'failing', 'does'), [
    (9, 1, lambda one, image: one.reset()), (4, 1, lambda one, image: one.step(image)),
    (4, 2, lambda one, image: one.step(image))], ids=['reset', 'reset that is due', 'after it'])
def test_a_device_that_fails_leaves_everything_as_it_was(network, images, monkeypatch, interval, failing, does):
    """Full at the one look or the other: who goes on, as after a service's request, or saves, does so with the memory
    of before. An emptied one put the robot back to where its segment began."""
    tried, clean = (Reconstructor(network, make_rule('filt3r'), policy=Interval(interval), keyframes=2)
                    for _ in range(2))
    for image in images[:4]:
        tried.step(image), clean.step(image)
    before, looks, look = tried.snapshot(), [], eye_module.Eye.look_each

    def full(self, requests):
        looks.append(requests)
        if len(looks) == failing:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory')
        return look(self, requests)

    monkeypatch.setattr(eye_module.Eye, 'look_each', full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        does(tried, images[4])
    assert len(looks) == failing and tried.snapshot() == before
    assert same(tried.step(images[4]), clean.step(images[4]))


def test_a_device_that_fails_where_a_segment_begins_leaves_everything_as_it_was(network, images, monkeypatch):
    """A camera that was lost: the memory that becomes a keyframe is that of before, not the emptied one."""
    tried = Reconstructor(network, make_rule('ttt3r'), monitor=TrackingMonitor())
    tried.step(images[0])
    for _ in range(2):
        tried.step(np.zeros_like(images[0]))
    before = tried.snapshot()

    def full(self, requests):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory')

    monkeypatch.setattr(eye_module.Eye, 'look_each', full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        tried.step(images[1])
    assert tried.snapshot() == before


@pytest.mark.parametrize('alignment', ['sim3', 'se3'])
def test_a_reset_chains_the_segments_at_their_common_frame(network, images, alignment):
    """After a reset the last frame, decoded again, keeps its pose exactly, and scale follows the alignment."""
    reconstructor = Reconstructor(network, make_rule('ttt3r'), alignment=alignment)
    for image in images[:4]:
        last = reconstructor.step(image)
    reconstructor.reset()
    assert reconstructor.segment == 1

    fresh = Reconstructor(network, make_rule('ttt3r'))
    again, after = fresh.step(images[3]), fresh.step(images[4])
    frame = reconstructor.step(images[4])
    scale = frame.scale
    assert (scale == 1) if alignment == 'se3' else (scale != 1 and 0.2 < scale < 5)
    # The new segment's own motion, scaled, carries on from the last pose.
    motion = np.linalg.inv(again.pose) @ after.pose
    motion[:3, 3] *= scale
    np.testing.assert_allclose(frame.pose, last.pose @ motion, atol=1e-6)
    np.testing.assert_allclose(frame.points, after.points * np.float32(scale), rtol=1e-6)
    assert frame.segment == 1 and frame.index == 4


def test_the_interval_policy_is_a_reset_after_that_many_frames(network, images):
    """Resetting every four frames is what calling reset after each four (the boundary counted) does."""
    automatic = reconstruct(network, images, policy=Interval(4))
    manual = Reconstructor(network, make_rule('ttt3r'))
    for i, image in enumerate(images):
        if i in (4, 7):  # a segment after the first holds its boundary frame and three more
            manual.reset()
        assert same(automatic[i], manual.step(image))
    assert [f.segment for f in automatic] == [0] * 4 + [1] * 3 + [2]


def test_reset_before_the_first_frame_does_nothing(network, images):
    """There is nothing to forget."""
    reconstructor = Reconstructor(network, make_rule('ttt3r'))
    reconstructor.reset()
    assert reconstructor.segment == 0 and reconstructor.step(images[0]).segment == 0


def random_rigid(rng) -> np.ndarray:
    """Return a random rigid transform (4, 4)."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.random(random_state=rng).as_matrix()
    matrix[:3, 3] = rng.normal(size=3)
    return matrix


def test_relative_scale_ignores_what_is_not_trusted():
    """The scale between two views of the same points is found though a third of them, of low confidence, lie."""
    rng = np.random.default_rng(2)
    points = rng.uniform(1, 4, (20, 30, 3))
    wrong = rng.random((20, 30)) < 0.33
    other = points / 1.7
    other[wrong] *= 3
    confidence = np.where(wrong, 1.0, 4.0)
    old, new = Boundary(np.eye(4), points, confidence), Boundary(np.eye(4), other, confidence)
    assert relative_scale(old, new) == pytest.approx(1.7, rel=1e-3)


def test_chained_similarities_place_and_take_back():
    """Over many boundaries, the shared frame stays where it was, and take_back undoes place."""
    rng = np.random.default_rng(3)
    path = Similarity()
    for _ in range(5):
        points, confidence = rng.uniform(1, 4, (6, 8, 3)), rng.uniform(1, 5, (6, 8))
        old = Boundary(random_rigid(rng), points, confidence)
        new = Boundary(random_rigid(rng), points / rng.uniform(0.5, 2), confidence)
        following = chain(path, old, new, 'sim3')
        np.testing.assert_allclose(following.place(new.pose), path.place(old.pose), atol=1e-12)
        path = following
        pose = random_rigid(rng)
        np.testing.assert_allclose(path.take_back(path.place(pose)), pose, atol=1e-12)


@pytest.mark.parametrize('rule', ['ttt3r', 'filt3r', 'ttsa3r+memix'])
def test_a_snapshot_goes_on_where_it_was_taken(network, images, rule):
    """A second reconstructor restored from bytes gives the same frames, resets included, and bytes of constant size."""
    one = Reconstructor(network, make_rule(rule))
    for image in images[:3]:
        one.step(image)
    one.reset()
    data = one.snapshot()
    two = Reconstructor(network, make_rule(rule))
    two.restore(data)
    for image in images[3:5]:
        assert same(one.step(image), two.step(image))
    one.reset(), two.reset()
    assert same(one.step(images[6]), two.step(images[6]))
    assert abs(len(one.snapshot()) - len(data)) < 1024
    empty = Reconstructor(network, make_rule(rule))
    two.restore(empty.snapshot())
    assert same(two.step(images[0]), empty.step(images[0]))


def test_snapshots_that_do_not_fit_are_refused(network, images):
    """Truncated, foreign and other weights' bytes raise SnapshotError, and the reconstruction goes on as it was."""
    reconstructor, clean = (Reconstructor(network, make_rule('ttt3r')) for _ in range(2))
    reconstructor.step(images[0]), clean.step(images[0])
    data = reconstructor.snapshot()
    other = load_network('untrained').network
    other.register_tokens.weight += 1
    foreign = Reconstructor(other, make_rule('ttt3r'))
    for bad in (b'', b'nonsense', data[:100], data[:-10], foreign.snapshot()):
        with pytest.raises(SnapshotError):
            reconstructor.restore(bad)
    assert same(reconstructor.step(images[1]), clean.step(images[1]))


def test_a_snapshot_from_before_ray_map_is_read(network, images):
    """Its configuration lacks the field: it fits a network with a ray-map encoder, and none without."""
    config, whole = network.config, Reconstructor(network, make_rule('ttt3r'))
    whole.step(images[0])
    now = whole.snapshot()
    field = json.dumps(', "ray_map": true')[1:-1].encode()  # as it stands in JSON in JSON
    assert config.ray_map and now.count(field) == 1
    length = int.from_bytes(now[:8], 'little') - len(field)
    before = length.to_bytes(8, 'little') + now[8:].replace(field, b'')
    whole.restore(before)
    assert whole.snapshot() == now
    lean = Network(replace(config, ray_map=False)).for_inference()
    lean.load_state_dict({name: value for name, value in network.state_dict().items() if 'ray_map' not in name})
    with pytest.raises(SnapshotError, match='other weights'):
        Reconstructor(lean, make_rule('ttt3r')).restore(before)


def test_without_a_ray_map_encoder_no_view_can_be_asked_for(network, images):
    """The refusal comes at once, before the first frame too: no image would help."""
    lean = Reconstructor(Network(replace(network.config, ray_map=False)).for_inference(), make_rule('ttt3r'))
    for image in images[:2]:
        with pytest.raises(RayMapError, match='no ray-map encoder'):
            lean.query(np.eye(4), pinhole(100, (96, 128)))
        lean.step(image)


def test_a_query_writes_nothing_and_knows_the_path(network, images):
    """Asking about a view changes no later frame, and after a reset the question is put in the segment's own world."""
    asked, clean = (Reconstructor(network, make_rule('ttt3r')) for _ in range(2))
    with pytest.raises(ValueError, match='no frame'):
        asked.query(np.eye(4), pinhole(100, (96, 128)))
    for image in images[:4]:
        frame = asked.step(image)
        clean.step(image)
    view = asked.query(frame.pose, pinhole(100.0, (96, 128)))
    assert view.points.shape == frame.points.shape and np.isfinite(view.points).all()
    near = frame.pose.copy()
    near[:3, 3] += 0.5
    assert not np.array_equal(asked.query(near, pinhole(100.0, (96, 128))).points, view.points)
    assert asked.query(near, pinhole(50.0, (48, 64)), (48, 64)).confidence.shape == (48, 64)
    with pytest.raises(ValueError, match='16'):
        asked.query(near, pinhole(50.0, (50, 64)), (50, 64))
    assert same(asked.step(images[4]), clean.step(images[4]))

    clean.reset()
    fresh = Reconstructor(network, make_rule('ttt3r'))
    boundary = fresh.step(images[4])
    here = clean.query(clean.step(images[5]).pose, pinhole(100.0, (96, 128)))
    there = fresh.query(fresh.step(images[5]).pose, pinhole(100.0, (96, 128)))
    ratio = np.linalg.norm(here.points, axis=-1) / np.linalg.norm(there.points, axis=-1)
    assert boundary.segment == 0
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-3)


def test_memory_does_not_grow_with_frames(network, images):
    """After seventy frames as many tensors live as after ten."""
    reconstructor = Reconstructor(network, make_rule('ttsa3r+memix'), policy=Interval(7))

    def living() -> tuple[int, int]:
        gc.collect()
        tensors = [o for o in gc.get_objects() if issubclass(type(o), torch.Tensor)]
        return len(tensors), sum(t.numel() for t in tensors)

    for i in range(10):
        reconstructor.step(images[i % 8])
    early = living()
    for i in range(60):
        reconstructor.step(images[i % 8])
    assert living() == early


def test_wrong_options_are_refused(network):
    """An unknown alignment is named."""
    with pytest.raises(ValueError, match='affine'):
        Reconstructor(network, make_rule('ttt3r'), alignment='affine')


@pytest.mark.parametrize('rule', [*RULES, 'ttt3r+memix'])
def test_a_step_waits_for_the_device_once(monkeypatch, rule):
    """All that a step tells comes in one download: on the meta device, whose values nobody can read, there is no other
    way to them, resets included."""
    downloads = []

    def answered(*values):
        assert all(value.is_meta for value in values)
        downloads.append(len(values))
        return [np.full(value.shape, 1, np.float32) for value in values]

    monkeypatch.setattr(eye_module, 'download', answered)
    with torch.device('meta'):
        network = Network(PRESETS['small']).for_inference()
    reconstructor = Reconstructor(network, make_rule(rule))
    for count in range(1, 4):
        reconstructor.step(np.zeros((96, 128, 3), np.uint8))
        assert len(downloads) == count
    reconstructor.reset()
    assert len(downloads) == 4


@pytest.mark.parametrize('wrong', [None, np.zeros((0, 8, 3), np.uint8), np.zeros((8, 8), np.uint8),
                                   np.zeros((6, 640, 3), np.uint8)])
def test_an_image_begun_early_gives_the_same_answer(network, images, monkeypatch, wrong):
    """Each image is encoded once, before its step, and answered to the bit as ever; one that is broken, of another size
    or never stepped changes nothing."""
    expected = reconstruct(network, images, policy=Interval(3))
    monkeypatch.setattr(Ahead, 'pays', True)
    reconstructor, encoded = Reconstructor(network, make_rule('ttt3r'), policy=Interval(3)), []
    encode = reconstructor._eye.encode
    monkeypatch.setattr(reconstructor._eye, 'encode', lambda given, of: encoded.extend(given) or encode(given, of))
    upcoming = [images[1], images[2], wrong, images[0], images[5], images[6][:40], images[7], None]
    frames, counts = [], []
    for image, after in zip(images, upcoming, strict=True):
        before = len(encoded)
        frames.append(reconstructor.step(image, lambda after=after: after))
        counts.append(len(encoded) - before)
    assert all(same(a, b) for a, b in zip(frames, expected, strict=True))
    resets = np.diff([frame.segment for frame in frames], prepend=0)  # each encodes its last image again
    assert resets.sum() >= 2 and (counts - resets).tolist() == [2, 1, 0, 2, 2, 0, 2, 0]


@pytest.mark.parametrize('ahead', [False, True])
def test_images_resized_on_the_device_give_the_same_answers(network, monkeypatch, ahead):
    """As on CUDA: the model's image, the confidence's median and the poses, of one camera and of three, resets, which
    come with the last image from the host, in one batch with them."""
    frames, rng = {}, np.random.default_rng(0)
    films = [[rng.integers(0, 255, (72 + 8 * k, 100 + 9 * k, 3), np.uint8) for _ in range(6)] for k in range(3)]
    monkeypatch.setattr(Ahead, 'pays', ahead)
    resize, resized = eye_module.resize, []
    monkeypatch.setattr(eye_module, 'resize', lambda *given: resized.append(given) or resize(*given))
    for device in (False, True):
        monkeypatch.setattr(eye_module, 'pays', lambda _, device=device: device)
        alone, *robots = (Reconstructor(network, make_rule('ttt3r'), policy=Interval(3 + k), monitor=TrackingMonitor())
                          for k in range(4))
        frames[device] = [alone.step(*shown) for shown in zip(films[0], [lambda i=i: i for i in films[0][1:]] + [None])]
        for images in zip(*films):
            frames[device] += together([one.stepping(image) for one, image in zip(robots, images)])
    assert len(resized) == 4 * 6
    for found, expected in zip(frames[True], frames[False], strict=True):
        assert np.array_equal(found.image, expected.image) and found.segment == expected.segment
        assert found.confidence_median == np.median(found.confidence)
        np.testing.assert_allclose(found.pose, expected.pose, atol=1e-5)
        np.testing.assert_allclose(found.points, expected.points, rtol=1e-4, atol=1e-5)
    assert any(frame.segment for frame in frames[True])


@pytest.mark.parametrize('count', [1, 2, 7, 3072])
def test_the_median_on_the_device_is_numpys(count):
    """To the bit, of even and odd counts, equal values among them, and of fewer bits."""
    rng = np.random.default_rng(count)
    values = [torch.from_numpy(1 + rng.exponential(3, (1, 1, count)).astype(np.float32)) for _ in range(2)]
    values.append(values[0].round().bfloat16())
    steps = [SimpleNamespace(prediction=SimpleNamespace(confidence=value)) for value in values]
    assert eye_module._medians(steps).tolist() == [float(np.median(value.float().numpy())) for value in values]


def test_warming_up_leaves_no_trace(network, images):
    """A reconstructor that has seen blank images answers as one that has not."""
    reconstructor = Reconstructor(network, make_rule('ttt3r'))
    reconstructor.warm_up((48, 64), 3)
    frames = [reconstructor.step(image) for image in images]
    assert all(same(a, b) for a, b in zip(frames, reconstruct(network, images), strict=True))
    assert [frame.index for frame in frames] == list(range(len(images)))


def test_a_refused_image_ends_no_segment(network, images):
    """A reset that is due waits for an image that can be answered."""
    reconstructor = Reconstructor(network, make_rule('ttt3r'), policy=Interval(2))
    for image in images[:2]:
        reconstructor.step(image)
    for _ in range(2):
        with pytest.raises(ValueError, match='narrow'):
            reconstructor.step(np.zeros((6, 640, 3), np.uint8))
    assert reconstructor.segment == 0
    assert reconstructor.step(images[2]).segment == 1


def test_a_cpu_does_not_ask_for_the_next_image(network, images):
    """It would only answer this one later."""
    Reconstructor(network, make_rule('ttt3r')).step(images[0], lambda: pytest.fail('asked'))


def test_a_download_is_one_array_in_the_order_given():
    """Each value comes back in float32 with its shape, and all share one transfer's memory."""
    values = torch.arange(6.).reshape(2, 3), torch.tensor(7.5), torch.tensor([True, False]), torch.zeros(0, 2)
    found = download(*values)
    assert [a.shape for a in found] == [(2, 3), (), (2,), (0, 2)] and {a.dtype for a in found} == {np.dtype('f4')}
    for array, value in zip(found, values, strict=True):
        np.testing.assert_array_equal(array, value.float().numpy())
    assert all(a.base is found[0].base for a in found)
