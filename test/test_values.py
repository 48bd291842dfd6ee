# SPDX-License-Identifier: Apache-2.0
"""Values that one part or thread hands to another."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import FrozenInstanceError, is_dataclass

import pytest

# What its owner, one thread or one that locks it, counts or notes in.
OWN = {'Record', '_Segment', 'Counters', 'Health', '_Door'}


@pytest.mark.parametrize('name', ['model', 'reconstruction', 'ros'])
def test_what_was_handed_over_cannot_be_changed(name):
    """Whoever has a value, its sender among them, gets an error from changing it, but for what is its owner's."""
    if name == 'ros':
        pytest.importorskip('rclpy')
    package = importlib.import_module(f'ttt3r_ros.{name}')
    modules = [importlib.import_module(f'{package.__name__}.{found.name}')
               for found in pkgutil.iter_modules(package.__path__)]
    kinds = {kind for module in modules for kind in vars(module).values()
             if isinstance(kind, type) and is_dataclass(kind) and kind.__module__.startswith(package.__name__)}
    assert len(kinds) > 5
    for kind in kinds:
        if kind.__name__ not in OWN:
            with pytest.raises(FrozenInstanceError):
                object.__new__(kind).anything = None
