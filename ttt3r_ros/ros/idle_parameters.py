# SPDX-License-Identifier: Apache-2.0
"""Parameters that were given and have no effect beside the others."""

from __future__ import annotations

from rclpy.node import Node

from ttt3r_ros.model.update_rules import rule_parameters
from ttt3r_ros.ros.declarations import BY_NAME, NO_NAMES
from ttt3r_ros.ros.parameters import Settings


def idle(node: Node, settings: Settings) -> dict[str, str]:
    """Return a line for each parameter that is not as it stands by default and has no effect, by its name."""
    def given(name: str) -> str | float:
        return node.get_parameter(name).value

    groups = given('update_rule').split('+')
    asked = {  # is it, and by what?
        'camera_height': (settings.scale.source == 'floor', "scale_source 'floor'"),
        'reset_interval': (settings.segments.reset_policy == 'interval', "reset_policy 'interval'"),
        'autosave_interval': (settings.state_file or not settings.autosave_interval, 'state_file'),
        'batch_wait': (settings.robots != NO_NAMES, 'robots'),
        'odometry.image_delay': (given('odometry.rate'), 'odometry.rate'),
        **{f'map.{name}': (given('map.cell'), 'map.cell') for name in ('capacity', 'drop', 'max_rate')},
        **{name: (name.split('.')[0] in groups, f'update_rule {name.split(".")[0]!r}') for name in rule_parameters()}}
    return {name: f'{name} {given(name)!r} has no effect: it is for {what}, which is not set'
            for name, (so, what) in asked.items() if not so and given(name) != BY_NAME[name].default}
