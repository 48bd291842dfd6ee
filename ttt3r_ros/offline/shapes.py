# SPDX-License-Identifier: Apache-2.0
"""Images of another shape than those before them, as where upright and lying photographs are mixed."""

from __future__ import annotations

SAME = 0.02  # relative, of width over height: what is made smaller is rounded


class Shapes:
    """Looks at the sizes of a source's images."""

    def __init__(self) -> None:
        """Begin with none."""
        self._first: tuple[int, int] | None = None
        self._told = False

    def look(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """Take an image's size (h, w). Return that of the first one, once, if it has another shape."""
        self._first = self._first or size
        (height, width), (first_height, first_width) = size, self._first
        if self._told or abs(width * first_height / (height * first_width) - 1) <= SAME:
            return None
        self._told = True
        return self._first
