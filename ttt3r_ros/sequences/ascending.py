# SPDX-License-Identifier: Apache-2.0
"""Images whose stamps increase, out of those of a source, where they may repeat, stop, go back or be of the future."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .stamps import LOOP_NS

if TYPE_CHECKING:
    from .sequence import Image


def ascending(images: Iterable[Image], leave_out: Callable[[str], None], *, live: bool = False) -> Iterator[Image]:
    """Yield the images whose stamps are after those of all that were yielded before; leave_out is told of each other.

    An image that is ahead of the one before by more than LOOP_NS, or the first, waits for the next, unless they are
    live: if that goes back by more than LOOP_NS, to what still follows, its own stamp is of no time and it is left out.
    Else all that comes after would be.
    """
    last: int | None = None
    waiting: Image | None = None
    for image in images:
        if waiting is not None and waiting.stamp - image.stamp > LOOP_NS and (last is None or image.stamp > last):
            leave_out(f'{waiting.origin}: its stamp {waiting.stamp} ns is {(waiting.stamp - image.stamp) / 1e9:.1f} s '
                      'ahead of that of the next image; does the clock jump that stamps them?')
            waiting = None
        before = last if waiting is None else waiting.stamp
        if before is not None and image.stamp <= before:
            leave_out(f'{image.origin}: its stamp {image.stamp} ns is not after {before} ns, that of an image before '
                      'it; is it of a bag that was played in a loop, did the clock stop or go back, or do two cameras '
                      'share the topic?')
            continue
        if waiting is not None:
            last = waiting.stamp
            yield waiting
            waiting = None
        if live or last is not None and image.stamp - last <= LOOP_NS:
            last = image.stamp
            yield image
        else:
            waiting = image
    if waiting is not None:
        yield waiting
