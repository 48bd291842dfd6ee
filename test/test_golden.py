# SPDX-License-Identifier: Apache-2.0
"""Parity with the published network, array by array, on every golden file that there is."""

import json
import math
import os
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ttt3r_ros.model.heads import OUTPUTS
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.published import config_from_arguments
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.update_rules import make_rule

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / 'shared/golden'
FOLDER = Path(os.environ.get('TTT3R_GOLDEN') or (SHARED if SHARED.is_dir() else ROOT / 'test/data/golden'))
FILES = sorted(FOLDER.glob('*.npz'))
TOLERANCE = 5e-5
INPUTS = {'meta', 'images', 'view_index', 'view_reset', 'view_update',
          'query_ray_map', 'query_state', 'query_mem'}
PREDICTIONS = {'camera_pose': 'pose', 'pts3d_in_self_view': 'points', 'conf_self': 'confidence',
               'pts3d_in_other_view': 'world_points', 'conf': 'world_confidence', 'rgb': 'rgb'}
TOKENS = ('mem', 'masked_token', 'pose_token', 'masked_img_token', 'masked_ray_map_token')


def drawn(name, shape, salt):
    """Draw one parameter from its own name."""
    seed = np.random.PCG64([zlib.crc32(name.encode()), salt])
    x = np.random.Generator(seed).standard_normal(size=shape, dtype=np.float32)
    last = name.rpartition('.')[2]
    if last in TOKENS or name == 'register_tokens.weight':
        x *= np.float32(0.5)
    elif len(shape) == 1 and last == 'weight':
        x = 1 + np.float32(0.1) * x
    elif len(shape) == 1:
        x *= np.float32(1.0 if name.endswith(('projq.bias', 'projk.bias')) else 0.1)
    else:
        x /= np.sqrt(np.float32(math.prod(shape[1:])))
    return torch.from_numpy(x)


def network_of(meta):
    """Build the file's network with its deterministic weights."""
    with torch.device('meta'):
        network = Network(config_from_arguments(meta))
    state = {name: drawn(name, tuple(tensor.shape), meta['salt'])
             for name, tensor in network.state_dict().items()}
    network.load_state_dict(state, assign=True)
    return network.for_inference()


def images_of(file, meta):
    """Return the frames (n, 3, H, W), made by the formula where they are not stored."""
    if 'images' in file:
        return torch.from_numpy(file['images'])
    height, width = meta['height'], meta['width']
    random = np.random.Generator(np.random.PCG64([meta['salt'], height, width]))
    f = random.uniform(1, 4, (3, 3))
    ph = random.uniform(0, 6.28, (3, 3))
    yy, xx = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing='ij')
    images = np.zeros((meta['frames'], 3, height, width))
    for t in range(meta['frames']):
        for c in range(3):
            for j in range(3):
                phase = 6.28 * f[c, j] * (xx * np.cos(j) + yy * np.sin(j)) + ph[c, j] + 0.35 * t * (j + 1)
                images[t, c] += np.sin(phase) / 3
    return torch.from_numpy(images.astype(np.float32))


def views_of(file, meta):
    """Return (frame, reset after it, written) of every view as fed; a reset frame is fed a second time."""
    if 'view_index' in file:
        return [(int(index), bool(reset), bool(update)) for index, reset, update in
                zip(file['view_index'], file['view_reset'], file['view_update'], strict=True)]
    views = []
    for frame in range(meta['frames']):
        written = frame not in meta.get('frozen_updates', ())
        views += [(frame, True, written)] * (frame in meta.get('resets', ())) + [(frame, False, written)]
    return views


def answers(file, meta, device):
    """Run the file's views, and its query, through the network; yield each array's name and ours."""
    recurrence = Recurrence(network_of(meta).to(device), make_rule(meta['rule']))
    images = images_of(file, meta).to(device)
    for frame, reset, written in views_of(file, meta):
        step = recurrence.step(images[frame][None], write=written, outputs=OUTPUTS,
                               observe=frozenset({'confidence'}))
        if reset:
            recurrence.reset()
        for name, field in PREDICTIONS.items():
            yield name, getattr(step.prediction, field)[0]
        yield 'state_before', step.before.state[0]
        yield 'state_proposed', step.proposed_state[0]
        yield 'mem_before', step.before.pose_memory[0]
        yield 'mem_proposed', step.proposed_pose_memory[0]
        yield 'beta_attention', step.confidence
    if 'query_ray_map' in file:
        recurrence.memory = replace(recurrence.memory, state=torch.from_numpy(file['query_state'])[None].to(device),
                                    pose_memory=torch.from_numpy(file['query_mem'])[None].to(device))
        ray_map = torch.from_numpy(file['query_ray_map']).permute(2, 0, 1)[None]
        prediction = recurrence.query(ray_map.to(device), outputs=OUTPUTS)
        for name, field in PREDICTIONS.items():
            yield 'query_' + name, getattr(prediction, field)[0]


def errors(file, meta, device='cpu'):
    """Return the relative error of every array of the file; one that we do not know is infinitely wrong."""
    ours = {}
    for name, array in answers(file, meta, device):
        for stored in (name, name + '_stride16'):
            if stored in file:
                array = array[::16, ::16] if stored != name else array
                ours.setdefault(stored, []).append(array.cpu().numpy().astype(np.float64))
    result = {}
    for name in set(file) - INPUTS:
        golden = file[name].astype(np.float64)
        mine = np.stack(ours[name]) if name in ours else None
        if mine is not None and name.startswith('query_'):
            mine = mine[0]
        same = mine is not None and mine.shape == golden.shape
        result[name] = float(np.linalg.norm(mine - golden) / np.linalg.norm(golden)) if same else math.inf
    return result


def case(path):
    """Return the file as a test case; those of the published sizes take minutes."""
    with np.load(path) as file:
        meta = json.loads(str(file['meta']))
    slow = meta['enc_embed_dim'] * meta['enc_depth'] > 4096
    marks = [pytest.mark.slow, pytest.mark.timeout(1200)] if slow else []
    return pytest.param(path, id=path.stem, marks=marks)


@pytest.fixture(autouse=True)
def all_cores(request):
    """Let a big network use every core."""
    threads = torch.get_num_threads()
    if request.node.get_closest_marker('slow'):
        torch.set_num_threads(os.cpu_count())
    yield
    torch.set_num_threads(threads)


def test_there_are_golden_files():
    """The folder of golden files holds some."""
    assert FILES, f'no .npz in {FOLDER}'


@pytest.mark.parametrize('path', [case(path) for path in FILES])
def test_every_array_agrees(path, record_property):
    """Every array of the file agrees with what our network computes."""
    with np.load(path) as stored:
        file = dict(stored)
    found = errors(file, json.loads(str(file['meta'])))
    report = {name: f'{error:.1e}' for name, error in sorted(found.items(), key=lambda item: -item[1])}
    record_property('worst', next(iter(report.values())))
    assert found and max(found.values()) < TOLERANCE, report


def test_an_unknown_array_fails():
    """An array that this test knows nothing of counts as wrong, so that none is skipped in silence."""
    with np.load(ROOT / 'test/data/golden/linear_ttt3r.npz') as stored:
        file = dict(stored) | {'something_new': np.ones(3)}
    found = errors(file, json.loads(str(file['meta'])))
    assert [name for name, error in found.items() if not error < TOLERANCE] == ['something_new']


def test_stored_images_follow_the_formula():
    """The formula for images that are not stored gives those that are."""
    with np.load(ROOT / 'test/data/golden/dpt_ttt3r_portrait_frozen.npz') as stored:
        file = dict(stored)
    meta = json.loads(str(file['meta']))
    expected = file.pop('images')
    np.testing.assert_allclose(images_of(file, meta).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize('name', ['dpt_ttt3r', 'dpt_ttt3r_reset', 'dpt_ttt3r_portrait_frozen'])
def test_views_follow_from_the_metadata(name):
    """The order of the views, where it is not stored, follows from the resets and the frozen frames."""
    with np.load(ROOT / f'test/data/golden/{name}.npz') as stored:
        file = dict(stored)
    meta = json.loads(str(file['meta']))
    expected = views_of(file, meta)
    assert views_of({}, meta) == expected
