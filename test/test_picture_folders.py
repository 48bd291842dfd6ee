# SPDX-License-Identifier: Apache-2.0
"""Folders of images: order and stamps from names, what is left out and said, damaged and odd files."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import features

from ttt3r_ros.sequences import SequenceError, open_sequence, write_bag
from ttt3r_ros.sequences.picture_files import readable

SECOND = 10**9


def picture(value: int = 0, size: tuple[int, int] = (8, 6)) -> Picture.Image:
    """Return a picture of one grey."""
    return Picture.new('RGB', size, (value,) * 3)


def filled(folder: Path, names: list[str]) -> Path:
    """Return the folder with an image of each name, as bright as its place in the list."""
    folder.mkdir(parents=True, exist_ok=True)
    for value, name in enumerate(names):
        picture(value).save(folder / name)
    return folder


def read(folder: Path | str) -> tuple[list[int], list[int]]:
    """Return the places in the list, and the stamps, of the images as they come."""
    images = list(open_sequence(str(folder)))
    return [int(image.rgb.flat[0]) for image in images], [image.stamp for image in images]


@pytest.mark.parametrize(('stems', 'stamps'), [
    ([str(1700000000 + i / 20) for i in range(30)], [1700000000 * SECOND + i * SECOND // 20 for i in range(30)]),
    (['0.5', '9.05', '9.5', '10.0', '100'], [SECOND // 2, 9_050_000_000, 9_500_000_000, 10 * SECOND, 100 * SECOND]),
    (['1305031102.175304', '1305031102.2'], [1305031102_175304000, 1305031102_200000000]),
    (['1403636579763555584', '1403636579813555584'], [1403636579_763555584, 1403636579_813555584]),
    (['1403636579763555', '1403636579813555'], [1403636579_763555000, 1403636579_813555000]),
    (['1403636579763', '1403636579813'], [1403636579_763000000, 1403636579_813000000]),
    (['3000000033333333', '3000000066666666'], [3000000_033333333, 3000000_066666666]),
    (['cam0_1403636579763555584', 'cam0_1403636579813555584'], [1403636579_763555584, 1403636579_813555584]),
    (['rgb-1305031102.05', 'rgb-1305031102.5'], [1305031102_050000000, 1305031102_500000000]),
    (['100058.5', '100059.5', '100060.5'], [100058_500000000, 100059_500000000, 100060_500000000]),
    (['1305031102.05_left', '1305031102.5_left'], [1305031102_050000000, 1305031102_500000000]),
    (['1305031102.05.color', '1305031102.5.color'], [1305031102_050000000, 1305031102_500000000])])
def test_names_that_are_times_give_order_and_stamps(tmp_path, stems, stamps):
    """Seconds with a fraction sort by value; long whole numbers are milli-, micro- or nanoseconds; all are exact."""
    order, found = read(filled(tmp_path, [f'{stem}.png' for stem in stems]))
    assert order == list(range(len(stems))) and found == stamps
    assert not open_sequence(str(tmp_path)).stamps_made


@pytest.mark.parametrize('stems', [
    ['img2', 'img10', 'img100'], ['v1.2', 'v1.10', 'v2.1'], ['0000000000000001', '0000000000000002'],
    ['20240131101530123', '20240131101530456'], ['1.1', '1.10'], ['a1.5', 'b1.5'],
    ['1.5a', '1.6b'], ['99999999999999999999'],
    ['115958.5', '115959.5', '120000.5', '120001.5'], ['raum12²0', 'raum12²1'], ['5000000000.5', '5000000001.5']])
def test_names_that_are_no_times_sort_naturally_and_get_made_stamps(tmp_path, stems):
    """Counters, versions, dates, hours, equal times and what no stamp can hold are counted through; that is said."""
    order, found = read(filled(tmp_path, [f'{stem}.png' for stem in stems]))
    assert order == list(range(len(stems))) and found == [i * SECOND // 10 for i in range(len(stems))]
    sequence = open_sequence(str(tmp_path))
    assert sequence.stamps_made and 'made, 10 a second' in sequence.describe()[0]


def test_truth_in_nanoseconds_is_recognised(tmp_path):
    """A TUM file whose stamps are nanoseconds, as some tools write, gives the stamps that they are."""
    filled(tmp_path, ['0.png', '1.png'])
    (tmp_path / 'groundtruth_tum.txt').write_text('1403636579763555584.000000 0 0 0 0 0 0 1\n'
                                                  '1.403636579813555584e+18 1 0 0 0 0 0 1\n')
    assert read(tmp_path)[1] == [1403636579_763555584, 1403636579_813555584]


@pytest.mark.parametrize('stamp', ['1e40', 'nan', '-1e30', 'inf'])
def test_truth_at_times_that_are_none_is_one_line(tmp_path, stamp):
    """A stamp that no unit makes a time raises with the file's name."""
    filled(tmp_path, ['0.png'])
    (tmp_path / 'groundtruth_tum.txt').write_text(f'{stamp} 0 0 0 0 0 0 1\n')
    with pytest.raises(SequenceError, match='groundtruth_tum.txt.*(correct|write)'):
        open_sequence(str(tmp_path))


def test_a_stamp_that_no_message_holds_is_one_line(tmp_path):
    """Truth from before 1970 reads, and is refused by name where a bag is made of it."""
    filled(tmp_path, ['0.png'])
    (tmp_path / 'groundtruth_tum.txt').write_text('-5 0 0 0 0 0 0 1\n')
    with pytest.raises(SequenceError, match='-5000000000 ns is no time'):
        write_bag(open_sequence(str(tmp_path)), tmp_path / 'bag')


def test_truth_is_interpolated_to_names_that_are_times(tmp_path):
    """With times of their own, images get the pose at their time, and none in a gap of the truth."""
    filled(tmp_path, ['10.05.png', '10.10.png', '11.00.png'])
    (tmp_path / 'groundtruth_tum.txt').write_text(
        '10.0 0 0 0 0 0 0 1\n10.08 8 0 0 0 0 0 1\n10.12 12 0 0 0 0 0 1\n11.5 50 0 0 0 0 0 1\n')
    truth = open_sequence(str(tmp_path)).truth
    assert truth.stamps.tolist() == [10_050_000_000, 10_100_000_000]
    assert truth.poses[:, 0, 3].tolist() == pytest.approx([5.0, 10.0])


def test_depth_beside_colour_is_left_out_and_said(tmp_path):
    """Of colour and 16-bit depth in one folder the colour is taken, and a pattern chooses otherwise."""
    for i in range(3):
        picture(i).save(tmp_path / f'frame-{i:06}.color.png')
        Picture.fromarray(np.full((6, 8), 1000, np.uint16)).save(tmp_path / f'frame-{i:06}.depth.png')
        picture(200 + i).save(tmp_path / f'frame-{i:06}_mask.png')
    assert read(tmp_path)[0] == [0, 1, 2]
    _, *others = open_sequence(str(tmp_path)).describe()
    assert [line.split()[6] for line in others] == ['frame-*.depth.png:', 'frame-*_mask.png:']
    assert read(tmp_path / '*_mask.png')[0] == [200, 201, 202]
    with pytest.raises(SequenceError, match='only depth images .*8 bits'):
        open_sequence(str(tmp_path / '*.depth.png'))


def test_files_that_are_not_read_here_are_counted_by_suffix(tmp_path):
    """A HEIC or raw photo among JPEGs is no frame, and the description says how many there are."""
    filled(tmp_path, ['1.jpg', '2.jpg'])
    for name in ('3.dng', '4.DNG', '5.cr2', '6.pef'):
        (tmp_path / name).write_bytes(b'raw')
    sequence = open_sequence(str(tmp_path))
    assert len(sequence) == 2
    assert {line.split(':')[1] for line in sequence.describe()[1:]} == {' 2 .dng', ' 1 .cr2', ' 1 .pef'}
    for name in ('1.jpg', '2.jpg'):
        (tmp_path / name).unlink()
    with pytest.raises(SequenceError, match='2 .dng: not read here .convert them'):
        open_sequence(str(tmp_path))


@pytest.mark.parametrize(('names', 'told'), [
    (['left_0.png', 'left_1.png', 'right_0.png', 'right_1.png'], 'left_*.png and right_*.png'),
    (['0_left.jpg', '0_right.jpg', '1_left.jpg', '1_right.jpg', '2_left.jpg'], '*_left.jpg and *_right.jpg'),
    (['0.png', '0.jpg', '1.png', '1.jpg'], '*.jpg and *.png'),
    (['IMG_0001.jpg', 'IMG_0002.jpg', 'IMG_0003.jpg', 'IMG_E0001.jpg', 'IMG_E0003.jpg'], 'IMG_*.jpg and IMG_E*.jpg'),
    (['A_1.JPG', 'A_2.JPG', 'B_1.JPG', 'B_2.JPG'], 'A_*.JPG and B_*.JPG'),
    (['left_0.png', 'left_1.png', 'right_2.png', 'right_3.png'], None),
    (['cover_1.png', '1.png', '2.png', '3.png'], None)])
def test_two_cameras_in_a_folder_are_told(tmp_path, caplog, names, told):
    """Or each picture twice: names of two forms with the same numbers are one path after the other, or beside it."""
    filled(tmp_path, names)
    assert len(open_sequence(str(tmp_path))) == len(names)
    said = [record.message for record in caplog.records]
    assert said == [] if told is None else len(said) == 1 and f'{told} have the same numbers' in said[0], said


@pytest.mark.parametrize('name', ['{}_thumb', 'thumb_{}', 'E{}', '{}-[edited]'])
@pytest.mark.parametrize('numbers', [['1', '2', '10'], ['0001', '0002', '0003']])
def test_the_pattern_that_chooses_takes_each_picture_once(tmp_path, caplog, numbers, name):
    """`*.jpg` fits the small pictures beside the large ones, too: who gave what was said had both again."""
    filled(tmp_path, [f'{form}.jpg' for number in numbers for form in (number, name.format(number))])
    open_sequence(str(tmp_path))
    chosen = re.search('give a pattern such as "(.*)"', caplog.text)[1]
    caplog.clear()
    assert len(open_sequence(chosen)) == len(numbers) and not caplog.records, caplog.text


@pytest.mark.parametrize(('names', 'told'), [
    (['a_1.jpg', 'a_2.jpg', 'a_3.jpg', 'a_1 (1).jpg', 'a_3 (1).jpg'], '2 images are copies by their names, such as '
                                                                      '"a_1 (1).jpg"'),
    (['a_1.jpg', 'a_2.jpg', 'a_1(1).jpg', 'a_2(1).jpg', 'a_2(2).jpg'], '3 images are copies'),
    (['a (1).jpg', 'a (2).jpg', 'a (3).jpg'], None),
    (['a.jpg', 'a (1).jpg', 'a (2).jpg'], None)])
def test_downloads_that_came_twice_are_told(tmp_path, caplog, names, told):
    """Else each picture stands twice, and resets count it twice; numbers in brackets alone are a counter."""
    filled(tmp_path, names)
    open_sequence(str(tmp_path))
    assert [told in record.message for record in caplog.records] == ([] if told is None else [True]), caplog.text


@pytest.mark.parametrize(('numbers', 'told'), [
    (['9997', '9998', '9999', '0001', '0002'], 'after IMG_9999.jpg, .* such as IMG_10001.jpg for IMG_0001.jpg'),
    (['9990', '9995', '0000', '0005', '0010'], 'IMG_10000.jpg for IMG_0000.jpg'),
    (['235957', '235958', '235959', '000000', '000001'], 'after IMG_235959.jpg, .* IMG_1000000.jpg'),
    (['86399.8', '86399.9', '0.0', '0.1'], 'after IMG_86399.9.jpg, .* IMG_86400.0.jpg for IMG_0.0.jpg'),
    (['0001', '0002', '0003', '5000', '5001'], None),
    (['0001', '0002', '0003', '9000', '9001'], None),
    ([f'{k:03}' for k in range(0, 1000, 50)], None),
    (['095958', '095959', '100000', '100001'], None),
    (['1', '2', '9998', '9999', '10000'], None),
    (['0001'], None),
    (['0.1', '0.2', '0.3', '1.5'], None)])
def test_numbers_that_begin_again_are_told(tmp_path, caplog, numbers, told):
    """A camera that counts to 9999, and times of a day over midnight; called as is said, they come in order."""
    names = [f'IMG_{number}.jpg' for number in numbers]
    filled(tmp_path, names)
    open_sequence(str(tmp_path))
    if told is None:
        assert not caplog.records, caplog.text
        return
    assert len(caplog.records) == 1 and re.search(told, caplog.text), caplog.text
    new, old = re.search(r'such as (\S+) for (\S+)$', caplog.records[0].message).groups()
    for number in numbers[names.index(old):]:
        later = f'{86_400 + float(number)}' if '.' in number else f'1{number}'
        (tmp_path / f'IMG_{number}.jpg').rename(tmp_path / f'IMG_{later}.jpg')
    caplog.clear()
    sequence = open_sequence(str(tmp_path))
    assert [image.rgb[0, 0, 0] for image in sequence] == list(range(len(names))) and not caplog.records
    assert (tmp_path / new).exists()


@pytest.mark.parametrize(('order', 'told'), [
    ('dbca', 'a.jpg, before b.jpg by its name, was taken after it'),
    ('cdab', 'b.jpg, before c.jpg by its name, was taken after it'),
    ('abcd', None),
    ('', None)])
def test_names_in_another_order_than_the_times_in_the_images_are_told(tmp_path, caplog, order, told):
    """As of photographs whose names are hashes; of an unknown time, or the same second, nothing is said."""
    filled(tmp_path, [f'{name}.jpg' for name in 'abcd'])
    for second, name in enumerate(order):
        exif = Picture.Exif()
        exif.get_ifd(0x8769)[0x9003] = f'2026:05:01 12:00:{second // 2:02d}'
        picture(ord(name)).save(tmp_path / f'{name}.jpg', exif=exif)
    picture(200).save(tmp_path / 'c2.jpg', exif=b'Exif\0\0spoilt')
    open_sequence(str(tmp_path))
    assert [told in record.message for record in caplog.records] == ([] if told is None else [True]), caplog.text


def test_heic_is_read_or_left_out_with_the_remedy(tmp_path):
    """Where pillow-heif is installed a HEIC file is a frame; elsewhere the line names what installs it."""
    filled(tmp_path, ['1.jpg'])
    if '.heic' in readable():
        picture(90).save(tmp_path / '2.heic')
        assert len(list(open_sequence(str(tmp_path)))) == 2
    else:
        (tmp_path / '2.heic').write_bytes(b'\0\0\0\x18ftypheic')
        assert 'pip install pillow-heif' in open_sequence(str(tmp_path)).describe()[1]


@pytest.mark.parametrize('suffix', ['.jpg', '.jfif', '.png', '.tif', '.webp', '.avif', '.jp2', '.pnm', '.tga'])
def test_kinds_that_the_library_reads_are_read_and_turned(tmp_path, suffix):
    """Each kind becomes RGB; the orientation in its metadata is applied, whatever the kind."""
    if suffix in ('.avif', '.jp2') and suffix not in readable():
        pytest.skip(f'this Pillow reads no {suffix}')
    image = np.zeros((32, 48, 3), np.uint8)
    image[:, :24] = 250, 0, 0
    exif = Picture.Exif()
    exif[0x0112] = 6  # turn by 90 degrees, clockwise
    if suffix in ('.jp2', '.pnm', '.tga'):  # hold no EXIF
        Picture.fromarray(image).save(tmp_path / f'a{suffix}')
        expected = image
    else:
        Picture.fromarray(image).save(tmp_path / f'a{suffix}', exif=exif)
        expected = np.rot90(image, -1)
    sequence = open_sequence(str(tmp_path))
    frame, = sequence
    assert frame.rgb.shape == expected.shape and sequence.contents.size == expected.shape[1::-1]
    assert np.abs(frame.rgb.astype(int) - expected).mean() < 8


def test_a_frame_that_is_cut_is_left_out_and_counted(tmp_path):
    """A damaged image in the middle or at the end does not end the run; the others keep their stamps."""
    filled(tmp_path, [f'{i}.png' for i in range(5)])
    for name in ('2.png', '4.png'):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-30])
    sequence = open_sequence(str(tmp_path))
    for _ in range(2):
        assert [image.stamp for image in sequence] == [0, SECOND // 10, 3 * SECOND // 10]
        assert sequence.left_out == {'unreadable image files': 2}


def test_links_that_lead_nowhere_are_counted_and_told(tmp_path, caplog):
    """Of a disk that is not mounted: the others keep their stamps; where all are so, the line says it."""
    filled(tmp_path / 'some', [f'IMG_{i}.png' for i in (0, 2, 4)])
    for i, target in (1, '/nowhere/IMG_1.png'), (3, 'IMG_3.png'), (5, '../IMG_5.png'):
        (tmp_path / f'some/IMG_{i}.png').symlink_to(target)
    sequence = open_sequence(str(tmp_path / 'some'))
    assert [image.stamp for image in sequence] == [0, SECOND // 5, 2 * SECOND // 5]
    assert sequence.left_out == {'links that lead nowhere': 3}
    assert '3 links lead nowhere (first: IMG_1.png -> /nowhere/IMG_1.png)' in sequence.describe()[1]
    assert f'{tmp_path}/some/IMG_1.png is a link to /nowhere/IMG_1.png, which is not there; mount' in caplog.text
    (tmp_path / 'all').mkdir()
    for i in range(4):
        (tmp_path / f'all/IMG_{i}.jpg').symlink_to(f'/nowhere/IMG_{i}.jpg')
    with pytest.raises(SequenceError, match=r'4 links lead nowhere \(first: IMG_0.jpg -> /nowhere/IMG_0.jpg\); mount'):
        open_sequence(str(tmp_path / 'all'))
    filled(tmp_path / 'all', ['depth_9.png'])
    with pytest.raises(SequenceError, match='4 links lead nowhere'):
        open_sequence(str(tmp_path / 'all'))


def large_png(path: Path, side: int) -> None:
    """Write a PNG of side × side grey pixels, small as a file."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    packer = zlib.compressobj(9)
    rows = b''.join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0))
                     + chunk(b'IDAT', rows) + chunk(b'IEND', b''))


@pytest.mark.parametrize('side', [11_400, 14_200, 20_000])
def test_an_image_too_large_is_refused_from_its_header(tmp_path, side):
    """130, 200 and 400 million pixels are one line each, and no pixel is decoded; the others are read."""
    large_png(tmp_path / '1.png', side)
    with pytest.raises(SequenceError, match='1.png .*million.*smaller'):
        list(open_sequence(str(tmp_path)))
    picture(7).save(tmp_path / '2.png')
    assert read(tmp_path)[0] == [7]


def test_a_folder_of_folders_names_them(tmp_path):
    """Where the images lie one deeper, the line tells the folders; one image alone is told, too."""
    filled(tmp_path / 'left', ['1.png'])
    with pytest.raises(SequenceError, match='give one of these: .*left/'):
        open_sequence(str(tmp_path))
    with pytest.raises(SequenceError, match='is one image; give the folder'):
        open_sequence(str(tmp_path / 'left/1.png'))
    for name in ('walk.mp4', 'drive/drive_0.mcap'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b'')
    with pytest.raises(SequenceError, match=r'give one of these: .*drive/, .*left/, .*walk.mp4, or all .*ttt3r batch'):
        open_sequence(str(tmp_path))


def test_films_that_fit_a_pattern_or_lie_one_deeper_are_named(tmp_path):
    """A pattern is of images: of films the line tells those that fit, of a folder of folders the ones with films."""
    for name in ('phone/a.mp4', 'phone/b.mp4', 'phone/c.mov'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b'')
    with pytest.raises(SequenceError, match=r'no image named \*.mp4; give one of these: \S*a.mp4, \S*b.mp4, or all'):
        open_sequence(str(tmp_path / 'phone/*.mp4'))
    with pytest.raises(SequenceError, match='give one of these: .*phone/$'):
        open_sequence(str(tmp_path))


def test_films_beside_images_are_told(tmp_path):
    """Of a telephone's folder the photographs alone are frames: the films are told, with what takes one."""
    filled(tmp_path, ['1.jpg', '2.jpg'])
    for name in ('b.MOV', 'a.mp4', 'c.mov', '._a.mp4'):
        (tmp_path / name).write_bytes(b'')
    lines = open_sequence(str(tmp_path)).describe()
    assert lines[1:] == [f'not taken: 3 films, each a source of its own: give one, such as "{tmp_path}/a.mp4"']
    assert len(open_sequence(str(tmp_path / '*.jpg')).describe()) == 1  # who chose wants no others


def test_films_beside_what_is_not_read_here_are_told(tmp_path):
    """A raw photo hid them, and a GIF, which is a film itself, was called an image to be converted."""
    for name in ('walk.mp4', 'walk.gif', '1.dng'):
        (tmp_path / name).write_bytes(b'')
    with pytest.raises(SequenceError, match=f'1 .dng: not read here .*; 2 films, .*: give one, such as "{tmp_path}/w'):
        open_sequence(str(tmp_path))
    (tmp_path / '1.dng').unlink()
    with pytest.raises(SequenceError, match=f'read here: 2 films, each a source of its own: give one, .*"{tmp_path}/w'):
        open_sequence(str(tmp_path))
    filled(tmp_path, ['1.jpg'])
    assert [line[:20] for line in open_sequence(str(tmp_path)).describe()[1:]] == ['not taken: 2 films, ']


def test_images_that_lie_several_folders_deeper_are_named(tmp_path):
    """A recording has a folder for each day and camera: the line tells the innermost, and none that is hidden."""
    for name in ('walks/monday/left', 'walks/monday/right', 'walks/.thumbnails/left', 'walks/tuesday/notes'):
        filled(tmp_path / name, [] if 'notes' in name else ['1.png'])
    with pytest.raises(SequenceError, match=r'holds no image itself; give one of these: \S*walks/monday/left/, '
                                            r'\S*walks/monday/right/, or all of them to "ttt3r batch"$'):
        open_sequence(str(tmp_path))


@pytest.mark.parametrize('suffix', ['tif', 'png', 'webp'])
def test_further_images_in_a_file_are_counted_and_told(tmp_path, caplog, suffix):
    """Pages of a TIFF and frames of an animation are not passed over in silence; as a source by itself neither."""
    several = {'save_all': True, 'append_images': [picture(100), picture(200)]}
    picture(7).save(tmp_path / f'1.{suffix}', **several, **({'lossless': True} if suffix == 'webp' else {}))
    picture(8).save(tmp_path / f'2.{suffix}', **({'lossless': True} if suffix == 'webp' else {}))
    folder = open_sequence(str(tmp_path))
    assert [int(image.rgb.mean()) for image in folder] == [7, 8]
    assert folder.left_out == {'further images in a file': 2}
    assert f'1.{suffix} holds 3 images, the first alone is read; write each to a file' in caplog.text
    with pytest.raises(SequenceError, match='holds 3 images, as a folder does: write each to a file of its own'):
        open_sequence(str(tmp_path / f'1.{suffix}'))


def test_a_gif_is_a_video(tmp_path):
    """FFmpeg decodes it, frame for frame."""
    grey = [picture(value, (32, 24)) for value in (10, 90, 170, 250)]
    grey[0].save(tmp_path / 'walk.gif', save_all=True, append_images=grey[1:], duration=100)
    frames = list(open_sequence(str(tmp_path / 'walk.gif')))
    assert [round(frame.rgb.mean(), -1) for frame in frames] == [10, 90, 170, 250]
    assert np.diff([frame.stamp for frame in frames]).tolist() == [SECOND // 10] * 3


@pytest.mark.parametrize('source', ['~nobodyofthatname/frames', 'a\0b', 'x' * 5000])
def test_a_path_that_can_be_none_is_one_line(source):
    """A home that is nobody's, a zero byte and a name too long are told as any path that is not there."""
    with pytest.raises(SequenceError, match='cannot be read|does not exist'):
        open_sequence(source)


def test_damaged_image_files_of_all_kinds_are_never_a_traceback(tmp_path):
    """Bytes changed or cut anywhere give a frame or a SequenceError."""
    rng = np.random.default_rng(5)
    kinds = {'.png', '.jpg', '.tif', '.bmp', '.webp', '.ppm', '.avif', '.jp2', '.tga'} & readable()
    noise = Picture.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8))
    for suffix in sorted(kinds):
        noise.save(tmp_path / f'whole{suffix}')
        whole = np.frombuffer((tmp_path / f'whole{suffix}').read_bytes(), np.uint8)
        for trial in range(30):
            spoilt = whole.copy()
            places = rng.integers(0, min(len(whole), 400 if trial % 2 else len(whole)), 6)
            spoilt[places] = rng.integers(0, 256, 6)
            end = rng.integers(1, len(whole)) if trial % 3 == 0 else len(whole)
            folder = tmp_path / f'{suffix}{trial}'
            folder.mkdir()
            (folder / f'a{suffix}').write_bytes(spoilt[:end].tobytes())
            try:
                assert next(iter(open_sequence(str(folder)))).rgb.ndim == 3
            except SequenceError as error:
                assert str(folder) in str(error)


@pytest.mark.parametrize('name', ['groundtruth_tum.txt', 'K.txt'])
def test_text_files_that_are_none_are_one_line(tmp_path, name):
    """Binary content where a text is expected is named with the remedy."""
    filled(tmp_path, ['0.png'])
    (tmp_path / name).write_bytes(b'\xff\xfe\x00\x80' * 9)
    with pytest.raises(SequenceError, match=f'{name} is no.*correct'):
        open_sequence(str(tmp_path))


def test_jpeg_2000_and_avif_are_among_the_kinds_where_pillow_has_them():
    """What this Pillow can decode is in the list; what it cannot is not."""
    assert ('.jp2' in readable()) == features.check('jpg_2000')
    assert {'.png', '.jpg'} <= readable() and '.dng' not in readable()
