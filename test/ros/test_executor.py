# SPDX-License-Identifier: Apache-2.0
"""The node's executor: QoS events are told although it does not wait for them, messages and timers as ever."""

from __future__ import annotations

import time
from collections import Counter

import pytest
import rclpy
from rclpy.event_handler import EventHandler, PublisherEventCallbacks
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from ttt3r_ros.ros.executor import EVENTS_EVERY_S, RarelyEventfulExecutor

PATIENCE_S = 20.0


@pytest.fixture
def spinning():
    """Return a node, and a function that spins it until something is so."""
    node, executor = rclpy.create_node('eventful'), RarelyEventfulExecutor()
    executor.add_node(node)

    def until(condition) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end
            executor.spin_once(timeout_sec=0.05)

    yield node, until
    executor.shutdown()
    node.destroy_node()


def test_a_subscription_that_cannot_be_served_is_told(spinning):
    """Also while messages wake the executor all the time."""
    node, until = spinning
    told, heard = [], []
    node.create_publisher(String, 'kept', 1, event_callbacks=PublisherEventCallbacks(incompatible_qos=told.append))
    busy = node.create_publisher(String, 'busy', 1)
    node.create_subscription(String, 'busy', heard.append, 1)
    node.create_timer(0.01, lambda: busy.publish(String()))
    node.create_subscription(String, 'kept', heard.append,
                             QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    until(lambda: told and len(heard) > 20)
    assert told[0].total_count == 1


def test_events_are_looked_for_twice_a_second(spinning, monkeypatch):
    """Between two looks the wait set has none of them, and a message comes at once all the same."""
    node, until = spinning
    asked, heard = Counter(), []
    add = EventHandler.add_to_wait_set
    monkeypatch.setattr(EventHandler, 'add_to_wait_set',
                        lambda self, wait_set: (asked.update([self]), add(self, wait_set))[1])
    publisher = node.create_publisher(String, 'busy', 1)
    node.create_subscription(String, 'busy', heard.append, 1)
    until(lambda: publisher.get_subscription_count() == 1)
    asked.clear()
    began = time.monotonic()
    for i in range(200):
        publisher.publish(String())
        until(lambda i=i: len(heard) > i)
    looks = 1 + (time.monotonic() - began) / EVENTS_EVERY_S
    assert max(asked.values(), default=0) <= 3 * looks  # a look may take the wait set up more than once
