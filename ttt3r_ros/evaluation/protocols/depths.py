# SPDX-License-Identifier: Apache-2.0
"""Video depth as the papers measure it: Sintel, with poses, Bonn and KITTI."""

from __future__ import annotations

from pathlib import Path

from ttt3r_ros.datasets.bonn import Bonn
from ttt3r_ros.datasets.contract import Dataset
from ttt3r_ros.datasets.kitti_depth import KittiDepth
from ttt3r_ros.datasets.tum import DEPTH_UNITS
from ttt3r_ros.evaluation.clip import Clip, poses_at

from .contract import DepthRule, Protocol, ProtocolError

SINTEL = frozenset(('alley_2', 'ambush_4', 'ambush_5', 'ambush_6', 'cave_2', 'cave_4', 'market_2', 'market_5',
                    'market_6', 'shaman_3', 'sleeping_1', 'sleeping_2', 'temple_2', 'temple_3'))
BONN = frozenset(f'rgbd_bonn_{name}' for name in ('balloon2', 'crowd2', 'crowd3', 'person_tracking2', 'synchronous'))
BONN_FIRST = 30
SHORT = 110


class Sintel(Protocol):
    """14 sequences of the final pass, whole: poses and depth below 70 m."""

    name = 'sintel'
    lengths = (50,)
    expected = len(SINTEL)
    pose = True
    depth = DepthRule(farthest=70.0, clipped=True)

    def takes(self, root: Path) -> bool:
        """See Protocol."""
        return root.resolve().name in SINTEL and root.resolve().parent.name == 'final'

    def clip(self, recording: Dataset) -> Clip:
        """See Protocol."""
        frames = tuple(range(recording.count))
        return Clip(recording.name, recording, frames, poses_at(recording, frames))


class BonnDepth(Protocol):
    """5 recordings: images and depth images, sorted by name and taken by their position from number 30 on."""

    name = 'bonn'
    lengths = (SHORT,)
    expected = len(BONN)
    depth = DepthRule(farthest=70.0)

    def takes(self, root: Path) -> bool:
        """See Protocol."""
        return root.resolve().name in BONN and Bonn.root(root) is not None

    def clip(self, recording: Dataset) -> Clip:
        """See Protocol. Raises ProtocolError where there is no depth for as many."""
        part = slice(BONN_FIRST, BONN_FIRST + self.lengths[-1])
        order = sorted(range(recording.count), key=lambda k: recording.files[k].name)[part]
        folder = recording.files[0].parent.with_name('depth')
        depths = tuple(sorted(folder.glob('*.png')))[part]
        if not depths or len(depths) != len(order):
            raise ProtocolError(f'{recording.name}: {len(order)} images and {len(depths)} depth images from number '
                                f'{BONN_FIRST} on; take the whole recording')
        return Clip(recording.name, recording, tuple(order), poses_at(recording, tuple(order)), depths, DEPTH_UNITS)


class KittiVideo(Protocol):
    """The 13 validation drives: the first images that have depth."""

    name = 'kitti-depth'
    lengths = (SHORT,)
    expected = 13
    depth = DepthRule()

    def takes(self, root: Path) -> bool:
        """See Protocol."""
        return KittiDepth.root(root) is not None

    def clip(self, recording: Dataset) -> Clip:
        """See Protocol."""
        frames = tuple(range(min(recording.count, self.lengths[-1])))
        return Clip(recording.name, recording, frames, poses_at(recording, frames))
