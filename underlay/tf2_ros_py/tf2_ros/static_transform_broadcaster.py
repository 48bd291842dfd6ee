# SPDX-License-Identifier: Apache-2.0
"""Fixed transforms out, on /tf_static, for those too who listen later."""
from collections.abc import Iterable

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from .transform_broadcaster import as_list


class StaticTransformBroadcaster:
    """Publishes fixed transforms; every message holds all that were ever sent, since only the last is kept.

    As in Jazzy, a child frame that is sent again keeps its first transform.
    """

    def __init__(self, node: Node, qos: QoSProfile | int | None = None) -> None:
        if qos is None:
            qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.pub_tf = node.create_publisher(TFMessage, '/tf_static', qos)
        self._sent: dict[str, TransformStamped] = {}

    def sendTransform(self, transform: TransformStamped | Iterable[TransformStamped]) -> None:
        """Publish one transform or several beside those sent before."""
        for each in as_list(transform):
            self._sent.setdefault(each.child_frame_id, each)
        self.pub_tf.publish(TFMessage(transforms=list(self._sent.values())))
