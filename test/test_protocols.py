# SPDX-License-Identifier: Apache-2.0
"""The published protocols, and the honest way beside them, on recordings of a few frames whose answers are known."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from rich.console import Console
from scipy.spatial.transform import Rotation

from ttt3r_ros.datasets import find
from ttt3r_ros.evaluation import answers, controls, dataset_campaign, scoring
from ttt3r_ros.evaluation.answers import Answer, ResultsError
from ttt3r_ros.evaluation.clip import Clip
from ttt3r_ros.evaluation.dataset_campaign import WHOLE, Plan, plain, read_unit
from ttt3r_ros.evaluation.dataset_summary import failures, summarise
from ttt3r_ros.evaluation.dataset_table import paper_table, summary_table
from ttt3r_ros.evaluation.paper import printed
from ttt3r_ros.evaluation.protocols import PROTOCOLS, ProtocolError, protocol
from ttt3r_ros.evaluation.protocols.trajectories import ScannetLong
from ttt3r_ros.evaluation.surfaces import cloud_pair
from ttt3r_ros.evaluation.trial import Setting
from ttt3r_ros.sequences import SequenceError, Trajectory, write_tum

SCRIPT = Path(__file__).parents[1] / 'scripts' / 'ttt3r'
MS = 10**6


def poses(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = np.tile(np.eye(4), (count, 1, 1))
    found[:, :3, :3] = Rotation.from_rotvec(np.cumsum(rng.normal(0, 0.1, (count, 3)), axis=0)).as_matrix()
    found[:, :3, 3] = np.cumsum(rng.normal(0, 0.1, (count, 3)), axis=0)
    return found


def image(path: Path, value: int = 0, size: tuple[int, int] = (16, 12)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.new('RGB', size, (value,) * 3).save(path)


def depth(path: Path, raw: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(raw.astype(np.uint16)).save(path)


def rows(path: Path, values) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, values)


@pytest.fixture
def tum(tmp_path) -> Path:
    """12 images a tenth of a second apart; poses 8 ms after each, but that of image 3 comes 30 ms late."""
    root = tmp_path / 'rgbd_dataset_freiburg3_walking_xyz'
    for i in range(12):
        image(root / f'rgb/{i}.png', i)
    (root / 'rgb.txt').write_text(''.join(f'{100 + i / 10} rgb/{i}.png\n' for i in range(12)))
    stamps = [100 * 10**9 + 100 * MS * i + (30 if i == 3 else 8) * MS for i in range(12)]
    write_tum(root / 'groundtruth.txt', Trajectory(np.array(stamps), poses(12)))
    return root


@pytest.mark.parametrize(('name', 'frames'), [('tum-long', [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]),
                                              ('tum-short', [0, 4, 7, 10])])
def test_tum_is_matched_dropped_and_strided(tum, name, frames):
    """The nearest pose within 20 ms is taken as it is, images without one are dropped before every third is taken."""
    clip = protocol(name).open(tum)
    assert list(clip.frames) == frames and np.allclose(clip.truth, poses(12)[frames], atol=1e-12)
    assert protocol(name).roots(tum.parent) == [tum]
    tum.rename(tum.parent / 'rgbd_dataset_freiburg1_xyz')
    with pytest.raises(ProtocolError, match='holds no recording of tum'):
        protocol(name).roots(tum.parent)


def test_every_length_has_a_score(tum):
    """The first frames of each length are scored alone; a length beyond the clip's has the whole clip's."""
    short = PROTOCOLS['tum-long'].__class__()
    short.lengths = (5, 8, 50)
    clip = short.open(tum)
    told = [Answer(pose, seconds=0.5, megabytes=float(k)) for k, pose in enumerate(clip.truth)]
    moved = told[6].pose.copy()
    moved[0, 3] += 1
    told[6] = replace(told[6], pose=moved)
    first, second, whole = scoring.by_protocol(short, clip, 'x', told, scoring.published_pixels(None, clip, told))
    assert first.pose.ate_sim3 < 1e-9 and second.pose.ate_sim3 > 0.05 and whole.frames == 11 and whole.length == 50
    assert (first.frames_per_s, first.megabytes, whole.megabytes) == (2, 4, 10)


def scans(root: Path) -> tuple[Path, Path]:
    """Three scans of 15 frames, the poses of one of which are −inf at frame 12; and results: the truth, shaken."""
    for number in (707, 708, 806, 10):
        name, truth = f'scene{number:04d}_00', poses(15, number)
        for i in range(15):
            image(root / f'data/{name}/color/{i}.jpg', i)
            broken = number == 708 and i == 12
            rows(root / f'data/{name}/pose/{i}.txt', np.full((4, 4), -np.inf) if broken else truth[i])
        rng = np.random.default_rng(number)
        shaken = truth[::3].copy()
        shaken[:, :3, 3] += rng.normal(0, 0.02, (5, 3))
        rows(root / f'mine/{name}.kitti', shaken[:, :3].reshape(5, 12))
    return root / 'data', root / 'mine'


@pytest.fixture
def short_scannet(monkeypatch):
    """ScanNet's protocol at 3 and 5 frames."""
    short = ScannetLong()
    short.lengths = (3, 5)
    monkeypatch.setitem(PROTOCOLS, 'scannet-long', short)
    return short


def measured(plan: Plan) -> list[dataset_campaign.Unit]:
    return [dataset_campaign._measure(plan, root, row) for root in plan.roots() for row in range(len(plan.rows))]


def test_scenes_that_cannot_be_aligned_vanish_as_published_and_are_counted(tmp_path, short_scannet):
    """With a pose of −inf among the first N a scene has no score and is not in the mean; how many are is told, and
    why. Without a protocol it is scored over the poses that there are."""
    data, mine = scans(tmp_path)
    plan = Plan(str(data), 'scannet-long', '', (), str(mine))
    units = measured(plan)
    assert [unit.sequence for unit in units] == ['scene0707_00', 'scene0708_00', 'scene0806_00']
    summaries = {(s.length, s.measure): s for s in summarise(plan, units) if s.row == 'mine'}
    still = [s for s in summarise(plan, units) if (s.row, s.measure) == (controls.STANDS_STILL, 'ate_sim3')]
    assert [s.scored for s in still] == [3, 3] and still[1].mean > summaries[5, 'ate_sim3'].mean
    assert (summaries[3, 'ate_sim3'].scored, summaries[3, 'ate_sim3'].of) == (3, 3)
    five = summaries[5, 'ate_sim3']
    assert (five.scored, five.of) == (2, 3)
    kept = [unit.scores[1].pose.ate_sim3 for unit in (units[0], units[2])]
    assert five.mean == pytest.approx(np.mean(kept)) and 0.001 < five.mean < 0.1
    assert failures(units) == ['no score: scene0708_00, mine, at 5 frames: 1 of 5 true poses are not finite']
    assert '2 of 3' in str(_text(summary_table(plan, list(summaries.values()), 3)))
    honest = replace(plan, protocol='', results=str(tmp_path / 'all'))
    for number in (10, 707, 708, 806):
        rows(tmp_path / f'all/scene{number:04d}_00.kitti', poses(15, number)[:, :3].reshape(15, 12))
    units = measured(honest)
    scores = {unit.sequence: unit.scores[0] for unit in units}
    assert len(units) == 4 and (scores['scene0708_00'].frames, scores['scene0708_00'].valid) == (15, 14)
    assert scores['scene0708_00'].pose.ate_se3 < 1e-9 and scores['scene0708_00'].length == WHOLE
    assert any('1 true poses were not finite' in remark for unit in units for remark in unit.remarks)


def _text(table) -> str:
    text = StringIO()
    Console(file=text, width=200).print(table)
    return text.getvalue()


def test_bonn_goes_by_position(tmp_path):
    """Sorted images and depth images are taken by their position from 30 on, whatever their times."""
    root = tmp_path / 'rgbd_bonn_balloon2'
    for i in range(34):
        image(root / f'rgb/{1000 + i}.0.png', i)
        depth(root / f'depth/{2000 + i}.5.png', np.full((12, 16), 5000 + 100 * i))
    (root / 'rgb.txt').write_text(''.join(f'{1000 + i}.0 rgb/{1000 + i}.0.png\n' for i in range(34)))
    clip = PROTOCOLS['bonn'].open(root)
    assert list(clip.frames) == [30, 31, 32, 33] and clip.depth(1)[0, 0] == np.float32(8100 / 5000)
    assert PROTOCOLS['bonn'].roots(tmp_path) == [root]
    (root / 'depth/2033.5.png').unlink()
    with pytest.raises(ProtocolError, match='4 images and 3 depth images'):
        PROTOCOLS['bonn'].open(root)


def test_depth_is_scored_over_all_pixels_of_a_sequence_and_weighted_over_sequences(tmp_path):
    """Truth of 0 does not count, predictions are resized to its size; the mean is weighted by valid pixels."""
    for name, count, off in (('2011_a', 192, 1.1), ('2011_b', 96, 1.4)):
        for i in range(2):
            image(tmp_path / f'kitti/{name}/image_02/data/{i:010d}.png', i)
            raw = np.full(192, 256 * 4)
            raw[count:] = 0
            depth(tmp_path / f'kitti/{name}/proj_depth/groundtruth/image_02/{i:010d}.png', raw.reshape(12, 16))
        (tmp_path / 'mine').mkdir(exist_ok=True)
        np.savez(tmp_path / f'mine/{name}.npz', depth=np.full((2, 6, 8), 4 * off, np.float32))
    plan = Plan(str(tmp_path / 'kitti'), 'kitti-depth', '', (), str(tmp_path / 'mine'))
    units = measured(plan)
    found = {s.measure: s for s in summarise(plan, units) if s.row == 'mine'}
    assert {s.row for s in summarise(plan, units)} == {'mine', controls.BEST_CONSTANT}
    assert units[0].scores[0].depth['metric'].pixels == 384 and units[1].scores[0].depth['metric'].pixels == 192
    assert found['abs_rel metric'].mean == pytest.approx((384 * 0.1 + 192 * 0.4) / 576, abs=1e-6)
    assert found['close metric'].mean == pytest.approx(2 / 3)
    assert found['abs_rel scale'].mean == pytest.approx(0, abs=1e-6)
    assert found['abs_rel scale_shift'].mean == pytest.approx(0, abs=1e-3)


def test_sintel_clips_what_is_far(tmp_path):
    """Truth beyond 70 m does not count, aligned predictions beyond it count as 70 m; other passes are left alone."""
    training = tmp_path / 'training'
    for part in ('final', 'clean'):
        for i in range(3):
            image(training / part / f'alley_2/frame_{i:04d}.png', i)
    image(training / 'final/alley_1/frame_0000.png')
    for i in range(3):
        file = training / f'depth/alley_2/frame_{i:04d}.dpt'
        file.parent.mkdir(parents=True, exist_ok=True)
        true = np.full((12, 16), 50.0, '<f4')
        true[0] = 1e10
        file.write_bytes(struct.pack('<f2i', 202021.25, 16, 12) + true.tobytes())
    sintel = PROTOCOLS['sintel']
    assert sintel.roots(tmp_path) == [training / 'final/alley_2']
    clip = sintel.open(training / 'final/alley_2')
    told = [Answer(np.full((4, 4), np.nan), depth=np.full((12, 16), 90.0, np.float32))] * 3
    score, = scoring.by_protocol(sintel, clip, 'x', told, scoring.published_pixels(sintel.depth, clip, told))
    assert score.depth['metric'].pixels == 3 * 11 * 16 and score.depth['metric'].abs_rel == pytest.approx(0.4)
    assert score.invalid == '3 of 3 true poses are not finite'


def test_clouds_of_true_points_fit(tmp_path):
    """Of 7-Scenes' test split; true points, in another unit and scaled down, have no error."""
    scene = tmp_path / 'chess'
    true = np.linspace(1500, 2500, 480)[:, None] + np.linspace(0, 300, 640)[None]
    for i, pose in enumerate(poses(6)):
        at = scene / f'seq-02/frame-{i:06d}'
        image(at.with_suffix('.color.png'), i, (640, 480))
        depth(at.with_suffix('.depth.proj.png'), true)
        rows(at.with_suffix('.pose.txt'), pose)
    with pytest.raises(ProtocolError, match='TestSplit'):
        PROTOCOLS['7scenes'].roots(tmp_path)
    (scene / 'TestSplit.txt').write_text('sequence2\n')
    protocol = PROTOCOLS['7scenes']
    assert protocol.roots(tmp_path) == [scene / 'seq-02']
    clip = protocol.open(scene / 'seq-02')
    assert list(clip.frames) == [0, 2, 4]
    u, v = np.meshgrid((np.arange(64) + 0.5) * 10 - 0.5, (np.arange(48) + 0.5) * 10 - 0.5)
    told = []
    for k in range(3):
        z = clip.depth(k)[5::10, 5::10].astype(np.float64)
        points = np.stack(((u - 320) / 525 * z, (v - 240) / 525 * z, z), axis=-1)
        pose = clip.truth[k].copy()
        pose[:3, 3] *= 0.5
        told.append(Answer(pose, 0.5 * points.astype(np.float32)))
    mine, theirs = cloud_pair(clip, told)
    assert mine.shape == theirs.shape == (3 * 224 * 224, 3)
    assert np.linalg.norm(mine - theirs, axis=1).mean() < 0.02  # a pixel of ours is ten of theirs


def test_anybodys_files_are_read(tum, tmp_path):
    """TUM by time, KITTI and npz by position give the same poses; what does not fit is named."""
    clip = protocol('tum-long').open(tum)
    folder = tmp_path / 'mine'
    folder.mkdir()
    stamps = np.array([clip.recording.stamps[frame] for frame in clip.frames])
    write_tum(folder / f'{clip.name}.txt', Trajectory(stamps[1:] + 5 * MS, clip.truth[1:]))
    found = answers.of_files(folder, clip)
    assert np.isnan(found[0].pose).all() and np.allclose(found[1].pose, clip.truth[1])
    (folder / f'{clip.name}.txt').unlink()
    rows(folder / f'{clip.name}.kitti', clip.truth[:, :3].reshape(-1, 12))
    assert np.allclose(answers.of_files(folder, clip)[3].pose, clip.truth[3])
    rows(folder / f'{clip.name}.kitti', clip.truth[:4, :3].reshape(-1, 12))
    with pytest.raises(ResultsError, match='11 frames are asked for'):
        answers.of_files(folder, clip)
    (folder / f'{clip.name}.kitti').unlink()
    with pytest.raises(ResultsError, match='has nothing of rgbd_dataset_freiburg3_walking_xyz'):
        answers.of_files(folder, clip)
    np.savez(folder / f'{clip.name}.npz', places=np.zeros(3))
    with pytest.raises(ResultsError, match='neither poses'):
        answers.of_files(folder, clip)
    write_tum(folder / f'{clip.name}.tum', Trajectory(stamps + 10**12, clip.truth))
    with pytest.raises(ResultsError, match='begin with 100.0'):
        answers.of_files(folder, clip)


@pytest.fixture
def room(tmp_path) -> Path:
    """A posed folder of 20 images with depth that grows from 2 m, of one pose nothing is known."""
    root = tmp_path / 'room'
    for i in range(20):
        image(root / f'rgb/{i:03d}.png', 5 * i, (64, 48))
        depth(root / f'depth/{i:03d}.png', np.full((48, 64), 2000 + 100 * i))
    write_tum(root / 'groundtruth_tum.txt', Trajectory(100 * MS * np.arange(20), poses(20)))
    return root


def test_windows_have_controls_beside_them(room, tmp_path):
    """Every window is scored by itself and beside each stand what sees nothing, and one factor for the recording."""
    (tmp_path / 'mine').mkdir()
    told = poses(20)[:, :3].copy()
    told[:, :, 3] *= 0.5
    metres = 2 + 0.1 * np.arange(20, dtype=np.float32)
    np.savez(tmp_path / 'mine/room.npz', poses=told, depth=0.5 * np.tile(metres[:, None, None], (1, 6, 8)))
    plan = Plan(str(room), '', '', (), str(tmp_path / 'mine'), window=8, every=6)
    windows, = measured(plan)
    assert {(s.setting, s.first) for s in windows.scores if s.setting == 'mine'} == {('mine', 0), ('mine', 6),
                                                                                    ('mine', 12)}
    assert all(s.frames == 8 and s.pose.ate_sim3 < 1e-6 for s in windows.scores if s.setting == 'mine')
    unit, = measured(replace(plan, window=0))
    by = {(s.setting, s.length): s for s in unit.scores}
    mine, factor, still = by['mine', WHOLE], by['mine, one factor', WHOLE], by[controls.STANDS_STILL, WHOLE]
    assert mine.pose.ate_sim3 < 1e-6 < 0.05 < mine.pose.ate_se3 and factor.pose.ate_se3 < 1e-6
    assert mine.depth['metric'].abs_rel == pytest.approx(0.5) and factor.depth['metric'].abs_rel < 1e-6
    assert mine.depth['scale'].abs_rel < 1e-6 and still.pose.ate_se3 > 0.05 and ('mine', 16) in by
    constant = by[controls.BEST_CONSTANT, WHOLE].depth['metric'].abs_rel
    assert constant == pytest.approx(np.mean(np.abs(np.median(np.repeat(metres, 48)) - metres) / metres), abs=1e-6)
    assert by[controls.STRAIGHT_ON, WHOLE].pose.path_length == pytest.approx(mine.pose.path_length)
    clip = dataset_campaign._all_frames(plan, room)
    assert [(part.first, len(part)) for part in dataset_campaign._windows(plan, clip)] == [(0, 8), (6, 8), (12, 8)]


def test_what_is_done_is_not_done_again(room, tmp_path, monkeypatch):
    """A unit is kept under all that its scores depend on, is the same when read, and is measured anew when that
    changes."""
    (tmp_path / 'mine').mkdir()
    rows(tmp_path / 'mine/room.kitti', poses(20)[:, :3].reshape(20, 12))
    plan = Plan(str(room), '', '', (), str(tmp_path / 'mine'), folder=str(tmp_path / 'out'))
    units = [(root, 0) for root in plan.roots()]
    first = dataset_campaign._unit(plan, units, 0)
    kept, = (tmp_path / 'out/done').iterdir()
    assert read_unit(json.loads(kept.read_text())).scores[0].pose == first.scores[0].pose
    monkeypatch.setattr(dataset_campaign, '_measure', None)
    assert dataset_campaign._unit(plan, units, 0).scores[1].setting == first.scores[1].setting
    with pytest.raises(TypeError):
        dataset_campaign._unit(replace(plan, frames=10), units, 0)
    rows(tmp_path / 'mine/room.kitti', poses(20, 1)[:, :3].reshape(20, 12))
    with pytest.raises(TypeError):
        dataset_campaign._unit(plan, units, 0)
    weights = tmp_path / 'some.safetensors'
    names = []
    for content in (b'1', b'22'):
        weights.write_bytes(content)
        os.utime(weights, ns=(len(names), 10**9 * len(content)))
        names.append(dataset_campaign._key(replace(plan, results='', weights=str(weights), settings=(Setting('a'),)),
                                           room, 0))
    assert names[0] != names[1]
    assert plain({'a': (float('nan'), 1.5), 'b': float('inf')}) == {'a': [None, 1.5], 'b': None}


def test_an_image_that_cannot_be_read_is_told(room, tmp_path):
    """A recording with a broken depth image has no score, and the reason is among the failures."""
    (tmp_path / 'mine').mkdir()
    np.savez(tmp_path / 'mine/room.npz', depth=np.ones((20, 6, 8), np.float32))
    (room / 'depth/003.png').write_bytes(b'no image')
    units = measured(Plan(str(room), '', '', (), str(tmp_path / 'mine')))
    assert len(failures(units)) == 1 and '003.png' in failures(units)[0]


def test_published_numbers_stand_beside_ours():
    """They are the papers', with their source; what is not printed stays empty."""
    beside = printed('tum-long')
    assert {(p.system, p.value) for p in beside if p.length == 1000 and '2509.26645' in p.source} == {
        ('CUT3R', .17), ('TTT3R', .11)}
    short = {(p.system, p.measure): p for p in printed('tum-short') if p.source.endswith('table 1')}
    assert len(short) == 39 and short['VGGT', 'ate_sim3'].value == .012 and short['VGGT', 'ate_sim3'].online is False
    assert short['StreamVGGT', 'rpe_rotation_deg'].value == 3.209
    depth = {(p.system, p.measure): p.value for p in printed('bonn')}
    assert depth['TTT3R', 'close metric'] == pytest.approx(.942) and ('VGGT', 'abs_rel metric') not in depth
    assert printed('7scenes') == []
    text = _text(paper_table([], printed('sintel')))
    assert 'Point3R' in text and '2509.26645, table 2' in text and '0.3510' in text


def test_every_protocol_is_known_by_its_name():
    """An unknown one is refused with the names of those that there are."""
    with pytest.raises(ProtocolError, match='tum-long, tum-short, scannet-long, scannet-short, sintel, bonn, '):
        protocol('tum')
    assert all(protocol(name).name == name and protocol(name).lengths for name in PROTOCOLS)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_command_measures_a_data_set(room, tmp_path):
    """`ttt3r evaluate --dataset` ends well with its three files, goes on where it was, and refuses in one line."""
    command = [sys.executable, str(SCRIPT), 'evaluate', '--weights', 'untrained', '--rules', 'ttt3r', '--no-reset',
               '--jobs', '1', '--out', str(tmp_path / 'out'), '--dataset', str(room)]
    done = subprocess.run([*command, '--window', '8'], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / 'out/results.json').read_text())
    rows = {summary['row'] for summary in results['summaries']}
    assert rows == {'ttt3r', 'ttt3r, one factor', *controls.PATHS, controls.BEST_CONSTANT}
    assert 'straight on' in (tmp_path / 'out/table.txt').read_text()
    assert (tmp_path / 'out/evaluation.png').stat().st_size > 20_000
    for arguments, words in ((('--protocol', 'tum'), 'tum-long'), (('--against', 'paper'), '--protocol'),
                             (('--protocol', 'sintel'), 'holds no recording of sintel')):
        refused = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60)
        assert refused.returncode == 2 and refused.stderr.count('\n') == 1 and words in refused.stderr


def test_unregistered_depth_is_refused(room):
    """Depth that does not lie on the images' pixels is not compared."""
    recording = find(room)
    recording.depth_registered = False
    clip = Clip('room', recording, (0, 1), poses(2))
    with pytest.raises(SequenceError, match='not registered'):
        clip.depth(0)
