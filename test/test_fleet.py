# SPDX-License-Identifier: Apache-2.0
"""A fleet of several nodes: workers that die, many sources, what Ray costs. Minutes on a busy machine."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from test_batch import answers

from ttt3r_ros.benchmark.machine import resident_bytes
from ttt3r_ros.evaluation import worlds
from ttt3r_ros.fleet.batch import Batch, carry_out
from ttt3r_ros.fleet.cluster import Cluster, FleetError, Share
from ttt3r_ros.offline import session
from ttt3r_ros.offline.reconstruction import Settings
from ttt3r_ros.offline.recording import read_journal
from ttt3r_ros.offline.session import Plan
from ttt3r_ros.sequences import open_sequence, write_bag

ray = pytest.importorskip('ray', reason='the extra [fleet] brings it')
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1800)]

BAGS, FRAMES = 8, 40
ALONE = Settings(step_source='model')  # steps of the images find the camera anew in each part
QUIET = {'include_dashboard': False}


@pytest.fixture(scope='module')
def nodes():
    """Return the address of a Ray of two nodes with a core each."""
    from ray.cluster_utils import Cluster as Nodes

    before = dict(os.environ)
    os.environ.update(RAY_worker_niceness='0')  # as where we start it
    made = Nodes(initialize_head=True, head_node_args={'num_cpus': 1, **QUIET})
    made.add_node(num_cpus=1)
    made.wait_for_nodes()
    yield made.address
    made.shutdown()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope='module')
def bags(tmp_path_factory):
    """Return eight bags of synthetic rooms."""
    folder = tmp_path_factory.mktemp('bags')
    for seed in range(BAGS):
        write_bag(open_sequence(f'synthetic:{seed}:{FRAMES}'), folder / f'room{seed}')
    return sorted(folder.iterdir())


def quiet() -> Console:
    """Return a console that nobody sees."""
    return Console(file=io.StringIO(), width=200)


def ancestors(pid: int) -> list[int]:
    """Return a process's parent, its parent's, and so on."""
    found = []
    while pid > 1:
        pid = int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])
        found.append(pid)
    return found


def workers_at_work() -> list[int]:
    """Return the workers of Rays that this process has started which are at a task of ours."""
    found = []
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            if b'ray::_carry_out' in (folder / 'cmdline').read_bytes() and os.getpid() in ancestors(int(folder.name)):
                found.append(int(folder.name))
        except OSError:  # it has ended
            pass
    return found


@contextlib.contextmanager
def a_worker_killed(out: Path, runs: str) -> Iterator[None]:
    """Kill a worker once it answers frames of a run whose folder fits the pattern."""
    killed, over = [], threading.Event()

    def kill() -> None:
        while not killed and not over.wait(0.05):
            if list(out.glob(f'{runs}/frames.jsonl')) and (found := workers_at_work()):
                os.kill(found[0], signal.SIGKILL)
                killed.append(found[0])

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join(10)
    assert killed, 'nobody was killed: the test has shown nothing'


def test_a_long_recording_in_parts_is_the_whole_again(nodes, tmp_path):
    """On two nodes, one worker killed within a part: what a bag of four parts comes to is what a serial run tells of
    every frame, poses to 1e-9; a damaged bag fails alone, and a short one beside it is not divided."""
    damaged = tmp_path / 'damaged.mcap'
    damaged.write_bytes(b'\x89MCAP0\r\n' + bytes(100))
    for name, frames in (('long', 4 * FRAMES), ('short', FRAMES)):
        write_bag(open_sequence(f'synthetic:5:{frames}'), tmp_path / name)
    exports = ('tum', 'ply', 'frames')
    sources = (str(tmp_path / 'long'), str(damaged), str(tmp_path / 'short'))
    batch = Batch(sources, tmp_path / 'out', ALONE, exports=exports, address=nodes, split=FRAMES)
    with a_worker_killed(tmp_path / 'out', 'long.parts/*.unfinished'):
        outcomes = carry_out(batch, quiet())
    assert [bool(outcome.error) for outcome in outcomes] == [False, True, False]
    for source, outcome in ((sources[0], outcomes[0]), (sources[2], outcomes[2])):
        serial = Plan(source, tmp_path / 'serial' / Path(source).name, ALONE, exports=exports)
        session.carry_out(serial, quiet())
        told, found = read_journal(serial.out), read_journal(Path(outcome.folder))
        assert [shot.state for shot in told] == [shot.state for shot in found]
        np.testing.assert_allclose([shot.pose for shot in found], [shot.pose for shot in told], atol=1e-9)
        files = sorted(path.relative_to(serial.out) for path in serial.out.rglob('*'))
        assert files == sorted(path.relative_to(outcome.folder) for path in Path(outcome.folder).rglob('*'))
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['batch.json', 'long', 'short']


def test_a_worker_that_dies_in_mid_run_costs_no_result(nodes, bags, tmp_path):
    """On two nodes, one worker killed while it answers frames: all eight bags are whole and as serial runs give them,
    to the bit; a damaged bag fails alone; another run of the same does nothing."""
    damaged = tmp_path / 'damaged.mcap'
    damaged.write_bytes(b'\x89MCAP0\r\n' + bytes(100))
    batch = Batch((*map(str, bags[:4]), str(damaged), *map(str, bags[4:])), tmp_path / 'out', Settings(), address=nodes)
    with a_worker_killed(tmp_path / 'out', '*.unfinished'):
        outcomes = carry_out(batch, quiet())
    assert [outcome.verdict for outcome in outcomes].count('failed') == 1 and outcomes[4].error
    for bag, outcome in zip(bags, outcomes[:4] + outcomes[5:], strict=True):
        serial = Plan(str(bag), tmp_path / 'serial' / bag.name, Settings())
        session.carry_out(serial, quiet())
        assert answers(outcome.folder) == answers(serial.out)
        name = 'trajectory_tum.txt'
        assert (Path(outcome.folder) / name).read_bytes() == (serial.out / name).read_bytes()
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / 'out').glob('room*/*')}
    again = carry_out(Batch(tuple(map(str, bags)), tmp_path / 'out', Settings(), address=nodes, resume=True), quiet())
    assert all(outcome.before for outcome in again)
    assert stamps == {path: path.stat().st_mtime_ns for path in (tmp_path / 'out').glob('room*/*')}


def test_what_kills_every_worker_fails_alone(nodes):
    """A task that takes its worker down each time is given up and told; the others are done."""
    def die(held: None, item: int) -> int:  # in here: the workers do not know this file
        if item == 3:
            os._exit(1)
        return item

    with Cluster(nodes) as fleet:
        done = dict(fleet.each(die, range(6)))
    assert 'worker was lost' in done[3].failure and done[3].ours
    assert [done[i].value for i in range(6) if i != 3] == [0, 1, 2, 4, 5]


def test_what_nobody_has_is_refused_at_once(nodes):
    """A GPU that is not there, more cores than a node has, and an address where nobody is, are told, not waited for."""
    with Cluster(nodes) as fleet:
        with pytest.raises(FleetError, match='GPU'):
            fleet.slots(Share(1, 0.5))
        with pytest.raises(FleetError, match='cores'):
            fleet.slots(Share(64))
    with pytest.raises(FleetError, match='ray start'):
        Cluster('127.0.0.1:1')


def test_evaluations_are_the_same_on_ray(nodes):
    """Worlds come back in the order of their seeds, as from processes here; what fails ends it with its reason."""
    def square(seed: int) -> int:
        if seed == 9:
            raise FleetError('nine is too many')
        return seed * seed

    seen = []
    assert worlds.each(square, range(5), 1, seen.append, nodes) == [0, 1, 4, 9, 16] and sorted(seen) == [*range(5)]
    with pytest.raises(FleetError, match='nine is too many'):
        worlds.each(square, range(8, 11), 1, seen.append, nodes)


def test_a_ray_that_is_started_here_hears_this_machine_alone():
    """It runs what it is sent: before 2.60 by whoever reached a port, and each was open to all networks. In a process
    of its own, as Ray asks once where to listen; other processes find nothing changed."""
    script = """
import os
from pathlib import Path
from ttt3r_ros.fleet.cluster import Cluster
before = dict(os.environ)
with Cluster(cores=1) as fleet:
    assert [done.value for _, done in fleet.each(lambda held, item: item + 1, range(2))] == [1, 2]
    parents = {int(at.parent.name): int(at.read_text().rpartition(')')[2].split()[1])
               for at in Path('/proc').glob('[0-9]*/stat')}
    ours = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in ours} - ours:
        ours |= more
    sockets = {os.readlink(at) for one in ours for at in Path(f'/proc/{one}/fd').iterdir() if at.is_symlink()}
    for line in [*Path('/proc/net/tcp').read_text().splitlines(), *Path('/proc/net/tcp6').read_text().splitlines()]:
        _, at, _, state, *_, inode = line.split()[:10]
        if state == '0A' and f'socket:[{inode}]' in sockets:
            print(at.partition(':')[0])
assert not [name for name in os.environ.keys() - before.keys() if 'CLUSTER' in name]
"""
    told = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, timeout=120)
    heard = set(told.stdout.split())
    assert told.returncode == 0 and heard, told.stderr
    assert heard <= {'0100007F', 24 * '0' + '01000000', 16 * '0' + 'FFFF00000100007F'}, heard  # 127.0.0.1, ::1, both


def test_the_driver_does_not_grow_with_the_number_of_sources():
    """Of 3,000 tasks the last two thousand take no memory."""
    with Cluster(cores=1) as fleet:
        resident = []
        for number, _ in enumerate(fleet.each(lambda held, item: item, range(3000))):
            if number % 1000 == 999:
                resident.append(resident_bytes())
    assert resident[2] - resident[0] < 4e6, resident


def test_scheduling_costs_little(tmp_path):
    """Of sources with 100 frames at 64×48 the workers spend 95 % of their time or more at the sources' own work."""
    import cv2
    folder = tmp_path / 'frames'
    folder.mkdir()
    for number, image in enumerate(open_sequence('synthetic:1:100')):
        cv2.imwrite(str(folder / f'{number:03d}.png'), cv2.resize(image.rgb, (64, 48))[..., ::-1])
    count = int(os.environ.get('SOURCES', 12))
    for number in range(count):
        (tmp_path / f'walk{number}').symlink_to(folder)
    batch = Batch(tuple(str(tmp_path / f'walk{i}') for i in range(count)), tmp_path / 'out', Settings(), jobs=1)
    outcomes = carry_out(batch, quiet())
    finished = sorted(Path(outcome.folder, 'results.json').stat().st_mtime for outcome in outcomes)
    whole = np.diff(finished)  # from one end to the next: work, and what lies between
    worked = [json.loads(Path(outcome.folder, 'results.json').read_text())['times'] for outcome in outcomes]
    loop = sum(times['loop_s'] for times in worked[1:])
    print(f'\n{count} sources: {whole.sum():.2f} s, of which loops {loop:.2f}')
    assert loop >= 0.95 * whole.sum()
