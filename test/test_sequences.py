# SPDX-License-Identifier: Apache-2.0
import zipfile
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image as Picture
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation

from ttt3r_ros.sequences import Bag, SequenceError, Trajectory, open_sequence, read_tum, write_bag, write_tum
from ttt3r_ros.sequences.pixels import decode_raw

SHARED = Path(__file__).parent.parent.parent / 'shared/data'
STORE = get_typestore(Stores.ROS2_JAZZY)
STAMPS = [1305031102_175304001, 1305031102_275304002, 1305031102_375304999, 1305031103_000000001]


def images(count=4, size=(24, 32)):
    rng = np.random.default_rng(7)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for _ in range(count)]


def truth(stamps=tuple(STAMPS)):
    poses = np.tile(np.eye(4), (len(stamps), 1, 1))
    poses[:, :3, :3] = Rotation.from_quat(np.random.default_rng(3).normal(size=(len(stamps), 4))).as_matrix()
    poses[:, :3, 3] = np.random.default_rng(4).normal(size=(len(stamps), 3))
    return Trajectory(np.array(stamps, np.int64), poses)


@pytest.fixture
def folder(tmp_path):
    """A folder with rgb/, truth and intrinsics, its names in an order that only natural sorting keeps."""
    root = tmp_path / 'walk'
    (root / 'rgb').mkdir(parents=True)
    for number, image in zip((2, 9, 10, 100), images()):
        Picture.fromarray(image).save(root / 'rgb' / f'frame{number}.png')
    write_tum(root / 'groundtruth_tum.txt', truth())
    np.savetxt(root / 'K.txt', np.array([[30.0, 0, 15.5], [0, 31, 11.5], [0, 0, 1]]))
    return root


def test_tum_text_keeps_every_nanosecond_and_every_digit(tmp_path):
    """A trajectory written and read again has equal stamps, equal places and equal rotations."""
    path, written = tmp_path / 'trajectory.txt', truth((0, 1, 1305031102_175304001, 2**62 + 1))
    write_tum(path, written)
    read = read_tum(path)
    assert read.stamps.dtype == np.int64 and np.array_equal(read.stamps, written.stamps)
    assert np.array_equal(read.poses[:, :3, 3], written.poses[:, :3, 3])
    assert np.allclose(read.poses, written.poses, atol=1e-14, rtol=0)
    assert path.read_text().split()[16] == '1305031102.175304001'


def test_tum_stamps_of_any_decimal_form_are_exact(tmp_path):
    """Comments, short decimals and exponents are read without a float's rounding."""
    path = tmp_path / 'trajectory.txt'
    path.write_text('# stamp\n\n0.1 0 0 0 0 0 0 1\n1700000000.3 0 0 0 0 0 0 1\n1.700000001e9 0 0 0 0 0 0 1\n')
    assert read_tum(path).stamps.tolist() == [100_000_000, 1700000000_300000000, 1700000001_000000000]


@pytest.mark.parametrize('line', ['1 0 0 0 0 0 0', 'x 0 0 0 0 0 0 1', '1 0 0 nan 0 0 0 1', '1 0 0 0 0 0 0 0'])
def test_a_bad_tum_line_is_named(tmp_path, line):
    """A line with too few fields, no number or no rotation raises with file and line number."""
    path = tmp_path / 'trajectory.txt'
    path.write_text('0 0 0 0 0 0 0 1\n' + line + '\n')
    with pytest.raises(ValueError, match=r'trajectory.txt, line 2'):
        read_tum(path)


def test_a_folder_gives_images_stamps_truth_and_intrinsics(folder):
    """Images come in natural order with the truth's stamps, bit by bit, at every iteration."""
    sequence = open_sequence(str(folder))
    assert sequence.name == 'walk' and len(sequence) == 4
    assert sequence.intrinsics[1, 1] == 31
    assert sequence.truth.stamps.tolist() == STAMPS
    for _ in range(2):
        read = list(sequence)
        assert [image.stamp for image in read] == STAMPS
        assert all(np.array_equal(a.rgb, b) for a, b in zip(read, images()))


def test_without_matching_truth_the_rate_gives_the_stamps(folder):
    """Truth of another length is left aside and stamps are index / rate, 10 Hz by default."""
    write_tum(folder / 'groundtruth_tum.txt', truth(STAMPS[:3]))
    sequence = open_sequence(str(folder))
    assert sequence.truth is None and sequence.rate == 10
    assert [image.stamp for image in sequence] == [0, 100_000_000, 200_000_000, 300_000_000]
    assert [image.stamp for image in open_sequence(str(folder), rate=3)][:3] == [0, 333_333_333, 666_666_667]


@pytest.mark.parametrize('suffix', ['', 'file'])
def test_a_bag_gives_back_what_was_written(folder, tmp_path, suffix):
    """Folder → bag → sequence keeps pixels, stamps, intrinsics and frame, by folder or by mcap file."""
    source, seen = open_sequence(str(folder)), []
    write_bag(source, tmp_path / 'bag', progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    bag = open_sequence(str(tmp_path / 'bag' / 'bag.mcap' if suffix else tmp_path / 'bag'))
    assert isinstance(bag, Bag) and len(bag) == 4 and bag.topic == '/camera/image_raw'
    assert bag.info_topic == '/camera/camera_info' and np.array_equal(bag.intrinsics, source.intrinsics)
    assert bag.frame_id == source.frame_id
    read = list(bag)
    assert [image.stamp for image in read] == STAMPS
    assert all(np.array_equal(a.rgb, b) for a, b in zip(read, images()))


def test_a_compressed_bag_is_close_and_its_stamps_are_exact(tmp_path):
    """JPEG messages decode to nearly the same RGB image, red not swapped with blue."""
    smooth = open_sequence('synthetic:0:3')
    write_bag(smooth, tmp_path / 'bag', compressed=True)
    bag = open_sequence(str(tmp_path / 'bag'))
    assert bag.topic == '/camera/image_raw/compressed' and bag.info_topic == '/camera/camera_info'
    for a, b in zip(smooth, bag, strict=True):
        assert a.stamp == b.stamp
        assert np.abs(a.rgb.astype(int) - b.rgb).mean() < 6


def test_raw_messages_pass_through_unmodified(folder, tmp_path):
    """Bag.messages gives serialized bytes, log times and header stamps of all topics or those named."""
    write_bag(open_sequence(str(folder)), tmp_path / 'bag')
    bag = open_sequence(str(tmp_path / 'bag'))
    everything = list(bag.messages())
    assert len(everything) == 8
    raw = list(bag.messages([bag.topic]))
    assert [m.stamp for m in raw] == [m.log_time for m in raw] == STAMPS
    message = STORE.deserialize_cdr(raw[2].data, raw[2].type)
    assert np.array_equal(message.data.reshape(24, 32, 3), images()[2])
    assert bytes(STORE.serialize_cdr(message, raw[2].type)) == bytes(raw[2].data)


def foreign_bag(path, storage=StoragePlugin.MCAP, encoding='rgb8', compressed=None):
    """Write a bag with a text topic without header, and one image topic if asked."""
    header = STORE.types['std_msgs/msg/Header'](
        stamp=STORE.types['builtin_interfaces/msg/Time'](sec=5, nanosec=6), frame_id='eye')
    with Writer(path, version=9, storage_plugin=storage) as writer:
        text = writer.add_connection('/chatter', 'std_msgs/msg/String', typestore=STORE)
        message = STORE.types[text.msgtype](data='hi')
        writer.write(text, 1, STORE.serialize_cdr(message, text.msgtype))
        if encoding:
            kind = 'sensor_msgs/msg/Image'
            raw = writer.add_connection('/eye/image', kind, typestore=STORE)
            message = STORE.types[kind](header=header, height=2, width=2, encoding=encoding, is_bigendian=0,
                                        step=8, data=np.arange(16, dtype=np.uint8))
            writer.write(raw, 2, STORE.serialize_cdr(message, kind))
        if compressed is not None:
            kind = 'sensor_msgs/msg/CompressedImage'
            jpeg = writer.add_connection('/eye/jpeg', kind, typestore=STORE)
            data = np.frombuffer(compressed, np.uint8)
            message = STORE.types[kind](header=header, format='jpeg', data=data)
            writer.write(jpeg, 3, STORE.serialize_cdr(message, kind))
    return str(path)


@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_bags_of_either_storage_are_read(tmp_path, storage):
    """sqlite3 and mcap bags open; row padding is dropped; a message without header has no stamp."""
    bag = open_sequence(foreign_bag(tmp_path / 'bag', storage))
    image, = bag
    assert image.stamp == 5_000000006 and bag.frame_id == 'eye' and bag.intrinsics is None
    assert image.rgb.ravel().tolist() == [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13]
    assert [(m.topic, m.stamp) for m in bag.messages()] == [('/chatter', None), ('/eye/image', 5_000000006)]


@pytest.mark.parametrize('encoding, order', [('rgb8', [0, 1, 2]), ('bgr8', [2, 1, 0]), ('rgba8', [0, 1, 2]),
                                             ('bgra8', [2, 1, 0]), ('mono8', [0, 0, 0])])
def test_raw_encodings_become_rgb(encoding, order):
    """Each supported encoding, with padded rows, gives its pixels in the order red, green, blue."""
    channels = {'mono8': 1, 'rgba8': 4, 'bgra8': 4}.get(encoding, 3)
    pixels = np.arange(2 * 3 * channels, dtype=np.uint8).reshape(2, 3, channels)
    padded = np.concatenate([pixels.reshape(2, -1), np.full((2, 5), 255, np.uint8)], 1)
    message = SimpleNamespace(encoding=encoding, height=2, width=3, step=padded.shape[1], is_bigendian=0,
                              data=padded.ravel())
    assert np.array_equal(decode_raw(message), pixels[..., order])
    message.data = message.data[:-1]
    with pytest.raises(ValueError, match='bytes'):
        decode_raw(message)


def test_a_video_gives_all_its_frames_at_its_own_rate(tmp_path):
    """A video that OpenCV wrote reads back frame for frame, stamped by its own clock."""
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.0, (64, 48))
    for i in range(12):
        writer.write(np.full((48, 64, 3), (20 * i, 0, 200), np.uint8))
    writer.release()
    sequence = open_sequence(str(path))
    read = list(sequence)
    assert len(sequence) == len(read) == 12 and sequence.rate == pytest.approx(25)
    assert [image.stamp for image in read] == [40_000_000 * i for i in range(12)]
    assert np.abs(read[5].rgb.mean((0, 1)) - [200, 0, 100]).max() < 8


def test_the_synthetic_sequence_carries_its_truth():
    """Frames, stamps, truth and intrinsics of the room fit; the same name gives the same pixels."""
    sequence = open_sequence('synthetic:1:3', rate=5)
    read = list(sequence)
    assert [image.stamp for image in read] == sequence.truth.stamps.tolist() == [0, 200_000_000, 400_000_000]
    assert read[0].rgb.shape == (240, 320, 3) and sequence.intrinsics.shape == (3, 3)
    assert np.array_equal(read[1].rgb, list(open_sequence('synthetic:1:3'))[1].rgb)


def broken(kind, tmp_path):
    """Return a source that cannot be opened or read."""
    path = tmp_path / kind
    if kind in ('empty', 'image', 'truncated image', 'K', 'truth', 'unsorted truth'):
        path.mkdir()
    if kind == 'image':
        (path / 'bad.png').write_bytes(b'no image')
    if kind == 'truncated image':
        Picture.fromarray(images(1)[0]).save(path / 'bad.jpg')
        (path / 'bad.jpg').write_bytes((path / 'bad.jpg').read_bytes()[:-200])
    if kind in ('K', 'truth', 'unsorted truth'):
        for i in range(2):
            Picture.fromarray(images(1)[0]).save(path / f'{i}.png')
    if kind == 'photos.zip':
        with zipfile.ZipFile(path, 'w') as archive:  # not compressed, FFmpeg finds the pictures in it
            archive.writestr('0.jpg', cv2.imencode('.jpg', images(1)[0])[1].tobytes())
    if kind == 'K':
        (path / 'K.txt').write_text('1 2 3')
    if kind == 'truth':
        (path / 'groundtruth_tum.txt').write_text('0 0 0')
    if kind == 'unsorted truth':
        write_tum(path / 'groundtruth_tum.txt', truth((5, 5)))
    beginnings = {'video.mp4': b'', 'cut.mcap': b'\x89MCAP0', 'cut.db3': b'SQLite format 3',
                  'ros1.bag': b'#ROSBAG V2.0'}
    if kind in beginnings:
        path.write_bytes(beginnings[kind] + b'\r\nno more' * 20)
    if kind == 'no images bag':
        foreign_bag(path, encoding=None)
    if kind == 'odd encoding':
        foreign_bag(path, encoding='r8g8b8')
    if kind == 'bad jpeg':
        foreign_bag(path, encoding=None, compressed=b'not a jpeg')
    return str(path)


@pytest.mark.parametrize('kind, words', [
    ('missing', 'missing does not exist; give.*"camera:0"'), ('photos.zip', 'photos.zip is an archive; unpack it'),
    ('empty', 'holds no image; put'),
    ('image', 'bad.png cannot be read.*replace'), ('truncated image', 'bad.jpg cannot be read'),
    ('K', 'K.txt is no 3×3.*correct'), ('truth', 'groundtruth_tum.txt, line 1.*correct'),
    ('unsorted truth', 'do not increase'), ('video.mp4', 'no video.*convert'),
    ('cut.mcap', 'cannot be read as a bag.*repair'), ('cut.db3', 'cannot be read as a bag.*repair'),
    ('ros1.bag', 'cannot be read as a bag.*rosbag reindex'), ('no images bag', 'no image topic; record'),
    ('odd encoding', '/eye/image.*encoding "r8g8b8"'), ('bad jpeg', '/eye/jpeg.*OpenCV can decode')])
def test_what_cannot_be_read_is_named_with_the_remedy(kind, words, tmp_path):
    """Every bad input raises SequenceError, with its name and what to do."""
    with pytest.raises(SequenceError, match=words):
        list(open_sequence(broken(kind, tmp_path)))


def test_a_name_that_is_empty_is_not_the_folder_one_stands_in(tmp_path, monkeypatch):
    """A variable of the shell that is not set."""
    monkeypatch.chdir(tmp_path)
    Picture.fromarray(images(1)[0]).save(tmp_path / '0.png')
    with pytest.raises(SequenceError, match='the source has no name; give a folder'):
        open_sequence('')


@pytest.mark.parametrize('address', ['https://example.org/walk.mp4', 'rtsp://10.0.0.2:554/front', 's3://films/a.mcap'])
def test_an_address_is_told_as_what_it_is(address):
    """It is not looked for on this disk: the line says what fetches a file, and how a stream becomes one."""
    with pytest.raises(SequenceError, match=f'{address} is an address.*"ttt3r batch" fetches.*ffmpeg -i {address} '):
        open_sequence(address)


def test_an_unknown_topic_lists_the_others(tmp_path):
    """A wrong topic names the image topics that there are; the right one of two is taken."""
    jpeg = cv2.imencode('.jpg', np.full((8, 8, 3), 90, np.uint8))[1].tobytes()
    path = foreign_bag(tmp_path / 'bag', compressed=jpeg)
    with pytest.raises(SequenceError, match=r'no image topic /no; .*/eye/image .*/eye/jpeg'):
        open_sequence(path, topic='/no')
    image, = open_sequence(path, topic='/eye/jpeg')
    assert (image.rgb == 90).all()


@pytest.mark.parametrize('source', ['synthetic:', 'synthetic:0:1', 'synthetic:x'])
def test_a_misspelt_room_is_refused(source):
    """Only SEED and FRAMES may follow, and one frame is no walk."""
    with pytest.raises(SequenceError, match='two frames or more'):
        open_sequence(source)


def test_a_bad_rate_and_a_topic_without_bag_are_refused(folder):
    """Rates must be positive, and only a bag has topics."""
    with pytest.raises(SequenceError, match='positive'):
        open_sequence(str(folder), rate=0)
    with pytest.raises(SequenceError, match='leave the topic out'):
        open_sequence(str(folder), topic='/x')


def test_a_bag_is_never_overwritten_and_never_left_half_written(folder, tmp_path):
    """An existing path raises and stays; a source of which no frame can be read leaves no bag behind."""
    source = open_sequence(str(folder))
    write_bag(source, tmp_path / 'bag')
    with pytest.raises(SequenceError, match='exists already; remove'):
        write_bag(source, tmp_path / 'bag')
    assert (tmp_path / 'bag/metadata.yaml').is_file()
    for file in (folder / 'rgb').iterdir():
        file.write_bytes(b'')
    with pytest.raises(SequenceError, match='frame2.png'):
        write_bag(source, tmp_path / 'other')
    assert not (tmp_path / 'other').exists()


@pytest.mark.skipif(not (SHARED / 'hololens').is_dir(), reason='../shared/data/hololens is not here')
def test_the_hololens_folder_is_read_with_truth_and_intrinsics():
    """A real recording: 150 frames, stamps and poses from its truth file, K from K.txt."""
    sequence = open_sequence(str(SHARED / 'hololens'))
    assert len(sequence) == 150 and sequence.rate == pytest.approx(5)
    assert sequence.intrinsics[0, 0] == pytest.approx(495.57, abs=0.01)
    first = next(iter(sequence))
    assert first.rgb.shape == (360, 540, 3)
    assert sequence.truth.stamps[:3].tolist() == [0, 200_000_000, 400_000_000]
    assert sequence.truth.poses[0, :3, 3].tolist() == [-1.94312, 0.112344, 4.67999]
