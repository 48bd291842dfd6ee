# SPDX-License-Identifier: Apache-2.0
"""Drives of a robot round furnished rooms, filmed and answered by a live node, kept on disk for nav2_costmap.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from harness import NodeProcess, Robot, pose_matrix, stamp_of
from mount import mount_camera
from sensor_msgs_py import point_cloud2

from ttt3r_ros.evaluation.costmap import FIXED, RATE, SPEED
from ttt3r_ros.evaluation.trial import SIZE
from ttt3r_ros.reconstruction.cloud import Cloud
from ttt3r_ros.reconstruction.depth import back_project
from ttt3r_ros.synthetic import Camera, Room, drive
from ttt3r_ros.synthetic.passer import Passer
from ttt3r_ros.synthetic.walk import gaze, lap_length

CONFIG = Path(__file__).parents[2] / 'config'
START_NS, FRAME_NS = 1_000_000_000_000, 1_000_000_000 // RATE
MODEL = (96, 128)  # the embedded weights' image
BASE_FROM_CAMERA = np.eye(4)
BASE_FROM_CAMERA[:3, :3] = gaze(np.zeros(1), np.full(1, FIXED[2]), np.zeros(1))[0]
BASE_FROM_CAMERA[2, 3] = FIXED[1]
STANDS = 3  # times that the robot stands still and somebody comes
BEFORE, WALK, THERE, AFTER = 20, 15, 25, 90  # frames: before somebody comes, coming or going, standing, and afterwards
AWAY, ASIDE, CLEAR = 1.2, 1.6, 2.2  # metres: how far they stand and from how far aside they come; what must be free


@dataclass(frozen=True)
class Drive:
    """One drive; all lists have an entry for each image.

    poses (n, 4, 4): camera-to-world, the true ones; depths (n, h, w): true ones in the model's pixels, metres;
    intrinsics (3, 3) of those; clouds: the node's, unfiltered (h, w); odometry: the node's messages;
    lost (n): whether the node told no pose, and then no cloud (clouds and odometry are those of the image before).
    people (k, 4): index of the image before somebody comes and of the first without them, where they stood, x and y.
    """

    room: Room
    poses: np.ndarray
    depths: np.ndarray
    intrinsics: np.ndarray
    clouds: list[Cloud]
    odometry: list
    lost: np.ndarray
    people: np.ndarray

    def true_cloud(self, index: int) -> np.ndarray:
        """Return the true points (h, w, 3), camera frame."""
        return back_project(self.depths[index], self.intrinsics)


def stamp(index: int) -> int:
    """Return an image's stamp, ns."""
    return START_NS + index * FRAME_NS


def take(seed: int, frames: int, people: bool, folder: Path) -> Drive:
    """Return the drive round that room, with people or without, from the folder or anew."""
    room, camera = Room(seed), Camera.draw(seed, SIZE)
    laps = max(1, round(frames * SPEED / RATE / lap_length(room)))
    poses = drive(room, frames, seed, laps, mount=FIXED)
    visits = np.empty((0, 4))
    path = folder / f'{seed}_{frames}_{"people" if people else "lap"}.npz'
    if people:
        poses, visits = _with_stands(room, poses, camera)
    if not path.exists():
        images, depths = _film(room, poses, visits, camera, seed)
        answers = _answered(images, folder / f'{path.stem}.log')
        np.savez(path, depths=depths, **answers)
    kept = np.load(path, allow_pickle=True)
    scale = np.diag([MODEL[1] / SIZE[1], MODEL[0] / SIZE[0], 1.0])
    intrinsics = scale @ camera.intrinsics
    intrinsics[:2, 2] = (camera.intrinsics[:2, 2] + 0.5) * np.diag(scale)[:2] - 0.5
    clouds = [Cloud(p, np.zeros(p.shape, np.uint8), c) for p, c in zip(kept['points'], kept['confidence'])]
    return Drive(room, poses, kept['depths'], intrinsics, clouds, list(kept['odometry']), kept['lost'], visits)


def _with_stands(room: Room, poses: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Return the drive with stand-stills where nothing stands near before the robot, and who comes there."""
    stood, visits = [], []
    due = np.linspace(0, len(poses), STANDS + 1)[:-1] + len(poses) / (2 * STANDS + 2)
    for index, pose in enumerate(poses):
        stood.append(pose)
        if len(visits) < STANDS and index >= due[len(visits)]:
            height, width = SIZE
            ahead = room.render(pose, camera.intrinsics, SIZE)[1][height // 3:height // 2, width // 3:2 * width // 3]
            if ahead.min() > CLEAR:
                first = len(stood) + BEFORE
                visits.append((first, first + 2 * WALK + THERE, *(pose[:3, 3] + AWAY * pose[:3, 2])[:2]))
                stood += [pose] * (BEFORE + 2 * WALK + THERE + AFTER)
    return np.stack(stood), np.array(visits)


def _film(room: Room, poses: np.ndarray, visits: np.ndarray, camera: Camera,
          seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    images, depths = [], []
    visitors = []
    for first, last, x, y in visits:
        aside = np.interp(np.arange(len(poses)) - first, (0, WALK, WALK + THERE, 2 * WALK + THERE), (1, 0, 0, -1))
        right = poses[int(first), :2, 0]
        one = Passer(np.random.default_rng([seed, int(first)]), poses, 200.0,
                     places=np.array([x, y]) + ASIDE * aside[:, None] * right)
        visitors.append((range(int(first), int(last)), one))
    for index, (image, depth) in enumerate(camera.film(room, poses, seed)):
        image, depth = image.copy(), depth.copy()
        for there, one in visitors:
            if index in there:
                one.enter(image, depth, poses[index], camera.intrinsics, index)
        images.append(image)
        depths.append(cv2.resize(depth, MODEL[::-1], interpolation=cv2.INTER_NEAREST))
    return images, np.stack(depths)


def _answered(images: list[np.ndarray], log: Path) -> dict[str, np.ndarray]:
    """Return what a live node with the shipped parameters, its cloud unfiltered, says to each image."""
    node = NodeProcess(log, params_file=CONFIG / 'ttt3r_nav2.yaml', weights='embedded', points__organised=True,
                       points__stride=1, points__outliers=0.0, points__max_points=0, points__max_rate=0.0,
                       points__confidence_percentile=0.0, points__min_depth=0.0, points__max_depth=1000.0)
    robot = Robot()
    kept = mount_camera(robot.node, BASE_FROM_CAMERA)
    robot.wait_until_watched()
    heard, lost = [], []
    for index, image in enumerate(images):
        before = len(robot.heard['status'])
        robot.show(stamp(index), image)
        robot.wait_for(f'image {index}', lambda before=before: len(robot.heard['status']) > before, 600)
        lost.append(robot.heard['status'][-1].tracking == 'lost')
        if not lost[-1]:
            robot.wait_for(f'what belongs to image {index}', lambda index=index: all(
                robot.heard[name] and stamp_of(robot.heard[name][-1]) == stamp(index)
                for name in ('odometry', 'points')), 600)
        heard.append((robot.heard['odometry'][-1], robot.heard['points'][-1]))
    clouds = [point_cloud2.read_points(m) for _, m in heard]
    points = [np.stack([c['x'], c['y'], c['z']], -1).reshape(*MODEL, 3) for c in clouds]
    odometry = np.empty(len(images), object)
    odometry[:] = [m for m, _ in heard]
    found = {'points': np.stack(points), 'confidence': np.stack([c['confidence'].reshape(MODEL) for c in clouds]),
             'odometry': odometry, 'lost': np.array(lost)}
    robot.close()
    node.stop()
    del kept
    return found


def told_pose(message) -> np.ndarray:
    """Return the camera's pose (4, 4) in odom of an Odometry message."""
    return pose_matrix(message.pose.pose) @ BASE_FROM_CAMERA

