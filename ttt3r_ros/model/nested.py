# SPDX-License-Identifier: Apache-2.0
"""Tensors in dictionaries, tuples and dataclasses, taken out in order and put back."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from torch import Tensor


def tensors(value: Any) -> list[Tensor]:
    """Return the tensors in a value, in order."""
    found: list[Tensor] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[Tensor]) -> None:
    if isinstance(value, Tensor):
        found.append(value)
    elif names := _fields(type(value)):
        for name in names:
            _collect(getattr(value, name), found)
    elif isinstance(value, dict):
        for key in sorted(value):
            _collect(value[key], found)
    elif isinstance(value, tuple):
        for part in value:
            _collect(part, found)


def mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return the value with change(t) in the place of every tensor t, asked in the order of `tensors`."""
    if isinstance(value, Tensor):
        return change(value)
    if names := _fields(type(value)):
        return type(value)(**{name: mapped(getattr(value, name), change) for name in names})
    if isinstance(value, dict):
        changed = {key: mapped(value[key], change) for key in sorted(value)}
        return {key: changed[key] for key in value}
    return tuple(mapped(part, change) for part in value) if isinstance(value, tuple) else value


def form(value: Any) -> Hashable:
    """Return what makes two values alike: what they consist of, and every tensor's shape and type."""
    if isinstance(value, Tensor):
        return value.shape, value.dtype
    if names := _fields(type(value)):
        return tuple(form(getattr(value, name)) for name in names)
    if isinstance(value, dict):
        return tuple((key, form(value[key])) for key in sorted(value))
    return tuple(form(part) for part in value) if isinstance(value, tuple) else value


@lru_cache(maxsize=64)
def _fields(kind: type) -> tuple[str, ...]:
    """Return the names of a dataclass's fields, none of another's: a step asks some hundred times."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
