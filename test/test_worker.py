# SPDX-License-Identifier: Apache-2.0
"""The inference thread: order, what is dropped, what waits, and what cannot kill it."""

from __future__ import annotations

import threading
import time

import pytest

from ttt3r_ros.ros import worker as worker_module
from ttt3r_ros.ros.stamps import StampOrder, Verdict
from ttt3r_ros.ros.worker import TakenDown, Worker
from ttt3r_ros.sequences.stamps import LOOP_NS

PATIENCE_S = 10


class Handler:
    """Takes frames, each time only when let."""

    def __init__(self) -> None:
        self.taken: list = []
        self.batches: list[list] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)

    def __call__(self, frames, following) -> None:
        self.taken += frames
        self.batches.append(frames)
        self.begun.release()
        assert self.may_end.acquire(timeout=PATIENCE_S)
        if frames == ['bad']:
            raise RuntimeError('a frame that nobody foresaw')


@pytest.fixture
def handler():
    """A handler that holds each frame until it is let go."""
    return Handler()


@pytest.fixture
def make(handler):
    """Return a function that makes a running worker, stopped after the test."""
    made = []

    def start(lossless: bool, **several) -> Worker:
        made.append(Worker(handler, lossless=lossless, **several))
        made[-1].resume()
        return made[-1]

    yield start
    for worker in made:
        handler.may_end.release(100)
        worker.stop()


def wait(semaphore: threading.Semaphore) -> None:
    """Wait for a semaphore, not for ever."""
    assert semaphore.acquire(timeout=PATIENCE_S)


def test_live_takes_the_newest_and_says_what_it_dropped(make, handler):
    """While a frame is in hand, each new one replaces the one that waits."""
    worker = make(lossless=False)
    assert worker.submit(0, 1) == 0
    wait(handler.begun)
    assert [worker.submit(i, 1) for i in (1, 2, 3)] == [0, 1, 1]
    assert worker.pending() == 2
    handler.may_end.release()
    wait(handler.begun)
    assert handler.taken == [0, 3]


def test_lossless_takes_all_in_order_and_says_when_there_is_room(make, handler, monkeypatch):
    """Nothing is dropped; while the queue is full there is no room, until a frame has left it."""
    monkeypatch.setattr(worker_module, 'QUEUE_BYTES', 20)
    worker = make(lossless=True)
    for i in range(3):
        assert worker.room().done() and worker.submit(i, 10) == 0
        if i == 0:
            wait(handler.begun)
    room = worker.room()
    assert not room.done(), 'the queue is full'
    handler.may_end.release()
    room.result(PATIENCE_S)
    worker.submit(3, 10)
    handler.may_end.release(10)
    for _ in range(3):
        wait(handler.begun)
    assert handler.taken == [0, 1, 2, 3]


@pytest.mark.parametrize('end', [Worker.pause, Worker.stop])
def test_nobody_waits_for_room_in_a_worker_that_rests(make, handler, monkeypatch, end):
    """A pause and the end let those in who wait for room; live there always is some."""
    monkeypatch.setattr(worker_module, 'QUEUE_BYTES', 5)
    worker = make(lossless=True)
    worker.submit('first', 1)
    wait(handler.begun)
    worker.submit('second', 10)
    room = worker.room()
    assert not room.done()
    ending = threading.Thread(target=end, args=(worker,))
    ending.start()
    room.result(PATIENCE_S)
    handler.may_end.release(10)
    ending.join()
    live = make(lossless=False)
    live.submit('third', 10)
    assert live.room().done()


def test_calls_go_before_frames_and_bring_back_what_happened(make, handler):
    """A call runs on the thread between two frames, and its result or exception reaches the caller."""
    worker = make(lossless=True)
    for i in range(3):
        worker.submit(i, 1)
    wait(handler.begun)
    handler.may_end.release()
    assert worker.call(lambda: (list(handler.taken), threading.current_thread().name))[1] == 'inference'
    with pytest.raises(ZeroDivisionError):
        handler.may_end.release(5)
        worker.call(lambda: 1 / 0)


def test_what_is_posted_is_not_waited_for_and_comes_before_the_next_frame(make, handler, caplog):
    """A post returns while a frame is in hand, runs before the next one, and its exception is logged, no more."""
    worker = make(lossless=True)
    worker.submit('first', 1)
    wait(handler.begun)
    seen = []
    worker.post(lambda: seen.append(list(handler.taken)))  # returns although the frame is not done
    worker.post(lambda: 1 / 0)
    worker.submit('second', 1)
    assert seen == []
    handler.may_end.release(5)
    wait(handler.begun)
    assert seen == [['first']]
    assert worker.call(lambda: 'alive') == 'alive' and 'ZeroDivisionError' in caplog.text


@pytest.mark.parametrize(('lossless', 'dropped'), [(False, 1), (True, 0)])
def test_pause_finishes_the_frame_in_hand(make, handler, lossless, dropped):
    """A pause waits for the frame in hand; what waits is dropped live, kept for later in a lossless run."""
    worker = make(lossless)
    worker.submit('first', 1)
    wait(handler.begun)
    worker.submit('second', 1)
    threading.Timer(0.2, handler.may_end.release).start()
    assert worker.pause() == [None] * dropped
    assert handler.taken == ['first'] and worker.pending() == (0 if dropped else 1)
    worker.resume()
    handler.may_end.release(10)
    worker.submit('third', 1)
    expected = ['first', 'third'] if dropped else ['first', 'second', 'third']
    for _ in expected[1:]:
        wait(handler.begun)
    assert handler.taken == expected


def test_a_frame_that_raises_does_not_end_the_thread(make, handler):
    """The next frame is taken as if nothing had been."""
    worker = make(lossless=True)
    handler.may_end.release(10)
    worker.submit('bad', 1)
    worker.submit('good', 1)
    wait(handler.begun)
    wait(handler.begun)
    assert handler.taken == ['bad', 'good']


def test_the_next_frame_is_told_only_where_it_is_certain(handler):
    """In lossless form it is the one that waits longest; live a newer one may yet push it out."""
    for lossless, expected in ((True, [2, 3, None]), (False, [None])):
        told = []
        worker = Worker(lambda frames, following: told.append(following()), lossless=lossless)
        for frame in (1, 2, 3):
            worker.submit(frame, 1)
        worker.resume()
        while worker.pending():
            time.sleep(0.001)
        worker.stop()
        assert told == expected


def test_what_waits_is_taken_together(make, handler):
    """Live, the newest frame of each source goes in one batch, so many at most, the one that has waited longest first;
    in lossless form each goes alone."""
    for lossless, expected in ((False, [['b2', 'a', 'c'], ['d']]), (True, [['b1'], ['a'], ['b2'], ['c'], ['d']])):
        handler.batches.clear()
        worker = make(lossless, together=3)
        worker.submit('first', 1, 'x')
        wait(handler.begun)
        for frame in ('b1', 'a', 'b2', 'c', 'd'):
            worker.submit(frame, 1, frame[0])
        handler.may_end.release(1 + len(expected))
        for _ in expected:
            wait(handler.begun)
        assert handler.batches[1:] == expected


def test_frames_wait_for_others_no_longer_than_they_may(make, handler):
    """A frame waits until all are there, or its patience ends; newer ones of its source do not prolong it."""
    worker = make(lossless=False, together=2, patience_s=30.0)
    worker.submit('a', 1, 'a')
    assert not handler.begun.acquire(timeout=0.05)
    assert worker.call(lambda: 'meanwhile') == 'meanwhile'
    worker.submit('b', 1, 'b')
    wait(handler.begun)
    handler.may_end.release(10)
    hasty = make(lossless=False, together=2, patience_s=0.3)
    began, count = time.monotonic(), 0
    while len(handler.batches) < 2:
        hasty.submit(count := count + 1, 1, 'a')
        time.sleep(0.01)
    assert 0.3 <= time.monotonic() - began < 5 and count > 1
    assert handler.batches[0] == ['a', 'b'] and len(handler.batches[1]) == 1


def test_a_stopped_worker_refuses_calls(handler):
    """After stop, a call raises instead of waiting for ever."""
    worker = Worker(handler, lossless=False)
    worker.stop()
    with pytest.raises(TakenDown, match='taken down'):
        worker.call(lambda: None)


def test_stamps_are_judged_in_integer_nanoseconds():
    """One nanosecond later follows, the same or a little earlier is stale, far earlier or a rising run is a loop."""
    order = StampOrder()
    base = 1_700_000_000_123_456_789
    follows, stale, looped = Verdict.FOLLOWS, Verdict.STALE, Verdict.LOOPED
    stamps = [base, base + 1, base + 1, base, base - LOOP_NS, base - LOOP_NS + 1]
    assert [order.judge(s, 0.0) for s in stamps] == [follows, follows, stale, stale, looped, follows]

    order.forget()
    assert order.judge(5, 0.0) is follows
    interleaved = [10, 9, 20, 19, 30, 29, 40]  # two cameras on one topic, one a little behind
    assert [order.judge(s, 0.0) for s in interleaved] == [follows, stale] * 3 + [follows]
    assert [order.judge(s, 0.0) for s in (11, 12, 13, 14)] == [stale, stale, looped, follows]
