# SPDX-License-Identifier: Apache-2.0
"""How the node ends: its state is saved, and no state of before is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from harness import SCRIPT, NodeProcess, scene, stamp_of
from safetensors.torch import load, save

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.odometry import Odometry, World
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.snapshot import FORMAT
from ttt3r_ros.reconstruction.state_file import Context
from ttt3r_ros.ros.stopping import ENDED_LATE

SECOND = 1_000_000_000


def end(node: NodeProcess, number: int) -> None:
    node.process.send_signal(number)
    assert node.process.wait(60) == 0, node.log()


@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM, 'shutdown'])
def test_the_state_is_saved_however_the_node_ends(run, tmp_path, how):
    """Ctrl-C, SIGTERM and the transition leave the last image's state, also where no autosave is ever due."""
    path = tmp_path / 'robot.state'
    node, robot = run(state_file=str(path), autosave_interval=0.0, lossless=True)
    robot.show_and_wait([SECOND, 2 * SECOND, 3 * SECOND])
    assert not path.exists()
    if how == 'shutdown':
        assert robot.transition('shutdown_active') and robot.state() == 'finalized'
    else:
        end(node, how)
    assert state_file.load(path)[1].stamp == 3 * SECOND


def test_a_node_that_has_answered_nothing_leaves_the_file_alone(tmp_path):
    """Ended at any moment of its start it is quiet, and an old state, good or not, stays."""
    path = tmp_path / 'robot.state'
    path.write_bytes(b'old')
    for i, phase in enumerate(('imports', 'weights', 'active')):
        node = NodeProcess(tmp_path / f'{phase}.log', script=SCRIPT if phase == 'imports' else None,
                           state_file=str(path), autosave_interval=0.01)
        deadline = time.monotonic() + 60
        while phase == 'active' and ' active: ' not in node.log():
            assert time.monotonic() < deadline, node.log()
            time.sleep(0.05)
        time.sleep((1.0, 0.3, 0.0)[i])
        node.process.send_signal(signal.SIGINT)
        assert node.process.wait(60) in (0, -signal.SIGINT)
        assert 'Traceback' not in node.log() and 'foresaw' not in node.log(), node.log()
        assert path.read_bytes() == b'old'


def unlike(path, stamp: int) -> bytes:
    """Write a state that no image is recognised against, as it claims far more confidence; return its bytes."""
    reconstructor = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    reconstructor.step(scene(0))
    data = reconstructor.snapshot()
    tensors, length = load(data), int.from_bytes(data[:8], 'little')
    tensors['boundary.confidence'] *= 1e6
    header = json.loads(data[8:8 + length])['__metadata__'][FORMAT]
    state = {'world': World().state(), 'odometry': Odometry().state(),
             'scale': {'source': 'fixed', 'factor': 1.0, 'estimator': None}}
    state_file.save(path, save(tensors, metadata={FORMAT: header}),
                    Context('odom', 'camera', np.eye(4), stamp, state))
    return path.read_bytes()


def test_a_state_that_was_not_taken_over_is_not_lost(run, start_node, make_robot, tmp_path):
    """The end leaves it where it is; an autosave keeps it beside the new one, and then the end saves as ever."""
    path = tmp_path / 'robot.state'
    old = unlike(path, SECOND)
    node, robot = run(state_file=str(path), autosave_interval=0.0, resume=True, lossless=True)
    robot.show_and_wait([2 * SECOND, 3 * SECOND, 4 * SECOND])
    assert 'the saved state is not taken over' in node.log() and robot.heard['pose']
    end(node, signal.SIGINT)
    assert path.read_bytes() == old and 'is left as it was found' in node.log()
    assert [file.name for file in tmp_path.iterdir() if file.suffix != '.log'] == ['robot.state']
    robot.close()

    node = start_node(name='second', state_file=str(path), autosave_interval=0.05, resume=True, lossless=True,
                      remaps=('image:=image_again',))
    second = make_robot(target='second', topic='image_again')
    second.wait_until_watched()
    second.show_and_wait([2 * SECOND, 3 * SECOND, 4 * SECOND])
    second.spin(0.3)
    second.show_and_wait([5 * SECOND])
    kept = tmp_path / 'robot.state.refused'
    second.wait_for('an autosave', kept.exists)
    second.show_and_wait([6 * SECOND])
    end(node, signal.SIGTERM)
    assert kept.read_bytes() == old and f'kept as {kept}' in node.log()
    assert not list(tmp_path.glob('*.refused.*'))
    assert state_file.load(path)[1].stamp == stamp_of(second.heard['status'][-1]) == 6 * SECOND


def test_an_autosave_that_fails_is_in_the_diagnostics(run, tmp_path):
    """The line names the file and the cause, for as long as it lasts; the node goes on and ends well."""
    (tmp_path / 'taken').write_bytes(b'')
    path = tmp_path / 'taken' / 'robot.state'
    node, robot = run(state_file=str(path), autosave_interval=0.05, lossless=True)
    robot.show_and_wait([SECOND])
    robot.spin(0.2)
    robot.show_and_wait([2 * SECOND])
    robot.wait_for('the diagnostics', lambda: robot.diagnostic('memory').get('level') == DiagnosticStatus.ERROR)
    assert f'it is not saved: {path} cannot be written (Not a directory)' in robot.diagnostic('memory')['message']
    (tmp_path / 'taken').unlink()
    robot.show_and_wait([3 * SECOND])
    robot.wait_for('a save', lambda: robot.diagnostic('memory').get('level') == DiagnosticStatus.OK)
    assert path.exists()
    end(node, signal.SIGINT)


def test_an_image_in_hand_does_not_keep_the_node(start_node, make_robot, monkeypatch, tmp_path):
    """At Ctrl-C a step that takes for ever is left out, before launch would send the next signal; the log says so."""
    monkeypatch.setenv('HELD_STEP', str(tmp_path / 'never'))
    node, robot = start_node(script=Path(__file__).with_name('held_step.py')), make_robot()
    robot.wait_until_watched()
    robot.show(SECOND)
    robot.wait_for('the image', lambda: robot.diagnostic('inference').get('pending frames') == '1')
    node.process.send_signal(signal.SIGINT)
    assert node.process.wait(5) == ENDED_LATE, node.log()
    assert 'an image in hand is not answered' in node.log()


def test_a_call_that_keeps_python_s_lock_does_not_keep_the_node():
    """No thread can end the process then: it ends all the same, before launch does it, and tells where it hung."""
    hangs = ('import ctypes; from ttt3r_ros.ros.stopping import end_in_time\n'
             'end_in_time(print)\n'
             'ctypes.PyDLL(None).sleep(60)')  # unlike CDLL it holds the lock
    ended = subprocess.run([sys.executable, '-c', hangs], capture_output=True, text=True, timeout=50)
    assert ended.returncode == 1 and 'Timeout' in ended.stderr and 'line 3 in <module>' in ended.stderr
