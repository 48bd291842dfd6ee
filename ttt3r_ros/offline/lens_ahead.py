# SPDX-License-Identifier: Apache-2.0
"""The lens of a recording, found out by its first images before they are answered: then those are straight as well."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction import reconstructor as steps
from ttt3r_ros.reconstruction.lens import Lens
from ttt3r_ros.reconstruction.reconstructor import Reconstructor

MOST = 60  # images
# Of bends: below it none is looked for further, once it lies so many deviations beyond what is told. Rooms that bend
# nothing have told so after 16 images, the real film after 12, slow wide worlds after 50.
LITTLE, SURELY = 0.05, 2.0

_log = logging.getLogger(__name__)


def find_lens(reconstructor: Reconstructor, images: Iterable[np.ndarray]) -> None:
    """Let a reconstructor that has seen nothing know the lens by the first images, uint8 (H, W, 3), it will be given.

    Nothing else is kept of them; and nothing at all of a lens that images need not be rid of, as then there is nothing
    to be had. Reads no more than it needs, and nothing where steps are not taken from images, or where that is known,
    as of a run that goes on. Raises what reading raises.
    """
    if not reconstructor.finds_lens or any(reconstructor.lens.undone):
        return
    before = reconstructor.snapshot()
    try:
        with _unheard():
            for image in islice(images, MOST):
                with contextlib.suppress(NonFinitePrediction):
                    reconstructor.step(image)
                bending = reconstructor.lens.bending
                if not bending.straightened and bending.bend + SURELY * bending.deviation < LITTLE:
                    break
        lens = reconstructor.lens
    finally:
        reconstructor.restore(before)
    if any(lens.undone):
        for news in lens.news(Lens()):
            _log.info(news)
        reconstructor.lens = lens.told_again()


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Keep what steps of this thread have to say to themselves: they are taken again."""
    mine = threading.get_ident()

    def others(record: logging.LogRecord) -> bool:
        return record.thread != mine

    steps.logger.addFilter(others)
    try:
        yield
    finally:
        steps.logger.removeFilter(others)
