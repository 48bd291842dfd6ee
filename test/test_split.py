# SPDX-License-Identifier: Apache-2.0
"""Long recordings in parts: which parts there are, and that joined they are the run that was not divided."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from test_batch import quiet, stay_here

from ttt3r_ros.export.output_folder import OutputError
from ttt3r_ros.fleet import batch as batches
from ttt3r_ros.fleet.batch import Batch, carry_out
from ttt3r_ros.fleet.cluster import FleetError
from ttt3r_ros.offline import part as part_module
from ttt3r_ros.offline import session
from ttt3r_ros.offline.joining import join, plan_of
from ttt3r_ros.offline.part import Part, parts_of
from ttt3r_ros.offline.reconstruction import Settings, prepare
from ttt3r_ros.offline.recording import read_journal
from ttt3r_ros.offline.selection import Moment, NothingTaken, Selection
from ttt3r_ros.offline.session import Plan
from ttt3r_ros.reconstruction.baseline import WINDOW
from ttt3r_ros.reconstruction.trajectory import Similarity, pose_matrix
from ttt3r_ros.sequences import open_sequence, write_bag
from ttt3r_ros.synthetic import World

SETTINGS = Settings(reset_policy='interval', reset_interval=3, step_source='model')
TIMES = ('step_s', 'elapsed_s')
NUMBERS = ('pose', 'scale', 'unseen_motion')  # which rounding may change


@pytest.fixture
def short(monkeypatch):
    """A segment's lead-in, for films that are shorter than a whole one."""
    monkeypatch.setattr(part_module, 'LEAD', 1)


@pytest.mark.parametrize('count, most, interval', [(1000, 300, 16), (1000, 999, 16), (100, 7, 16), (31, 16, 16),
                                                    (24, 8, 5), (17, 16, 9), (50, 10, 2)])
def test_parts_meet_where_segments_end(count, most, interval):
    """Each frame is of one part but for lead-ins, after which all is usual that is in a whole run; seams are where that
    resets; no part is much longer."""
    parts = parts_of(count, most, interval)
    step = interval - 1
    owned = [number for part in parts
             for number in range(part.seam + bool(part.seam), count if part.end is None else part.end)]
    assert owned == [*range(count)]
    for before, part in zip(parts, parts[1:]):
        assert part.seam % step == part.first % step == 0 and before.end == part.seam + 1
        assert 0 <= part.first <= max(0, part.seam - 1 - WINDOW) < part.first + step
        assert part.seam in before.seams and part.seam in part.seams
    assert max((part.end or count) - part.seam for part in parts) <= max(most, step) + step
    assert parts_of(count, count, interval) == [replace(parts[0], end=None)]


def joined(plan: Plan, parts: list[Part]) -> Path:
    """Run a plan in parts and join them; return the folder."""
    for part in parts:
        session.carry_out(plan_of(plan, part), quiet())
    join(plan, parts, quiet())
    return plan.out


def whole(plan: Plan) -> Path:
    """Run a plan as it is, beside its place; return the folder."""
    plan = replace(plan, out=plan.out.with_name('whole'))
    session.carry_out(plan, quiet())
    return plan.out


def compare(one: Path, other: Path, tolerance: float) -> None:
    """Ask that two runs tell the same of every frame, that arrays are the same, and files of the same names there."""
    told, found = read_journal(one), read_journal(other)
    assert len(told) == len(found)
    for mine, theirs in zip(told, found):
        same = dict.fromkeys((*TIMES, *NUMBERS))
        assert vars(mine) | same == vars(theirs) | same
        assert (mine.pose is None) == (theirs.pose is None)
        for name in NUMBERS:
            if getattr(mine, name) is not None:
                np.testing.assert_allclose(getattr(theirs, name), getattr(mine, name), atol=tolerance)
    files = sorted(path.relative_to(one) for path in one.rglob('*'))
    assert files == sorted(path.relative_to(other) for path in other.rglob('*'))
    for file in (file for file in files if file.suffix == '.npz'):
        with np.load(one / file) as mine, np.load(other / file) as theirs:
            for name in mine.files:
                np.testing.assert_allclose(theirs[name], mine[name], atol=max(tolerance, 1e-6))


@pytest.mark.usefixtures('short')
@pytest.mark.parametrize('alignment, tolerance', [('se3', 1e-9), ('sim3', 1e-5)])
def test_parts_are_the_whole_again(film, tmp_path, monkeypatch, alignment, tolerance):
    """Of every other frame of the second half: poses, states, arrays and files are those of the run that was not
    divided, and nothing of the parts stays."""
    stay_here(monkeypatch)
    settings, selection = replace(SETTINGS, segment_alignment=alignment), Selection(2, Moment(13))
    exports = ('tum', 'frames', 'ply')
    batch = Batch((str(film),), tmp_path / 'batch', settings, selection, exports, split=2)
    outcome, = carry_out(batch, quiet())
    one, other = whole(Plan(str(film), tmp_path / 'out', settings, selection, exports)), Path(outcome.folder)
    compare(one, other, tolerance)
    assert sorted(path.name for path in other.parent.iterdir()) == ['batch.json', other.name]
    told, found = (json.loads((folder / 'results.json').read_text()) for folder in (one, other))
    assert told['segments'] == 3 and all(told[name] == found[name] for name in ('frames', 'settings', 'segments'))
    assert found['times']['loop_s'] > 0 and found['path_m'] == pytest.approx(told['path_m'], abs=1e-4)


def test_parts_with_steps_of_the_images_are_nearly_the_whole(tmp_path, monkeypatch):
    """Each finds the camera's focal length anew, in its lead-in: here of ten images, so that the way is off by 2 %.
    What the lens may have done before a seam is in doubt after it, too."""
    stay_here(monkeypatch)
    monkeypatch.setattr(part_module, 'LEAD', 10)
    film, world = tmp_path / 'film', World(2001, 160, (96, 128))
    film.mkdir()
    for k, (image, _) in enumerate(itertools.islice(world.film(), 26)):
        cv2.imwrite(str(film / f'{k:03d}.png'), image[..., ::-1])
    settings, selection = replace(SETTINGS, segment_alignment='se3', step_source='images'), Selection()
    outcome, = carry_out(Batch((str(film),), tmp_path / 'batch', settings, selection, ('tum',), split=13), quiet())
    told, found = (read_journal(folder) for folder in (
        whole(Plan(str(film), tmp_path / 'out', settings, selection, ('tum',))), Path(outcome.folder)))
    assert [(shot.state, shot.segment) for shot in told] == [(shot.state, shot.segment) for shot in found]
    doubts = np.array([[shot.bent[0] for shot in shots[1:]] for shots in (told, found)])
    sizes = np.linalg.norm(doubts, axis=(2, 3))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.1) and (np.abs(np.diff(sizes)) < 0.02).all()
    told, found = (np.array([shot.pose for shot in shots]) for shots in (told, found))
    way = np.linalg.norm(np.diff(told[:, :3, 3], axis=0), axis=1).sum()
    assert 0 < np.abs(told - found).max() < 0.02 * way


def test_a_camera_lost_at_a_seam_goes_on_where_it_was(film, tmp_path):
    """Three black frames, the tenth to the twelfth: with a seam among them all is as in the whole run."""
    plan = Plan(str(film), tmp_path / 'out', SETTINGS, Selection(end=Moment(17)))
    parts = [Part(0, 0, 12, 17), Part(8, 11, None, 17)]
    compare(whole(plan), joined(plan, parts), 1e-9)


def test_a_part_that_begins_in_the_dark_begins_where_the_one_before_ended(film, tmp_path):
    """What it tells of its first frame that is tracked is what a whole run does: lost before, place, why and how far it
    may be off."""
    plan = Plan(str(film), tmp_path / 'out', SETTINGS, Selection(end=Moment(15)))
    told, found = read_journal(whole(plan)), read_journal(joined(plan, [Part(0, 0, 12, 15), Part(10, 11, None, 15)]))
    assert [shot.state for shot in found[10:13]] == ['lost'] * 3
    for name in ('pose', 'scale', 'state', 'reason', 'since', 'segment', 'unseen_motion'):
        np.testing.assert_equal(getattr(found[13], name), getattr(told[13], name))
    np.testing.assert_allclose(found[13].pose, found[9].pose)


@pytest.mark.usefixtures('short')
def test_a_source_that_ends_before_it_says_is_whole(film, tmp_path):
    """Parts that lie beyond the end have nothing to add."""
    plan = Plan(str(film), tmp_path / 'out', SETTINGS, Selection(start=Moment(14)))
    parts = parts_of(20, 6, 3)
    assert [part.first for part in parts] == [0, 2, 8, 14], 'the third has a lead-in alone, the fourth nothing'
    compare(whole(plan), joined(plan, parts), 1e-9)


@pytest.mark.usefixtures('short')
def test_a_part_that_fails_is_done_again_alone(film, tmp_path, monkeypatch):
    """The source has failed then, with the reason; resumed, the parts that are done are left alone."""
    stay_here(monkeypatch)
    true_run, asked = batches.run, []

    def failing(plan, *arguments, **more):
        asked.append(plan.part.seam)
        if len(asked) == 2:
            raise FleetError('the disk is full')
        return true_run(plan, *arguments, **more)

    monkeypatch.setattr(batches, 'run', failing)
    batch = Batch((str(film),), tmp_path / 'out', SETTINGS, Selection(end=Moment(9)), split=3)
    outcome, = carry_out(batch, quiet())
    assert outcome.error == 'the disk is full' and asked == [0, 4, 6] and not Path(outcome.folder).exists()
    outcome, = carry_out(replace(batch, resume=True), quiet())
    assert outcome.error == '' and asked == [0, 4, 6, 4] and outcome.frames == 9
    with pytest.raises(OutputError, match='another split'):
        carry_out(replace(batch, resume=True, split=4), quiet())


@pytest.mark.usefixtures('short')
def test_frames_that_cannot_be_read_move_no_seam(film, tmp_path, monkeypatch):
    """A part skips what lies before it undecoded; where some of that cannot be read, it is run again and reads all."""
    stay_here(monkeypatch)
    broken = tmp_path / 'broken'
    broken.mkdir()
    for i, file in enumerate(sorted(film.iterdir())[13:]):
        (broken / file.name).write_bytes(file.read_bytes()[:500 if i == 4 else None])
    true_run, asked = batches.run, []

    def watched(plan, *arguments, **more):
        asked.append((plan.part.seam, plan.part.skipping))
        return true_run(plan, *arguments, **more)

    monkeypatch.setattr(batches, 'run', watched)
    outcome, = carry_out(Batch((str(broken),), tmp_path / 'batch', SETTINGS, split=4), quiet())
    assert asked == [(0, True), (4, True), (8, True), (4, False), (8, False)] and outcome.left_out == 1
    compare(whole(Plan(str(broken), tmp_path / 'out', SETTINGS)), Path(outcome.folder), 1e-9)


@pytest.mark.parametrize('kind', ['folder', 'bag'])
def test_what_is_skipped_is_not_decoded(film, tmp_path, kind):
    """Frames after some are those of the whole, at the same positions, and none where there are no more."""
    source = film
    if kind == 'bag':
        source = tmp_path / 'bag'
        write_bag(open_sequence(str(film)), source)
    every = list(open_sequence(str(source)))
    selection = Selection(start=Moment(20))
    found = list(selection.take(open_sequence(str(source)), skipping=True))
    assert [position for position, _ in found] == [20, 21, 22, 23]
    for position, image in found:
        assert image.stamp == every[position].stamp
        np.testing.assert_array_equal(image.rgb, every[position].rgb)
    with pytest.raises(NothingTaken):
        list(Selection(start=Moment(40)).take(open_sequence(str(source)), skipping=True))


def test_segments_that_no_number_ends_are_not_divided(tmp_path):
    """Where the policy is another than interval, that is told before anything is run."""
    with pytest.raises(FleetError, match='reset never, se3.*--reset-policy interval'):
        carry_out(Batch(('synthetic:1:40',), tmp_path, Settings(reset_policy='never'), split=20), quiet())


def test_a_memory_goes_on_in_the_longer_path(film):
    """Laid at the end of another path, a reconstruction tells its next pose there."""
    one, other = (prepare(SETTINGS).reconstructor for _ in range(2))
    images = [image.rgb for _, image in zip(range(5), open_sequence(str(film)))]
    path = Similarity(2.0, pose_matrix(np.array([1.0, 2, 3, 0.5, 0.5, 0.5, 0.5])))
    for image in images[:4]:
        one.step(image)
    other.restore(one.snapshot())
    other.lay(path, 7, 100)
    plain, laid = one.step(images[4]), other.step(images[4])
    np.testing.assert_allclose(laid.pose, path.place(plain.pose), atol=1e-12)
    np.testing.assert_allclose(laid.points, 2 * plain.points, rtol=1e-6)
    assert (laid.segment, laid.index) == (plain.segment + 7, plain.index + 100)
