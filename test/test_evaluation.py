# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation import clouds
from ttt3r_ros.evaluation.campaign import Plan, lengths, summarise
from ttt3r_ros.evaluation.covariance import Track, judge
from ttt3r_ros.evaluation.trial import SIZE, Outcome, Score, Setting, Trial, depth_errors, near_edges
from ttt3r_ros.model.checkpoint import EMBEDDED_FILE, convert, load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.covariance_fit import Fit, calibration_file, load_fit
from ttt3r_ros.reconstruction.depth import back_project
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.uncertainty import Coefficients, Observation, Uncertainty, UncertaintyError
from ttt3r_ros.reconstruction.weights_profile import load_profile, resolve
from ttt3r_ros.synthetic import World

FRAMES = 20
SCRIPT = Path(__file__).parents[1] / 'scripts' / 'ttt3r'


@pytest.fixture(scope='module')
def untrained():
    return load_network('untrained')


def test_depth_errors_are_zero_at_the_truth_and_what_a_scale_makes_them(untrained):
    """True depth at the model's pixels has no error; 10 % too far is 0.1 and close, 30 % too far is not."""
    image, depth = next(World(1, 2, SIZE, density=20).film())
    frame = Reconstructor(untrained.network, make_rule('ttt3r')).step(image)
    rows, columns = frame.confidence.shape
    at_row, at_column = (np.rint((np.arange(n) + 0.5) * full / n - 0.5).astype(int)
                         for n, full in ((rows, SIZE[0]), (columns, SIZE[1])))
    frame = replace(frame, intrinsics=pinhole(80.0, (rows, columns)))
    points = back_project(depth[np.ix_(at_row, at_column)], frame.intrinsics)
    abs_rel, close, edges = depth_errors(replace(frame, points=points), depth)
    assert abs_rel < 0.01 and close > 0.99 and edges < 0.01
    assert depth_errors(replace(frame, points=1.1 * points), depth) == pytest.approx((0.1, 1, 0.1), abs=0.02)
    assert depth_errors(replace(frame, points=1.3 * points), depth)[1] < 0.02
    behind = replace(frame, points=np.float32((1, 1, -1)) * points)
    assert depth_errors(behind, depth)[:2] == pytest.approx((1, 0), abs=0.3)  # none is published: as wrong as can be


def test_a_trial_scores_every_length_that_it_reached(untrained):
    """Scores come for each length up to the world's, both paths have its frames, a reset makes another setting."""
    trial = Trial(1, FRAMES)
    outcome = trial.run(untrained, Setting('ttt3r'), (5, 16, FRAMES, 50))
    assert [score.frames for score in outcome.scores] == [5, 16, FRAMES]
    assert outcome.truth.shape == outcome.estimate.shape == (FRAMES, 3)
    last = outcome.scores[-1]
    assert last.ate_se3 >= last.ate_sim3 > 0 and last.path_length > 0
    # The estimate is laid on the truth: its root mean square is the ATE.
    off = np.linalg.norm(outcome.estimate - outcome.truth, axis=1)
    assert np.sqrt((off ** 2).mean()) == pytest.approx(last.ate_se3, rel=1e-6)
    assert str(Setting('ttt3r', 16, 'se3', 64)) == 'ttt3r, reset 16, se3, 64 keyframes'
    again = trial.run(untrained, Setting('ttt3r', 10), (FRAMES,))
    assert again.scores[0].setting == 'ttt3r, reset 10' and again.scores[0].ate_se3 != last.ate_se3


def test_summaries_are_over_the_worlds_that_have_a_score():
    """Mean, deviation and median are those of the valid worlds, and their number is told."""
    def world(seed, ate, reached):
        scores = [Score(seed, 'ttt3r', n, ate, ate, 0.1, 1.0, 0.1, 0.9, 0.2, 10.0, 0.5, 0.1) for n in reached]
        return {'ttt3r': Outcome(scores, np.zeros((2, 3)), np.zeros((2, 3)))}
    plan = Plan('w', (Setting('ttt3r'),), worlds=3, frames=50)
    found = summarise(plan, {1: world(1, 1.0, (16, 50)), 2: world(2, 2.0, (16, 50)), 3: world(3, 6.0, (16,))})
    by = {(s.frames, s.measure): s for s in found}
    assert (by[16, 'ate_se3'].mean, by[16, 'ate_se3'].median, by[16, 'ate_se3'].valid) == (3.0, 2.0, 3)
    assert by[16, 'ate_se3'].relative_median == pytest.approx(0.2)
    assert (by[50, 'ate_se3'].mean, by[50, 'ate_se3'].deviation, by[50, 'ate_se3'].valid) == (1.5, 0.5, 2)
    assert lengths(60) == (16, 50, 60)


@pytest.mark.slow
def test_the_command_writes_table_picture_and_numbers(tmp_path):
    """`ttt3r evaluate` ends well and leaves its three files; a rule that is none is refused in one line."""
    command = [sys.executable, str(SCRIPT), 'evaluate', '--weights', 'untrained', '--worlds', '1',
               '--frames', str(FRAMES), '--jobs', '1', '--no-reset', '--out', str(tmp_path), '--rules']
    done = subprocess.run([*command, 'ttt3r', 'cut3r', '--size', '120x90'], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / 'results.json').read_text())
    assert {score['setting'] for score in results['scores']} == {'ttt3r', 'cut3r'}
    assert results['plan']['size'] == [90, 120]
    assert 'ATE' in (tmp_path / 'table.txt').read_text() and 'RPE' in done.stdout
    assert (tmp_path / 'evaluation.png').stat().st_size > 20_000
    refused = subprocess.run([*command, 'ttt4r'], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2 and refused.stderr.count('\n') == 1 and 'ttt4r' in refused.stderr
    refused = subprocess.run([*command, 'ttt3r', '--size', '120'], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2 and 'WIDTHxHEIGHT' in refused.stderr


@pytest.mark.heavy
def test_calibration_is_measured_and_found_beside_the_weights(tmp_path):
    """`ttt3r calibrate` writes coefficients of its own for these weights, with what other worlds say of them."""
    weights = tmp_path / 'small.safetensors'
    convert('untrained', weights)
    assert load_fit(weights) == Fit()
    command = [sys.executable, str(SCRIPT), 'calibrate', '--weights', str(weights), '--jobs', '1', '--frames', '60']
    done = subprocess.run([*command, '--worlds', '2'], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / 'small.safetensors.covariance.json').read_text())
    fit = load_fit(weights)
    found = fit.coefficients
    assert found == Coefficients(**written['coefficients']) and found != Coefficients()
    # Weights that ask for nothing run without resets, and so they are measured.
    assert fit.under(resolve(load_profile(str(weights)))) == (found, '')
    assert all(written[kind]['frames'] == 60 and written[kind]['pose_nees'] > 0 for kind in ('rooms', 'wide'))
    # Random weights turn at random: they are known to be that wrong.
    assert found.attitude_noise > 0.1
    refused = subprocess.run([*command, '--worlds', '1'], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2 and '--worlds 2' in refused.stderr
    (tmp_path / 'small.safetensors.covariance.json').write_text('{}')
    with pytest.raises(UncertaintyError, match='ttt3r calibrate'):
        load_fit(weights)


def test_the_embedded_weights_covariances_are_near_the_truth_in_worlds_of_either_kind():
    """As measured on those that they were not fitted to; fitted to rooms alone wide worlds had 23."""
    written = json.loads(calibration_file(EMBEDDED_FILE).read_text())
    for kind in ('rooms', 'wide'):
        assert written[kind]['frames'] >= 3000
        assert all(2 < written[kind][name] < 10 for name in ('pose_nees', 'pose_nees_median', 'twist_nees'))


def test_true_covariances_are_judged_as_true():
    """Errors drawn from what the covariances say have a normalised square of 6; three times as large, of 54."""
    rng, known = np.random.default_rng(1), Coefficients()

    def drawn(factor):
        tracks = []
        for _ in range(60):
            pose, seen, errors, rates = np.eye(4), [], [], []
            uncertainty = Uncertainty(known)
            for k in range(12):
                pose = pose.copy()
                pose[:3, 3] += rng.normal(0.1, 0.05, 3)
                seen.append(Observation(pose, 3.0, 0, 0.1 if k else None))
                covariances = uncertainty.update(seen[-1])
                errors.append(factor * rng.multivariate_normal(np.zeros(6), covariances.pose))
                rates.append(np.full(6, np.nan) if covariances.twist is None
                             else factor * rng.multivariate_normal(np.zeros(6), covariances.twist))
            tracks.append(Track(seen, np.array(errors), np.array(rates)))
        return tracks

    for factor, expected in ((1, 6), (3, 54)):
        found = judge(drawn(factor), known)
        assert found.pose_nees == pytest.approx(expected, rel=0.15)
        assert found.twist_nees == pytest.approx(expected, rel=0.15)
        assert found.pose_nees_median == pytest.approx(expected, rel=0.2) and found.frames == 60 * 12


def test_the_embedded_weights_see_depth_and_motion():
    """In rooms that training never saw, depth is right to a sixth, and a step's turn to a fifth of the true one."""
    network = load_network('embedded').network
    absolute, turned, missed = [], [], []
    for seed in (21, 22, 23):
        world = World(seed, 192, SIZE, density=60)
        reconstructor = Reconstructor(network, make_rule('ttt3r'))
        frames = [(reconstructor.step(image), depth) for image, depth in islice(world.film(), 12)]
        absolute += [depth_errors(frame, depth)[0] for frame, depth in frames]
        mine, true = ([Rotation.from_matrix(b[:3, :3].T @ a[:3, :3]) for b, a in zip(poses, poses[1:])]
                      for poses in ([frame.pose for frame, _ in frames], world.poses[:12]))
        turned += [turn.magnitude() for turn in true]
        missed += [(m.inv() * t).magnitude() for m, t in zip(mine, true)]
    assert np.median(absolute) < 0.16
    assert np.mean(missed) < 0.2 * np.mean(turned)


def test_confident_points_of_the_embedded_weights_are_nearer_the_truth():
    """The half of a room's pixels that they are surer of has three quarters of the other's depth error, or less."""
    network, errors, confidences = load_network('embedded').network, [], []
    for seed in (21, 22, 23):
        reconstructor = Reconstructor(network, make_rule('ttt3r'))
        # Of the network's own size: pixels are the film's.
        for image, depth in islice(World(seed, 192, (96, 128), density=60).film(), 12):
            frame = reconstructor.step(image)
            assert frame.points.shape[:2] == depth.shape
            errors.append(np.abs(frame.points[..., 2] / depth - 1))
            confidences.append(frame.confidence)
    errors, sure = np.stack(errors), np.stack(confidences) > np.median(confidences)
    assert errors[sure].mean() < 0.75 * errors[~sure].mean()


def test_clouds_are_counted_and_what_hangs_between_surfaces_goes():
    """Of true depth, averaged down, nine in ten of the points that hang in the air go, and few others; the network's
    are counted by the same measure."""
    found = clouds._world(clouds.Plan('embedded', Setting('ttt3r', 16, 'se3'), 1, 9, 0.03), 2001)
    assert {counts.points for counts in found.values()} == {3 * 96 * 128}
    true = found['true depth']
    assert true.far > 20 and true.after < 0.2 * true.before and true.lost < 0.05
    assert min(found[name].before for name in ('network', 'true scale')) > true.before
    points = np.ones((4, 5, 3), np.float32)
    assert clouds.count(points, np.full((4, 5), 0.2), 0.0) == clouds.Counts(20, 20, 20, 20)


def test_edges_are_where_depth_jumps():
    """Three pixels on both sides of a jump by more than a fifth; a slope that is no jump has none."""
    depth = np.full((12, 20), 2.0, np.float32)
    depth[:, 10:] = 3.0
    assert np.array_equal(np.flatnonzero(near_edges(depth)[5]), [7, 8, 9, 10, 11, 12])
    assert not near_edges(np.broadcast_to(np.linspace(1, 3, 40, dtype=np.float32), (12, 40)).copy()).any()
