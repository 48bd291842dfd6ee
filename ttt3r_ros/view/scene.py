# SPDX-License-Identifier: Apache-2.0
"""What stands in the 3D view: the map, the path, the cameras, the frame at the slider."""

from __future__ import annotations

import numpy as np
import viser

from ttt3r_ros.view.budget import FRAME_POINTS, FRUSTA, KEPT_FRAMES, MAP_POINTS, PATH_POINTS, THUMBNAIL, spread
from ttt3r_ros.view.shown_frame import Cloud, ShownFrame

PATH, CAMERA, NOW, ANSWER = (255, 140, 0), (40, 90, 200), (220, 30, 60), (20, 150, 60)
PATH_PX, CAMERA_PX, NOW_PX = 4.0, 1.5, 3.0
FRUSTUM_SHARE = 0.08  # of the median depth


class Scene:
    """The nodes of one viser server; names are used again, so that a slow browser gets the newest alone."""

    def __init__(self, server: viser.ViserServer) -> None:
        """Take the server."""
        self._scene = server.scene
        self._kept: dict[int, ShownFrame] = {}
        self._clouds: dict[int, viser.PointCloudHandle] = {}
        self._frusta: dict[int, viser.CameraFrustumHandle] = {}
        self.now: ShownFrame | None = None
        self.answer: ShownFrame | None = None
        self._size: float | None = None
        self.point_size = 0.004  # of the median depth
        self.unsure = 0.2  # the share of points that is left out, the least confident
        self.with_frame = self.with_map = self.with_frusta = self.with_path = self.with_answer = True

    def face(self, poses: np.ndarray, least: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Say which way is up for poses (n, 4, 4); return where to look from, at what, and up, each (3,).

        least: metres to stand away at least, where nobody knows yet how large all is.
        """
        up = -poses[:, :3, 1].mean(axis=0)
        up /= max(np.linalg.norm(up), 1e-9)
        self._scene.set_up_direction(up)
        ahead = poses[:, :3, 2].mean(axis=0)
        ahead -= up * (ahead @ up)
        ahead /= max(np.linalg.norm(ahead), 1e-9)
        middle, way = poses[:, :3, 3].mean(axis=0), np.ptp(poses[:, :3, 3], axis=0).max()
        far = max(way + 1.2 * self.size, least)
        return middle + far * (0.5 * up - 0.8 * ahead), middle + 0.4 * far * ahead, up

    def measure(self, frame: ShownFrame) -> None:
        """Take the size of what is drawn from a frame's depth."""
        self._size = frame.distance

    def keep(self, frame: ShownFrame, points: int = MAP_POINTS // KEPT_FRAMES) -> None:
        """Add a frame's points to the map, and its camera."""
        if self._size is None:
            self.measure(frame)
        self._kept[frame.index] = frame.kept(points, THUMBNAIL)
        self._draw_kept(frame.index)

    def forget(self, index: int) -> None:
        """Take a kept frame out."""
        del self._kept[index]
        for handles in (self._clouds, self._frusta):
            if index in handles:
                handles.pop(index).remove()

    def draw_path(self, poses: np.ndarray) -> None:
        """Draw the way through poses (n, 4, 4)."""
        way = poses[spread(len(poses), PATH_POINTS), :3, 3].astype(np.float32)
        self._scene.add_line_segments('/path', np.stack([way[:-1], way[1:]], axis=1), PATH, thickness=PATH_PX,
                                      thickness_units='screen', visible=self.with_path and len(way) > 1)

    def show(self, frame: ShownFrame) -> None:
        """Put a frame at the slider: its cloud densely, its camera in another colour, of the map what was seen before.
        """
        if self._size is None:
            self.measure(frame)
        self.now = frame
        self._draw_whole('/now', frame, NOW, self.with_frame)
        self._show_kept()

    def draw_answer(self, frame: ShownFrame) -> None:
        """Draw what the memory has answered, in place of what it answered before."""
        self.answer = frame
        self._draw_whole('/answer', frame, ANSWER, self.with_answer)

    def draw_again(self) -> None:
        """Bring everything to the present settings."""
        for index in self._kept:
            self._draw_kept(index)
        if self.now is not None:
            self.show(self.now)
        if self.answer is not None:
            self.draw_answer(self.answer)

    @property
    def size(self) -> float:
        """Return the median depth that sizes are shares of, metres."""
        return self._size or 1.0

    @property
    def cameras(self) -> list[int]:
        """Return the frames whose cameras are drawn."""
        return sorted(self._frusta)

    def points_sent(self) -> int:
        """Return how many points are in the browser."""
        whole = (self.now is not None) + (self.answer is not None)
        return sum(len(frame.cloud.points) for frame in self._kept.values()) + whole * FRAME_POINTS

    def _draw_kept(self, index: int) -> None:
        frame = self._kept[index]
        self._clouds[index] = self._draw_cloud(f'/map/{index}', frame.cloud.without(self.unsure))
        kept = list(self._kept)
        wanted = set(kept[::-(-len(kept) // FRUSTA)])  # the same ones, until there are too many
        for other in wanted - set(self._frusta):
            self._frusta[other] = self._draw_camera(f'/cameras/{other}', self._kept[other], CAMERA, CAMERA_PX)
        for other in set(self._frusta) - wanted:
            self._frusta.pop(other).remove()
        self._show_kept()

    def _show_kept(self) -> None:
        last = self.now.index if self.now is not None else np.inf
        for handles, wanted in ((self._clouds, self.with_map), (self._frusta, self.with_frusta)):
            for index, handle in handles.items():
                visible = wanted and index <= last
                if handle.visible != visible:
                    handle.visible = visible

    def _draw_whole(self, name: str, frame: ShownFrame, colour: tuple[int, int, int], visible: bool) -> None:
        cloud = frame.cloud.without(self.unsure).thinned(FRAME_POINTS, frame.index)
        for handle in (self._draw_cloud(f'{name}/cloud', cloud),
                       self._draw_camera(f'{name}/camera', frame.kept(0, THUMBNAIL), colour, NOW_PX)):
            handle.visible = visible

    def _draw_cloud(self, name: str, cloud: Cloud) -> viser.PointCloudHandle:
        # float32: half precision has steps of a centimetre and more at 20 m.
        return self._scene.add_point_cloud(name, cloud.points, cloud.colours, precision='float32', point_shading='flat',
                                           point_size=self.point_size * self.size)

    def _draw_camera(self, name: str, frame: ShownFrame, colour: tuple[int, int, int],
                     width: float) -> viser.CameraFrustumHandle:
        turn = viser.transforms.SO3.from_matrix(frame.pose[:3, :3])
        return self._scene.add_camera_frustum(
            name, frame.fov, frame.aspect, scale=FRUSTUM_SHARE * self.size, color=colour, thickness=width,
            thickness_units='screen', image=np.ascontiguousarray(frame.picture), format='jpeg',
            wxyz=turn.wxyz, position=frame.pose[:3, 3])
