# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from training.footage import FRAME, SIZE
from training.loop import CONFIG, TRAINED, Trainer, initialise, unroll
from training.losses import ALPHA, Truth, losses
from training.sampling import Sampler
from ttt3r_ros.model.heads import Prediction
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.synthetic import World

CPU = torch.device('cpu')
FRAMES = 24


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Two worlds of a few frames, in training's own form."""
    target = tmp_path_factory.mktemp('footage')
    for seed in (3, 4):
        world = World(seed, FRAMES, SIZE, density=20)
        footage = np.zeros(192, FRAME)  # sampling counts on a world's full length
        for i, (rgb, depth) in enumerate(world.film()):
            footage[i::FRAMES] = (rgb, depth, world.poses[i], world.intrinsics)
        np.save(target / f'{seed}.npy', footage)
    return target


@pytest.fixture(scope='module')
def network():
    torch.manual_seed(0)
    made = Network(CONFIG)
    initialise(made)
    return made.train(False)


def test_the_unrolled_sequence_is_the_robots_own_step(network, folder):
    """Training's batch of sequences gives what Recurrence.step under CUT3R's rule gives image by image."""
    images = Sampler(folder, CPU).draw(np.random.default_rng(0), 2, 4, (2,), 2).images
    with torch.no_grad():
        together = unroll(network, images)
    for sequence in range(2):
        recurrence = Recurrence(network, make_rule('cut3r'))
        for t in range(4):
            alone = recurrence.step(images[sequence, t][None], outputs=TRAINED).prediction
            for name in ('pose', 'points', 'confidence', 'world_points'):
                mine = getattr(together, name)[4 * sequence + t]
                assert torch.allclose(mine, getattr(alone, name)[0], rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize('shrink', [1, 2])
def test_a_batchs_truth_is_one_world(folder, shrink):
    """Points carried by the poses into the first camera are the world points, mirrored or not, and frames agree."""
    batch = Sampler(folder, CPU).draw(np.random.default_rng(1), 12, 3, (1,), shrink)
    truth = batch.truth
    assert batch.images.shape == (12, 3, 3, SIZE[0] // shrink, SIZE[1] // shrink)
    assert batch.images.abs().max() <= 1
    w, x, y, z = truth.pose[..., 3:].unbind(-1)
    assert torch.allclose(truth.pose[:, 0], torch.tensor([0.0, 0, 0, 1, 0, 0, 0]), atol=1e-6) and (w >= 0).all()
    axis, point = torch.stack((x, y, z), -1)[:, :, None, None].expand_as(truth.points), truth.points
    turned = point + 2 * torch.linalg.cross(axis, torch.linalg.cross(axis, point)
                                            + w[:, :, None, None, None] * point)
    assert torch.allclose(turned + truth.pose[:, :, None, None, :3], truth.world_points, atol=1e-4)
    # The second image's world points lie on surfaces that the first image sees: most have a near neighbour there.
    for first, second in zip(truth.world_points[:, 0], truth.world_points[:, 1]):
        near = torch.cdist(second.reshape(-1, 3)[::37], first.reshape(-1, 3)[::3]).min(dim=1).values
        assert (near < 0.3).float().mean() > 0.5


def test_losses_are_least_at_the_truth():
    """At the truth the errors are zero, and a step away from it in any part costs."""
    points = torch.rand(2, 3, 8, 8, 3) + 1
    pose = torch.nn.functional.normalize(torch.rand(2, 3, 7), dim=-1)
    truth = Truth(points, points + 1, pose)
    ones = torch.ones(6, 8, 8)

    def loss(points_off=0.0, world_off=0.0, pose_off=0.0):
        return losses(Prediction(pose.flatten(0, 1) + pose_off, points.flatten(0, 1) + points_off, 2 * ones,
                                 points.flatten(0, 1) + 1 + world_off, 2 * ones), truth)

    right = loss()
    assert float(right.total) == pytest.approx(-2 * ALPHA * np.log(2), abs=1e-5)
    assert max(map(float, (right.points, right.world_points, right.translation, right.rotation))) < 1e-5
    for off in ({'points_off': 0.1}, {'world_off': 0.1}, {'pose_off': 0.1}):
        assert loss(**off).total > right.total + 0.01


def test_training_stopped_and_started_again_is_training(folder, tmp_path):
    """Four updates in one run and two and two in two runs leave the same weights, and the loss of a batch falls."""
    def trainer(name):
        return Trainer(tmp_path / name, Sampler(folder, CPU), CPU, minutes=1e6, learning_rate=1e-3)

    def update(trained, steps):
        for _ in range(steps):
            batch = trained.sampler.draw(np.random.default_rng([trained.step, 6]), 2, 3, (1, 2), 2)
            trained.update(batch)
            trained.step += 1
        return trained

    whole = update(trainer('whole'), 4)
    update(trainer('parts'), 2).save()
    parts = update(trainer('parts'), 2)
    assert parts.step == whole.step == 4
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, parts.network.state_dict()[name]), name
    batch = whole.sampler.draw(np.random.default_rng(0), 4, 2, (1,), 2)
    costs = []
    for _ in range(12):
        costs.append(float(whole.update(batch).total.detach()))
        whole.step += 1
    assert costs[-1] < 0.7 * costs[0]


def test_a_run_ends_when_its_time_is_spent_and_keeps_a_log(folder, tmp_path):
    """A run with no time left changes nothing but writes its checkpoint."""
    trainer = Trainer(tmp_path, Sampler(folder, CPU), CPU, minutes=1, learning_rate=1e-3)
    trainer.seconds = 60.0
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.run(lambda line: None)
    assert (tmp_path / 'training.pt').exists()
    assert all(torch.equal(value, before[name]) for name, value in trainer.network.state_dict().items())
