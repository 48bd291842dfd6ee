# SPDX-License-Identifier: Apache-2.0
"""What was read from a file that anybody may have written: asked for field by field, each by its type and its range."""

from __future__ import annotations

import math
from collections.abc import Callable, Container
from typing import Any, TypeVar

import numpy as np

T = TypeVar('T')

MOST_TEXT = 1000  # characters: a frame's name, a reason
FARTHEST = 1e9  # metres
RIGID = 1e-3  # by how much a rotation's columns may be off from orthonormal ones: a long path's rounding adds up
MOST_VARIANCE = 1e18
LOGARITHMS, VARIANCES = (-100.0, 100.0), (1e-12, 1e6)  # of what is told of a lens, as they lie in a float32
ROUNDING = 1e-6  # of a covariance's largest number
MOST_FRAMES = 2**63 - 1
MOST_SEGMENTS = 2**32 - 1  # as messages count them
MOST_NANOSECONDS = 2**31 * 10**9 - 1  # what a stamp of ROS can hold


class FieldError(ValueError):
    """A field that is not what it must be; the message begins with its name."""


class Fields:
    """The fields of one JSON object; those of objects in it have its name and a dot before theirs.

    Every method raises FieldError for a field that is missing or of another type or range.
    """

    def __init__(self, values: Any, name: str = '') -> None:
        """Take what json.loads has returned, and what its errors are to call it."""
        if not isinstance(values, dict):
            raise FieldError(f'{name or "what it holds"} is {_told(values)}, not an object')
        self._values, self._name = values, name
        self._unread = set(values)

    def __contains__(self, name: str) -> bool:
        """Say whether there is such a field."""
        return name in self._values

    def none_or(self, read: Callable[..., T], name: str, *limits: Any) -> T | None:
        """Return None for a null, else what another of the methods reads."""
        return None if self._take(name) is None else read(name, *limits)

    def value(self, name: str) -> Any:
        """Return whatever there is: somebody else looks at it."""
        return self._take(name)

    def object(self, name: str) -> Fields:
        """Return the fields of an object."""
        return Fields(self._take(name), self._full(name))

    def flag(self, name: str) -> bool:
        """Return true or false."""
        return self._require(name, lambda value: isinstance(value, bool), 'true or false')

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a whole number from low to high."""
        return self._require(name, lambda value: type(value) is int and low <= value <= high,
                             f'a whole number from {low} to {high}')

    def number(self, name: str, low: float, high: float) -> float:
        """Return a finite number from low to high."""
        return float(self._require(name, lambda value: _is_number(value) and low <= value <= high,
                                   f'a number from {low:g} to {high:g}'))

    def text(self, name: str, known: Container[str] | None = None) -> str:
        """Return a text, one of those that are known if they are given."""
        return self._require(name, lambda value: isinstance(value, str) and len(value) <= MOST_TEXT
                             and (known is None or value in known),
                             f'a text of up to {MOST_TEXT} characters' if known is None else 'one that is known')

    def numbers(self, name: str, most: int, bound: float) -> list[float]:
        """Return a list of up to `most` finite numbers, none larger than bound."""
        return [float(value) for value in self._require(
            name, lambda values: isinstance(values, list) and len(values) <= most
            and all(_is_number(value) and abs(value) <= bound for value in values),
            f'a list of up to {most} numbers within ±{bound:g}')]

    def array(self, name: str, shape: tuple[int, ...], bound: float) -> np.ndarray:
        """Return an array, float64, of that shape, of finite numbers none of which is larger than bound."""
        return self._require_array(self._take(name), name, shape, bound)

    def pose(self, name: str) -> np.ndarray:
        """Return a pose (4, 4), float64."""
        return require_pose(self.array(name, (4, 4), FARTHEST), self._full(name))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._values)

    def items(self, name: str, fewest: int, most: int) -> Fields:
        """Return the items of a list of so many, as fields that are called '0', '1', …"""
        items = self._require(name, lambda value: isinstance(value, list) and fewest <= len(value) <= most,
                              f'a list of {fewest} to {most} items')
        return Fields({str(i): item for i, item in enumerate(items)}, self._full(name))

    def end(self) -> None:
        """Raise FieldError if there are fields that nobody has read."""
        if self._unread:
            raise FieldError(f'{self._full(min(self._unread))} is a field that nobody knows')

    def _require_array(self, value: Any, name: str, shape: tuple[int, ...], bound: float) -> np.ndarray:
        try:
            found = np.array(value)
        except ValueError:  # rows of different lengths
            found = np.empty(0, object)
        if found.shape != shape or found.dtype.kind not in 'if' or not (np.abs(found) <= bound).all():
            raise FieldError(f'{self._full(name)} is no array {shape} of numbers within ±{bound:g}')
        return found.astype(np.float64)

    def _require(self, name: str, fits: Callable[[Any], bool], wanted: str) -> Any:
        value = self._take(name)
        if not fits(value):
            raise FieldError(f'{self._full(name)} is {_told(value)}, not {wanted}')
        return value

    def _take(self, name: str) -> Any:
        if name not in self._values:
            raise FieldError(f'{self._full(name)} is missing')
        self._unread.discard(name)
        return self._values[name]

    def _full(self, name: str) -> str:
        return f'{self._name}.{name}' if self._name else name


def require_pose(matrix: np.ndarray, name: str) -> np.ndarray:
    """Return a matrix (4, 4) if it is finite, rigid, and no farther than FARTHEST away. Raises FieldError."""
    turn = matrix[:3, :3]
    if not (np.isfinite(matrix).all() and np.array_equal(matrix[3], (0, 0, 0, 1))
            and np.abs(matrix[:3, 3]).max() <= FARTHEST and np.abs(turn).max() < 2
            and np.abs(turn @ turn.T - np.eye(3)).max() <= RIGID and np.linalg.det(turn) > 0):
        raise FieldError(f'{name} is no pose: a rotation and a place, in a finite (4, 4) matrix')
    return matrix


def require_covariance(matrix: np.ndarray, name: str) -> np.ndarray:
    """Return a matrix (..., n, n) if it is finite, symmetric and of no negative variance. Raises FieldError."""
    most = float(np.abs(matrix).max())
    if not (np.isfinite(most) and most <= MOST_VARIANCE
            and np.abs(matrix - matrix.swapaxes(-1, -2)).max() <= ROUNDING * most
            and np.linalg.eigvalsh(matrix).min() >= -ROUNDING * most):
        raise FieldError(f'{name} is no covariance: not finite, not symmetric, or of a negative variance')
    return matrix


def _is_number(value: Any) -> bool:
    # Whole numbers of JSON may be too large for a float.
    return type(value) in (int, float) and abs(value) < 1e300 and math.isfinite(value)


def _told(value: Any) -> str:
    text = repr(value) if isinstance(value, (bool, int, float, type(None))) else type(value).__name__
    return text if len(text) < 40 else f'{text[:40]}…'
