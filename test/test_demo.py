# SPDX-License-Identifier: Apache-2.0
"""The demo: a short one from end to end over DDS, and its numbers on hand-made inputs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from processes import eventually
from rich.console import Console
from scipy.spatial.transform import Rotation

rclpy = pytest.importorskip('rclpy', reason='the demo is made of ROS processes')
from rclpy.context import Context  # noqa: E402
from ttt3r_ros.msg import ReconstructionStatus  # noqa: E402

from ttt3r_ros.demo.cloud import LEAST_CONFIDENT, VERTEX, ColouredPoints, assemble, write_ply  # noqa: E402
from ttt3r_ros.demo.footage import prepare  # noqa: E402
from ttt3r_ros.demo.recorder import Cloud, Pose, Recording  # noqa: E402
from ttt3r_ros.demo.report import Percentiles, Run, Sent, evaluate  # noqa: E402
from ttt3r_ros.evaluation.accuracy import accuracy  # noqa: E402
from ttt3r_ros.presentation.splat import Viewpoint, oblique, render  # noqa: E402
from ttt3r_ros.sequences import SequenceError, Trajectory, open_sequence, read_tum, write_bag  # noqa: E402

ROOT = Path(__file__).parents[1]
ENVIRONMENT = os.environ | {'PYTHONPATH': f'{ROOT}{os.pathsep}{os.environ.get("PYTHONPATH", "")}'}
FRAMES = 20


def start_demo(*arguments: str, **variables: str) -> subprocess.Popen:
    """Start `ttt3r demo` in a process of its own, with variables of its environment."""
    return subprocess.Popen([sys.executable, str(ROOT / 'scripts' / 'ttt3r'), 'demo', *arguments], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT | variables)


def demo(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run `ttt3r demo`; return its code, output and errors."""
    process = start_demo(*arguments, **variables)
    output, errors = process.communicate(timeout=100)
    return process.returncode, output, errors


def read_ply(path: Path) -> np.ndarray:
    """Return the vertices of a PLY file as write_ply makes them."""
    header, body = path.read_bytes().split(b'end_header\n', 1)
    count = int(header.split(b'element vertex ')[1].split()[0])
    assert len(body) == count * VERTEX.itemsize
    return np.frombuffer(body, VERTEX)


@pytest.fixture(scope='module')
def small_bag(tmp_path_factory) -> Path:
    """A bag of a few JPEG images with stamps that no float of seconds can hold, and a frame as ROS 1 wrote it."""
    sequence = open_sequence(f'synthetic:3:{FRAMES}')
    shifted = sequence.truth.stamps + 1_795_231_684_010_654_517
    sequence.truth = Trajectory(shifted, sequence.truth.poses)
    sequence.frame_id = '/camera_rgb_optical_frame'
    path = tmp_path_factory.mktemp('demo') / 'bag'
    write_bag(sequence, path, compressed=True)
    return path


def test_a_live_camera_is_not_replayed(tmp_path, monkeypatch):
    """A source without an end is refused before anything is written, and the line says what takes it."""
    live = open_sequence('synthetic:0:2')
    live.live = True
    monkeypatch.setattr('ttt3r_ros.demo.footage.open_sequence', lambda *_, **__: live)
    with pytest.raises(SequenceError, match='ttt3r run camera:0'):
        prepare('camera:0', tmp_path, None, None, Console(quiet=True))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_demo_of_the_room_ends_with_every_result(tmp_path):
    """A lossless demo answers every frame, keeps every promise and leaves all results."""
    code, output, errors = demo('--input', f'synthetic:0:{FRAMES}', '--out', str(tmp_path))
    assert code == 0, output + errors
    results = json.loads((tmp_path / 'results.json').read_text())
    assert results['frames_in'] == results['frames_out'] == FRAMES
    assert results['passed'] and len(results['checks']) == 6
    assert sum(results['dropped'].values()) == results['lost_in_transport'] == 0
    assert results['latency_ms']['p95'] >= results['inference_ms']['p50'] > 0
    assert results['accuracy']['poses'] == FRAMES and results['accuracy']['path_length'] > 1
    assert results['trained'] and 'UNTRAINED' not in output
    # It runs what a robot runs with the shipped file and lossless: resets as the weights ask.
    assert results['segments'] == 2
    given = json.loads((tmp_path / 'node.yaml').read_text())['/**']['ros__parameters']
    shipped = yaml.safe_load((ROOT / 'config' / 'ttt3r.yaml').read_text())['/**']['ros__parameters']
    assert given | {'lossless': False} == {name: shipped[name] for name in given}
    stamps = [message.stamp for message in open_sequence(str(tmp_path / 'demo_bag')).messages(['/camera/image_raw'])]
    assert read_tum(tmp_path / 'trajectory_tum.txt').stamps.tolist() == stamps
    assert len(read_ply(tmp_path / 'cloud.ply')) == results['cloud_points'] > 10_000
    width, height = Image.open(tmp_path / 'overview.png').size
    assert width > 1500 and height > 1000


@pytest.mark.slow
def test_demo_of_a_bag_of_jpegs_keeps_stamps_to_the_nanosecond(small_bag, tmp_path):
    """A bag is played as it is, compressed images too, and the trajectory has exactly its stamps.

    No home to write logs to is no obstacle.
    """
    code, output, errors = demo('--input', str(small_bag), '--rate', '20', '--out', str(tmp_path),
                                '--weights', 'untrained', HOME='/dev/null')
    assert code == 0, output + errors
    assert 'bag: bag, topic /camera/image_raw/compressed (sensor_msgs/msg/CompressedImage' in output
    assert f'{FRAMES} frames, 320×240, stamps: those of its headers' in output
    assert not json.loads((tmp_path / 'results.json').read_text())['trained'] and output.count('UNTRAINED') >= 3
    bag = open_sequence(str(small_bag))
    stamps = [message.stamp for message in bag.messages([bag.topic])]
    assert read_tum(tmp_path / 'trajectory_tum.txt').stamps.tolist() == stamps
    assert stamps[0] % 1_000 == 517
    assert not (tmp_path / 'demo_bag').exists()


@pytest.mark.slow
def test_demos_in_one_domain_mix_nothing(tmp_path, lone_domain):
    """In one folder the second does not begin. In one ROS domain each has its own images and answers, and a robot there
    sees none of either: their node, topics and TF are in a namespace."""
    here = {'ROS_DOMAIN_ID': lone_domain, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    first = start_demo('--input', 'synthetic:0:60', '--rate', '3', '--out', str(tmp_path / 'one'), **here)
    eventually((tmp_path / 'one/replay.log').exists, 60)
    code, _, errors = demo('--input', 'synthetic:0:4', '--out', str(tmp_path / 'one'), **here)
    assert code == 2 and 'one is being written by another run' in errors
    context = Context()
    rclpy.init(context=context, domain_id=int(lone_domain))
    robot = rclpy.create_node('robot', context=context)

    def topics() -> set[str]:
        return {name for name, _ in robot.get_topic_names_and_types()}

    try:
        eventually(lambda: {'image', 'tf', 'diagnostics', 'pose'} <= {name.rpartition('/')[2] for name in topics()}, 20)
        code, output, _ = demo('--input', 'synthetic:0:4', '--out', str(tmp_path / 'two'), **here)
        assert code == 0 and 'every frame answered, or withheld as lost, and counted: 4 + 0 of 4' in output
        assert not [name for name in topics() - {'/rosout', '/parameter_events'} if not name.startswith('/demo_')]
    finally:
        robot.destroy_node()
        rclpy.try_shutdown(context=context)
    output, errors = first.communicate(timeout=100)
    assert first.returncode == 0 and 'and counted: 60 + 0 of 60' in output, output + errors


@pytest.mark.slow
def test_a_demo_that_stood_still_takes_what_waits_for_it(tmp_path):
    """Stopped until all is played and answered, and then for longer than a node has to have nothing left: nothing moves
    then, and what it records still has to be taken, but for clouds, of which DDS keeps two."""
    process = start_demo('--input', 'synthetic:0:8', '--rate', '4', '--out', str(tmp_path))
    replay = tmp_path / 'replay.log'
    eventually(lambda: replay.exists() and 'stamps' in replay.read_text(), 60)  # it is there before the replay is
    process.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: 'published 8 images' in replay.read_text(), 60)
        time.sleep(6)
    finally:
        process.send_signal(signal.SIGCONT)
    output, errors = process.communicate(timeout=100)
    assert 'and counted: 8 + 0 of 8' in output, output + errors
    for kept in ('status', 'pose', 'TF'):
        assert f"every {kept} has its image's stamp, to the nanosecond: 8 of 8" in output, output


@pytest.mark.slow
def test_interrupted_demo_leaves_no_process_behind(tmp_path):
    """Ctrl-C while frames are replayed ends the node and the replay, with code 130."""
    process = start_demo('--input', 'synthetic:0:60', '--rate', '3', '--out', str(tmp_path))
    listed = Path(f'/proc/{process.pid}/task/{process.pid}/children')
    eventually(lambda: (tmp_path / 'replay.log').exists() and len(listed.read_text().split()) == 2, 60)
    children = listed.read_text().split()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 130, errors
    assert len(children) == 2 and not any(Path(f'/proc/{child}').exists() for child in children)


def test_an_interruption_at_a_childs_start_leaves_no_child(tmp_path):
    """A signal at any moment of the start ends the child all the same."""
    script = tmp_path / 'parent.py'
    script.write_text(
        'import os, signal, sys, threading, time\n'
        'from pathlib import Path\n'
        'from ttt3r_ros.demo.process import Child, ended_in_order\n'
        'delay = float(sys.argv[1])\n'
        'try:\n'
        '    with ended_in_order():\n'
        '        threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT)).start()\n'
        "        arguments = ['0', '--bind', '127.0.0.1', '--directory', sys.argv[2]]\n"
        "        Child('http.server', arguments, Path(sys.argv[2]), {})\n"
        '        time.sleep(20)\n'
        'except KeyboardInterrupt:\n'
        '    pass\n')
    for delay in ('0', '0.001', '0.003', '0.01'):
        log = tmp_path / f'child{delay}.log'
        done = subprocess.run([sys.executable, str(script), delay, str(log)], env=ENVIRONMENT, timeout=60)
        assert done.returncode == 0
        assert str(log) not in commands_running()


def test_a_killed_parent_takes_its_child_along(tmp_path):
    """Killed so that it can do nothing (kill -9, out of memory), it leaves no node behind that the next demo meets."""
    script, log = tmp_path / 'parent.py', tmp_path / 'child.log'
    script.write_text(
        'import sys, time\n'
        'from pathlib import Path\n'
        'from ttt3r_ros.demo.process import Child\n'
        "Child('http.server', ['0', '--bind', '127.0.0.1', '--directory', sys.argv[1]], Path(sys.argv[1]), {})\n"
        'time.sleep(60)\n')
    served = f'-m http.server 0 --bind 127.0.0.1 --directory {log}'
    parent = subprocess.Popen([sys.executable, str(script), str(log)], env=ENVIRONMENT)
    eventually(lambda: any(served in line and 'setpriv' not in line for line in commands_running().splitlines()))
    parent.kill()
    parent.wait()
    eventually(lambda: served not in commands_running())


def commands_running() -> str:
    """Return the command lines of all processes."""
    lines = []
    for process in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            lines.append((process / 'cmdline').read_bytes().replace(b'\0', b' ').decode())
    return '\n'.join(lines)


@pytest.mark.parametrize(('arguments', 'named'), [
    (('--input', '/nowhere/frames'), '/nowhere/frames'),
    (('--input', f'synthetic:0:{FRAMES}', '--weights', '/nowhere/w.pth'), '/nowhere/w.pth'),
    (('--input', f'synthetic:0:{FRAMES}', '--weights', __file__), __file__)])
def test_what_cannot_be_read_is_one_line_and_code_2(arguments, named, tmp_path):
    """A bad INPUT or WEIGHTS ends with code 2 and a line that names it, and the last run's results stay."""
    (tmp_path / 'demo_bag').mkdir()
    for name in ('results.json', 'demo_bag/metadata.yaml'):
        (tmp_path / name).write_text('old')
    code, _, errors = demo(*arguments, '--out', str(tmp_path))
    assert code == 2
    assert (tmp_path / 'results.json').read_text() == (tmp_path / 'demo_bag/metadata.yaml').read_text() == 'old'
    assert named in errors and len(errors.strip().splitlines()) == 1
    assert not list(tmp_path.glob('.new-*'))


@pytest.mark.parametrize(('bag', 'words'), [
    ('nowhere', 'nowhere does not exist'), ('', 'has no image messages to play')])
def test_a_replay_of_what_is_no_bag_is_one_line_and_code_2(bag, words, tmp_path):
    """The replay by itself names what it cannot play."""
    Image.new('RGB', (8, 8)).save(tmp_path / '1.png')
    done = subprocess.run([sys.executable, '-m', 'ttt3r_ros.demo.replay', str(tmp_path / bag)], env=ENVIRONMENT,
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count('\n') == 1


def walk(count: int = 40) -> Trajectory:
    """Return a made-up path with turns."""
    rng = np.random.default_rng(1)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = Rotation.from_rotvec(np.cumsum(rng.normal(0, 0.05, (count, 3)), axis=0)).as_matrix()
    poses[:, :3, 3] = np.cumsum(rng.normal(0, 0.1, (count, 3)), axis=0)
    return Trajectory(np.arange(count, dtype=np.int64) * 100_000_007, poses)


def moved(path: Trajectory, scale: float) -> Trajectory:
    """Return the path in another world frame, and larger."""
    world = np.eye(4)
    world[:3, :3] = Rotation.from_euler('xyz', (0.3, -1.0, 2.0)).as_matrix()
    world[:3, 3] = 5.0, -2.0, 1.0
    poses = path.poses.copy()
    poses[:, :3, 3] *= scale
    return Trajectory(path.stamps, world @ poses)


def test_moved_path_has_no_error():
    """Another world frame is no error at all; another scale is one, but not after Sim(3)."""
    same, larger = accuracy(moved(walk(), 1.0), walk()), accuracy(moved(walk(), 2.0), walk())
    assert max(same.ate_sim3, same.ate_se3, same.rpe_translation) < 1e-9 and same.rpe_rotation_deg < 1e-5
    assert larger.ate_sim3 < 1e-9 and larger.ate_se3 > 0.05
    assert larger.scale == pytest.approx(0.5)
    steps = np.linalg.norm(np.diff(walk().poses[:, :3, 3], axis=0), axis=1)
    assert same.path_length == pytest.approx(steps.sum())
    assert larger.rpe_translation == pytest.approx(np.sqrt((steps ** 2).mean()))


def test_noise_is_measured_as_large_as_it_is():
    """White noise of 2 cm an axis gives an ATE of 2·√3 cm and √2 times that from frame to frame."""
    truth, rng = walk(4000), np.random.default_rng(0)
    noisy = truth.poses.copy()
    noisy[:, :3, 3] += rng.normal(0, 0.02, (4000, 3))
    found = accuracy(Trajectory(truth.stamps, noisy), truth)
    assert found.ate_se3 == pytest.approx(0.02 * np.sqrt(3), rel=0.03)
    assert found.rpe_translation == pytest.approx(0.02 * np.sqrt(6), rel=0.03)


def test_only_equal_stamps_are_compared():
    """A truth a nanosecond beside the estimate is no truth for it."""
    path = walk()
    assert accuracy(path, Trajectory(path.stamps + 1, path.poses)) is None
    assert accuracy(Trajectory(path.stamps[5:], path.poses[5:]), path).poses == 35


def test_percentiles():
    """They are those of the values, and no numbers where there are no values."""
    assert Percentiles.of(range(101)) == Percentiles(50.0, 95.0)
    assert np.isnan(Percentiles.of([]).p50)


def recording(count: int = 5) -> tuple[list[Sent], Recording]:
    """Return what a perfect run of `count` images leaves."""
    kept = Recording()
    sent = [Sent(1_000_000_001 * i, 'camera') for i in range(1, count + 1)]
    for image in sent:
        kept.poses.append(Pose(image.stamp, 'odom', np.eye(4)))
        kept.transforms.append(Pose(image.stamp, 'odom', np.eye(4), 'camera'))
        kept.clouds.append(Cloud(image.stamp, 'camera', np.ones((10, 3), np.float32), np.zeros((10, 3), np.uint8),
                                 np.arange(10.0, dtype=np.float32), None))
        status = ReconstructionStatus(latency_ms=20.0, inference_ms=10.0, tracking='ok', trained=True)
        status.header.stamp.sec, status.header.stamp.nanosec = divmod(image.stamp, 10**9)
        kept.statuses.append(status)
    kept.counters.update(received=count, answered=count)
    return sent, kept


def outcome(sent: list[Sent], kept: Recording, lossless: bool = True) -> list[str]:
    """Return the names of the promises that were broken."""
    run = Run('made up', 'none', lossless, 10.0, len(sent), 1.0, 1.0)
    return [check.name for check in evaluate(run, sent, kept, None, 0).checks if not check.passed]


def test_kept_promises_pass():
    """A run in which all is as it should be breaks no promise."""
    assert outcome(*recording()) == []


@pytest.mark.parametrize('spoil', [
    lambda sent, kept: kept.counters.update(answered=4, dropped_invalid=1),
    lambda sent, kept: kept.poses.pop(),
    lambda sent, kept: kept.clouds.reverse(),
    lambda sent, kept: kept.transforms.__setitem__(2, Pose(kept.transforms[2].stamp + 1, 'odom', np.eye(4), 'camera')),
    lambda sent, kept: kept.statuses.append(kept.statuses[-1]),
    lambda sent, kept: kept.poses.__setitem__(0, Pose(sent[0].stamp, 'map', np.eye(4))),
    lambda sent, kept: sent.__setitem__(1, Sent(sent[1].stamp, 'another_camera'))])
def test_broken_promises_are_found(spoil):
    """A frame unanswered, an output missing, disordered, doubled, or with a wrong stamp or frame_id is found."""
    sent, kept = recording()
    spoil(sent, kept)
    assert outcome(sent, kept)


def test_a_lost_path_breaks_no_promise_of_stamps():
    """No pose at all, each of them withheld and counted: that is the verdict's matter."""
    sent, kept = recording()
    kept.counters.update(answered=0, withheld_lost=len(sent))
    for output in (kept.poses, kept.clouds, kept.transforms):
        output.clear()
    assert outcome(sent, kept) == []


def test_live_frames_may_be_dropped_but_not_forgotten():
    """In live form dropped and lost images are no broken promise as long as they are counted."""
    sent, kept = recording()
    sent += [Sent(image.stamp + 10**11, 'camera') for image in sent]
    kept.counters.update(received=8, dropped_overrun=3)
    assert outcome(sent, kept, lossless=False) == []
    kept.counters.update(dropped_overrun=2)
    assert outcome(sent, kept, lossless=False)


def test_cloud_is_placed_by_the_pose_of_its_stamp_without_the_least_confident(tmp_path):
    """Each cloud takes the pose of its own stamp, the least confident points go, and the PLY file holds the rest."""
    _, kept = recording(2)
    kept.poses[1].matrix[:3, 3] = 7.0, 0.0, 0.0
    cloud = assemble(kept.clouds, kept.poses[::-1])
    assert len(cloud.points) == round(20 * (1 - LEAST_CONFIDENT))
    assert sorted(set(cloud.points[:, 0].tolist())) == [1.0, 8.0]
    write_ply(tmp_path / 'cloud.ply', ColouredPoints(cloud.points, np.full((16, 3), (1, 2, 3), np.uint8)))
    vertices = read_ply(tmp_path / 'cloud.ply')
    assert np.array_equal(np.stack([vertices[axis] for axis in 'xyz'], axis=1), cloud.points)
    assert set(vertices[['red', 'green', 'blue']].tolist()) == {(1, 2, 3)}


def test_nearer_points_hide_farther_ones():
    """Of two points on one line of sight the nearer is drawn, in whatever order they come."""
    view = Viewpoint(np.eye(3), np.zeros(3), 100.0, (64, 64))
    points, colours = np.array([[0, 0, 1.0], [0, 0, 3.0]]), np.array([[255, 0, 0], [0, 255, 0]], np.uint8)
    for order in ([0, 1], [1, 0]):
        assert render(points[order], colours[order], view, (0, 0, 0))[31, 31].tolist() == [255, 0, 0]


def test_oblique_view_holds_the_cloud():
    """Nearly all points fall into the picture, and much of it is used."""
    points = np.random.default_rng(0).uniform((-3, -2, 0), (3, 2, 1), (5000, 3))
    pixels, _ = oblique(points, (480, 640)).project(points)
    inside = (pixels >= 0).all(axis=1) & (pixels < (640, 480)).all(axis=1)
    assert inside.mean() > 0.95
    assert (np.ptp(pixels[inside], axis=0) / (640, 480)).max() > 0.85
