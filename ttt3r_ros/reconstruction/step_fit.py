# SPDX-License-Identifier: Apache-2.0
"""The step that takes what one image shows best to where it was found in another: least squares.

Depths are in units of their median; rays (x, y) are points at depth 1, as the given focal length has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.lens_bending import Bend, grown

FEWEST = 12  # corners that a step can be set right by
# Standard deviations: of a corner's place, pixels; of the logarithm of its depth, and of all depths' scale; of the told
# step, parts of the median depth, at least and for each such part that it is long, and radians. What others give is in
# weights/MODEL_CARD.md.
PLACE, DEPTH, SCALE, STEP, STEP_LONG, TURN = 0.2, 0.15, 0.2, 5e-4, 0.2, 0.02
FARTHEST = 20  # of these deviations from the told step; what images say beyond is nonsense
# A corner's error squared, in its deviations, and the part of them that must fit: 97 % of images that follow on each
# other have more, of those of two rooms none had 0.17.
FITS, FEWEST_FIT = 9.0, 0.2
MEDIAN = 1.39  # of that error squared, as presumed; of a step whose corners have more, variances grow by the root
TAILS = 4.0  # degrees of freedom of Student's t: corners on what moves by itself, and false ones, hardly count
ROUNDS, SETTLED = 5, 1e-4  # of Gauss and Newton, which end with a change of less, radians and parts of the depth
NEAREST = 1e-3  # of the median depth: nearer points are not divided by
# Deviations: of the logarithm of the focal length, where one was found through a bend nobody knew of; of bends, beyond
# which two images tell none.
LOOSE, VAGUE = 0.3, 10.0


@dataclass(frozen=True)
class Fit:
    """`back` (4, 4), which best takes points (3, n) to the rays found, its covariance (6, 6), shift and turn, and the
    focal length after it.

    square (n,): of the points' errors, in their deviations; error (2, n) and slope (8, 2, n): what _errors told last,
    before the last change from gone (8,); certain (8,): one over the variances of these, as presumed.
    """

    back: np.ndarray
    covariance: np.ndarray
    focal: FocalLength
    points: np.ndarray
    square: np.ndarray
    error: np.ndarray
    slope: np.ndarray
    gone: np.ndarray
    certain: np.ndarray

    @classmethod
    def of(cls, told: np.ndarray, rays: np.ndarray, depth: np.ndarray, found: np.ndarray,
           focal: FocalLength) -> Fit | None:
        """Return the one near a told `back`, of rays (n, 2) with depths (n,) that were found at (2, n).

        Gauss and Newton's steps of least squares, weighed anew in each. None if they lead far away from what is told,
        or next to no corners fit.
        """
        back, place = told, PLACE / focal.pixels
        certain = np.append(presumed(told), (SCALE, focal.deviation)) ** -2
        prior = np.diag(certain)
        points = np.vstack((rays.T * depth, depth))
        gone = np.zeros(len(certain))  # a shift, a turn, the logarithms of the depths' scale and of the focal length
        for _ in range(ROUNDS):
            before = gone
            error, slope = _errors(back, *np.exp(gone[6:]), points, found, place)
            square = (error * error).sum(axis=0)
            weight = _weight(square)
            weighed = (slope * weight).reshape(len(gone), -1)
            sharpness = weighed @ weighed.T + prior
            change = _solved(sharpness, weighed @ (error * weight).ravel() - certain * gone)
            back, gone = _moved(back, change[:6]), gone + change
            if np.abs(change).max() < SETTLED:
                break
        near = (np.abs(gone) * np.sqrt(certain) < FARTHEST).all()
        if not near or np.count_nonzero(square < FITS) < max(FEWEST, FEWEST_FIT * len(depth)):
            return None
        covariance = np.linalg.inv(sharpness)
        doubt = max(1.0, float(np.median(square)) / MEDIAN) ** 0.5
        return cls(back, doubt * covariance[:6, :6], focal.corrected(float(gone[7]), float(covariance[7, 7])), points,
                   square, error, slope, before, certain)

    def bend(self, straightened: float, size: tuple[int, int], focal: float) -> Bend:
        """Return what the errors tell of how the lens bends lines, of a step of this unit.

        straightened: the bend that the images (h, w) are rid of; focal: pixels, that rays are told with. Where points
        were found is as uncertain as ever, so that how these move is told where they are expected. What fits badly is
        left out, as nearly all of it is false, and lies inside the image.
        """
        unit = focal / (np.hypot(*size) / 2)  # of rays, half diagonals
        turn = np.exp(self.gone[6]) * self.back[:3, :3]
        shifted = turn @ self.points + self.back[:3, 3:]
        depth = np.maximum(shifted[2], NEAREST)
        here = shifted[:2] / depth
        first, other = (grown(rays.T * unit, straightened, size).T / unit for rays in (self.points[:2] / self.points[2],
                                                                                      here))
        sideways = turn[:, :2] @ (first * self.points[2])
        x, y = (sideways[:2] - here * sideways[2]) / depth - other
        # Of a shift the slope is what it does to rays, one over the depth, in the errors' deviations.
        slope = np.concatenate((self.slope, [(self.slope[0] * x + self.slope[1] * y) * depth]))
        weight = np.where(self.square < FITS, _weight(self.square), 0)
        weighed = (slope * weight).reshape(len(slope), -1)
        certain = np.append(self.certain, VAGUE ** -2)
        certain[7] = LOOSE ** -2
        pulled = certain * np.append(self.gone, 0)
        pulled[7] = 0
        covariance = np.linalg.inv(weighed @ weighed.T + np.diag(certain))
        variance = covariance[8, 8]
        if not variance > 0:  # so large or small are the points' numbers
            return Bend(straightened, np.inf, 0.0)
        with_it = covariance[:, 8] / variance  # what else changes with each unit of it
        told = variance < VAGUE ** 2 / 2
        value = covariance[8] @ (weighed @ (self.error * weight).ravel() - pulled) if told else 0.0
        # A shift and a turn of the points that are seen are the camera's the other way round.
        return Bend(straightened + float(value), float(variance) ** 0.5 if told else np.inf, float(with_it[7]),
                    -with_it[:6])


def presumed(back: np.ndarray) -> np.ndarray:
    """Return the standard deviations (6,) of a told step, of depths of median 1: shift and turn."""
    return np.array([STEP + STEP_LONG * np.linalg.norm(back[:3, 3])] * 3 + [TURN] * 3)


def _weight(square: np.ndarray) -> np.ndarray:
    """Return the roots of what errors count for, by their squares."""
    return np.sqrt((TAILS + 2) / (TAILS + square))


def _errors(back: np.ndarray, scale: float, longer: float, points: np.ndarray, found: np.ndarray,
            place: float) -> tuple[np.ndarray, np.ndarray]:
    """Return by how many deviations rays (2, n) lie beside those found, and how that changes (8, 2, n) with a step.

    Of points (3, n) times a scale, in the frame of the other camera, if the focal length is so many times longer than
    they and what was found are told with; with a shift and a turn of that frame and the logarithms of both. place: a
    corner's deviation, as rays are.
    """
    place, found, depth = place / longer, found / longer, points[2]
    turn = scale * back[:3, :3]
    sideways = (turn[:, :2] / longer) @ points[:2]
    turned = sideways + turn[:, 2:] * depth
    shifted = turned + back[:3, 3:]
    inverse = 1 / np.maximum(shifted[2], NEAREST)
    x, y = here = shifted[:2] * inverse
    # Where a point goes as its depth grows: the depth's error lies along it. The covariance of both errors is
    # place² I + DEPTH² along alongᵀ; dx and dy are the columns of place times the root of its inverse.
    along = (turned[:2] - here * turned[2]) * inverse
    spread = np.sqrt(place ** 2 + DEPTH ** 2 * (along * along).sum(axis=0))
    share = along * (DEPTH ** 2 / (spread * (spread + place)))
    dx, dy = -share * along[0], -share * along[1]
    dx[0] += 1
    dy[1] += 1
    both = dx * x + dy * y
    # A longer lens makes what it sees of one ray larger, and the ray of a corner narrower.
    zoomed = here - (sideways[:2] - here * sideways[2]) * inverse
    slope = np.empty((8, *here.shape))
    slope[0], slope[1], slope[2] = dx * inverse, dy * inverse, both * -inverse
    slope[3], slope[4], slope[5] = both * -y - dy, both * x + dx, dy * x - dx * y
    slope[6], slope[7] = along * (place / spread), dx * zoomed[0] + dy * zoomed[1]
    slope /= place
    apart = found - here
    return (dx * apart[0] + dy * apart[1]) / place, slope


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return x (n,) with matrix (n, n) x = right (n,), a symmetric positive one, in a tenth of numpy's time.

    NaN if it is none.
    """
    found, x = cv2.solve(matrix, right[:, None], flags=cv2.DECOMP_CHOLESKY)
    return x.ravel() if found else np.full(len(right), np.nan)


def _moved(back: np.ndarray, change: np.ndarray) -> np.ndarray:
    moved = back.copy()
    moved[:3] = rotation.of_vector(change[3:]) @ back[:3]
    moved[:3, 3] += change[:3]
    return moved
