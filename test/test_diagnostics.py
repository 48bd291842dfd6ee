# SPDX-License-Identifier: Apache-2.0
"""What the report says of the input, second by second."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')
from builtin_interfaces.msg import Time  # noqa: E402
from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402

from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState  # noqa: E402
from ttt3r_ros.ros import diagnostics, notices  # noqa: E402
from ttt3r_ros.ros.diagnostics import Counters, Diagnostics, Health, SequenceGaps  # noqa: E402


@pytest.fixture
def reported(monkeypatch):
    """Return counters, health, what else may be set (`now` and `short`), and a function that reports and returns the
    statuses by their names."""
    heard, given = [], SimpleNamespace(now=100.0, short=None)
    publisher = SimpleNamespace(publish=heard.append)
    clock = SimpleNamespace(now=lambda: SimpleNamespace(to_msg=Time))
    node = SimpleNamespace(get_fully_qualified_name=lambda: '/ttt3r', get_clock=lambda: clock,
                           create_publisher=lambda *_: publisher)
    monkeypatch.setattr(diagnostics.time, 'monotonic', lambda: given.now)
    monkeypatch.setattr(diagnostics, 'CpuShortage', lambda: SimpleNamespace(share=lambda: given.short))
    counters, health = Counters(), Health(last_image=100.0, publishers=1)
    report = Diagnostics(node, counters, health, 'cpu', {}, True)

    def publish(active: bool = True) -> dict[str, DiagnosticStatus]:
        report.publish(active, '/image', None, {}, None)
        return {status.name.removeprefix('ttt3r: '): status for status in heard[-1].status}

    return counters, health, given, publish


def test_two_seconds_without_an_image_are_silence(reported):
    """Until then images arrive, and the tracking state is of now."""
    _, health, given, publish = reported
    health.tracking = Tracking(TrackingState.OK, '', 0, True)
    given.now, health.silence = 102.0, 2.0
    told = publish()
    assert (told['input'].level, told['input'].message) == (DiagnosticStatus.OK, 'images arrive on /image')
    assert (told['tracking'].level, told['tracking'].message) == (DiagnosticStatus.OK, 'ok')
    given.now, health.silence = 102.25, 2.25
    told = publish()
    assert (told['input'].level, told['input'].message) == (DiagnosticStatus.WARN, 'no image on /image')
    assert (told['tracking'].level, told['tracking'].message) == (DiagnosticStatus.WARN, 'ok, at the last image')


def test_a_node_that_is_not_active_is_in_no_trouble(reported):
    """What was wrong with the last frame is told of none: input, tracking and inference are not active, and then as
    before."""
    _, health, _, publish = reported
    health.tracking, health.no_pose = Tracking(TrackingState.LOST, 'black', 0, False), 'the mount is not known'
    assert publish()['inference'].message == 'no pose and no TF: the mount is not known'
    told = publish(active=False)
    for part in ('input', 'tracking', 'inference'):
        assert (told[part].level, told[part].message) == (DiagnosticStatus.OK, 'not active')
    assert publish()['inference'].level == DiagnosticStatus.ERROR


def test_a_node_at_rest_tracks_nothing(reported):
    """While nobody listens to a lazy node, what the last answered frame was is told no more."""
    _, health, _, publish = reported
    health.tracking, health.resting = Tracking(TrackingState.LOST, 'black', 0, False), True
    told = publish()
    assert told['input'].message == 'images arrive on /image'
    for part in ('tracking', 'inference'):
        assert (told[part].level, told[part].message) == (DiagnosticStatus.OK, 'at rest: nobody listens (lazy)')
    health.resting = False
    assert publish()['tracking'].message == 'lost: black'


def test_what_was_dropped_is_told_once(reported):
    """How many since the last report, and in the next one no more."""
    counters, health, _, publish = reported
    health.stamps, health.unreadable = 'two clocks', 'it is cut off'
    for name, text in (('dropped_stamp', 'image(s) dropped: two clocks'),
                       ('dropped_invalid', 'image(s) could not be read: it is cut off')):
        for count in (3, 2):
            setattr(counters, name, getattr(counters, name) + count)
            told = publish()['input']
            assert (told.level, told.message) == (DiagnosticStatus.WARN, f'{count} {text}')
        assert publish()['input'].message == 'images arrive on /image'


@pytest.mark.parametrize(('short', 'why'), [(None, 'on their way'), (0.1, 'on their way'), (0.125, 'waited 12%')])
def test_lost_images_have_one_cause(reported, short, why):
    """The CPU, if a thread has waited for more than a tenth of the second; and what was lost before is told no more."""
    counters, _, given, publish = reported
    counters.lost_in_transport, given.short = 4, short
    assert why in publish()['input'].message
    assert publish()['input'].message == 'images arrive on /image'


def test_images_are_lost_by_a_node_that_stands_still(reported):
    """A process that was stopped, or slept with its machine, has waited for no core: that is told in the report after
    it, too, as the loss is counted with the next image; and what has not come meanwhile is no silence."""
    counters, _, given, publish = reported
    publish()
    given.now, given.short = 103.1, 0.0
    assert publish()['input'].message == 'images arrive on /image'
    for now, why in ((103.2, 'this node stood still for 3.1 s'), (104.2, 'on their way')):
        given.now, counters.lost_in_transport = now, counters.lost_in_transport + 4
        assert why in publish()['input'].message


def test_gaps_in_a_publisher_s_numbers_are_counted():
    """What lies between two numbers; nothing where they begin, go back, or are none."""
    gaps = SequenceGaps()
    assert [gaps.lost(number) for number in (7, 8, 12, None, 0, 13, 2, 3, 5)] == [0, 0, 3, 0, 0, 0, 0, 0, 1]


def test_what_was_sent_before_the_first_number_is_known():
    """Told with the first alone, of each publisher."""
    gaps = SequenceGaps()
    assert [(gaps.lost(number), gaps.unheard)[1] for number in (4, 5, 9)] == [3, 0, 0]
    assert not gaps.follow(frozenset([b'old'])) and gaps.follow(frozenset([b'new']))
    assert [(gaps.lost(number), gaps.unheard)[1] for number in (1, 2)] == [0, 0]


def test_a_camera_that_is_begun_anew_has_numbers_of_its_own():
    """One that DDS has told late has sent many before we hear the first: none of them is a gap in the last one's."""
    gaps, old, new = SequenceGaps(), frozenset([b'old']), frozenset([b'new'])
    gaps.lost(7)
    assert [gaps.follow(senders) for senders in (old, old, frozenset())] == [False] * 3
    assert not gaps.follow(old | new) and gaps.lost(9) == 1  # as long as DDS has not forgotten it
    gaps.follow(old)
    assert gaps.follow(new) and gaps.lost(300) == 0 and gaps.lost(302) == 1
    assert not gaps.follow(new) and gaps.lost(304) == 1


def test_what_lasts_is_told_again_after_a_minute(monkeypatch):
    """What begins is a line at once; while it lasts one a minute; ended and begun again, at once."""
    lines, heard, now = [], [], [100.0]
    log = SimpleNamespace(warning=lines.append)
    clock = SimpleNamespace(now=lambda: SimpleNamespace(to_msg=Time))
    monkeypatch.setattr(notices.time, 'monotonic', lambda: now[0])
    notice = notices.Notices(SimpleNamespace(
        get_fully_qualified_name=lambda: '/ttt3r', get_clock=lambda: clock, get_logger=lambda: log,
        create_publisher=lambda *_: SimpleNamespace(publish=heard.append)))
    for at, texts, told in ((100, ['a'], ['a']), (159.5, ['a', 'b'], ['b']), (160, ['a', 'b'], ['a']),
                            (161, ['b'], []), (162, ['a', 'b'], ['a'])):
        now[0], lines[:] = float(at), []
        notice.report(texts)
        assert lines == told
        assert heard[-1].status[1].message == '; '.join(texts)
