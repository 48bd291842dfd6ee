# SPDX-License-Identifier: Apache-2.0
"""The state file: what comes back, what is refused, and that a kill never leaves half of it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.state_file import (
    HEAD,
    Autosave,
    Context,
    StateFileError,
    StateFileMissing,
    load,
    restore,
    save,
)

CONTEXT = Context('odom', 'camera_optical')
# Saves states of ever other content without end; the whole of each follows from its stamp.
WRITER = """
import sys
from ttt3r_ros.reconstruction.state_file import Context, save
start = int(sys.argv[2])
for i in range(start, start + 100_000):
    save(sys.argv[1], bytes([i % 251]) * 2_000_000, Context('odom', 'camera', stamp=i))
    sys.stdout.write('saved\\n')
    sys.stdout.flush()
"""


@pytest.fixture(scope='module')
def images():
    """Four images of noise."""
    return np.random.default_rng(0).integers(0, 255, (4, 48, 64, 3), np.uint8)


def test_a_reconstruction_goes_on_from_a_file(tmp_path, images):
    """Another reconstructor restored from a file answers the next image to the bit, and the context comes back."""
    network = load_network('untrained').network
    one, two = (Reconstructor(network, make_rule('ttt3r')) for _ in range(2))
    for image in images[:2]:
        pose = one.step(image).pose
    context = Context('odom', 'front_optical', pose, 1_700_000_000_123_456_789, {'reset': {'window': [0.1, 2]}})
    path = tmp_path / 'new folder' / 'state'
    save(path, one.snapshot(), context)
    back = restore(path, two)
    np.testing.assert_array_equal(back.pose, pose)
    assert {**vars(back), 'pose': None} == {**vars(context), 'pose': None}
    a, b = one.step(images[2]), two.step(images[2])
    np.testing.assert_array_equal(a.pose, b.pose)
    np.testing.assert_array_equal(a.points, b.points)

    network.register_tokens.weight += 1
    before = two.snapshot()
    with pytest.raises(StateFileError, match=r'state.*other weights'):
        restore(path, two)
    assert two.snapshot() == before


def test_a_context_without_a_pose(tmp_path):
    """Before the first published pose there is none, and no other is made up; a broken one is refused."""
    save(tmp_path / 'state', b'', CONTEXT)
    snapshot, context = load(tmp_path / 'state')
    assert snapshot == b'' and context == CONTEXT and context.pose is None and context.stamp is None
    for wrong in (np.eye(3), np.full((4, 4), np.nan)):
        with pytest.raises(ValueError, match=r'\(4, 4\)'):
            Context('odom', 'camera', wrong)


def test_every_damage_is_noticed(tmp_path):
    """A file cut anywhere, longer, or with any one byte flipped is refused with its name."""
    path = tmp_path / 'state'
    save(path, bytes(range(100)), CONTEXT)
    whole = path.read_bytes()
    bad = [whole[:size] for size in (0, 5, 16, HEAD - 1, HEAD, HEAD + 10, len(whole) - 1)] + [whole + b'x']
    for i in range(len(whole)):
        flipped = bytearray(whole)
        flipped[i] ^= 1
        bad.append(bytes(flipped))
    for data in bad:
        path.write_bytes(data)
        with pytest.raises(StateFileError, match=str(path)):
            load(path)
    path.write_bytes(whole)
    assert load(path)[0] == bytes(range(100))


def test_what_is_no_state_file_is_refused(tmp_path):
    """A missing file, a folder, a pipe that nobody writes to, another file and no name at all each have their word."""
    with pytest.raises(StateFileMissing, match='does not exist'):
        load(tmp_path / 'nothing')
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'photo').write_bytes(b'\xff\xd8' * 500)
    for name in ('pipe', 'photo'):
        with pytest.raises(StateFileError, match='no state file'):
            load(tmp_path / name)
    for call in (lambda p: load(p), lambda p: save(p, b'', CONTEXT)):
        with pytest.raises(StateFileError, match='directory'):
            call(tmp_path)
        with pytest.raises(StateFileError, match='no path'):
            call('')
    with pytest.raises(StateFileError, match='cannot be written'):
        save(tmp_path / 'photo' / 'state', b'', CONTEXT)


def test_a_context_of_the_largest_size_is_read(tmp_path, monkeypatch):
    """Up to the bound a file is taken, and one byte above it is none of ours."""
    save(tmp_path / 'state', b'', CONTEXT)
    size = len(CONTEXT.to_json())
    monkeypatch.setattr(state_file, 'MOST_CONTEXT', size)
    assert load(tmp_path / 'state')[1] == CONTEXT
    monkeypatch.setattr(state_file, 'MOST_CONTEXT', size - 1)
    with pytest.raises(StateFileError, match='more than any state of ours'):
        load(tmp_path / 'state')


def test_a_folder_that_may_not_be_written_to(tmp_path):
    """Without the right to write, the error says so and the old file stays."""
    folder = tmp_path / 'locked'
    save(folder / 'state', b'old', CONTEXT)
    folder.chmod(0o500)
    # Root may write anywhere: the child steps down, after importing, for it may then not even read our sources.
    code = ('import os, sys\n'
            'from ttt3r_ros.reconstruction.state_file import Context, StateFileError, save\n'
            'if os.geteuid() == 0: os.setuid(65534)\n'
            'try: save(sys.argv[1], b"new", Context("odom", "camera"))\n'
            'except StateFileError as error: sys.stdout.write(str(error))\n')
    said = subprocess.run([sys.executable, '-c', code, folder / 'state'], capture_output=True, text=True, check=True)
    assert 'ermission denied' in said.stdout and str(folder / 'state') in said.stdout
    folder.chmod(0o700)
    assert load(folder / 'state')[0] == b'old'


def test_a_full_disk_leaves_the_old_file(tmp_path):
    """A write that the system cuts short raises, and leaves the old file and nothing beside it."""
    path = tmp_path / 'state'
    save(path, b'old', CONTEXT)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StateFileError, match='MB free'):
            save(path, bytes(4 << 20), CONTEXT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert load(path)[0] == b'old' and os.listdir(tmp_path) == ['state']


def test_a_link_stays_one(tmp_path):
    """The file behind a link is replaced."""
    save(tmp_path / 'real', b'old', CONTEXT)
    (tmp_path / 'link').symlink_to(tmp_path / 'real')
    save(tmp_path / 'link', b'new', CONTEXT)
    assert (tmp_path / 'link').is_symlink() and load(tmp_path / 'real')[0] == b'new'


def test_kill_9_leaves_a_whole_file(tmp_path):
    """Killed again and again as it saves, a process leaves a state that loads, never older than it said."""
    path = tmp_path / 'state'
    delays = np.random.default_rng(1).uniform(0, 0.03, 8)
    for i, delay in enumerate(delays):
        start = 1000 * i
        writer = subprocess.Popen([sys.executable, '-c', WRITER, path, str(start)], stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b'saved\n'
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        said = 1 + writer.stdout.read().count(b'\n')
        writer.wait()
        snapshot, context = load(path)
        assert context.stamp in (start + said - 1, start + said)
        assert snapshot == bytes([context.stamp % 251]) * 2_000_000
    save(path, b'next', CONTEXT)
    assert os.listdir(tmp_path) == ['state'], 'what a killed process left is cleared away by the next save'


def test_saves_to_one_path_leave_the_whole_of_one(tmp_path):
    """Four threads that save to one path leave the whole of one of them."""
    states = [bytes([i]) * 500_000 for i in range(4)]
    threads = [threading.Thread(target=lambda s=s: [save(tmp_path / 'state', s, CONTEXT) for _ in range(5)])
               for s in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert load(tmp_path / 'state')[0] in states and os.listdir(tmp_path) == ['state']


def test_autosave_is_due_by_the_clock(tmp_path):
    """A save is due an interval after the start and after each submit; with interval 0 never."""
    now = [100.0]
    autosave = Autosave(tmp_path / 'state', 5.0, pytest.fail, clock=lambda: now[0])
    assert not autosave.due()
    now[0] += 5
    assert autosave.due() and autosave.due()
    autosave.submit(b'one', CONTEXT)
    assert not autosave.due()
    assert autosave.flush() and load(tmp_path / 'state')[0] == b'one'
    now[0] += 4.9
    assert not autosave.due()
    autosave.interval_s = 2.0
    assert autosave.due()
    autosave.interval_s = 0.0
    assert not autosave.due()


def test_the_newest_state_wins_and_nobody_waits(tmp_path, monkeypatch):
    """While a disk is slow, submit returns, older waiting states are passed over and the newest is written."""
    path, disk, fsync = tmp_path / 'state', threading.Event(), os.fsync
    monkeypatch.setattr(os, 'fsync', lambda file: (disk.wait(), fsync(file)))
    autosave = Autosave(path, 1.0, pytest.fail)
    autosave.submit(b'first', CONTEXT)
    for i in range(50):
        autosave.submit(bytes([i]), CONTEXT)
    assert not autosave.flush(timeout_s=0.05) and not path.exists()
    assert sum(t.name == 'autosave' for t in threading.enumerate()) == 1
    disk.set()
    assert autosave.flush() and load(path)[0] == bytes([49])


def test_a_failure_is_told_once_until_it_is_over(tmp_path):
    """The same failure is told once, again after a success between; flush says whether the state is safe."""
    told = []
    home = tmp_path / 'home'
    autosave = Autosave(home / 'state', 1.0, told.append)
    for _ in range(2):
        home.write_bytes(b'in the way')
        for _ in range(3):
            autosave.submit(b'x' * len(told), CONTEXT)
            assert not autosave.flush()
        home.unlink()
        autosave.submit(b'good', CONTEXT)
        assert autosave.flush() and load(home / 'state')[0] == b'good'
        (home / 'state').unlink()
        home.rmdir()
    assert len(told) == 2 and all(isinstance(error, StateFileError) and str(home) in str(error) for error in told)


def test_a_report_that_fails_does_not_end_the_saving(tmp_path, caplog):
    """Whoever is told may raise; the next state is saved all the same."""
    (tmp_path / 'home').write_bytes(b'in the way')

    def report(error):
        raise RuntimeError('nobody listens')

    autosave = Autosave(tmp_path / 'home' / 'state', 1.0, report)
    autosave.submit(b'one', CONTEXT)
    assert not autosave.flush() and 'nobody listens' in caplog.text
    (tmp_path / 'home').unlink()
    autosave.submit(b'two', CONTEXT)
    assert autosave.flush() and load(tmp_path / 'home' / 'state')[0] == b'two'


def test_an_old_state_that_was_not_taken_over_is_kept(tmp_path):
    """The first save after that keeps it beside; where that fails nothing is replaced; another file is not meant."""
    path, told = tmp_path / 'state', []
    save(path, b'old', CONTEXT)
    autosave = Autosave(path, 1.0, told.append)
    autosave.keep_old(tmp_path / 'other')
    assert not autosave.keeps_old
    (tmp_path / 'link').symlink_to(path)
    autosave.keep_old(tmp_path / 'link')
    for i in range(1, 4):
        (tmp_path / f'state.refused{f".{i}" if i > 1 else ""}').mkdir()
    autosave.submit(b'new', CONTEXT)
    assert not autosave.flush() and load(path)[0] == b'old' and autosave.keeps_old
    assert 'state.refused.3 is a directory' in autosave.failure and len(told) == 1
    (tmp_path / 'state.refused').rmdir()
    for state in (b'new', b'newer'):
        autosave.submit(state, CONTEXT)
        assert autosave.flush() and load(path)[0] == state and load(tmp_path / 'state.refused')[0] == b'old'
    assert not autosave.keeps_old and autosave.failure is None
    Autosave('', 1.0, told.append).keep_old(path)  # no state file, nothing to keep
    (tmp_path / 'state.refused.2').rmdir()
    autosave.keep_old(path)
    autosave.save(b'asked for', CONTEXT)  # as a service does
    assert load(path)[0] == b'asked for' and load(tmp_path / 'state.refused')[0] == b'old'
    assert load(tmp_path / 'state.refused.2')[0] == b'newer'


def test_two_that_save_to_one_file_are_told(tmp_path):
    """Two nodes of one params_file: each replaces the other's state, and one of them would go on with the other's. Told
    once by each, saved all the same; what an earlier run left, a service's own save, or nothing, is no reason."""
    path, told = tmp_path / 'state', {'one': [], 'other': []}
    save(path, b'of an earlier run', CONTEXT)
    one, other = (Autosave(path, 1.0, told[name].append) for name in told)

    def saves(autosave, data):
        autosave.submit(data, CONTEXT)
        assert autosave.flush() and load(path)[0] == data
        return autosave.failure

    assert saves(one, b'1') is None
    one.save(b'asked for', CONTEXT)
    assert saves(one, b'2') is None
    path.unlink()
    assert saves(one, b'3') is None
    assert saves(other, b'a') is None
    for _ in range(2):
        assert 'another node saves there too' in saves(one, b'4') and str(path) in one.failure
        assert 'another node saves there too' in saves(other, b'b')
        assert saves(other, b'c') is None
    assert [len(errors) for errors in told.values()] == [1, 1]
    assert all(isinstance(error, StateFileError) for errors in told.values() for error in errors)
