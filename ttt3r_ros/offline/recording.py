# SPDX-License-Identifier: Apache-2.0
"""What a run leaves on disk while it goes on: a line a frame, and where exports want them the frames' arrays.

docs/run.md has the form of each file.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from ttt3r_ros.offline.stream import StampedFrame
from ttt3r_ros.reconstruction import whole_file
from ttt3r_ros.reconstruction.cloud import Cloud
from ttt3r_ros.reconstruction.depth import on_rays, valid
from ttt3r_ros.reconstruction.trajectory import Boundary
from ttt3r_ros.reconstruction.uncertainty import Coefficients
from ttt3r_ros.sequences.array_files import DAMAGED
from ttt3r_ros.sequences.trajectory import Trajectory

JOURNAL = 'frames.jsonl'
CAMERA, DEPTH, CONFIDENCE, IMAGE = 'camera', 'depth', 'confidence', 'image'
FRAMES = (CAMERA, DEPTH, CONFIDENCE, IMAGE)
POINTS = 'points'
SEAM = 'seam-{:06d}.npz'  # of a part of a run
CLOUD_POINTS = 1_000_000  # of all frames together
OF_A_FRAME = 5000  # where nobody knows how many frames there will be
LEAST_CONFIDENT = 0.2  # this part of the points is left out


class RecordingError(ValueError):
    """A recording that cannot be read; the message names the file and the remedy."""


@dataclass(frozen=True)
class Shot:
    """A line of the journal.

    number: among the frames taken, which the files are named by; position: in the source; stamp in ns. pose (4, 4):
    camera-to-world, optical axes, metres, None where the camera was not tracked. intrinsics (3, 3) of the model's image
    of size (w, h), camera_intrinsics of the camera's of camera_size; None where the points allow none; pixel centres
    have whole coordinates. scale, unseen_motion, step_covariance, lens_doubt: as in Frame. state, since (ns): of
    tracking, None where nobody judged. elapsed_s: of the run, until then. lens_bend: what the model's image is rid of
    (lens_bending).
    """

    number: int
    position: int
    stamp: int
    pose: list | None
    intrinsics: list | None
    size: list[int]
    camera_intrinsics: list | None
    camera_size: list[int]
    segment: int
    scale: float
    unseen_motion: list[float]
    state: str | None
    reason: str
    since: int | None
    gate_mean: float
    gate_std: float
    gate_min: float
    gate_max: float
    confidence_mean: float
    confidence_median: float
    step_s: float
    elapsed_s: float
    step_covariance: list[list[float]] | None = None
    lens_bend: float = 0.0
    lens_doubt: list[list[list[float]]] | None = None

    @classmethod
    def of(cls, frame: StampedFrame, elapsed_s: float) -> Shot:
        """Return what is told of a frame."""
        tracking = frame.tracking
        known = math.isfinite(frame.intrinsics[0, 0])
        return cls(frame.number, frame.position, frame.stamp,
                   (frame.correction @ frame.pose).tolist() if frame.tracked else None,
                   frame.intrinsics.tolist() if known else None, [*frame.image.shape[1::-1]],
                   frame.original_intrinsics.tolist() if known else None, [*frame.pixel_map.original[::-1]],
                   frame.segment, float(frame.scale), [*map(float, frame.unseen_motion)],
                   tracking and tracking.state.value, tracking.reason if tracking else '', tracking and tracking.since,
                   frame.gate.mean, frame.gate.std, frame.gate.low, frame.gate.high, float(frame.confidence.mean()),
                   frame.confidence_median, frame.step_s, elapsed_s,
                   listed(frame.step_covariance), frame.pixel_map.bend, listed(frame.lens_doubt))

    @property
    def name(self) -> str:
        """The name of its files, without a suffix."""
        return f'{self.number:06d}'

    @property
    def step(self) -> np.ndarray | None:
        """The step's covariance (6, 6)."""
        return None if self.step_covariance is None else np.array(self.step_covariance)

    @property
    def bent(self) -> np.ndarray | None:
        """The lens's doubt (2, 2, 6)."""
        return None if self.lens_doubt is None else np.array(self.lens_doubt)


def listed(array: np.ndarray | None) -> list | None:
    """Return an array as JSON has it."""
    return None if array is None else array.tolist()


class Recording:
    """A folder with a run's journal and arrays; frames are added in the order of their numbers."""

    def __init__(self, folder: Path, *, frames: bool = False, points: bool = False,
                 expected: int | None = None, seams: Collection[int] = ()) -> None:
        """Take the folder, which is there.

        frames, points: what is kept beside the journal. expected: how many frames there will be, None if nobody knows.
        seams: numbers of frames whose whole view is kept, for `read_seam`.
        """
        self.folder, self._frames, self._points, self._seams = folder, frames, points, seams
        self._share = OF_A_FRAME if expected is None else max(
            1, math.ceil(CLOUD_POINTS / (1 - LEAST_CONFIDENT) / max(expected, 1)))
        for name in (*(FRAMES if frames else ()), *((POINTS,) if points else ())):
            (folder / name).mkdir(exist_ok=True)
        self._journal = (folder / JOURNAL).open('a')

    def add(self, frame: StampedFrame, elapsed_s: float) -> Shot:
        """Record a frame. Raises OSError."""
        shot = Shot.of(frame, elapsed_s)
        if shot.pose is not None:
            if self._frames or self._points:
                self._write_view(frame, shot)
            if frame.number in self._seams:
                np.savez(self.folder / SEAM.format(frame.number), pose=np.array(shot.pose), points=frame.points,
                         confidence=frame.confidence)
        self._journal.write(json.dumps(asdict(shot)) + '\n')
        return shot

    def flush(self) -> None:
        """Bring the lines that were added to the disk, before a snapshot that counts on them. Raises OSError."""
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def __enter__(self) -> Recording:
        """Return it; the journal is closed at the end."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the journal."""
        self._journal.close()

    def _write_view(self, frame: StampedFrame, shot: Shot) -> None:
        # As the node tells it: depth, intrinsics and points are one thing.
        depth, points = on_rays(frame.points, frame.intrinsics)
        depth = points[..., 2] if depth is None else depth
        measured = valid(depth, frame.confidence)
        if self._frames:
            self._write_arrays(frame, shot, np.where(measured, depth, np.nan).astype(np.float32))
        if self._points:
            self._write_points(frame, shot, points, measured & np.isfinite(points).all(-1))

    def _write_arrays(self, frame: StampedFrame, shot: Shot, depth: np.ndarray) -> None:
        camera = {'pose': np.array(shot.pose), 'intrinsics': frame.intrinsics, 'stamp': np.int64(frame.stamp),
                  'camera_intrinsics': frame.original_intrinsics, 'camera_size': np.array(shot.camera_size)}
        np.savez(self.folder / CAMERA / f'{shot.name}.npz', **camera)
        np.savez(self.folder / DEPTH / f'{shot.name}.npz', depth=depth)
        np.savez(self.folder / CONFIDENCE / f'{shot.name}.npz', confidence=frame.confidence)
        write_picture(self.folder / IMAGE / f'{shot.name}.png', frame.image)

    def _write_points(self, frame: StampedFrame, shot: Shot, points: np.ndarray, measured: np.ndarray) -> None:
        kept = np.flatnonzero(measured)
        if len(kept) > self._share:
            kept = np.sort(np.random.default_rng(frame.number).choice(kept, self._share, replace=False))
        np.savez(self.folder / POINTS / f'{shot.name}.npz', points=points.reshape(-1, 3)[kept],
                 colours=frame.image.reshape(-1, 3)[kept], confidence=frame.confidence.reshape(-1)[kept])


def write_picture(path: Path, rgb: np.ndarray) -> None:
    """Write an image, uint8 (h, w, 3), as PNG. Raises OSError."""
    done, data = cv2.imencode('.png', cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    if not done:
        raise RecordingError(f'{path}: an image of {rgb.shape} cannot become a PNG')
    path.write_bytes(data)


def cut_journal(folder: Path, numbers: int) -> tuple[int, float]:
    """Leave only the lines of frames below a number in a folder's journal; return how many, and the seconds they took.

    What was written after the last snapshot is answered again.
    """
    if not (folder / JOURNAL).exists():
        return 0, 0.0
    kept = [shot for shot in read_journal(folder) if shot.number < numbers]
    write_journal(folder, kept)
    return len(kept), kept[-1].elapsed_s if kept else 0.0


def write_journal(folder: Path, shots: Iterable[Shot]) -> None:
    """Write a folder's lines anew, whole or not at all: there may be no others of what is done. Raises OSError."""
    path = folder / JOURNAL
    path.touch()  # a new one has the mode of all that a run writes
    whole_file.write(path, (f'{json.dumps(asdict(shot))}\n'.encode() for shot in shots))


def read_seam(folder: Path, number: int) -> Boundary | None:
    """Return a part's view of a seam, in its path's world and metres; None where its camera was not tracked."""
    path = folder / SEAM.format(number)
    if not path.exists():
        return None
    stored = read_arrays(path)
    return Boundary(stored['pose'], stored['points'], stored['confidence'])


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file of a recording. Raises RecordingError, as for one that a power cut left empty."""
    try:
        with np.load(path) as stored:
            return dict(stored)
    except DAMAGED as error:
        raise RecordingError(f'{path} cannot be read ({error}): remove {path.parents[1]} and run it again') from error


def read_journal(folder: Path) -> list[Shot]:
    """Return a folder's lines; a last one that was cut off is left out. Raises RecordingError."""
    shots, lines = [], (folder / JOURNAL).read_text(errors='replace').splitlines()
    for number, line in enumerate(lines, 1):
        try:
            shots.append(Shot(**json.loads(line)))
        except (TypeError, ValueError) as error:
            if number == len(lines):
                break
            raise RecordingError(f'{folder / JOURNAL}, line {number}, is no frame of a run ({error}): run it '
                                 'again') from error
    return shots


@dataclass(frozen=True)
class Answerer:
    """What answered a run's frames: the update rule, the weights, whether these are trained, and how far its poses may
    be wrong."""

    rule: str = ''
    weights: str = ''
    trained: bool = False
    coefficients: Coefficients = Coefficients()


class Recorded:
    """A run that is over, as exports read it: one frame's arrays in memory at a time.

    every: its frames; shots: those whose camera was tracked. frame_id: the camera's. name: the source's. answerer: what
    answered.
    """

    def __init__(self, folder: Path, name: str, frame_id: str, answerer: Answerer = Answerer()) -> None:
        """Take the folder. Raises RecordingError."""
        self.folder, self.name, self.frame_id, self.answerer = folder, name, frame_id, answerer
        self.every = read_journal(folder)
        self.shots = [shot for shot in self.every if shot.pose is not None]

    @property
    def trajectory(self) -> Trajectory:
        """The path."""
        return Trajectory(np.array([shot.stamp for shot in self.shots], np.int64),
                          np.array([shot.pose for shot in self.shots], np.float64).reshape(-1, 4, 4))

    def seen(self) -> Iterator[tuple[Shot, np.ndarray]]:
        """Yield the shots whose intrinsics are known, with these (3, 3)."""
        for shot in self.shots:
            if shot.intrinsics is not None:
                yield shot, np.array(shot.intrinsics)

    def array(self, kind: str, shot: Shot) -> np.ndarray:
        """Return `depth` or `confidence`, float32 (h, w), of a shot."""
        return read_arrays(self.folder / kind / f'{shot.name}.npz')[kind]

    def image_file(self, shot: Shot) -> Path:
        """Return the file of a shot's image."""
        return self.folder / IMAGE / f'{shot.name}.png'

    def points(self, shot: Shot) -> Cloud:
        """Return a shot's points, flat, in its camera's frame."""
        stored = read_arrays(self.folder / POINTS / f'{shot.name}.npz')
        return Cloud(stored['points'], stored['colours'], stored['confidence'])

    def cloud(self, most: int = CLOUD_POINTS) -> Cloud:
        """Return all shots' points in the path's world, at most so many, without the least confident of all."""
        parts = [(self.points(shot), np.array(shot.pose)) for shot in self.shots]
        if not parts:
            return Cloud(np.empty((0, 3), np.float32), np.empty((0, 3), np.uint8), np.empty(0, np.float32))
        placed = [part.points.astype(np.float64) @ pose[:3, :3].T + pose[:3, 3] for part, pose in parts]
        points = np.concatenate(placed).astype(np.float32)
        colours = np.concatenate([part.colours for part, _ in parts])
        confidence = np.concatenate([part.confidence for part, _ in parts])
        kept = np.argsort(confidence, kind='stable')[int(LEAST_CONFIDENT * len(confidence)):]
        if len(kept) > most:
            kept = np.random.default_rng(0).choice(kept, most, replace=False)
        kept = np.sort(kept)
        return Cloud(points[kept], colours[kept], confidence[kept])
