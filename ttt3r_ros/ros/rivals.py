# SPDX-License-Identifier: Apache-2.0
"""Others that do what this node does: the same name, the same topics, the same edge or child in TF."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from ttt3r_ros.ros.conversions import frame_name, nanoseconds
from ttt3r_ros.ros.frames import Edge, Frames
from ttt3r_ros.ros.senders import GHOST, NAMELESS, sender

LISTENING_S = 5  # from the activation, and from the first transform of each edge of ours
EVERY_S = 60  # and again for one second: listening to all of TF costs
SHARED = ('/rosout', '/parameter_events', '/diagnostics', '/tf', '/tf_static')  # many publish these, where remapped too
FIXED = ('odom', 'map', 'world', 'earth')  # how frames begin that do not ride on the robot
WALK = 100  # frames up to a root


def same_name(node: LifecycleNode) -> list[str]:
    """Return what is wrong with the node's name, a line at most: also before it is configured, as another's answer to
    its transitions may be why it is not."""
    count = node.get_node_names_and_namespaces().count((node.get_name(), node.get_namespace()))
    if count < 2:
        return []
    return [f'{count} nodes are called {node.get_fully_qualified_name()}: their topics, services and parameters are '
            f'mixed up; start one with another name (-r __node:=…) or end it ({GHOST})']


class Rivals:
    """Looks round once a second; the executor's thread."""

    def __init__(self, node: LifecycleNode, frames: Frames, edges: Callable[[], dict[Edge, str]]) -> None:
        """Take the way out to TF, and what tells the edges, (parent, child), that are ours, and the setting that ends
        that."""
        self._node = node
        self._frames = frames
        self._edges = edges
        self._expected: dict[Edge, str] = {}
        self._once: set[Edge] = set()  # expected some time: one that comes and goes is no reason to listen all the time
        self._nameless: set[str] = set()  # topics that somebody without a name published at the last look
        self._left = 0  # seconds to listen
        self._seconds = 0
        self._listening: list = []
        self._heard: set[Edge] = set()
        self._alien: set[Edge] = set()  # of those, what was heard and not sent by us

    def look(self) -> list[str]:
        """Return what interferes, one line each, with what to do; called once a second while active."""
        expected = self._edges()
        if expected.keys() - self._once or not self._seconds:
            self._left = LISTENING_S
        elif self._seconds % EVERY_S == 0:
            self._left = max(self._left, 1)
        self._expected = expected
        self._once |= expected.keys()
        self._seconds += 1
        if self._left and expected:
            self._listen()
            self._left -= 1
        else:
            self._rest()
        return self._same_topics() + [
            self._frames.whose + text for edge in sorted(expected) for text in self._same_edge(edge)]

    def pause(self) -> None:
        """Look no more until the next call of `look`, which begins anew."""
        self._rest()
        self._seconds = 0

    def _listen(self) -> None:
        if not self._listening:
            self._heard, self._alien = set(), set()
            for topic, kept in zip(self._frames.topics, (DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL)):
                self._listening.append(self._node.create_subscription(
                    TFMessage, topic, self._receive, QoSProfile(depth=100, durability=kept)))

    def _rest(self) -> None:
        for subscription in self._listening:
            self._node.destroy_subscription(subscription)
        self._listening = []

    def _receive(self, message: TFMessage) -> None:
        for transform in message.transforms:
            edge = frame_name(transform.header.frame_id), frame_name(transform.child_frame_id)
            if not self._frames.sent(edge, nanoseconds(transform.header.stamp)):
                self._alien.add(edge)
            self._heard.add(edge)

    def _same_topics(self) -> list[str]:
        own = self._node.get_fully_qualified_name()
        before, self._nameless = self._nameless, set()
        mine = [publisher.topic_name for publisher in self._node.publishers]
        texts = []
        for topic in sorted({topic for topic in mine if not topic.endswith(SHARED)}):
            if self._node.count_publishers(topic) > mine.count(topic):
                others = {*map(sender, self._node.get_publishers_info_by_topic(topic))} - {own}
                if NAMELESS in others:  # it may be one of our own name, which DDS is about to tell
                    self._nameless.add(topic)
                    others -= set() if topic in before else {NAMELESS}
                if others:  # one of our own name is told as that
                    texts.append(f'{topic} is published by {", ".join(sorted(others))} as well: remap it there, or '
                                 'start one of the two with another name (-r __node:=…)')
        return texts

    def _same_edge(self, edge: Edge) -> list[str]:
        (parent, child), off = edge, self._expected[edge]
        texts = []
        if edge in self._alien:
            texts.append(f'another node broadcasts {parent} → {child} too, and its poses and ours alternate in TF: set '
                         f'{off}, or end that one')
        for other in sorted({above for above, below in self._heard if below == child and above != parent}):
            root = self._root(other)
            remedy = (f'set {off}, or end the other one' if root is None else
                      f'set base_frame to {root!r}, to which the camera belongs, or {off}')
            texts.append(f'{child} has two parents in TF, {other} and by us {parent}, of which readers take either: '
                         f'{remedy}')
        return texts

    def _root(self, frame: str) -> str | None:
        """Return the uppermost frame that rides on the robot with this one, None if it does not itself."""
        if frame.startswith(FIXED):
            return None
        for _ in range(WALK):
            above = next((up for up, down in sorted(self._heard) if down == frame), None)
            if above is None or above.startswith(FIXED):
                break
            frame = above
        return frame
