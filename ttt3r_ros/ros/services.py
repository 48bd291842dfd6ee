# SPDX-License-Identifier: Apache-2.0
"""The node's services; each runs its part on the inference thread, between two frames."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from std_srvs.srv import Trigger

from ttt3r_ros.model.network import RayMapError
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.reconstructor import CannotReset
from ttt3r_ros.reconstruction.state_file import StateFileError
from ttt3r_ros.reconstruction.whole_file import FileError, FilePath
from ttt3r_ros.ros.cloud_output import MapError
from ttt3r_ros.ros.pipeline import Pipeline
from ttt3r_ros.ros.views import QueryError, answer_query
from ttt3r_ros.ros.worker import Worker
from ttt3r_ros.srv import LoadState, QueryView, SaveMap, SaveState


class Services:
    """`~/reset`, `~/save_state`, `~/load_state`, `~/save_map` and `~/query_view` of one camera."""

    def __init__(self, node: LifecycleNode, prefix: str, worker: Worker, pipeline: Pipeline, state_path: str,
                 files_dir: str) -> None:
        """Create them; state_path: the file where a request names none, may be empty. files_dir: the folder of all that
        requests name. prefix: see Outputs."""
        self._node, self._worker, self._pipeline = node, worker, pipeline
        self._state_path, self._files_dir = state_path, files_dir
        self._services = [node.create_service(kind, f'~/{prefix}{name}', answer) for kind, name, answer in (
            (Trigger, 'reset', self._reset), (SaveState, 'save_state', self._save),
            (LoadState, 'load_state', self._load), (SaveMap, 'save_map', self._save_map),
            (QueryView, 'query_view', self._query))]

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            response.message = self._worker.call(self._pipeline.reset)
            response.success = True
        except CannotReset as error:
            response.message = f'the memory goes on as it was: {error}'
        return self._told('reset', response)

    def _save(self, request: SaveState.Request, response: SaveState.Response) -> SaveState.Response:
        try:
            path = self._state(request.path)
            # The disk is waited for here, not on the inference thread.
            snapshot, context = self._worker.call(self._pipeline.state_to_save)
            self._pipeline.save_state(path, snapshot, context)
            response.success, response.message = True, f'{path}: {len(snapshot) / 1e6:.1f} MB'
        except (StateFileError, FileError) as error:
            response.message = str(error)
        return self._told('save_state', response)

    def _load(self, request: LoadState.Request, response: LoadState.Response) -> LoadState.Response:
        try:
            path = self._state(request.path)
            snapshot, context = state_file.load(path)
            self._worker.call(lambda: self._pipeline.resume_from(path, snapshot, context))
            response.success, response.message = True, f'{path}: the next image is relocated against it'
        except (StateFileError, FileError) as error:
            response.message = str(error)
        return self._told('load_state', response)

    def _save_map(self, request: SaveMap.Request, response: SaveMap.Response) -> SaveMap.Response:
        try:
            target = FilePath.below(self._files_dir, request.path)
            response.message = self._worker.call(lambda: self._pipeline.save_map(target))
            response.success = True
        except (MapError, FileError) as error:
            response.message = str(error)
        return self._told('save_map', response)

    def _query(self, request: QueryView.Request, response: QueryView.Response) -> QueryView.Response:
        try:
            answer_query(request, response, lambda ask: self._worker.call(lambda: self._pipeline.query(ask)))
            response.success = True
        except (QueryError, RayMapError, NonFinitePrediction) as error:
            response.message = str(error)
        return self._told('query_view', response)

    def _state(self, path: str) -> FilePath:
        """Return the state file that a request names: below files_dir, or the operator's own. Raises FileError."""
        return FilePath.below(self._files_dir, path) if path else FilePath.of(self._state_path)

    def _told(self, name: str, response):
        log = self._node.get_logger()
        # One line for each level: rclpy refuses another severity from the same line.
        if response.success:
            log.info(f'{name}: {response.message or "answered"}')
        else:
            log.warning(f'{name} failed: {response.message}')
        return response

    def destroy(self) -> None:
        """Take the services off the node."""
        for service in self._services:
            self._node.destroy_service(service)
