# SPDX-License-Identifier: Apache-2.0
"""Spoilt bags, pictures, videos and texts: read as far as they go, or refused in a line."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mcap.writer import Writer as McapWriter
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from spoiling import EDITS, fuzzed, in_words, spoilt, within_bounds

from ttt3r_ros.sequences import SequenceError, open_sequence
from ttt3r_ros.sequences.packets import PACKET, VIDEO

IMAGE, INFO = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CameraInfo'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
PICTURES = ('.png', '.jpg', '.bmp', '.tif', '.webp', '.ppm')


def scene(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (16, 24, 3), np.uint8)


def messages(store, **more):
    """Yield (topic, type, stamp, message) of a camera with its calibration, raw and compressed."""
    for i in range(4):
        stamp = 1_700_000_000_000_000_000 + i * 10**8
        time = store.types['builtin_interfaces/msg/Time'](sec=stamp // 10**9, nanosec=stamp % 10**9)
        header = store.types['std_msgs/msg/Header'](stamp=time, frame_id='eye', **more)
        yield '/image', IMAGE, stamp, store.types[IMAGE](
            header=header, height=16, width=24, encoding='rgb8', is_bigendian=0, step=72, data=scene(i).ravel())
        jpeg = cv2.imencode('.jpg', scene(i))[1].ravel()
        yield '/image/compressed', COMPRESSED, stamp, store.types[COMPRESSED](header=header, format='jpeg', data=jpeg)


def written(folder: Path, plugin: StoragePlugin) -> bytes:
    store = get_typestore(Stores.ROS2_JAZZY)
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        topics = {}
        for topic, kind, stamp, message in messages(store):
            if topic not in topics:
                topics[topic] = writer.add_connection(topic, kind, typestore=store)
            writer.write(topics[topic], stamp, store.serialize_cdr(message, kind))
    return next(file for file in folder.iterdir() if file.suffix in ('.mcap', '.db3')).read_bytes()


def written1(path: Path) -> bytes:
    store = get_typestore(Stores.ROS1_NOETIC)
    with Ros1Writer(path) as writer:
        topics = {}
        for topic, kind, stamp, message in messages(store, seq=0):
            if topic not in topics:
                topics[topic] = writer.add_connection(topic, kind, typestore=store)
            writer.write(topics[topic], stamp, store.serialize_ros1(message, kind))
    return path.read_bytes()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('sources')


@pytest.fixture(scope='module')
def bags(folder):
    return {'.mcap': written(folder / 'mcap', StoragePlugin.MCAP),
            '.db3': written(folder / 'db3', StoragePlugin.SQLITE3), '.bag': written1(folder / 'one.bag')}


@pytest.fixture(scope='module')
def film(folder):
    av = pytest.importorskip('av')
    with av.open(str(folder / 'film.mp4'), 'w') as container:
        stream = container.add_stream('mpeg4', rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, 'yuv420p'
        for i in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * i, np.uint8), format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return (folder / 'film.mp4').read_bytes()


def read(path: Path) -> None:
    """Read a source to its end, or 100 images of it."""
    with within_bounds():
        try:
            sequence = open_sequence(str(path))
            sequence.describe()
            for image in itertools.islice(sequence, 100):
                assert image.rgb.dtype == np.uint8 and image.rgb.ndim == 3 and image.rgb.shape[2] == 3
        except SequenceError as error:
            in_words(error)


@fuzzed(45, 0.5)
@given(form=st.sampled_from(['.mcap', '.db3', '.bag']), edits=EDITS)
def test_a_spoilt_bag(folder, bags, form, edits):
    """Of each form, bytes changed anywhere."""
    path = folder / f'spoilt{form}'
    path.write_bytes(spoilt(bags[form], edits))
    read(path)


@fuzzed(40, 0.3)
@example(table='topics', column=1, row=1, value=b'')
@example(table='messages', column=2, row=1, value='')
@given(table=st.sampled_from(['messages', 'topics']), column=st.integers(0, 4), row=st.integers(1, 8),
       value=st.none() | st.integers(-2**63, 2**63 - 1) | st.floats() | st.text(max_size=12) | st.binary(max_size=80))
def test_a_database_of_any_values(folder, bags, table, column, row, value):
    """A .db3 file is a database, whose columns may hold anything."""
    path = folder / 'values.db3'
    path.write_bytes(bags['.db3'])
    with closing(sqlite3.connect(path)) as base:
        names = [found[1] for found in base.execute(f'PRAGMA table_info({table})')]
        with contextlib.suppress(sqlite3.Error):  # not every column takes everything
            base.execute(f'UPDATE {table} SET {names[column % len(names)]} = ? WHERE id = ?', (value, row))
            base.commit()
    read(path)


@fuzzed(40, 0.3)
@given(kind=st.sampled_from([IMAGE, COMPRESSED, INFO, VIDEO, PACKET]) | st.text(max_size=20),
       topic=st.text(max_size=12), form=st.sampled_from(['cdr', 'ros1', 'json', '']),
       encoding=st.sampled_from(['ros2msg', 'ros2idl', '']),
       times=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4), payload=st.binary(max_size=60) | st.none(),
       edits=EDITS)
def test_an_mcap_of_any_channels(folder, bags, kind, topic, form, encoding, times, payload, edits):
    """Channels, schemas and times as other programs may write them, messages that are half right."""
    path = folder / 'channels.mcap'
    store = get_typestore(Stores.ROS2_JAZZY)
    sound = [store.serialize_cdr(message, of) for _, of, _, message in messages(store) if of == kind] or [b'']
    with path.open('wb') as file:
        writer = McapWriter(file)
        writer.start()
        schema = writer.register_schema(kind, encoding, b'')
        channel = writer.register_channel(topic, form, schema)
        for i, time in enumerate(times):
            data = spoilt(bytes(sound[i % len(sound)]), edits, 0, 60) if payload is None else payload
            writer.add_message(channel, time, data, time)
        writer.finish()
    read(path)


@fuzzed(20, 0.1)
@given(form=st.sampled_from(['.mcap', '.db3', '.bag']), edits=EDITS)
def test_what_the_demo_makes_of_a_spoilt_bag(folder, bags, form, edits):
    """Every message that is to be played is looked at before."""
    pytest.importorskip('rclpy')
    from rich.console import Console

    from ttt3r_ros.demo.footage import prepare
    from ttt3r_ros.export.output_folder import OutputError

    path = folder / f'played{form}'
    path.write_bytes(spoilt(bags[form], edits))
    with within_bounds(), open(os.devnull, 'w') as nowhere:
        try:
            footage = prepare(str(path), folder, None, None, Console(file=nowhere))
            assert all(isinstance(image.stamp, int) for image in footage.sent)
        except (SequenceError, OutputError) as error:
            in_words(error)


@fuzzed(10, 0.05)
@given(edits=EDITS)
def test_a_spoilt_video(folder, film, edits):
    """What FFmpeg makes of it."""
    path = folder / 'spoilt.mp4'
    path.write_bytes(spoilt(film, edits))
    read(path)


@fuzzed(30, 0.2)
@given(form=st.sampled_from(PICTURES), edits=EDITS)
def test_a_folder_with_a_spoilt_picture(folder, form, edits):
    """One of three pictures is damaged: the others are read."""
    pictures = folder / 'pictures'
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir()
    for i in range(3):
        (pictures / f'{i}{form}').write_bytes(cv2.imencode(form, scene(i))[1].tobytes())
    spoiling = pictures / f'2{form}'
    spoiling.write_bytes(spoilt(spoiling.read_bytes(), edits))
    read(pictures)


@fuzzed(60, 0.3)
@given(name=st.sampled_from(['groundtruth_tum.txt', 'intrinsics.txt', 'rgb.txt', 'groundtruth.txt', 'sensor.yaml',
                             'data.csv', 'metadata.yaml']), edits=EDITS,
       image=st.sampled_from(['', 'rgb', 'cam0/data']))
def test_spoilt_texts_beside_pictures(folder, name, edits, image):
    """What data sets keep in texts: stamps, poses, calibrations, lists of files."""
    root = folder / 'texts'
    shutil.rmtree(root, ignore_errors=True)
    (root / image).mkdir(parents=True)
    for i in range(3):
        (root / image / f'{1403636579 + i}.png').write_bytes(cv2.imencode('.png', scene(i))[1].tobytes())
    texts = {'intrinsics.txt': '20 0 12\n0 20 8\n0 0 1\n',
             'rgb.txt': ''.join(f'{1403636579 + i}.0 {image or "."}/{1403636579 + i}.png\n' for i in range(3)),
             'sensor.yaml': 'sensor_type: camera\nrate_hz: 20\nresolution: [24, 16]\nintrinsics: [20, 20, 12, 8]\n'
                            'distortion_coefficients: [0, 0, 0, 0]\nT_BS:\n  cols: 4\n  rows: 4\n  data: [1.0, 0.0]\n',
             'data.csv': '#timestamp [ns],filename\n' + ''.join(
                 f'{1403636579 + i}000000000,{1403636579 + i}.png\n' for i in range(3)),
             'metadata.yaml': 'rosbag2_bagfile_information:\n  relative_file_paths: [a.mcap]\n'}
    poses = ''.join(f'{1403636579 + i}.0 {i} 0 0 0 0 0 1\n' for i in range(3))
    (root / image).parent.joinpath('data.csv').write_text(texts['data.csv'])
    for place in {root, (root / image).parent}:
        (place / name).write_bytes(spoilt(texts.get(name, poses).encode(), edits))
    read(root)
