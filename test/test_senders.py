# SPDX-License-Identifier: Apache-2.0
"""Who sends images, as the graph tells it: late, without a name, or as one that has gone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')
from rclpy.qos import QoSProfile  # noqa: E402

from ttt3r_ros.ros.camera import Camera  # noqa: E402
from ttt3r_ros.ros.diagnostics import Counters, Health, SequenceGaps  # noqa: E402
from ttt3r_ros.ros.promise import Promise  # noqa: E402
from ttt3r_ros.ros.silence import Silence  # noqa: E402


def endpoint(gid: int, name: str = 'camera', space: str = '/') -> SimpleNamespace:
    return SimpleNamespace(endpoint_gid=[gid] * 16, node_name=name, node_namespace=space,
                           qos_profile=QoSProfile(depth=1))


@pytest.fixture
def camera():
    """Return a camera that takes images and tells, with the publishers that its node knows, and its lines."""
    made = object.__new__(Camera)
    made.publishers, made.lines = [], []

    def tell(text: str, every: float = 0.0) -> None:
        made.lines.append(text)

    made._node = SimpleNamespace(get_publishers_info_by_topic=lambda _: made.publishers,
                                 count_publishers=lambda _: len(made.publishers))
    made._log = SimpleNamespace(info=tell, warning=tell)
    made._subscription = SimpleNamespace(topic_name='/image', msg_type=SimpleNamespace(__name__='Image'))
    made._settings = SimpleNamespace(lossless=False)
    made._worker = SimpleNamespace(submit=lambda *_: 0, pending=lambda: 0, room=lambda: None)
    made._diagnostics = SimpleNamespace(age=lambda: 0.0, publish=lambda *_: None)
    made.pipeline = SimpleNamespace(state=dict, saved=SimpleNamespace(unsaved=None))
    made._topic, made._type, made._video = 'image', None, None
    made.counters, made._health, made._gaps, made._promise = Counters(), Health(), SequenceGaps(), Promise()
    made._silence = Silence()
    made._held = made._mixed = made._ended = False
    made._told_lost, made._sender = 0, None
    return made


async def at_once(_) -> None:
    pass


def takes(camera: Camera, *numbers: int) -> int:
    """Return how many images are counted as lost once those of these numbers have come."""
    for number in numbers:
        with pytest.raises(StopIteration):
            camera._receive(b'', {'publication_sequence_number': number, 'source_timestamp': 0}).send(None)
    return camera.counters.lost_in_transport


@pytest.mark.parametrize('looks', [False, True])
def test_what_a_camera_sent_before_we_knew_it_is_not_lost(camera, looks):
    """One begun anew, of which DDS tells late, has sent more than its forerunner: whether the node has looked round
    since or not, none of that was ours. Later gaps are."""
    camera.publishers = [endpoint(1)]
    camera.report()
    assert takes(camera, 6, 7, 9) == 1
    camera.publishers = [endpoint(2)]
    if looks:
        camera.report()
    assert takes(camera, 300, 301) == 1
    assert takes(camera, 303) == 2


@pytest.mark.parametrize('lossless', [False, True])
def test_what_a_player_sent_before_the_two_met_is_told(camera, lossless):
    """Where every image is to be answered; live, a camera has run for long."""
    camera.publishers, camera._settings.lossless = [endpoint(1)], lossless
    camera._replies = SimpleNamespace(of=at_once)
    assert takes(camera, 4, 5) == 0
    assert [line.partition(' on')[0] for line in camera.lines] == ['3 image(s)'] * lossless
    camera.lines.clear()
    camera.publishers = [endpoint(2)]
    camera.report()
    assert takes(camera, 1, 2) == 0 and not camera.lines


def test_two_of_one_name_may_be_one_camera_begun_anew(camera):
    """The one that crashed is in the graph for a while: that is said beside the advice, and not of two cameras."""
    camera.publishers = [endpoint(1), endpoint(2)]
    camera.report()
    assert '2 publishers send images on /image (/camera, /camera)' in camera.lines[-1]
    assert 'unless it is one camera begun anew: one that crashed is forgotten after some 20 s' in camera.lines[-1]
    camera.publishers = [endpoint(1), endpoint(3, 'rear')]
    camera.report()
    assert '(/camera, /rear)' in camera.lines[-1] and 'anew' not in camera.lines[-1]


def test_a_name_that_is_not_known_is_not_told(camera):
    """The middleware's word for it is no node's name."""
    camera.publishers = [endpoint(1, '_NODE_NAME_UNKNOWN_', '_NODE_NAMESPACE_UNKNOWN_'), endpoint(2)]
    camera.report()
    assert '(/camera, a node that has not told its name)' in camera.lines[-1]
    camera.publishers = [endpoint(1, '_NODE_NAME_UNKNOWN_', '_NODE_NAMESPACE_UNKNOWN_')]
    camera.report()
    camera.publishers = []
    camera.report()
    assert 'the images on /image have ended: a node that has not told its name, who' in camera.lines[-1]
