# SPDX-License-Identifier: Apache-2.0
"""The measurement of restarts itself: what counts as right, and what is shown."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from ttt3r_ros.cli.main import main
from ttt3r_ros.evaluation import restarts
from ttt3r_ros.evaluation.restart_curve import draw
from ttt3r_ros.evaluation.restarts import KINDS, SHOWN, Counts, Film, Restart, Scene
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.reconstruction.relocation import Limits
from ttt3r_ros.reconstruction.weights_profile import load_profile, resolve
from ttt3r_ros.synthetic import World


def made_up(right: bool, believed: bool, threshold: float = 0.94, kind: str = 'stood still') -> Restart:
    """Return a restart."""
    return Restart(0, kind, threshold, believed, right, 0.1, 1.0)


def test_restarts_are_counted_by_what_became_of_them():
    """Right and wrong, taken and refused, each its own number, and shares of right and of wrong ones."""
    found = [made_up(*case) for case, times in (((True, True), 3), ((True, False), 1), ((False, True), 2),
                                                ((False, False), 6)) for _ in range(times)]
    assert Counts.of(found) == Counts(3, 1, 2, 6)
    assert str(Counts.of(found)) == '3 of 4 (75.0%), 2 of 8 (25.0%)' and str(Counts.of([])) == '0 of 0, 0 of 0'


def test_the_picture_and_the_table_are_of_all_thresholds(tmp_path):
    """There is a picture, and a row for each kind in force and for each threshold."""
    found = [made_up(True, threshold < 0.95, threshold) for threshold in (0.5, 0.94, 0.96)]
    draw(tmp_path / 'curve.png', {'here': found, 'there': found})
    assert (tmp_path / 'curve.png').stat().st_size > 10_000
    assert restarts.results_table('x', found).row_count == 1 + 3
    assert Limits().likeness in restarts.THRESHOLDS


def test_a_film_that_is_cut_off_goes_on_where_it_is_and_nowhere_else(tmp_path):
    """The same view goes on, right, at any threshold; noise does at none, and no answer about it is right."""
    seed, saved = 260_003, 20
    world = World(seed, restarts.WAY, restarts.SIZE)
    film = [image for image, _ in zip((image for image, _ in world.film()), range(saved))]
    loaded = load_network('embedded')
    plan = restarts.Plan('embedded', resolve(load_profile('embedded')), thresholds=(0.5, 0.94))
    still = Scene('stood still', [film[-1]] * SHOWN, np.repeat(world.poses[saved - 1:saved], SHOWN, 0))
    noise = Scene('noise', np.random.default_rng(0).integers(0, 255, (SHOWN, *restarts.SIZE, 3), np.uint8), None)
    found = list(restarts.restart(seed, Film(film, world.poses[:saved]), (still, noise), loaded, plan))
    assert [(one.kind, one.threshold, one.believed, one.right) for one in found] == [
        ('stood still', 0.94, True, True), ('stood still', 0.5, True, True),
        ('noise', 0.94, False, False), ('noise', 0.5, False, False)]
    assert found[0].error < 0.1 and np.isnan(found[2].error)
    restarts.save(tmp_path / 'restarts.json', plan, found)


def test_what_is_right_is_within_the_limits():
    """A pose told is compared with the image's own, both from the saved one; without a truth none is right."""
    far = np.eye(4)
    far[0, 3] = 2.0
    film = Film([], np.stack([np.eye(4), far]))
    there = far.copy()
    there[1, 3] = 1.0
    scene = Scene('went on by 3', [], np.stack([far, there]))
    for told, right in ((1.0, True), (1.29, True), (1.31, False), (0.0, False)):
        pose = np.eye(4)
        pose[1, 3] = told
        assert restarts._error(film, scene, 1, pose)[0] is right
    assert not restarts._error(film, Scene('noise', [], None), 0, np.eye(4))[0]


@pytest.mark.heavy
def test_a_rooms_scenes_are_of_every_kind():
    """Each kind once, SHOWN images each; those that went on are the film's next ones."""
    film, scenes = restarts.scenes_of_a_room(260_000)
    assert tuple(scene.kind for scene in scenes) == KINDS
    assert all(len(scene.images) == SHOWN for scene in scenes)
    truth = World(260_000, restarts.WAY, restarts.SIZE).poses
    saved = len(film.images)
    np.testing.assert_array_equal(scenes[2].poses[0], truth[saved + 2])
    away = scenes[5].poses[:, :3, 3] - truth[saved - 1, :3, 3]
    assert scenes[5].kind == 'elsewhere' and len(away) == SHOWN


def test_a_film_without_truth_is_refused_in_one_line(tmp_path, monkeypatch, capsys):
    """The line names the film and what to give; exit status 2."""
    out = tmp_path / 'out'
    monkeypatch.setattr(sys, 'argv', ['ttt3r'])
    truth = tmp_path / 'short.tum'
    truth.write_text('0 0 0 0 0 0 0 1\n')
    for extra in (['--truth', str(truth)], ['--truth', str(tmp_path / 'none.tum')]):
        with pytest.raises(SystemExit) as end:
            main(['restarts', '--film', 'synthetic:1:3', '--out', str(out), *extra])
        told = capsys.readouterr().err.strip().splitlines()
        assert end.value.code == 2 and len(told) == 1 and ('--truth' in told[0] or 'none.tum' in told[0])
    assert not (out / 'restarts.json').exists()


def test_what_would_measure_something_else_is_refused(film, tmp_path, capsys):
    """Images whose times are made up are joined with no truth by time: half as many a second, and each had the pose of
    another. Options of a film without one had synthetic rooms measured for minutes."""
    truth = tmp_path / 'truth.tum'
    truth.write_text(''.join(f'{i / 5} 0 0 {i} 0 0 0 1\n' for i in range(60)))
    for given, told in ((['--film', str(film), '--truth', str(truth)], 'has no times of its own'),
                        (['--another', str(film)], '--another is of a film: give --film'),
                        (['--rate', '5'], '--rate is of a film: give --film')):
        with pytest.raises(SystemExit) as end:
            main(['restarts', '--out', str(tmp_path / 'out'), *given])
        assert end.value.code == 2 and told in capsys.readouterr().err
    assert not (tmp_path / 'out/restarts.json').exists()


def test_what_is_saved_can_be_read_again(tmp_path):
    """The plan and every restart."""
    plan = restarts.Plan('embedded', resolve(load_profile('embedded')))
    restarts.save(tmp_path / 'r.json', plan, [made_up(True, True)])
    read = json.loads((tmp_path / 'r.json').read_text())
    assert Restart(**read['restarts'][0]) == made_up(True, True) and read['plan']['weights'] == 'embedded'
