# SPDX-License-Identifier: Apache-2.0
"""Results that cannot be written, commands that need what is not there: one line, before any work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ttt3r_ros.export.output_folder import OutputError, alone_in, replacing, require_room, require_writable

ROOT = Path(__file__).parents[1]
NOWHERE = '/dev/null/out'  # not even root can make it


def test_a_folder_that_cannot_be_written_is_told_before_work(tmp_path):
    """A place where no folder can be, and a disk too small, raise with the remedy; a good one is made."""
    with pytest.raises(OutputError, match=f'{NOWHERE} cannot be written to .*--out'):
        require_writable(Path(NOWHERE))
    require_writable(tmp_path / 'a/b')
    assert list((tmp_path / 'a/b').iterdir()) == []
    require_room(tmp_path, 1000)
    with pytest.raises(OutputError, match='1000000.0 are needed'):
        require_room(tmp_path, 1e15)


def on_a_full_disk(work: str, folder: Path) -> str:
    """Return the line that a piece of work on `folder` ends with where no file may exceed a kilobyte.

    In a process of its own: this one's output may go to a file, which must go on growing.
    """
    script = ('import resource, sys\n'
              'from pathlib import Path\n'
              'from ttt3r_ros.export.output_folder import OutputError, replacing, require_writable\n'
              'folder = Path(sys.argv[1])\n'
              'resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n'
              f'try:\n    {work}\n'
              'except OutputError as error:\n    sys.exit(str(error))\n')
    done = subprocess.run([sys.executable, '-c', script, str(folder)], cwd=ROOT, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1, done.stderr
    return done.stderr


def test_a_full_disk_is_told_before_work(tmp_path):
    """Where a folder can be made and nothing be put into it, the line says so."""
    assert f'{tmp_path} cannot be written to' in on_a_full_disk('require_writable(folder)', tmp_path)


def test_old_results_stay_until_all_new_ones_are_there(tmp_path):
    """A run that fails leaves the files and folders of the last one; one that does not replaces them."""
    (tmp_path / 'bag').mkdir()
    (tmp_path / 'bag/old').write_text('old')
    (tmp_path / 'table').write_text('old')

    def run(fail: bool) -> None:
        with replacing(tmp_path) as fresh:
            (fresh / 'bag').mkdir()
            (fresh / 'table').write_text('new')
            if fail:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(True)
    assert (tmp_path / 'table').read_text() == 'old' and (tmp_path / 'bag/old').exists()
    run(False)
    assert (tmp_path / 'table').read_text() == 'new' and not (tmp_path / 'bag/old').exists()
    assert {path.name for path in tmp_path.iterdir()} == {'bag', 'table'}


def test_one_at_a_time_writes_to_a_folder(tmp_path):
    """Whoever comes second is told, before and until the first is done, however it ends."""
    for _ in range(2):
        with pytest.raises(KeyError), alone_in(tmp_path):
            with pytest.raises(OutputError, match='is being written by another run; wait for it'), alone_in(tmp_path):
                pytest.fail('two are in it')
            raise KeyError


def test_a_disk_that_fills_up_costs_no_old_result(tmp_path):
    """What is written when the room ends is thrown away, and the line says what to do."""
    (tmp_path / 'table').write_text('old')
    work = 'with replacing(folder) as fresh: (fresh / "table").write_bytes(bytes(5000))'
    assert 'make room' in on_a_full_disk(work, tmp_path)
    assert (tmp_path / 'table').read_text() == 'old'


def command(*arguments: str, without: tuple[str, ...] = (), first: Path = ROOT) -> subprocess.CompletedProcess:
    """Run `ttt3r` in a process that cannot import the packages in `without`, and finds those of a folder first."""
    script = (f'import sys\nsys.path.insert(0, {str(first)!r})\n'
              f'for name in {without!r}:\n'
              '    sys.modules[name] = None\n'
              'from ttt3r_ros.cli.main import main\n'
              f'main({list(arguments)!r})\n')
    return subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize('name', ['evaluate', 'bench'])
def test_a_command_ends_at_once_where_it_cannot_write(name):
    """An output folder that cannot be is one line and exit status 2."""
    done = command(name, '--out', NOWHERE)
    assert done.returncode == 2 and done.stderr.count('\n') == 1 and NOWHERE in done.stderr


@pytest.mark.parametrize('arguments', [
    ('evaluate', '--out', '~nobody_at_all/x'), ('evaluate', '--weights', '~nobody_at_all/w.pth', '--out', 'NEW'),
    ('convert', '~nobody_at_all/w.pth', 'NEW/w.safetensors'), ('convert', 'embedded', '~nobody_at_all/w.safetensors')])
def test_the_home_of_nobody_is_named(arguments, tmp_path):
    """A ~ that leads nowhere is one line and exit status 2, wherever a path is given."""
    done = command(*(word.replace('NEW', str(tmp_path)) for word in arguments))
    assert done.returncode == 2 and '~nobody_at_all' in done.stderr and 'Traceback' not in done.stderr, done.stderr


def test_weights_that_cannot_be_written(tmp_path):
    """A place where no file can be is one line, too."""
    done = command('convert', 'embedded', '/dev/null/w.safetensors')
    assert done.returncode == 2 and done.stderr.count('\n') == 1 and '/dev/null/w.safetensors' in done.stderr


def test_where_ros_cannot_log_the_node_says_what_helps(tmp_path):
    """A home that cannot be written to ends the node with a line that names the variable."""
    pytest.importorskip('rclpy')
    environment = {name: value for name, value in os.environ.items() if name not in ('ROS_LOG_DIR', 'ROS_HOME')}
    done = subprocess.run([sys.executable, str(ROOT / 'scripts' / 'ttt3r_node')], capture_output=True, text=True,
                          timeout=100, env=environment | {'HOME': NOWHERE})
    assert done.returncode == 2 and 'set ROS_LOG_DIR to a folder' in done.stderr and 'Traceback' not in done.stderr


@pytest.mark.parametrize('arguments', [('demo', '--out', NOWHERE), ('parameters',)])
@pytest.mark.parametrize('without', [('rclpy',), ('ttt3r_ros.ros',), ('ttt3r_ros.msg', 'rcl_interfaces')])
def test_without_ros_the_line_says_what_needs_it_and_what_does_not(arguments, without):
    """As after `pip install .`: no traceback but a line that names ROS, and the commands that run."""
    done = command(*arguments, without=without)
    assert done.returncode == 2 and done.stderr.count('\n') == 1, done.stderr
    assert f'ttt3r {arguments[0]}: needs ROS 2' in done.stderr
    alone = done.stderr.partition('Without ROS there are ')[2].strip().split(', ')
    assert {'evaluate', 'bench', 'convert'} <= set(alone) and not {'demo', 'parameters'} & set(alone)


def test_a_ros_whose_libraries_are_not_found_is_told(tmp_path):
    """As under sudo, which takes LD_LIBRARY_PATH away: rclpy is there, and what it loads is not."""
    (tmp_path / 'rclpy').mkdir()
    (tmp_path / 'rclpy/__init__.py').write_text(
        "raise ImportError('librcl_action.so: cannot open shared object file: No such file or directory\\nThe C ext', "
        "name='_rclpy_pybind11', path='/opt/ros/jazzy/lib/python3.12/site-packages/rclpy/_rclpy_pybind11.so')\n")
    done = command('demo', '--out', NOWHERE, first=tmp_path)
    assert done.returncode == 2 and done.stderr.count('\n') == 1, done.stderr
    assert 'librcl_action.so: cannot open' in done.stderr and 'LD_LIBRARY_PATH' in done.stderr


def test_a_missing_python_package_is_named():
    """A package that is not there is one line with what installs it."""
    done = command('evaluate', '--out', NOWHERE, without=('evo',))
    assert done.returncode == 2 and done.stderr.count('\n') == 1
    assert 'needs the Python module evo' in done.stderr and 'with its extra [eval]' in done.stderr
