# SPDX-License-Identifier: Apache-2.0
"""What people give wrong about parameters, in words: ROS's own say little, or nothing."""

from __future__ import annotations

from difflib import get_close_matches

from rclpy.node import Node
from rclpy.parameter import Parameter

from ttt3r_ros.ros.declarations import BY_NAME, Declaration


def meant(name: str) -> str:
    """Return what may be meant by the name of a parameter that there is not."""
    near = get_close_matches(name, BY_NAME, 1)
    return f': did you mean {near[0]!r}?' if near else '; ros2 param list tells all'


def whole_number(declaration: Declaration, given: Parameter) -> str | None:
    """Return what is wrong with whole numbers where decimal ones belong, and what to write; None where all is well."""
    numbers = declaration.default if isinstance(declaration.default, tuple) else (declaration.default,)
    if not all(isinstance(number, float) for number in numbers):
        return None
    if given.type_ is Parameter.Type.INTEGER:
        write = f'{given.value}.0'
    elif given.type_ is Parameter.Type.INTEGER_ARRAY:
        write = str([float(number) for number in given.value])
    else:
        return None
    return f'{declaration.name} was given without a decimal point, as whole numbers are: write {write}'


def mistake(node: Node, changes: list[Parameter]) -> str | None:
    """Return why changes of a running node cannot be meant, None if they can."""
    for change in changes:
        if not node.has_parameter(change.name):
            return f'there is no parameter {change.name!r}{meant(change.name)}'
        if change.name in BY_NAME and (why := whole_number(BY_NAME[change.name], change)):
            return why
    return None
