# SPDX-License-Identifier: Apache-2.0
"""Every save: whole or not at all, through to the disk, and nowhere but where it may go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ttt3r_ros.reconstruction import whole_file
from ttt3r_ros.reconstruction.whole_file import FileError, FilePath, NoSuchFile, NotRegular, keep_beside, write

LEFT = '.ttt3r_ros-' + '0' * 32 + '.part'


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_all_is_said(tmp_path, monkeypatch):
    """The content is synced, then the part renamed, then the folder synced, and so is the one above a new folder."""
    done = []

    def noted(name, call):
        def noting(*arguments, **named):
            what = os.readlink(f'/proc/self/fd/{arguments[0]}') if name == 'fsync' else str(arguments[1])
            done.append((name, 'part' if what.endswith('.part') else what))
            return call(*arguments, **named)
        return noting

    for name in ('fsync', 'replace'):
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    write(tmp_path / 'new' / 'file', [b'one', b'two'])
    assert done == [('fsync', str(tmp_path)), ('fsync', 'part'), ('replace', 'file'), ('fsync', str(tmp_path / 'new'))]
    assert (tmp_path / 'new' / 'file').read_bytes() == b'onetwo'


def test_what_is_new_is_the_users_alone_and_what_is_old_keeps_its_mode(tmp_path):
    """0700 for folders, 0600 for files, whatever the umask grants; a file that others may read stays so."""
    umask = os.umask(0)
    try:
        write(tmp_path / 'a' / 'b' / 'file', [b'1'])
    finally:
        os.umask(umask)
    assert [mode(tmp_path / part) for part in ('a', 'a/b', 'a/b/file')] == [0o700, 0o700, 0o600]
    (tmp_path / 'a' / 'b' / 'file').chmod(0o644)
    write(tmp_path / 'a' / 'b' / 'file', [b'2'])
    assert mode(tmp_path / 'a' / 'b' / 'file') == 0o644


def test_nothing_but_a_file_is_replaced(tmp_path):
    """A pipe, a socket, a device and a folder stay what they are, each named; nobody is waited for."""
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'folder').mkdir()
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as one:
        one.bind(str(tmp_path / 'socket'))
        for path, kind in (('pipe', 'named pipe'), ('folder', 'directory'), ('socket', 'socket'),
                           ('/dev/null', 'device')):
            for call in (lambda p: write(p, [b'x']), lambda p: FilePath.of(p).open()):
                with pytest.raises(NotRegular, match=f'{path} is a {kind}'):
                    call(tmp_path / path)
    assert stat.S_ISCHR(os.stat('/dev/null').st_mode) and stat.S_ISFIFO((tmp_path / 'pipe').stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ['folder', 'pipe', 'socket']


def test_a_lock_of_somebody_else_holds_nothing_up(tmp_path):
    """Another process that has locked the folder, or the file itself, is not waited for."""
    (tmp_path / 'file').write_bytes(b'old')
    with contextlib.ExitStack() as held:
        for path in (tmp_path, tmp_path / 'file'):
            lock = os.open(path, os.O_RDONLY)
            held.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
        write(tmp_path / 'file', [b'new'])
    assert (tmp_path / 'file').read_bytes() == b'new'


def test_a_part_has_a_name_that_nobody_foresees_and_is_no_link(tmp_path, monkeypatch):
    """Parts are made, never opened: where the name is taken, by a link even, nothing is written through it."""
    (tmp_path / 'victim').write_bytes(b'precious')
    tokens = iter(['0' * 32])
    (tmp_path / LEFT).symlink_to(tmp_path / 'victim')
    names = {whole_file._part_name() for _ in range(100)}
    assert len(names) == 100 and all(whole_file.PART.fullmatch(name) for name in names)
    monkeypatch.setattr(whole_file.secrets, 'token_hex', lambda size: next(tokens))
    with pytest.raises(FileError, match='exists'):
        write(tmp_path / 'file', [b'x'])
    assert (tmp_path / 'victim').read_bytes() == b'precious' and not (tmp_path / 'file').exists()


def test_what_killed_processes_left_is_cleared_away_and_nothing_else(tmp_path):
    """A left part goes; one that is being written, links and others' files stay."""
    (tmp_path / LEFT).write_bytes(b'half')
    busy, link = LEFT.replace('0', '1'), LEFT.replace('0', '2')
    (tmp_path / busy).write_bytes(b'half')
    (tmp_path / 'victim').write_bytes(b'precious')
    (tmp_path / link).symlink_to(tmp_path / 'victim')
    (tmp_path / '.other.part').write_bytes(b'')
    with (tmp_path / busy).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        write(tmp_path / 'file', [b'x'])
        assert sorted(os.listdir(tmp_path)) == sorted(['.other.part', busy, link, 'file', 'victim'])
    assert (tmp_path / 'victim').read_bytes() == b'precious'


def test_many_write_and_clear_away_at_once(tmp_path):
    """Nobody takes another's part for a left one: every save succeeds, the file is whole, nothing is left."""
    said = []

    def save(byte: bytes) -> None:
        try:
            for _ in range(25):
                write(tmp_path / 'file', [byte * 1000, byte * 99_000])
        except OSError as error:
            said.append(error)

    threads = [threading.Thread(target=save, args=(bytes([i]),)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not said and os.listdir(tmp_path) == ['file']
    assert len(set((tmp_path / 'file').read_bytes())) == 1 and (tmp_path / 'file').stat().st_size == 100_000


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path, monkeypatch):
    """Whatever call fails, the line names file and cause, the old content stays and no part is left."""
    path = tmp_path / 'file'
    path.write_bytes(b'old')

    def full(*arguments, **named):
        raise OSError(28, 'No space left on device')

    for name in ('fsync', 'replace', 'fchmod'):
        with monkeypatch.context() as broken, pytest.raises(FileError, match='No space left.*0.1 MB free') as caught:
            broken.setattr(os, name, full)
            write(path, [b'new'])
        assert str(path) in str(caught.value) and caught.value.reason == 'No space left on device'
        assert (caught.value.errno, caught.value.strerror) == (28, 'No space left on device')  # as any OSError says it
        assert path.read_bytes() == b'old' and os.listdir(tmp_path) == ['file']


def test_a_stranger_stays_below_the_folder(tmp_path):
    """Relative and absolute names below it are taken, links that stay there too; all that leads out is refused."""
    root = tmp_path / 'files'
    (root / 'deep').mkdir(parents=True)
    (tmp_path / 'secret').write_bytes(b'precious')
    (root / 'in').symlink_to('deep')
    (root / 'out').symlink_to(tmp_path)
    (root / 'file-out').symlink_to(tmp_path / 'secret')
    (root / 'dangling').symlink_to(tmp_path / 'not-yet')
    (tmp_path / 'way').symlink_to(root)
    for path, where in (('x', 'x'), ('deep/x', 'deep/x'), ('new/er/x', 'new/er/x'), ('in/x', 'deep/x'),
                        ('deep/../x', 'x'), (str(root / 'x'), 'x'), (str(tmp_path / 'way' / 'x'), 'x'), ('.x', '.x'),
                        ('…', '…')):
        assert str(FilePath.below(root, path)) == str(root / where)
        assert str(FilePath.below(f'{tmp_path}/way/', path)) == str(root / where)
    for path in ('../secret', str(tmp_path / 'secret'), 'out/secret', 'file-out', 'dangling', '/dev/null', '/x',
                 'deep/../../secret', str(root) + '-other/x', '~/x'):
        with pytest.raises(FileError, match='not below.*name a file in that folder'):
            FilePath.below(root, path)
    for path, word in (('', 'no path'), ('.', 'directory'), ('deep/', 'directory'), ('..', 'directory'),
                       ('a\0b', 'character'), ('\udc80\ud800', 'character'), ('~nobody_at_all/x', 'home of nobody')):
        with pytest.raises(FileError, match=word):
            FilePath.below(root, path)
    with pytest.raises(FileError, match='File name too long'):
        write(FilePath.below(root, 'x' * 300), [b''])


def test_a_link_that_is_laid_after_the_question_is_not_followed(tmp_path):
    """Between the look at a path and its use somebody may change the folder: then it is refused, for each part."""
    root = tmp_path / 'files'
    (root / 'deep').mkdir(parents=True)
    (root / 'deep' / 'file').write_bytes(b'inside')
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere' / 'file').write_bytes(b'precious')
    file = FilePath.below(root, 'deep/file')
    (root / 'deep' / 'file').unlink()
    (root / 'deep' / 'file').symlink_to(tmp_path / 'elsewhere' / 'file')
    for call in (lambda: write(file, [b'x']), file.open):
        with pytest.raises(NotRegular, match='is a link'):
            call()
    (root / 'deep').rename(root / 'was')
    (root / 'deep').symlink_to(tmp_path / 'elsewhere')
    for call, word in ((lambda: write(file, [b'x']), 'written'), (file.open, 'read')):
        with pytest.raises(FileError, match=f'cannot be {word}'):
            call()
    assert (tmp_path / 'elsewhere' / 'file').read_bytes() == b'precious'


def test_a_file_may_be_written_in_a_folder_whose_parents_may_not_be_read(tmp_path):
    """To go through a folder is enough, as for every program."""
    (tmp_path / 'shut' / 'open').mkdir(parents=True)
    (tmp_path / 'shut' / 'open').chmod(0o777)
    (tmp_path / 'shut').chmod(0o311)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o011)
    tmp_path.chmod(0o711)
    code = ('import os, sys\n'
            'from ttt3r_ros.reconstruction.whole_file import write\n'
            'if os.geteuid() == 0: os.setuid(65534)\n'
            'write(sys.argv[1], [b"x"])\n')
    subprocess.run([sys.executable, '-c', code, tmp_path / 'shut' / 'open' / 'file'], check=True)
    (tmp_path / 'shut').chmod(0o700)
    assert (tmp_path / 'shut' / 'open' / 'file').read_bytes() == b'x'


def test_an_old_file_is_kept_beside_the_new_one(tmp_path, monkeypatch):
    """It stays in its place until it is replaced; the first one kept is never lost, the last place is used again."""
    assert keep_beside(tmp_path / 'file', '.refused', 3) is None
    for content, name in (('a', 'file.refused'), ('b', 'file.refused.2'), ('c', 'file.refused.3'),
                          ('d', 'file.refused.3')):
        write(tmp_path / 'file', [content.encode()])
        assert keep_beside(tmp_path / 'file', '.refused', 3).name == name
        assert (tmp_path / name).read_text() == (tmp_path / 'file').read_text() == content
    assert (tmp_path / 'file.refused').read_text() == 'a' and len(os.listdir(tmp_path)) == 4

    def refuse(*arguments, **named):
        raise PermissionError(1, 'Operation not permitted')

    monkeypatch.setattr(os, 'link', refuse)  # FAT
    write(tmp_path / 'file', [b'e'])
    assert keep_beside(tmp_path / 'file', '.refused', 3).name == 'file.refused.3'
    assert (tmp_path / 'file.refused.3').read_text() == 'e' and not (tmp_path / 'file').exists()
    with pytest.raises(NoSuchFile):
        FilePath.of(tmp_path / 'file').open()
