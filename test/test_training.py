# SPDX-License-Identifier: Apache-2.0
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from processes import assert_they_end, eventually, workers_of
from safetensors.torch import load_file, save_file
from torch import distributed, multiprocessing

from training import command
from training.footage import (
    CRAWL,
    FIRST_ROBOT_SEED,
    HEIGHT,
    SIZE,
    TAKE,
    TAKES,
    render_all,
    render_robot,
    render_world,
)
from training.initialisation import initialise
from training.lessons import Answers, Lessons
from training.loop import CONFIG, TRAINED, Trainer, beginning, configuration, unroll
from training.losses import (
    ALPHA,
    PLAIN_WEIGHT,
    POINTS_WEIGHT,
    RAYS_WEIGHT,
    SEAMS_WEIGHT,
    SHORTEST,
    Truth,
    losses,
    matrices,
    seam_errors,
    shape_errors,
    vectors,
)
from training.motion import FARTHEST, FLOW_UNIT, NEARNESS_UNIT, PARALLAX_UNIT, motion
from training.optimizer import optimizers_of, orthogonal
from training.sampling import Looks, Sampler
from training.stream import Stream
from ttt3r_ros.model.checkpoint import EMBEDDED_FILE
from ttt3r_ros.model.heads import Prediction
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.update_rules import make_rule

CPU = torch.device('cpu')
FRAMES = 24


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Two worlds of a few frames, in training's own form."""
    target = tmp_path_factory.mktemp('footage')
    for seed in (3, 4):
        np.save(target / f'{seed}.npy', render_world(seed, FRAMES, 20))
    return target


@pytest.fixture(scope='module')
def network():
    torch.manual_seed(0)
    made = Network(CONFIG)
    initialise(made)
    return made.train(False)


@pytest.mark.parametrize(('rule', 'gated'), [('cut3r', False), ('ttt3r', True)])
def test_the_unrolled_sequence_is_the_robots_own_step(network, folder, rule, gated):
    """Training's batch of sequences gives what Recurrence.step under the rule gives image by image."""
    images = Sampler(folder, CPU).draw(np.random.default_rng(0), 2, 4, (1,)).images
    with torch.no_grad():
        together, _, _ = unroll(network, images, torch.full((2,), gated), Lessons(CONFIG.dec_dim))
    for sequence in range(2):
        recurrence = Recurrence(network, make_rule(rule))
        for t in range(4):
            alone = recurrence.step(images[sequence, t][None], outputs=TRAINED).prediction
            for name in ('pose', 'points', 'confidence'):
                mine = getattr(together, name)[4 * sequence + t]
                assert torch.allclose(mine, getattr(alone, name)[0], rtol=1e-3, atol=2e-3)


def test_a_batchs_truth_is_one_world(folder):
    """Points carried by the poses into the first camera lie on what the first image sees, mirrored or not."""
    batch = Sampler(folder, CPU).draw(np.random.default_rng(1), 12, 3, (1,))
    truth = batch.truth
    assert batch.images.shape == (12, 3, 3, *SIZE) and batch.images.abs().max() <= 1
    assert torch.allclose(truth.pose[:, 0], torch.tensor([0.0, 0, 0, 1, 0, 0, 0]), atol=1e-6)
    assert (truth.pose[..., 3] >= 0).all()
    world = (matrices(truth.pose[..., 3:])[:, :, None, None] @ truth.points[..., None])[..., 0]
    world = world + truth.pose[:, :, None, None, :3]
    for first, second in zip(world[:, 0], world[:, 1]):
        near = torch.cdist(second.reshape(-1, 3)[::37], first.reshape(-1, 3)[::3]).min(dim=1).values
        assert (near < 0.3).float().mean() > 0.5


def test_a_batch_shows_rooms_in_other_colours(folder, monkeypatch):
    """Each order of red, green and blue is seen, the filmed one most, and nothing else about the colours changes."""
    drawn = Looks.draw
    monkeypatch.setattr(Looks, 'draw', lambda rng, n: replace(drawn(rng, n), gain=np.ones((n, 3)), gamma=np.ones(n)))
    monkeypatch.setattr('training.sampling.MIRRORED', 0)
    sampler = Sampler(folder, CPU)
    footage = np.concatenate([np.load(name)['rgb'] for name in sorted(folder.glob('*.npy'))])
    firsts = sampler.draw(np.random.default_rng(2), 200, 1, (1,)).images[:, 0].permute(0, 2, 3, 1).numpy()
    seen = np.rint((firsts + 1) / 2 * 255).astype(np.uint8)
    orders = [next(order for order in permutations(range(3)) if (footage[..., order] == image).all((1, 2, 3)).any())
              for image in seen]
    assert set(orders) == set(permutations(range(3)))
    assert 0.45 < orders.count((0, 1, 2)) / len(orders) < 0.72  # half, and a sixth of the others


def test_flow_and_parallax_are_those_of_a_plane():
    """A wall seen by a camera that goes sideways, or turns, moves in the image as geometry says."""
    height, width, focal, depth = 32, 48, 40.0, 2.0
    k = torch.tensor([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    v, u = torch.meshgrid(torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing='ij')
    wall = torch.stack((u / focal * depth, v / focal * depth, torch.full_like(u, depth)), -1)
    poses = torch.eye(4).repeat(1, 2, 1, 1)
    poses[0, 1, 0, 3] = 0.1  # to the right
    everywhere = torch.ones(1, 2, height, width, dtype=torch.bool)
    found = motion(wall.expand(1, 2, -1, -1, -1), poses, k[None], everywhere)
    # What lies ahead now lay 0.1 m farther right: 2 pixels, and all of it is parallax.
    pixels = 0.1 * focal / depth
    for got, unit in ((found.flow, FLOW_UNIT), (found.parallax, PARALLAX_UNIT)):
        assert got.shape == (1, 1, 6, 4, 2)
        assert torch.allclose(got[..., 0], torch.tensor(min(pixels / unit, FARTHEST)), atol=1e-4)
        assert got[..., 1].abs().max() < 1e-4
    assert torch.allclose(found.nearness, torch.tensor(1 / depth / NEARNESS_UNIT)) and (found.valid == 1).all()
    angle = 0.05
    poses[0, 1] = torch.eye(4)
    c, s = np.cos(angle), np.sin(angle)
    poses[0, 1, :3, :3] = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    turned = motion(wall.expand(1, 2, -1, -1, -1), poses, k[None], everywhere)
    assert turned.flow[..., 0].mean() * FLOW_UNIT == pytest.approx(focal * angle, rel=0.2)
    assert turned.parallax.abs().max() < 1e-3


def test_losses_are_least_at_the_truth():
    """At the truth the errors are zero, and a step away from it in any part costs."""
    points = torch.rand(2, 3, 48, 64, 3) + 1
    pose = torch.cat((torch.rand(2, 3, 3), torch.nn.functional.normalize(torch.rand(2, 3, 4), dim=-1)), -1)
    poses = torch.eye(4).repeat(2, 3, 1, 1)
    poses[..., :3, :3], poses[..., :3, 3] = matrices(pose[..., 3:]), pose[..., :3]
    intrinsics = torch.tensor([[60.0, 0, 31.5], [0, 60, 23.5], [0, 0, 1]]).repeat(2, 1, 1)
    valid = torch.ones(2, 3, 48, 64, dtype=torch.bool)
    truth = Truth(points, pose, motion(points, poses, intrinsics, valid), valid, torch.zeros(2), pose[:, 0])
    step = torch.linalg.inv(poses[:, :-1]) @ poses[:, 1:]
    told = truth.motion
    patches = torch.cat((told.flow.flatten(-2), told.parallax.flatten(-2), told.nearness), -1)

    def loss(points_off=0.0, pose_off=0.0, lesson_off=0.0, step_off=0.0, confidence=2.0):
        steps = torch.cat((step[..., :3, 3], vectors(step[..., :3, :3])), -1)
        answers = Answers(patches + lesson_off, steps + step_off)
        wrong = pose.flatten(0, 1) + pose_off * torch.tensor([1.0, 1, 1, 0, 0, 0, 0])
        return losses(Prediction(wrong, points.flatten(0, 1) + points_off, confidence * torch.ones(6, 48, 64)), answers,
                      truth)

    right = loss()
    assert max(map(float, (right.points, right.depth, right.translation))) < 1e-4
    assert max(map(float, (right.step_translation, right.rotation, right.step_rotation))) < 1e-2
    assert float(right.total) == pytest.approx(-POINTS_WEIGHT * ALPHA * np.log(2), abs=0.1)
    for off in ({'points_off': 0.1}, {'pose_off': 0.1}, {'lesson_off': 0.3}, {'step_off': 0.1}):
        assert loss(**off).total > right.total + 0.01, off
    # However little it is trusted, a wrong point costs; more so if it is trusted. So does its ray by itself.
    for confidence in (1e-3, 2.0):
        off = loss(points_off=5.0, confidence=confidence)
        assert off.points > 1 and off.rays > 0.1
        costs = (PLAIN_WEIGHT + confidence * POINTS_WEIGHT) * off.points + RAYS_WEIGHT * off.rays
        costs = costs + SEAMS_WEIGHT * off.seams
        assert float(off.total - loss(confidence=confidence).total) == pytest.approx(float(costs), rel=1e-2)


def test_the_first_weights_see_motion(network, folder):
    """Before any training a linear answer to the tokens explains part of the flow, which random weights do not."""
    batch = Sampler(folder, CPU).draw(np.random.default_rng(2), 96, 2, (1,))

    def explained(net):
        tokens = []
        with torch.no_grad():
            unroll(net, batch.images, torch.zeros(96, dtype=torch.bool), lambda middle, pose: tokens.append(middle))
        x = tokens[0].flatten(0, 2)
        y, valid = batch.truth.motion.flow.mean(-2).flatten(0, 2), batch.truth.motion.valid.mean(-1).flatten() == 1
        x, y = torch.cat((x, torch.ones(len(x), 1)), 1)[valid].double(), y[valid].double()
        half = len(x) // 2
        ridge = torch.linalg.solve(x[:half].T @ x[:half] + torch.eye(x.shape[1]), x[:half].T @ y[:half])
        return float(1 - (x[half:] @ ridge - y[half:]).square().mean() / (y[half:] - y[:half].mean(0)).square().mean())

    torch.manual_seed(1)
    assert explained(network) > explained(Network(CONFIG).train(False)) + 0.1


def test_all_that_can_be_asked_is_trained(network, folder):
    """Every weight that any answer depends on learns: what was never trained must not be there to answer."""
    batch = Sampler(folder, CPU).draw(np.random.default_rng(0), 2, 3, (1,))
    prediction, answers, _ = unroll(network, batch.images, torch.tensor([True, False]), Lessons(CONFIG.dec_dim))
    total = losses(prediction, answers, batch.truth).total
    names, weights = zip(*network.named_parameters())
    gradients = torch.autograd.grad(total, weights, allow_unused=True)
    untouched = {name for name, gradient in zip(names, gradients) if gradient is None}
    assert untouched == {'masked_img_token'}  # nothing reads it


def test_the_shape_of_a_path_has_a_scale_but_no_heading():
    """Turned as a whole a path has the same shape; a tenth larger, it is wrong by a tenth of its distances."""
    straight = torch.arange(5.0)[:, None] * torch.tensor([0.3, 0, 0.4])  # 0.5 m a frame
    truth = torch.stack((straight, 2 * straight))
    turned = truth[..., [1, 2, 0]]
    assert shape_errors(turned, truth).abs().max() < 1e-5
    # The mean distance of two of five places in a row is 1.6 steps, the path is 4.
    assert torch.allclose(shape_errors(1.1 * turned, truth), torch.tensor(0.1 * 1.6 / 4), rtol=1e-3)
    standing = torch.zeros(1, 5, 3)
    assert float(shape_errors(straight[None], standing)) == pytest.approx(1.6 * 0.5 / SHORTEST, rel=1e-3)


def test_a_sequence_goes_on_where_its_last_chunk_ended(network, folder):
    """Two chunks with the memory carried are one long sequence; lanes that begin are as if alone."""
    images = Sampler(folder, CPU).draw(np.random.default_rng(3), 2, 8, (1,)).images
    gated, lessons = torch.tensor([True, False]), Lessons(CONFIG.dec_dim)
    with torch.no_grad():
        whole, _, _ = unroll(network, images, gated, lessons)
        first, _, memory = unroll(network, images[:, :4], gated, lessons)
        fresh = torch.tensor([False, True])  # the second lane begins anew
        second, _, _ = unroll(network, images[:, 4:], gated, lessons, beginning(network, fresh, memory))
        anew, _, _ = unroll(network, images[:, 4:], gated, lessons)
    told = whole.pose.unflatten(0, (2, 8))
    assert torch.allclose(first.pose.unflatten(0, (2, 4)), told[:, :4], atol=1e-4)
    assert torch.allclose(second.pose.unflatten(0, (2, 4))[0], told[0, 4:], atol=1e-4)
    assert torch.allclose(second.pose.unflatten(0, (2, 4))[1], anew.pose.unflatten(0, (2, 4))[1], atol=1e-4)
    assert not torch.allclose(told[1, 4:], anew.pose.unflatten(0, (2, 4))[1], atol=1e-2)


def test_chunks_of_a_stream_follow_each_other(folder):
    """A lane's poses are of one sequence: seen from its first frame, the chunk before ending where the next begins."""
    stream, rng = Stream(Sampler(folder, CPU), 5, 4, (1,)), np.random.default_rng(4)
    last, ages = None, []
    for _ in range(12):
        truth = stream.draw(rng).truth
        ages.append(truth.age)
        began = truth.age == 0
        assert torch.allclose(truth.pose[began, 0], torch.tensor([0.0, 0, 0, 1, 0, 0, 0]), atol=1e-5)
        if last is not None:
            assert torch.allclose(truth.before[~began], last[~began], atol=1e-5)
        last = truth.pose[:, -1]
    assert {0, 4, 8, 12} <= set(torch.cat(ages).tolist())


def test_seams_are_what_depth_jumps_by_between_patches():
    """A jump at a patch's border costs its share of the border; the same jump within a patch costs nothing."""
    true = torch.full((1, 1, 32, 48), 2.0)
    valid = torch.ones_like(true, dtype=torch.bool)
    for column, cost in ((16, np.log(1.1) * 32 / (2 * 32 + 48)), (20, 0.0)):
        told = true.clone()
        told[..., column:] *= 1.1
        assert float(seam_errors(told, true, valid, 16)) == pytest.approx(cost, abs=1e-6)
        assert float(seam_errors(told, told, valid, 16)) == 0
    assert float(seam_errors(1.1 * true, true, valid, 16)) == pytest.approx(0, abs=1e-6)
    valid[..., 15] = False
    told = true.clone()
    told[..., 16:] *= 1.1
    assert float(seam_errors(told, true, valid, 16)) == 0


def test_the_step_onto_a_chunk_counts_where_a_sequence_goes_on(folder):
    """A jump from the last pose told to the first of the next chunk costs, unless a sequence begins there."""
    stream, rng = Stream(Sampler(folder, CPU), 3, 4, (1,)), np.random.default_rng(4)
    stream.draw(rng)
    truth = stream.draw(rng).truth
    assert (truth.age > 0).all()
    told = Prediction(truth.pose.flatten(0, 1), truth.points.flatten(0, 1), torch.ones(12, *SIZE))
    answers = Answers(torch.zeros(3, 3, 12, 20), torch.zeros(3, 3, 6))

    def total(before, age):
        return float(losses(told, answers, replace(truth, age=age), before).total)

    jump = truth.before + torch.tensor([0.5, 0, 0, 0, 0, 0, 0])
    assert total(jump, truth.age) > total(truth.before, truth.age) + 1
    assert total(jump, torch.zeros(3)) == pytest.approx(total(truth.before, torch.zeros(3)), rel=1e-6)


def test_what_has_no_truth_costs_nothing(folder, tmp_path):
    """Where depth is 0 the points told, and what moves there, are free; elsewhere they cost as before."""
    film = np.load(next(iter(sorted(folder.glob('*.npy'))))).copy()
    film['depth'][:, :, :32] = 0
    np.save(tmp_path / '1.npy', film)
    batch = Sampler(tmp_path, CPU).draw(np.random.default_rng(0), 2, 3, (1,))
    valid = batch.truth.valid
    assert valid.float().mean() == 0.5
    answers = Answers(torch.zeros(2, 2, 12, 20), torch.zeros(2, 2, 6))

    def total(points):
        return float(losses(Prediction(batch.truth.pose.flatten(0, 1), points.flatten(0, 1), torch.ones(6, *SIZE)),
                            answers, batch.truth).total)

    right = total(batch.truth.points)
    assert total(batch.truth.points + ~valid[..., None]) == pytest.approx(right, rel=1e-6)
    assert total(batch.truth.points + valid[..., None]) > right + 1


def test_training_begins_with_weights_that_were_saved(tmp_path, folder):
    """The embedded weights are taken over to the last tensor, or grown to patches of twice the side; those of another
    shape are refused by name."""
    larger = configuration((96, 128), patch=32)
    kept = load_file(EMBEDDED_FILE)
    mine = _trainer(folder, tmp_path / 'same', weights=EMBEDDED_FILE, config=larger).network.state_dict()
    assert kept and all(torch.equal(mine[name], tensor.float()) for name, tensor in kept.items())
    trainer = _trainer(folder, tmp_path)
    save_file(trainer.network.state_dict(), tmp_path / 'smaller.safetensors')
    grown = _trainer(folder, tmp_path / 'grown', weights=tmp_path / 'smaller.safetensors', config=larger)
    grown.network.downstream_head.deblocking = torch.nn.Identity()  # of larger patches alone
    image = torch.rand(1, 1, 3, 96, 128) * 2 - 1
    small = torch.nn.functional.avg_pool2d(image[0], 2)[None]
    with torch.no_grad():
        before, after = (unroll(t.network, x, torch.tensor([True]), Lessons(CONFIG.dec_dim))[0]
                         for t, x in ((trainer, small), (grown, image)))
    assert torch.allclose(after.pose, before.pose, atol=1e-4)
    assert torch.allclose(after.points[:, 1::2, ::2], before.points, atol=1e-3)
    other = tmp_path / 'other.safetensors'
    save_file({'enc_norm.weight': torch.ones(3)}, other)
    with pytest.raises(RuntimeError, match='enc_norm.weight|another configuration'):
        _trainer(folder, tmp_path / 'new', weights=other)


@pytest.mark.slow
def test_wide_footage_has_films_of_photographs_and_is_not_made_twice(tmp_path):
    """A wide world's films stand side by side, mapped as wide ones; what is whole is left alone."""
    render_all(tmp_path / 'footage', tmp_path / 'none', 0, 0, 1)
    films = sorted((tmp_path / 'footage').glob('*.npy'))
    assert 1 <= len(films) <= TAKES
    stamps = [film.stat().st_mtime_ns for film in films]
    render_all(tmp_path / 'footage', tmp_path / 'none', 0, 0, 1)
    assert [film.stat().st_mtime_ns for film in films] == stamps
    sampler = Sampler(tmp_path / 'footage', CPU)
    assert len(sampler.wide) == len(films) and not sampler.narrow
    footage = sampler.wide[0]
    assert len(footage) == TAKE and footage.rgb.float().std() > 1 and footage.depth.isfinite().all()


def _trainer(footage, target, minutes=1e6, **more):
    return Trainer(target, Sampler(footage, CPU), CPU, minutes=minutes, learning_rate=1e-3, **more)


@pytest.mark.slow
def test_a_robots_film_is_slow_and_low(tmp_path):
    """It stays at its height and goes at most some centimetres from frame to frame; it is drawn from as narrow."""
    film = render_robot(FIRST_ROBOT_SEED, FRAMES, 20)
    height, steps = film['pose'][:, 2, 3], np.linalg.norm(np.diff(film['pose'][:, :3, 3], axis=0), axis=1)
    assert HEIGHT[0] - 0.01 < height.min() and height.max() < HEIGHT[1] + 0.01 and np.ptp(height) < 0.01
    assert 0 < steps.mean() < 2 * CRAWL[1] and (film['depth'][0] > 0).mean() > 0.9
    np.save(tmp_path / f'{FIRST_ROBOT_SEED}.npy', film)
    assert len(Sampler(tmp_path, CPU).narrow) == 1


def test_training_stopped_and_started_again_is_training(folder, tmp_path):
    """Four updates in one run and two and two in two runs leave the same weights, and the loss of a batch falls."""
    gated = np.array([True, False])

    def update(trained, steps):
        for _ in range(steps):
            trained.update(trained.sampler.draw(np.random.default_rng([trained.step, 6]), 2, 3, (1, 2)), gated)
            trained.step += 1
        return trained

    whole = update(_trainer(folder, tmp_path / 'whole'), 4)
    update(_trainer(folder, tmp_path / 'parts'), 2).save()
    parts = update(_trainer(folder, tmp_path / 'parts'), 2)
    assert parts.step == whole.step == 4
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, parts.network.state_dict()[name]), name
    batch = whole.sampler.draw(np.random.default_rng(0), 2, 2, (1,))
    costs = []
    for _ in range(12):
        costs.append(float(whole.update(batch, gated).total.detach()))
        whole.step += 1
    assert costs[-1] < 0.9 * costs[0]


def test_a_run_ends_when_its_time_is_spent_and_keeps_a_log(folder, tmp_path):
    """A run with no time left changes nothing but writes its checkpoint; one with time for a step logs that step."""
    trainer = _trainer(folder, tmp_path, minutes=1, sequences=2)
    trainer.seconds = 60.0
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.run(lambda line: None)
    assert (tmp_path / 'training.pt').exists()
    assert all(torch.equal(value, before[name]) for name, value in trainer.network.state_dict().items())
    trainer.seconds, lines = 59.999, []
    trainer.run(lines.append)
    assert [line['step'] for line in lines] == [trainer.step] == [1]
    assert [json.loads(line) for line in (tmp_path / 'log.jsonl').read_text().splitlines()] == lines


@pytest.mark.heavy
def test_a_larger_network_of_larger_images_trains_in_bfloat16(tmp_path):
    """128×96 pixels, 192 channels, long sequences: finite losses, and the averaged weights follow slowly."""
    footage = tmp_path / 'footage'
    footage.mkdir()
    np.save(footage / '3.npy', render_world(3, FRAMES, 20, (96, 128)))
    trainer = _trainer(footage, tmp_path, config=configuration((96, 128), 192), products=torch.bfloat16)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    stream = Stream(trainer.sampler, 2, 4, (1,))
    for k in range(2):
        loss = trainer.update(stream.draw(np.random.default_rng(k)), np.array([True, False]), follows=True)
        assert all(torch.isfinite(value) for value in vars(loss).values())
    name = 'dec_blocks.0.mlp.fc1.weight'
    moved, followed = (float((net.state_dict()[name] - before[name]).norm()) for net in (trainer.network,
                                                                                         trainer.averaged))
    assert 0 < followed < 0.02 * moved


def _update_in_two(rank, meeting, folder, target, seeds):
    torch.set_num_threads(1)
    distributed.init_process_group('gloo', f'file://{meeting}', rank=rank, world_size=2)
    trainer = _trainer(folder, target)
    trainer.update(trainer.sampler.draw(np.random.default_rng(seeds[rank]), 2, 3, (1,)), np.array([True, False]))
    torch.save(trainer.network.state_dict(), target / f'{rank}.pt')
    trainer.save()
    distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize('seeds', [(5, 5), (5, 6)])
def test_processes_learn_from_the_mean_of_their_batches(folder, tmp_path, seeds):
    """Two processes stay equal; with the same batch they are what one process is, with different ones they are not."""
    multiprocessing.spawn(_update_in_two, (tmp_path / 'meeting', folder, tmp_path, seeds), nprocs=2)
    first, second = (torch.load(tmp_path / f'{rank}.pt', weights_only=True) for rank in (0, 1))
    alone = _trainer(folder, tmp_path / 'alone')
    alone.update(alone.sampler.draw(np.random.default_rng(5), 2, 3, (1,)), np.array([True, False]))
    kept = torch.load(tmp_path / 'training.pt', weights_only=True)['learned']
    name = 'dec_blocks.0.mlp.fc1.weight'
    weights = [w[name] for w in (first, second, alone.network.state_dict())] + [kept[f'network.{name}']]
    assert torch.equal(weights[0], weights[1])
    assert torch.equal(weights[0], weights[3])
    assert torch.allclose(weights[0], weights[2], atol=1e-7) is (seeds[0] == seeds[1])


@pytest.mark.parametrize(('arguments', 'told'), [
    (['--patch', '32'], '64x48.*multiples of --patch, which is 32'), (['--size', '72x48'], '72x48.*which is 16'),
    (['--size', '48x64'], 'not upright')])
def test_images_that_have_no_whole_patches_are_refused_before_rendering(arguments, told, monkeypatch, capsys, tmp_path):
    """The network refused them, or cut other pictures, when hours of rendering were done."""
    monkeypatch.setattr(sys, 'argv', ['training', '--out', str(tmp_path / 'out'), *arguments])
    monkeypatch.setattr(command, '_render', lambda args: pytest.fail('it renders'))
    with pytest.raises(SystemExit):
        command.main()
    assert re.search(told, capsys.readouterr().err, re.DOTALL)


@pytest.mark.slow
def test_training_that_is_killed_leaves_no_process_training_on(folder, tmp_path):
    """Killed in the background: what it started would write into the folder of the run begun after it.

    PyTorch has its processes interrupted then; a shell that starts a job in the background has SIGINT ignored in it.
    """
    shutil.copytree(folder, tmp_path / 'footage')
    arguments = ['--minutes', '9', '--processes', '2', '--sequences', '2', '--worlds', '0', '--robots', '0',
                 '--wide-worlds', '0']
    in_background = ['sh', '-c', 'trap "" INT; exec "$@"', 'sh']
    given = [*in_background, sys.executable, '-m', 'training', '--out', str(tmp_path), *arguments]
    with subprocess.Popen(given, cwd=Path(__file__).parents[1]) as parent:
        try:
            eventually((tmp_path / 'log.jsonl').exists, 120)
            trainers = workers_of(parent.pid)
        finally:
            parent.kill()
    assert len(trainers) == 2
    assert_they_end(trainers)


def test_muon_moves_in_every_direction_alike():
    """A matrix of one strong and many weak directions becomes one of nearly equal ones; a zero stays zero."""
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.linalg.qr(torch.randn(n, 16, generator=generator))[0] for n in (48, 16))
    uneven = left @ torch.diag(torch.logspace(0, -1.5, 16)) @ right.mT
    for matrix in (uneven, uneven.mT):
        values = torch.linalg.svdvals(orthogonal(matrix))
        assert 0.6 < values.min() and values.max() < 1.3
        assert (orthogonal(matrix) * matrix).sum() > 0
    assert torch.equal(orthogonal(torch.zeros(3, 5)), torch.zeros(3, 5))


def test_every_weight_has_one_optimizer(network):
    """Muon has the blocks' matrices, AdamW all else."""
    learned = torch.nn.ModuleDict({'network': network, 'lessons': Lessons(CONFIG.dec_dim)})
    muon, adam = ({id(p) for group in o.param_groups for p in group['params']}
                  for o in optimizers_of(learned, 1e-3))
    assert muon | adam == {id(p) for p in learned.parameters()} and not muon & adam
    assert {id(network.dec_blocks[0].mlp.fc1.weight), id(network.enc_blocks[0].attn.qkv.weight)} <= muon
    assert id(network.downstream_head.proj.fc2.weight) in adam
