# SPDX-License-Identifier: Apache-2.0
"""Videos as people have them: turned, interlaced, of variable rate, cut, and with holes."""

from __future__ import annotations

import gc
import io
import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image as Picture

from ttt3r_ros.sequences import SequenceError, open_sequence
from ttt3r_ros.sequences.video import display_matrix

av = pytest.importorskip('av')

RATE = 25
PERIOD = 40_000_000
HEIGHT, WIDTH = 96, 128


def scene(number: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """Return a frame whose left upper quarter is red, and whose grey tells its number."""
    image = np.full((*size, 3), 60 + 3 * number, np.uint8)
    image[:size[0] // 2, :size[1] // 2] = 200, 0, 0
    return image


def number_of(image: np.ndarray) -> int:
    """Return the number of a scene that went through a codec."""
    return round((float(image[-8:, -8:].mean()) - 60) / 3)


def film(path: Path, frames: int = 30, *, codec: str = 'libx264', times: list[int] | None = None, group: int = 6,
         size: tuple[int, int] = (HEIGHT, WIDTH), muxing: dict[str, str] | None = None, **options: str) -> Path:
    """Write a video; `times` in milliseconds, as the frames are spaced evenly without them."""
    with av.open(str(path), 'w', options=muxing or {}) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.height, stream.width = size
        stream.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
        stream.codec_context.gop_size = group
        stream.codec_context.time_base = Fraction(1, 1000) if times else Fraction(1, RATE)
        stream.options = {'bf': '2', 'preset': 'ultrafast', 'crf': '10'} | options if codec == 'libx264' else options
        for i in range(frames):
            frame = av.VideoFrame.from_ndarray(scene(i, size), format='rgb24')
            frame.pts = times[i] if times else i
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def read(path: Path) -> tuple[list[int], list[int]]:
    """Return the numbers of the frames as they come, and their stamps."""
    images = list(open_sequence(str(path)))
    return [number_of(image.rgb) for image in images], [image.stamp for image in images]


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.mov', 'a.ts', 'a.webm'])
def test_containers_with_reordered_frames_read_in_order(tmp_path, name):
    """Every frame comes, in the order shown, with increasing stamps a frame's time apart."""
    path = film(tmp_path / name, **{'codec': 'libvpx', 'crf': '4', 'b': '4M'} if name.endswith('webm') else {})
    numbers, stamps = read(path)
    assert numbers == list(range(30))
    assert np.abs(np.diff(stamps) - PERIOD).max() <= 1_000_000
    sequence = open_sequence(str(path))
    assert not sequence.stamps_made and sequence.rate == pytest.approx(RATE, rel=0.01)
    assert sequence.describe()[0].startswith('a: video, ')


def test_a_variable_rate_keeps_its_times(tmp_path):
    """Stamps are the container's, in integer nanoseconds, however the frames are spaced; no frame is called missing."""
    times = [0, 40, 50, 130, 131, 400, 1400, 1433, 1466, 3000]
    sequence = open_sequence(str(film(tmp_path / 'a.mkv', 10, times=times)))
    assert [image.stamp for image in sequence] == [time * 1_000_000 for time in times]
    assert not sequence.left_out


@pytest.mark.parametrize(('suffix', 'missing'), [('.mp4', 0), ('.mkv', 50)])
def test_a_camera_that_paused_has_lost_no_frame(tmp_path, caplog, suffix, missing):
    """Where the container counts its frames and all are there, a pause is none missing; else it is told as what it may
    be."""
    times = [40 * (i if i < 20 else i + 50) for i in range(40)]
    sequence = open_sequence(str(film(tmp_path / f'a{suffix}', 40, times=times)))
    assert [image.stamp for image in sequence] == [time * 1_000_000 for time in times]
    assert sequence.left_out['frames missing in the video'] == missing
    assert ('the camera paused' in caplog.text) == bool(missing)


def test_avi_with_reordered_frames_is_stamped_evenly(tmp_path):
    """An AVI tells times of decoding: the frames come in order, evenly spaced at the container's rate."""
    path = film(tmp_path / 'a.avi')
    numbers, stamps = read(path)
    assert numbers == list(range(30)) and stamps == [i * PERIOD for i in range(30)]


def test_a_raw_stream_has_made_stamps(tmp_path):
    """A stream without a container has no times: they are made from the rate, and that is said."""
    sequence = open_sequence(str(film(tmp_path / 'a.h264')), rate=20)
    assert [image.stamp for image in sequence] == [i * 50_000_000 for i in range(30)]
    assert sequence.stamps_made and 'made, 20 a second' in sequence.describe()[0]


def test_an_animated_png_has_its_own_times(tmp_path):
    """FFmpeg tells no duration of the file, and each picture's time."""
    first, *others = (Picture.fromarray(scene(i)) for i in range(4))
    first.save(tmp_path / 'a.apng', format='PNG', save_all=True, append_images=others, duration=[40, 200, 40, 40])
    numbers, stamps = read(tmp_path / 'a.apng')
    assert numbers == [0, 1, 2, 3] and stamps == [0, 40_000_000, 240_000_000, 280_000_000]
    assert 'stamps: its own' in open_sequence(str(tmp_path / 'a.apng')).describe()[0]


def shown(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Set the display matrix of an MP4: stored (x, y) are shown at (a·x + c·y, b·x + d·y)."""
    def matrix(a: int, b: int, c: int, d: int) -> bytes:
        return struct.pack('>9i', *(value << 16 for value in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)
    film, track, *rest = path.read_bytes().split(matrix(1, 0, 0, 1))
    path.write_bytes(film + matrix(1, 0, 0, 1) + track + matrix(a, b, c, d) + matrix(1, 0, 0, 1).join(rest))
    return path


@pytest.mark.parametrize(('matrix', 'expected'), [
    ((0, -1, 1, 0), lambda image: np.rot90(image)), ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    ((0, 1, -1, 0), lambda image: np.rot90(image, 3)), ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    ((1, 0, 0, -1), lambda image: image[::-1]), ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2))])
def test_a_turned_or_mirrored_video_is_upright(tmp_path, matrix, expected):
    """The display matrix is applied, whatever turns or mirrors, and the size told is the upright one."""
    sequence = open_sequence(str(shown(film(tmp_path / 'a.mp4', 3), *matrix)))
    image, right = next(iter(sequence)).rgb, expected(scene(0))
    assert image.shape == right.shape and sequence.contents.size == right.shape[1::-1]
    assert np.abs(image.astype(int) - right).mean() < 12
    assert 'turned' in sequence.describe()[0]


def with_exif(path: Path, orientation: int) -> Path:
    """Write a film of JPEGs with EXIF, as cameras do."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mjpeg', rate=RATE)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, 'yuvj420p'
        for i in range(5):
            picture, data = Picture.fromarray(scene(i)), io.BytesIO()
            exif = picture.getexif()
            exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = 'Canon', orientation
            picture.save(data, 'JPEG', exif=exif)
            packet = av.Packet(data.getvalue())
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, RATE), True
            packet.pts = packet.dts = i
            container.mux(packet)
    return path


@pytest.mark.parametrize('suffix', ['.avi', '.mov'])
def test_pictures_that_say_more_than_pyav_knows_are_read(tmp_path, suffix):
    """FFmpeg hands EXIF on beside a frame since its version 8, and PyAV has no name for that."""
    numbers, _ = read(with_exif(tmp_path / f'a{suffix}', 1))
    assert numbers == list(range(5))


@pytest.mark.parametrize(('degrees', 'matrix'), [(0, None), (-90, [[0, 1], [-1, 0]]), (90, [[0, -1], [1, 0]]),
                                                 (-180, [[-1, 0], [0, -1]])])
def test_beside_what_pyav_cannot_tell_a_film_is_upright(degrees, matrix):
    """Where it tells of no side data for one that it does not know, such as a spatial video's, its rotation counts, as
    the display matrix would."""
    class Frame:
        rotation = degrees

        @property
        def side_data(self):
            raise ValueError('29 is not a valid Type')

    found = display_matrix(Frame())
    assert found is None if matrix is None else np.array_equal(found, matrix)


def test_hdr_is_shown_as_a_display_without_it_does(tmp_path):
    """Levels of PQ, of which a white wall has 58 %, and of HLG, of which it has 75 %, become sRGB's, and that is said;
    the same levels of a video that says nothing stay."""
    colours = np.array([[0.0, 0.1, 0.3, 0.5], [0.7, 0.9, 1.0, 1.0]])  # of sRGB
    nits = 203 * np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    power = (nits / 10_000) ** 0.1593017578125
    pq = 255 * ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    scene = (nits / 1000) ** (1 / 1.2)
    hlg = 255 * np.where(scene <= 1 / 12, np.sqrt(3 * scene),
                         0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073)
    assert abs(pq[1, 2] / 255 - 0.58) < 0.005 and abs(hlg[1, 2] / 255 - 0.75) < 0.005  # as ITU-R BT.2408 has them
    for transfer, name, levels in ((16, 'PQ', pq), (18, 'HLG', hlg), (2, None, pq)):
        levels[1, 3] = 230  # a lamp, brighter than any wall
        image = np.rint(levels).astype(np.uint8).repeat(48, 0).repeat(32, 1)[..., None].repeat(3, 2)
        path = tmp_path / f'{transfer}.mp4'
        with av.open(str(path), 'w') as container:
            stream = container.add_stream('libx264', rate=RATE)
            stream.height, stream.width, stream.pix_fmt, stream.options = HEIGHT, WIDTH, 'yuv420p', {'crf': '1'}
            stream.codec_context.color_trc = transfer
            for _ in range(3):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
            container.mux(stream.encode())
        sequence = open_sequence(str(path))
        seen = next(iter(sequence)).rgb[24::48, 16::32].astype(float)
        assert np.abs(seen - (255 * colours if name else levels)[..., None]).max() < 8, transfer
        assert (f'its HDR ({name}) made SDR' in sequence.describe()[0]) is (name is not None)


def test_an_interlaced_video_gives_its_frames_and_says_so(tmp_path):
    """Both half-images are woven into one frame each; all frames differ as they did when they were filmed."""
    path = film(tmp_path / 'a.mp4', x264opts='interlaced=1', flags='+ildct+ilme')
    sequence = open_sequence(str(path))
    assert [number_of(image.rgb) for image in sequence] == list(range(30))
    assert any('interlaced' in line for line in sequence.describe())


def test_pixels_that_are_not_square_are_made_square(tmp_path):
    """A frame stored narrower than it is shown is stretched to what is shown."""
    path = tmp_path / 'a.mp4'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=RATE)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, 'yuv420p'
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for i in range(4):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(i), format='rgb24')))
        container.mux(stream.encode())
    sequence = open_sequence(str(path))
    assert next(iter(sequence)).rgb.shape == (HEIGHT, round(WIDTH * 4 / 3), 3)
    assert 'square' in sequence.describe()[0]


def test_pixels_that_become_others_on_the_way_are_made_square(tmp_path):
    """A stream whose size and form of pixels change gives each frame as wide as it is shown."""
    parts = []
    for number, (size, aspect) in enumerate((((HEIGHT, WIDTH), (4, 3)), ((48, 96), (1, 2)))):
        path = tmp_path / f'{number}.ts'
        with av.open(str(path), 'w') as container:
            stream = container.add_stream('libx264', rate=RATE)
            stream.height, stream.width, stream.pix_fmt = *size, 'yuv420p'
            stream.codec_context.sample_aspect_ratio = Fraction(*aspect)
            for i in range(12):
                frame = av.VideoFrame.from_ndarray(scene(i, size), format='rgb24')
                frame.pts = i + 12 * number
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        parts.append(path.read_bytes())
    path.write_bytes(b''.join(parts))
    shapes = {image.rgb.shape for image in open_sequence(str(path))}
    assert shapes == {(HEIGHT, round(WIDTH * 4 / 3), 3), (48, 48, 3)}


@pytest.mark.parametrize('suffix', ['mp4', 'mkv'])
def test_a_cover_picture_that_is_larger_than_the_film_is_not_taken_for_it(tmp_path, suffix):
    """What players show before the film is no frame, and is not told as another film."""
    path = tmp_path / f'a.{suffix}'
    large = scene(0, (2 * HEIGHT, 2 * WIDTH))
    with av.open(str(path), 'w') as container:
        if suffix == 'mp4':
            cover = container.add_stream('mjpeg', rate=1)
            cover.height, cover.width, cover.pix_fmt = *large.shape[:2], 'yuvj420p'
            cover.disposition = av.stream.Disposition.attached_pic
        else:
            container.add_attachment('cover.jpg', 'image/jpeg', cv2.imencode('.jpg', large)[1].tobytes())
        stream = container.add_stream('libx264', rate=RATE)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, 'yuv420p'
        if suffix == 'mp4':
            container.mux(cover.encode(av.VideoFrame.from_ndarray(large, format='rgb24')))
            container.mux(cover.encode())
        for i in range(8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(i), format='rgb24')))
        container.mux(stream.encode())
    sequence = open_sequence(str(path))
    assert [image.rgb.shape for image in sequence] == [(HEIGHT, WIDTH, 3)] * 8
    assert not any('another' in line for line in sequence.describe())


def test_an_odd_width_reads(tmp_path):
    """A width that is no multiple of anything is neither sheared nor refused."""
    path = film(tmp_path / 'a.avi', 5, codec='mjpeg', size=(45, 61))
    image = next(iter(open_sequence(str(path)))).rgb
    assert image.shape == (45, 61, 3) and image.flags['C_CONTIGUOUS']
    assert np.abs(image.astype(int) - scene(0, (45, 61))).mean() < 12


@pytest.mark.parametrize('suffix', ['.mp4', '.mkv'])
def test_reading_goes_on_past_a_hole_and_tells_what_is_missing(tmp_path, suffix):
    """Bytes lost in the middle cost the frames up to the next that stands alone; none is shown that is wrong."""
    path = film(tmp_path / f'a{suffix}', 60)
    content = bytearray(path.read_bytes())
    start = len(content) * 4 // 10
    content[start:start + len(content) // 8] = bytes(len(content) // 8)
    path.write_bytes(content)
    sequence = open_sequence(str(path))
    images = list(sequence)
    numbers = [number_of(image.rgb) for image in images]
    missing = 60 - len(numbers)
    assert 0 < missing < 40 and numbers[0] == 0 and numbers[-1] == 59
    assert all(abs(image.stamp - number * PERIOD) <= 1_000_000 for image, number in zip(images, numbers))
    assert sequence.left_out == {'frames missing in the video': missing}


def test_a_video_that_is_cut_gives_what_is_there(tmp_path):
    """Of a file cut in the middle, whose index stands in front, the first part comes; the rest is told as missing."""
    path = film(tmp_path / 'a.mp4', 60, muxing={'movflags': 'faststart'})
    content = path.read_bytes()
    path.write_bytes(content[:len(content) * 6 // 10])
    sequence = open_sequence(str(path))
    numbers = [number_of(image.rgb) for image in sequence]
    assert numbers == list(range(len(numbers))) and 10 < len(numbers) < 50
    assert sequence.left_out == {'frames missing in the video': 60 - len(numbers)}


def test_a_video_that_is_cut_before_its_index_is_told_as_cut(tmp_path):
    """A telephone's film that was not copied whole has no index, and no converter can read it either."""
    path = film(tmp_path / 'a.mp4')
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(SequenceError, match='a.mp4 is no video .* cut off, .* copy it again'):
        open_sequence(str(path))


def test_a_cut_fragmented_video_gives_what_is_there(tmp_path):
    """A recording in fragments, as a phone or a stream makes it, is read up to where it ends."""
    path = film(tmp_path / 'a.mp4', 60, muxing={'movflags': 'frag_keyframe+empty_moov'})
    content = path.read_bytes()
    path.write_bytes(content[:len(content) * 6 // 10])
    numbers = [number_of(image.rgb) for image in open_sequence(str(path))]
    assert numbers == list(range(len(numbers))) and 10 < len(numbers) < 50


def test_a_trimmed_video_has_nothing_missing(tmp_path):
    """Frames that an edit list cuts off, as phones do it, are neither shown nor called missing."""
    path = film(tmp_path / 'a.mp4', 60)
    content = bytearray(path.read_bytes())
    place = content.index(b'elst') + 12  # version and flags, the number of edits; then the first one's duration
    whole, = struct.unpack_from('>I', content, place)
    struct.pack_into('>I', content, place, whole // 2)
    path.write_bytes(content)
    sequence = open_sequence(str(path))
    numbers = [number_of(image.rgb) for image in sequence]
    assert numbers == list(range(len(numbers))) and 28 <= len(numbers) <= 32
    assert not sequence.left_out and len(sequence) == len(numbers)


def test_damaged_videos_are_never_a_traceback(tmp_path):
    """Bytes changed or cut anywhere give frames or a SequenceError that names the file."""
    rng = np.random.default_rng(3)
    for suffix in ('.mp4', '.mkv', '.avi', '.ts'):
        whole = np.frombuffer(film(tmp_path / f'whole{suffix}', 12).read_bytes(), np.uint8)
        for trial in range(12):
            spoilt = whole.copy()
            places = rng.integers(0, len(whole) if trial % 2 else 600, 20)
            spoilt[places] = rng.integers(0, 256, 20)
            path = tmp_path / f'{trial}{suffix}'
            path.write_bytes(spoilt[:rng.integers(1, len(whole)) if trial % 3 == 0 else None].tobytes())
            try:
                stamps = [image.stamp for image in open_sequence(str(path))]
                assert all(a < b for a, b in zip(stamps, stamps[1:]))
            except SequenceError as error:
                assert str(path) in str(error)


def test_without_pyav_the_line_names_what_installs_it(tmp_path, monkeypatch):
    """A video where PyAV is not there is one line with the remedy."""
    path = film(tmp_path / 'a.mp4', 3)
    monkeypatch.setitem(__import__('sys').modules, 'av', None)
    with pytest.raises(SequenceError, match='a.mp4 is a video, .*pip install av'):
        open_sequence(str(path))


def test_sound_alone_is_no_video(tmp_path):
    """A file without a picture is one line."""
    path = tmp_path / 'a.wav'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), 's16', 'mono')
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(SequenceError, match='no video stream'):
        open_sequence(str(path))


def test_a_frame_that_was_read_leaves_no_memory_behind(tmp_path):
    """Nothing keeps a frame until Python looks for cycles: half a megabyte each, of a small video."""
    video = open_sequence(str(film(tmp_path / 'film.mp4', 60)))
    gc.collect()
    gc.disable()
    try:
        most = max(sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects()) for _ in video)
    finally:
        gc.enable()
    assert most < 10
