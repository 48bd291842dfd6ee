# SPDX-License-Identifier: Apache-2.0
"""One world seen by one network under several settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ttt3r_ros.evaluation.accuracy import accuracy
from ttt3r_ros.model.checkpoint import LoadedNetwork
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.aligned import depth_on_model
from ttt3r_ros.reconstruction.depth import on_rays
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.sequences import Trajectory
from ttt3r_ros.synthetic import WideWorld, World

SIZE = (120, 160)  # of the camera's images
LENGTHS = (16, 50, 100, 200, 500, 1000)
RATE = 10  # frames a second: stamps need one, the numbers do not
CLOSE = 1.25
EDGE, EDGE_REACH = 1.2, 3  # a factor of depth, and pixels of the model's image


@dataclass(frozen=True)
class Setting:
    """An update rule by name, after how many frames the memory is reset, 0 for never, how segments are chained, how
    many of their memories are kept to close loops with, and what says how the camera goes on in them."""

    rule: str
    reset_interval: int = 0
    alignment: str = 'sim3'
    keyframes: int = 0
    step_source: str = 'model'

    def __str__(self) -> str:
        """Return the name that tables show."""
        return self.rule + (f', reset {self.reset_interval}' if self.reset_interval else '') + (
            f', {self.alignment}' if self.alignment != 'sim3' else '') + (
            f', {self.keyframes} keyframes' if self.keyframes else '') + (
            f', steps of {self.step_source}' if self.step_source != 'model' else '')

    def reconstructor(self, network: Network) -> Reconstructor:
        """Return one under it, before its first frame."""
        return Reconstructor(network, make_rule(self.rule), alignment=self.alignment,
                             policy=Interval(self.reset_interval) if self.reset_interval else None,
                             keyframes=self.keyframes, step_source=self.step_source)


@dataclass(frozen=True)
class Score:
    """The first `frames` frames of one world: metres, degrees and ratios, as in evaluation.accuracy.Accuracy.

    Of the poses in the map as they were told at the time: where a loop is closed they jump, and RPE counts that.

    abs_rel: mean |z − truth| / truth of the depth; close: share of pixels within a factor of 1.25; abs_rel_edges: as
    abs_rel, of the pixels near depth edges (NaN where there are none). None is aligned.
    gate, gate_spread: its mean over tokens and frames, and its mean deviation over the tokens of a frame.
    """

    world: int
    setting: str
    frames: int
    ate_sim3: float
    ate_se3: float
    rpe_translation: float
    rpe_rotation_deg: float
    abs_rel: float
    close: float
    abs_rel_edges: float
    path_length: float
    gate: float
    gate_spread: float


@dataclass(frozen=True)
class Outcome:
    """Scores by length, and both paths, positions (n, 3) in metres, the estimate rigidly laid on the truth."""

    scores: list[Score]
    truth: np.ndarray
    estimate: np.ndarray


class Trial:
    """A world filmed once; its seed is its name."""

    def __init__(self, seed: int, frames: int, size: tuple[int, int] = SIZE, wide: bool = False) -> None:
        """Render it; size: (h, w) of the camera's images; wide: a WideWorld.

        Raises ValueError where that has no way.
        """
        self.world = world = (WideWorld if wide else World)(seed, frames, size)
        stamps = np.arange(frames, dtype=np.int64) * (1_000_000_000 // RATE)
        self.seed, self.intrinsics, self.truth = seed, world.intrinsics, Trajectory(stamps, world.poses)
        self._film = list(world.film())

    def frames(self, loaded: LoadedNetwork, setting: Setting) -> Iterator[tuple[Frame, np.ndarray]]:
        """Reconstruct the world: each frame with its true depth; a prediction that is not finite ends it."""
        reconstructor = setting.reconstructor(loaded.network)
        for image, depth in self._film:
            try:
                frame = reconstructor.step(image)
            except NonFinitePrediction:
                return
            yield frame, depth

    def run(self, loaded: LoadedNetwork, setting: Setting, lengths: tuple[int, ...] = LENGTHS) -> Outcome:
        """Reconstruct the world and score it; lengths that were not reached have no score."""
        poses, depths, gates = [], [], []
        for frame, depth in self.frames(loaded, setting):
            poses.append(frame.correction @ frame.pose)
            depths.append(depth_errors(frame, depth))
            gates.append((frame.gate.mean, frame.gate.std))
        depths, gates = np.array(depths).reshape(-1, 3), np.array(gates).reshape(-1, 2)
        scores, last = [], None
        for length in (n for n in lengths if n <= len(poses)):
            found = accuracy(Trajectory(self.truth.stamps[:length], np.stack(poses[:length])), self.truth)
            if found is not None:
                last = found
                scores.append(Score(self.seed, str(setting), length, found.ate_sim3, found.ate_se3,
                                    found.rpe_translation, found.rpe_rotation_deg, *_means(depths[:length]),
                                    found.path_length, *gates[:length].mean(0).tolist()))
        places = np.array([pose[:3, 3] for pose in poses]).reshape(-1, 3)
        if last is not None:
            places = places @ last.rigid[:3, :3].T + last.rigid[:3, 3]
        return Outcome(scores, self.truth.poses[:, :3, 3], places)


def _means(rows: np.ndarray) -> list[float]:
    """Return the mean of each column (n, k), of what is not NaN; NaN where all is."""
    known = np.isfinite(rows)
    return [float(column[valid].mean()) if valid.any() else np.nan for column, valid in zip(rows.T, known.T)]


def depth_errors(frame: Frame, truth: np.ndarray) -> tuple[float, float, float]:
    """Return AbsRel, the share of pixels within a factor of 1.25, and AbsRel near edges (NaN where there are none).

    truth: the camera's depth (H, W), metres.
    """
    true = depth_on_model(truth, frame.pixel_map)
    ratio, edges = published_depth(frame) / true, near_edges(true)
    return (float(np.abs(ratio - 1).mean()), float((np.maximum(ratio, 1 / np.maximum(ratio, 1e-6)) < CLOSE).mean()),
            float(np.abs(ratio[edges] - 1).mean()) if edges.any() else np.nan)


def near_edges(depth: np.ndarray) -> np.ndarray:
    """Return which pixels (h, w) are within EDGE_REACH of one whose neighbour is farther by more than a fifth."""
    kernel = np.ones((3, 3), np.uint8)
    jump = cv2.dilate(depth, kernel) > EDGE * cv2.erode(depth, kernel)
    reach = 2 * EDGE_REACH - 1  # a jump is seen from both its sides already
    return cv2.dilate(jump.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0


def published_points(frame: Frame) -> np.ndarray:
    """Return a frame's points (h, w, 3) as the node publishes them: on their pinhole's rays, where one is known."""
    return on_rays(frame.points, frame.intrinsics)[1]


def published_depth(frame: Frame) -> np.ndarray:
    """Return a frame's depth (h, w) along z as the node publishes it; where it has none 0, as wrong as can be."""
    return np.nan_to_num(published_points(frame)[..., 2], nan=0.0)


def true_intrinsics(frame: Frame, camera: np.ndarray) -> np.ndarray:
    """Return the matrix (3, 3) of the model's pixels, given the camera's."""
    return np.linalg.inv(frame.pixel_map.to_original(np.eye(3))) @ camera
