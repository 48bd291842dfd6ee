# SPDX-License-Identifier: Apache-2.0
"""Textured rectangles seen by a pinhole camera, in numpy.

On a plane the inverse depth 1/z, and each texture coordinate times it, are affine in the pixel. So a
frame is a few sums per rectangle inside its bounding box, a depth test, and one texture read per sample.
Light does not depend on the viewer and is baked into the textures beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEAR = 0.02  # metres; nothing nearer than this is drawn
LEVELS = 7
SAMPLES = 2  # per pixel and axis


@dataclass(frozen=True)
class Quad:
    """A rectangle of `width` by `height` metres, seen from the side of its `normal` only.

    As the viewer sees it: its top left `corner` (3,), and the unit vectors `right` and `down` (3,).
    """

    corner: np.ndarray
    right: np.ndarray
    down: np.ndarray
    width: float
    height: float

    @property
    def normal(self) -> np.ndarray:
        """Unit vector (3,) towards the viewer."""
        return np.cross(self.down, self.right)

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the world points (..., 3) at x and y metres from the corner."""
        return self.corner + x[..., None] * self.right + y[..., None] * self.down


class Scene:
    """Quads with textures: the first `shell` of them form a convex hull that the camera is inside of.

    `textures[i]` is (h, w, 3) float32 in [0, 1] and covers quad i exactly. For each quad: corner, right, down and
    normal (n, 3), metres; size (n, 2), texels right and down; density (n, 2), texels per metre. texels: all textures
    and their smaller copies, packed; start and stride (n, LEVELS): where each begins and its width.
    """

    def __init__(self, quads: list[Quad], textures: list[np.ndarray], shell: int):
        self.shell = shell
        self.corner = np.array([q.corner for q in quads])
        self.right = np.array([q.right for q in quads])
        self.down = np.array([q.down for q in quads])
        self.normal = np.array([q.normal for q in quads])
        extent = np.array([(q.width, q.height) for q in quads])
        self.size = np.array([t.shape[1::-1] for t in textures])
        self.density = self.size / extent  # texels per metre, right and down
        across, along = np.array([0.0, 1, 1, 0]), np.array([0.0, 0, 1, 1])
        self._corners = np.array([q.at(across * q.width, along * q.height) for q in quads])
        self.texels, self.start, self.stride = _pyramids(textures)

    def render(self, pose: np.ndarray, intrinsics: np.ndarray,
               size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the image (h, w, 3) uint8 RGB and the depth (h, w) float32, metres along the optical axis.

        `pose` (4, 4) is camera-to-world with optical axes, `intrinsics` (3, 3) has pixel centres at integers,
        `size` is (h, w). Depth is that of the pixel's centre, colour the mean over the pixel.
        """
        height, width = size
        v, u = ((np.arange(n * SAMPLES, dtype=np.float32) + 0.5) / SAMPLES - 0.5 for n in (height, width))
        offset = pose[:3, 3] - self.corner
        distance = (self.normal * offset).sum(1)
        first, last = self._bounds(pose, intrinsics, u, v)
        drawn = np.flatnonzero((distance > 1e-6) & (last > first).all(1))

        rays = pose[:3, :3] @ np.linalg.inv(intrinsics)
        inverse, s, t = np.zeros((3, len(distance), 3))  # affine in (u, v, 1): 1/z, and both texels times it
        inverse[drawn] = -(self.normal[drawn] @ rays) / distance[drawn, None]
        for out, axis, density in zip((s, t), (self.right, self.down), self.density.T):
            at = (axis[drawn] * offset[drawn]).sum(1)[:, None]
            out[drawn] = density[drawn, None] * (axis[drawn] @ rays + at * inverse[drawn])
        planes = np.stack([inverse, s, t], 1).astype(np.float32)

        nearness = np.zeros((v.size, u.size), np.float32)
        owner = np.zeros((v.size, u.size), np.intp)
        for k in drawn:
            box = slice(first[k, 1], last[k, 1]), slice(first[k, 0], last[k, 0])
            self._cover(k, planes[k], box, u, v, nearness, owner)
        focal = float(np.sqrt(intrinsics[0, 0] * intrinsics[1, 1])) * SAMPLES
        colours = self._shade(planes, distance, focal, u, v, nearness, owner)
        return _mean_colour(colours), 1 / self._centre(planes, u, v, nearness, owner)

    def _bounds(self, pose: np.ndarray, intrinsics: np.ndarray, u: np.ndarray,
                v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and the last + 1 sample, (n, 2) in u and v, that every quad can cover."""
        points = (self._corners - pose[:3, 3]) @ pose[:3, :3]
        following = np.roll(points, -1, 1)
        depth, onwards = points[..., 2], following[..., 2]
        crosses = (depth < NEAR) != (onwards < NEAR)
        with np.errstate(divide='ignore', invalid='ignore'):
            part = np.where(crosses, (NEAR - depth) / (onwards - depth), 0)
            cut = points + part[..., None] * (following - points)
            candidates = np.concatenate([points, cut], 1)
            valid = np.concatenate([depth >= NEAR, crosses], 1)
            pixels = (candidates @ intrinsics.T)[..., :2] / candidates[..., 2:]
        lower = np.where(valid[..., None], pixels, np.inf).min(1)
        upper = np.where(valid[..., None], pixels, -np.inf).max(1)
        first = np.stack([np.searchsorted(axis, lower[:, i]) for i, axis in enumerate((u, v))], 1)
        last = np.stack([np.searchsorted(axis, upper[:, i], 'right') for i, axis in enumerate((u, v))], 1)
        first[:self.shell], last[:self.shell] = 0, (u.size, v.size)
        return first, last

    def _cover(self, k: int, plane: np.ndarray, box: tuple[slice, slice], u: np.ndarray, v: np.ndarray,
               nearness: np.ndarray, owner: np.ndarray) -> None:
        """Write quad k into `nearness` (1/z) and `owner` where it is the nearest so far."""
        (a, b, c), columns, rows = plane[0], u[box[1]], v[box[0], None]
        inverse = a * columns + (b * rows + c)
        seen = inverse > nearness[box]
        if not seen.any():
            return
        if k >= self.shell:  # inside a convex hull the nearest plane ahead is the surface: no need to ask
            for (a, b, c), end in zip(plane[1:], self.size[k].astype(np.float32)):
                along = a * columns + (b * rows + c)
                seen &= along >= 0
                seen &= along <= end * inverse
        np.copyto(nearness[box], inverse, where=seen)
        np.copyto(owner[box], k, where=seen)

    def _shade(self, planes: np.ndarray, distance: np.ndarray, focal: float, u: np.ndarray, v: np.ndarray,
               nearness: np.ndarray, owner: np.ndarray) -> np.ndarray:
        """Return the samples' packed colours, (rows, columns) uint32."""
        depth = 1 / nearness
        rows, texels = v[:, None], []
        for i in (1, 2):
            a, b, c = (np.ascontiguousarray(planes[:, i, j])[owner] for j in range(3))
            along = a * u
            along += b * rows
            along += c
            along *= depth
            end = (self.size[:, i - 1] - 1).astype(np.float32)[owner]
            texels.append(np.clip(along, 0, end, out=along).astype(np.int32))
        # A sample is depth/focal wide, and longer by depth/distance where the surface is seen at a slant; the
        # pixel's two samples a side bear half of that.
        scale = (self.density.mean(1) / focal).astype(np.float32)[owner]
        slant = (0.5 / np.maximum(distance, 1e-6)).astype(np.float32)[owner]
        footprint = scale * depth * np.maximum(1, depth * slant)
        level = (footprint.view(np.int32) >> 23) - 127  # floor(log2), from the exponent's bits
        np.clip(level, 0, LEVELS - 1, out=level)
        pyramid = owner * LEVELS + level
        index = self.start.ravel()[pyramid] + (texels[1] >> level) * self.stride.ravel()[pyramid]
        return self.texels[index + (texels[0] >> level)]

    def _centre(self, planes: np.ndarray, u: np.ndarray, v: np.ndarray, nearness: np.ndarray,
                owner: np.ndarray) -> np.ndarray:
        """Return 1/z at the pixels' centres (h, w)."""
        samples = [(i, j) for i in range(SAMPLES) for j in range(SAMPLES)]
        values = [nearness[i::SAMPLES, j::SAMPLES] for i, j in samples]
        owners = [owner[i::SAMPLES, j::SAMPLES] for i, j in samples]
        centre = sum(values[1:], values[0]) * np.float32(1 / len(samples))  # exact where they see one plane
        rows, columns = edges = np.nonzero(np.logical_or.reduce([o != owners[0] for o in owners[1:]]))
        shift = np.float32(0.5 - 0.5 / SAMPLES)
        x, y = u[::SAMPLES][columns] + shift, v[::SAMPLES][rows] + shift
        at = np.stack([x, y, np.ones_like(x)], 1)
        best = np.zeros(len(rows), np.float32)
        for candidate in (o[edges] for o in owners):
            inverse, s, t = np.einsum('nij,nj->in', planes[candidate], at)
            wide, tall = (self.size[candidate] * inverse[:, None]).T
            holds = (candidate < self.shell) | ((s >= 0) & (s <= wide) & (t >= 0) & (t <= tall))
            best = np.where(holds & (inverse > best), inverse, best)
        centre[edges] = np.where(best > 0, best, values[0][edges])
        return centre


def _pyramids(textures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all textures as packed texels; per texture and level, where it starts and its width."""
    packed, start, stride, total = [], [], [], 0
    for texture in textures:
        level = texture
        starts, strides = [], []
        for _ in range(LEVELS):
            rgba = np.zeros((*level.shape[:2], 4), np.uint8)
            rgba[..., :3] = np.clip(level * 255 + 0.5, 0, 255)
            packed.append(rgba.view(np.uint32).ravel())
            starts.append(total)
            strides.append(level.shape[1])
            total += packed[-1].size
            level = _halved(level)
        start.append(starts)
        stride.append(strides)
    return np.concatenate(packed), np.array(start, np.int32), np.array(stride, np.int32)


def _halved(image: np.ndarray) -> np.ndarray:
    """Return the image (h, w, 3) at half the size, rounded up, each texel the mean of four."""
    for axis in (0, 1):
        if image.shape[axis] % 2:
            image = np.concatenate([image, image.take([-1], axis)], axis)
    rows = image[0::2] + image[1::2]
    return (rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25)


def _mean_colour(packed: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) uint8: the mean of each pixel's four samples, red with blue and green apart."""
    low, high = np.uint32(0x00FF00FF), np.uint32(0x00020002)
    parts = [packed[i::SAMPLES, j::SAMPLES] for i in range(SAMPLES) for j in range(SAMPLES)]
    red_blue = sum(((p & low) for p in parts[1:]), parts[0] & low)
    green = sum((((p >> 8) & low) for p in parts[1:]), (parts[0] >> 8) & low)
    mean = (((red_blue + high) >> 2) & low) | ((((green + high) >> 2) & low) << 8)
    return np.ascontiguousarray(mean.view(np.uint8).reshape(*mean.shape, 4)[..., :3])
