# SPDX-License-Identifier: Apache-2.0
"""Makers of nodes and robots that are cleared away after each test."""

from __future__ import annotations

import pytest
from harness import NodeProcess, Robot


@pytest.fixture(autouse=True)
def in_ros(ros):
    """Every test here talks over DDS."""


@pytest.fixture
def start_node(tmp_path):
    """Return a function that starts the node with parameters."""
    started = []

    def start(**parameters) -> NodeProcess:
        started.append(NodeProcess(tmp_path / f'node{len(started)}.log', **parameters))
        return started[-1]

    yield start
    for node in started:
        node.stop()
    for node in started:
        assert 'Traceback' not in node.log(), node.log()


@pytest.fixture
def make_robot():
    """Return a function that makes a client."""
    made = []

    def make(**arguments) -> Robot:
        made.append(Robot(**arguments))
        return made[-1]

    yield make
    for robot in made:
        robot.close()


@pytest.fixture
def run(start_node, make_robot):
    """Return a function that starts a node with parameters and returns it with a robot, active and connected."""
    def start(**parameters) -> tuple[NodeProcess, Robot]:
        node, robot = start_node(**parameters), make_robot()
        robot.wait_until_watched()
        return node, robot
    return start
