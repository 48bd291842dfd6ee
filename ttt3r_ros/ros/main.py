# SPDX-License-Identifier: Apache-2.0
"""The node's process: it starts, spins until it is told to stop, and ends."""

from __future__ import annotations

import logging
import sys
import traceback

import rclpy
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterUninitializedException,
)
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.signals import SignalHandlerOptions

from ttt3r_ros.ros.executor import RarelyEventfulExecutor
from ttt3r_ros.ros.log import RosLog
from ttt3r_ros.ros.node import Ttt3rNode
from ttt3r_ros.ros.parameter_mistakes import unread
from ttt3r_ros.ros.parameters import SettingsError
from ttt3r_ros.ros.stopping import end_in_time, stopping_on_signals

STOP_CHECK_S = 0.1
BAD_ARGUMENTS = 2
DEVICE_FAILED = 3
RCLError = rclpy_implementation.RCLError


def main(args: list[str] | None = None) -> int:
    """Run the node until it is told to stop."""
    # rclpy's own handlers would take the context away while a frame is still being answered.
    stop = stopping_on_signals()
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # all of rclpy's are
        rclpy.logging.get_logger('ttt3r').fatal(_in_words(error, 'the arguments cannot be read'))
        return BAD_ARGUMENTS
    try:
        node = Ttt3rNode()
    except RCLError as error:
        rclpy.logging.get_logger('ttt3r').fatal(_in_words(error, 'ROS cannot make the node'))
        rclpy.shutdown()
        return BAD_ARGUMENTS
    except (InvalidParameterTypeException, InvalidParameterValueException, ParameterUninitializedException,
            SettingsError) as error:
        rclpy.logging.get_logger('ttt3r').fatal(f'a parameter cannot be taken: {error}')
        rclpy.shutdown()
        return BAD_ARGUMENTS
    for line in unread(node, sys.argv if args is None else args):
        node.get_logger().warning(line)
    library = logging.getLogger('ttt3r_ros')
    library.setLevel(logging.INFO)
    library.addHandler(RosLog(node))
    executor = RarelyEventfulExecutor()
    executor.add_node(node)
    status = 0
    if node.get_parameter('autostart').value and not node.start(lambda: not stop.is_set()):
        status = DEVICE_FAILED
    while not (status or stop.is_set()):
        try:
            executor.spin_once(timeout_sec=STOP_CHECK_S)
        except Exception:
            # One bad request must not cost the robot its sight.
            node.get_logger().error(f'a callback failed in a way that nobody foresaw:\n{traceback.format_exc()}')
        if not node.goes_on():
            status = DEVICE_FAILED
    end_in_time(node.get_logger().error)
    node.release(ending=True)
    node.replies.finish(executor)
    node.destroy_node()
    rclpy.shutdown()
    return status


def _in_words(error: RuntimeError, otherwise: str) -> str:
    """Return in a line why ROS does not start."""
    text = ' '.join(str(error).split())
    if 'logging' in text:
        return f'ROS cannot write its logs: {text}; set ROS_LOG_DIR to a folder that this user may write to'
    if 'security' in text.lower():
        return (f'security is asked for and cannot be had: {text}; see docs/security.md, or set ROS_SECURITY_ENABLE to '
                'false')
    return f'{otherwise}: {text}'


if __name__ == '__main__':
    sys.exit(main())
