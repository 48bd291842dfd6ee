# SPDX-License-Identifier: Apache-2.0
"""What pip installs is used where there is no ROS: built, installed into a fresh environment, run."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALONE = {name: value for name, value in os.environ.items()
         if not name.startswith(('PYTHON', 'AMENT', 'COLCON', 'ROS_', 'CMAKE', 'VIRTUAL'))}
STEP = """
import sys
import numpy as np
import ttt3r_ros
assert 'torch' not in sys.modules, 'the messages alone must cost no torch'
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.sequences import open_sequence
reconstructor = Reconstructor(load_network('embedded').network, make_rule('ttt3r'))
frames = [reconstructor.step(image.rgb) for image in open_sequence('synthetic:1:4')]
assert not {'rclpy', 'evo', 'av'} & set(sys.modules)
print(len(frames), frames[-1].pose.shape, ttt3r_ros.__file__)
"""


def run(*command: object, code: int = 0) -> str:
    """Return what a command says; it runs without this repository, and must end with code."""
    done = subprocess.run([str(word) for word in command], cwd='/', env=ALONE, capture_output=True, text=True)
    assert done.returncode == code, (command, done.stdout[-2000:], done.stderr[-4000:])
    return done.stdout + done.stderr


@pytest.mark.heavy
@pytest.mark.timeout(3000)
def test_the_wheel_in_a_fresh_environment(tmp_path):
    """It brings what the core needs; what is an extra or ROS is told in a line; with the extras the commands run."""
    subprocess.run([sys.executable, '-m', 'build', '--outdir', str(tmp_path / 'dist'), str(ROOT)], check=True)
    wheel, = (tmp_path / 'dist').glob('*.whl')
    assert list((tmp_path / 'dist').glob('*.tar.gz'))
    venv.create(tmp_path / 'fresh', with_pip=True)
    here = tmp_path / 'fresh/bin'
    run(here / 'pip', 'install', *os.environ.get('PIP_TORCH_ARGS', '').split(), 'torch')
    run(here / 'pip', 'install', wheel)
    assert run(here / 'python', '-c', STEP).startswith('4 (4, 4) ' + str(tmp_path / 'fresh'))
    ttt3r = here / 'ttt3r'
    assert 'needs ROS 2' in run(ttt3r, 'demo', '--out', tmp_path / 'demo', code=2)
    evaluate = (ttt3r, 'evaluate', '--rules', 'ttt3r', '--worlds', '1', '--frames', '16', '--out', tmp_path / 'e')
    assert 'with its extra [eval]' in run(*evaluate, code=2)
    run(ttt3r, 'convert', 'embedded', tmp_path / 'half.safetensors', '--dtype', 'bfloat16')
    away = (ttt3r, 'run', 'synthetic:1:8', '--out', tmp_path / 'run', '--export')
    run(*away, 'tum,frames,ply,glb,mcap')
    assert {'trajectory_tum.txt', 'camera', 'cloud.ply', 'cloud.glb', 'mcap'} <= set(os.listdir(tmp_path / 'run'))
    assert 'needs the Python module' in run(*away, 'las', code=2)
    assert 'viser' in run(ttt3r, 'view', tmp_path / 'run', code=2)
    assert '--accept-licence' in run(ttt3r, 'fetch', 'cut3r-512', code=2)  # nobody is there to be asked
    run(here / 'pip', 'install', f'{wheel}[eval,video,export]')
    run(*evaluate)
    assert (tmp_path / 'e').is_dir()
    run(*away, 'las,rrd')
    assert {'cloud.las', 'run.rrd'} <= set(os.listdir(tmp_path / 'run'))
    shutil.rmtree(tmp_path / 'fresh')  # gigabytes
