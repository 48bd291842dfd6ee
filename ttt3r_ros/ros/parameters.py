# SPDX-License-Identifier: Apache-2.0
"""What the parameters become: settings, checked together, and why a value cannot be taken."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, fields, replace

import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import HistoryPolicy, ReliabilityPolicy

from ttt3r_ros.model.checkpoint import is_sha256
from ttt3r_ros.model.update_rules import UpdateRule, UpdateRuleError, make_rule, rule_parameters
from ttt3r_ros.reconstruction.cloud import SMALLEST_CELL, CloudFilter, CloudFilterError
from ttt3r_ros.reconstruction.reset_policy import ResetPolicyError
from ttt3r_ros.reconstruction.tracking import Bounds
from ttt3r_ros.reconstruction.weights_profile import AUTO, SETTINGS, SegmentSettings, WeightsProfile, resolve
from ttt3r_ros.ros.between_frames import BetweenSettings
from ttt3r_ros.ros.cloud_output import CloudSettings
from ttt3r_ros.ros.declarations import BY_NAME, DECLARATIONS, NO_NAMES, Declaration
from ttt3r_ros.ros.map_output import MapSettings
from ttt3r_ros.ros.parameter_mistakes import another_type, meant
from ttt3r_ros.ros.scaling import ScaleSettings

PATHS = ('weights', 'state_file', 'files_dir', 'mask_file')
FRAMES = ('odom_frame', 'map_frame', 'base_frame')
QUALITY = 'qos_overrides.'
POLICIES = {'reliability': ReliabilityPolicy, 'history': HistoryPolicy}  # of which an override names one
ROBOT = '{robot}'  # in the names of frames


@dataclass(frozen=True)
class Settings:
    """The parameters' values, checked; `rule` is built from update_rule and the rules' own parameters.

    segments: reset_policy, reset_interval and segment_alignment, the automatic ones resolved.
    """

    weights: str
    weights_sha256: str
    device: str
    precision: str
    on_device_error: str
    compile: bool
    rule: UpdateRule
    segments: SegmentSettings
    max_gap: float
    when_lost: str
    bounds: Bounds
    state_file: str
    files_dir: str
    autosave_interval: float
    resume: bool
    keyframes: int
    image_transport: str
    max_image_pixels: int
    max_query_pixels: int
    rectify: bool
    known_intrinsics: bool
    mask_file: str
    depth_at_camera: bool
    lossless: bool
    lazy: bool
    points: CloudSettings
    map: MapSettings
    path_length: int
    odom_frame: str
    map_frame: str
    base_frame: str
    initial_pose: tuple[float, ...]
    level: str
    scale: ScaleSettings
    between: BetweenSettings
    cameras: tuple[str, ...]
    shared_state: bool
    robots: tuple[str, ...]
    batch_wait: float
    publish_tf: bool

    def of(self, robot: str) -> Settings:
        """Return a robot's own: its name in those of its frames."""
        return replace(self, **{frame: getattr(self, frame).replace(ROBOT, robot) for frame in FRAMES})


class SettingsError(ValueError):
    """A parameter's value that the node cannot take; the message names it and says what it can."""


def declare(node: Node) -> None:
    """Declare all parameters on the node, and warn of those that were given and do not exist.

    Raises SettingsError for a value of another type, rclpy's exceptions for one out of its range.
    """
    given = node._parameter_overrides  # rclpy has no other way to what nobody declares
    for declaration in DECLARATIONS:
        default = declaration.default
        if declaration.name in given and (why := another_type(declaration, given[declaration.name])):
            raise SettingsError(why)
        node.declare_parameter(declaration.name, list(default) if isinstance(default, tuple) else default,
                               declaration.descriptor(),
                               ignore_override=_names_nobody(declaration, given.get(declaration.name)))
    for name in given:
        if name.startswith(QUALITY):  # declared with the subscription, and then not to be mended any more
            _refuse_quality(given[name])
        elif not node.has_parameter(name):
            node.get_logger().warning(f'there is no parameter {name!r}, and what it was given has no effect'
                                      f'{meant(name)}')


def _names_nobody(declaration: Declaration, given: Parameter | None) -> bool:
    """Say whether a list of names was given as [], which ROS takes for no value at all."""
    if given is None or given.type_ is not Parameter.Type.NOT_SET:
        return False
    if declaration.default != NO_NAMES:
        raise SettingsError(f'{declaration.name} was given without a value, as [] has none: leave it out, or give one, '
                            f'such as {declaration.default}')
    return True


def _refuse_quality(given: Parameter) -> None:
    policy = given.name.rpartition('.')[2]
    known = POLICIES[policy].short_keys() if policy in POLICIES else None
    if known and given.value not in known:
        raise SettingsError(f'{given.name} {given.value!r} is unknown: take one of {", ".join(known)}')
    if policy == 'depth' and not (given.type_ is Parameter.Type.INTEGER and given.value >= 0):
        raise SettingsError(f'{given.name} {given.value!r} is not possible: give the number of images to keep')


def read(node: Node, changes: list[Parameter] | None = None, profile: WeightsProfile | None = None) -> Settings:
    """Return the node's settings as they are, or as they would be with the changes. Raises SettingsError.

    profile: of the weights; None while there are none: what hangs on automatic values is then not judged yet.
    """
    values = {name: node.get_parameter(name).value for name in BY_NAME}
    values |= {p.name: p.value for p in changes or () if p.name in BY_NAME}
    for name in PATHS:
        values[name] = os.path.expanduser(values[name])  # YAML knows no ~
        # The default may lead nowhere: services then say so.
        if values[name].startswith('~') and values[name] != BY_NAME[name].default:
            raise SettingsError(f'{name} {values[name]!r} names the home of nobody here: name another folder')
    if values['weights_sha256'] and not is_sha256(values['weights_sha256']):
        raise SettingsError(f'weights_sha256 {values["weights_sha256"]!r} is none: give the 64 hexadecimal digits that '
                            'sha256sum tells of the file')
    for name, declaration in BY_NAME.items():
        if declaration.choices and values[name] not in declaration.choices:
            raise SettingsError(f'{name} {values[name]!r} is unknown: take one of {", ".join(declaration.choices)}')
    if values['resume'] and not values['state_file']:
        raise SettingsError('resume wants to know from where: set state_file')
    for name in FRAMES:
        if values[name].startswith('/'):
            raise SettingsError(f'{name} {values[name]!r} has a leading slash, which tf2 refuses: take '
                                f'{values[name].lstrip("/")!r}')
    for robot in values['robots'] or ['']:
        odom, base, map_ = (values[name].replace(ROBOT, robot) for name in ('odom_frame', 'base_frame', 'map_frame'))
        if not odom or odom in (base, map_):
            raise SettingsError('odom_frame must be a name, and another than base_frame and map_frame'
                                + (f', also those of the robot {robot!r}' if robot else ''))
        if map_ and map_ == base:
            raise SettingsError(f'map_frame and base_frame are both {map_!r}, and TF would go round in a circle: name '
                                'the map another way, such as map, or leave it empty')
    try:
        # Images of several cameras in turn do not follow from each other.
        sources = {'step_source': 'model'} if values['shared_state'] else {}
        segments = resolve(profile or WeightsProfile(), **{name: values[name] for name in SETTINGS} | sources)
    except ResetPolicyError as error:
        raise SettingsError(str(error)) from error
    never = segments.reset_policy == 'never' and (values['reset_policy'] != AUTO or profile is not None)
    if values['keyframes'] and (never or not values['map_frame']):
        raise SettingsError('keyframes are kept where segments end, and correct map_frame → odom_frame: set map_frame, '
                            "such as map, and reset_policy to 'interval' or 'adaptive'")
    initial_pose = tuple(values['initial_pose'])
    if len(initial_pose) != 6 or not all(map(math.isfinite, initial_pose)):
        raise SettingsError(f'initial_pose {list(initial_pose)} is no pose: give x y z roll pitch yaw')
    try:
        rule = make_rule(values['update_rule'], {name: values[name] for name in rule_parameters()})
    except UpdateRuleError as error:
        raise SettingsError(str(error)) from error
    built = {'rule': rule, 'segments': segments, 'known_intrinsics': values['intrinsics'] == 'camera_info',
             'depth_at_camera': values['depth.resolution'] == 'camera',
             'points': _points(values), 'map': _map(values), 'scale': _scale(values),
             'robots': _robots(values), 'cameras': _cameras(values),
             'initial_pose': initial_pose, 'bounds': Bounds(values['max_speed'], values['max_turn_rate']),
             'between': BetweenSettings(values['odometry.rate'], values['odometry.image_delay'],
                                        values['imu_time_offset'])}
    return Settings(**built, **{f.name: values[f.name] for f in fields(Settings) if f.name not in built})


def _points(values: dict) -> CloudSettings:
    try:
        chosen = CloudFilter(**{f.name: values[f'points.{f.name}'] for f in fields(CloudFilter)})
    except CloudFilterError as error:
        raise SettingsError(f'points.{error}') from error
    return CloudSettings(chosen, values['points.organised'], values['points.frame'] == 'odom',
                         _period(values['points.max_rate']))


def _map(values: dict) -> MapSettings:
    if 0 < values['map.cell'] < SMALLEST_CELL:
        raise SettingsError(f'map.cell {values["map.cell"]} m is not possible: take 0 (no map) or at least '
                            f'{SMALLEST_CELL} m')
    return MapSettings(values['map.cell'], values['map.capacity'], values['map.drop'],
                       _period(values['map.max_rate']))


def _scale(values: dict) -> ScaleSettings:
    source = values['scale_source']
    if source == 'wheels' and not values['base_frame']:
        raise SettingsError("scale_source 'wheels' tells how far the base has gone: set base_frame to the "
                            'child_frame_id of wheel_odometry')
    if source == 'floor' and not values['camera_height'] > 0:
        raise SettingsError("scale_source 'floor' wants to know how high the camera is: set camera_height in metres")
    return ScaleSettings(values['scale'], source, values['scale_frozen'], values['camera_height'])


def _cameras(values: dict) -> tuple[str, ...]:
    """Return the cameras' names; one camera without a name is ('',)."""
    names = _names(values, 'cameras')
    if values['shared_state'] and len(names) == 1:
        raise SettingsError("shared_state is for several cameras: name them in cameras, such as ['front', 'rear']")
    if values['shared_state'] and values['resume']:
        raise SettingsError('resume is not possible with shared_state: the first image may be of another camera than '
                            'the last one saved')
    if len(names) > 1 and not values['shared_state'] and not values['base_frame']:
        raise SettingsError('several cameras with a memory each are joined by their mounts: set base_frame')
    return names


def _robots(values: dict) -> tuple[str, ...]:
    """Return the robots' names; one robot without a name is ('',)."""
    names = _names(values, 'robots')
    several = names != NO_NAMES
    if several and _names(values, 'cameras') != NO_NAMES:
        raise SettingsError('robots have one camera each, and cameras are several of one robot: set one of the two, '
                            "and leave the other ['']; for robots with several cameras start a node each")
    if several and values['compile']:
        raise SettingsError('compile is for images that come one at a time: those of robots are stepped together, and '
                            'every other number of them would be compiled anew; set compile to false')
    marked = [name for name in FRAMES if ROBOT in values[name]]
    if marked and not several:
        raise SettingsError(f'{marked[0]} {values[marked[0]]!r} names a robot, and there is one without a name: set '
                            'robots')
    return names


def _names(values: dict, parameter: str) -> tuple[str, ...]:
    names = tuple(values[parameter]) or NO_NAMES
    wrong = [name for name in names if not re.fullmatch('[A-Za-z][A-Za-z0-9_]*', name)]
    if names != NO_NAMES and (wrong or len(set(names)) < len(names)):
        raise SettingsError(f'{parameter} {list(names)} cannot be told apart in topics: give each its own name of '
                            'letters, digits and _, a letter first')
    return names


def _period(rate: float) -> int:
    """Return nanoseconds between two of so many a second, 0 for no limit."""
    return round(1e9 / rate) if rate else 0


def _same(node: Node, change: Parameter) -> bool:
    """Say whether a change changes nothing, as when a dump of this node is loaded into it."""
    now = node.get_parameter(change.name)
    return now.type_ == change.type_ and np.array_equal(now.value, change.value)


def unchanged(node: Node, change: Parameter) -> bool:
    """Say whether a change is of a read-only parameter and changes nothing: ROS would refuse a dump of the node."""
    return change.name in BY_NAME and BY_NAME[change.name].read_only and _same(node, change)


def check(node: Node, changes: list[Parameter], profile: WeightsProfile | None) -> SetParametersResult:
    """Say whether the node takes the changes, with the reason if not.

    profile: of the weights that are configured, None while none are. Once configured, only live parameters change.
    """
    for change in changes:
        declaration = BY_NAME.get(change.name)
        if declaration and profile is not None and not declaration.live and not _same(node, change):
            return SetParametersResult(successful=False, reason=(
                f'{change.name} takes effect when the node is configured: deactivate and clean it up first '
                f'(ros2 lifecycle set {node.get_fully_qualified_name()} cleanup)'))
    try:
        read(node, changes, profile)
    except SettingsError as error:
        return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)
