# SPDX-License-Identifier: Apache-2.0
"""Spoilt state files, with a right checksum and without, and pickles that are programs."""

from __future__ import annotations

import json
import pickle
import pickletools
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from spoiling import EDITS, fuzzed, in_words, spoilt, within_bounds

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.model.restricted_pickle import UnreadablePickle, read_pickle
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.odometry import Odometry, OdometryError, World
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import make_reset_policy
from ttt3r_ros.reconstruction.scale import ScaleError
from ttt3r_ros.reconstruction.snapshot import FORMAT, SnapshotError
from ttt3r_ros.reconstruction.state_file import Context, StateFileError

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
                    max_leaves=10)
PICKLES = [pickle.dumps(value, protocol) for protocol in range(6) for value in (
    {'model': OrderedDict(a=1, b=(2, [3.5, b'x' * 300]), c='ü'), 'n': 2**70, 's': {1, 2}},
    [np.arange(5), torch.float32, Path('x')])]
OPCODES = [code.code.encode('latin-1') for code in pickletools.opcodes]


@pytest.fixture(scope='module')
def network():
    return load_network('untrained').network


@pytest.fixture(scope='module')
def images():
    return np.random.default_rng(0).integers(0, 255, (3, 48, 64, 3), np.uint8)


@pytest.fixture(scope='module')
def reconstructor(network, images):
    made = Reconstructor(network, make_rule('filt3r'), policy=make_reset_policy('adaptive', 50))
    made.step(images[0])
    return made


@pytest.fixture(scope='module')
def snapshot(network, images):
    one = Reconstructor(network, make_rule('filt3r'), policy=make_reset_policy('adaptive', 50))
    for image in images[:2]:
        one.step(image)
    return one.snapshot()


def context() -> dict:
    world, odometry = World(), Odometry()
    world.camera_frame, world.start = 'camera', np.eye(4)
    for i in range(3):
        odometry.update(world.camera(world.advance(np.eye(4), 1.0)), np.eye(4), i * 10**8, 2.0, 0)
    state = {'world': world.state(), 'odometry': odometry.state(),
             'scale': {'source': 'fixed', 'factor': 1.25, 'estimator': None}}
    return json.loads(Context('odom', 'camera', np.eye(4), 10**18, state).to_json())


CONTEXT = context()


def leaves(value, way=()):
    """Return the way to every value of a JSON object."""
    yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from leaves(item, (*way, key))


def replaced(value, way, other):
    """Return a JSON object with another value at the end of a way."""
    if not way:
        return other
    changed = json.loads(json.dumps(value))
    at = changed
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = other
    return changed


def tried(reconstructor, network, images, data: bytes) -> None:
    """Restore; what is taken must answer, be it that a number in the memory is no number any more."""
    before = reconstructor.snapshot()
    try:
        reconstructor.check(data)
    except SnapshotError as error:
        in_words(error)
        assert reconstructor.snapshot() == before
        return
    fresh = Reconstructor(network, make_rule('filt3r'), policy=make_reset_policy('adaptive', 50))
    fresh.restore(data)
    try:
        fresh.step(images[2])
        fresh.reset()
    except NonFinitePrediction as error:
        in_words(error)


@fuzzed(60, 0.4)
@given(edits=EDITS)
def test_a_spoilt_file(edits):
    """Bytes changed anywhere are noticed, but for those that change nothing."""
    with tempfile.TemporaryDirectory() as folder, within_bounds():
        path = Path(folder) / 'state'
        state_file.save(path, bytes(range(256)), Context('odom', 'camera'))
        path.write_bytes(spoilt(path.read_bytes(), edits))
        try:
            assert state_file.load(path)[0] == bytes(range(256))
        except StateFileError as error:
            in_words(error)


@fuzzed(40, 0.3)
@given(way=st.sampled_from(list(leaves(CONTEXT))), other=JSON)
def test_a_wrong_context_of_a_right_checksum(way, other):
    """Whatever stands where, it is taken or refused when it is loaded."""
    tracker = pytest.importorskip('ttt3r_ros.ros.tracker').Tracker

    class Given(Context):
        def to_json(self) -> bytes:
            return json.dumps(replaced(CONTEXT, way, other)).encode()

    with tempfile.TemporaryDirectory() as folder, within_bounds():
        path = Path(folder) / 'state'
        state_file.save(path, b'', Given('odom', 'camera'))
        try:
            tracker.check(state_file.load(path)[1].odometry)
        except (StateFileError, OdometryError, ScaleError) as error:
            in_words(error)


@fuzzed(25, 0.2)
@given(edits=EDITS, whole=st.booleans())
def test_a_spoilt_snapshot(reconstructor, network, images, snapshot, edits, whole):
    """Bytes changed in the header or anywhere, behind a right checksum."""
    length = 8 + int.from_bytes(snapshot[:8], 'little')
    with within_bounds():
        tried(reconstructor, network, images, spoilt(snapshot, edits, 0, None if whole else length))


@fuzzed(25, 0.2)
@given(data=st.data())
def test_a_wrong_header_of_a_sound_snapshot(reconstructor, network, images, snapshot, data):
    """Any JSON in the place of any field."""
    length = int.from_bytes(snapshot[:8], 'little')
    header = json.loads(json.loads(snapshot[8:8 + length])['__metadata__'][FORMAT])
    wrong = replaced(header, data.draw(st.sampled_from(list(leaves(header)))), data.draw(JSON))
    with within_bounds():
        tried(reconstructor, network, images, save(load(snapshot), metadata={FORMAT: json.dumps(wrong)}))


@fuzzed(150, 0.8)
@given(which=st.sampled_from(PICKLES), edits=EDITS)
def test_a_spoilt_pickle(which, edits):
    """Read, or refused with our error; nothing in it is run."""
    with within_bounds():
        try:
            read_pickle(spoilt(which, edits), {}, lambda identifier: identifier)
        except UnreadablePickle as error:
            in_words(error)


@fuzzed(150, 0.8)
@given(program=st.lists(st.tuples(st.sampled_from(OPCODES), st.binary(max_size=6)), max_size=30))
def test_any_program_of_a_pickle(program):
    """Every instruction in any order, with any argument."""
    with within_bounds():
        try:
            read_pickle(b''.join(code + argument for code, argument in program) + b'.', {}, lambda given: given)
        except UnreadablePickle as error:
            in_words(error)
