# SPDX-License-Identifier: Apache-2.0
"""The viewer: what a run's folder holds stands where it was, and what is sent is bounded."""

import functools
import json
import shutil
import socket
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ttt3r_ros.reconstruction.depth import back_project
from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState
from ttt3r_ros.synthetic import Room, walk
from ttt3r_ros.view.budget import FRAME_POINTS, KEPT_FRAMES, MAP_POINTS, PLOT_POINTS, spread
from ttt3r_ros.view.run_folder import RunFolder, RunFolderError
from ttt3r_ros.view.shown_frame import Cloud, ShownFrame, Told

viser = pytest.importorskip('viser', reason='pip install viser')

from ttt3r_ros.view.live import Kept, LiveFrames, LiveViewer  # noqa: E402
from ttt3r_ros.view.run_viewer import RunViewer  # noqa: E402
from ttt3r_ros.view.viewer import Viewer, ViewError  # noqa: E402

SIZE = (48, 64)
INTRINSICS = np.array([[52.0, 0, 31.5], [0, 52, 23.5], [0, 0, 1]])


@functools.cache
def room_and_walk():
    """Return a room and a walk of 150 poses through it; making them takes seconds."""
    room = Room(0)
    return room, walk(room, 150, 0)


def write_run(folder, frames, size=SIZE, intrinsics=INTRINSICS):
    """Write the truth of a synthetic room as a run's folder; return the poses."""
    room, way = room_and_walk()
    places = way[np.linspace(0, 149, frames).astype(int)]
    poses = np.linalg.inv(places[0]) @ places
    for kind in ('camera', 'depth', 'confidence', 'image'):
        (folder / kind).mkdir(parents=True)
    for i, place in enumerate(places):
        picture, depth = room.render(place, intrinsics, size)
        np.savez(folder / f'camera/{i:06d}.npz', pose=poses[i], intrinsics=intrinsics)
        np.savez(folder / f'depth/{i:06d}.npz', depth=depth.astype(np.float32))
        np.savez(folder / f'confidence/{i:06d}.npz', confidence=(1 + 1 / depth).astype(np.float32))
        cv2.imwrite(str(folder / f'image/{i:06d}.png'), picture[..., ::-1])
    return poses


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Return the folder of a short run."""
    folder = tmp_path_factory.mktemp('run') / 'run'
    write_run(folder, 12)
    return folder


@pytest.fixture
def viewer(run):
    """Serve it on a free port."""
    viewer = Viewer(RunFolder(run), port=0)
    yield viewer
    viewer.close()


def answers(run):
    """Yield a run's frames as a Reconstructor would have answered them."""
    for frame in map(run.__getitem__, range(len(run))):
        yield SimpleNamespace(pose=frame.pose, correction=np.eye(4), intrinsics=frame.intrinsics,
                              points=back_project(frame.depth, frame.intrinsics), confidence=np.ones(frame.depth.shape),
                              image=frame.picture, gate=None, tracking=None)


def wait_for(condition, seconds=20):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_points_stand_where_the_camera_saw_them(run):
    """Each lies on its pixel's ray at its depth, in the world; a pixel without a depth has none."""
    frame = RunFolder(run)[3]
    depth = frame.depth.copy()
    depth[:24] = np.nan
    depth[24] = 0
    cloud = ShownFrame.of(3, frame.pose, frame.intrinsics, depth, np.ones(SIZE), frame.picture).cloud
    assert len(cloud.points) == 23 * 64
    camera = (cloud.points - frame.pose[:3, 3]) @ frame.pose[:3, :3]
    pixels = camera @ INTRINSICS.T
    u, v = (pixels[:, :2] / pixels[:, 2:]).T
    assert np.allclose(u, np.tile(np.arange(64), 23), atol=1e-3)
    assert np.allclose(v, np.repeat(np.arange(25, 48), 64), atol=1e-3)
    assert np.allclose(camera[:, 2], depth[25:].ravel(), rtol=1e-5)
    assert np.array_equal(cloud.colours, frame.picture[25:].reshape(-1, 3))


def test_the_least_confident_go_first():
    """A share left out is the one with the lowest confidence; a thinned cloud is the same every time."""
    cloud = Cloud(np.random.default_rng(0).normal(size=(1000, 3)), np.zeros((1000, 3), np.uint8), np.arange(1000.0))
    assert cloud.without(0.3).confidence.min() == 300 and len(cloud.without(0).points) == 1000
    thin = cloud.thinned(100)
    assert len(thin.points) == 100 and np.array_equal(thin.confidence, cloud.thinned(100).confidence)
    empty = Cloud(np.empty((0, 3)), np.empty((0, 3), np.uint8), np.empty(0))
    assert len(empty.without(0.5).points) == 0


def test_what_is_spread_has_both_ends():
    """At most so many, each once, in order."""
    assert spread(1, 5) == [0] and spread(3, 5) == [0, 1, 2]
    assert spread(1000, 64)[0] == 0 and spread(1000, 64)[-1] == 999 and len(spread(1000, 64)) == 64


def test_a_smaller_frame_looks_the_same_way(run):
    """Fields of view stay, whatever the picture's size."""
    frame = RunFolder(run)[0]
    small = frame.kept(100, 20)
    assert small.picture.shape[:2] == small.depth.shape == (15, 20) and len(small.cloud.points) == 100
    assert small.fov == pytest.approx(frame.fov) and small.aspect == pytest.approx(frame.aspect)
    assert small.beside_its_depth().shape == (30, 20, 3)


def test_a_folder_that_is_no_run_is_named(tmp_path, run):
    """None, a damaged camera, a missing or wrong depth: a line that names the file."""
    with pytest.raises(RunFolderError, match='no camera/.*ttt3r run'):
        RunFolder(tmp_path)
    with pytest.raises(RunFolderError, match='none is not there: give the folder of a run'):
        RunFolder(tmp_path / 'none')
    (tmp_path / 'half.unfinished').mkdir()
    with pytest.raises(RunFolderError, match=r'half is not there: .*half.unfinished is, of a run that goes on'):
        RunFolder(tmp_path / 'half')
    (tmp_path / 'dark/camera').mkdir(parents=True)
    with pytest.raises(RunFolderError, match='dark has no frame that was tracked.*frames.jsonl'):
        RunFolder(tmp_path / 'dark')
    write_run(tmp_path / 'run', 2)
    (tmp_path / 'run/depth/000001.npz').unlink()
    with pytest.raises(RunFolderError, match='depth/000001.npz cannot be read'):
        RunFolder(tmp_path / 'run')[1]
    np.savez(tmp_path / 'run/depth/000001.npz', depth=np.ones((10, 10)))
    with pytest.raises(RunFolderError, match='000001 have the sizes'):
        RunFolder(tmp_path / 'run')[1]
    (tmp_path / 'run/image/000000.png').write_bytes(b'')
    with pytest.raises(RunFolderError, match='image/000000.png'):
        RunFolder(tmp_path / 'run')[0]
    np.savez(tmp_path / 'run/camera/000001.npz', pose=np.full((4, 4), np.nan), intrinsics=INTRINSICS)
    with pytest.raises(RunFolderError, match='camera/000001.npz holds no pose'):
        RunFolder(tmp_path / 'run')
    (tmp_path / 'run/camera/000000.npz').write_bytes(b'not a zip')
    with pytest.raises(RunFolderError, match='camera/000000.npz cannot be read'):
        RunFolder(tmp_path / 'run')


def test_the_slider_and_play_show_frames(viewer):
    """A frame that is asked for is shown; play goes to the end and stops there."""
    assert viewer.shown == 11
    viewer.seek(4)
    wait_for(lambda: viewer.shown == 4)
    viewer.seek(9)
    wait_for(lambda: viewer.shown == 9)
    viewer.play()
    wait_for(lambda: viewer.shown == 11)


def test_it_listens_on_loopback_alone_and_takes_no_other_port(viewer, run):
    """No other machine can look unless asked for; a port that is taken is told, not changed."""
    with socket.create_connection(('127.0.0.1', viewer.port), timeout=5):
        pass
    with socket.socket() as other:
        other.bind(('127.0.0.2', viewer.port))  # taken for all addresses, this would fail
    with pytest.raises(ViewError, match=f'{viewer.port} cannot be served .*--port'):
        Viewer(RunFolder(run), port=viewer.port)
    with pytest.raises(ViewError, match='99999 cannot be served .*0-65535'):
        Viewer(RunFolder(run), port=99999)
    with pytest.raises(ViewError, match=f'{viewer.port} cannot be served .*: give another with --view PORT'):
        RunViewer(port=viewer.port)  # of `ttt3r run`, which has no other option for it


def test_a_long_run_is_sent_in_bounds(tmp_path, run):
    """However many frames there are, the browser gets so many points."""
    shutil.copytree(run, tmp_path / 'run')
    for i in range(12, 70):
        for file in run.glob(f'*/{i % 12:06d}.*'):
            shutil.copy(file, tmp_path / 'run' / file.parent.name / f'{i:06d}{file.suffix}')
    viewer = Viewer(RunFolder(tmp_path / 'run'), port=0)
    try:
        assert MAP_POINTS / 2 < viewer.scene.points_sent() <= MAP_POINTS + FRAME_POINTS
    finally:
        viewer.close()


def test_what_is_kept_of_a_run_without_end_is_bounded_and_even():
    """Also where frames are passed over."""
    kept, there = Kept(8), set()
    for index in range(0, 10_000, 3):
        keeps, gone = kept.offer(index)
        there = (there - set(gone)) | ({index} if keeps else set())
        assert there == set(kept.indices) and len(there) <= 8
    gaps = np.diff(kept.indices)
    assert kept.indices[0] == 0 and gaps.max() <= 2.5 * gaps.min() and kept.indices[-1] > 7000


def test_a_long_live_run_is_kept_in_bounds(run):
    """Every pose, one whole frame and few of the others; an index between two that are kept gives the earlier one."""
    frames, one = LiveFrames(), next(answers(RunFolder(run)))
    assert frames.take() is None
    for index in range(1000):
        frames.add(one)
        frame, _, _ = frames.take()
        assert frame.index == index
    indices = {frames[i].index for i in range(len(frames))}
    assert frames.poses.shape == (1000, 4, 4) and len(indices) <= KEPT_FRAMES + 1
    assert frames[999].index == 999 and frames[998].index < 999 and len(frames[0].cloud.points) <= 1562


def test_a_live_view_follows_what_comes(run):
    """Each frame is taken at once, the newest is shown, and a frame without a focal length leaves its pose alone."""
    viewer = LiveViewer(port=0)
    try:
        for frame in answers(RunFolder(run)):
            begun = time.perf_counter()
            viewer.add(frame)
            assert time.perf_counter() - begun < 0.5
        wait_for(lambda: viewer.shown == 11)
        frame.intrinsics = np.full((3, 3), np.nan)
        viewer.add(frame)
        time.sleep(0.2)
        assert viewer.shown == 11
        viewer.add(next(answers(RunFolder(run))))
        wait_for(lambda: viewer.shown == 13)
        assert 0 < viewer.scene.points_sent() <= MAP_POINTS + FRAME_POINTS
    finally:
        viewer.close()


def test_a_run_tells_gate_and_tracking_of_the_frame_at_the_slider(tmp_path):
    """The panel says what frames.jsonl does of a frame, and plots the gate; without that file it says the number."""
    write_run(tmp_path, 3)
    lines = [{'number': i, 'gate_mean': 0.5 + i / 10, 'gate_std': 0.125, 'state': 'ok', 'reason': ''} for i in range(3)]
    lines[1] |= {'state': 'degraded', 'reason': 'blurred', 'gate_mean': None}
    (tmp_path / 'frames.jsonl').write_text('\n'.join(map(json.dumps, lines)))
    viewer = Viewer(RunFolder(tmp_path), port=0)
    try:
        assert viewer._line.content == 'frame 2 · tracking ok · gate 0.70 ± 0.12'
        x, mean, low, high = viewer._gates._plot.data
        assert np.allclose(x, [0, 2]) and np.allclose(mean, [0.5, 0.7])
        assert np.allclose(mean - low, 0.125) and np.allclose(high - mean, 0.125)
        viewer.seek(1)
        wait_for(lambda: viewer._line.content == 'frame 1 · tracking degraded (blurred)')
    finally:
        viewer.close()
    (tmp_path / 'frames.jsonl').write_text('{"number": 0')
    with pytest.raises(RunFolderError, match='frames.jsonl cannot be read'):
        RunFolder(tmp_path)
    (tmp_path / 'frames.jsonl').unlink()
    viewer = Viewer(RunFolder(tmp_path), port=0)
    try:
        assert viewer._line.content == 'frame 2' and viewer._gates._plot is None
    finally:
        viewer.close()


def test_a_live_run_tells_the_same(run):
    """Frames of a Reconstructor bring gate and tracking; the plot has a bounded number of points."""
    viewer = LiveViewer(port=0)
    try:
        for frame, _ in zip(answers(RunFolder(run)), range(3)):
            frame.gate, frame.tracking = SimpleNamespace(mean=0.9, std=0.01), Tracking(TrackingState.OK, '', None, True)
            viewer.add(frame)
        wait_for(lambda: viewer._line.content == 'frame 2 · tracking ok · gate 0.90 ± 0.01')
        viewer._gates.draw([Told((0.5, 0.1))] * 5000)
        assert len(viewer._gates._plot.data[0]) == PLOT_POINTS
    finally:
        viewer.close()


def test_a_frame_is_told_by_the_number_that_its_files_have(tmp_path):
    """Frames that were not tracked have none: then the slider's number is another than the run's, and both are told."""
    write_run(tmp_path, 3)
    for kind in ('camera', 'depth', 'confidence', 'image'):
        (tmp_path / kind / f'000001.{"png" if kind == "image" else "npz"}').unlink()
    told = RunFolder(tmp_path).told
    assert [one.text(index) for index, one in enumerate(told)] == ['frame 0', 'frame 1, number 2']
    (tmp_path / 'frames.jsonl').write_text('\n'.join(json.dumps({'number': i, 'state': 'ok'}) for i in range(3)))
    assert [one.text(i) for i, one in enumerate(RunFolder(tmp_path).told)][1] == 'frame 1, number 2 · tracking ok'


def test_of_a_long_run_the_line_is_of_the_frame_that_is_shown(run):
    """Between two that are kept the slider shows the earlier one: its picture, and no longer another's numbers."""
    viewer = LiveViewer(port=0)
    viewer._frames._choice = Kept(2)
    viewer._follow.value = False
    try:
        for number, (frame, _) in enumerate(zip(answers(RunFolder(run)), range(5))):
            frame.number = 10 + number
            viewer.add(frame)
            wait_for(lambda: not viewer._frames.waits)
        wait_for(lambda: viewer._frames._choice.indices == [0, 4])
        viewer.seek(3)
        wait_for(lambda: viewer.scene.now is not None and viewer.shown == 3)
        assert viewer.scene.now.index == 0 and viewer._line.content == 'frame 0, number 10'
    finally:
        viewer.close()
