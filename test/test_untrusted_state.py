# SPDX-License-Identifier: Apache-2.0
"""State files that somebody else has written: refused at load by the name of the field, or good to go on from."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.fields import FieldError, Fields
from ttt3r_ros.reconstruction.focal import FocalLength
from ttt3r_ros.reconstruction.odometry import Odometry, OdometryError, World
from ttt3r_ros.reconstruction.place import Anchor
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import make_reset_policy
from ttt3r_ros.reconstruction.scale import ScaleError, WheelScale
from ttt3r_ros.reconstruction.snapshot import FORMAT, SnapshotError
from ttt3r_ros.reconstruction.state_file import Context, StateFileError

VALUES = (None, True, -1, 0, 3, 2**70, 1.5, float('nan'), float('inf'), 'x', '', 'a' * 5000, [], [1, 2], {}, {'x': 1})
MAY_LACK = {'loop_closures', 'correction', 'bent', 'odometry.world.placed'}


@pytest.fixture(scope='module')
def network():
    return load_network('untrained').network


@pytest.fixture(scope='module')
def images():
    return np.random.default_rng(0).integers(0, 255, (4, 48, 64, 3), np.uint8)


def reconstructor(network, rule='filt3r', policy='adaptive') -> Reconstructor:
    return Reconstructor(network, make_rule(rule), policy=make_reset_policy(policy, 50))


@pytest.fixture(scope='module')
def taken(network, images):
    """A snapshot with all that there can be in one, and one of another run."""
    one, other = reconstructor(network), reconstructor(network)
    for image in images[:3]:
        one.step(image)
    other.step(images[3])
    return one.snapshot(), other


def parts(data: bytes) -> tuple[dict[str, torch.Tensor], dict]:
    """Return a snapshot's tensors and header."""
    length = int.from_bytes(data[:8], 'little')
    return load(data), json.loads(json.loads(data[8:8 + length])['__metadata__'][FORMAT])


def joined(tensors: dict[str, torch.Tensor], header: dict) -> bytes:
    return save({name: value.contiguous() for name, value in tensors.items()}, metadata={FORMAT: json.dumps(header)})


def spoilt(values: dict, name: str = '') -> Iterator[tuple[str, dict]]:
    """Give every field in turn every wrong value, nothing, and a neighbour; and what the field is called."""
    yield f'{name}bogus', values | {'bogus': 1}
    for key, value in values.items():
        yield f'{name}{key}', {k: v for k, v in values.items() if k != key}
        for wrong in VALUES:
            yield f'{name}{key}', values | {key: wrong}
        if isinstance(value, dict):
            for called, inner in spoilt(value, f'{name}{key}.'):
                yield called, values | {key: inner}
        if isinstance(value, list) and value:
            for wrong in VALUES:
                changed = copy.deepcopy(value)
                changed[-1] = wrong
                yield f'{name}{key}', values | {key: changed}


def same(one, other) -> bool:
    return json.dumps(one) == json.dumps(other)


def goes_on(data: bytes, network, images) -> None:
    """A snapshot that is taken must answer the next images and a reset."""
    fresh = reconstructor(network)
    fresh.restore(data)
    for image in (images[3], images[0]):
        assert np.isfinite(fresh.step(image).pose).all()
    fresh.reset()
    assert np.isfinite(fresh.step(images[1]).pose).all()


KNOWN = {'logarithm': 4.5, 'variance': 0.01, 'answers': 3}


@pytest.mark.parametrize(('focal', 'said'), [
    (KNOWN, None), (None, None), ([], 'focal'), ({**KNOWN, 'more': 1}, 'focal.more'),
    *(({**KNOWN, name: wrong}, f'focal.{name}') for name, wrong in (
        ('logarithm', 101), ('logarithm', None), ('variance', 0), ('variance', 1e7), ('answers', 0), ('answers', 2.5))),
    ({'logarithm': 4.5}, 'focal.variance')])
def test_the_focal_length(network, images, taken, focal, said):
    """What is none is refused by its name; another goes on, also where it is known before any frame."""
    tensors, header = parts(taken[0])
    data = joined(tensors, {**header, 'focal': focal})
    if said is None:
        goes_on(data, network, images)
        fresh = Reconstructor(network, make_rule('filt3r'), step_source='images')
        fresh.restore(data)
        assert np.isfinite(fresh.step(images[3]).pose).all()
    else:
        with pytest.raises(SnapshotError, match=said):
            taken[1].check(data)
    tensors, header = parts(reconstructor(network).snapshot())
    if said is None and focal is not None:
        fresh.restore(joined(tensors, {**header, 'focal': focal}))
        assert fresh.lens.focal == FocalLength(**focal)


@pytest.mark.parametrize(('shading', 'said'), [
    ([], 'shading'), ({'falloff': 0.5, 'variance': 0.01}, 'shading.evened'),
    *(({'falloff': 0.5, 'variance': 0.01, 'evened': 0.4} | {name: wrong}, f'shading.{name}') for name, wrong in (
        ('falloff', 101), ('variance', 0), ('evened', -0.1), ('evened', 1.6), ('more', 1)))])
def test_the_shading_of_a_lens(taken, shading, said):
    """What is none is refused by its name."""
    tensors, header = parts(taken[0])
    with pytest.raises(SnapshotError, match=said):
        taken[1].check(joined(tensors, {**header, 'shading': shading}))


@pytest.mark.parametrize(('bending', 'said'), [
    ([], 'bending'), ({'bend': 0.2, 'variance': 0.01, 'longer': 0}, 'bending.straightened'),
    *(({'bend': 0.2, 'variance': 0.01, 'straightened': 0.1, 'longer': -1} | {name: wrong}, f'bending.{name}')
      for name, wrong in (('bend', 101), ('variance', 0), ('straightened', -0.1), ('straightened', 1.1),
                          ('longer', None), ('more', 1)))])
def test_the_bending_of_a_lens(taken, bending, said):
    """What is none is refused by its name."""
    tensors, header = parts(taken[0])
    with pytest.raises(SnapshotError, match=said):
        taken[1].check(joined(tensors, {**header, 'bending': bending}))


@pytest.mark.parametrize('places', [np.full((3, 4), np.inf), np.full((3, 4), 1e10), np.zeros((3, 3)),
                                    np.zeros((3, 4), np.float32)])
def test_where_corners_lay(network, images, places):
    """What is no list of places is refused by its name; some that were not found are none the worse."""
    asked = Reconstructor(network, make_rule('filt3r'), step_source='images')
    asked.step(images[0])
    lost = np.array([[1.0, 2.0, 1.5, 2.5], [3.0, 4.0, np.nan, np.nan]])
    asked._place = replace(asked._place, anchor=Anchor(asked.last_image, asked.last_view, places=lost))
    tensors, header = parts(asked.snapshot())
    asked.restore(joined(tensors, header))
    np.testing.assert_array_equal(asked._place.anchor.places, lost)
    with pytest.raises(SnapshotError, match='anchor.places'):
        asked.check(joined(tensors | {'anchor.places': torch.from_numpy(places)}, header))


def test_every_field_of_a_header(network, images, taken):
    """What is not of its type and range is refused by its name, the reconstructor as it was; all else goes on."""
    data, asked = taken
    tensors, header = parts(data)
    before, accepted = asked.snapshot(), 0
    for called, wrong in spoilt(header):
        if same(wrong, header):
            continue
        try:
            asked.check(joined(tensors, wrong))
        except SnapshotError as error:
            last = called.rpartition('.')[2]
            assert last in str(error) or called.startswith('config') or 'other weights' in str(error), (called, error)
        else:
            accepted += 1
            if called.rpartition('.')[2] not in ('confidence', 'gate', 'index', 'segment', 'frames', 'bad', 'best'):
                goes_on(joined(tensors, wrong), network, images)
        assert asked.snapshot() == before
    assert accepted < 70
    older = {'loop_closures', 'kept', 'focal', 'shading', 'bending', 'cut'}  # that snapshots of before lack
    for lacking in set(header) - older:
        with pytest.raises(SnapshotError):
            asked.check(joined(tensors, {k: v for k, v in header.items() if k != lacking}))
    # What is counted goes into messages of so many bits.
    for name, most in (('segment', 2**32), ('index', 2**63), ('loop_closures', 2**32)):
        with pytest.raises(SnapshotError, match=f'{name} is {most}'):
            asked.restore(joined(tensors, header | {name: most}))
        goes_on(joined(tensors, header | {name: 2**20}), network, images)


def test_a_text_has_a_thousand_characters():
    """So many are taken, and not one more."""
    assert Fields({'reason': 'a' * 1000}).text('reason') == 'a' * 1000
    with pytest.raises(FieldError, match='reason is str, not a text of up to 1000 characters'):
        Fields({'reason': 'a' * 1001}).text('reason')


def test_a_tensor_of_another_shape_is_told_the_right_one(network, taken):
    """With the sizes that it must have, and which of them are free."""
    data, asked = taken
    tensors, header = parts(data)
    with pytest.raises(SnapshotError, match=r'image is torch.uint8 \(1, 96, 128, 3\), not torch.uint8 \(any, any, 3\)'):
        asked.restore(joined(tensors | {'image': tensors['image'][None]}, header))


def test_every_tensor(network, images, taken):
    """Another shape or type, one NaN, an infinity or a number no network has, none and one too many: by its name."""
    data, asked = taken
    tensors, header = parts(data)
    before = asked.snapshot()
    assert {'state', 'pose_memory', 'path', 'correction', 'bent', 'image', 'boundary.pose', 'boundary.points',
            'boundary.confidence', 'rule.proposed', 'rule.mean', 'rule.variance'} == set(tensors)
    for name, value in tensors.items():
        wrong = [value[None], value.flatten()[:-1], value.to(torch.int32), torch.zeros(0, dtype=value.dtype)]
        if value.ndim > 1:
            wrong += [value[:-1], value[..., :-1], value.transpose(0, -1)[:, :-1], value.repeat(*[2] * value.ndim)]
        if value.is_floating_point():
            wrong.append(value.to(torch.float64 if value.dtype == torch.float32 else torch.float32))
            for number in (np.nan, np.inf, -np.inf, 1e30):
                changed = value.clone()
                changed.view(-1)[-1] = number
                if not (name == 'boundary.confidence' and number == 1e30):
                    wrong.append(changed)
        for changed in wrong:
            with pytest.raises(SnapshotError, match=name):
                asked.restore(joined(tensors | {name: changed}, header))
        without = joined({k: v for k, v in tensors.items() if k != name}, header)
        if name in MAY_LACK:
            goes_on(without, network, images)
        else:
            with pytest.raises(SnapshotError):
                asked.restore(without)
    with pytest.raises(SnapshotError, match='bogus'):
        asked.restore(joined(tensors | {'bogus': torch.zeros(3)}, header))
    for name in ('path', 'correction', 'boundary.pose'):  # finite, and no pose
        for wrong in (torch.zeros(4, 4).double(), 2 * torch.eye(4).double(), -torch.eye(4).double()):
            with pytest.raises(SnapshotError, match=f'{name} is no pose'):
                asked.restore(joined(tensors | {name: wrong}, header))
    assert asked.snapshot() == before
    goes_on(data, network, images)


@pytest.mark.parametrize('rule', ['ttt3r', 'filt3r', 'ttsa3r', 'filt3r+memix'])
@pytest.mark.parametrize('precision', ['float32', 'bfloat16'])
def test_what_rules_say_that_they_keep_is_what_they_keep(rule, precision, images):
    """A snapshot under each rule, in each number type, comes back; what rules declare is what they keep."""
    network = load_network('untrained', precision=precision).network
    one, two = reconstructor(network, rule), reconstructor(network, rule)
    two.restore(one.snapshot())  # before the first frame
    for image in images[:2]:
        one.step(image)
    two.restore(one.snapshot())
    assert np.array_equal(one.step(images[2]).pose, two.step(images[2]).pose)
    elsewhere = reconstructor(network, 'cut3r', 'never')
    elsewhere.restore(one.snapshot())  # another rule, another policy
    assert np.isfinite(elsewhere.step(images[3]).pose).all()


def test_a_reset_that_was_due_is_due_after_a_restart(network, images):
    """Saved between the frame that asked for a reset and the next one, the segment still ends there."""
    one = Reconstructor(network, make_rule('ttt3r'), policy=make_reset_policy('interval', 2))
    for image in images[:2]:
        assert one.step(image).segment == 0
    two = Reconstructor(network, make_rule('ttt3r'), policy=make_reset_policy('interval', 2))
    two.restore(one.snapshot())
    assert two.step(images[2]).segment == one.step(images[2]).segment == 1


def context() -> Context:
    """Return a context with all that there can be in one."""
    world, odometry, scale = World(), Odometry(), WheelScale()
    world.camera_frame, world.start = 'camera', np.eye(4)
    for i in range(3):
        pose = np.eye(4)
        pose[0, 3] = 0.1 * i
        found = odometry.update(world.camera(world.advance(pose, 1.0)), np.eye(4), i * 10**8, 2.0, 0)
        wheels = np.eye(4)
        wheels[0, 3] = 0.5
        scale.add(wheels, wheels)
    state = {'world': world.state(), 'odometry': odometry.state(),
             'scale': {'source': 'wheels', 'factor': 1.25, 'estimator': scale.state()}}
    return Context('odom', 'camera', found.tracked, 10**18, state)


def test_every_field_of_a_context(tmp_path):
    """The same of what stands beside the snapshot: at load by its name, with a right checksum."""
    tracker = pytest.importorskip('ttt3r_ros.ros.tracker').Tracker
    good = json.loads(context().to_json())
    path, refused = tmp_path / 'state', 0

    class Given(Context):
        def to_json(self) -> bytes:
            return json.dumps(wrong).encode()

    for called, wrong in spoilt(good):
        if same(wrong, good):
            continue
        state_file.save(path, b'', Given('odom', 'camera'))
        try:
            tracker.check(state_file.load(path)[1].odometry)
        except (StateFileError, OdometryError, ScaleError) as error:
            assert called.rpartition('.')[2] in str(error), (called, str(error))
            refused += 1
        else:
            # Numbers and texts may be others; anything else is not taken.
            assert called in ('saved_ns', 'stamp', 'odom_frame', 'camera_frame', 'pose', 'odometry.world.camera_frame',
                              'odometry.world.start', 'odometry.world.placed', 'odometry.world.scaled.last',
                              'odometry.odometry.last', 'odometry.odometry.uncertainty.last',
                              'odometry.odometry.uncertainty.anchor', 'odometry.odometry.uncertainty.segment',
                              'odometry.scale.factor', 'odometry.scale.source', 'odometry.scale.estimator.logarithms',
                              'odometry.scale.estimator.disagreements', 'odometry.scale.estimator.frozen'), (
                called, wrong)
    assert refused > 300
    state_file.save(path, b'', context())
    tracker.check(state_file.load(path)[1].odometry)


def test_what_is_no_json_and_what_is_too_large(tmp_path):
    """Nested without end, a list, no text at all: one line. Gigabytes are not read."""
    path = tmp_path / 'state'

    class Raw(Context):
        def to_json(self) -> bytes:
            return self.odom_frame

    for raw in (b'[' * 100_000, b'[]', b'\xff\xfe', b'', b'{"odom_frame": 1' + b'0' * 5000 + b'}', b'{"a":' * 50_000):
        state_file.save(path, b'', Raw(raw, 'camera'))
        with pytest.raises(StateFileError, match=f'{path} cannot be used'):
            state_file.load(path)
    state_file.save(path, b'', context())
    head = path.read_bytes()[:state_file.HEAD]
    size = 10 << 30
    with path.open('wb') as file:
        file.write(head[:len(state_file.MAGIC)] + state_file.SIZES.pack(state_file.VERSION, 10, size))
        file.truncate(state_file.HEAD + 10 + size)  # as a file with a hole: nothing is on the disk
    with pytest.raises(StateFileError, match='10737 MB, more than any state of ours'):
        state_file.load(path)


def test_a_safetensors_header_that_promises_too_much(network):
    """A snapshot whose header gives more bytes than there are, in types that nobody has, is none."""
    asked = reconstructor(network)
    for header in ({'a': {'dtype': 'F32', 'shape': [10**12], 'data_offsets': [0, 4 * 10**12]}},
                   {'a': {'dtype': 'F4', 'shape': [4], 'data_offsets': [0, 2]}}, {'a': 3}, [], {}):
        text = json.dumps(header).encode()
        for length in (len(text), 10**10, 2**63):
            with pytest.raises(SnapshotError, match='not a snapshot'):
                asked.check(length.to_bytes(8, 'little') + text + b'\0\0')


@pytest.mark.parametrize('scale', [{}, {'source': 'fixed'}, {'source': 'fixed', 'factor': -1.0, 'estimator': None}])
def test_the_scale_of_a_saved_odometry_is_looked_at_when_it_is_loaded(scale):
    """Not first where it is taken over, at the third image."""
    check = pytest.importorskip('ttt3r_ros.ros.tracker').Tracker.check
    state = {'world': World().state(), 'odometry': Odometry().state()}
    check(state | {'scale': {'source': 'fixed', 'factor': 1.0, 'estimator': None}})
    with pytest.raises((OdometryError, ScaleError)):
        check(state | {'scale': scale})
