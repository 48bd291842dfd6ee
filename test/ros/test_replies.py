# SPDX-License-Identifier: Apache-2.0
"""Services answer when they can, and nothing waits for them: by the node, and by Replies on its own."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest
import rclpy
from harness import Robot, stamp_of
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger
from ttt3r_ros.srv import QueryView, SaveMap, SaveState

from ttt3r_ros.reconstruction.trajectory import ChainError
from ttt3r_ros.ros import replies as replies_module
from ttt3r_ros.ros.replies import Replies
from ttt3r_ros.ros.services import OfAllCameras, Services
from ttt3r_ros.ros.worker import Worker

SECOND = 1_000_000_000
PATIENCE_S = 20.0


@pytest.fixture
def held(start_node, make_robot, monkeypatch, tmp_path):
    """Return a function that starts a node with a step in hand that ends when the file is made; and the file."""
    go = tmp_path / 'go'
    monkeypatch.setenv('HELD_STEP', str(go))

    def start(**parameters) -> Robot:
        start_node(script=Path(__file__).with_name('held_step.py'), files_dir=str(tmp_path), **parameters)
        robot = make_robot()
        robot.wait_until_watched()
        for kind, name in ((Trigger, 'reset'), (SaveState, 'save_state'), (SaveMap, 'save_map'),
                           (QueryView, 'query_view')):
            robot.client(kind, name)
        robot.client(SetParameters, 'set_parameters')
        robot.show(SECOND)
        robot.wait_for('the image', lambda: robot.diagnostic('input').get('received') == '1')
        return robot
    return start, go


def test_a_step_holds_up_nothing_but_what_asks_for_its_end(held):
    """With a step in hand parameters are set and read, diagnostics go on, images are received; resets, saves and
    queries have their replies when it has ended."""
    start, go = held
    robot = start()
    waiting = [robot.client(kind, name).call_async(kind.Request()) for kind, name in (
        (Trigger, 'reset'), (SaveMap, 'save_map'), (QueryView, 'query_view'))]
    waiting.append(robot.client(SaveState, 'save_state').call_async(SaveState.Request(path='a.state')))
    assert robot.set('update_rule', 'cut3r').successful and robot.get('update_rule').string_value == 'cut3r'
    assert robot.state() == 'active'
    for i in range(2, 8):
        robot.show(i * SECOND)
        robot.spin(0.1)
    robot.wait_for('the others', lambda: int(robot.diagnostic('input').get('received', 0)) > 1)
    reports = len(robot.heard['diagnostics'])
    robot.wait_for('three more reports', lambda: len(robot.heard['diagnostics']) >= reports + 3)
    assert not robot.heard['status'] and not any(reply.done() for reply in waiting[:1] + waiting[2:])

    go.touch()
    robot.wait_for('all replies', lambda: all(reply.done() for reply in waiting))
    reset, no_map, query, saved = (reply.result() for reply in waiting)
    assert reset.success and saved.success and query.success
    assert not no_map.success and 'name a file' in no_map.message
    robot.wait_for('the newest image', lambda: len(robot.heard['status']) == 2)
    assert [stamp_of(status) for status in robot.heard['status']] == [SECOND, 7 * SECOND]
    assert [status.update_rule for status in robot.heard['status']] == ['ttt3r', 'cut3r']


def test_a_full_queue_of_a_lossless_run_holds_up_nothing(held, monkeypatch):
    """It lets no more images in, and parameters, states and reports go on; then all are answered, in order."""
    monkeypatch.setenv('QUEUE_BYTES', '1')
    start, go = held
    robot = start(lossless=True)
    for i in range(2, 8):
        robot.show(i * SECOND)
    robot.spin(1.0)
    assert robot.set('update_rule', 'cut3r').successful and robot.state() == 'active'
    reports = len(robot.heard['diagnostics'])
    robot.wait_for('reports', lambda: len(robot.heard['diagnostics']) >= reports + 2)
    assert int(robot.diagnostic('input')['received']) < 5
    go.touch()
    robot.wait_for('all', lambda: len(robot.heard['status']) == 7)
    assert [stamp_of(status) for status in robot.heard['status']] == [i * SECOND for i in range(1, 8)]


def test_a_camera_that_is_held_up_is_not_silent(held, monkeypatch, tmp_path):
    """Images that a full queue keeps out have come: nobody says that there are none, nor that they are back."""
    monkeypatch.setenv('QUEUE_BYTES', '1')
    start, go = held
    robot = start(lossless=True)
    for i in range(2, 8):
        robot.show(i * SECOND)
    robot.wait_for('the wait', lambda: int(robot.diagnostic('input').get('received', 0)) > 2)
    robot.heard['diagnostics'].clear()
    robot.wait_for('reports', lambda: [status.name for array in robot.heard['diagnostics'] for status in array.status
                                       ].count('ttt3r: input') > 6)
    told = {status.message for array in robot.heard['diagnostics'] for status in array.status
            if status.name == 'ttt3r: input'}
    go.touch()
    robot.wait_for('all', lambda: len(robot.heard['status']) == 7)
    assert told == {'images arrive on /image'}
    log = (tmp_path / 'node0.log').read_text()
    assert 'images are back' not in log and 'no image on' not in log


def test_a_node_that_goes_replies_first(held):
    """Who waits when the node is cleaned up has its reply, and the services are there again when it is configured."""
    start, go = held
    robot = start()
    waiting = [robot.client(Trigger, 'reset').call_async(Trigger.Request()) for _ in range(3)]
    robot.spin(0.3)
    threading.Timer(0.5, go.touch).start()  # deactivate waits for the step
    assert robot.transition('deactivate') and robot.transition('cleanup')
    robot.wait_for('the replies', lambda: all(reply.done() for reply in waiting))
    assert robot.transition('configure') and robot.transition('activate')
    robot.wait_for('the service', robot.client(Trigger, 'reset').service_is_ready)
    robot.meet()
    assert robot.reset().message


@pytest.fixture
def server():
    """Return Replies of a node that only its own events wake, and a client with its executor."""
    node = rclpy.create_node('server')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    going = threading.Event()
    going.set()

    def spin() -> None:
        while going.is_set():
            executor.spin_once(timeout_sec=2 * PATIENCE_S)

    thread = threading.Thread(target=spin)
    thread.start()
    client = rclpy.create_node('asker')
    asking = SingleThreadedExecutor()
    asking.add_node(client)
    yield Replies(node), client, asking
    going.clear()
    executor.create_task(lambda: None)
    thread.join()
    asking.shutdown()
    executor.shutdown()
    client.destroy_node()
    node.destroy_node()


def ask(client, asking, name: str):
    """Return the future of a call, on its way."""
    service = client.create_client(Trigger, f'/server/{name}')
    assert service.wait_for_service(PATIENCE_S)
    for _ in range(10):
        asking.spin_once(timeout_sec=0.05)  # the other side of the match
    return service.call_async(Trigger.Request())


def answer(asking, future) -> Trigger.Response:
    """Return the reply."""
    asking.spin_until_future_complete(future, PATIENCE_S)
    assert future.done()
    return future.result()


def test_a_reply_comes_as_soon_as_it_is_there(server):
    """The executor sleeps; another thread's outcome wakes it. Others are answered before."""
    replies, client, asking = server
    work: Future = Future()

    async def later(request, response) -> None:
        response.message = await replies.of(work)

    async def now(request, response) -> None:
        response.message = 'now'

    replies.service(Trigger, '~/later', later)
    replies.service(Trigger, '~/now', now)
    waiting = [ask(client, asking, 'later') for _ in range(2)]
    assert answer(asking, ask(client, asking, 'now')).message == 'now'
    assert not any(future.done() for future in waiting)
    work.set_result('done')
    assert [(reply.success, reply.message) for reply in (answer(asking, future) for future in waiting)] == [
        (True, 'done')] * 2


def test_every_call_is_answered_whatever_is_raised(server):
    """A refusal is its own words; what nobody foresaw is named, and the next call is answered too."""
    replies, client, asking = server
    raised: list[Exception] = [ValueError('no such thing: take another'), KeyError('lost'), MemoryError()]

    async def fail(request, response) -> None:
        response.message = await replies.from_disk(lambda: exec('raise error', {'error': raised.pop(0)}))

    replies.service(Trigger, '~/fail', fail, (ValueError,))
    told = [answer(asking, ask(client, asking, 'fail')) for _ in range(3)]
    assert not any(reply.success for reply in told) and told[0].message == 'no such thing: take another'
    assert "KeyError('lost')" in told[1].message and 'MemoryError' in told[2].message


def test_a_disk_that_hangs_is_waited_for_by_a_few(server, monkeypatch):
    """Past a number of them the others are refused at once; all go on when the disk does."""
    monkeypatch.setattr(replies_module, 'AT_ONCE', 2)
    replies, client, asking = server
    back = threading.Event()

    async def save(request, response) -> None:
        await replies.from_disk(lambda: back.wait(PATIENCE_S))

    replies.service(Trigger, '~/save', save)
    waiting = [ask(client, asking, 'save') for _ in range(2)]
    refused = answer(asking, ask(client, asking, 'save'))
    assert not refused.success and '2 requests wait' in refused.message
    back.set()
    assert all(answer(asking, future).success for future in waiting)
    assert answer(asking, ask(client, asking, 'save')).success


def test_a_reset_that_is_not_possible_is_refused(server):
    """Where a segment cannot be chained the reply says so; the others of several cameras are reset all the same."""
    replies, client, asking = server
    worker = Worker(lambda frames, following: None, lossless=False)
    device = SimpleNamespace(attempt=lambda function: function())

    def never() -> str:
        raise ChainError('the last frame has no finite answer')

    stuck, fine = SimpleNamespace(reset=never), SimpleNamespace(reset=lambda: 'segment 1 begins')
    Services(replies, '~/front/', worker, device, stuck, '', '')
    OfAllCameras(replies, worker, device, {'front': stuck, 'rear': fine}, 2)
    alone, both = (answer(asking, ask(client, asking, name)) for name in ('front/reset', 'reset'))
    assert not alone.success and alone.message == 'the last frame has no finite answer'
    assert not both.success and both.message == 'front: the last frame has no finite answer; rear: segment 1 begins'
    worker.stop()
