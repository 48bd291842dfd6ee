# SPDX-License-Identifier: Apache-2.0
"""What a costmap would hold of `~/points` while a robot drives round a furnished room, against the room's true plan.

A camera FIXED on the robot gives RATE images a second; every second one's cloud goes into a VoxelLayer, and the map is
looked at each second. Map and truth are compared as they lie round the robot, so that only the drift inside the window
counts. Poses are the node's ('as told'), the same with height and tilt as the mount has them, as a filter for robots on
a floor gives them ('on the floor'), or true.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from rich.table import Table
from scipy.spatial import cKDTree

from ttt3r_ros.evaluation import worlds
from ttt3r_ros.evaluation.trial import SIZE, Setting, published_points, true_intrinsics
from ttt3r_ros.evaluation.voxel_layer import VoxelLayer
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction.aligned import depth_on_model
from ttt3r_ros.reconstruction.cloud import CloudFilter
from ttt3r_ros.reconstruction.depth import back_project
from ttt3r_ros.synthetic import Camera, Room, drive
from ttt3r_ros.synthetic.walk import lap_length

RATE, EVERY, LOOK = 10, 2, 10  # images a second; frames from cloud to cloud, and from look to look
SPEED = 0.25  # m/s, about
FIXED = 0.0, 0.6, np.radians(-5)  # the camera's yaw, height and pitch on the robot
NEAR, FAR = 0.2, 0.4  # metres: an obstacle that is marked so near is found; floor so far from all is free
MARK_RANGE = 4.0  # metres, as config/nav2.yaml has it
WINDOW = 6.0  # metres, the map's edge
ROBOT, AHEAD = 0.22, 1.0  # metres: its radius, and how much of the way must be free
GRID = 0.05  # metres between the places where the room is asked
LEVELS = np.arange(0.3, 2.0, 0.1)  # metres above the floor at which it is asked

SHIPPED = CloudFilter(stride=4, min_depth=0.2, max_depth=50.0, outliers=0.03, max_points=12000)
ALL = replace(SHIPPED, stride=1, max_points=0)


@dataclass(frozen=True)
class Case:
    """Whose depth ('network' or 'true') and whose pose ('as told', 'on the floor', 'true') make the map, and how."""

    name: str
    depth: str = 'network'
    pose: str = 'on the floor'
    cloud: CloudFilter = SHIPPED
    low: float = 0.25  # metres from which on points mark
    high: float = 1.0  # and up to which
    z_cell: float = 0.25
    z_cells: int = 8


CASES = (
    Case('true depth and pose', 'true', 'true'),
    Case('as shipped'),
    Case('without a filter for the floor', pose='as told'),
    Case('and marking from 0.15 m', pose='as told', low=0.15),
    Case('from 0.15 m', low=0.15),
    Case('from 0.35 m', low=0.35),
    Case('voxels of 0.125 m', z_cell=0.125, z_cells=16),
    Case('voxels of 0.5 m', z_cell=0.5, z_cells=4),
    Case('every row and column', cloud=ALL),
    Case('every row and column, voxels of 0.5 m', cloud=ALL, z_cell=0.5, z_cells=4),
    Case('up to 2 m high', high=2.0),
    Case('the most confident 60 %', cloud=replace(SHIPPED, confidence_percentile=40.0)),
    Case('the most confident 30 %', cloud=replace(SHIPPED, confidence_percentile=70.0)),
    Case('no points.outliers', cloud=replace(SHIPPED, outliers=0.0)),
    Case('up to 3 m away', cloud=replace(SHIPPED, max_depth=3.0)),
)


@dataclass(frozen=True)
class Plan:
    """Which weights, in how many rooms for how many frames, reset and chained how."""

    weights: str
    setting: Setting
    worlds: int
    frames: int
    first_seed: int = 5001
    device: str = 'cpu'
    jobs: int = 1
    cases: tuple[Case, ...] = field(default=CASES)


@dataclass(frozen=True)
class Tally:
    """Of all looks: true cells in view and those found; cells marked and those near something; free floor cells and
    those marked; looks and those at which the next AHEAD metres of the true way are blocked."""

    view: int = 0
    found: int = 0
    marked: int = 0
    right: int = 0
    free: int = 0
    false: int = 0
    looks: int = 0
    blocked: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))

    @property
    def parts(self) -> dict[str, float]:
        """In view, precision, false floor and blocked, 0 to 1; NaN of nothing."""
        pairs = {'in view': (self.found, self.view), 'precision': (self.right, self.marked),
                 'false floor': (self.false, self.free), 'blocked': (self.blocked, self.looks)}
        return {name: some / of if of else np.nan for name, (some, of) in pairs.items()}


def carry_out(plan: Plan, progress: Callable[[int], None]) -> dict[str, Tally]:
    """Drive through every room, a few at a time."""
    total = {case.name: Tally() for case in plan.cases}
    seeds = range(plan.first_seed, plan.first_seed + plan.worlds)
    for found in worlds.each(partial(_room, plan), seeds, plan.jobs, progress):
        total = {name: tally + found[name] for name, tally in total.items()}
    return total


def results_table(plan: Plan, found: dict[str, Tally]) -> Table:
    """Return a row for each case."""
    table = Table(title=f'{plan.weights}: a costmap of {plan.worlds} rooms, {plan.frames / RATE:.0f} s in each')
    for name in ('costmap', *Tally().parts):
        table.add_column(name, justify='left' if name == 'costmap' else 'right')
    for name, tally in found.items():
        table.add_row(name, *(f'{100 * part:.2f} %' for part in tally.parts.values()))
    return table


def save(target: Path, plan: Plan, found: dict[str, Tally]) -> None:
    """Write the plan and every number. Raises OSError."""
    target.write_text(json.dumps({'plan': asdict(plan), 'costmaps': {
        name: asdict(tally) | tally.parts for name, tally in found.items()}}, indent=1, default=str) + '\n')


@dataclass(frozen=True)
class Seen:
    """A frame: its pose as told and true (4, 4), in the room; points of the network and true ones (h, w, 3), camera
    frame; colours (h, w, 3) and confidence (h, w)."""

    told: np.ndarray
    pose: np.ndarray
    network: np.ndarray
    true: np.ndarray
    colours: np.ndarray
    confidence: np.ndarray


def _room(plan: Plan, seed: int) -> dict[str, Tally]:
    room = Room(seed)
    laps = max(1, round(plan.frames * SPEED / RATE / lap_length(room)))
    poses = drive(room, plan.frames, seed, laps, mount=FIXED)
    tallies = {case.name: Tally() for case in plan.cases}
    layers = {case.name: VoxelLayer(WINDOW, case.z_cell, case.z_cells) for case in plan.cases}
    ground = Ground(room)
    for index, seen in _drive(plan, room, poses, seed):
        for case in plan.cases:
            pose = _pose(case.pose, seen)
            _look(layers[case.name], case, seen, pose)
            if index % LOOK == 0:
                tallies[case.name] += ground.judge(layers[case.name].obstacles(), pose, seen, poses[index:])
    return tallies


def _drive(plan: Plan, room: Room, poses: np.ndarray, seed: int) -> Iterator[tuple[int, Seen]]:
    """Yield each EVERYth frame with its index."""
    camera = Camera.draw(seed, SIZE)
    reconstructor = plan.setting.reconstructor(load_network(plan.weights, plan.device).network)
    start = None
    for index, (pose, (image, depth)) in enumerate(zip(poses, camera.film(room, poses, seed), strict=True)):
        try:
            frame = reconstructor.step(image)
        except NonFinitePrediction:
            return
        start = pose @ np.linalg.inv(frame.pose) if start is None else start
        if index % EVERY == 0:
            true = back_project(depth_on_model(depth, frame.pixel_map), true_intrinsics(frame, camera.intrinsics))
            yield index, Seen(start @ frame.pose, pose, published_points(frame), true, frame.image, frame.confidence)


def _pose(whose: str, seen: Seen) -> np.ndarray:
    """Return the pose (4, 4) that a case lays its cloud down by."""
    if whose != 'on the floor':
        return seen.pose if whose == 'true' else seen.told
    # Place and heading are the told ones; the rest is the mount's.
    ahead = seen.told[:2, 2]
    yaw = np.arctan2(ahead[1], ahead[0])
    forward = np.array([np.cos(FIXED[2]) * np.cos(yaw), np.cos(FIXED[2]) * np.sin(yaw), np.sin(FIXED[2])])
    right = np.array([np.sin(yaw), -np.cos(yaw), 0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack((right, np.cross(forward, right), forward), axis=1)
    pose[:3, 3] = *seen.told[:2, 3], FIXED[1]
    return pose


def _look(layer: VoxelLayer, case: Case, seen: Seen, pose: np.ndarray) -> None:
    points = seen.true if case.depth == 'true' else seen.network
    cloud = case.cloud.apply(points, seen.colours, seen.confidence, organised=False).points
    layer.take(pose[:3, 3], cloud @ pose[:3, :3].T + pose[:3, 3], case.low, case.high, MARK_RANGE)


class Ground:
    """A room's true plan."""

    def __init__(self, room: Room) -> None:
        """Ask the room where something stands, from LEVELS[0] to LEVELS[-1] above the floor."""
        x, y = (np.arange(-side / 2 - NEAR, side / 2 + NEAR, GRID) for side in room.size[:2])
        self._places = np.stack(np.meshgrid(x, y, indexing='ij'), axis=-1).reshape(-1, 2)
        nearest = [room.clearance(np.column_stack((self._places, np.full(len(self._places), z)))) for z in LEVELS]
        self._solid = cKDTree(self._places[np.min(nearest, axis=0) < GRID / 2])
        self._free = self._places[self._solid.query(self._places)[0] > FAR]

    def judge(self, cells: np.ndarray, pose: np.ndarray, seen: Seen, way: np.ndarray) -> Tally:
        """Judge the cells (n, 2) of a map that is laid by `pose`; way (k, 4, 4): the true poses from here on."""
        cells = _moved(cells, pose, seen.pose)
        truth = seen.true.reshape(-1, 3) @ seen.pose[:3, :3].T + seen.pose[:3, 3]
        near = np.linalg.norm(truth - seen.pose[:3, 3], axis=1) < MARK_RANGE
        near &= self._in_window(truth[:, :2], seen)
        view = truth[near & (truth[:, 2] > LEVELS[0]) & (truth[:, 2] < LEVELS[-1]), :2]
        view = np.unique(np.floor(view / GRID), axis=0) * GRID + GRID / 2
        free = self._free[self._in_window(self._free, seen)]
        gone = np.concatenate(([0], np.cumsum(np.linalg.norm(np.diff(way[:, :2, 3], axis=0), axis=1))))
        ahead = way[gone <= AHEAD, :2, 3]
        if not len(cells):
            return Tally(len(view), 0, 0, 0, len(free), 0, 1, 0)
        marked = cKDTree(cells)
        return Tally(len(view), int((marked.query(view)[0] < NEAR).sum()) if len(view) else 0,
                     len(cells), int((self._solid.query(cells)[0] < NEAR).sum()),
                     len(free), int((marked.query(free)[0] < GRID / 2).sum()) if len(free) else 0,
                     1, int((marked.query(ahead)[0] < ROBOT).any()))

    @staticmethod
    def _in_window(places: np.ndarray, seen: Seen) -> np.ndarray:
        return np.abs(places - seen.pose[:2, 3]).max(axis=1) < WINDOW / 2 - NEAR


def _moved(cells: np.ndarray, pose: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return where cells (n, 2) of a map lie in the room, if they lie round the true pose as round the map's."""
    turn = np.arctan2(true[1, 2], true[0, 2]) - np.arctan2(pose[1, 2], pose[0, 2])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (cells - pose[:2, 3]) @ rotation.T + true[:2, 3]
