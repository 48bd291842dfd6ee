# SPDX-License-Identifier: Apache-2.0
"""What is given as a parameter and cannot be meant so: told before it does harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter

from ttt3r_ros.reconstruction.weights_profile import WeightsProfile
from ttt3r_ros.ros import parameters
from ttt3r_ros.ros.declarations import BY_NAME
from ttt3r_ros.ros.idle_parameters import idle


@pytest.fixture
def declared():
    """Return a function that declares the parameters on a node that was started with arguments."""
    nodes = []

    def start(*arguments: str, params_file: Path | None = None) -> Node:
        words = [word for argument in arguments for word in ('-p', argument)]
        words += ['--params-file', str(params_file)] if params_file else []
        nodes.append(Node(f'given{len(nodes)}', cli_args=['--ros-args', *words] if words else None))
        parameters.declare(nodes[-1])
        return nodes[-1]

    yield start
    for node in nodes:
        node.destroy_node()


@pytest.mark.parametrize(('given', 'meant'), [
    ('wieghts', 'weights'), ('baseframe', 'base_frame'), ('points.strid', 'points.stride'),
    ('scale_sorce', 'scale_source'), ('update_rules', 'update_rule')])
def test_a_mistyped_name_is_told_with_the_nearest(declared, capfd, given, meant):
    """A parameter that nobody declares is silently ignored by ROS; here it is named, and the one that was meant."""
    declared(f'{given}:=1')
    assert f"there is no parameter '{given}', and what it was given has no effect: did you mean '{meant}'?" \
        in capfd.readouterr().err


def test_names_that_are_right_are_not_told(declared, capfd):
    """Ours, ROS's own, and those of quality of service that come with the subscription."""
    declared('weights:=untrained', 'use_sim_time:=true', 'points.stride:=2',
             'qos_overrides./image.subscription.depth:=3')
    assert 'no parameter' not in capfd.readouterr().err
    declared('qqq:=1')
    assert "no parameter 'qqq', and what it was given has no effect; ros2 param list" in capfd.readouterr().err


@pytest.mark.parametrize(('given', 'write'), [
    ('scale:=2', 'scale .* write 2.0$'), ('max_gap:=0', 'max_gap .* write 0.0$'),
    ('initial_pose:=[1, 2, 3, 0, 0, 0]', r'initial_pose .* write \[1.0, 2.0, 3.0, 0.0, 0.0, 0.0\]$')])
def test_whole_numbers_are_refused_with_what_to_write(declared, given, write):
    """YAML's 2 is no 2.0, which nobody guesses from ROS's own message."""
    with pytest.raises(parameters.SettingsError, match=write):
        declared(given)


@pytest.mark.parametrize('name', ['cameras', 'robots'])
def test_an_empty_list_of_names_is_none(declared, tmp_path, name):
    """ROS has no empty lists, but that is how anybody writes that there are none."""
    assert getattr(parameters.read(given_by_file(declared, tmp_path, f'{name}: []')), name) == ('',)


@pytest.mark.parametrize('name', ['initial_pose', 'weights', 'odometry.rate'])
def test_a_parameter_without_a_value_is_named(declared, tmp_path, name):
    """What is no list of names cannot be none."""
    with pytest.raises(parameters.SettingsError, match=f'{name} was given without a value.*: leave it out, or give'):
        given_by_file(declared, tmp_path, f'{name}: []')


@pytest.mark.parametrize(('given', 'told'), [
    ('reliability:=bestefort', "reliability 'bestefort' is unknown: take one of .*best_effort"),
    ('history:=1', 'history 1 is unknown: take one of .*keep_last'), ('depth:=-1', 'depth -1 is not possible: give'),
    ('depth:=all', "depth 'all' is not possible: give the number")])
def test_an_override_of_quality_of_service_that_cannot_be_is_named(declared, given, told):
    """At the start: when the subscription is made it is too late to set another."""
    declared(*(f'qos_overrides./image.subscription.{right}' for right in (
        'reliability:=best_effort', 'history:=keep_last', 'depth:=2')))
    with pytest.raises(parameters.SettingsError, match=f'qos_overrides./image.subscription.{told}'):
        declared(f'qos_overrides./image.subscription.{given}')


def given_by_file(declared, folder: Path, line: str) -> Node:
    """Start a node with a line of a parameter file."""
    (folder / 'given.yaml').write_text(f'/**:\n  ros__parameters:\n    {line}\n')
    return declared(params_file=folder / 'given.yaml')


def test_a_dump_of_the_node_can_be_loaded_into_it(declared):
    """Values that change nothing are taken, also of parameters that are not live; others are refused as before."""
    node, profile = declared(), WeightsProfile()
    dump = [node.get_parameter(name) for name in sorted(BY_NAME)]
    for parameter in dump:
        assert parameters.check(node, [parameter], profile).successful, parameter.name
    unchanged = [name for name in BY_NAME if parameters.unchanged(node, node.get_parameter(name))]
    # Read-only to ROS, which would refuse them unchanged, too.
    assert unchanged == ['weights_sha256', 'state_file', 'files_dir']
    assert not parameters.unchanged(node, Parameter('files_dir', value='/tmp'))
    assert not node.set_parameters([Parameter('files_dir', value='/tmp')])[0].successful
    for name, value in (('weights', 'other.pth'), ('scale_source', 'focal'), ('cameras', ['left', 'right']),
                        ('initial_pose', [0.0, 0.0, 0.0, 0.0, 0.0, 1.0])):
        assert 'takes effect when the node is configured' in parameters.check(
            node, [Parameter(name, value=value)], profile).reason


def test_a_home_folder_is_found(declared):
    """A tilde in YAML is a path's as it is in a shell."""
    node = declared('weights:=~/x.pth', 'state_file:=~/s.ttt3r')
    settings = parameters.read(node)
    home = os.path.expanduser('~')
    assert (settings.weights, settings.state_file) == (f'{home}/x.pth', f'{home}/s.ttt3r')
    assert settings.files_dir == f'{home}/.ros/ttt3r'
    for name in parameters.PATHS:
        with pytest.raises(parameters.SettingsError, match=f"{name} '~nobody_at_all/x' names the home of nobody"):
            parameters.read(declared(f'{name}:=~nobody_at_all/x'))


def test_a_sha256_is_one(declared):
    """What cannot be one is refused before the weights are looked for."""
    with pytest.raises(parameters.SettingsError, match="weights_sha256 'abc' is none: give the 64"):
        parameters.read(declared('weights_sha256:=abc'))
    assert parameters.read(declared(f'weights_sha256:={"aB" * 32}')).weights_sha256 == 'aB' * 32


def test_a_percentile_that_leaves_nothing_is_refused(declared):
    """An empty cloud is nobody's wish."""
    reason = parameters.check(declared(), [Parameter('points.confidence_percentile', value=100.0)], None).reason
    assert 'points.confidence_percentile 100.0 is not possible' in reason and 'less than 100' in reason


@pytest.mark.parametrize(('given', 'said'), [
    ('cameras:=front', "cameras 'front' is no list of names: write [\"front\"]"),
    ('lossless:=1', 'lossless 1 is not true or false: write true'),
    ("lossless:='off'", "lossless 'off' is not true or false: write false"),
    ('lossless:=perhaps', "lossless 'perhaps' is not true or false: write such as false"),
    ('points.stride:=2.0', 'points.stride 2.0 is no whole number: write 2'),
    ('points.stride:=2.5', 'points.stride 2.5 is no whole number: write such as 1'),
    ("max_speed:='2'", "max_speed '2' is no number: write 2.0"),
    ('max_speed:=true', 'max_speed True is no number: write such as 5.0'),
    ('base_frame:=7', 'base_frame 7 is no text: write "7"'),
    ('initial_pose:=0.5', 'initial_pose 0.5 is no list of numbers: write such as [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]'),
    ('scale:=1', 'scale was given without a decimal point, as whole numbers are: write 1.0')])
def test_a_value_of_another_type_is_told_with_what_to_write(declared, given, said):
    """ROS names types, of its own programming interface, and nothing that anybody could write."""
    with pytest.raises(parameters.SettingsError) as told:
        declared(given)
    assert str(told.value) == said


def test_a_running_node_tells_what_was_given_wrong(run):
    """By a name that there is not, or without a decimal point: in words, and nothing changes."""
    _, robot = run()
    for name, value, why in (
            ('max_gpa', 1.0, "there is no parameter 'max_gpa': did you mean 'max_gap'?"),
            ('qqq', 1, "there is no parameter 'qqq'; ros2 param list tells all"),
            ('lossless', 'off', "lossless 'off' is not true or false: write false"),
            ('max_gap', 5, 'max_gap was given without a decimal point, as whole numbers are: write 5.0')):
        result = robot.set(name, value)
        assert not result.successful and result.reason.startswith(why)
    assert robot.get('max_gap').double_value == BY_NAME['max_gap'].default
    assert robot.set('max_gap', 5.0).successful


@pytest.mark.parametrize(('given', 'told'), [
    (['camera_height:=0.5'], ["camera_height 0.5 has no effect: it is for scale_source 'floor', which is not set"]),
    (['camera_height:=0.5', 'scale_source:=floor'], []),
    (['reset_interval:=50'], ["reset_interval 50 has no effect: it is for reset_policy 'interval'"]),  # auto is never
    (['reset_interval:=50', 'reset_policy:=interval'], []),
    (['filt3r.rate:=0.1', 'memix.written:=0.5', 'update_rule:=constant', 'constant.share:=0.1'],
     ["filt3r.rate 0.1 has no effect: it is for update_rule 'filt3r'", 'memix.written 0.5 has no effect']),
    (['filt3r.rate:=0.1', 'memix.written:=0.5', 'update_rule:=filt3r+memix'], []),
    (['map.max_rate:=2.0', 'autosave_interval:=60.0', 'batch_wait:=0.1', 'odometry.image_delay:=0.2'],
     ['map.max_rate 2.0', 'autosave_interval 60.0', 'batch_wait 0.1', 'odometry.image_delay 0.2']),
    (['map.max_rate:=2.0', 'map.cell:=0.1', 'autosave_interval:=60.0', 'state_file:=a', 'batch_wait:=0.1',
      'robots:=[a,b]', 'odometry.image_delay:=0.2', 'odometry.rate:=20.0'], []),
    (['autosave_interval:=0.0'], []), ([], [])])
def test_what_has_no_effect_beside_the_others_is_told(declared, given, told):
    """A height without the source of the scale that it is for left the metres as they were, without a word."""
    node = declared(*given)
    lines = idle(node, parameters.read(node, profile=WeightsProfile())).values()
    assert all(any(line.startswith(start) for line in lines) for start in told) and len(lines) == len(told), lines


def test_a_running_node_tells_what_has_no_effect(run):
    """At the start, and of what is set on it; of what has no effect for as long it says nothing again."""
    node, robot = run(camera_height=0.5)
    assert robot.set('filt3r.rate', 0.1).successful and robot.set('max_speed', 2.0).successful
    robot.wait_for('the line', lambda: 'filt3r.rate 0.1 has no effect' in node.log())
    assert node.log().count('has no effect') == 2 and node.log().count('camera_height 0.5 has no effect') == 1


@pytest.mark.parametrize(('file', 'told'), [
    ('ttt3r_node: {ros__parameters: {scale: 2.0}}', 'for /ttt3r_node and none'),
    ('robot: {ttt3r: {ros__parameters: {points: {stride: 2}}}}', 'for /robot/ttt3r and none'),
    ('{/a: {ros__parameters: {scale: 2.0}}, b: {ros__parameters: {x: 1}}}', 'for /a, /b and none'),
    ('ttt3r: {ros__parameters: {scale: 2.0}}', None), ('/**: {ros__parameters: {points: {stride: 2}}}', None),
    ('{a: {ros__parameters: {scale: 2.0}}, ttt3r: {ros__parameters: {max_gap: 1.0}}}', None),
    ('/**: {ros__parameters: {}}', None), ('', None)])
def test_a_file_whose_parameters_are_all_another_node_s_is_told(start_node, make_robot, tmp_path, file, told):
    """ROS leaves them out without a word where the name above them is not the node's, and all runs with defaults."""
    path = tmp_path / 'given.yaml'
    path.write_text(file)
    node = start_node(params_file=path, autostart=False)
    make_robot().wait_for_state('unconfigured')
    line = f"{path} has parameters {told} for this node: write '/ttt3r' or '/**' there" if told else 'has parameters'
    assert (line in node.log()) == bool(told), node.log()
