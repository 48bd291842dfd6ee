# SPDX-License-Identifier: Apache-2.0
"""Bags as people have them: several topics, foreign channels, ROS 1, video in messages, packed, cut and damaged."""

from __future__ import annotations

import io
import shutil
import sqlite3
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import zstandard
from mcap.writer import Writer as McapWriter
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from ttt3r_ros.sequences import SequenceError, open_sequence
from ttt3r_ros.sequences.bag import STORE
from ttt3r_ros.sequences.packets import PACKET, VIDEO

SECOND = 10**9
START = 1_700_000_000 * SECOND
IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
INFO, TEXT = 'sensor_msgs/msg/CameraInfo', 'std_msgs/msg/String'
HEIGHT, WIDTH = 24, 32


def header(stamp: int, store=STORE, **more):
    """Return a header of that stamp."""
    time = store.types['builtin_interfaces/msg/Time'](sec=stamp // SECOND, nanosec=stamp % SECOND)
    return store.types['std_msgs/msg/Header'](stamp=time, frame_id='eye', **more)


def scene(number: int) -> np.ndarray:
    """Return a colourful image that differs from all others."""
    return np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def raw(number: int, encoding: str = 'rgb8', store=STORE, **more):
    """Return a sensor_msgs/Image of the scene, or of zeros in other encodings."""
    pixel = {'rgb8': 3, 'mono8': 1, 'mono16': 2, '16UC1': 2, '32FC1': 4}[encoding]
    data = scene(number).ravel() if encoding == 'rgb8' else np.zeros(HEIGHT * WIDTH * pixel, np.uint8)
    return store.types[IMAGE](header=header(START + number * SECOND // 10, store, **more), height=HEIGHT, width=WIDTH,
                              encoding=encoding, is_bigendian=0, step=WIDTH * pixel, data=data)


def packed(number: int, form: str = 'png'):
    """Return a sensor_msgs/CompressedImage of the scene."""
    data = cv2.imencode('.png', scene(number)[..., ::-1])[1].ravel()
    return STORE.types[COMPRESSED](header=header(START + number * SECOND // 10), format=form, data=data)


def text(number: int):
    """Return a message that is no image."""
    return STORE.types[TEXT](data=f'{number}')


def recorded(path: Path, topics: dict, frames: int = 10, storage=StoragePlugin.MCAP, compression=None) -> Path:
    """Write a bag: topics maps names to (type, what makes the message of a number, how many)."""
    writer = Writer(path, version=9, storage_plugin=storage)
    if compression is not None:
        writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        for name, (kind, make, count) in topics.items():
            connection = writer.add_connection(name, kind, typestore=STORE)
            for i in range(frames if count is None else count):
                writer.write(connection, START + i * SECOND // 10, STORE.serialize_cdr(make(i), kind))
    return path


CAMERA = {'/camera/image_raw': (IMAGE, raw, None)}


def check_scenes(path: Path, numbers=range(10), **given) -> list[str]:
    """Assert that the bag gives the scenes of these numbers, to the bit, with their stamps; return its description."""
    sequence = open_sequence(str(path), **given)
    images = list(sequence)
    assert [image.stamp for image in images] == [START + i * SECOND // 10 for i in numbers]
    assert all(np.array_equal(image.rgb, scene(i)) for image, i in zip(images, numbers))
    return sequence.describe()


@pytest.mark.parametrize('storage', list(StoragePlugin))
@pytest.mark.parametrize(('name', 'kind', 'make', 'count', 'said'), [
    ('/camera/depth/image_rect_raw', IMAGE, lambda i: raw(i, '16UC1'), None, '16UC1: depth'),
    ('/ttt3r/depth/image', IMAGE, lambda i: raw(i, '32FC1'), None, '32FC1: depth'),
    ('/thermal/image', IMAGE, lambda i: raw(i, 'mono16'), None, 'mono16: depth, or more than 8 bits'),
    ('/camera/image/compressed', COMPRESSED, packed, 0, 'empty'),
    ('/camera/depth/compressedDepth', COMPRESSED, lambda i: packed(i, '16UC1; compressedDepth png'), None, 'depth'),
    ('/broken/compressed', COMPRESSED, lambda i: STORE.types[COMPRESSED](
        header=header(START), format='jpeg', data=np.zeros(9, np.uint8)), None, 'OpenCV can decode'),
    ('/camera/infra1/image', IMAGE, lambda i: raw(i, 'mono8'), None, 'mono8'),
    ('/camera/depth/colour_map', IMAGE, raw, None, 'rgb8')])
def test_a_first_topic_that_is_no_camera_is_passed_over(tmp_path, storage, name, kind, make, count, said):
    """The colour topic behind it is taken, and both are told."""
    first, *others = check_scenes(recorded(tmp_path / 'bag', {name: (kind, make, count)} | CAMERA, storage=storage))
    assert 'topic /camera/image_raw' in first and '10 frames, 32×24' in first
    assert len(others) == 1 and name in others[0] and said in others[0]


def test_a_topic_can_be_named_and_depth_cannot(tmp_path):
    """A given topic is taken, grey of 16 bits too; depth and empty ones are refused with the list of the others."""
    topics = {'/grey': (IMAGE, lambda i: raw(i, 'mono8'), None), '/thermal': (IMAGE, lambda i: raw(i, 'mono16'), None),
              '/depth': (IMAGE, lambda i: raw(i, '32FC1'), None), '/none': (IMAGE, raw, 0)}
    path = str(recorded(tmp_path / 'bag', topics | CAMERA))
    assert open_sequence(path, topic='/grey').topic == '/grey'
    assert open_sequence(path, topic='/thermal').topic == '/thermal'
    for topic in ('/depth', '/none', '/no'):
        with pytest.raises(SequenceError, match=f'{topic}.*its image topics are .*/camera/image_raw'):
            open_sequence(path, topic=topic)


@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_a_camera_that_was_recorded_in_two_ways_is_read_as_it_is_whole(tmp_path, storage):
    """Of raw images a link loses most. Another camera with more of them is another camera."""
    both = {'/eye/image': (IMAGE, raw, 3), '/eye/image/compressed': (COMPRESSED, packed, None)}
    assert open_sequence(str(recorded(tmp_path / 'lost', both, storage=storage))).topic == '/eye/image/compressed'
    both['/eye/image'] = IMAGE, raw, 6
    assert open_sequence(str(recorded(tmp_path / 'some', both, storage=storage))).topic == '/eye/image'
    two = {'/eye/image': (IMAGE, raw, 3), '/rear/image': (IMAGE, raw, None)}
    assert open_sequence(str(recorded(tmp_path / 'two', two, storage=storage))).topic == '/eye/image'


def test_a_thermal_camera_of_12_bits_is_read_raw_and_compressed(tmp_path):
    """Grey of 16 bits that is asked for: its bits are found, and a part from the middle on is as in the whole."""
    def warm(number: int) -> np.ndarray:
        return np.linspace(0, 4000 if number == 3 else 900, HEIGHT * WIDTH).astype(np.uint16).reshape(HEIGHT, WIDTH)

    def message(number: int):
        told = raw(number, 'mono16')
        told.data = warm(number).view(np.uint8).ravel()
        return told

    def png(number: int):
        return STORE.types[COMPRESSED](header=header(START + number * SECOND // 10), format='mono16; png compressed ',
                                       data=cv2.imencode('.png', warm(number))[1].ravel())

    path = str(recorded(tmp_path / 'bag', {'/thermal': (IMAGE, message, None), '/packed': (COMPRESSED, png, None)}))
    with pytest.raises(SequenceError, match='no image topic in it can be a camera.*name it: --topic /thermal'):
        open_sequence(path)
    for topic in ('/thermal', '/packed'):
        images = [image.rgb for image in open_sequence(path, topic=topic)]
        brightest = [int(image.max()) for image in images]  # 900 is of 10 bits, until 12 are seen
        assert brightest == pytest.approx([224] * 3 + [249] + [56] * 6, abs=1)
        part = [image.rgb for image in open_sequence(path, topic=topic).after(5)]
        assert len(images) == 10 and np.array_equal(part, images[5:])


def info_of(number: int, model: str = 'plumb_bob', d: tuple[float, ...] = (), **more):
    """Return a CameraInfo of the scene's camera: K with a focal length of 30, P with one of 20."""
    k, p = np.array([[30.0, 0, 15], [0, 31, 12], [0, 0, 1]]), np.array([[20.0, 0, 16, 0], [0, 21, 11, 0], [0, 0, 1, 0]])
    region = STORE.types['sensor_msgs/msg/RegionOfInterest'](
        x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    return STORE.types[INFO](**{
        'header': header(START + number * SECOND // 10), 'height': HEIGHT, 'width': WIDTH, 'distortion_model': model,
        'd': np.array(d, np.float64), 'k': k.reshape(-1), 'r': np.eye(3).reshape(-1), 'p': p.reshape(-1),
        'binning_x': 0, 'binning_y': 0, 'roi': region} | more)


@pytest.mark.parametrize(('name', 'make', 'focal', 'distortion', 'said'), [
    ('image_raw', lambda i: info_of(i, d=(0.1, 0.2, 0, 0, 0.3)), 30, [0.1, 0.2, 0, 0, 0.3], ''),
    ('image_raw', lambda i: info_of(i, **({'k': np.zeros(9)} if i < 3 else {})), 30, None, ''),
    ('image_rect_color', lambda i: info_of(i, d=(0.1, 0.2, 0, 0, 0.3)), 20, None, ''),
    ('image_rect', lambda i: info_of(i, p=np.zeros(12)), None, None, 'its P is empty'),
    ('image_raw', lambda i: info_of(i, 'equidistant', (0.1, 0.2, 0.3, 0.4)), None, None, "'equidistant', 4 co"),
    ('image_raw', lambda i: info_of(i, 'rational_polynomial', (0.1,) * 8), None, None, "_polynomial', 8 co"),
    ('image_raw', lambda i: info_of(i, height=2 * HEIGHT, width=2 * WIDTH), None, None, 'of 64×48 pixels')])
def test_intrinsics_are_a_pinhole_s_of_these_images_or_not_told(tmp_path, name, make, focal, distortion, said):
    """A fisheye is no pinhole without distortion, a rectified image has P and none, and another size's are told."""
    path = recorded(tmp_path / 'bag', {f'/eye/{name}': (IMAGE, raw, None), '/eye/camera_info': (INFO, make, None)})
    bag = open_sequence(str(path))
    assert (bag.intrinsics is None) == (focal is None) and (focal is None or bag.intrinsics[0, 0] == focal)
    assert (None if bag.distortion is None else bag.distortion.tolist()) == distortion
    lines = [line for line in bag.describe() if 'camera_info' in line]
    assert [said in line for line in lines] == [True] * bool(said)


def test_a_bag_without_any_camera_says_what_each_topic_is(tmp_path):
    """Depth alone, and no image at all, are one line each."""
    with pytest.raises(SequenceError, match='no image topic in it can be a camera: /d .*16UC1: depth'):
        open_sequence(str(recorded(tmp_path / 'a', {'/d': (IMAGE, lambda i: raw(i, '16UC1'), None)})))
    with pytest.raises(SequenceError, match='no image topic; record .* /words .std_msgs'):
        open_sequence(str(recorded(tmp_path / 'b', {'/words': (TEXT, text, None)})))


def with_foreign_channel(path: Path, schema: str, encoding: str, profile: str = 'ros2') -> Path:
    """Write an mcap of ten images and a channel that is none of ROS's, chunk for chunk."""
    writer = McapWriter(str(path), chunk_size=8000)
    writer.start(profile=profile, library='test')
    definition = STORE.generate_msgdef(IMAGE, ros_version=2)[0]
    images = writer.register_channel('/camera/image_raw', 'cdr', writer.register_schema(
        IMAGE, 'ros2msg', definition.encode()))
    foreign = writer.register_channel('/foreign', encoding, writer.register_schema('Foreign', schema, b'\x01\x02'))
    for i in range(10):
        writer.add_message(foreign, START + i, b'{}', START + i)
        time = START + i * SECOND // 10
        writer.add_message(images, time, bytes(STORE.serialize_cdr(raw(i), IMAGE)), time)
    writer.finish()
    return path


@pytest.mark.parametrize(('schema', 'encoding'), [
    ('unknown', 'cdr'), ('jsonschema', 'json'), ('protobuf', 'protobuf'), ('', '')])
@pytest.mark.parametrize('profile', ['ros2', ''])
def test_a_foreign_channel_costs_no_image(tmp_path, schema, encoding, profile):
    """A channel without a definition, of JSON or Protobuf, and an empty profile leave the images readable."""
    path = with_foreign_channel(tmp_path / 'a.mcap', schema, encoding, profile)
    described = check_scenes(path)
    if encoding != 'cdr':
        assert '/foreign' in described[1]
    messages = list(open_sequence(str(path)).messages())
    assert sum(message.topic == '/camera/image_raw' for message in messages) == 10
    assert encoding == 'cdr' or len(messages) == 10


def test_a_db3_topic_without_definition_costs_no_image(tmp_path):
    """As Jazzy records a type whose definition it cannot find: with the encoding "unknown"."""
    path = recorded(tmp_path / 'bag', {'/words': (TEXT, text, None)} | CAMERA, storage=StoragePlugin.SQLITE3)
    base = sqlite3.connect(path / 'bag.db3')
    base.execute("UPDATE message_definitions SET encoding = 'unknown', encoded_message_definition = ''"
                 f"WHERE topic_type = '{TEXT}'")
    base.execute(f"UPDATE topics SET type = 'nobody_msgs/msg/Knows' WHERE type = '{TEXT}'")
    base.commit()
    base.close()
    check_scenes(path)


def test_a_damaged_chunk_costs_the_images_in_it(tmp_path):
    """The chunks before and after it are read; how many images are lost is counted."""
    path = with_foreign_channel(tmp_path / 'a.mcap', 'jsonschema', 'json')
    content = bytearray(path.read_bytes())
    place = len(content) // 2
    content[place:place + 40] = bytes(40)
    path.write_bytes(content)
    sequence = open_sequence(str(path))
    stamps = [image.stamp for image in sequence]
    assert len(sequence) == 10 and 5 <= len(stamps) < 10
    assert stamps == sorted(stamps) and {START, START + 9 * SECOND // 10} <= set(stamps)
    assert sequence.left_out == {'images lost in damage': 10 - len(stamps)}


def test_a_recording_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path):
    """An mcap without its end has no index and no metadata; what is whole in it is read."""
    path = with_foreign_channel(tmp_path / 'a.mcap', 'jsonschema', 'json')
    path.write_bytes(path.read_bytes()[:path.stat().st_size * 6 // 10])
    sequence = open_sequence(str(path))
    numbers = range(len(list(sequence)))
    assert 3 <= len(numbers) < 10
    check_scenes(path, numbers)


def test_a_file_of_which_nothing_can_be_read_is_one_line_with_the_remedy(tmp_path):
    """With its only chunk damaged, the line names the file, the topic and what repairs it."""
    path = recorded(tmp_path / 'bag', CAMERA, compression=CompressionMode.STORAGE) / 'bag.mcap'
    content = bytearray(path.read_bytes())
    place = content.index(zstandard.MAGIC_NUMBER.to_bytes(4, 'little'))
    content[place:place + 100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(SequenceError, match='bag.mcap.*/camera/image_raw .10 × .*damaged.*mcap recover'):
        open_sequence(str(path))


def test_a_damaged_page_of_a_db3_costs_the_images_on_it(tmp_path):
    """Those before and after it are read, and what is lost is counted."""
    path = recorded(tmp_path / 'bag', CAMERA, frames=40, storage=StoragePlugin.SQLITE3)
    file = path / 'bag.db3'
    base = sqlite3.connect(file)
    page, = base.execute('PRAGMA page_size').fetchone()
    base.close()
    content = bytearray(file.read_bytes())
    place = len(content) // 2 // page * page
    content[place:place + page] = b'\xa5' * page
    file.write_bytes(content)
    sequence = open_sequence(str(path))
    stamps = [image.stamp for image in sequence]
    assert 30 <= len(stamps) < 40 and stamps == sorted(stamps)
    assert {START, START + 39 * SECOND // 10} <= set(stamps)
    assert sum(sequence.left_out.values()) == 40 - len(stamps)


def test_messages_in_the_journal_of_a_killed_recorder_are_read(tmp_path):
    """What a .db3 has beside it in its -wal file belongs to the bag."""
    file = recorded(tmp_path / 'bag', CAMERA, storage=StoragePlugin.SQLITE3) / 'bag.db3'
    base = sqlite3.connect(file)
    base.execute('PRAGMA journal_mode = WAL')
    base.execute('PRAGMA wal_autocheckpoint = 0')
    data = bytes(STORE.serialize_cdr(raw(10), IMAGE))
    base.execute('INSERT INTO messages(topic_id, timestamp, data) VALUES (1, ?, ?)', (START + SECOND, data))
    base.commit()
    shutil.copytree(tmp_path / 'bag', tmp_path / 'killed')
    base.close()
    assert (tmp_path / 'killed/bag.db3-wal').stat().st_size
    check_scenes(tmp_path / 'killed', range(11))


def test_a_path_with_odd_characters_is_opened(tmp_path):
    """What has a meaning in a URI has none in a path."""
    for storage in StoragePlugin:
        made = recorded(tmp_path / storage.name, CAMERA, storage=storage)
        check_scenes(made.rename(tmp_path / f'50% of #1?mode=rw {storage.name}'))


@pytest.mark.parametrize('storage', list(StoragePlugin))
@pytest.mark.parametrize('mode', [CompressionMode.FILE, CompressionMode.MESSAGE])
def test_packed_bags_are_read_by_folder_and_by_file(tmp_path, storage, mode):
    """Compressed as a whole or message by message; the packed file alone, too."""
    path = recorded(tmp_path / 'bag', CAMERA, storage=storage, compression=mode)
    check_scenes(path)
    check_scenes(next(file for file in path.iterdir() if file.suffix != '.yaml'))


def test_a_packed_file_that_is_cut_is_one_line(tmp_path):
    """A .db3.zstd that was not copied whole names itself, not the file it was unpacked to."""
    path = recorded(tmp_path / 'bag', CAMERA, storage=StoragePlugin.SQLITE3, compression=CompressionMode.FILE)
    file, = path.glob('*.zstd')
    file.write_bytes(file.read_bytes()[:file.stat().st_size // 2])
    for given in (path, file):
        with pytest.raises(SequenceError, match=f'^{file} is cut or damaged.*copy it again'):
            open_sequence(str(given))


def test_metadata_that_cannot_be_read_are_no_obstacle(tmp_path):
    """With damaged metadata.yaml, or one that names other files, the bag file beside it is read."""
    path = recorded(tmp_path / 'bag', CAMERA)
    told = (path / 'metadata.yaml').read_text()
    for content in (b'\xff\xfe\x00', b'rosbag2_bagfile_information: [', b'a: 1\n', b'', b'[' * 3000):
        (path / 'metadata.yaml').write_bytes(content)
        check_scenes(path)
    (path / 'metadata.yaml').write_text(told.replace('bag.mcap', 'other.mcap'))
    check_scenes(path)
    (path / 'bag.mcap').unlink()
    with pytest.raises(SequenceError, match='no bag file; copy'):
        open_sequence(str(path))


def test_a_recording_in_parts_is_one_and_several_are_refused(tmp_path):
    """`walk_0`, `walk_1`, … without metadata follow each other; files of other names are not joined."""
    for part, numbers in enumerate((range(0, 6), range(6, 10))):
        made = recorded(tmp_path / f'part{part}', {'/camera/image_raw': (
            IMAGE, lambda i, first=numbers[0]: raw(i + first), len(numbers))})
        (tmp_path / 'walk').mkdir(exist_ok=True)
        shutil.copy(made / f'part{part}.mcap', tmp_path / f'walk/walk_{part}.mcap')
    check_scenes(tmp_path / 'walk')
    (tmp_path / 'walk/walk_1.mcap').rename(tmp_path / 'walk/other.mcap')
    with pytest.raises(SequenceError, match='2 recordings .*give one of them'):
        open_sequence(str(tmp_path / 'walk'))


def ros1_bag(path: Path, numbers, compression=None) -> Path:
    """Write a bag of ROS 1 with images, CameraInfo and a text."""
    store = get_typestore(Stores.ROS1_NOETIC)
    writer = Ros1Writer(path)
    if compression is not None:
        writer.set_compression(compression)
    with writer:
        images = writer.add_connection('/camera/image_raw', IMAGE, typestore=store)
        infos = writer.add_connection('/camera/camera_info', INFO, typestore=store)
        texts = writer.add_connection('/words', TEXT, typestore=store)
        region = store.types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
        for i in numbers:
            time = START + i * SECOND // 10
            info = store.types[INFO](
                header=header(time, store, seq=i), height=HEIGHT, width=WIDTH, distortion_model='plumb_bob',
                D=np.array([0.1, 0, 0, 0, 0]), K=np.array([30.0, 0, 16, 0, 31, 12, 0, 0, 1]), R=np.eye(3).ravel(),
                P=np.zeros(12), binning_x=0, binning_y=0, roi=region)
            writer.write(infos, time, store.serialize_ros1(info, INFO))
            writer.write(texts, time, store.serialize_ros1(store.types[TEXT](data='hi'), TEXT))
            writer.write(images, time, store.serialize_ros1(raw(i, store=store, seq=i), IMAGE))
    return path


@pytest.mark.parametrize('compression', [None, *Ros1Writer.CompressionFormat])
def test_a_ros_1_bag_is_read_and_its_messages_are_of_ros_2(tmp_path, compression):
    """Images, stamps, frame and intrinsics come as from ROS 2; the messages are CDR that ROS 2 takes."""
    path = ros1_bag(tmp_path / 'a.bag', range(10), compression)
    assert check_scenes(path)[0].startswith('a: ROS 1 bag, topic /camera/image_raw')
    bag = open_sequence(str(path))
    assert bag.frame_id == 'eye' and bag.intrinsics[1].tolist() == [0, 31, 12] and bag.distortion[0] == 0.1
    message = list(bag.messages([bag.topic]))[3]
    assert message.stamp == START + 3 * SECOND // 10
    assert np.array_equal(STORE.deserialize_cdr(message.data, message.type).data, scene(3).ravel())


def test_a_folder_of_ros_1_bags_is_one_recording(tmp_path):
    """Its bags are read in order of time, whatever their names."""
    ros1_bag(tmp_path / 'b.bag', range(0, 4))
    ros1_bag(tmp_path / 'a.bag', range(4, 10))
    check_scenes(tmp_path)


def coded(kind: str, codec: str, frames: int = 20, name: str | None = None) -> list:
    """Return the messages of a video of grey images, each as bright as its number, with stamps ten a second."""
    av = pytest.importorskip('av')
    context = av.CodecContext.create(codec, 'w')
    context.width, context.height, context.pix_fmt, context.time_base = 64, 48, 'yuv420p', Fraction(1, 10)
    context.options = {'preset': 'ultrafast', 'tune': 'zerolatency', 'crf': '4'}
    context.gop_size = 5
    packets = []
    for i in range(frames):
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 + 8 * i, np.uint8), format='rgb24')
        frame.pts = i
        packets += context.encode(frame)
    packets += context.encode(None)
    messages = []
    for i, packet in enumerate(packets):
        stamp, data = header(START + i * SECOND // 10), np.frombuffer(bytes(packet), np.uint8)
        if kind == PACKET:
            messages.append(STORE.types[PACKET](header=stamp, width=64, height=48, encoding=name or codec, pts=i,
                                                flags=int(packet.is_keyframe), is_bigendian=False, data=data))
        else:
            messages.append(STORE.types[VIDEO](timestamp=stamp.stamp, frame_id='eye', data=data, format=name or codec))
    return messages


@pytest.mark.parametrize(('kind', 'codec', 'name'), [
    (PACKET, 'libx264', 'libx264'), (PACKET, 'libx265', 'hevc'), (PACKET, 'libx264', 'h264;yuv420p;bgr8;bgr8'),
    (VIDEO, 'libx264', 'h264')])
def test_video_in_messages_is_decoded(tmp_path, kind, codec, name):
    """Packets of ffmpeg_image_transport and Foxglove's CompressedVideo give each image with its own stamp."""
    messages = coded(kind, codec, name=name)
    sequence = open_sequence(str(recorded(tmp_path / 'bag', {'/eye/video': (kind, messages.__getitem__, 20)})))
    images = list(sequence)
    assert [image.stamp for image in images] == [START + i * SECOND // 10 for i in range(20)]
    assert np.abs([image.rgb.mean() - 40 - 8 * i for i, image in enumerate(images)]).max() < 4
    assert sequence.contents.size == (64, 48) and sequence.frame_id == 'eye' and not sequence.playable


def test_video_that_begins_in_the_middle_starts_at_its_first_whole_image(tmp_path):
    """Without the first key frame, images come from the next one on, with their own stamps; the others are counted."""
    messages = coded(PACKET, 'libx264')[2:]
    sequence = open_sequence(str(recorded(tmp_path / 'bag', {'/v/ffmpeg': (PACKET, messages.__getitem__, 18)})))
    images = list(sequence)
    assert [image.stamp for image in images] == [START + i * SECOND // 10 for i in range(5, 20)]
    assert abs(images[0].rgb.mean() - 80) < 4
    assert sum(sequence.left_out.values()) == 3


def test_video_that_cannot_be_decoded_names_what_helps(tmp_path, monkeypatch):
    """Without PyAV, without a key frame and with Theora the line names the topic and the command."""
    path = str(recorded(tmp_path / 'a', {'/v/ffmpeg': (PACKET, coded(PACKET, 'libx264')[1:4].__getitem__, 3)}))
    with pytest.raises(SequenceError, match='/v/ffmpeg .*key frame.*republish .*in_transport:=ffmpeg .*out:=/v"'):
        open_sequence(path)
    theora = tmp_path / 'b.mcap'
    writer = McapWriter(str(theora))
    writer.start(profile='ros2', library='test')
    channel = writer.register_channel('/v/theora', 'cdr', writer.register_schema(
        'theora_image_transport/msg/Packet', 'ros2msg', b'uint8[] data'))
    writer.add_message(channel, START, b'\0\1\0\0\0\0\0\0', START)
    writer.finish()
    with pytest.raises(SequenceError, match='/v/theora .Theora.*republish .*in_transport:=theora'):
        open_sequence(str(theora))
    monkeypatch.setitem(__import__('sys').modules, 'av', None)
    with pytest.raises(SequenceError, match='/v/ffmpeg .*pip install av'):
        open_sequence(path)


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('how', ['raw', 'png'])
def test_a_mosaic_is_demosaiced(tmp_path, pattern, how):
    """What stands before `;` in a format is the encoding: red stays red, blue blue, whatever the mosaic begins with."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:, :16], image[:, 16:] = (200, 10, 20), (10, 20, 200)
    order = ['rgb'.index(letter) for letter in pattern]
    mosaic = np.zeros((HEIGHT, WIDTH), np.uint8)
    for place, channel in enumerate(order):
        mosaic[place // 2::2, place % 2::2] = image[place // 2::2, place % 2::2, channel]

    def message(number: int):
        if how == 'raw':
            return STORE.types[IMAGE](header=header(START), height=HEIGHT, width=WIDTH, encoding=f'bayer_{pattern}8',
                                      is_bigendian=0, step=WIDTH, data=mosaic.ravel())
        return STORE.types[COMPRESSED](header=header(START), format=f'bayer_{pattern}8; png compressed ',
                                       data=cv2.imencode('.png', mosaic)[1].ravel())
    kind = IMAGE if how == 'raw' else COMPRESSED
    frame, = open_sequence(str(recorded(tmp_path / 'bag', {'/eye': (kind, message, 1)})))
    inside = np.r_[2:13, 19:30]
    assert np.abs(frame.rgb[2:-2, inside].astype(int) - image[2:-2, inside]).max() <= 1


def test_damaged_bags_are_never_a_traceback(tmp_path):
    """Bytes changed or cut anywhere, in all kinds of bags, give images or a SequenceError that names the file."""
    topics = {'/words': (TEXT, text, None)} | CAMERA
    files = [recorded(tmp_path / 'm', topics) / 'm.mcap', ros1_bag(tmp_path / 'r.bag', range(10)),
             recorded(tmp_path / 's', topics, storage=StoragePlugin.SQLITE3) / 's.db3',
             recorded(tmp_path / 'z', topics, compression=CompressionMode.STORAGE) / 'z.mcap']
    packing = io.BytesIO(zstandard.compress(files[2].read_bytes()))
    (tmp_path / 'p.db3.zstd').write_bytes(packing.getvalue())
    rng = np.random.default_rng(1)
    for whole in [*files, tmp_path / 'p.db3.zstd']:
        content = np.frombuffer(whole.read_bytes(), np.uint8)
        for trial in range(40):
            spoilt = content.copy()
            start = rng.integers(0, len(content) if trial % 2 else 3000)
            size = (1, 8, 300)[trial % 3]
            spoilt[start:start + size] = rng.integers(0, 256, len(spoilt[start:start + size]))
            path = tmp_path / f'{trial}-{whole.name}'
            path.write_bytes(spoilt[:rng.integers(1, len(content)) if trial % 5 == 0 else None].tobytes())
            try:
                bag = open_sequence(str(path))
                assert len(list(bag.messages())) <= 40 and len(list(bag)) <= 20
            except SequenceError as error:
                assert str(path) in str(error)


@pytest.mark.parametrize(('stamp', 'frame', 'told'), [
    (0, 'eye', 'stand still'), (START, 'eye', 'stand still'), (None, '', "'camera_optical_frame' is taken")])
def test_headers_that_nobody_filled_in(tmp_path, stamp, frame, told):
    """Without stamps, those of the recording; without a frame, ours; and such a bag does not go out as it is."""
    with Writer(tmp_path / 'bag', version=Writer.VERSION_LATEST) as writer:
        connection = writer.add_connection('/camera/image', IMAGE, typestore=STORE)
        for i in range(6):
            message = raw(i)
            message.header.frame_id = frame
            if stamp is not None:
                message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
            writer.write(connection, START + i * SECOND // 10, STORE.serialize_cdr(message, IMAGE))
    bag = open_sequence(str(tmp_path / 'bag'))
    assert [image.stamp for image in bag] == [START + i * SECOND // 10 for i in range(6)]
    assert told in bag.contents.stamps and not bag.playable and bag.frame_id == (frame or 'camera_optical_frame')


@pytest.mark.parametrize(('recorded', 'stamp', 'playable'), [(0, 0, True), (START, 0, False), (START, START - 5, True)])
def test_a_bag_of_one_image_goes_out_as_it_is_if_it_has_a_stamp(tmp_path, recorded, stamp, playable):
    """A stamp of 0 is one where the recording began at 0, too: such is what is written of one picture."""
    with Writer(tmp_path / 'bag', version=Writer.VERSION_LATEST) as writer:
        message = raw(0)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
        writer.write(writer.add_connection('/camera/image', IMAGE, typestore=STORE), recorded,
                     STORE.serialize_cdr(message, IMAGE))
    bag = open_sequence(str(tmp_path / 'bag'))
    assert bag.playable is playable and [image.stamp for image in bag] == [stamp if playable else recorded]


@pytest.mark.parametrize(('stamps', 'left_out'), [
    ([0, 1, 3, 2, 4, 4, 5], {3, 5}),  # some late, some twice
    ([*range(6)] * 3, {*range(6, 18)}),  # in a loop
    ([0, 10, 20] * 3, {*range(3, 9)}),  # a slow camera's, in a loop
    ([0, 1, 2, 3, -7, 4, 5, 100, 6, 7], {4, 7}),  # one of the past, one of the future
    ([0, 10, 20, 500, 30, 40], {3}),
    ([900, 0, 1, 2], {0}),
    ([0, 1, 500, 501, 600], set()),  # the camera paused
    ([*range(11), *[-START * 10 // SECOND] * 3], {11, 12, 13})])  # the driver forgets to stamp
def test_stamps_that_do_not_increase_are_left_out_counted_and_told(tmp_path, caplog, stamps, left_out):
    """In tenths of a second: what is not after the images before it, or is ahead of those after it."""
    with Writer(tmp_path / 'bag', version=Writer.VERSION_LATEST, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection('/camera/image', IMAGE, typestore=STORE)
        for i, stamp in enumerate(stamps):
            message = raw(i)
            message.header = header(START + stamp * SECOND // 10)
            writer.write(connection, START + i * SECOND // 10, STORE.serialize_cdr(message, IMAGE))
    bag = open_sequence(str(tmp_path / 'bag'))
    for _ in range(2):
        images, kept = list(bag), [i for i in range(len(stamps)) if i not in left_out]
        assert [image.stamp for image in images] == [START + stamps[i] * SECOND // 10 for i in kept]
        assert all(np.array_equal(image.rgb, scene(i)) for image, i in zip(images, kept, strict=True))
        assert bag.left_out == ({'images out of order by their stamps': len(left_out)} if left_out else {})
    told = [line for line in caplog.messages if 'stamp' in line]
    assert len(told) == (1 if left_out else 0)  # however often the bag is read
    assert all(f'bag, frame {min(left_out) + 1}: its stamp' in line for line in told)


@pytest.mark.parametrize('kind', [IMAGE, COMPRESSED])
@pytest.mark.parametrize('frames', [['eye'], ['eye', 'rear'], ['', 'eye', 'rear']])
def test_images_of_two_frames_on_one_topic_are_told_once(tmp_path, caplog, kind, frames):
    """Two cameras' images in turn are no path: it was lost at each, and nothing said why."""
    def in_turn(number: int):
        message = raw(number) if kind == IMAGE else packed(number)
        message.header.frame_id = frames[number % len(frames)]
        return message

    assert len(list(open_sequence(str(recorded(tmp_path / 'bag', {'/image': (kind, in_turn, None)}))))) == 10
    told = [f'images on /image are in the frames {frames[0]!r} and {frames[1]!r}'] if len(frames) > 1 else []
    assert [line.split(',')[0].split(': ')[1] for line in caplog.messages] == told
