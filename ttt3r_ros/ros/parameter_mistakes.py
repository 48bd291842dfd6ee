# SPDX-License-Identifier: Apache-2.0
"""What people give wrong about parameters, in words: ROS's own say little, or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import yaml
from rclpy.node import Node
from rclpy.parameter import Parameter

from ttt3r_ros.ros.declarations import BY_NAME, Declaration

OTHERS = {Parameter.Type.BOOL: 'not true or false', Parameter.Type.INTEGER: 'no whole number',
          Parameter.Type.DOUBLE: 'no number', Parameter.Type.STRING: 'no text',
          Parameter.Type.STRING_ARRAY: 'no list of names', Parameter.Type.DOUBLE_ARRAY: 'no list of numbers'}
PARAMETERS = 'ros__parameters'  # what stands above them in a file
SIM_TIME = 'use_sim_time'  # launch gives it to every node
WORDS = {'true': True, 'on': True, 'yes': True, '1': True, 'false': False, 'off': False, 'no': False, '0': False}


def meant(name: str) -> str:
    """Return what may be meant by the name of a parameter that there is not."""
    near = get_close_matches(name, BY_NAME, 1)
    return f': did you mean {near[0]!r}?' if near else '; ros2 param list tells all'


def another_type(declaration: Declaration, given: Parameter) -> str | None:
    """Return what is wrong with a value of another type than the parameter's, and what to write; None if of its own."""
    default = list(declaration.default) if isinstance(declaration.default, tuple) else declaration.default
    wanted = Parameter.Type.from_parameter_value(default)
    if given.type_ in (wanted, Parameter.Type.NOT_SET):
        return None
    value = given.value if isinstance(given.value, str | bool | int | float) else list(given.value)
    written = _as(wanted, value)
    if given.type_.name.replace('INTEGER', 'DOUBLE') == wanted.name:
        return (f'{declaration.name} was given without a decimal point, as whole numbers are: write '
                f'{json.dumps(written)}')
    return f'{declaration.name} {value!r} is {OTHERS[wanted]}: write ' + (
        f'such as {json.dumps(default)}' if written is None else json.dumps(written))


def _as(wanted: Parameter.Type, value: Any) -> Any:
    """Return what a value of another type means, None if that is not clear."""
    if isinstance(value, bool):
        return str(value).lower() if wanted is Parameter.Type.STRING else None
    try:
        if wanted is Parameter.Type.BOOL:
            return WORDS.get(str(value).lower())
        if wanted is Parameter.Type.INTEGER:
            return int(value) if float(value).is_integer() else None
        if wanted is Parameter.Type.DOUBLE:
            return float(value)
        if wanted is Parameter.Type.DOUBLE_ARRAY:
            return [float(number) for number in value]
    except (TypeError, ValueError):
        return None
    if wanted is Parameter.Type.STRING_ARRAY:
        return [str(name) for name in value] if isinstance(value, list) else [str(value)]
    return None if isinstance(value, list) else str(value)


def mistake(node: Node, changes: list[Parameter]) -> str | None:
    """Return why changes of a running node cannot be meant, None if they can."""
    for change in changes:
        if not node.has_parameter(change.name):
            return f'there is no parameter {change.name!r}{meant(change.name)}'
        if change.name in BY_NAME and (why := another_type(BY_NAME[change.name], change)):
            return why
    return None


def unread(node: Node, words: Sequence[str]) -> Iterator[str]:
    """Yield what is to be said of the parameter files among a process's arguments of which nothing is this node's."""
    for option, file in zip(words, words[1:], strict=False):
        if option != '--params-file' or not os.path.isfile(file):  # a pipe has been read, and would block
            continue
        try:
            with open(file, encoding='utf-8') as text:
                sections = dict(_sections(yaml.safe_load(text) or {}))
        except (OSError, ValueError, yaml.YAMLError):  # ROS has read it all the same
            continue
        names = {name for section in sections.values() for name in _names(section)} - {SIM_TIME}
        if names and names.isdisjoint(node._parameter_overrides):
            yield (f'{file} has parameters for {", ".join(sections)} and none for this node: write '
                   f"{node.get_fully_qualified_name()!r} or '/**' there, as they have no effect")


def _sections(tree: dict, above: str = '') -> Iterator[tuple[str, dict]]:
    """Yield the nodes' names of a parameter file, and what stands there for each."""
    for key, below in tree.items():
        if key == PARAMETERS:
            yield above, below
        elif isinstance(below, dict):
            yield from _sections(below, f'{above}/{str(key).strip("/")}')


def _names(tree: dict, above: str = '') -> Iterator[str]:
    """Yield the names of parameters, those of groups with dots."""
    for key, below in (tree or {}).items():
        if isinstance(below, dict):
            yield from _names(below, f'{above}{key}.')
        else:
            yield f'{above}{key}'
