# SPDX-License-Identifier: Apache-2.0
"""Every parameter of the node, declared once: its type, range and text, and what it becomes."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, fields
from difflib import get_close_matches

import numpy as np
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from ttt3r_ros.model.precision import PRECISIONS
from ttt3r_ros.model.update_rules import MEMIX_SUFFIX, RULES, UpdateRule, UpdateRuleError, make_rule, rule_parameters
from ttt3r_ros.reconstruction.cloud import SMALLEST_CELL, CloudFilter, CloudFilterError
from ttt3r_ros.reconstruction.reset_policy import POLICIES, ResetPolicyError
from ttt3r_ros.reconstruction.tracking import HAND_HELD, Bounds
from ttt3r_ros.reconstruction.trajectory import ALIGNMENTS
from ttt3r_ros.reconstruction.voxel_map import POLICIES as MAP_POLICIES
from ttt3r_ros.reconstruction.weights_profile import (
    AUTO,
    AUTO_INTERVAL,
    SETTINGS,
    SegmentSettings,
    WeightsProfile,
    resolve,
)
from ttt3r_ros.ros.cloud_output import CloudSettings, MapSettings
from ttt3r_ros.ros.scaling import SOURCES, ScaleSettings
from ttt3r_ros.ros.transport import SUFFIXES


@dataclass(frozen=True)
class Declaration:
    """One parameter: default, description, whether it changes live, and what values it takes."""

    name: str
    default: str | bool | int | float | tuple
    text: str
    live: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def descriptor(self) -> ParameterDescriptor:
        """Return what `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(description=self.text)
        if self.choices:
            descriptor.additional_constraints = 'one of ' + ', '.join(repr(c) for c in self.choices)
        if self.low is not None and isinstance(self.default, int):
            descriptor.integer_range = [IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)]
        elif self.low is not None:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(self.low), to_value=float(self.high), step=0.0)]
        return descriptor


DECLARATIONS = (
    Declaration('weights', 'embedded', "checkpoint: a published .pth, a converted .safetensors, 'embedded', the small "
                "one in the package, which has seen synthetic rooms alone, or 'untrained', a "
                'small network with random weights whose poses mean nothing'),
    Declaration('device', 'auto', "where the network runs: 'cpu', 'cuda', 'cuda:1', …, or 'auto', the first CUDA "
                'device, else the CPU'),
    Declaration('precision', 'auto', "number type of the weights and of the network's products: 'auto', bfloat16 where "
                'the hardware multiplies it, else float16 on CUDA and float32 on a CPU; poses, norms, gates and the '
                'memory are float32 always', choices=PRECISIONS),
    Declaration('compile', False, "compile the network's blocks when configured, for 4:3 images: takes minutes the "
                'first time, and again where the first image has another shape; wants a C++ compiler. In float32 '
                'without AMX it gains nothing: ttt3r bench --compile tells'),
    Declaration('update_rule', 'ttt3r', f'how the memory is written: {", ".join(RULES)}, each with {MEMIX_SUFFIX} '
                'behind it if wanted; from the next frame on', live=True),
    *(Declaration(name, p['default'], p['text'], live=True, low=p['low'], high=p['high'])
      for name, p in rule_parameters().items()),
    Declaration('reset_policy', AUTO, "when the memory starts afresh, the path going on where it was: 'never', "
                "'interval' after reset_interval frames, 'adaptive' when gate and confidence say that the memory no "
                "longer explains what is seen, or 'auto', what FILE.profile.json beside the weights or their metadata "
                'say, never without them', live=True, choices=(AUTO, *POLICIES)),
    Declaration('reset_interval', AUTO_INTERVAL, "frames in a segment with reset_policy 'interval', at least 2; 0: as "
                'the weights say, 100 if they do not', live=True, low=0, high=1_000_000),
    Declaration('max_gap', 0.0, 'seconds between two image stamps after which the memory starts afresh, 0 for any '
                'gap', live=True, low=0.0, high=86_400.0),
    Declaration('when_lost', 'stop', "while the camera is lost (~/status): 'stop' tells no pose, TF, odometry or "
                "points, 'continue' goes on with what the network answers, covariances grown to what the camera can "
                'have done', live=True, choices=('stop', 'continue')),
    Declaration('max_speed', HAND_HELD.max_speed, 'm/s in true metres; a faster step is not believed and the camera '
                'called lost; 0 for no bound. As it stands, for a camera in the hand (5); for a robot what it can do, '
                'such as 1.5', live=True, low=0.0, high=1000.0),
    Declaration('max_turn_rate', HAND_HELD.max_turn_rate, 'rad/s, as max_speed: a camera in the hand 6, a robot such '
                'as 2', live=True, low=0.0, high=1000.0),
    Declaration('state_file', '', 'file for the memory: saved there every autosave_interval and on deactivate, and '
                'read by resume; empty for none'),
    Declaration('autosave_interval', 10.0, 'seconds between two saves to state_file; 0 saves on deactivate alone',
                live=True, low=0.0, high=86_400.0),
    Declaration('resume', False, 'go on from state_file when configured: in its odometry frame, the first image '
                'relocated against its memory'),
    Declaration('segment_alignment', AUTO, "how the path goes on after a reset: 'sim3' takes the scale over from "
                "the common frame, 'se3' trusts the model's metres, 'auto': as the weights say, sim3 if they do not",
                choices=(AUTO, *ALIGNMENTS)),
    Declaration('keyframes', 0, 'memories of ended segments that are kept to close loops with: one that is recognised '
                'corrects map_frame → odom_frame, never odom_frame → base_frame; each is as large as a state file; 0 '
                'for no loop closure', low=0, high=10_000),
    Declaration('image_transport', 'raw', "'raw' subscribes to image, 'compressed' to image/compressed, "
                "'ffmpeg' and 'foxglove' to the video on image/ffmpeg (ffmpeg_image_transport) and image/foxglove "
                '(Foxglove CompressedVideo), which want PyAV and the package of their messages',
                choices=tuple(SUFFIXES)),
    Declaration('rectify', False, 'undistort the images as camera_info says; those that come before it are dropped',
                live=True),
    Declaration('intrinsics', 'model', "of points and depth: 'model', as they imply, or 'camera_info', on the rays "
                'that it tells: K for raw images, P for rectified ones', live=True, choices=('model', 'camera_info')),
    Declaration('mask_file', '', "image of what is to be left out of points, depth, map and scale, such as the robot's "
                "own body: black elsewhere, of the images' shape; {camera} in it stands for a camera's name. What "
                'moves comes on the topic mask'),
    Declaration('depth.resolution', 'model', "of ~/depth/image and ~/confidence/image: 'model', the network's image "
                "and focal length, or 'camera', the input's size and camera_info's own pinhole", live=True,
                choices=('model', 'camera')),
    Declaration('lossless', False, 'answer every frame in order, for bags; otherwise the newest frame wins'),
    Declaration('lazy', False, 'no inference while nobody subscribes to an output and there is no map; the memory '
                'then misses those frames', live=True),
    Declaration('points.frame', 'camera', "of ~/points: 'camera', the image's own, or 'odom', odom_frame", live=True,
                choices=('camera', 'odom')),
    Declaration('points.organised', True, 'as an image, what is left out is NaN; false: a flat list', live=True),
    Declaration('points.max_rate', 0.0, 'clouds a second at most, by their stamps; 0 for each frame', live=True,
                low=0.0, high=1000.0),
    Declaration('points.confidence_percentile', 0.0, 'this part of the points, percent, is left out of ~/points and '
                '~/map, the least confident first', live=True, low=0.0, high=100.0),
    Declaration('points.confidence_threshold', 0.0, 'points of less confidence are left out; the network gives at '
                'least 1', live=True, low=0.0, high=1e6),
    Declaration('points.min_depth', 0.0, 'metres; nearer points are left out', live=True, low=0.0, high=1000.0),
    Declaration('points.max_depth', 1000.0, 'metres; points farther away are left out', live=True, low=0.0,
                high=1000.0),
    Declaration('points.outliers', 0.0, 'points that hang between a near surface and a far one are left out if they '
                'are off both by more than this part of their depth; 0 keeps them, 0.03 is a good value', live=True,
                low=0.0, high=0.5),
    Declaration('points.stride', 1, 'every how many rows and columns of the image give points', live=True, low=1,
                high=64),
    Declaration('points.voxel', 0.0, 'edge in metres of cells that keep one point each, the most confident; 0 keeps '
                'all', live=True, low=0.0, high=10.0),
    Declaration('map.cell', 0.0, "edge in metres of the map's cells; 0 for no map", low=0.0, high=10.0),
    Declaration('map.capacity', 500_000, 'cells that the map has room for, 48 bytes each', low=1, high=50_000_000),
    Declaration('map.drop', 'oldest', "which cells go when there are more: 'oldest', seen longest ago, or "
                "'least_confident'", choices=MAP_POLICIES),
    Declaration('map.max_rate', 0.5, 'maps a second at most', low=0.01, high=100.0),
    Declaration('odom_frame', 'odom', 'the continuous frame that poses are given in (x forward, y left, z up)'),
    Declaration('map_frame', '', 'publish map_frame → odom_frame, for stacks that want a map and have no localisation: '
                'as one and the same, or with keyframes as closed loops correct it; empty: leave it to the '
                'localisation'),
    Declaration('initial_pose', (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 'where base_frame, or without one the camera, is in '
                'odom_frame at the first image: x y z roll pitch yaw, metres and radians'),
    Declaration('level', 'initial_pose', "what says how the robot is tilted at the start: 'initial_pose', or 'imu', "
                'an accelerometer on the topic imu while the robot stands; until it does, there is no pose',
                choices=('initial_pose', 'imu')),
    Declaration('scale', 1.0, "true metres per metre of the model's; with another scale_source, until it is certain "
                'enough', live=True, low=0.001, high=1000.0),
    Declaration('scale_source', 'fixed', "where the true metre comes from: 'fixed', scale alone; 'wheels', a "
                "nav_msgs/Odometry of base_frame on wheel_odometry; 'floor', camera_height above the floor in view; "
                "'focal', camera_info's focal length against the model's, K's for raw images and P's for "
                "rectified ones; 'depth', a depth camera's images on depth, aligned to the image", choices=SOURCES),
    Declaration('scale_frozen', False, 'leave the scale as it is now', live=True),
    Declaration('camera_height', 0.0, "metres above the floor, for scale_source 'floor'", low=0.0, high=100.0),
    Declaration('cameras', ('',), "names of several cameras, such as ['front', 'rear']: inputs front/image, outputs "
                "~/front/pose and so on; [''] for one camera without a name"),
    Declaration('shared_state', False, 'all cameras in one memory, their images in turn; false: a memory each, one '
                'copy of the weights'),
    Declaration('base_frame', '', "the robot's base, whose camera mount is read from TF once; empty: the camera "
                'itself is tracked'),
    Declaration('publish_tf', True, 'broadcast odom_frame → base_frame', live=True),
    Declaration('autostart', True, 'configure and activate at start; false under a lifecycle manager'),
)
_BY_NAME = {declaration.name: declaration for declaration in DECLARATIONS}


@dataclass(frozen=True)
class Settings:
    """The parameters' values, checked; `rule` is built from update_rule and the rules' own parameters.

    segments: reset_policy, reset_interval and segment_alignment, the automatic ones resolved.
    """

    weights: str
    device: str
    precision: str
    compile: bool
    rule: UpdateRule
    segments: SegmentSettings
    max_gap: float
    when_lost: str
    bounds: Bounds
    state_file: str
    autosave_interval: float
    resume: bool
    keyframes: int
    image_transport: str
    rectify: bool
    known_intrinsics: bool
    mask_file: str
    depth_at_camera: bool
    lossless: bool
    lazy: bool
    points: CloudSettings
    map: MapSettings
    odom_frame: str
    map_frame: str
    base_frame: str
    initial_pose: tuple[float, ...]
    level: str
    scale: ScaleSettings
    cameras: tuple[str, ...]
    shared_state: bool
    publish_tf: bool


class SettingsError(ValueError):
    """A parameter's value that the node cannot take; the message names it and says what it can."""


def declare(node: Node) -> None:
    """Declare all parameters on the node, and warn of those that were given and do not exist.

    Raises SettingsError for a whole number where a decimal one belongs, rclpy's exceptions for any other wrong type.
    """
    given = node._parameter_overrides  # rclpy has no other way to what nobody declares
    for declaration in DECLARATIONS:
        default = declaration.default
        _refuse_whole_number(declaration, given.get(declaration.name))
        node.declare_parameter(declaration.name, list(default) if isinstance(default, tuple) else default,
                               declaration.descriptor())
    for name in given:
        if not node.has_parameter(name) and not name.startswith('qos_overrides.'):  # declared with the subscription
            near = get_close_matches(name, _BY_NAME, 1)
            node.get_logger().warning(f'there is no parameter {name!r}, and what it was given has no effect'
                                      f'{f": did you mean {near[0]!r}?" if near else "; ros2 param list tells all"}')


def _refuse_whole_number(declaration: Declaration, given: Parameter | None) -> None:
    numbers = declaration.default if isinstance(declaration.default, tuple) else (declaration.default,)
    if given is None or not all(isinstance(number, float) for number in numbers):
        return
    if given.type_ is Parameter.Type.INTEGER:
        write = f'{given.value}.0'
    elif given.type_ is Parameter.Type.INTEGER_ARRAY:
        write = str([float(number) for number in given.value])
    else:
        return
    raise SettingsError(f'{declaration.name} was given without a decimal point, as whole numbers are: write {write}')


def read(node: Node, changes: list[Parameter] | None = None, profile: WeightsProfile | None = None) -> Settings:
    """Return the node's settings as they are, or as they would be with the changes. Raises SettingsError.

    profile: of the weights; None while there are none: what hangs on automatic values is then not judged yet.
    """
    values = {name: node.get_parameter(name).value for name in _BY_NAME}
    values |= {p.name: p.value for p in changes or () if p.name in _BY_NAME}
    values |= {name: os.path.expanduser(values[name]) for name in ('weights', 'state_file')}  # YAML knows no ~
    for name, declaration in _BY_NAME.items():
        if declaration.choices and values[name] not in declaration.choices:
            raise SettingsError(f'{name} {values[name]!r} is unknown: take one of {", ".join(declaration.choices)}')
    if values['resume'] and not values['state_file']:
        raise SettingsError('resume wants to know from where: set state_file')
    for name in ('odom_frame', 'map_frame', 'base_frame'):
        if values[name].startswith('/'):
            raise SettingsError(f'{name} {values[name]!r} has a leading slash, which tf2 refuses: take '
                                f'{values[name].lstrip("/")!r}')
    if not values['odom_frame'] or values['odom_frame'] in (values['base_frame'], values['map_frame']):
        raise SettingsError('odom_frame must be a name, and another than base_frame and map_frame')
    try:
        segments = resolve(profile or WeightsProfile(), *(values[name] for name in SETTINGS))
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
             'points': _points(values), 'map': _map(values), 'scale': _scale(values), 'cameras': _cameras(values),
             'initial_pose': initial_pose, 'bounds': Bounds(values['max_speed'], values['max_turn_rate'])}
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
    names = tuple(values['cameras']) or ('',)
    wrong = [name for name in names if not re.fullmatch('[A-Za-z][A-Za-z0-9_]*', name)]
    if names != ('',) and (wrong or len(set(names)) < len(names)):
        raise SettingsError(f'cameras {list(names)} cannot be told apart in topics: give each its own name of letters, '
                            'digits and _, a letter first')
    if values['shared_state'] and len(names) == 1:
        raise SettingsError("shared_state is for several cameras: name them in cameras, such as ['front', 'rear']")
    if values['shared_state'] and values['resume']:
        raise SettingsError('resume is not possible with shared_state: the first image may be of another camera than '
                            'the last one saved')
    if len(names) > 1 and not values['shared_state'] and not values['base_frame']:
        raise SettingsError('several cameras with a memory each are joined by their mounts: set base_frame')
    return names


def _period(rate: float) -> int:
    """Return nanoseconds between two of so many a second, 0 for no limit."""
    return round(1e9 / rate) if rate else 0


def _same(node: Node, change: Parameter) -> bool:
    """Say whether a change changes nothing, as when a dump of this node is loaded into it."""
    now = node.get_parameter(change.name)
    return now.type_ == change.type_ and np.array_equal(now.value, change.value)


def check(node: Node, changes: list[Parameter], profile: WeightsProfile | None) -> SetParametersResult:
    """Say whether the node takes the changes, with the reason if not.

    profile: of the weights that are configured, None while none are. Once configured, only live parameters change.
    """
    for change in changes:
        declaration = _BY_NAME.get(change.name)
        if declaration and profile is not None and not declaration.live and not _same(node, change):
            return SetParametersResult(successful=False, reason=(
                f'{change.name} takes effect when the node is configured: deactivate and clean it up first '
                f'(ros2 lifecycle set {node.get_fully_qualified_name()} cleanup)'))
    try:
        read(node, changes, profile)
    except SettingsError as error:
        return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)
