# SPDX-License-Identifier: Apache-2.0
"""The step between two images, set right by what is seen in both.

A network tells poses from patches of many pixels; where a corner of one image lies in the next is known to a tenth of a
pixel. What the corner's depth is comes from the network, and is uncertain: by an error of its own, and by one that all
have in common, which makes the step's length uncertain, too (step_fit.py). The camera's focal length (focal.py), how
dark its lens leaves corners (lens_shading.py) and by how much it bends lines (lens_bending.py) are found on the way.

Poses and steps (4, 4) float64, metres of the segment, optical frames. A step is the second camera's pose seen from the
first.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from ttt3r_ros.reconstruction.black_bars import border
from ttt3r_ros.reconstruction.depth import foot
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.lens_bending import Bend, Bent
from ttt3r_ros.reconstruction.lens_shading import WINDOW, Falloff
from ttt3r_ros.reconstruction.step_fit import FEWEST, NEAREST, Fit, presumed
from ttt3r_ros.reconstruction.trajectory import Boundary
from ttt3r_ros.reconstruction.twist import stretched

CORNERS, QUALITY, APART = 150, 0.003, 4  # at most; of the best one's strength, at least; pixels from each other
# Brightness is told beside that of its surroundings (a deviation, pixels), of which the least counted is so many of
# 255: as bright as these is MIDDLE, half as bright CONTRAST / 2 less.
SURROUNDINGS, DARKEST, MIDDLE, CONTRAST = 7.0, 8.0, 128.0, 100.0
LIT = 1e-3  # part of the surroundings that is not black, at least
# By how many halvings a window is searched; sizes in pixels of the network's image, as all here.
HALVINGS, SEARCHES = 2, (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 0.01)
ALIKE = 20.0  # of 255: by how much the pixels of a window found may differ, in the mean
# Corners of a camera that stands lie within STILL pixels of where they lay, but for what moves by itself. What is told
# of it errs to one side, and a part of that stays in every step, so that steps are taken from one image until the
# corners have moved by LONG pixels.
NEXT_TO_ALL, STILL, LONG = 0.8, 0.15, 5.0
CLEAR = np.ones(WINDOW, np.uint8)  # round a corner, of what is left out
OUTSIDE = 1e6  # pixels: where a point lies that is farther out, or behind, matters to nobody, and is no float32


@dataclass(frozen=True)
class Step:
    """A step (4, 4), and its covariance (6, 6) by what was presumed: shift, m, and turn, rad, in the second camera's
    axes. bent: what the lens's bend does to it."""

    pose: np.ndarray
    covariance: np.ndarray
    bent: Bent = field(default_factory=Bent, kw_only=True)

    def scaled(self, scale: float) -> Step:
        """Return it where a metre is so many."""
        pose = self.pose.copy()
        pose[:3, 3] *= scale
        return replace(self, pose=pose, covariance=stretched(self.covariance, scale), bent=self.bent.scaled(scale))


@dataclass(frozen=True)
class RefinedStep(Step):
    """A step that images have set right, and the camera's focal length after it.

    evenly: the other image as if lit evenly, uint8 (h, w). places: the first image's corners, and where they were found
    (n, 4), NaN where not; flow: by how many pixels they have moved, see `flow`. falloff, bend: what they tell of the
    lens's dark corners and of straight lines, None where they are too near or lie where they lay.
    """

    focal: FocalLength
    evenly: np.ndarray
    places: np.ndarray
    flow: float
    falloff: Falloff | None
    bend: Bend | None


def told_step(seen: Boundary, other_seen: Boundary) -> Step:
    """Return the step that the poses of two images tell, which one segment saw so."""
    told = np.linalg.inv(seen.pose) @ other_seen.pose
    unit = max(float(np.median(seen.points[..., 2])), NEAREST)
    back = np.linalg.inv(told)
    back[:3, 3] /= unit
    return replace(_step(back, unit, np.diag(presumed(back) ** 2)), pose=told)


def refined_step(image: np.ndarray, seen: Boundary, other: np.ndarray, other_seen: Boundary,
                 focal: FocalLength, left_out: np.ndarray | None = None,
                 evenly: np.ndarray | None = None, straightened: float = 0.0) -> RefinedStep | None:
    """Return the step from an image, uint8 (h, w, 3), to another of the same camera, None where they do not tell it.

    seen, other_seen: how one segment saw each. left_out: pixels, bool (h, w), at which nothing is looked for: of what
    goes with the camera, as a black border does without being told, and in the other image of what moves by itself.
    evenly: the image as if lit evenly, of a step that led to it. straightened: the bend that both are rid of. None
    where too few corners are found again; a step of nothing where next to all of them lie where they lay.
    """
    if image.shape != other.shape:
        return None
    first, second = _evenly_lit(image) if evenly is None else evenly, _evenly_lit(other)
    black = border(image)
    looked_at, corners = _corners(first, black, left_out)
    if len(corners) < FEWEST and black is not None:  # the night, in which lights are all that there is
        looked_at, corners = _corners(first, left_out)
    if len(corners) < FEWEST:
        return None
    middle = np.array((image.shape[1] // 2, image.shape[0] // 2), np.float64)
    rays, depth = _rays_and_depth(corners[:, 0], seen.points, middle, focal.pixels)
    unit = statistics.median(depth.tolist())
    if not unit > 0:
        return None
    depth = depth / unit
    back = np.linalg.inv(other_seen.pose) @ seen.pose
    back[:3, 3] /= unit
    expected = _seen_from(back, rays, depth) * focal.pixels + middle
    found, again = _found_again(first, second, corners, expected)
    known = again & (depth > 0)
    if looked_at is not None:
        known &= _at(looked_at, found) > 0
    if np.count_nonzero(known) < FEWEST:
        return None
    fit = Fit.of(back, rays[known], depth[known], ((found[known] - middle) / focal.pixels).T, focal)
    if fit is None:
        return None
    step = _step(fit.back, unit, fit.covariance)
    places = np.hstack((corners[:, 0], np.where(known[:, None], found, np.nan)))
    moved = flow(places[:, [0, 1, 0, 1]], places)
    if moved < STILL:
        return RefinedStep(np.eye(4), step.covariance, focal, second, places, moved, None, None)
    falloff = Falloff.between(image, corners[known, 0], other, found[known]) if moved >= LONG else None
    bend = fit.bend(straightened, image.shape[:2], focal.pixels).scaled(unit)
    return RefinedStep(step.pose, step.covariance, fit.focal, second, places, moved, falloff, bend)


def flow(places: np.ndarray, others: np.ndarray) -> float:
    """Return by how many pixels an image's corners lie beside where they lay (n, 4), (m, 4), but for a fifth of them.

    See RefinedStep. What is left out of them changes, so that only those in both count. Infinity where these are few.
    """
    if not np.array_equal(places[:, :2], others[:, :2]):
        ones, same = np.intersect1d(*(one[:, 0] + 1j * one[:, 1] for one in (places, others)), return_indices=True)[1:]
        places, others = places[ones], others[same]
    x, y = (others[:, 2:] - places[:, 2:]).T
    apart = np.sqrt(x * x + y * y)
    apart = apart[np.isfinite(apart)]
    if len(apart) < FEWEST:
        return np.inf
    most = NEXT_TO_ALL * (len(apart) - 1)  # as numpy's quantile, in a tenth of its time
    below, above = np.partition(apart, (int(most), int(most) + 1))[int(most):int(most) + 2]
    return float(below + (most - int(most)) * (above - below))


def _corners(evenly: np.ndarray, *left_out: np.ndarray | None) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the pixels, uint8 (h, w), that are not near those left out, None for all, and the corners (n, 1, 2) there.
    """
    without = [pixels for pixels in left_out if pixels is not None]
    looked_at = 1 - cv2.dilate(np.logical_or.reduce(without).astype(np.uint8), CLEAR) if without else None
    corners = cv2.goodFeaturesToTrack(evenly, CORNERS, QUALITY, APART, mask=looked_at)
    return looked_at, np.empty((0, 1, 2), np.float32) if corners is None else corners


def _evenly_lit(image: np.ndarray) -> np.ndarray:
    """Return how bright an image is beside its surroundings, uint8 (h, w), as if lit evenly.

    Exposure wanders, corners of a lens are dark, and phones raise shadows: corners are followed all the same. What is
    black counts for none: beside a border, which stays where it is, all would seem bright.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    around = cv2.GaussianBlur(grey, (0, 0), SURROUNDINGS)
    if grey.min() < DARKEST:
        around /= np.maximum(cv2.GaussianBlur(np.minimum(grey / DARKEST, 1), (0, 0), SURROUNDINGS), LIT)
    around = np.maximum(around, DARKEST)
    return cv2.convertScaleAbs(grey / around, alpha=CONTRAST, beta=MIDDLE - CONTRAST)


def _step(back: np.ndarray, unit: float, covariance: np.ndarray) -> Step:
    """Return the step of what takes points back, of so many metres a unit, and its covariance (6, 6).

    A shift and a turn of the points that are seen are the camera's, in its axes, the other way round.
    """
    return Step(np.linalg.inv(back), covariance).scaled(unit)


def _at(pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the values of pixels (h, w) that places (n, 2) lie on, of those outside that of the nearest."""
    x, y = np.rint(places).T.clip(0, np.array(pixels.shape)[::-1, None] - 1).astype(int)
    return pixels[y, x]


def _rays_and_depth(corners: np.ndarray, points: np.ndarray, middle: np.ndarray,
                    focal: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rays (n, 2), x and y of the point at depth 1, of corners (n, 2), and the depths (n,) along them."""
    rays = (corners - middle) / focal
    x, y = np.ascontiguousarray(corners.T)[:, None]
    px, py, pz = cv2.remap(points, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0].T.astype(np.float64)
    return rays, foot(px, py, pz, *rays.T)


def _seen_from(back: np.ndarray, rays: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return the rays (n, 2) of the points in the other camera's frame, which `back` takes them to."""
    points = depth[:, None] * (rays @ back[:3, :2].T + back[:3, 2]) + back[:3, 3]
    return points[:, :2] / np.maximum(points[:, 2:], NEAREST)


def _found_again(first: np.ndarray, second: np.ndarray, corners: np.ndarray,
                 expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where corners (n, 1, 2) lie in the second image (n, 2), and which of them (n,) are found there.

    By Lucas and Kanade, from where they are expected (n, 2). To search them back as well takes as long again and finds
    no better steps: of false ones the tails take care.
    """
    start = np.clip(expected, -OUTSIDE, OUTSIDE).astype(np.float32).reshape(-1, 1, 2)
    found, there, unlike = cv2.calcOpticalFlowPyrLK(first, second, corners, start, winSize=WINDOW, maxLevel=HALVINGS,
                                                    criteria=SEARCHES, flags=cv2.OPTFLOW_USE_INITIAL_FLOW)
    return found[:, 0].astype(np.float64), there[:, 0].astype(bool) & (unlike[:, 0] < ALIKE)
