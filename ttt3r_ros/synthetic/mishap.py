# SPDX-License-Identifier: Apache-2.0
"""What happens to cameras on a bad day, done to a film: darkness, a hand on the lens, another place,
a picture that stays; turns in place."""

from __future__ import annotations

import cv2
import numpy as np

from .camera import Camera
from .room import Room


def blackout(images: np.ndarray, start: int, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Return the film, uint8 (n, h, w, 3), without light for a while: what a sensor then gives is a little noise."""
    spoiled = images.copy()
    dark = spoiled[start:start + frames]
    dark[:] = rng.normal(rng.uniform(0, 8), 2, dark.shape).clip(0, 255)
    return spoiled


def covered(images: np.ndarray, start: int, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Return the film with a hand on the lens for a while: a colour that glows through, brighter to one side."""
    spoiled = images.copy()
    height, width = images.shape[1:3]
    glow = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), width / 5)
    glow *= rng.uniform(0, 30) / max(float(np.abs(glow).max()), 1e-6)
    hand = rng.uniform(10, 120, 3) * np.array([1, 0.6, 0.5]) + glow[..., None]
    for image in spoiled[start:start + frames]:
        image[:] = (hand + rng.normal(0, 2, hand.shape)).clip(0, 255)
    return spoiled


def cut(images: np.ndarray, start: int, other: np.ndarray) -> np.ndarray:
    """Return the film going on in another place from frame start on: other's frames of the same numbers."""
    return np.concatenate((images[:start], other[start:]))


def frozen(images: np.ndarray, start: int, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Return the film with the picture before frame start again and again for a while, packed anew each time."""
    spoiled = images.copy()
    still = spoiled[start:start + frames]
    still[:] = (images[start - 1] + rng.normal(0, 1, still.shape)).round().clip(0, 255)
    return spoiled


def turn_in_place(seed: int, frames: int, size: tuple[int, int], rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a film (n, h, w, 3) and its poses (n, 4, 4): a camera that turns on the spot, `rate` radians a frame."""
    rng, room = np.random.default_rng([seed, 5]), Room(seed)
    yaw = rng.uniform(0, 2 * np.pi) + rate * np.arange(frames)
    forward = np.stack([np.cos(yaw), np.sin(yaw), np.zeros(frames)], 1)
    right = np.stack([np.sin(yaw), -np.cos(yaw), np.zeros(frames)], 1)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, :3, :3] = np.stack([right, np.cross(forward, right), forward], 2)
    poses[:, :3, 3] = *((room.size[:2] / 2 - 1) * rng.uniform(-0.3, 0.3, 2)), 1.4
    return np.stack([image for image, _ in Camera.draw(seed, size).film(room, poses, seed)]), poses
