# SPDX-License-Identifier: Apache-2.0
"""How the node is told to end."""

from __future__ import annotations

import signal
import threading
import time

TWICE_S = 1.0  # signals that come together are one


def stopping_on_signals() -> threading.Event:
    """Return what Ctrl-C, SIGTERM and the terminal's end set from now on; a second signal ends a node that hangs."""
    stop, first = threading.Event(), {}

    def on_signal(number: int, _) -> None:
        stop.set()
        # A terminal signals the whole group, and a launcher once more.
        if time.monotonic() - first.setdefault(number, time.monotonic()) > TWICE_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, on_signal)
    return stop
