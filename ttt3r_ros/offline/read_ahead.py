# SPDX-License-Identifier: Apache-2.0
"""Reading on a thread of its own, so that a frame is decoded while the one before it is answered."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from typing import TypeVar

Item = TypeVar('Item')
POLL_S = 0.1  # how soon the thread ends once nobody wants more


def read_ahead(items: Iterable[Item], most: int = 2) -> Iterator[Item]:
    """Yield items as they come, read at most so many ahead; what reading raises is raised in its place."""
    waiting: queue.Queue = queue.Queue(most)
    over = threading.Event()

    def hand(kind: str, item: object) -> bool:
        while not over.is_set():
            try:
                waiting.put((kind, item), timeout=POLL_S)
                return True
            except queue.Full:
                continue
        return False

    def read() -> None:
        coming = iter(items)
        try:
            for item in coming:
                if not hand('item', item):
                    return
        except BaseException as error:
            hand('error', error)
        else:
            hand('end', None)
        finally:
            # By the thread that has read: no other may close a database that it has opened.
            if isinstance(coming, Generator):
                coming.close()

    thread = threading.Thread(target=read, name='read ahead', daemon=True)
    thread.start()
    try:
        while True:
            kind, item = waiting.get()
            if kind == 'end':
                return
            if kind == 'error':
                raise item
            yield item
    finally:
        over.set()
        thread.join()
