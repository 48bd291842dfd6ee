# SPDX-License-Identifier: Apache-2.0
"""How the node is told to end."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

ENDING_S = 4.0  # launch sends SIGTERM 5 s after SIGINT, and ends what is left after as long again
ENDED_LATE = 4  # the exit status then
TELLING_S = 0.3  # what the log has for it: it may hang, or raise, in a node that is being taken down
LAST_S = 0.3  # for a thread to end the process; after that it is ended from below Python
STDERR = 2
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


def end_in_time(tell: Callable[[str], None]) -> None:
    """Have the process end in ENDING_S from now, with status ENDED_LATE, if it has not ended by itself until then.

    Where a call of the middleware hangs with Python's lock in hand, no thread of ours can run: then it ends a little
    later, with status 1, and where each thread stood goes to stderr.
    """
    faulthandler.dump_traceback_later(ENDING_S + TELLING_S + LAST_S, exit=True, file=STDERR)

    def end() -> None:
        time.sleep(ENDING_S)
        telling = threading.Thread(target=tell, daemon=True, args=(
            f'an image in hand is not answered, or the disk does not answer, {ENDING_S:.0f} s after the end was asked '
            'for: it is left out, and a state file stays as the last autosave left it',))
        telling.start()
        telling.join(TELLING_S)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ENDED_LATE)

    threading.Thread(target=end, name='end', daemon=True).start()
