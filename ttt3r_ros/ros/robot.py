# SPDX-License-Identifier: Apache-2.0
"""One robot: what is fixed on it, its cameras, and its place in the map. A node has one, or several that share it."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.lifecycle import LifecycleNode

from ttt3r_ros.model.checkpoint import LoadedNetwork
from ttt3r_ros.ros.camera import Camera
from ttt3r_ros.ros.device_watch import DeviceWatch
from ttt3r_ros.ros.frames import Edge, Frames
from ttt3r_ros.ros.imu_turns import ImuTurns
from ttt3r_ros.ros.level import ImuLevel
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.memory import Memory, Weights, make_memory
from ttt3r_ros.ros.names import Names
from ttt3r_ros.ros.parameters import Settings
from ttt3r_ros.ros.replies import Replies
from ttt3r_ros.ros.rivals import Rivals
from ttt3r_ros.ros.scaling import Scaling
from ttt3r_ros.ros.services import OfAllCameras
from ttt3r_ros.ros.set_pose import PoseSetting
from ttt3r_ros.ros.tracker import Start
from ttt3r_ros.ros.whereabouts import Whereabouts
from ttt3r_ros.ros.worker import Worker


@dataclass(frozen=True)
class Server:
    """What all robots of a node are answered with: one copy of the weights, computed with on one thread."""

    loaded: LoadedNetwork
    weights: Weights
    device: str
    watch: DeviceWatch
    worker: Worker
    replies: Replies


class Robot:
    """cameras: all that the node has for each; the executor's thread."""

    def __init__(self, node: LifecycleNode, server: Server, name: str, settings: Settings,
                 beside: Memory | None = None) -> None:
        """Make all of it; name: empty for the only one. settings: the node's. beside: a memory of the same network."""
        self._node, self._name, self._log = node, name, Log(node, name)
        self._settings = settings = settings.of(name)
        names = [Names(node.get_name(), name, camera) for camera in settings.cameras]
        self._frames = Frames(node, self._log, settings.base_frame, names[0].tf)
        self._rivals = Rivals(node, self._frames, self._own_edges)
        self._parts: list[ImuLevel | ImuTurns | Scaling | PoseSetting | OfAllCameras] = []
        self.cameras: list[Camera] = []
        self.memories: list[Memory] = []
        try:
            self._equip(server, names, beside)
        except Exception:
            self.destroy()
            raise

    def _equip(self, server: Server, names: list[Names], beside: Memory | None) -> None:
        node, settings = self._node, self._settings
        imu = f'{names[0].aboard}imu'
        self._base = Whereabouts(settings.bounds)
        start = Start(settings.initial_pose, bool(settings.base_frame),
                      self._part(ImuLevel(node, imu)) if settings.level == 'imu' else None, self._base,
                      settings.shared_state)
        turns = (self._part(ImuTurns(node, self._log, imu, self._frames, settings.between.imu_time_offset))
                 if settings.between.rate or settings.level == 'imu' else None)
        for one in names:
            if not (settings.shared_state and self.memories):
                self.memories.append(self._memory(server, one, beside))
            self.cameras.append(Camera(node, server.replies, one, self.memories[-1], self._frames, start,
                                       server.worker, settings, server.weights, server.device, server.watch, turns))
        if settings.shared_state:
            for camera in self.cameras:
                camera.pipeline.beside = [other.pipeline for other in self.cameras if other is not camera]
        if len(names) > 1 or names[0].camera:
            several = {camera.name: camera.pipeline for camera in self.cameras}
            self._part(OfAllCameras(server.replies, server.worker, server.watch, several, len(self.memories)))
        self._part(PoseSetting(node, server.replies, names[0], server.worker, settings.map_frame, settings.odom_frame,
                               self.cameras[0].pipeline.set_pose))

    def _memory(self, server: Server, names: Names, beside: Memory | None) -> Memory:
        settings = self._settings
        log = self._log if settings.shared_state else Log(self._node, names.one)
        scaling = self._part(Scaling(self._node, log, settings.scale, settings.base_frame,
                                     f'{names.aboard}wheel_odometry', settings.lossless))
        return make_memory(log, server.loaded, settings, names, scaling, beside)

    def _part(self, part):
        self._parts.append(part)
        return part

    def apply(self, settings: Settings) -> None:
        """Take the node's new settings from the next frame on."""
        self._settings = settings = settings.of(self._name)
        self._base.bounds = settings.bounds
        for camera in self.cameras:
            camera.apply(settings)

    def look(self) -> list[str]:
        """Return what interferes, one line each; called once a second while active."""
        return [*self._rivals.look(), *self._frames.warnings]

    def rest(self) -> None:
        """Look round no more until the next time."""
        self._rivals.pause()

    def report(self) -> None:
        """Listen to TF as is needed, and tell diagnostics; called once a second."""
        self._frames.tend()
        for camera in self.cameras:
            camera.report()

    def destroy(self) -> None:
        """Take everything off the node."""
        for part in (*self.cameras, *self._parts, self._frames):
            part.destroy()
        self._rivals.pause()

    def _own_edges(self) -> dict[Edge, str]:
        """Return the edges of TF, (parent, child), that are ours as far as they are known, and what ends that."""
        settings = self._settings
        edges = self._frames.edges()
        if settings.base_frame:
            edges.add((settings.odom_frame, settings.base_frame))
        return {edge: 'publish_tf to false' if edge[1] != settings.odom_frame else "map_frame to ''"
                for edge in edges if settings.publish_tf or edge[1] == settings.odom_frame}
