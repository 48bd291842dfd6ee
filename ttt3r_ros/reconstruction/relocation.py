# SPDX-License-Identifier: Apache-2.0
"""After a restart: the first image against the stored memory, and whether the answer can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.likeness import NEAREST
from ttt3r_ros.reconstruction.reconstructor import CannotReset, Reconstructor
from ttt3r_ros.reconstruction.trajectory import Boundary, extent

FEWEST_IN_VIEW = 0.1  # share of the stored points; with fewer in view the two images show different things
DEPTH_TOLERANCE = 0.25  # of the depth: a monocular model's metres are that sure after a restart


@dataclass(frozen=True)
class Limits:
    """What is believed. Generous: a wrong no costs a segment boundary, a wrong yes a lost robot.

    max_speed m/s, max_turn_rate rad/s: the robot's own. free_distance m, free_turn rad: granted however little time
    has passed, for the model's noise. longest_s: after a longer pause the robot may be anywhere, and only the points
    testify. min_confidence: least share of the stored image's median confidence above 1. min_agreement: least share
    of the stored points in view that must lie where they are seen now.
    """

    max_speed: float = 2.0
    max_turn_rate: float = 2.0
    free_distance: float = 0.5
    free_turn: float = 0.5
    longest_s: float = 60.0
    min_confidence: float = 0.25
    min_agreement: float = 0.3


def relocate(reconstructor: Reconstructor, snapshot: bytes, image: np.ndarray, elapsed_s: float | None,
             limits: Limits = Limits(), *, stamp: int | None = None) -> tuple[Frame | None, list[str]]:
    """Restore a snapshot and step the first image after it; return the Frame and what was not believed on the way.

    The stored memory is asked first. If its answer is not plausible, the stored image begins a fresh segment at its
    place, and the image is asked again. If that is not plausible either there is no Frame, and the reconstructor is
    as it was, but without keyframes: a pose is the model's own or it is not told. Raises SnapshotError, and what
    Reconstructor.step raises.
    """
    before, doubts = reconstructor.snapshot(), []
    for fresh in (False, True):
        reconstructor.restore(snapshot)
        stored = reconstructor.last_view
        if stored is None:
            return reconstructor.step(image, stamp=stamp), doubts
        try:
            if fresh:
                reconstructor.reset()
            frame = reconstructor.step(image, stamp=stamp)
        except CannotReset as error:
            doubts.append(str(error))
            continue
        except ValueError:
            reconstructor.restore(before)
            raise
        if not frame.trusted:
            doubts.append(frame.tracking.reason)
            continue
        verdict = judge(stored, Boundary(frame.pose, frame.points, frame.confidence), frame.intrinsics, elapsed_s,
                        limits)
        if verdict.plausible:
            return frame, doubts
        doubts.append(verdict.reason)
    reconstructor.restore(before)
    return None, doubts


@dataclass(frozen=True)
class Verdict:
    """Why the pose is not believed, None if it is; and what was found.

    distance m and turn rad from the stored pose; agreement: see `agreement`, None where the points say nothing.
    """

    reason: str | None
    distance: float
    turn: float
    agreement: float | None

    @property
    def plausible(self) -> bool:
        """Say whether the pose may be published."""
        return self.reason is None


def judge(stored: Boundary, found: Boundary, intrinsics: np.ndarray, elapsed_s: float | None,
          limits: Limits = Limits()) -> Verdict:
    """Say whether the first pose after a restore follows from the last one before it.

    stored and found: the last frame saved and the first one after, both poses (4, 4) camera-to-world in the path's
    world, points (h, w, 3) in their camera's frame and in the path's metres. intrinsics (3, 3): of the found image,
    a NaN focal length if unknown. elapsed_s: between their stamps; None, or below 0, where the clocks do not
    compare. With neither a short pause nor common points there is no witness, and the answer is no.
    """
    if not (np.isfinite(found.pose).all() and np.isfinite(found.confidence).all()):
        return Verdict('the answer is not finite', np.nan, np.nan, None)
    motion = np.linalg.inv(stored.pose) @ found.pose
    distance, turn = extent(motion)
    agreeing = agreement(stored, found, intrinsics)

    def verdict(reason: str | None) -> Verdict:
        return Verdict(reason, distance, turn, agreeing)

    before, now = np.median(stored.confidence), np.median(found.confidence)
    if now - 1 < limits.min_confidence * (before - 1):
        return verdict(f'the confidence fell from {before:.2f} to {now:.2f}')
    timed = elapsed_s is not None and 0 <= elapsed_s <= limits.longest_s
    if timed:
        reach = limits.free_distance + limits.max_speed * elapsed_s
        if distance > reach:
            return verdict(f'{distance:.2f} m in {elapsed_s:.1f} s, of {reach:.2f} m possible')
        swing = limits.free_turn + limits.max_turn_rate * elapsed_s
        if turn > swing:
            return verdict(f'a turn of {turn:.2f} rad in {elapsed_s:.1f} s, of {swing:.2f} rad possible')
    if agreeing is not None and agreeing < limits.min_agreement:
        return verdict(f'{agreeing:.0%} of the stored points are seen where they were')
    if agreeing is None and not timed:
        return verdict('nothing bears it out: the pause is too long or unknown, and no stored point is in view')
    return verdict(None)


def agreement(stored: Boundary, found: Boundary, intrinsics: np.ndarray) -> float | None:
    """Return the share of the stored points in the found camera's view that it sees at their depth.

    Only the more confident half of the stored points is asked, at the pixels they fall on. None where the focal
    length is unknown or less than FEWEST_IN_VIEW of them are in view. Arguments as for `judge`.
    """
    if not np.isfinite(intrinsics).all():
        return None
    points = stored.points[stored.confidence >= np.median(stored.confidence)].astype(np.float64)
    motion = np.linalg.inv(found.pose) @ stored.pose
    seen = points @ motion[:3, :3].T + motion[:3, 3]
    seen = seen[seen[:, 2] > NEAREST]
    pixel = np.rint((seen @ intrinsics.T)[:, :2] / seen[:, 2:])
    height, width = found.confidence.shape
    inside = ((pixel >= 0) & (pixel < (width, height))).all(axis=1)
    if inside.sum() < max(1, FEWEST_IN_VIEW * len(points)):
        return None
    column, row = pixel[inside].astype(np.intp).T
    depth = seen[inside, 2]
    return float((np.abs(found.points[row, column, 2] - depth) <= DEPTH_TOLERANCE * depth).mean())
