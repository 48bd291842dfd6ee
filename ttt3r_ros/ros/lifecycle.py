# SPDX-License-Identifier: Apache-2.0
"""Transitions that fail with a reason: rclpy swallows one kind of exception there and dies of another."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

FINALIZED = 'the node is finalized: start its process anew'
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
    """Answer a request for a transition that the node's state does not have with a refusal, and tell what it has.

    rclpy raises out of the executor instead, which ends the process and leaves the caller waiting.
    """
    service, machine = node._service_change_state, node._state_machine
    change_state = service.callback

    def answer(request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
        asked, possible = request.transition, {label: number for number, label, *_ in machine.available_transitions}
        if asked.label in possible or not asked.label and asked.id in possible.values():
            return change_state(request, response)
        names = {number: label for number, label, *_ in machine.transition_graph}
        what = asked.label or f'{names.get(asked.id, "transition")} ({asked.id})'
        others = ', '.join(f'{label} ({number})' for label, number in possible.items())
        why = f'the node is {machine.current_state[1]}, from there: {others}' if possible else FINALIZED
        node.get_logger().error(f'{what} is not possible: {why}')
        response.success = False
        return response

    service.callback = answer
