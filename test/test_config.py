# SPDX-License-Identifier: Apache-2.0
"""The shipped parameter files, without the stacks that some of them are for."""

import re
from math import ceil, floor
from pathlib import Path

import numpy as np
import pytest
import rclpy
import yaml

from ttt3r_ros.cli.main import main
from ttt3r_ros.export.forms import FORMS
from ttt3r_ros.model.update_rules import RULES
from ttt3r_ros.reconstruction.reset_policy import POLICIES
from ttt3r_ros.ros.declarations import DECLARATIONS

CONFIG = Path(__file__).parents[1] / 'config'


@pytest.mark.parametrize('file', sorted(CONFIG.glob('*.yaml')), ids=lambda file: file.name)
def test_rcl_reads_the_file(file):
    """ROS's own reader takes the file: it knows less YAML than others, no anchors for one."""
    context = rclpy.Context()
    rclpy.init(args=['--ros-args', '--params-file', str(file)], context=context)
    rclpy.shutdown(context=context)


def test_all_that_can_be_chosen_is_named_where_people_look(capsys):
    """A rule, reset policy or form of export that is added is named by the help, the parameters and the file, too."""
    with pytest.raises(SystemExit):
        main(['run', '--help'])
    words = set(re.findall(r'\w+', capsys.readouterr().out))
    assert {*FORMS, *POLICIES} <= words
    told = {declaration.name: declaration.text for declaration in DECLARATIONS}
    lines = dict(re.findall(r'^    (\w+): (.*)$', (CONFIG / 'ttt3r.yaml').read_text(), re.MULTILINE))
    for name, known in (('reset_policy', POLICIES), ('update_rule', RULES)):
        assert all(set(known) <= set(re.findall(r'\w+', text)) for text in (told[name], lines[name])), name


def test_both_costmaps_see_the_same():
    """What the local costmap takes for an obstacle, the global one does too."""
    servers = yaml.safe_load((CONFIG / 'nav2.yaml').read_text())
    local, whole = (servers[name][name]['ros__parameters'] for name in ('local_costmap', 'global_costmap'))
    for name in ('voxel_layer', 'inflation_layer', 'robot_radius', 'plugins'):
        assert local[name] == whole[name]
    layer = local['voxel_layer']
    sources = layer['observation_sources'].split()
    assert [(layer[s]['marking'], layer[s]['clearing']) for s in sources] == [(True, False), (False, True)]
    # An old cloud must not count as a look, and a column must be clear when its few voxels are.
    assert all(0 < layer[s]['expected_update_rate'] <= 2 and layer[s]['observation_persistence'] == 0 for s in sources)
    low, high = (layer['obstacles'][f'{end}_obstacle_height'] / layer['z_resolution'] for end in ('min', 'max'))
    assert ceil(high) - floor(low) <= 4 and layer['z_voxels'] <= 16, "no more are marked, and Nav2's grid has no more"
    # Voxels above the grid would be lost.
    assert layer['max_obstacle_height'] <= layer['z_resolution'] * layer['z_voxels']


def test_the_filter_counts_the_cameras_motion_once():
    """Of the node's odometry the filter takes the twist alone, in the order of its 15 states."""
    filter_ = yaml.safe_load((CONFIG / 'ekf.yaml').read_text())['/**']['ros__parameters']
    configs = {name: values for name, values in filter_.items() if name.endswith('_config')}
    assert set(configs) == {'odom0_config', 'odom1_config', 'imu0_config'}
    assert all(len(values) == 15 for values in configs.values())
    assert [i for i, used in enumerate(filter_['odom0_config']) if used] == [6, 7, 11]


def test_the_filter_knows_how_fast_it_forgets():
    """Process noise is given for all 15 states, each by itself: the filter's defaults are ten times too unsure."""
    filter_ = yaml.safe_load((CONFIG / 'ekf.yaml').read_text())['/**']['ros__parameters']
    noise = np.array(filter_['process_noise_covariance']).reshape(15, 15)
    assert np.array_equal(noise, np.diag(np.diag(noise))) and (np.diag(noise) > 0).all()
    assert np.diag(noise)[:6].max() < np.diag(noise)[6:12].min()
