# SPDX-License-Identifier: Apache-2.0
"""The package from Python: `ttt3r_ros.open`, what it imports, and the examples."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import plyfile
import pytest

import ttt3r_ros as ttt3r
from ttt3r_ros.offline.selection import SelectionError
from ttt3r_ros.offline.stream import StreamError
from ttt3r_ros.sequences import SequenceError, read_tum

ROOT = Path(__file__).parents[1]


def test_importing_the_package_imports_no_torch():
    """A client of our messages that imports the package reads neither PyTorch nor what else is heavy."""
    script = ('import sys, ttt3r_ros\n'
              'assert "open" in dir(ttt3r_ros)\n'
              'print(*{"torch", "numpy", "cv2", "scipy", "rclpy"} & sys.modules.keys())\n')
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, '\n'), done.stderr
    with pytest.raises(AttributeError, match='no attribute'):
        _ = ttt3r.nothing


def test_open_yields_frames_one_at_a_time(film):
    """Frames have their stamp, pose and points in the world; frames before the end alone are read."""
    stream = ttt3r.open(film, every=2, end='0.9s', rule='cut3r')
    assert str(stream.reconstructor.rule) == 'cut3r'
    frames = iter(stream)
    first, second = next(frames), next(frames)
    assert isinstance(first, ttt3r.Frame) and (first.position, second.position) == (0, 2)
    assert second.stamp - first.stamp == 200_000_000 and first.tracked
    back = (second.world_points - second.pose[:3, 3]) @ second.pose[:3, :3]
    np.testing.assert_allclose(back, second.points, atol=1e-5)
    assert [frame.number for frame in frames] == [2, 3, 4]


def test_open_refuses_what_there_is_not(tmp_path):
    """A source, a place in it and a setting that cannot be are told when it is opened."""
    with pytest.raises(SequenceError, match='does not exist'):
        ttt3r.open(tmp_path / 'nothing')
    with pytest.raises(SelectionError, match='soon'):
        ttt3r.open('synthetic', start='soon')
    with pytest.raises(StreamError, match="size '96' is not possible: take a multiple of 32"):
        ttt3r.open('synthetic', size='96')
    with pytest.raises(TypeError, match='colour'):
        ttt3r.open('synthetic', colour='blue')


def test_a_source_may_be_a_path(film):
    """Of `open` and of `open_sequence`, as of Python's own open."""
    assert len(ttt3r.open_sequence(film)) == len(ttt3r.open_sequence(str(film))) == len(ttt3r.open(film))


def example(name: str, *arguments: str, monkeypatch) -> None:
    """Run an example as its users do, in this process."""
    monkeypatch.setattr(sys, 'argv', [name, *arguments])
    runpy.run_path(str(ROOT / 'examples' / name), run_name='__main__')


def test_examples(film, tmp_path, monkeypatch, capsys):
    """Each runs, and leaves what it says."""
    few = f'{film}/00*.png'
    example('path.py', few, str(tmp_path / 'path.txt'), monkeypatch=monkeypatch)
    assert len(read_tum(tmp_path / 'path.txt')) == 10
    example('cloud.py', few, str(tmp_path / 'cloud.ply'), monkeypatch=monkeypatch)
    assert 2 * 6000 < len(plyfile.PlyData.read(tmp_path / 'cloud.ply')['vertex'].data) < 2 * 12288
    example('own_loop.py', few, monkeypatch=monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10 and all('ttt3r: gate' in line and 'cut3r: gate 1.00' in line for line in lines)


def test_the_path_of_a_long_film_keeps_no_frames(tmp_path, monkeypatch):
    """Of a phone's film of ten minutes the points of all frames are gigabytes."""
    alive = weakref.WeakSet()

    def film(source: str):
        for k in range(40):
            alive.add(frame := Seen(stamp=k, pose=np.eye(4), tracked=k % 2 == 0))
            yield frame
            del frame
            assert len(alive) <= 1  # what the loop has in hand

    monkeypatch.setattr(ttt3r, 'open', film)
    example('path.py', 'film.mp4', str(tmp_path / 'path.txt'), monkeypatch=monkeypatch)
    assert len(read_tum(tmp_path / 'path.txt')) == 20


class Seen(SimpleNamespace):
    """A frame that can be put into a set."""

    __hash__ = object.__hash__


def test_the_notebook_runs():
    """Its cells run in their order, and the path that it shows is near the truth."""
    cells = json.loads((ROOT / 'examples/tour.ipynb').read_text())['cells']
    names = {}
    for cell in cells:
        if cell['cell_type'] == 'code':
            exec(compile(''.join(cell['source']), 'tour.ipynb', 'exec'), names)
    assert len(names['path']) == len(names['truth']) == 12
    assert names['error'][-1] < 0.2 * names['way']
