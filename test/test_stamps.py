# SPDX-License-Identifier: Apache-2.0
"""Stamps that follow, loop, come from two clocks, from the future, or not at all."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')
from ttt3r_ros.reconstruction.reset_policy import CameraGap  # noqa: E402
from ttt3r_ros.ros import admission  # noqa: E402
from ttt3r_ros.ros.admission import Admission  # noqa: E402
from ttt3r_ros.ros.diagnostics import Counters, Health  # noqa: E402
from ttt3r_ros.ros.lasting import Lasting  # noqa: E402
from ttt3r_ros.ros.stamps import StampOrder, Verdict  # noqa: E402

SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND


def judge(stamps: list[int], came: list[float], now=None) -> list[Verdict]:
    """Return the verdict on each stamp, one camera's; now: of the clock at each, where it judges."""
    order = StampOrder()
    return [order.judge(stamp, at, None if now is None else now[i]) for i, (stamp, at) in enumerate(zip(stamps, came))]


@pytest.mark.parametrize('length', [0.25, 2.0, 30.0])
@pytest.mark.parametrize('rate', [0.5, 1.0, 10.0])
def test_a_bag_played_in_a_loop_is_a_loop_each_time(length, rate):
    """However short the bag and however fast it is played: each time round is one loop, and all its images are taken,
    but for the first two of a bag that is shorter than what a camera might deliver out of order."""
    bag = [EPOCH + int(at * SECOND) for at in np.arange(0, length, 0.05)]
    rounds = max(3, int(60 / length / rate)) if length == 2.0 else 3
    came = [(k * length + (stamp - EPOCH) / SECOND) / rate for k in range(rounds) for stamp in bag]
    found = Counter(judge(bag * rounds, came))
    assert found[Verdict.LOOPED] == rounds - 1
    assert found[Verdict.STALE] == (2 * (rounds - 1) if length < 0.5 else 0)
    assert set(found) <= {Verdict.FOLLOWS, Verdict.LOOPED, Verdict.STALE}


def test_a_loop_seen_in_parts_stays_a_loop():
    """A slow machine sees one image of a looped bag in twenty, never the same ones: none is taken for another clock's.
    """
    period, length = 0.1, 2.0
    came = [i * 2.3 for i in range(200)]
    stamps = [EPOCH + int(at % length / period) * int(period * SECOND) for at in came]
    assert Verdict.SECOND_CLOCK not in judge(stamps, came)


@pytest.mark.parametrize('apart', [-3600.0, -5.0, -0.7, 0.6, 5.0])
@pytest.mark.parametrize('pattern', ['ab', 'aab', 'abbb', 'ababbaab'])
@pytest.mark.parametrize('rate', [4, 60])
def test_two_clocks_are_told_from_a_loop(apart, pattern, rate):
    """Of two drivers on one topic the faster clock's images are taken after at most one loop that was none, the slower
    one's dropped."""
    who = (pattern * 200)[:400]
    came = [i / rate for i in range(len(who))]
    stamps = [EPOCH + int((at + (apart if name == 'b' else 0)) * SECOND) for at, name in zip(came, who)]
    verdicts = judge(stamps, came)
    assert verdicts.count(Verdict.LOOPED) <= 1
    faster = 'b' if apart > 0 else 'a'
    settled = slice(3 * len(pattern), None)
    assert {v for v, name in zip(verdicts[settled], who[settled]) if name == faster} == {Verdict.FOLLOWS}
    if abs(apart) >= 1:  # clocks that are less apart than the images' own spacing are out of order, too
        assert {v for v, name in zip(verdicts[settled], who[settled]) if name != faster} == {Verdict.SECOND_CLOCK}


def test_the_slower_clock_is_followed_where_it_is_left_alone():
    """Once the faster clock's driver is gone, the other one's images are taken, not dropped for ever."""
    order = StampOrder()
    for i in range(60):
        order.judge(EPOCH + i * SECOND // 10, i / 10)
        order.judge(EPOCH + i * SECOND // 10 - 3600 * SECOND, i / 10 + 0.05)
    assert order.apart is not None
    later = [order.judge(EPOCH + i * SECOND // 10 - 3600 * SECOND, i / 10) for i in range(60, 160)]
    assert later[0] is Verdict.SECOND_CLOCK
    assert later.count(Verdict.LOOPED) == 1 and set(later[50:]) == {Verdict.FOLLOWS}


def test_a_clock_that_is_set_back_is_one_step_back():
    """A camera's clock that goes back once, and later passes where it was, is no second clock."""
    came = [i / 10 for i in range(300)]
    stamps = [EPOCH + int(at * SECOND) - (8 * SECOND if at > 5 else 0) for at in came]
    found = Counter(judge(stamps, came))
    assert found == {Verdict.FOLLOWS: 299, Verdict.LOOPED: 1}


def test_one_stamp_out_of_the_future_is_dropped_where_there_is_a_present():
    """An hour ahead of this machine's clock: dropped, and the next ones follow. In a bag nothing is judged by a clock:
    there the stamps go ahead and back."""
    came = [i / 10 for i in range(30)]
    stamps = [EPOCH + i * SECOND // 10 for i in range(30)]
    now = list(stamps)
    stamps[7] += 3600 * SECOND
    verdicts = judge(stamps, came, now)
    assert verdicts[7] is Verdict.AHEAD and set(verdicts[:7] + verdicts[8:]) == {Verdict.FOLLOWS}
    assert judge(stamps, came)[7:9] == [Verdict.FOLLOWS, Verdict.LOOPED]


def test_no_stamps_at_all():
    """A driver that leaves its stamps 0 is named as that; a simulation may begin at 0."""
    assert set(judge([0] * 20, [i / 10 for i in range(20)], [EPOCH] * 20)) == {Verdict.UNSTAMPED}
    assert judge([0, 0, 0, SECOND], [0, 0.1, 0.2, 0.3]) == [
        Verdict.FOLLOWS, Verdict.UNSTAMPED, Verdict.UNSTAMPED, Verdict.FOLLOWS]


def test_a_few_out_of_order_are_stale():
    """Images that overtake each other by less than half a second are dropped one by one, and nothing is reset."""
    order = [0, 1, 3, 2, 4, 6, 5, 7, 7, 8]
    verdicts = judge([EPOCH + i * SECOND // 10 for i in order], [i / 10 for i in range(len(order))])
    assert [i for i, v in zip(order, verdicts) if v is Verdict.STALE] == [2, 5, 7]
    assert Verdict.LOOPED not in verdicts


def test_a_clock_that_stands_still_is_named():
    """One stamp on every image is no second camera: the line says which it is."""
    order = StampOrder()
    assert order.judge(EPOCH, 0.0) is Verdict.FOLLOWS
    for i in range(1, 6):
        assert order.judge(EPOCH, 0.1 * i) is Verdict.STALE
        assert 'does the clock that it takes stand still' in order.explain(Verdict.STALE, EPOCH, None)
    assert order.judge(EPOCH - 1, 0.6) is Verdict.STALE
    assert 'do two cameras share' in order.explain(Verdict.STALE, EPOCH - 1, None)


@pytest.mark.parametrize(('behind_s', 'live', 'lines'), [(3600, True, 1), (EPOCH / SECOND - 100, True, 1), (5, True, 0),
                                                         (3600, False, 0)])
def test_a_clock_far_behind_is_told_and_taken(behind_s, live, lines, monkeypatch):
    """Of a driver that stamps with the time since it was switched on, or of a bag, TF of now is not found: a line if it
    lasts. The first image of a machine that slept says nothing of clocks."""
    told, at = [], [0.0]
    monkeypatch.setattr(admission, 'Lasting', lambda: Lasting(lambda: at[0]))
    log = SimpleNamespace(warning=lambda text, every: told.append(text), info=None)
    clock = SimpleNamespace(ros_time_is_active=False, now=lambda: SimpleNamespace(nanoseconds=EPOCH))
    one = Admission(log, clock, CameraGap(0.0), Counters(), Health())
    for i, at[0] in enumerate((10.0, 10.9, 11.1)):
        assert not told
        assert one.judge(EPOCH + i - int(behind_s * SECOND), 0.0, (48, 64), not live) == (True, None)
    assert len(told) == lines and all("behind this machine's clock" in text for text in told)
