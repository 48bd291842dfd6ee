# SPDX-License-Identifier: Apache-2.0
"""How far a lower precision's answers are from float32's, frame after frame of the recurrence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ttt3r_ros.model.network import Network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.reconstructor import Reconstructor


@dataclass(frozen=True)
class Deviation:
    """One value a frame: position, as a share of the distance from the origin; degrees; middle pixel's share of its
    distance from the camera."""

    position: list[float]
    rotation_deg: list[float]
    points: list[float]


def deviations(networks: dict[str, Network], rule: str, images: list[np.ndarray],
               progress: Callable[[], None]) -> dict[str, Deviation]:
    """Step all networks, float32's among them, through the images; return what each of the others is off by."""
    reconstructors = {precision: Reconstructor(network, make_rule(rule)) for precision, network in networks.items()}
    found = {precision: Deviation([], [], []) for precision in networks if precision != 'float32'}
    for image in images:
        frames = {precision: reconstructor.step(image) for precision, reconstructor in reconstructors.items()}
        for precision, deviation in found.items():
            _compare(deviation, frames['float32'], frames[precision])
        progress()
    return found


def _compare(deviation: Deviation, exact: Frame, found: Frame) -> None:
    distance = np.linalg.norm(exact.pose[:3, 3])
    deviation.position.append(float(np.linalg.norm(found.pose[:3, 3] - exact.pose[:3, 3]) / distance))
    turn = exact.pose[:3, :3].T @ found.pose[:3, :3]
    # By the sine of half the angle: the cosine of a small one is 1.
    sine = min(1.0, np.linalg.norm(turn - np.eye(3)) / 8 ** 0.5)
    deviation.rotation_deg.append(float(np.degrees(2 * np.arcsin(sine))))
    off = np.linalg.norm(found.points - exact.points, axis=-1) / np.linalg.norm(exact.points, axis=-1)
    deviation.points.append(float(np.median(off)))
