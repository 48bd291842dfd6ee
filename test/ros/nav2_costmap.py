# SPDX-License-Identifier: Apache-2.0
"""`python test/ros/nav2_costmap.py FOLDER`: what Nav2's own costmap holds of the node's clouds in two furnished rooms.

Wants nav2_costmap_2d and robot_localization in AMENT_PREFIX_PATH. A live node answers two drives of each room
(nav2_drives.py, kept in FOLDER): a lap of a minute, and one with stand-stills where somebody comes, stands and goes.
Its odometry and clouds are then played, on simulated time, to the real ekf_node and to a real costmap for each setting
(nav2_settings.py).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import rclpy
import yaml
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from mount import mount_camera
from nav2_drives import BASE_FROM_CAMERA, CONFIG, MODEL, WALK, Drive, stamp, take, told_pose
from nav2_settings import FACTOR, SETTINGS, Setting, parameters
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from ttt3r_ros.evaluation.costmap import EVERY, LOOK, Ground, Seen, Tally
from ttt3r_ros.ros.conversions import from_transform, nanoseconds, to_cloud, to_time, to_transform

LATENCY_NS = 80_000_000  # from an image's stamp to its answer
SETTLE_NS = 300_000_000  # from an image's stamp until maps hold its cloud
TICK_NS = 10_000_000
CELL = 0.05  # metres, as config/nav2.yaml has it
NEAR_PERSON, MARGIN = 0.5, 6  # metres round somebody's place, pixels from the picture's sides: cells there are theirs


def executable(package: str, name: str) -> str:
    """Return a program of a package in AMENT_PREFIX_PATH. Raises FileNotFoundError."""
    for prefix in os.environ['AMENT_PREFIX_PATH'].split(':'):
        path = Path(prefix) / 'lib' / package / name
        if path.exists():
            return str(path)
    raise FileNotFoundError(f'{package}/{name}: source a ROS that has it')


class Play:
    """One drive played to all settings; `maps[name]`: (time ns, lethal cells (n, 2) as whole numbers of cells)."""

    def __init__(self, drive: Drive, settings: dict[str, Setting], folder: Path) -> None:
        """Take the drive, the settings by name, and a folder for logs."""
        self._drive, self._settings = drive, settings
        self.maps: dict[str, list] = {name: [] for name in settings}
        self.filtered: list[tuple[int, np.ndarray]] = []
        self._node = rclpy.create_node('player')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        used = {(s.depth, s.cloud) for s in settings.values()}
        self._topics = {key: f'/clouds/c{i}' for i, key in enumerate(used)}
        self._clouds = {key: self._node.create_publisher(PointCloud2, topic, 10) for key, topic in self._topics.items()}
        self._clock = self._node.create_publisher(Clock, '/clock', 10)
        self._odometry = self._node.create_publisher(Odometry, '/ttt3r/odometry', 50)
        self._tf = {name: self._node.create_publisher(TFMessage, f'/{name}/tf', 100) for name in ('told', 'true')}
        self._mount = mount_camera(self._node, BASE_FROM_CAMERA)
        self._node.create_subscription(TFMessage, '/tf', self._heard_tf, 100)
        self._now = stamp(0) - 2_000_000_000
        self._programs = []
        self._folder = folder

    def _begin(self) -> None:
        folder, settings = self._folder, self._settings
        self._programs = [self._start(executable('robot_localization', 'ekf_node'), folder / 'ekf.log', [
            '-r', '__node:=ekf', '--params-file', str(CONFIG / 'ekf.yaml'), '-p', 'use_sim_time:=true'])]
        for i, (name, setting) in enumerate(settings.items()):
            file = folder / f'costmap_{i}.yaml'
            file.write_text(yaml.dump(parameters(setting, self._topics), default_flow_style=None))
            tf = [] if setting.tf == 'filter' else ['-r', f'/tf:=/{setting.tf}/tf']
            self._programs.append(self._start(executable('nav2_costmap_2d', 'nav2_costmap_2d'), folder / f'{i}.log', [
                '-r', f'__ns:=/m{i}', *tf, '--params-file', str(file)]))
            self._node.create_subscription(OccupancyGrid, f'/m{i}/costmap', self._keeper(name), QoSProfile(
                depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL))

    @staticmethod
    def _start(program: str, log: Path, arguments: list[str]) -> subprocess.Popen:
        with log.open('w') as file:
            return subprocess.Popen([program, '--ros-args', *arguments], stdout=file, stderr=subprocess.STDOUT)

    def _heard_tf(self, message: TFMessage) -> None:
        self.filtered += [(nanoseconds(t.header.stamp), from_transform(t)) for t in message.transforms
                          if t.child_frame_id == 'base_link']

    def _keeper(self, name: str):
        def keep(grid: OccupancyGrid) -> None:
            cells = np.array(grid.data, np.int8).reshape(grid.info.height, grid.info.width)
            y, x = np.nonzero(cells >= 100)
            edge = grid.info.resolution
            origin = np.round([grid.info.origin.position.x / edge, grid.info.origin.position.y / edge]).astype(int)
            self.maps[name].append((self._now, np.column_stack((x, y)) + origin))
        return keep

    def _spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def _tick(self) -> None:
        began = time.monotonic()
        self._now += TICK_NS
        self._clock.publish(Clock(clock=to_time(self._now)))
        self._spin(max(0.0, TICK_NS * 1e-9 / FACTOR - (time.monotonic() - began)))

    def _transition(self, number: int, which: int) -> None:
        client = self._node.create_client(ChangeState, f'/m{number}/costmap/change_state')
        self._wait_for(client.service_is_ready)
        answer = client.call_async(ChangeState.Request(transition=Transition(id=which)))
        self._wait_for(answer.done)
        assert answer.result().success, f'costmap {number}: transition {which} failed'

    def _wait_for(self, condition) -> None:
        end = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < end
            self._spin(0.02)

    def run(self) -> None:
        """Play it and stop the programs."""
        self._begin()
        try:
            self._run()
        finally:
            for program in self._programs:
                program.terminate()
            for program in self._programs:
                try:
                    program.wait(20)
                except subprocess.TimeoutExpired:
                    program.kill()
            self._node.destroy_node()

    def _run(self) -> None:
        for i in range(len(self._settings)):
            self._transition(i, Transition.TRANSITION_CONFIGURE)
        while self._now < stamp(0):
            self._tick()
        # What is told of an image goes out LATENCY later; the costmaps are activated once there is TF.
        for index in range(len(self._drive.poses)):
            while self._now < stamp(index) + LATENCY_NS:
                self._tick()
            self._tell(index)
            if index == 5:
                for i in range(len(self._settings)):
                    self._transition(i, Transition.TRANSITION_ACTIVATE)
        while self._now < stamp(len(self._drive.poses)) + 1_000_000_000:
            self._tick()

    def _tell(self, index: int) -> None:
        drive, at = self._drive, to_time(stamp(index))
        base = Header(stamp=at, frame_id='odom')
        true = drive.poses[index] @ np.linalg.inv(BASE_FROM_CAMERA)
        self._tf['true'].publish(TFMessage(transforms=[to_transform(base, 'base_link', true)]))
        if not drive.lost[index]:
            told = told_pose(drive.odometry[index]) @ np.linalg.inv(BASE_FROM_CAMERA)
            self._tf['told'].publish(TFMessage(transforms=[to_transform(base, 'base_link', told)]))
            self._odometry.publish(drive.odometry[index])
        if index % EVERY:
            return
        for (depth, chosen), publisher in self._clouds.items():
            if depth == 'true' or not drive.lost[index]:
                cloud = drive.clouds[index]
                if depth == 'true':
                    cloud = replace(cloud, points=drive.true_cloud(index).astype(np.float32))
                cloud = chosen.apply(cloud.points, cloud.colours, cloud.confidence, organised=False)
                publisher.publish(to_cloud(Header(stamp=at, frame_id='front_camera_optical'), cloud))

    def pose(self, whose: str, index: int) -> np.ndarray:
        """Return the camera's pose (4, 4) in a TF's odom at an image."""
        if whose == 'true':
            return self._drive.poses[index]
        if whose == 'told':
            return told_pose(self._drive.odometry[index])
        stamps = np.array([s for s, _ in self.filtered])
        return self.filtered[int(np.abs(stamps - stamp(index)).argmin())][1] @ BASE_FROM_CAMERA

    def map_at(self, name: str, at: int) -> np.ndarray | None:
        """Return the cells of the first map from that time on."""
        return next((cells for when, cells in self.maps[name] if when >= at), None)


def judge_lap(play: Play, drive: Drive, ground: Ground, name: str, setting: Setting) -> Tally:
    """Judge the map each second."""
    total = Tally()
    for index in range(2 * LOOK, len(drive.poses), LOOK):
        cells = play.map_at(name, stamp(index) + SETTLE_NS)
        if cells is not None and not (drive.lost[index] and setting.tf == 'told'):
            true = drive.true_cloud(index)
            seen = Seen(None, drive.poses[index], None, true, None, None)
            total += ground.judge((cells + 0.5) * CELL, play.pose(setting.tf, index), seen, drive.poses[index:])
    return total


def judge_people(play: Play, drive: Drive, name: str, setting: Setting) -> list[dict]:
    """Return for each visit how many cells were theirs, and how many are left when, in seconds.

    Theirs are cells that are marked while they stand there and were not before they came, round their place and well
    inside the picture; they are gone once they are out of the picture.
    """
    found = []
    for first, gone, x, y in drive.people:
        first, gone = int(first), int(gone)
        pose = play.pose(setting.tf, gone)
        place = (pose @ np.linalg.inv(drive.poses[gone]) @ [x, y, 0, 1])[:2]
        before = set(map(tuple, play.map_at(name, stamp(first))))
        theirs = set()
        for when, cells in play.maps[name]:
            if stamp(first + WALK) <= when <= stamp(gone):
                for cell in map(tuple, cells):
                    middle = (np.array(cell) + 0.5) * CELL
                    ahead = np.linalg.inv(pose) @ [*middle, pose[2, 3], 1]
                    if cell not in before and np.linalg.norm(middle - place) < NEAR_PERSON and ahead[2] > 0 and abs(
                            drive.intrinsics[0, 0] * ahead[0] / ahead[2]) < MODEL[1] / 2 - MARGIN:
                        theirs.add(cell)
        left = [((when - stamp(gone)) * 1e-9, len(theirs & set(map(tuple, cells)))) for when, cells in play.maps[name]
                if 0 <= when - stamp(gone) <= 8_500_000_000]
        found.append({'cells': len(theirs), 'at once': left[0][1],
                      '2 s': next((n for after, n in left if after >= 2), None), '8 s': left[-1][1]})
    return found


def main() -> None:
    """Play every drive and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--rooms', type=int, nargs='*', default=[5001, 5006])
    args = parser.parse_args()
    args.folder.mkdir(exist_ok=True)
    rclpy.init()
    for room in args.rooms:
        for kind in ('lap', 'people'):
            drive = take(room, 600, kind == 'people', args.folder)
            play = Play(drive, SETTINGS, args.folder)
            play.run()
            ground = Ground(drive.room) if kind == 'lap' else None
            for name, setting in SETTINGS.items():
                if ground:
                    tally = judge_lap(play, drive, ground, name, setting)
                    told = [f'{part} {100 * value:.1f} %' for part, value in tally.parts.items()]
                else:
                    told = [f'{v["cells"]} cells: {v["at once"]} at once, {v["2 s"]} after 2 s, {v["8 s"]} after 8 s'
                            for v in judge_people(play, drive, name, setting)]
                print(f'{room} {name}: {"; ".join(told)}', flush=True)
    os._exit(0)  # rclpy's threads hold it otherwise


if __name__ == '__main__':
    main()
