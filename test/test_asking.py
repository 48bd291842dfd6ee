# SPDX-License-Identifier: Apache-2.0
"""The viewer asks the memory: of a run that goes on, of one that is over, of weights that cannot answer."""

import io
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from ttt3r_ros.offline.reconstruction import Settings
from ttt3r_ros.offline.selection import Moment, Selection
from ttt3r_ros.offline.session import Plan, carry_out

viser = pytest.importorskip('viser', reason='pip install viser')

from ttt3r_ros.view.asking import AskError  # noqa: E402
from ttt3r_ros.view.kept_memory import KeptMemory  # noqa: E402
from ttt3r_ros.view.run_viewer import RunViewer  # noqa: E402
from ttt3r_ros.view.running_memory import RunningMemory  # noqa: E402

HERE = np.array([[0.0, 0, 1, 0.3], [0, 1, 0, -0.1], [-1, 0, 0, 0.2], [0, 0, 0, 1]])


@pytest.fixture
def onlooker():
    """Serve a viewer of a run on a free port."""
    viewer = RunViewer(port=0)
    yield viewer
    viewer.close()


def run(film, out, weights, onlooker):
    """Run five frames with weights, and frames to look at left."""
    return carry_out(Plan(str(film), out, Settings(weights=weights), Selection(end=Moment(5)), exports=('frames',)),
                     Console(file=io.StringIO()), onlooker)


class Asker:
    """An onlooker that has a question on its way before the loop comes by."""

    def __init__(self, onlooker):
        self.onlooker, self.begins, self.answered = onlooker, onlooker.begins, 0

    def sees(self, frame):
        asking = self.onlooker.viewer.asking
        thread = threading.Thread(target=asking.ask, args=(self.onlooker._memory, HERE))
        while self.onlooker.viewer.scene.now is None:
            self.onlooker.sees(frame)
        thread.start()
        while thread.is_alive():
            self.onlooker._memory.answer_waiting()
        assert asking.told.startswith('answered:'), asking.told
        self.answered += 1


def test_a_run_answers_while_it_goes_on_and_its_folder_the_same_after_it(film, tmp_path, onlooker):
    """What is drawn is what the reconstructor answers, at the place that was asked from; a folder that was left answers
    as the memory did at the end."""
    asker = Asker(onlooker)
    run(film, tmp_path / 'run', 'untrained', asker)
    assert asker.answered == 5
    reconstructor, like = onlooker._memory._reconstructor, onlooker.viewer.scene.now
    view = reconstructor.query(HERE, like.intrinsics, like.picture.shape[:2])
    shown = onlooker.viewer.scene.answer
    assert np.array_equal(shown.pose, HERE) and shown.fov == pytest.approx(like.fov)
    measured = np.isfinite(view.points).all(-1) & (view.points[..., 2] > 0)
    assert 0 < measured.sum() == len(shown.cloud.points)
    np.testing.assert_allclose((shown.cloud.points - HERE[:3, 3]) @ HERE[:3, :3], view.points[measured],
                               rtol=1e-5, atol=1e-5)
    kept = KeptMemory(tmp_path / 'run').ask(HERE, like.intrinsics, like.picture.shape[:2])
    assert np.array_equal(kept.points, view.points) and np.array_equal(kept.confidence, view.confidence)


def test_a_frame_that_is_kept_small_asks_with_its_whole_lens(film, tmp_path, onlooker):
    """Of older frames of a run that goes on pictures are small: 96×72 of 128×96, which no memory can be asked for."""
    asker = Asker(onlooker)
    run(film, tmp_path / 'run', 'untrained', asker)
    scene, asking, memory = onlooker.viewer.scene, onlooker.viewer.asking, onlooker._memory
    whole = scene.now
    asked = {}
    for like in (whole, whole.kept(100, 96)):
        scene.now = like
        thread = threading.Thread(target=asking.ask, args=(memory, HERE))
        thread.start()
        memory.answer_next()
        thread.join()
        assert asking.told.startswith('answered:'), asking.told
        asked[like.picture.shape] = scene.answer
    small, large = asked[72, 96, 3], asked[96, 128, 3]
    assert np.array_equal(small.depth, large.depth) and small.fov == large.fov == pytest.approx(whole.fov)


def test_weights_without_the_encoder_say_so(film, tmp_path, onlooker):
    """The embedded ones: no button while it runs, no memory in the folder, and a line with the reason in both."""
    run(film, tmp_path / 'run', 'embedded', onlooker)
    assert 'cannot be asked: no ray-map encoder' in onlooker.viewer.asking.told and onlooker._memory is None
    with pytest.raises(AskError, match='no ray-map encoder'):
        KeptMemory(tmp_path / 'run')


def test_a_memory_that_cannot_be_read_is_told(film, tmp_path, onlooker):
    """Damaged, of weights that are elsewhere, or of none: a line that names the folder and the cause."""
    run(film, tmp_path / 'run', 'untrained', onlooker)
    whole = (tmp_path / 'run/memory.snapshot').read_bytes()
    told = (tmp_path / 'run/results.json').read_text()
    for spoil, why in ((lambda: (tmp_path / 'run/memory.snapshot').write_bytes(whole[:100]), 'not a snapshot'),
                       (lambda: (tmp_path / 'run/results.json').write_text(told.replace('"untrained"', '"gone.pth"')),
                        'gone.pth'),
                       (lambda: (tmp_path / 'run/results.json').write_text('{}'), 'settings')):
        spoil()
        with pytest.raises(AskError, match=f'run cannot be asked: .*{why}'):
            KeptMemory(tmp_path / 'run').ask(HERE, np.eye(3), (48, 64))


def test_who_waits_for_a_run_that_ends_is_refused(onlooker):
    """Before a frame there is nothing to ask with; then one question waits and is refused, as are all later ones."""
    memory, asking = RunningMemory(SimpleNamespace()), onlooker.viewer.asking
    asking.offer(memory)
    asking.ask(memory, HERE)
    assert asking.told == 'not answered: no frame has been seen yet'
    onlooker.viewer.scene.now = SimpleNamespace(lens=(np.eye(3), (2, 2)))
    thread = threading.Thread(target=asking.ask, args=(memory, HERE))
    thread.start()
    while memory._asked.empty():
        pass
    asking.ask(memory, HERE)  # passed over: one waits
    memory.close()
    thread.join(10)
    assert asking.told == 'not answered: the run has ended'
    with pytest.raises(AskError, match='ended'):
        memory.ask(HERE, np.eye(3), (48, 64))
    onlooker.viewer.scene.now = None
