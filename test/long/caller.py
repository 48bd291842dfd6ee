# SPDX-License-Identifier: Apache-2.0
"""Calls services without waiting for them, and keeps how long each reply took."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from lifecycle_msgs.srv import GetState
from rclpy.node import Node
from rclpy.task import Future


def succeeded(response) -> bool:
    """Say whether a reply of most services is the right one."""
    return response.success


class Caller:
    """`milliseconds` of all replies since `turn`, `failures` by service and reason, and what is `open`."""

    def __init__(self, node: Node) -> None:
        """Take the client's node; somebody spins it."""
        self._node = node
        self._clients: dict[str, object] = {}
        self.open: set[Future] = set()
        self.turn()

    def turn(self) -> None:
        """Begin a phase; what was left without a reply is no longer waited for."""
        self.milliseconds: list[float] = []
        self.failures: Counter[str] = Counter()
        self.open.clear()

    def ask(self, kind, service: str, request, right: Callable[[object], bool] = succeeded) -> Future:
        """Call; right says of the response whether it is what it must be."""
        if service not in self._clients:
            self._clients[service] = self._node.create_client(kind, f'/ttt3r/{service}')
        began = time.monotonic()
        reply = self._clients[service].call_async(request)
        self.open.add(reply)

        def replied(future: Future) -> None:
            if future not in self.open:
                return
            self.open.discard(future)
            self.milliseconds.append(1e3 * (time.monotonic() - began))
            response = future.result()
            if not right(response):
                self.failures[f'{service}: {getattr(response, "message", response)}'] += 1

        reply.add_done_callback(replied)
        return reply

    def know(self, services: dict[str, type], spin: Callable[[float], None], patience_s: float = 90.0) -> None:
        """Make the clients of services and wait until the node is active and knows them all.

        DDS tells of clients in their order: the answer to the last made one says that the node has heard of each.
        """
        for name, kind in {**services, 'get_state': GetState}.items():
            if name not in self._clients:
                self._clients[name] = self._node.create_client(kind, f'/ttt3r/{name}')
        end = time.monotonic() + patience_s
        answers: list[Future] = []
        while not any(a.done() and a.result().current_state.label == 'active' for a in answers):
            if time.monotonic() > end:
                raise TimeoutError(f'the node is not active after {patience_s} s')
            answers.append(self._clients['get_state'].call_async(GetState.Request()))
            spin(0.5)
