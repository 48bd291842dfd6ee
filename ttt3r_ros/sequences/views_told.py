# SPDX-License-Identifier: Apache-2.0
"""What a film or photograph says of itself that no pinhole sees: panoramas, and two eyes' views in one picture."""

from __future__ import annotations

import logging
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av
    from PIL.Image import Image as Picture

# By FFmpeg's numbers: what its filter v360 calls a projection; what takes one of two views.
PROJECTIONS = {0: 'e', 1: 'c3x2', 2: 'e', 3: 'hequirect', 5: 'fisheye'}
BESIDE = 'by "ffmpeg -i IN -vf crop={} OUT"'
STEREO = {1: BESIDE.format('iw/2:ih:0:0'), 2: BESIDE.format('iw:ih/2:0:0'), 3: 'by "--every 2"'}
FLAT = 'flat:h_fov=90:v_fov=73.74:w=960:h=720'  # of square pixels: it is not by itself
PANORAMA = b'GPano:ProjectionType'  # in a JPEG's XMP

_log = logging.getLogger(__name__)


def warn(source: Path, wrong: str) -> None:
    """Say what is wrong with a source's view, if anything is."""
    if wrong:
        _log.warning('%s: %s', source, wrong)


def of_frame(frame: av.VideoFrame) -> str:
    """Return what is wrong with a film's view, and the remedy; nothing where it does not say so."""
    try:
        told = {data.type.name: struct.unpack_from('<i', bytes(data))[0] for data in frame.side_data
                if data.type.name in ('SPHERICAL', 'STEREO3D')}
    except ValueError:  # beside data that PyAV has no name for, it tells of none
        return ''
    if told.get('SPHERICAL') in PROJECTIONS:
        return _panorama(PROJECTIONS[told['SPHERICAL']])
    if one := STEREO.get(told.get('STEREO3D')):
        # FFmpeg hands on what was said, so it may be done.
        return ('it says that it shows two views, an eye each, which no one camera has: if that is not done yet, take '
                f'one of them, {one}')
    return ''


def of_picture(picture: Picture) -> str:
    """Return the same of a photograph that is opened."""
    # Not `info['xmp']`, which Pillow before 11 has none of.
    return _panorama('e') if any(PANORAMA in data for _, data in getattr(picture, 'applist', ())) else ''


def _panorama(projection: str) -> str:
    return ('it says that it is a panorama, and poses and depth of what no pinhole sees are wrong: if that is not done '
            f'yet, cut a view out before, by "ffmpeg -i IN -vf v360={projection}:{FLAT} OUT"')
