# SPDX-License-Identifier: Apache-2.0
"""The costmaps that nav2_costmap.py plays drives to: the shipped one, and what differs in others."""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml
from nav2_drives import CONFIG

from ttt3r_ros.evaluation.costmap import ALL, SHIPPED
from ttt3r_ros.reconstruction.cloud import CloudFilter

FACTOR = 2.0  # simulated seconds a second


@dataclass(frozen=True)
class Setting:
    """A costmap: whose TF ('filter', 'told', 'true') and depth ('network', 'true') it gets, which points, and what
    differs from the shipped local costmap's parameters, by dotted name."""

    tf: str = 'filter'
    depth: str = 'network'
    cloud: CloudFilter = SHIPPED
    changes: dict = field(default_factory=dict)


def parameters(setting: Setting, topics: dict) -> dict:
    """Return the shipped local costmap's parameters with what differs."""
    local = yaml.safe_load((CONFIG / 'nav2.yaml').read_text())['local_costmap']['local_costmap']['ros__parameters']
    for name, value in setting.changes.items():
        at = local
        *path, last = name.split('.')
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    for layer in local.values():
        if isinstance(layer, dict) and 'obstacles' in layer:
            layer['obstacles']['topic'] = topics[setting.depth, setting.cloud]
            layer['free_space']['topic'] = topics[setting.depth, setting.cloud]
    rate = local['update_frequency'] * FACTOR  # costmaps count wall time
    local |= {'use_sim_time': True, 'always_send_full_costmap': True}
    local |= {'update_frequency': rate, 'publish_frequency': rate}
    return {'/**': {'ros__parameters': local}}


def layer(**changes) -> dict:
    """Return changes to the voxel layer, of parameters with __ for a dot."""
    return {f'voxel_layer.{name.replace("__", ".")}': value for name, value in changes.items()}


BEFORE_CLOUD = CloudFilter(confidence_percentile=40.0, min_depth=0.2, max_depth=5.0, outliers=0.03)
TO_2_M = layer(obstacles__max_obstacle_height=2.0)
COARSE = layer(z_resolution=0.5, z_voxels=4)
SETTINGS = {
    'true depth and TF': Setting('true', 'true'),
    'true depth and TF, marking to 2 m': Setting('true', 'true', changes=TO_2_M),
    'true depth': Setting(depth='true'),
    'as shipped': Setting(),
    'without the filter': Setting('told'),
    'voxels of 0.125 m': Setting(changes=layer(z_resolution=0.125, z_voxels=16)),
    'voxels of 0.5 m': Setting(changes=COARSE),
    'marking to 2 m': Setting(changes=TO_2_M),
    'every row and column, voxels of 0.5 m': Setting(cloud=ALL, changes=COARSE),
    'and the most confident 60 %, to 5 m away, marking to 2 m': Setting(cloud=BEFORE_CLOUD, changes=COARSE | TO_2_M),
}
