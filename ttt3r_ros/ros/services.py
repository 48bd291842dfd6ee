# SPDX-License-Identifier: Apache-2.0
"""The node's services; each runs its part on the inference thread, between two frames, and the disk's on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from std_srvs.srv import Trigger

from ttt3r_ros.model.network import RayMapError
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.reconstructor import CannotReset
from ttt3r_ros.reconstruction.state_file import StateFileError
from ttt3r_ros.reconstruction.trajectory import ChainError
from ttt3r_ros.reconstruction.whole_file import FileError, FilePath
from ttt3r_ros.ros.device_watch import DeviceWatch
from ttt3r_ros.ros.map_output import MapError
from ttt3r_ros.ros.names import Names
from ttt3r_ros.ros.path_output import PathError
from ttt3r_ros.ros.pipeline import Pipeline
from ttt3r_ros.ros.replies import Replies
from ttt3r_ros.ros.views import QueryError, answer_query, question
from ttt3r_ros.ros.worker import Worker
from ttt3r_ros.srv import LoadState, QueryView, SaveMap, SaveState, SetPose

KINDS = {'reset': Trigger, 'start_afresh': Trigger, 'save_state': SaveState, 'load_state': LoadState,
         'save_map': SaveMap, 'save_trajectory': SaveMap, 'query_view': QueryView}
OF_ALL = ('reset', 'start_afresh')  # also of several cameras together


def offered(cameras: Iterable[Names]) -> dict[str, type]:
    """Return all services by name, for cameras of these names: they are there from the start."""
    found = {}
    for names in cameras:
        found |= {f'{names.own}set_pose': SetPose}
        found |= {f'{names.own}{service}': Trigger for service in OF_ALL} if names.camera else {}
        found |= {f'{names.outputs}{service}': kind for service, kind in KINDS.items()}
    return found


class Services:
    """`~/reset`, `~/start_afresh`, those that save and load, and `~/query_view` of one camera."""

    def __init__(self, replies: Replies, prefix: str, worker: Worker, device: DeviceWatch, pipeline: Pipeline,
                 state_path: str, files_dir: str) -> None:
        """Create them; state_path: the file where a request names none, may be empty. files_dir: the folder of all that
        requests name. prefix: see Outputs."""
        self._replies, self._worker, self._device, self._pipeline = replies, worker, device, pipeline
        self._state_path, self._files_dir = state_path, files_dir
        self._services = [replies.service(KINDS[name], f'{prefix}{name}', *answered) for name, *answered in (
            ('reset', self._reset, CannotReset),
            ('start_afresh', self._start_afresh, ()),
            ('save_state', self._save, (StateFileError, FileError)),
            ('load_state', self._load, (StateFileError, FileError)),
            ('save_map', self._save_map, (MapError, PathError, FileError)),
            ('save_trajectory', self._save_trajectory, (PathError, FileError)),
            ('query_view', self._query, (QueryError, RayMapError, NonFinitePrediction)))]

    async def _reset(self, request: Trigger.Request, response: Trigger.Response) -> None:
        response.message = await self._inferring(self._pipeline.reset)

    async def _start_afresh(self, request: Trigger.Request, response: Trigger.Response) -> None:
        response.message = await self._inferring(self._pipeline.start_afresh)

    async def _save(self, request: SaveState.Request, response: SaveState.Response) -> None:
        path = self._state(request.path)
        snapshot, context = await self._inferring(self._pipeline.saved.take)
        await self._replies.from_disk(lambda: self._pipeline.saved.write(path, snapshot, context))
        response.message = f'{path}: {len(snapshot) / 1e6:.1f} MB'

    async def _load(self, request: LoadState.Request, response: LoadState.Response) -> None:
        path = self._state(request.path)
        snapshot, context = await self._replies.from_disk(lambda: state_file.load(path))
        await self._inferring(lambda: self._pipeline.load(path, snapshot, context))
        response.message = f'{path}: the next images are relocated against it'

    async def _save_map(self, request: SaveMap.Request, response: SaveMap.Response) -> None:
        target = FilePath.below(self._files_dir, request.path)
        writings = await self._inferring(lambda: self._pipeline.map_to_save(target))
        done: list[str] = []
        try:
            for writing in writings:
                await self._replies.from_disk(writing.write)
                done.append(writing.told)
        except FileError as error:
            raise MapError(f'{error}; written: {", ".join(done) or "nothing"}') from error
        response.message = ', '.join(done)

    async def _save_trajectory(self, request: SaveMap.Request, response: SaveMap.Response) -> None:
        target = FilePath.below(self._files_dir, request.path)
        writing = await self._inferring(lambda: self._pipeline.path_to_save(target))
        await self._replies.from_disk(writing.write)
        response.message = writing.told

    async def _query(self, request: QueryView.Request, response: QueryView.Response) -> None:
        asked = question(request)
        answer_query(response, *await self._inferring(lambda: self._pipeline.query(asked)))

    async def _inferring(self, function: Callable[[], Any]) -> Any:
        return await self._replies.of(self._worker.ask(lambda: self._device.attempt(function)))

    def _state(self, path: str) -> FilePath:
        """Return the state file that a request names: below files_dir, or the operator's own. Raises FileError."""
        return FilePath.below(self._files_dir, path) if path else FilePath.of(self._state_path)

    def destroy(self) -> None:
        """Answer no more."""
        self._replies.take_off(self._services)


class OfAllCameras:
    """`~/reset` and `~/start_afresh` of a node with several cameras: one call for all of their memories."""

    def __init__(self, replies: Replies, worker: Worker, device: DeviceWatch, pipelines: dict[str, Pipeline],
                 memories: int) -> None:
        """Create them; pipelines by camera, of which the first so many have a memory each."""
        self._replies, self._worker, self._device = replies, worker, device
        self._pipelines, self._memories = pipelines, memories
        self._services = [replies.service(Trigger, f'~/{name}', answer, CannotReset)
                          for name, answer in zip(OF_ALL, (self._reset, self._start_afresh), strict=True)]

    async def _reset(self, request: Trigger.Request, response: Trigger.Response) -> None:
        response.message = await self._inferring(self._reset_each)

    async def _start_afresh(self, request: Trigger.Request, response: Trigger.Response) -> None:
        response.message = await self._inferring(self._drop_each)

    async def _inferring(self, function: Callable[[], str]) -> str:
        return await self._replies.of(self._worker.ask(lambda: self._device.attempt(function)))

    def _reset_each(self) -> str:
        """Reset each; return what happened. Raises ChainError if one could not be: the others are."""
        told, refused = [], []
        for name, pipeline in list(self._pipelines.items())[:self._memories]:
            try:
                told.append(f'{name}: {pipeline.reset()}')
            except CannotReset as error:
                refused.append(f'{name}: {error}')
        if refused:
            raise ChainError('; '.join(refused + told))
        return '; '.join(told)

    def _drop_each(self) -> str:
        """Drop all that there is; return what happened, of each the same."""
        return [pipeline.start_afresh(alone=False) for pipeline in self._pipelines.values()][-1]

    def destroy(self) -> None:
        """Answer no more."""
        self._replies.take_off(self._services)
