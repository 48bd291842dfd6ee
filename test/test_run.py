# SPDX-License-Identifier: Apache-2.0
"""`ttt3r run`: which frames are taken, what is recorded, how a run is interrupted, resumed and put in its place."""

from __future__ import annotations

import errno
import io
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console
from test_lens_bending import through

from ttt3r_ros.cli.main import main
from ttt3r_ros.cli.statuses import DEVICE_FAILED, INTERRUPTED, LOST
from ttt3r_ros.export.forms import ExportError
from ttt3r_ros.export.output_folder import OutputError
from ttt3r_ros.model.config import PATCH_SIZES
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.offline import measured, session
from ttt3r_ros.offline.folder import RunFolder
from ttt3r_ros.offline.read_ahead import read_ahead
from ttt3r_ros.offline.reconstruction import Settings, prepare
from ttt3r_ros.offline.recording import read_journal
from ttt3r_ros.offline.selection import Moment, Selection, SelectionError
from ttt3r_ros.offline.session import Interrupted, Plan, carry_out
from ttt3r_ros.offline.stream import Stream, StreamError
from ttt3r_ros.reconstruction.depth import on_rays
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.sequences import Image, Sequence, SequenceError, open_sequence, write_bag
from ttt3r_ros.sequences.folder import ImageFolder
from ttt3r_ros.synthetic import World

ROOT = Path(__file__).parents[1]
SMALL = (96, 128)


def run(plan: Plan, onlooker=None) -> dict:
    """Carry a plan out where nobody looks, but an onlooker."""
    return carry_out(plan, Console(file=io.StringIO()), onlooker)


def plan_of(film: Path, out: Path, **changes) -> Plan:
    """Return a plan for the film's first ten frames."""
    return replace(Plan(str(film), out, Settings(), Selection(end=Moment(10))), **changes)


def test_frames_that_were_not_tracked_are_told_and_not_exported(film, tmp_path):
    """Black images have a line in the journal, without a pose, and no file, and are counted as black; the rest of the
    path is there."""
    out = tmp_path / 'run'
    watched, began = [], []
    onlooker = SimpleNamespace(begins=began.append, sees=watched.append)
    results = run(plan_of(film, out, selection=Selection(), exports=('tum', 'frames')), onlooker)
    assert [frame.number for frame in watched] == list(range(24)) and isinstance(began.pop(), Reconstructor)
    shots = read_journal(out)
    lost = [shot.number for shot in shots if shot.pose is None]
    assert len(shots) == 24 and lost == [10, 11, 12]
    assert results['frames'] == {'answered': 24, 'tracked': 21, 'not_tracked': {'lost: the image is black': 3},
                                 'unanswered': 0, 'left_out': {}}
    assert json.loads((out / 'results.json').read_text()) == results
    names = [f'{i:06d}' for i in range(24) if i not in lost]
    for folder in ('camera', 'depth', 'confidence', 'image'):
        assert sorted(file.stem for file in (out / folder).iterdir()) == names
    assert len((out / 'trajectory_tum.txt').read_text().splitlines()) == 21
    assert not list(tmp_path.glob('run?*')), 'something is left beside the run'


@pytest.mark.parametrize(('frames', 'word', 'status', 'why'), [
    (slice(0, 10), 'good', 0, ''),
    (slice(7, 24), 'doubtful', 0, '3 images have no pose'), (slice(9, 13), 'lost', LOST, '3 images have no pose')])
def test_a_run_ends_with_a_verdict(film, tmp_path, capsys, frames, word, status, why):
    """As the demo's does: whoever runs a video of his own is told what the path is worth, and scripts are, too."""
    out = tmp_path / 'run'
    with pytest.raises(SystemExit) as end:
        main(['run', str(film), '--out', str(out), '--start', str(frames.start), '--end', str(frames.stop)])
    told = ' '.join(capsys.readouterr().out.split())
    verdict = json.loads((out / 'results.json').read_text())['verdict']
    assert (end.value.code, verdict['word']) == (status, word)
    assert why in '; '.join(verdict['why']) and f'{word.upper()}:' in told and 'not known: whether the pictures' in told


def test_a_run_tells_how_wide_its_camera_is(tmp_path, capsys):
    """A room's, to 4 %, of images that no calibration came with; one that answered nothing tells none."""
    world, images = World(810_022, 160, (120, 160)), tmp_path / 'images'
    images.mkdir()
    for k, (image, _) in zip(range(30), world.film()):
        assert cv2.imwrite(str(images / f'{k:03d}.png'), image[..., ::-1])
    with pytest.raises(SystemExit):
        main(['run', str(images), '--out', str(tmp_path / 'run')])
    camera = json.loads((tmp_path / 'run' / 'results.json').read_text())['camera']
    assert camera['size'] == [160, 120] and camera['focal_px'] == pytest.approx(world.intrinsics[0, 0], rel=0.04)
    wide = 2 * np.degrees(np.arctan(80 / world.intrinsics[0, 0]))
    assert camera['field_of_view_deg'] == pytest.approx(wide, rel=0.04)
    assert f'{camera["field_of_view_deg"]:.0f}° wide' in ' '.join(capsys.readouterr().out.split())
    untold = replace(read_journal(tmp_path / 'run')[0], camera_intrinsics=None)
    assert measured._camera([untold]) is None
    # A black image has a focal length, too, by which nothing is told.
    assert measured._camera([replace(read_journal(tmp_path / 'run')[0], pose=None)]) is None


def test_a_run_tells_that_its_lens_bends_lines(tmp_path, capsys):
    """By how much, how wide it is for all that, and with which focal length in the middle; images are straight, and as
    deep as their points."""
    world, images = World(2001, 40, (120, 160)), tmp_path / 'images'
    images.mkdir()
    for k, (image, _) in enumerate(world.film()):
        assert cv2.imwrite(str(images / f'{k:03d}.png'), through(0.3, image)[..., ::-1])
    with pytest.raises(SystemExit):
        main(['run', str(images), '--out', str(tmp_path / 'run'), '--export', 'frames'])
    camera = json.loads((tmp_path / 'run' / 'results.json').read_text())['camera']
    assert camera['lens_bend'] == pytest.approx(0.3, rel=0.25)
    assert camera['focal_px'] == pytest.approx(1.3 * world.intrinsics[0, 0], rel=0.1)
    assert camera['field_of_view_deg'] == pytest.approx(
        2 * np.degrees(np.arctan(80 * (1 + 0.3 * 0.64) / 1.3 / world.intrinsics[0, 0])), rel=0.1)
    assert f'bends lines, by {100 * camera["lens_bend"]:.0f} %' in ' '.join(capsys.readouterr().out.split())
    last = read_journal(tmp_path / 'run')[-1]
    assert last.lens_bend == pytest.approx(camera['lens_bend'], rel=0.2)
    shown = cv2.imread(str(tmp_path / 'run' / 'image' / f'{last.name}.png'))[..., ::-1]
    taken = PixelMap((120, 160), shown.shape[:2], 0, 0, shown.shape[:2], last.lens_bend)
    assert np.array_equal(shown, taken.apply(through(0.3, image)))


def test_a_source_that_is_run_through_twice_is_not_said_to_be_good(film, tmp_path):
    """Nobody judges its frames."""
    verdict = run(plan_of(film, tmp_path / 'run', revisit=2))['verdict']
    assert verdict['word'] == 'doubtful' and '10 images were not judged' in verdict['why']


def test_what_is_recorded_is_what_step_answers(film, tmp_path):
    """Files and journal hold the very numbers of the frames that the loop yields."""
    run(plan_of(film, tmp_path / 'run', exports=('frames',)))
    stream = Stream(open_sequence(str(film)), prepare(Settings()).reconstructor, Selection(end=Moment(10)))
    for shot, frame in zip(read_journal(tmp_path / 'run'), stream, strict=True):
        camera = np.load(tmp_path / 'run/camera' / f'{shot.name}.npz')
        assert np.array_equal(camera['pose'], frame.pose) and np.array_equal(np.array(shot.pose), frame.pose)
        assert np.array_equal(camera['intrinsics'], frame.intrinsics) and camera['stamp'] == frame.stamp == shot.stamp
        depth = np.load(tmp_path / 'run/depth' / f'{shot.name}.npz')['depth']
        assert depth.dtype == np.float32 and np.array_equal(depth, on_rays(frame.points, frame.intrinsics)[0])
        assert np.array_equal(np.load(tmp_path / 'run/confidence' / f'{shot.name}.npz')['confidence'], frame.confidence)
        image = cv2.imread(str(tmp_path / 'run/image' / f'{shot.name}.png'))
        assert np.array_equal(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), frame.image)


def test_predictions_that_are_not_finite_are_counted_also_before_an_interruption(film, tmp_path, monkeypatch):
    """They are left out, the path goes on, and a resumed run counts those of before."""
    step, images = Reconstructor.step, [image.rgb for image in open_sequence(str(film))]

    def fail_twice(self, image, **kwargs):
        if any(np.array_equal(image, images[number]) for number in (1, 22)):
            raise NonFinitePrediction('as asked')
        return step(self, image, **kwargs)

    monkeypatch.setattr(Reconstructor, 'step', fail_twice)
    plan = Plan(str(film), tmp_path / 'run', Settings())
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(session, 'open_sequence', lambda *_, **__: Interrupting(film))
        run(plan)
    results = run(replace(plan, resume=True))
    assert (results['frames']['answered'], results['frames']['unanswered']) == (22, 2)
    assert 1 not in {shot.number for shot in read_journal(tmp_path / 'run')}


@pytest.mark.parametrize('kind', ['folder', 'bag'])
def test_an_image_of_an_odd_shape_is_left_out_counted_and_told(film, tmp_path, caplog, kind):
    """A picture that the network cannot take costs that picture, whose name is told; the others have their stamps.
    Where all are so, a line says it."""
    odd, source = tmp_path / 'odd', tmp_path / 'odd'
    odd.mkdir()
    for i, file in enumerate(sorted(film.iterdir())[:6]):
        cv2.imwrite(str(odd / file.name), cv2.imread(str(file)) if i != 3 else np.zeros((1000, 10, 3), np.uint8))
    if kind == 'bag':
        source = tmp_path / 'bag'
        write_bag(open_sequence(str(odd)), source)
    results = run(Plan(str(source), tmp_path / 'run', Settings()))
    assert results['frames']['left_out'] == {'images too narrow for the network': 1}
    assert results['frames']['answered'] == 5 and results['frames']['unanswered'] == 0
    shots = read_journal(tmp_path / 'run')
    assert [shot.stamp for shot in shots] == [i * 10**8 for i in (0, 1, 2, 4, 5)]
    assert [shot.number for shot in shots] == [0, 1, 2, 3, 4]
    name = {'folder': '003.png', 'bag': 'bag, frame 4'}[kind]
    assert f'{name}: a 10×1000 image is too narrow' in caplog.text
    with pytest.raises(SequenceError, match='10×1000 image is too narrow.*squarer'):
        run(Plan(f'{odd}/003.*', tmp_path / 'none', Settings()))


class Interrupting(ImageFolder):
    """A film that Ctrl-C comes with as its 9th frame is read to be answered, up to three ahead."""

    readings = 0

    def _frames(self):
        self.readings += 1  # first, for its lens
        for number, image in enumerate(super()._frames()):
            if number == 8 and self.readings == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield image


def test_an_interrupted_run_goes_on_to_the_same_end(film, tmp_path, monkeypatch):
    """Ended by Ctrl-C and resumed, a run has the poses of one that was not, to the bit, and no frame twice."""
    plan = Plan(str(film), tmp_path / 'whole', Settings(), exports=('tum', 'ply'))
    run(plan)
    broken = replace(plan, out=tmp_path / 'broken')
    monkeypatch.setattr(session, 'open_sequence', lambda *_, **__: Interrupting(film))
    with pytest.raises(Interrupted, match='--resume'):
        run(broken)
    assert not broken.out.exists() and 5 <= len(read_journal(tmp_path / 'broken.unfinished')) <= 9
    monkeypatch.undo()
    with pytest.raises(OutputError, match='--resume'):
        run(broken)
    other = replace(broken, resume=True, exports=('kitti',), settings=Settings(rule='cut3r'),
                    selection=Selection(end=Moment(seconds=2.0)))
    with pytest.raises(OutputError, match=r'of another end \(none\), exports \(tum,ply\), rule \(ttt3r\); resume'):
        run(other)  # each option by its name: settings were told all nine, and not which
    with pytest.raises(OutputError, match='of another exports'):
        run(replace(broken, resume=True, exports=('kitti',)))
    results = run(replace(broken, resume=True))
    assert results['frames']['answered'] == 24
    for name in ('trajectory_tum.txt', 'cloud.ply'):
        assert (tmp_path / 'broken' / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {'whole', 'broken'}


def test_whoever_goes_on_with_a_finished_run_is_told_that_it_is_made_anew(film, tmp_path):
    """Which may take as long as it took: of one that was interrupted, and of a first run, that is not said."""
    plan, said = plan_of(film, tmp_path / 'run', resume=True), []
    for _ in range(2):
        console = Console(file=io.StringIO())
        carry_out(plan, console)
        said.append(f'{tmp_path}/run is whole, and is made anew' in console.file.getvalue())
    assert said == [False, True]


def test_what_was_written_after_the_last_snapshot_is_answered_again(film, tmp_path, monkeypatch):
    """A process that was killed leaves a journal that is ahead of its snapshot, cut in a line: no frame is doubled."""
    plan = Plan(str(film), tmp_path / 'run', Settings())
    monkeypatch.setattr(session, 'open_sequence', lambda *_, **__: Interrupting(film))
    with pytest.raises(Interrupted):
        run(plan)
    monkeypatch.undo()
    journal = tmp_path / 'run.unfinished/frames.jsonl'
    lines = journal.read_text().splitlines(keepends=True)
    ahead = json.dumps(json.loads(lines[-1]) | {'number': len(lines)}) + '\n'
    journal.write_text(''.join(lines) + ahead + lines[0][:40])
    run(replace(plan, resume=True))
    assert [shot.number for shot in read_journal(tmp_path / 'run')] == list(range(24))


def test_the_journal_is_cut_whole_or_not_at_all(film, tmp_path, monkeypatch):
    """Ctrl-C, or a full disk, as a run is gone on with: the frames that are done keep their lines."""
    plan = Plan(str(film), tmp_path / 'run', Settings())
    monkeypatch.setattr(session, 'open_sequence', lambda *_, **__: Interrupting(film))
    with pytest.raises(Interrupted):
        run(plan)
    monkeypatch.undo()
    journal = tmp_path / 'run.unfinished/frames.jsonl'
    before = journal.read_bytes()
    journal.write_bytes(before + before.splitlines(keepends=True)[0][:40])
    for name in ('fsync', 'replace'):  # any of what a whole file needs
        with monkeypatch.context() as full, pytest.raises(OutputError, match='No space left on device'):
            full.setattr(os, name, no_room)
            run(replace(plan, resume=True))
        assert journal.read_bytes().startswith(before)
    results = run(replace(plan, resume=True))
    assert results['frames']['answered'] == 24 and results['frames']['unanswered'] == 0


def no_room(*arguments, **named):
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize('spoilt', [b'', b'PK', None])
def test_an_array_that_is_damaged_or_gone_is_named_with_the_remedy(film, tmp_path, monkeypatch, capsys, spoilt):
    """As a power cut leaves the newest files: one line, not numpy's traceback; of the lines and of the arrays."""
    plan = Plan(str(film), tmp_path / 'run', Settings(), exports=('ply',))
    monkeypatch.setattr(session, 'open_sequence', lambda *_, **__: Interrupting(film))
    with pytest.raises(Interrupted):
        run(plan)
    monkeypatch.undo()
    file = tmp_path / 'run.unfinished/points/000003.npz'
    file.unlink() if spoilt is None else file.write_bytes(spoilt)
    with pytest.raises(SystemExit) as end:
        main(['run', str(film), '--out', str(plan.out), '--export', 'ply', '--resume'])
    told = capsys.readouterr().err.splitlines()[-1]
    assert end.value.code == 2 and f'{file} cannot be read' in told and 'run.unfinished' in told, told
    (tmp_path / 'run.unfinished/frames.jsonl').write_bytes(b'\xff\n{}\n')
    with pytest.raises(SystemExit):
        main(['run', str(film), '--out', str(plan.out), '--export', 'ply', '--resume'])
    assert 'line 1, is no frame of a run' in capsys.readouterr().err


def test_no_snapshot_is_on_the_disk_before_its_frames_are(film, tmp_path, monkeypatch):
    """The power fails: a snapshot that knows of frames whose lines were never written would lose them."""
    done, fsync = [], os.fsync
    monkeypatch.setattr(os, 'fsync', lambda file: (
        done.append(os.readlink(f'/proc/self/fd/{file}').rpartition('/')[2]), fsync(file)))
    monkeypatch.setattr(session, 'SAVE_EVERY_S', 0.0)
    run(plan_of(film, tmp_path / 'run', selection=Selection(end=Moment(2))))
    kinds = ['journal' if name == 'frames.jsonl' else 'part' for name in done if not name.startswith('run')]
    assert kinds == ['part', *['journal', 'part'] * 2], done


def test_a_run_that_answered_no_frame_leaves_nothing(film, tmp_path):
    """The command that is corrected after it begins anew; so it does after a process that was killed as early."""
    plan, unfinished = plan_of(film, tmp_path / 'run'), tmp_path / 'run.unfinished'
    wrong = Selection(start=Moment(seconds=2.0), end=Moment(seconds=1.0))
    with pytest.raises(SequenceError, match='the wrong way round'):
        run(replace(plan, selection=wrong, exports=('frames', 'ply')))
    assert list(tmp_path.iterdir()) == []
    with RunFolder(plan.out, {}, resume=False):
        (unfinished / 'depth').mkdir()
        (unfinished / 'depth/000005.npz').touch()
        killed = shutil.copytree(unfinished, tmp_path / 'killed')
    shutil.move(killed, unfinished)
    run(plan)
    assert {file.name for file in plan.out.iterdir()} == {'results.json', 'frames.jsonl', 'trajectory_tum.txt'}
    unfinished.mkdir()
    (unfinished / 'photograph.jpg').touch()
    with pytest.raises(SequenceError, match='the wrong way round'):
        run(replace(plan, selection=wrong))
    assert [file.name for file in unfinished.iterdir()] == ['photograph.jpg']


def test_a_disk_that_becomes_full_names_the_folder_and_how_to_go_on(film, tmp_path):
    """One line; with room again the run goes on to its end."""
    script = ('import resource\n'
              'from ttt3r_ros.cli.main import main\n'
              'resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))\n'
              f'main(["run", {str(film)!r}, "--out", {str(tmp_path / "run")!r}])\n')
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 2 and (f'ttt3r run: {tmp_path}/run.unfinished cannot be written to (File too large); '
                                     'make room there and go on with --resume') in done.stderr, done.stderr
    assert (tmp_path / 'run.unfinished/frames.jsonl').stat().st_size == 10_000
    results = run(Plan(str(film), tmp_path / 'run', Settings(), resume=True))
    assert results['frames']['answered'] == 24 and results['frames']['unanswered'] == 0


def test_a_disk_that_becomes_full_at_a_snapshot_is_told_as_at_any_other_file(film, tmp_path):
    """A snapshot is the largest file that a run without arrays writes: it meets the full disk first."""
    script = ('import resource\n'
              'from ttt3r_ros.cli.main import main\n'
              'from ttt3r_ros.offline import session\n'
              'session.SAVE_EVERY_S = 0.0\n'
              'resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n'
              f'main(["run", {str(film)!r}, "--out", {str(tmp_path / "run")!r}])\n')
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 2 and (f'ttt3r run: {tmp_path}/run.unfinished cannot be written to (File too large); '
                                     'make room there and go on with --resume') in done.stderr, done.stderr
    assert 'Traceback' not in done.stderr
    assert run(Plan(str(film), tmp_path / 'run', Settings(), resume=True))['frames']['answered'] == 24


def test_only_a_run_of_ours_is_replaced(film, tmp_path, monkeypatch):
    """A finished run gives way to a new one; a folder of somebody's, of another command's results, the one that one
    stands in, and a run in the writing do not."""
    other = tmp_path / 'photographs'
    other.mkdir()
    (other / 'a.jpg').write_text('')
    with pytest.raises(OutputError, match='no run of ours'):
        run(plan_of(film, other))
    (other / 'results.json').write_text('{}')  # as ttt3r demo and evaluate, and many others, call theirs
    with pytest.raises(OutputError, match='no run of ours'):
        run(plan_of(film, other))
    assert (other / 'a.jpg').exists()
    inside = tmp_path / 'inside'
    inside.mkdir()
    monkeypatch.chdir(inside)
    with pytest.raises(OutputError, match='inside is the folder that this was started in'):
        run(plan_of(film, Path('.')))
    monkeypatch.chdir(tmp_path)
    out = tmp_path / 'run'
    run(plan_of(film, out, exports=('kitti',)))
    run(plan_of(film, out))
    assert {file.name for file in out.iterdir()} == {'results.json', 'frames.jsonl', 'trajectory_tum.txt'}
    with RunFolder(tmp_path / 'busy', {}, resume=False) as writing, pytest.raises(OutputError, match='another run'):
        RunFolder(writing.out, {}, resume=True)


def test_a_run_does_not_take_its_own_source_away(film, tmp_path):
    """The images of a finished run are a source, and its folder gives way to the next run."""
    out = tmp_path / 'run'
    run(plan_of(film, out, exports=('frames',)))
    with pytest.raises(OutputError, match='run/image lies in .*, which would be replaced'):
        run(plan_of(out / 'image', out))
    assert any((out / 'image').iterdir())
    run(plan_of(out / 'image', tmp_path / 'again'))


def test_a_link_where_the_unfinished_run_belongs_is_not_followed(film, tmp_path):
    """What is written would lie where somebody's link leads, and the next run be refused, as its folder is a link."""
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'run.unfinished').symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(OutputError, match='run.unfinished is a link'):
        run(plan_of(film, tmp_path / 'run'))
    assert not any((tmp_path / 'elsewhere').iterdir()) and not (tmp_path / 'run').exists()


@pytest.mark.parametrize(('error', 'told'), [
    (torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 20 MiB\nmore'), 'the device is out of memory'),
    (RuntimeError('CUDA error: an illegal memory access was encountered\nmore'), 'the device is lost')])
def test_a_device_that_fails_is_told_in_a_line_and_the_run_can_be_gone_on_with(film, tmp_path, monkeypatch, capsys,
                                                                                 error, told):
    """As the node tells it; it was a traceback of PyTorch's."""
    steps, step = [], Reconstructor.step

    def fails(self, *given, **more):
        steps.append(given)
        if len(steps) > 5:
            raise error
        return step(self, *given, **more)

    monkeypatch.setattr(Reconstructor, 'step', fails)
    arguments = ['run', str(film), '--out', str(tmp_path / 'run')]
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == DEVICE_FAILED
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith(f'ttt3r run: {told} (CUDA') and 'more' not in line
    monkeypatch.undo()
    with pytest.raises(SystemExit) as end:
        main([*arguments, '--resume'])
    assert end.value.code == 0 and len(read_journal(tmp_path / 'run')) == 24


def test_a_revisit_keeps_the_memory_and_writes_the_last_turn(film, tmp_path):
    """The second turn has each frame once, and begins with what the first has left: its poses are others."""
    plan = plan_of(film, tmp_path / 'once', settings=Settings(reset_policy='never'))
    once = run(plan)
    twice = run(replace(plan, out=tmp_path / 'twice', revisit=2))
    assert once['frames']['answered'] == twice['frames']['answered'] == 10
    first, second = (np.array([shot.pose for shot in read_journal(tmp_path / name)]) for name in ('once', 'twice'))
    assert np.abs(first[0] - np.eye(4)).max() < 0.05 and not np.allclose(first, second, atol=1e-4)
    with pytest.raises(StreamError, match='revisit 0'):
        run(replace(plan, revisit=0))


class Numbers(Sequence):
    """Thirty frames, ten a second, that began at some time."""

    name, count, rate = 'numbers', 30, 10.0

    def _frames(self):
        for number in range(self.count):
            yield Image(10**18 + number * 10**8, np.zeros((8, 8, 3), np.uint8))


@pytest.mark.parametrize(('every', 'start', 'end', 'taken'), [
    (1, None, None, range(0, 30)), (4, '10', None, range(10, 30, 4)), (1, '1.5s', '2s', range(15, 20)),
    (7, None, '2.01s', range(0, 21, 7)), (1, '28', '40', range(28, 30))])
def test_selection(every, start, end, taken):
    """Every Nth frame from the start to the end, in frames or seconds of the stamps; counted where that can be."""
    bounds = [None if text is None else Moment.read(text) for text in (start, end)]
    selection = Selection(every, *bounds)
    assert [position for position, _ in selection.take(Numbers())] == list(taken)
    assert selection.count(Numbers()) == (None if 's' in f'{start}{end}' else len(taken))


@pytest.mark.parametrize(('end', 'told'), [('31', True), ('30', False), ('12', False), ('4s', True), ('3.0s', False),
                                           ('2.9s', False)])
def test_an_end_beyond_the_last_frame_is_told(caplog, end, told):
    """Once, with where the source ends: a film that was cut off, or minutes for seconds. The end itself is not."""
    sequence, selection = Numbers(), Selection(end=Moment.read(end))
    for _ in range(2):
        list(selection.take(sequence))
    assert caplog.messages == ['numbers ends after 30 frames, 2.9 s after the first, and before the end that was asked '
                               'for'] * told
    list(selection.take(Numbers(), skipping=True))  # of a part
    assert len(caplog.messages) == told


def test_selections_that_cannot_be():
    """What is no place, takes nothing or lies beyond the end is refused with the remedy."""
    for text in ('', '-3', '12m', 's', '1e3s'):
        with pytest.raises(SelectionError, match='such as 120'):
            Moment.read(text)
    with pytest.raises(SelectionError, match='every 0'):
        Selection(0)
    with pytest.raises(SequenceError, match='no frame lies between'):
        list(Selection(start=Moment(5), end=Moment(5)).take(Numbers()))


def test_the_help_says_which_sizes_there_are(capsys):
    """Those of every side that a patch may have: it said 16, and the embedded weights, of 32, refused them."""
    with pytest.raises(SystemExit):
        main(['run', '--help'])
    said = ' '.join(capsys.readouterr().out.split())
    assert f"a multiple of the weights' patch, {' or '.join(map(str, PATCH_SIZES))}" in said


@pytest.mark.parametrize(('change', 'error', 'words'), [
    ({'exports': ('tum', 'obj')}, ExportError, "'obj' is unknown"),
    ({'settings': Settings(size=100)}, StreamError, 'multiple of 32'),
    ({'settings': Settings(device='cuda:77')}, StreamError, "device 'cuda:77' cannot be used"),
    ({'out': Path('/')}, OutputError, 'the root of the file system: give a folder in it'),
    ({'source': 'camera:/nowhere'}, SequenceError, 'no camera /nowhere')])
def test_what_cannot_be_run_is_told_before_work(film, tmp_path, change, error, words):
    """One line with the remedy, and nothing is left on the disk."""
    with pytest.raises(error, match=words):
        run(replace(plan_of(film, tmp_path / 'run'), **change))
    assert list(tmp_path.iterdir()) == []


def test_size_is_that_of_the_models_image(film, tmp_path):
    """--size is the long side that the network sees."""
    run(plan_of(film, tmp_path / 'run', settings=Settings(size=96), selection=Selection(end=Moment(2))))
    assert [max(shot.size) for shot in read_journal(tmp_path / 'run')] == [96, 96]


def test_a_rate_that_has_no_effect_is_told(film, tmp_path):
    """Whoever wants fewer frames of a film gives a rate, which is for what has no stamps."""
    write_bag(open_sequence(str(film)), tmp_path / 'bag')
    for source, said in ((tmp_path / 'bag', True), (film, False), ('synthetic:1:2', False)):
        told = io.StringIO()
        plan = Plan(str(source), tmp_path / 'run', Settings(), Selection(end=Moment(2)), rate=5.0)
        carry_out(plan, Console(file=told, width=200))
        assert ('--rate has no effect' in told.getvalue()) == said


def test_a_run_whose_terminal_goes_saves_what_it_has(tmp_path):
    """As with Ctrl-C: an ssh that breaks hangs up, and whatever is written to the terminal from then on fails."""
    out, unfinished = tmp_path / 'run', tmp_path / 'run.unfinished'
    pid, terminal = pty.fork()
    if not pid:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests may have them ignore it, as nohup does
        os.execv(sys.executable, [sys.executable, str(ROOT / 'scripts' / 'ttt3r'), 'run', 'synthetic:1:400', '--out',
                                  str(out)])
    seen = b''
    while b'frames/s' not in seen:
        seen += os.read(terminal, 4096)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == INTERRUPTED
    assert list(unfinished.glob('snapshot-*')) and not out.exists()


def test_a_camera_gives_the_newest_image(film, tmp_path):
    """Whatever OpenCV opens as a device is read; stamps increase, and it cannot be run through twice."""
    video = str(tmp_path / 'camera.avi')
    writer = cv2.VideoWriter(video, cv2.VideoWriter_fourcc(*'MJPG'), 30, SMALL[::-1])
    for file in sorted(film.iterdir())[:8]:
        writer.write(cv2.imread(str(file)))
    writer.release()
    camera = open_sequence(f'camera:{video}')
    stamps = [image.stamp for image in camera]
    assert camera.live and camera.contents.size == SMALL[::-1] and 1 <= len(stamps) <= 8
    assert all(np.diff(stamps) > 0)
    plan = Plan(f'camera:{video}', tmp_path / 'run', Settings())
    assert 1 <= run(plan)['frames']['answered'] <= 8
    with pytest.raises(StreamError, match='cannot be run through again'):
        run(replace(plan, revisit=2))


def test_a_camera_is_read_with_the_opencv_of_ubuntu(film, tmp_path, monkeypatch):
    """4.6, which an apt ROS brings, has the level of its log elsewhere than later ones."""
    levels = []
    monkeypatch.delattr(cv2.utils, 'logging', raising=False)
    monkeypatch.setattr(cv2, 'setLogLevel', lambda level: levels.append(level) or 3, raising=False)
    video = str(tmp_path / 'camera.avi')
    writer = cv2.VideoWriter(video, cv2.VideoWriter_fourcc(*'MJPG'), 30, SMALL[::-1])
    writer.write(cv2.imread(str(next(film.iterdir()))))
    writer.release()
    assert len(list(open_sequence(f'camera:{video}'))) == 1
    assert levels == [2, 3, 2, 3]  # errors alone, and what it was, each time that it is opened


def test_ctrl_c_is_the_end_of_a_cameras_recording(film, tmp_path, monkeypatch):
    """What was seen until then is exported, and nothing is left to be resumed."""
    monkeypatch.setattr(Interrupting, 'live', True)
    monkeypatch.setattr(Interrupting, 'readings', 1)  # it is read to be answered alone
    monkeypatch.setattr(session, 'open_sequence', lambda *_, **__: Interrupting(film))
    assert run(Plan('camera:0', tmp_path / 'run', Settings()))['frames']['answered'] == 9
    assert len((tmp_path / 'run/trajectory_tum.txt').read_text().splitlines()) == 9
    assert [path.name for path in tmp_path.iterdir()] == ['run']


def test_a_form_whose_package_is_missing_is_told_before_work(film, tmp_path, monkeypatch):
    """One line with what installs it."""
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ExportError, match=r"laspy: pip install 'ttt3r_ros\[export\]'"):
        run(plan_of(film, tmp_path / 'run', exports=('tum', 'las')))
    assert list(tmp_path.iterdir()) == []


def test_it_runs_where_the_terminal_has_fewer_letters(film, tmp_path):
    """What cannot be written as the terminal or a log wants it is left out of the line, and the run goes on."""
    done = subprocess.run(
        [sys.executable, '-c', 'from ttt3r_ros.cli.main import main; main()', 'run', str(film), '--end', '2', '--out',
         str(tmp_path / 'run')], cwd=ROOT, capture_output=True, timeout=100,
        env=os.environ | {'PYTHONIOENCODING': 'ascii'})
    assert done.returncode == 0 and b'2, of which 2 tracked' in done.stdout, done.stderr


def test_it_runs_without_ros(film, tmp_path):
    """The command needs no module of ROS, and says in a line what came of it."""
    out = tmp_path / 'run'
    script = ('import sys\n'
              'for name in ("rclpy", "ament_index_python", "sensor_msgs", "ttt3r_ros.msg"):\n'
              '    sys.modules[name] = None\n'
              'from ttt3r_ros.cli.main import main\n'
              f'main(["run", {str(film)!r}, "--end", "4", "--out", {str(out)!r}, "--export", "tum,glb"])\n')
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert {file.name for file in out.iterdir()} == {'results.json', 'frames.jsonl', 'cloud.glb', 'trajectory_tum.txt'}
    assert '4, of which 4 tracked' in done.stdout


def test_reading_ahead_keeps_order_bound_and_errors():
    """Items come in order, no more than two are read beyond those taken, an error comes where it was, threads end."""
    read = []

    def source():
        for number in range(8):
            read.append(number)
            yield number
        raise SequenceError('torn')

    before = threading.active_count()
    ahead = read_ahead(source())
    assert next(ahead) == 0
    time.sleep(0.2)
    assert len(read) <= 4  # one taken, two waiting, one in hand
    ahead.close()
    assert threading.active_count() == before
    taken = []
    with pytest.raises(SequenceError, match='torn'):
        for number in read_ahead(source()):
            taken.append(number)
    assert taken == list(range(8)) and threading.active_count() == before


def test_what_is_read_ahead_is_closed_by_the_thread_that_read_it():
    """A loop that is left early closes what the source has opened: a database belongs to its thread."""
    threads = []

    def source():
        threads.append(threading.get_ident())
        try:
            yield from range(8)
        finally:
            threads.append(threading.get_ident())

    for number in read_ahead(source()):
        if number == 2:
            break
    assert len(threads) == 2 and threads[0] == threads[1] != threading.get_ident()


@pytest.mark.parametrize('worth', [True, False])
def test_exports_that_were_interrupted_are_written_again(film, tmp_path, monkeypatch, worth):
    """What fails after the last frame costs no frame where that took a while: resumed, nothing is answered again.

    A short run is answered again, whole: it saves nothing at its end, which would cost each of many sources more.
    """
    if worth:
        monkeypatch.setattr(session, 'WORTH_SAVING_S', 0.0)
    plan = plan_of(film, tmp_path / 'run', exports=('ply', 'tum'))
    monkeypatch.setattr('ttt3r_ros.export.trajectories.write_tum', lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(plan)
    monkeypatch.undo()
    steps = [shot.step_s for shot in read_journal(tmp_path / 'run.unfinished')]
    assert len(list((tmp_path / 'run.unfinished').glob('snapshot-*'))) == worth
    run(replace(plan, resume=True))
    again = [shot.step_s for shot in read_journal(tmp_path / 'run')]
    assert (again == steps) == worth and len(again) == len(steps) == 10
    assert {path.name for path in (tmp_path / 'run').iterdir()} == {'results.json', 'frames.jsonl', 'cloud.ply',
                                                                   'trajectory_tum.txt'}


@pytest.mark.heavy
@pytest.mark.timeout(0)
def test_memory_does_not_grow_with_a_film(film, tmp_path):
    """A thousand frames of 640×480 video; what the loop costs beside its steps is told, and is the machine's matter."""
    av = pytest.importorskip('av')
    images = [cv2.resize(cv2.imread(str(film / f'{i:03d}.png')), (640, 480)) for i in range(10)]
    with av.open(str(tmp_path / 'film.mp4'), 'w') as container:
        stream = container.add_stream('libx264', rate=30)
        stream.width, stream.height, stream.pix_fmt = 640, 480, 'yuv420p'
        for i in range(1000):
            image = images[i % 10 if i // 10 % 2 == 0 else 9 - i % 10]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='bgr24')))
        container.mux(stream.encode())
    times = run(Plan(str(tmp_path / 'film.mp4'), tmp_path / 'run', Settings()))['times']
    assert 0 < times['lens_s'] and times['loop_s'] > times['step_s']  # of which the look ahead is no part
    memory = times['memory_mb']
    assert times['loop_over_step'] >= 1
    assert memory['at_the_end'] - memory['after_100_frames'] < 64


@pytest.mark.parametrize(('words', 'told'), [
    (['film/1.png', 'film/2.png', 'film/3.png', 'film/4.png', 'film/5.png'],
     'ttt3r run: error: unrecognized arguments: film/2.png film/3.png film/4.png …; quote a pattern'),
    (['my', 'film'], 'unrecognized arguments: film; quote a pattern and a name with spaces'),
    (['film', '--evry', '3'], 'unrecognized arguments: --evry 3; there is no option --evry: did you mean --every?\n'),
    (['film', '--expot=tum', 'ply'], '--expot=tum ply; there is no option --expot: did you mean --export?\n'),
    (['film', '--qqq', '3'], 'unrecognized arguments: --qqq 3; there is no option --qqq\n')])
def test_what_the_shell_has_taken_apart_is_told_as_that(words, told, capsys):
    """`ttt3r run walk/*.png` without quotes is many arguments, of which the first was a source and the others unknown.
    """
    with pytest.raises(SystemExit) as ended:
        main(['run', *words])
    assert ended.value.code == 2 and told in capsys.readouterr().err


@pytest.mark.parametrize('words', [['run', '{film}', '--out', '{long}'], ['run', '{film}', '--weights', '{long}'],
                                   ['view', '{long}'], ['convert', '{long}', 'x'], ['calibrate', '--weights', '{long}'],
                                   ['evaluate', '--dataset', '{long}'], ['run', '{film}', '--weights', '{loop}'],
                                   ['run', '{film}', '--out', '{loop}/run'], ['run', '{long}']])
def test_a_path_that_no_system_takes_is_one_line(words, film, tmp_path, capsys):
    """A name that is too long, as of a text pasted into the wrong place, and a link that leads to itself."""
    (tmp_path / 'loop').symlink_to('loop')
    named = {'film': film, 'long': tmp_path / ('x' * 300), 'loop': tmp_path / 'loop'}
    with pytest.raises(SystemExit) as end:
        main([word.format(**named) for word in words])
    told = capsys.readouterr().err.splitlines()[-1]
    assert end.value.code == 2 and ('xxx' in told or 'loop' in told)


@pytest.mark.parametrize('rate', ['1e-300', '1e-9', '1e12', '1e300'])
def test_a_rate_that_no_stamps_can_have_is_refused(film, tmp_path, capsys, rate):
    """Made of it, stamps are beyond 64 bits, or all the same."""
    with pytest.raises(SystemExit) as end:
        main(['run', str(film), '--rate', rate, '--out', str(tmp_path / 'run')])
    assert end.value.code == 2 and 'the rate must be' in capsys.readouterr().err


def test_other_packages_say_nothing_that_is_no_warning():
    """PyTorch tells of a cache as the process ends, where Ctrl-C comes while it is imported."""
    script = ('import atexit, logging\n'
              'from ttt3r_ros.cli.main import main\n'
              'atexit.register(logging.getLogger("torch.cache").info, "cache stats")\n'
              'atexit.register(logging.getLogger("ttt3r_ros.x").info, "our own")\n'
              'main(["--version"])\n')
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert 'our own' in done.stderr and 'cache' not in done.stderr
