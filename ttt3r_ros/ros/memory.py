# SPDX-License-Identifier: Apache-2.0
"""What the cameras of a node have of its network: the weights' own say, and a memory."""

from __future__ import annotations

from dataclasses import dataclass

from ttt3r_ros.model.checkpoint import LoadedNetwork
from ttt3r_ros.reconstruction.covariance_fit import Fit
from ttt3r_ros.reconstruction.odometry import World
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import CameraGap
from ttt3r_ros.reconstruction.state_file import Autosave, StateFileError
from ttt3r_ros.reconstruction.tracking import TrackingMonitor
from ttt3r_ros.reconstruction.weights_profile import TrainedOn
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.names import Names
from ttt3r_ros.ros.parameters import Settings
from ttt3r_ros.ros.scaling import Scaling

WARM_UP_SIZE = (480, 640)


@dataclass(frozen=True)
class Weights:
    """What the network was loaded from: its name, whether it is more than random numbers, what is known of the
    covariances of its poses, and what it has seen."""

    name: str
    trained: bool
    fit: Fit
    trained_on: TrainedOn


@dataclass(frozen=True)
class Memory:
    """One memory and what goes with it: its cameras, one or several, share all of this."""

    reconstructor: Reconstructor
    world: World
    scaling: Scaling
    gap: CameraGap
    autosave: Autosave


def make_memory(log: Log, loaded: LoadedNetwork, settings: Settings, names: Names, scaling: Scaling,
                beside: Memory | None) -> Memory:
    """Return a fresh memory for a camera of these names; beside: one of the same network, see Reconstructor."""
    network, trained = loaded.network, loaded.trained

    def unsaved(error: StateFileError) -> None:
        log.error(f'the state is not saved: {error}')

    # Random poses, and those of several cameras in turn, follow from no last one.
    monitor = TrackingMonitor(settings.bounds) if trained and not settings.shared_state else None
    reconstructor = Reconstructor(network, settings.rule, **settings.segments.options(),
                                  keyframes=settings.keyframes, monitor=monitor,
                                  beside=None if beside is None else beside.reconstructor, name=log.name)
    reconstructor.warm_up(WARM_UP_SIZE, reconstructor.settling)
    autosave = Autosave(state_path(settings, names.one), settings.autosave_interval, unsaved)
    autosave.try_out()
    return Memory(reconstructor, World(), scaling, CameraGap(settings.max_gap), autosave)


def state_path(settings: Settings, name: str) -> str:
    """Return the file of a memory, '' for none: of several memories with the name of the camera or robot in it."""
    if not (settings.state_file and name) or settings.shared_state:
        return settings.state_file
    folder, slash, file = settings.state_file.rpartition('/')
    stem, dot, suffix = file.rpartition('.')
    return f'{folder}{slash}{stem}.{name}{dot}{suffix}' if stem else f'{settings.state_file}.{name}'
