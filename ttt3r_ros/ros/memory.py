# SPDX-License-Identifier: Apache-2.0
"""What the cameras of a node have of its network: the weights' own say, and a memory."""

from __future__ import annotations

from dataclasses import dataclass

from ttt3r_ros.reconstruction.odometry import World
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import CameraGap
from ttt3r_ros.reconstruction.state_file import Autosave
from ttt3r_ros.reconstruction.uncertainty import Fit
from ttt3r_ros.reconstruction.weights_profile import TrainedOn
from ttt3r_ros.ros.scaling import Scaling


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
