# SPDX-License-Identifier: Apache-2.0
"""Spoilt weights, of our own form and of the published one, and what stands beside them."""

from __future__ import annotations

import argparse
import io
import json
import zipfile

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from spoiling import EDITS, fuzzed, in_words, spoilt, within_bounds

from ttt3r_ros.model.checkpoint import CheckpointError, LoadedNetwork, load_network, save_network
from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.reconstruction.covariance_fit import load_fit
from ttt3r_ros.reconstruction.uncertainty import UncertaintyError
from ttt3r_ros.reconstruction.weights_profile import WeightsProfileError, load_profile

SMALL = ModelConfig(head='linear', image_size=32, enc_dim=64, enc_depth=1, enc_heads=4, dec_dim=64, dec_depth=2,
                    dec_heads=4, state_heads=4, state_tokens=4, memory_tokens=2, world_points=False, rgb=False)
TEXT = ("ARCroco3DStereo(ARCroco3DStereoConfig(state_size=4, head_type='linear', img_size=(32, 32), enc_embed_dim=64, "
        'enc_depth=1, enc_num_heads=4, dec_embed_dim=64, dec_depth=2, dec_num_heads=4, state_dec_num_heads=4, '
        'local_mem_size=2, rgb_head=False))')
PROFILE = json.dumps({'settings': {'reset_policy': 'interval', 'reset_interval': 16}, 'trained_on': {
    'synthetic': True, 'fields_of_view': [55, 80], 'aspects': [1.33], 'confidence': 9.0}}).encode()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('weights')


@pytest.fixture(scope='module')
def own(folder):
    save_network(LoadedNetwork(Network(SMALL), 'small', True), folder / 'own.safetensors', profile=PROFILE.decode())
    return (folder / 'own.safetensors').read_bytes()


@pytest.fixture(scope='module')
def published():
    """Return the entries of a file as torch.save writes it."""
    buffer = io.BytesIO()
    torch.save({'args': argparse.Namespace(model=TEXT), 'model': Network(SMALL).state_dict(), 'epoch': 3}, buffer)
    with zipfile.ZipFile(buffer) as archive:
        return buffer.getvalue(), {name: archive.read(name) for name in archive.namelist()}


def loaded(path) -> None:
    with within_bounds():
        try:
            load_network(str(path))
            load_profile(str(path))
        except (CheckpointError, WeightsProfileError) as error:
            in_words(error)


@fuzzed(25, 0.15)
@given(edits=EDITS, whole=st.booleans())
def test_a_spoilt_file_of_our_own(folder, own, edits, whole):
    """Loaded, or refused by the file's name."""
    path = folder / 'spoilt.safetensors'
    path.write_bytes(spoilt(own, edits, 0, None if whole else 8 + int.from_bytes(own[:8], 'little')))
    loaded(path)


@fuzzed(25, 0.15)
@given(edits=EDITS)
def test_a_spoilt_published_file(folder, published, edits):
    """The zip itself."""
    path = folder / 'spoilt.pth'
    path.write_bytes(spoilt(published[0], edits))
    loaded(path)


@fuzzed(25, 0.15)
@given(edits=EDITS)
def test_a_spoilt_pickle_in_a_sound_zip(folder, published, edits):
    """What the pickle says of a file whose checksums are right."""
    path = folder / 'spoilt.pth'
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in published[1].items():
            archive.writestr(name, spoilt(content, edits) if name.endswith('data.pkl') else content)
    loaded(path)


@fuzzed(40, 0.2)
@given(edits=EDITS, beside=st.sampled_from(['profile', 'covariance']))
def test_what_stands_beside_weights(folder, edits, beside):
    """Profile and covariances are JSON that somebody may have edited."""
    path = folder / 'beside.safetensors'
    whole = PROFILE if beside == 'profile' else json.dumps(
        {'coefficients': {'scale': 0.1}, 'plan': {'reset_interval': 16, 'alignment': 'se3'}}).encode()
    for name in ('profile', 'covariance'):
        (folder / f'{path.name}.{name}.json').unlink(missing_ok=True)
    (folder / f'{path.name}.{beside}.json').write_bytes(spoilt(whole, edits))
    with within_bounds():
        try:
            load_profile(str(path))
            load_fit(str(path))
        except (CheckpointError, WeightsProfileError, UncertaintyError) as error:
            in_words(error)
