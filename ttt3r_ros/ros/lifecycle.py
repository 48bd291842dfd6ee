# SPDX-License-Identifier: Apache-2.0
"""Transitions that fail with a reason: rclpy swallows one kind of exception there and dies of another."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

Transition = Callable[[LifecycleNode, LifecycleState], None]


def transition(method: Transition) -> Callable[[LifecycleNode, LifecycleState], TransitionCallbackReturn]:
    """Turn an exception in a transition into a logged failure, after which it can be tried again."""
    @wraps(method)
    def guarded(self: LifecycleNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            method(self, state)
        except Exception as error:
            verb = method.__name__.removeprefix('on_')
            again = (f'; mend that, then: ros2 lifecycle set {self.get_fully_qualified_name()} {verb}'
                     if verb in ('configure', 'activate') else '')
            self.get_logger().error(f'{verb} failed: {error}{again}')
            self.get_logger().debug(traceback.format_exc())
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS
    return guarded


def refuse_impossible_transitions(node: LifecycleNode) -> None:
    """Answer a request for a transition that the node's state does not have with a refusal.

    rclpy raises out of the executor instead, which ends the process and leaves the caller waiting.
    """
    service = node._service_change_state
    change_state = service.callback

    def answer(request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
        try:
            return change_state(request, response)
        except RuntimeError as error:  # RCLError is one
            node.get_logger().error(f'transition {request.transition.label or request.transition.id} is not possible '
                                    f'now: {error}')
            response.success = False
            return response

    service.callback = answer
