# SPDX-License-Identifier: Apache-2.0
"""Films and photographs that say they are no view of one pinhole: panoramas, and two eyes' views in one picture."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from test_video import RATE, film, scene

from ttt3r_ros.sequences import open_sequence
from ttt3r_ros.sequences.views_told import FLAT, PROJECTIONS

av = pytest.importorskip('av')

SPHERICAL = bytes.fromhex('ffcc8263f8554a938814587a02521fdd') + (
    b'<rdf:SphericalVideo xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    b'xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/"><GSpherical:Spherical>true</GSpherical:Spherical>'
    b'<GSpherical:Stitched>true</GSpherical:Stitched><GSpherical:StitchingSoftware>a</GSpherical:StitchingSoftware>'
    b'<GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType></rdf:SphericalVideo>')


def spherical(path: Path) -> Path:
    """Say in a track of an MP4 that it is a panorama, as 360° cameras do."""
    data = path.read_bytes()
    box = struct.pack('>I4s', 8 + len(SPHERICAL), b'uuid') + SPHERICAL
    for kind in (b'trak', b'moov'):  # moov is the last box, and trak has its own length before its name
        at = data.index(kind) - 4
        length = struct.unpack_from('>I', data, at)[0]
        data = data[:at] + struct.pack('>I', length + len(box)) + data[at + 4:]
        if kind == b'trak':
            end = at + length
    path.write_bytes(data[:end] + box + data[end:])
    return path


def stereo(path: Path, mode: str) -> Path:
    """Write a Matroska film that says how two eyes' views lie in its pictures."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=RATE)
        stream.height, stream.width, stream.pix_fmt = 96, 128, 'yuv420p'
        stream.metadata['stereo_mode'] = mode
        for i in range(3):
            frame = av.VideoFrame.from_ndarray(scene(i), format='rgb24')
            frame.pts, frame.time_base = i, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_a_film_that_says_it_is_a_panorama_is_told_with_the_remedy(tmp_path, caplog):
    """No pinhole sees a panorama: its poses and depth are wrong, however sure the network is of them."""
    path = spherical(film(tmp_path / 'a.mp4', 3))
    assert len(list(open_sequence(path))) == 3
    assert len(caplog.records) == 1 and 'v360=e:flat' in caplog.text and 'panorama' in caplog.text


@pytest.mark.parametrize(('mode', 'remedy'), [('left_right', 'crop=iw/2:ih:0:0'), ('top_bottom', 'crop=iw:ih/2:0:0'),
                                              ('block_lr', '--every 2'), ('mono', None)])
def test_a_film_of_two_views_is_told_with_the_remedy(tmp_path, caplog, mode, remedy):
    """Both eyes' views in one picture, or by turns, are no film of one camera."""
    assert len(list(open_sequence(stereo(tmp_path / 'a.mkv', mode)))) == 3
    assert (remedy in caplog.text and 'two views' in caplog.text) if remedy else not caplog.records


@pytest.mark.parametrize('projection', PROJECTIONS.values())
def test_the_view_that_is_to_be_cut_out_is_a_pinhole_s(projection):
    """FFmpeg has the filter with these options, and its picture has square pixels."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=128, height=64, format='yuv420p', time_base=Fraction(1, RATE))
    step, sink = graph.add('v360', f'{projection}:{FLAT}'), graph.add('buffersink')
    source.link_to(step)
    step.link_to(sink)
    graph.configure()
    graph.push(av.VideoFrame.from_ndarray(scene(0, (64, 128)), format='rgb24').reformat(format='yuv420p'))
    view = graph.pull()
    wide, high = (float(part.split('=')[1]) for part in FLAT.split(':')[1:3])
    assert np.tan(np.radians(wide / 2)) / view.width == pytest.approx(np.tan(np.radians(high / 2)) / view.height, 1e-3)


def test_photographs_that_say_they_are_panoramas_are_told(tmp_path, caplog):
    """360° cameras and phones say so in a JPEG's XMP."""
    xmp = (b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
           b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:GPano='
           b'"http://ns.google.com/photos/1.0/panorama/" GPano:ProjectionType="equirectangular"/></rdf:RDF>'
           b'</x:xmpmeta>')
    for i in range(3):
        Picture.fromarray(scene(i)).save(tmp_path / f'{i}.jpg')
    open_sequence(tmp_path)
    assert not caplog.records
    for file in tmp_path.iterdir():
        data = file.read_bytes()
        file.write_bytes(data[:2] + struct.pack('>2sH', b'\xff\xe1', 2 + len(xmp)) + xmp + data[2:])
    assert len(list(open_sequence(tmp_path))) == 3
    assert len(caplog.records) == 1 and 'panorama' in caplog.text and 'v360=e:flat' in caplog.text
