# SPDX-License-Identifier: Apache-2.0
"""Who publishes a topic, as far as DDS has told yet."""

from __future__ import annotations

from rclpy.topic_endpoint_info import TopicEndpointInfo

NAMELESS = 'a node that has not told its name'
UNKNOWN = '_NODE_NAME_UNKNOWN_'  # rmw's, until DDS has told the node of a publisher; for ever where it is none of ROS
GHOST = 'one that crashed is forgotten after some 20 s'


def sender(publisher: TopicEndpointInfo) -> str:
    """Return the name of the node behind a publisher, with its namespace, or NAMELESS."""
    if publisher.node_name == UNKNOWN:
        return NAMELESS
    return f'{publisher.node_namespace.rstrip("/")}/{publisher.node_name}'


def identities(publishers: list[TopicEndpointInfo]) -> frozenset[bytes]:
    """Return what tells publishers from each other, those of one name, too."""
    return frozenset(bytes(publisher.endpoint_gid) for publisher in publishers)
