# SPDX-License-Identifier: Apache-2.0
"""Poses as the papers measure them: TUM-dynamics and ScanNet, long and short."""

from __future__ import annotations

import re
from pathlib import Path

from ttt3r_ros.datasets.contract import Dataset
from ttt3r_ros.evaluation.clip import Clip, poses_at

from .contract import LONG, Protocol, matched

TUM = re.compile(r'.*freiburg3_(sitting|walking)_(xyz|rpy|halfsphere|static)')
TUM_STRIDE, SCANNET_STRIDE = 3, 3
SHORT = 90
MATCHED = 20_000_000  # ns
SCANS = range(707, 807)


class TumLong(Protocol):
    """The 8 recordings of people at a desk: images matched with the nearest true pose, the first N of them."""

    name = 'tum-long'
    lengths = LONG
    expected = 8
    pose = True
    stride = 1

    def takes(self, root: Path) -> bool:
        """See Protocol."""
        return TUM.fullmatch(root.resolve().name) is not None

    def clip(self, recording: Dataset) -> Clip:
        """See Protocol; images without a pose are dropped first."""
        frames, poses = matched(recording, MATCHED)
        part = slice(0, self.lengths[-1] * self.stride, self.stride)
        return Clip(recording.name, recording, frames[part], poses[part])


class TumShort(TumLong):
    """Every third, the first 90 of these."""

    name = 'tum-short'
    lengths = (SHORT,)
    stride = TUM_STRIDE


class ScannetLong(Protocol):
    """The test scans: every third of the first 3·N images, by their numbers. Poses of −inf stay, and what has one is
    not aligned, as published."""

    name = 'scannet-long'
    lengths = LONG
    expected = 96
    pose = True

    def takes(self, root: Path) -> bool:
        """See Protocol."""
        scan = re.fullmatch(r'scene(\d{4})_\d\d', root.resolve().name)
        return scan is not None and int(scan[1]) in SCANS

    def clip(self, recording: Dataset) -> Clip:
        """See Protocol."""
        frames = tuple(range(recording.count))[:self.lengths[-1] * SCANNET_STRIDE:SCANNET_STRIDE]
        return Clip(recording.name, recording, frames, poses_at(recording, frames))


class ScannetShort(ScannetLong):
    """The first 90 of these."""

    name = 'scannet-short'
    lengths = (SHORT,)
