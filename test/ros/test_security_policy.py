# SPDX-License-Identifier: Apache-2.0
"""The policy for SROS2 names what the running node has, and nothing that it never has."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

POLICY = Path(__file__).parents[2] / 'config' / 'sros2_policy.xml'
# What only other settings subscribe to.
OTHER_SETTINGS = {'/depth', '/depth/camera_info', '/image/compressed', '/image/ffmpeg', '/image/foxglove'}
NODE = 'ttt3r', '/'


def allowed(kind: str, access: str) -> set[str]:
    """Return the names that the policy allows; each once."""
    names = [name.text for group in ElementTree.parse(POLICY).iter(f'{kind}s') if group.get(access) == 'ALLOW'
             for name in group]
    assert len(names) == len(set(names))
    return set(names)


def test_the_policy_is_the_running_node_s(run):
    """Publishers, subscriptions and services, as the graph has them, with all that a single camera's settings add."""
    node, robot = run(level='imu', base_frame='base_link', scale_source='wheels', map_frame='map', map__cell=0.1,
                      use_sim_time=True, odometry__rate=10.0)
    graph = robot.node

    def names(ask) -> set[str]:
        return {name for name, _ in ask(*NODE)}

    robot.wait_for('the whole graph', lambda: '/ttt3r/start_afresh' in names(graph.get_service_names_and_types_by_node)
                   and '/wheel_odometry' in names(graph.get_subscriber_names_and_types_by_node))
    assert names(graph.get_publisher_names_and_types_by_node) == allowed('topic', 'publish')
    assert names(graph.get_service_names_and_types_by_node) == allowed('service', 'reply')
    assert names(graph.get_subscriber_names_and_types_by_node) == allowed('topic', 'subscribe') - OTHER_SETTINGS
    assert not names(graph.get_client_names_and_types_by_node)
