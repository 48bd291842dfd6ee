# SPDX-License-Identifier: Apache-2.0
"""Transforms between frames over time: a buffer, a listener and broadcasters, with the API of tf2_ros."""
from .buffer import Buffer
from .buffer_core import (
                          BufferCore,
                          ConnectivityException,
                          ExtrapolationException,
                          InvalidArgumentException,
                          LookupException,
                          TimeoutException,
                          TransformException,
)
from .static_transform_broadcaster import StaticTransformBroadcaster
from .transform_broadcaster import TransformBroadcaster
from .transform_listener import TransformListener

__all__ = ['Buffer', 'BufferCore', 'ConnectivityException', 'ExtrapolationException',
           'InvalidArgumentException', 'LookupException', 'StaticTransformBroadcaster', 'TimeoutException',
           'TransformBroadcaster', 'TransformException', 'TransformListener']
