# SPDX-License-Identifier: Apache-2.0
"""A run from end to end: bag, node, camera, recorder, results. The node alone runs the network."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import rclpy
from rclpy.context import Context
from rich.console import Console

from ttt3r_ros.demo.apart import apart
from ttt3r_ros.demo.cloud import assemble, points_per_cloud, write_ply
from ttt3r_ros.demo.footage import Footage, prepare
from ttt3r_ros.demo.picture import draw
from ttt3r_ros.demo.process import Child
from ttt3r_ros.demo.recorder import Recorder
from ttt3r_ros.demo.report import Results, Run, evaluate, trajectory_of
from ttt3r_ros.export.output_folder import alone_in, replacing, require_writable
from ttt3r_ros.model.checkpoint import UNTRAINED, existing_file, read_aspects, read_note
from ttt3r_ros.presentation.progress import Progress
from ttt3r_ros.reconstruction.weights_profile import WeightsProfile, load_profile
from ttt3r_ros.sequences import write_tum

START_S = 300.0  # large weights on a slow disk
CONNECT_S = 20.0
QUIET_REPORTS = 4  # running, one a second, in which the node says that it has nothing left, and nothing moves
BUSY_S = 180.0  # nothing moves, though the node has frames in hand
LOG_LINES = 12


class DemoError(RuntimeError):
    """The run could not be brought to its end; the text says what happened and where to look."""


@dataclass(frozen=True)
class Plan:
    """What to run: sha256 of the weights (empty: any), rate in images a second (None: as recorded), topic of a bag
    (None: the first of a camera)."""

    source: str
    weights: str
    sha256: str
    out: Path
    rate: float | None
    topic: str | None
    lossless: bool


def carry_out(plan: Plan, console: Console) -> Results:
    """Carry out the plan and leave the results in `plan.out`; old ones stay until then.

    Raises SequenceError, OutputError, CheckpointError or DemoError.
    """
    require_writable(plan.out)
    with alone_in(plan.out):
        return _carry_out_alone(plan, console)


def _carry_out_alone(plan: Plan, console: Console) -> Results:
    if plan.weights != UNTRAINED:
        existing_file(plan.weights)
    profile = load_profile(plan.weights)
    with tempfile.TemporaryDirectory(prefix='.new-', dir=plan.out) as made:
        return _carry_out(plan, prepare(plan.source, Path(made), plan.rate, plan.topic, console), profile, console)


def _carry_out(plan: Plan, footage: Footage, profile: WeightsProfile, console: Console) -> Results:
    environment = {'ROS_DOMAIN_ID': os.environ.get('ROS_DOMAIN_ID') or str(1 + os.getpid() % 100),
                   'ROS_AUTOMATIC_DISCOVERY_RANGE': os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') or 'LOCALHOST'}
    if not os.environ.get('ROS_LOG_DIR') and not _writable(Path(os.environ.get('ROS_HOME') or '~/.ros') / 'log'):
        environment['ROS_LOG_DIR'] = str(plan.out.resolve() / 'ros_log')  # ROS ends where it cannot write its logs
    os.environ.update(environment)
    namespace, there = apart('demo')
    context = Context()
    rclpy.init(context=context, args=['--ros-args', *there], domain_id=int(environment['ROS_DOMAIN_ID']))
    try:
        with Recorder(context, camera_frames={image.frame_id for image in footage.sent}, whole=footage.pictures,
                      points_per_cloud=points_per_cloud(len(footage.sent))) as recorder:
            about = _perform(plan, footage, recorder, namespace, there, environment, console)
    finally:
        rclpy.try_shutdown(context=context)
    with Progress(console, 'results'), replacing(plan.out) as fresh:
        recording = recorder.recording
        cloud = assemble(recording.clouds, recording.poses)
        results = evaluate(about, footage.sent, recording, footage.truth, len(cloud.points), profile.trained_on,
                           footage.source.cut_to(read_aspects(plan.weights)))
        write_tum(fresh / 'trajectory_tum.txt', trajectory_of(recording.poses))
        write_ply(fresh / 'cloud.ply', cloud)
        results.write(fresh / 'results.json')
        draw(fresh / 'overview.png', results, recording, cloud, footage.pictures, footage.truth)
        if footage.made:
            os.replace(footage.path, fresh / footage.path.name)
    if not results.passed:
        _show_log(console, plan.out / 'node.log')
    return results


def _writable(folder: Path) -> bool:
    try:
        folder = folder.expanduser()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: nobody's home
        return False
    return os.access(folder, os.W_OK)


def _perform(plan: Plan, footage: Footage, recorder: Recorder, namespace: str, there: list[str],
             environment: dict[str, str], console: Console) -> Run:
    """Start the node, play the bag to it, all in the namespace, and wait for the answers. there: what puts it there."""
    parameters = plan.out / 'node.yaml'
    # JSON is YAML, and quotes what YAML would take for a number.
    parameters.write_text(json.dumps({'/**': {'ros__parameters': {
        'weights': plan.weights, 'weights_sha256': plan.sha256, 'lossless': plan.lossless,
        'image_transport': 'compressed' if footage.compressed else 'raw',
        **({'max_speed': 0.0, 'max_turn_rate': 0.0} if footage.stamps_made else {})}}}, indent=2) + '\n')
    if footage.stamps_made:
        console.log('the source has no times: no step is judged by its speed')
    topic = f'{namespace}/image/compressed' if footage.compressed else f'{namespace}/image'
    started = time.monotonic()
    with Child('ttt3r_ros.ros.main', ['--ros-args', '--params-file', str(parameters), *there], plan.out / 'node.log',
               environment) as node:
        with Progress(console, f'node {namespace}/ttt3r, in ROS domain {environment["ROS_DOMAIN_ID"]}') as progress:
            _await_active(node, recorder, progress, console)
        node_start = time.monotonic() - started
        started = time.monotonic()
        played = [str(footage.path), '--topic', footage.bag.topic, '--speed', str(footage.speed), '--publish-on', topic]
        with Child('ttt3r_ros.demo.replay', played, plan.out / 'replay.log', environment) as player:
            with Progress(console, f'replay at {footage.rate:.3g} images a second → node → recorder',
                          len(footage.sent)) as progress:
                _await_answers(node, player, recorder, len(footage.sent), progress, console)
            published = _published(player)
        return Run(source=footage.name, weights=plan.weights, lossless=plan.lossless, rate=footage.rate,
                   published=published, node_start_s=node_start, replay_s=time.monotonic() - started,
                   limits=read_note(plan.weights), timed=not footage.stamps_made)


def _await_active(node: Child, recorder: Recorder, progress: Progress, console: Console) -> None:
    """Wait until the node is active and connected to the recorder; raises DemoError."""
    deadline = time.monotonic() + START_S
    state = None
    while state is None:
        _require(node, 'the node', console)
        if time.monotonic() > deadline:
            _show_log(console, node.log)
            raise DemoError(f'the node was not active within {START_S:.0f} s; its log is {node.log}')
        state = recorder.node_state()
        progress.update(note='loading the weights and warming up')
        time.sleep(0.05)
    # It answers once its own start is through, well or not.
    if state != 'active':
        said = [line.partition(' failed: ')[2] for line in node.last_lines(50) if ' failed: ' in line]
        raise DemoError(f'the node could not start: {said[-1] if said else state}; its log is {node.log}')
    deadline = time.monotonic() + CONNECT_S
    while not recorder.connected():
        _require(node, 'the node', console)
        if time.monotonic() > deadline:
            raise DemoError(f'the outputs of the node did not reach the recorder within {CONNECT_S:.0f} s')
        time.sleep(0.02)


def _await_answers(node: Child, player: Child, recorder: Recorder, total: int, progress: Progress,
                   console: Console) -> None:
    """Wait until all is played and answered, or nothing moves any more; raises DemoError."""
    recording = recorder.recording
    while True:
        _require(node, 'the node', console)
        recorder.check()
        received, answered, done = recording.counters['received'], recording.counters['answered'], recording.accounted
        progress.update(done, f'{received - done} waiting' if received > done else '')
        if player.code == 0:
            outputs = (recording.poses, recording.clouds, recording.statuses, recording.transforms)
            if done >= total and all(len(output) >= answered for output in outputs):
                return
            # Time alone says nothing: on a busy machine what is there may wait to be taken, by the node or by us.
            if done >= received and recorder.reports > QUIET_REPORTS or time.monotonic() - recorder.moved > BUSY_S:
                return
        elif player.code is not None:
            _require(player, 'the replay', console)
        time.sleep(0.03)


def _published(player: Child) -> int:
    """Return how many images the replay says that it published; middleware may speak after it."""
    return next(int(line.split()[1]) for line in player.last_lines(LOG_LINES) if line.startswith('published '))


def _require(child: Child, name: str, console: Console) -> None:
    """Raise DemoError, its log shown, if the child has ended."""
    if child.code is not None:
        _show_log(console, child.log)
        raise DemoError(f'{name} ended with code {child.code}; its log is {child.log}')


def _show_log(console: Console, log: Path) -> None:
    console.rule(f'the end of {log}', style='dim')
    for line in log.read_text(errors='replace').splitlines()[-LOG_LINES:]:
        console.out(line, style='dim', highlight=False)
    console.rule(style='dim')
