# SPDX-License-Identifier: Apache-2.0
"""Every parameter of the node, declared once: its type, range and text."""

from __future__ import annotations

from dataclasses import dataclass

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

from ttt3r_ros.model.precision import PRECISIONS
from ttt3r_ros.model.update_rules import MEMIX_SUFFIX, RULES, rule_parameters
from ttt3r_ros.reconstruction.reset_policy import POLICIES
from ttt3r_ros.reconstruction.tracking import HAND_HELD
from ttt3r_ros.reconstruction.trajectory import ALIGNMENTS, STEP_SOURCES
from ttt3r_ros.reconstruction.voxel_map import POLICIES as MAP_POLICIES
from ttt3r_ros.reconstruction.weights_profile import (
    AUTO,
    AUTO_INTERVAL,
)
from ttt3r_ros.ros.scaling import SOURCES
from ttt3r_ros.ros.transport import SUFFIXES
from ttt3r_ros.sequences.picture_size import MOST_PIXELS

NO_NAMES = ('',)  # of the one camera or robot; ROS knows no empty list


@dataclass(frozen=True)
class Declaration:
    """One parameter: default, description, whether it changes live, or never once the node runs, and its values."""

    name: str
    default: str | bool | int | float | tuple
    text: str
    live: bool = False
    read_only: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def descriptor(self) -> ParameterDescriptor:
        """Return what `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(description=self.text, read_only=self.read_only)
        if self.choices:
            descriptor.additional_constraints = 'one of ' + ', '.join(repr(c) for c in self.choices)
        if self.low is not None and isinstance(self.default, int):
            descriptor.integer_range = [IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)]
        elif self.low is not None:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(self.low), to_value=float(self.high), step=0.0)]
        return descriptor


DECLARATIONS = (
    Declaration('weights', 'embedded', "checkpoint: a published .pth, a converted .safetensors, 'cut3r-512' after "
                "`ttt3r fetch cut3r-512`, 'embedded', the small one in the package, which has seen synthetic rooms "
                "alone, or 'untrained', a small network with random weights whose poses mean nothing"),
    Declaration('weights_sha256', '', 'that the weights file must have, 64 hexadecimal digits as sha256sum tells them; '
                'another file is not loaded; empty: any is', read_only=True),
    Declaration('device', 'auto', "where the network runs: 'cpu', 'cuda', 'cuda:1', …, or 'auto', the first CUDA "
                'device, else the CPU'),
    Declaration('on_device_error', 'exit', "when the device is out of memory or lost: 'exit' ends the process with "
                "status 3, for a launcher to start it again, 'restart' configures the node anew, going on from "
                'state_file if there is one, and exits if that fails or it happens again within a minute',
                choices=('exit', 'restart'), live=True),
    Declaration('precision', 'auto', "number type of the weights and of the network's products: 'auto', bfloat16 where "
                'the hardware multiplies it (on a CPU for networks of the published size alone: small ones are slower '
                'in it), else float16 on CUDA and float32 on a CPU; poses, norms, gates and the memory are float32 '
                'always', choices=PRECISIONS),
    Declaration('compile', False, "compile the network's blocks when configured, for 4:3 images: takes minutes the "
                'first time, and again where the first image has another shape; wants a C++ compiler. In float32 '
                'without AMX it gains nothing: ttt3r bench --compile tells'),
    Declaration('update_rule', 'ttt3r', f'how the memory is written: {", ".join(RULES)}, each with {MEMIX_SUFFIX} '
                'behind it if wanted; from the next frame on', live=True),
    *(Declaration(name, p['default'], p['text'], live=True, low=p['low'], high=p['high'])
      for name, p in rule_parameters().items()),
    Declaration('reset_policy', AUTO, "when the memory starts afresh, the path going on where it was: 'never', "
                "'interval' after reset_interval frames, 'adaptive' when images no longer follow from each other by "
                "the network's answers, or gate and confidence say that the memory no longer explains what is seen (an "
                "interval that suits the weights is better where one is known), or 'auto', what FILE.profile.json "
                "beside the weights or their metadata say, never without them",
                live=True, choices=(AUTO, *POLICIES)),
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
    Declaration('state_file', '', 'file for the memory: saved there every autosave_interval, on deactivate and at the '
                'end, and read by resume; empty for none', read_only=True),
    Declaration('files_dir', '~/.ros/ttt3r', 'folder below which services read and write the files that requests name, '
                'relative to it; anybody in the ROS domain may call them', read_only=True),
    Declaration('autosave_interval', 10.0, 'seconds between two saves to state_file; 0 saves on deactivate and '
                'at the end alone',
                live=True, low=0.0, high=86_400.0),
    Declaration('resume', False, 'go on from state_file when configured: in its odometry frame, the first images '
                'relocated against its memory'),
    Declaration('segment_alignment', AUTO, "how the path goes on after a reset: 'sim3' takes the scale over from "
                "the common frame, 'se3' trusts the model's metres, 'auto': as the weights say, sim3 if they do not",
                choices=(AUTO, *ALIGNMENTS)),
    Declaration('step_source', AUTO, "what says how a camera goes on from one image to the next: 'model', the network "
                "alone, 'images', its step set right by where the corners of one image lie in the next, which tells "
                "the camera's focal length, too, 'auto': as the weights say, model if they do not; with shared_state "
                'always the model',
                choices=(AUTO, *STEP_SOURCES)),
    Declaration('keyframes', 0, 'memories of ended segments that are kept to close loops with: one that is recognised '
                'corrects map_frame → odom_frame, never odom_frame → base_frame; each is as large as a state file; 0 '
                'for no loop closure', low=0, high=10_000),
    Declaration('image_transport', 'raw', "'raw' subscribes to image, 'compressed' to image/compressed, "
                "'ffmpeg' and 'foxglove' to the video on image/ffmpeg (ffmpeg_image_transport) and image/foxglove "
                '(Foxglove CompressedVideo), which want PyAV and the package of their messages',
                choices=tuple(SUFFIXES)),
    Declaration('max_image_pixels', 40_000_000, 'pixels of an image; a larger one is dropped before anything of it is '
                'decoded: a few kilobytes can decode to gigabytes. As it stands 8K video passes', live=True,
                low=256, high=MOST_PIXELS),
    Declaration('max_query_pixels', 512 * 512, 'pixels of a view that ~/query_view is asked for; inference waits for '
                'it, and the time grows with their square', live=True, low=256, high=2048 * 2048),
    Declaration('rectify', False, 'undistort the images as camera_info says; those that come before it are dropped. '
                'Without it steps of images find out how the lens bends lines, which is less sure', live=True),
    Declaration('intrinsics', 'model', "of points and depth: 'model', as they imply, or 'camera_info', on the rays "
                'that it tells: K for raw images, P for rectified ones', live=True, choices=('model', 'camera_info')),
    Declaration('mask_file', '', "image of what is to be left out of points, depth, map and scale, and gives no "
                "corners to step_source, such as the robot's own body: black elsewhere, of the images' shape; {camera} "
                "in it stands for a camera's name. What moves comes on the topic mask"),
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
    Declaration('points.max_points', 0, 'points of a cloud at most: the stride is raised until it holds; 0 for any '
                'number', live=True, low=0, high=100_000_000),
    Declaration('points.voxel', 0.0, 'edge in metres of cells that keep one point each, the most confident; 0 keeps '
                'all', live=True, low=0.0, high=10.0),
    Declaration('map.cell', 0.0, "edge in metres of the map's cells; 0 for no map", low=0.0, high=10.0),
    Declaration('map.capacity', 500_000, 'cells that the map has room for, 48 bytes each', low=1, high=50_000_000),
    Declaration('map.drop', 'oldest', "which cells go when there are more: 'oldest', seen longest ago, or "
                "'least_confident'", choices=MAP_POLICIES),
    Declaration('map.max_rate', 0.5, 'maps a second at most', low=0.01, high=100.0),
    Declaration('path_length', 10_000, 'poses in ~/path, 80 bytes each; then every second one goes, so that the whole '
                'way stays', low=2, high=1_000_000),
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
    Declaration('cameras', NO_NAMES, "names of several cameras, such as ['front', 'rear']: inputs front/image, outputs "
                "~/front/pose and so on; [''] for one camera without a name"),
    Declaration('shared_state', False, 'all cameras in one memory, their images in turn; false: a memory each, one '
                'copy of the weights'),
    Declaration('robots', NO_NAMES, "names of several robots with one camera each, such as ['a', 'b']: inputs a/image, "
                "outputs a/ttt3r/pose, TF on a/tf and so on, a memory each, one copy of the weights; images that wait "
                "are stepped together; {robot} in the names of frames stands for a robot's name; excludes cameras; "
                "[''] for one"),
    Declaration('batch_wait', 0.0, "seconds that a robot's image waits at most for those of the others, to be stepped "
                'together with them; 0: those that wait already are, and nobody waits', low=0.0, high=10.0),
    Declaration('base_frame', '', "the robot's base, whose camera mount is read from TF once; empty: the camera "
                'itself is tracked'),
    Declaration('odometry.rate', 0.0, 'poses a second between images, on ~/odometry_predicted and in TF: the last '
                'answer carried on by the gyroscope on imu, if there is one, and the last twist; 0: none', low=0.0,
                high=1000.0),
    Declaration('odometry.image_delay', 0.05, "seconds from an image's stamp to its arrival, at most: TF stays so long "
                'behind the clock, and before an image that is not answered yet, so that its stamps increase and at an '
                "image's it tells the pose; 0: TF waits for nothing, and an answer is put in behind what went out "
                'meanwhile', low=0.0, high=1.0),
    Declaration('imu_time_offset', 0.0, "seconds that are added to the IMU's stamps, to have the images' time",
                low=-1.0, high=1.0),
    Declaration('publish_tf', True, 'broadcast odom_frame → base_frame', live=True),
    Declaration('autostart', True, 'configure and activate at start; false under a lifecycle manager'),
)
BY_NAME = {declaration.name: declaration for declaration in DECLARATIONS}
