# SPDX-License-Identifier: Apache-2.0
"""Where a reconstruction stands, and what one image tells from there. Poses (4, 4) float64, camera-to-world, metres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ttt3r_ros.model.recurrence import Memory
from ttt3r_ros.reconstruction.eye import Look, Prepared
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.lens import Lens
from ttt3r_ros.reconstruction.lens_bending import Bent, straight
from ttt3r_ros.reconstruction.likeness import mutual_likeness
from ttt3r_ros.reconstruction.loop_closure import Keyframe
from ttt3r_ros.reconstruction.step_refinement import LONG, STILL, Step, flow, refined_step, told_step
from ttt3r_ros.reconstruction.tracking import Evidence, Tracking
from ttt3r_ros.reconstruction.trajectory import Boundary, Similarity, extent


@dataclass(frozen=True)
class Anchor:
    """The image that steps are taken from, uint8 (h, w, 3), and how it was seen, in the path's world and metres.

    covariance: (6, 6) of the last step from it, as Step has it; places: where its corners lay when the camera last
    moved, evenly: the image as if lit evenly, both as RefinedStep has them; None where these are not known. bent: as of
    Place.
    """

    image: np.ndarray
    seen: Boundary
    covariance: np.ndarray = field(default_factory=lambda: np.zeros((6, 6)))
    places: np.ndarray | None = None
    evenly: np.ndarray | None = None
    bent: Bent = field(default_factory=Bent)


@dataclass(frozen=True)
class Place:
    """Where the reconstruction stands: the path so far, the counters, and the last frame, which a reset needs.

    image uint8 (h, w, 3) is the model's image of the last frame, as straight as the next one will be, boundary how the
    present segment saw it; both None before the first frame. correction (4, 4): the path's world in the map, from so
    many loop_closures. lens: the camera's, as all images tell it. grey: the image's brightness (likeness.brightness),
    None where it is not known. evenly: the image as if lit evenly, None where no step led to it. anchor: what the next
    step is taken from, None for the last frame. bent: what the lens's bend does to the last frame's pose.
    """

    path: Similarity = field(default_factory=Similarity)
    segment: int = 0
    index: int = 0
    image: np.ndarray | None = None
    boundary: Boundary | None = None
    correction: np.ndarray = field(default_factory=lambda: np.eye(4))
    loop_closures: int = 0
    lens: Lens = field(default_factory=Lens)
    grey: np.ndarray | None = None
    evenly: np.ndarray | None = None
    anchor: Anchor | None = None
    bent: Bent = field(default_factory=Bent)

    @property
    def view(self) -> Boundary | None:
        """The last frame in the path's world and metres, None before the first."""
        if self.boundary is None:
            return None
        return replace(self.boundary, pose=self.path.place(self.boundary.pose),
                       points=self.boundary.points * np.float32(self.path.scale))

    @property
    def map_pose(self) -> np.ndarray:
        """The last frame's pose in the map."""
        return self.correction @ self.path.place(self.boundary.pose)

    def corrected(self, map_pose: np.ndarray) -> Place:
        """Return the place whose last frame is there in the map."""
        correction = map_pose @ np.linalg.inv(self.path.place(self.boundary.pose))
        return replace(self, correction=correction, loop_closures=self.loop_closures + 1)

    def beside(self, prepared: Prepared, seen: Boundary) -> Place:
        """Return the place with what an image's answer tells of the focal length, the first of a view alone."""
        place = self if self.lens.focal_of(prepared.pixel_map) is not None else self.of_another_lens()
        return replace(place, lens=place.lens.told(seen.focal))

    def of_another_lens(self) -> Place:
        """Return the place of which a lens that nothing is known of sees the next image."""
        return replace(self, lens=self.lens.unknown(), bent=self.bent.of_another(self.lens.bending))

    def refined(self, prepared: Prepared, seen: Boundary, allows: Callable[[np.ndarray], bool],
                left_out: np.ndarray | None = None) -> tuple[Place, Step | None]:
        """Return the place whose path takes the next image, which its segment saw so, to where the images say, and the
        step there, in the path's metres, None from nowhere.

        What the images say is taken from the anchor, which stays while it is near. Where the step is none that `allows`
        takes, or nothing is known of the focal length, it is the told one. left_out: see step_refinement.
        """
        if self.boundary is None:
            return self.beside(prepared, seen), None
        known, straightened = self.lens.focal_of(prepared.pixel_map), self.lens.bending.straightened
        anchor = self.anchor or Anchor(self.image, self.view, evenly=self.evenly, bent=self.bent)
        found = None if known is None else refined_step(
            anchor.image, anchor.seen, prepared.image, replace(seen, pose=self.path.place(seen.pose)), known, left_out,
            anchor.evenly, straightened)
        if found is not None:
            here = self.path.place(self.boundary.pose)
            stands = anchor.places is not None and flow(anchor.places, found.places) < STILL
            there = here if stands else anchor.seen.pose @ found.pose
            step = Step(np.linalg.inv(here) @ there, found.covariance + anchor.covariance)
            if allows(step.pose):
                bent = self.bent if stands else anchor.bent.after(found.pose, found.bend, straightened)
                step = replace(step, bent=bent.beside(self.bent.after(step.pose)))
                place = replace(self, path=self.path.taking(seen.pose, there), evenly=found.evenly, bent=bent,
                                anchor=replace(anchor, covariance=found.covariance,
                                               places=anchor.places if stands else found.places))
                if found.flow >= LONG:
                    place = replace(place, lens=self.lens.found(found), anchor=None)
                return place.beside(prepared, seen), step
        step = told_step(self.boundary, seen).scaled(self.path.scale)
        return replace(self, anchor=None, evenly=None, bent=self.bent.after(step.pose)).beside(prepared, seen), step

    def at(self, prepared: Prepared, seen: Boundary, grey: np.ndarray | None) -> Place:
        """Return the place whose last frame is that of an image, which the present segment saw so.

        Where more is known of the lens by now than when the image was straightened, it is straightened anew, so that
        the next step is one between two images of the same lens.
        """
        there = replace(self, image=prepared.image, boundary=seen, grey=grey, lens=self.lens.at(prepared.pixel_map))
        before, now = prepared.pixel_map.bend, self.lens.bending.straightened
        if now == before:
            return there
        seen = replace(seen, points=straight(seen.points, now, before),
                       confidence=straight(seen.confidence, now, before))
        return replace(there, image=straight(there.image, now, before), boundary=seen, grey=None, evenly=None,
                       anchor=None)

    def after(self, path: Similarity, segments: int, frames: int) -> Place:
        """Return the place at the end of a longer path, in which this one lies so after so many of both."""
        return replace(self, path=path.after(self.path), segment=self.segment + segments, index=self.index + frames,
                       anchor=None, bent=self.bent.scaled(path.scale))

    def keyframe(self, memory: Memory, index: int) -> Keyframe:
        """Return the last frame, which is the index'th, with the memory of the segment that it ends."""
        return Keyframe(memory, self.image, self.boundary, self.map_pose, self.path.scale, self.segment, index)

    def likeness(self, prepared: Prepared, seen: Boundary, grey: np.ndarray | None) -> float:
        """Return how like the last frame an image is, that the present segment saw so; see likeness.py."""
        return mutual_likeness(self.image, self.boundary, prepared.image, seen, greys=(self.grey, grey),
                               one_lens=self.lens.shows(prepared.pixel_map))

    def at_end_of(self, step: Step, seen: Boundary) -> Boundary:
        """Return how the present segment sees an image, were it a step of the path's metres away."""
        return replace(seen, pose=self.boundary.pose @ step.scaled(1 / self.path.scale).pose)

    def evidence(self, look: Look, alike: float, step: Step | None) -> Evidence:
        """Return how a look lies beside the last frame, which it is so like: by the step that is told."""
        if step is None:
            way = np.linalg.inv(self.boundary.pose) @ look.seen.pose
            way[:3, 3] *= self.path.scale
        else:
            way = step.pose
        return Evidence(alike, *extent(way), look.median, look.gate.mean, way[:3, :3])

    def frame(self, prepared: Prepared, look: Look, tracking: Tracking | None, unseen: tuple[float, float],
              alike: float | None = None, step: Step | None = None) -> Frame:
        """Return what a look tells here; unseen: Frame.unseen_motion, alike: Frame.likeness, step: to here."""
        focal = look.seen.focal if self.lens.focal is None else self.lens.focal.pixels
        intrinsics = pinhole(focal, prepared.pixel_map.size)
        return Frame(
            pose=self.path.place(look.seen.pose),
            points=look.seen.points * np.float32(self.path.scale),
            confidence=look.seen.confidence,
            confidence_median=look.median,
            intrinsics=intrinsics,
            original_intrinsics=prepared.pixel_map.to_original(intrinsics),
            told_focal=look.seen.focal,
            image=prepared.image,
            pixel_map=prepared.pixel_map,
            gate=look.gate,
            scale=self.path.scale,
            segment=self.segment,
            index=self.index,
            correction=self.correction,
            loop_closures=self.loop_closures,
            likeness=alike,
            tracking=tracking,
            unseen_motion=unseen,
            step_covariance=None if step is None else step.covariance,
            lens_doubt=None if self.lens.focal is None else np.stack([
                bent.doubt(self.lens.bending) for bent in (self.bent, Bent() if step is None else step.bent)]))
