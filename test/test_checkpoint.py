# SPDX-License-Identifier: Apache-2.0
"""Weights files: read safely, refused clearly, written and read back unchanged."""

import argparse
import hashlib
import io
import json
import logging
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import save_file

from ttt3r_ros.cli.main import main
from ttt3r_ros.model.checkpoint import (
    CheckpointError,
    LoadedNetwork,
    convert,
    file_sha256,
    load_network,
    save_network,
)
from ttt3r_ros.model.config import MOST, PRESETS, ConfigError, ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.published import FIELDS, REQUIRED, config_from_arguments, parse_constructor
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.restricted_pickle import Record, UnreadablePickle, read_pickle
from ttt3r_ros.model.tensor_file import TensorFile
from ttt3r_ros.model.update_rules import make_rule

ROOT = Path(__file__).parent.parent
SMALL = ModelConfig(head='linear', image_size=64, enc_dim=64, enc_depth=2, enc_heads=4, dec_dim=64,
                    dec_depth=2, dec_heads=4, state_heads=8, state_tokens=20, memory_tokens=6)
TEXT = ("ARCroco3DStereo(ARCroco3DStereoConfig(state_size=20, state_pe='2d', pos_embed='RoPE100', "
        "rgb_head=True, pose_head=True, patch_embed_cls='ManyAR_PatchEmbed', img_size=(64, 64), "
        "head_type='linear', output_mode='pts3d+pose', depth_mode=('exp', -inf, inf), "
        "conf_mode=('exp', 1, inf), pose_mode=('exp', -inf, inf), "
        "enc_embed_dim=64, enc_depth=2, enc_num_heads=4, dec_embed_dim=64, "
        "dec_depth=2, dec_num_heads=4, state_dec_num_heads=8, local_mem_size=6, landscape_only=False))")
ALIAS = 'downstream_head.dpt_self.scratch.layer1_rn.weight'
ALIAS_LATER = 'downstream_head.dpt_self.scratch.layer_rn.0.weight'


DPT_TEXT = TEXT.replace("'linear'", "'dpt'")


def fixed(config):
    """Return a network with every head, its weights fixed."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return Network(config).train(False).requires_grad_(False)


@pytest.fixture(scope='module')
def network():
    """Return a small network, its head the linear one."""
    return fixed(SMALL)


@pytest.fixture(scope='module')
def dpt_network():
    """Return a network with the DPT head, whose fixed widths make it larger."""
    return fixed(replace(SMALL, head='dpt'))


def write(path, network, *, args='omegaconf', text=TEXT, prefix='', **changes):
    """Write a file in the published form; changes replace entries of its dictionary, None removes one."""
    model = OrderedDict((prefix + name, tensor) for name, tensor in network.state_dict().items())
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([parameter])
    parameter.sum().backward()
    optimizer.step()
    if isinstance(args, str):
        settings = {'model': text, 'lr': 1e-4, 'data': {'roots': ['a', 'b'], 'size': 4}}
        kinds = {'omegaconf': OmegaConf.create, 'argparse': lambda s: argparse.Namespace(**s), 'dict': dict}
        args = kinds[args](settings)
    content = {'args': args, 'model': model, 'optimizer': optimizer.state_dict(),
               'scaler': {'scale': 65536.0}, 'epoch': 3, 'best_so_far': float('inf')} | changes
    torch.save({key: value for key, value in content.items() if value is not None}, path)
    return str(path)


def assert_same_weights(loaded, network):
    theirs = network.state_dict()
    ours = loaded.network.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def rewrite(path, change):
    """Write the zip anew with change(name, content) -> content, or None to leave the entry out."""
    with zipfile.ZipFile(path) as old:
        entries = [(name, old.read(name)) for name in old.namelist()]
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as new:
        for name, content in entries:
            content = change(name, content)
            if content is not None:
                new.writestr(name, content)


@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('args', ['omegaconf', 'argparse', 'dict'])
def test_published_form_loads(tmp_path, network, args, prefix):
    """A file in the published form gives its exact weights and configuration, ready for inference."""
    loaded = load_network(write(tmp_path / 'some_model.pth', network, args=args, prefix=prefix))
    assert loaded.network.config == SMALL
    assert (loaded.name, loaded.trained) == ('some_model', True)
    assert not loaded.network.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in loaded.network.parameters())
    assert_same_weights(loaded, network)


def test_published_form_loads_without_omegaconf(tmp_path, network):
    """OmegaConf arguments are read where omegaconf cannot be imported."""
    path = write(tmp_path / 'model.pth', network)
    script = ("import sys; sys.modules['omegaconf'] = None; "
              "from ttt3r_ros.model.checkpoint import load_network; "
              f"assert load_network({path!r}).network.config.state_tokens == 20; "
              "assert not [m for m in sys.modules if m.startswith('omegaconf.')]")
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {'PYTHONPATH': str(ROOT)})
    assert done.returncode == 0, done.stderr


def test_published_form_loads_without_the_head_of_colours(tmp_path, network):
    """`rgb_head=False` is a network that has none, not one that is refused."""
    plain = fixed(replace(SMALL, rgb=False))
    loaded = load_network(write(tmp_path / 'model.pth', plain, text=TEXT.replace('rgb_head=True', 'rgb_head=False')))
    assert not loaded.network.config.rgb
    assert_same_weights(loaded, plain)


def test_half_precision_file_loads_as_float32(tmp_path, network):
    """A checkpoint of half-precision numbers gives a float32 network with the same values."""
    half = {name: tensor.to(torch.bfloat16) for name, tensor in network.state_dict().items()}
    loaded = load_network(write(tmp_path / 'model.pth', network, model=half))
    assert torch.equal(loaded.network.pose_token, half['pose_token'].float())


def test_views_of_one_storage_load(tmp_path, network):
    """Tensors that share a storage or are transposed in the file are each read right, and can be saved."""
    state = network.state_dict()
    flat = torch.cat([tensor.flatten() for tensor in state.values()])
    sizes = [tensor.numel() for tensor in state.values()]
    model = {name: part.view(tensor.shape) for (name, tensor), part in zip(state.items(), flat.split(sizes))}
    model['decoder_embed.weight'] = state['decoder_embed.weight'].T.contiguous().T
    path = write(tmp_path / 'model.pth', network, model=model)
    assert_same_weights(load_network(path), network)
    convert(path, tmp_path / 'model.safetensors')
    assert_same_weights(load_network(str(tmp_path / 'model.safetensors')), network)


def test_either_name_of_a_shared_tensor_is_enough(tmp_path, dpt_network):
    """Of a tensor with two names a file may hold either; where both are there the later one counts."""
    network = dpt_network
    for dropped, kept in ((ALIAS, ALIAS_LATER), (ALIAS_LATER, ALIAS)):
        model = network.state_dict()
        del model[dropped]
        model[kept] = torch.full_like(model[kept], 2.0)
        path = write(tmp_path / 'model.pth', network, model=model, text=DPT_TEXT)
        loaded = load_network(path).network.state_dict()
        assert (loaded[ALIAS] == 2).all() and (loaded[ALIAS_LATER] == 2).all()
    model = network.state_dict() | {ALIAS: torch.zeros_like(network.state_dict()[ALIAS])}
    path = write(tmp_path / 'model.pth', network, model=model, text=DPT_TEXT)
    assert_same_weights(load_network(path), network)


class Reduced:
    """Runs a command when unpickled."""

    def __init__(self, function, *arguments):
        self._reduced = (function, arguments)

    def __reduce__(self):
        return self._reduced


class WithState:
    """Runs a command when its state is set."""

    def __init__(self, marker):
        self.marker = marker

    def __setstate__(self, state):
        Path(state['marker']).touch()


class WithItems(dict):
    """Runs a command when an item is set."""

    def __setitem__(self, key, value):
        Path(value).touch()


def poisons(marker):
    """Return objects that create the marker file when torch.load or pickle.load meets them, by name."""
    touch = f'from pathlib import Path; Path({str(marker)!r}).touch()'
    with_items = WithItems()
    dict.__setitem__(with_items, 'model', str(marker))
    nested = pickle.dumps(Reduced(os.system, f'touch {marker}'))
    return {
        'os.system': Reduced(os.system, f'touch {marker}'),
        'exec': Reduced(exec, touch),
        'setstate': WithState(str(marker)),
        'setitem': with_items,
        'nested pickle': Reduced(pickle.loads, nested),
        'applied result': Reduced(getattr, Reduced(__import__, 'os'), 'system'),
        'subprocess': Reduced(subprocess.Popen, ['touch', str(marker)]),
    }


POISONS = list(poisons('x'))


@pytest.mark.parametrize('kind', POISONS)
def test_poisoned_arguments_do_not_run(tmp_path, network, kind):
    """Code in the arguments or beside the weights does not run, and the weights load all the same."""
    marker = tmp_path / 'it_ran'
    poison = poisons(marker)[kind]
    args = argparse.Namespace(model=TEXT, data=poison)
    path = write(tmp_path / 'model.pth', network, args=args, optimizer=poison, scaler=[poison, {'a': poison}])
    assert_same_weights(load_network(path), network)
    assert not marker.exists()


@pytest.mark.parametrize('kind', [kind for kind in POISONS if kind != 'subprocess'])
def test_the_poisons_are_real(tmp_path, kind):
    """An ordinary load of the poisons would run them: the tests that they do not run could fail."""
    marker = tmp_path / 'it_ran'
    loaded = pickle.loads(pickle.dumps(poisons(marker)[kind], 2))
    if kind == 'applied result':
        loaded(f'touch {marker}')
    assert marker.exists()


@pytest.mark.parametrize('kind', POISONS)
def test_poisoned_weights_are_refused(tmp_path, network, kind):
    """Code in the place of a tensor or of the network's description is refused and does not run."""
    marker = tmp_path / 'it_ran'
    poison = poisons(marker)[kind]
    path = write(tmp_path / 'model.pth', network, model=network.state_dict() | {'pose_token': poison})
    with pytest.raises(CheckpointError, match="model\\['pose_token'\\] is not a tensor"):
        load_network(path)
    for args in (poison, argparse.Namespace(model=poison)):
        with pytest.raises(CheckpointError, match='args.model'):
            load_network(write(tmp_path / 'model.pth', network, args=args))
    assert not marker.exists()


def test_poisoned_tensor_hook_does_not_run(tmp_path, network):
    """Code among the hooks of a tensor's rebuild call does not run."""
    marker = tmp_path / 'it_ran'

    class HookedTensor:
        def __reduce__(self):
            function, arguments = network.pose_token.data.__reduce_ex__(2)
            return function, (*arguments[:5], OrderedDict(hook=Reduced(os.system, f'touch {marker}')))

    path = write(tmp_path / 'model.pth', network, model=network.state_dict() | {'pose_token': HookedTensor()})
    assert_same_weights(load_network(path), network)
    assert not marker.exists()


def test_poisoned_constructor_text_does_not_run(tmp_path, network):
    """Code in the constructor text is parsed, not called."""
    marker = tmp_path / 'it_ran'
    text = TEXT.replace('landscape_only=False', f"landscape_only=__import__('os').system('touch {marker}')")
    assert_same_weights(load_network(write(tmp_path / 'model.pth', network, text=text)), network)
    text = TEXT.replace('state_size=20', f"state_size=__import__('os').system('touch {marker}')")
    with pytest.raises(CheckpointError, match='state_tokens'):
        load_network(write(tmp_path / 'model.pth', network, text=text))
    assert not marker.exists()


@pytest.mark.parametrize('protocol', range(6))
def test_restricted_pickle_reads_every_protocol(protocol):
    """Plain values of every pickle protocol are read as they are, and objects as records of their fields."""
    shared = [1, -2, 2 ** 70, 1.5, 'é', b'bytes', None, True, False]
    value = {'list': shared, 'again': shared, 'tuple': ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)), 5: {}}
    if protocol < 3:
        shared.remove(b'bytes')  # a call to a codec in the old protocols
    read = read_pickle(pickle.dumps(value, protocol), {}, lambda identifier: None)
    assert read == value and read['list'] is read['again']
    record = read_pickle(pickle.dumps(argparse.Namespace(a=1, b=[2]), protocol), {}, lambda identifier: None)
    assert isinstance(record, Record) and record.fields == {'a': 1, 'b': [2]}
    read = read_pickle(pickle.dumps({1, 2}, protocol), {}, lambda identifier: None)
    assert isinstance(read, (list, Record))


@pytest.mark.parametrize('program', [
    b'(ios\nsystem\n.', b'(cos\nsystem\nX\x01\x00\x00\x00ao.', b'cos\nsystem\n(X\x01\x00\x00\x00atR.',
    b'\x80\x02cos\nsystem\n(X\x01\x00\x00\x00at\x81.', b'\x80\x02\x82\x05)R.',
    b'\x80\x02\x84\x05\x00\x00\x00)R.',
    b'\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.'])
def test_restricted_pickle_records_calls(program):
    """Every instruction that would call something makes a record instead."""
    assert isinstance(read_pickle(program, {}, lambda identifier: None), Record)


@pytest.mark.parametrize('program', [b'', b'.', b'\x80\x02', b'0.', b'u.', b'N(K\x01u.', b'h\x05.', b'R.',
                                     b'}]K\x01s', b'\x80\x05\x97.', b't.', b'NK\x01a.', b'\xff', b'NQR.'])
def test_damaged_pickles_are_refused(program):
    """A program that does not hold together gives our error, not one from inside."""
    with pytest.raises(UnreadablePickle):
        read_pickle(program, {}, lambda identifier: None)


def test_truncated_files_are_refused(tmp_path, network):
    """A file cut off anywhere is called cut off or empty, by name."""
    whole = Path(write(tmp_path / 'model.pth', network)).read_bytes()
    path = tmp_path / 'cut.pth'
    for share in (0.0, 1e-5, 0.01, 0.3, 0.7, 0.95, 0.999, 1 - 1 / len(whole)):
        path.write_bytes(whole[:int(share * len(whole))])
        with pytest.raises(CheckpointError, match='cut.pth: .*(cut off|empty|not a checkpoint)'):
            load_network(str(path))


def test_damaged_files_never_fail_from_inside(tmp_path, network):
    """Whatever bytes of a file are changed, it loads or is refused with our error."""
    whole = Path(write(tmp_path / 'model.pth', network)).read_bytes()
    with zipfile.ZipFile(tmp_path / 'model.pth') as archive:
        directory = archive.start_dir
    random = torch.Generator().manual_seed(3)
    path = tmp_path / 'damaged.pth'
    refused = 0
    for trial in range(60):
        damaged = bytearray(whole)
        low, high = [(0, 3000), (3000, directory), (directory, len(whole))][trial % 3]
        for place in torch.randint(low, high, (4,), generator=random).tolist():
            damaged[place] = int(torch.randint(256, (1,), generator=random))
        path.write_bytes(damaged)
        try:
            load_network(str(path))
        except CheckpointError:
            refused += 1
    assert refused > 30


def test_damaged_pickles_in_sound_files_never_fail_from_inside(tmp_path):
    """Whatever a pickle says, a file with sound checksums loads or is refused with our error."""
    buffer = io.BytesIO()
    model = {'pose_token': torch.zeros(1, 1, 64)}
    torch.save({'args': argparse.Namespace(model=TEXT), 'model': model}, buffer)
    with zipfile.ZipFile(buffer) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    random = torch.Generator().manual_seed(4)
    path = tmp_path / 'damaged.pth'
    for _ in range(300):
        damaged = bytearray(entries['archive/data.pkl'])
        for place in torch.randint(len(damaged), (2,), generator=random).tolist():
            damaged[place] = int(torch.randint(256, (1,), generator=random))
        with zipfile.ZipFile(path, 'w') as archive:
            for name, content in (entries | {'archive/data.pkl': bytes(damaged)}).items():
                archive.writestr(name, content)
        with pytest.raises(CheckpointError, match='damaged.pth'):
            load_network(str(path))


def test_files_that_are_no_checkpoints_are_refused(tmp_path, network):
    """Each kind of wrong file is told apart, with what to do."""
    def message(path):
        with pytest.raises(CheckpointError) as caught:
            load_network(str(path))
        return str(caught.value)

    assert 'Weights' in message(tmp_path / 'absent.pth')
    assert 'Weights' in message(tmp_path)
    assert 'give the path of its file' in message('cut3r_512_dpt_4_64')
    (tmp_path / 'text.pth').write_text('<html>not found</html>')
    assert 'not a checkpoint' in message(tmp_path / 'text.pth')
    (tmp_path / 'text.safetensors').write_text('<html>not found</html>')
    assert 'damaged' in message(tmp_path / 'text.safetensors')
    torch.save({'model': {}}, tmp_path / 'old.pth', _use_new_zipfile_serialization=False)
    assert 'before 1.6' in message(tmp_path / 'old.pth')
    with zipfile.ZipFile(tmp_path / 'other.zip', 'w') as archive:
        archive.writestr('readme.txt', 'hello')
    assert 'not one that torch.save wrote' in message(tmp_path / 'other.zip')
    torch.save(network.state_dict(), tmp_path / 'bare.pth')
    assert 'no state dict under `model`' in message(tmp_path / 'bare.pth')
    assert 'args.model' in message(write(tmp_path / 'm.pth', network, args=None))
    assert 'args.model' in message(write(tmp_path / 'm.pth', network, args=argparse.Namespace(lr=1)))
    assert 'not a constructor call' in message(write(tmp_path / 'm.pth', network, text='Net(('))
    assert 'not a constructor call' in message(write(tmp_path / 'm.pth', network, text='(' * 5000))
    assert 'not a constructor call' in message(write(tmp_path / 'm.pth', network, text='Net()'))


def test_damaged_storages_are_refused(tmp_path, network):
    """A storage that is absent, too short, or of flipped bits is named."""
    path = tmp_path / 'model.pth'
    for entry, change, match in (('/data/0', lambda content: None, 'data/0 is missing'),
                                 ('/data/0', lambda content: content[:-4], 'data/0 is not'),
                                 ('/byteorder', lambda content: b'big', 'big-endian')):
        write(path, network)
        rewrite(path, lambda name, content: change(content) if name.endswith(entry) else content)
        with pytest.raises(CheckpointError, match=match):
            load_network(str(path))
    content = bytearray(Path(write(path, network)).read_bytes())
    place = content.index(network.enc_blocks[0].mlp.fc1.weight.numpy().tobytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match='CRC'):
        load_network(str(path))


@pytest.mark.parametrize(('entry', 'field', 'value', 'told'), [
    ('data.pkl', 24, lambda end: (1 << 28) + 1, 'data.pkl has 268 MB, which no published file has'),
    ('data/0', 42, lambda end: end - 10, 'data/0 reaches past the end of the file')], ids=['size', 'place'])
def test_what_a_directory_promises_is_refused_before_it_is_read(tmp_path, network, entry, field, value, told):
    """A pickle too large to be one, and a storage where the file has no more room, are named; no memory is taken."""
    path = Path(write(tmp_path / 'model.pth', network))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        end = archive.start_dir
    name = next(name for name in archive.namelist() if name.endswith(f'/{entry}')).encode()
    record = content.index(name, end) - 46  # the name is behind the directory's fixed fields
    struct.pack_into('<I', content, record + field, value(end))
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=told):
        load_network(str(path))


def test_storage_that_reaches_past_its_end_is_refused(tmp_path, network):
    """A tensor that claims more numbers than its storage has is refused by name."""
    class Overlong:
        def __reduce__(self):
            function, (storage, _, *rest) = network.pose_token.data.__reduce_ex__(2)
            return function, (storage, 1, *rest)

    path = write(tmp_path / 'model.pth', network, model=network.state_dict() | {'pose_token': Overlong()})
    with pytest.raises(CheckpointError, match="model\\['pose_token'\\] reaches past the end"):
        load_network(path)


def test_parameters_that_do_not_fit_are_named(tmp_path, network, caplog):
    """Missing and misshapen parameters are named with their number; surplus ones are only warned of."""
    state = network.state_dict()
    model = {name: tensor for name, tensor in state.items() if not name.startswith('enc_blocks.1.')}
    model |= {'dec_norm.bias': torch.zeros(65), 'dec_norm.weight': torch.zeros(64, dtype=torch.int64)}
    with pytest.raises(CheckpointError) as caught:
        load_network(write(tmp_path / 'model.pth', network, model=model))
    text = str(caught.value)
    assert '12 missing: enc_blocks.1.norm1.weight' in text and 'and 7 more' in text
    assert 'dec_norm.bias is (65,), expected (64,)' in text and 'dec_norm.weight is (64,) torch.int64' in text
    with pytest.raises(CheckpointError, match='rgb_proj'):
        load_network(write(tmp_path / 'model.pth', network, model={
            name: tensor for name, tensor in state.items() if 'rgb_proj' not in name}))
    with caplog.at_level(logging.WARNING):
        load_network(write(tmp_path / 'model.pth', network, model=state | {'extra.weight': torch.ones(1)}))
    assert [record.getMessage() for record in caplog.records if 'extra.weight' in record.getMessage()]


@pytest.mark.parametrize(('old', 'new', 'match'), [
    ("'RoPE100'", "'cosine'", "pos_embed='cosine' is not supported; supported: 'RoPE100'"),
    ("head_type='linear'", "head_type='mlp'", "head_type='mlp' is not supported; supported: 'dpt', 'linear'"),
    ("state_pe='2d'", "state_pe='3d'", 'state_pe'),
    ("conf_mode=('exp', 1, inf)", "conf_mode=('exp', 0, inf)", 'conf_mode'),
    ("depth_mode=('exp', -inf, inf)", "depth_mode=('linear', -inf, inf)", 'depth_mode'),
    ("pose_mode=('exp', -inf, inf)", "pose_mode=('square', -inf, inf)", 'pose_mode'),
    ("'pts3d+pose'", "'pts3d'", 'output_mode'),
    ('pose_head=True', 'pose_head=False', 'pose_head'),
    ('enc_num_heads=4, ', '', 'does not give enc_num_heads'),
    ('dec_num_heads=4', 'dec_num_heads=5', 'does not split into 5 heads'),
    ('state_size=20', 'state_size=-20', 'state_tokens'),
])
def test_unsupported_networks_are_refused(tmp_path, network, old, new, match):
    """A configuration that we would compute wrongly is refused, naming the field and what is supported."""
    assert old in TEXT
    with pytest.raises(CheckpointError) as caught:
        load_network(write(tmp_path / 'model.pth', network, text=TEXT.replace(old, new)))
    assert match in str(caught.value)


def test_constructor_text_of_the_published_models():
    """The published constructor texts give the published presets."""
    text = ("ARCroco3DStereo(ARCroco3DStereoConfig(state_size=768, state_pe='2d', pos_embed='RoPE100', "
            "rgb_head=True, pose_head=True, patch_embed_cls='ManyAR_PatchEmbed', img_size=(512, 512), "
            "head_type='dpt', output_mode='pts3d+pose', depth_mode=('exp', -inf, inf), "
            "conf_mode=('exp', 1, inf), pose_mode=('exp', -inf, inf), "
            "enc_embed_dim=1024, enc_depth=24, enc_num_heads=16, "
            "dec_embed_dim=768, dec_depth=12, dec_num_heads=12, landscape_only=False))")
    assert config_from_arguments(parse_constructor(text)) == PRESETS['cut3r_512_dpt_4_64']
    text = text.replace('(512, 512)', '(224, 224)').replace("'dpt'", "'linear'")
    assert config_from_arguments(parse_constructor(text)) == PRESETS['cut3r_224_linear_4']


@pytest.mark.parametrize('name', ['cut3r_512_dpt_4_64', 'cut3r_224_linear_4'])
def test_preset_has_the_published_parameters(name):
    """The parameters of a published preset are those of the published file: names, shapes and order."""
    expected = json.loads((ROOT / 'test/data/golden' / f'{name}_keys.json').read_text())
    with torch.device('meta'):
        ours = {key: list(tensor.shape) for key, tensor in Network(PRESETS[name]).state_dict().items()}
    assert list(ours.items()) == list(expected.items())


def test_untrained_network_is_the_same_every_time():
    """The word `untrained` gives the same finite network every time, and leaves the random numbers alone."""
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = load_network('untrained')
    assert torch.equal(torch.rand(3), expected)
    assert (first.name, first.trained, first.network.config) == ('untrained', False, PRESETS['small'])
    torch.manual_seed(2)
    assert_same_weights(load_network('untrained'), first.network)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('streaming', [False, True])
def test_own_form_round_trip(tmp_path, dpt_network, dtype, streaming):
    """A converted file gives back name, configuration and every weight kept, rounded to its number type."""
    source = write(tmp_path / 'model.pth', dpt_network, text=DPT_TEXT)
    target = tmp_path / 'other name.safetensors'
    convert(source, target, dtype=dtype, streaming=streaming)
    assert [path.name for path in tmp_path.iterdir() if path.name not in ('model.pth', target.name)] == []
    loaded = load_network(str(target))
    assert (loaded.name, loaded.trained) == ('model', True)
    config = dpt_network.config
    assert loaded.network.config == (replace(config, world_points=False, rgb=False) if streaming else config)
    state = dpt_network.state_dict()
    for name, tensor in loaded.network.state_dict().items():
        unread = any(part in name for part in ('masked_img', 'masked_ray', 'refinenet4.resConfUnit1'))
        expected = torch.zeros_like(tensor) if streaming and unread else state[name].to(dtype).float()
        assert torch.equal(tensor, expected), name
    # Once more from our own form, onto itself.
    convert(str(target), target, dtype=dtype)
    assert_same_weights(load_network(str(target)), loaded.network)


def test_streaming_file_streams_alike(tmp_path, dpt_network):
    """A file without what streaming does not use is smaller and gives the same answers to the bit."""
    source = write(tmp_path / 'model.pth', dpt_network, text=DPT_TEXT)
    convert(source, tmp_path / 'full.safetensors')
    convert(source, tmp_path / 'slim.safetensors', streaming=True)
    full, slim = ((tmp_path / f'{name}.safetensors').stat().st_size for name in ('full', 'slim'))
    assert slim < 0.6 * full
    images = torch.rand((3, 1, 3, 48, 64), generator=torch.Generator().manual_seed(0)) * 2 - 1
    ray_map = torch.rand((1, 6, 48, 64), generator=torch.Generator().manual_seed(1))
    answers = []
    for name in ('model.pth', 'full.safetensors', 'slim.safetensors'):
        recurrence = Recurrence(load_network(str(tmp_path / name)).network, make_rule('ttt3r'))
        predictions = [recurrence.step(image).prediction for image in images] + [recurrence.query(ray_map)]
        answers.append([(p.pose, p.points, p.confidence) for p in predictions])
    published, *own = answers
    for others in own:
        for expected, found in zip(published, others, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))


@pytest.mark.parametrize('streaming', [False, True])
def test_file_without_a_ray_map_encoder(tmp_path, caplog, streaming):
    """What a network was built without is not in its file, and a network of that form comes back, without a warning."""
    network = fixed(replace(SMALL, ray_map=False))
    path = tmp_path / 'model.safetensors'
    save_network(LoadedNetwork(network, 'model', True), path, streaming=streaming)
    assert b'ray_map.' not in path.read_bytes() and b'ray_map_token' not in path.read_bytes()
    loaded = load_network(str(path)).network
    assert loaded.config.ray_map is False and not caplog.records
    weights = network.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in loaded.state_dict().items()
               if name != 'masked_img_token')


def test_file_from_before_ray_map_has_the_encoder(tmp_path, network):
    """A file whose configuration does not name the field yet is read as before; a converted one keeps the encoder."""
    path = tmp_path / 'model.safetensors'
    convert(write(tmp_path / 'model.pth', network), path)

    def forget(header):
        config = json.loads(header['__metadata__']['config'])
        assert config.pop('ray_map') is True
        header['__metadata__']['config'] = json.dumps(config)

    edit_header(path, forget)
    assert_same_weights(load_network(str(path)), network)


def edit_header(path, change):
    """Change the JSON header of a .safetensors file in place."""
    content = path.read_bytes()
    size = struct.unpack('<Q', content[:8])[0]
    header = json.loads(content[8:8 + size])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack('<Q', len(text)) + text + content[8 + size:])


def test_own_form_faults_are_refused(tmp_path, network):
    """A .safetensors that is cut off, foreign, newer, damaged or incomplete is refused with the reason."""
    source = write(tmp_path / 'model.pth', network)
    path = tmp_path / 'model.safetensors'

    def refused(match, change=None, cut=None):
        convert(source, path, streaming=True)
        if change:
            edit_header(path, change)
        if cut:
            path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(CheckpointError, match=match):
            load_network(str(path))

    for cut in (4, 100, 20000, 400000):
        refused('cut off or damaged', cut=cut)
    refused('not written by `ttt3r convert`', lambda header: header.pop('__metadata__'))
    refused('newer', lambda header: header['__metadata__'].update(ttt3r_ros='2'))
    refused('metadata is damaged', lambda header: header['__metadata__'].pop('config'))
    refused('metadata is damaged', lambda header: header['__metadata__'].update(config='{"head": "linear"'))
    refused('metadata is damaged', lambda header: header['__metadata__'].update(config='{"heads": "linear"}'))
    refused('metadata is damaged', lambda header: header['__metadata__'].update(config='[]'))
    refused('1 missing: dec_norm.bias', lambda header: header.update({'else': header.pop('dec_norm.bias')}))
    refused('missing: .*masked_img_token', lambda header: header['__metadata__'].update(streaming='false'))


def test_a_file_of_another_sha256_is_not_read(tmp_path, network):
    """One flipped bit in a weight is a number like another: only the hash tells, before anything is loaded."""
    path = tmp_path / 'model.safetensors'
    convert(write(tmp_path / 'model.pth', network), path)
    wanted = file_sha256(path)
    assert wanted == hashlib.sha256(path.read_bytes()).hexdigest()
    assert_same_weights(load_network(str(path), sha256=wanted.upper()), network)
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)
    load_network(str(path))
    with pytest.raises(CheckpointError, match=f'begins with {file_sha256(path)[:12]}, and {wanted[:12]} is wanted'):
        load_network(str(path), sha256=wanted)
    path.write_bytes(b'nothing that could be loaded')
    with pytest.raises(CheckpointError, match='is wanted'):
        load_network(str(path), sha256=wanted)
    with pytest.raises(CheckpointError, match="'abc' is no sha256"):
        load_network(str(path), sha256='abc')
    with pytest.raises(CheckpointError, match='from no file'):
        load_network('untrained', sha256=wanted)


@pytest.mark.parametrize(('name', 'most'), MOST.items())
def test_a_network_that_nobody_could_run_is_refused_by_name(tmp_path, network, name, most):
    """A file may describe any network: what would hang or fill the memory ends at a bound, in both forms."""
    path = tmp_path / 'model.safetensors'
    convert(write(tmp_path / 'model.pth', network), path)

    def grow(header):
        config = json.loads(header['__metadata__']['config'])
        header['__metadata__']['config'] = json.dumps(config | {name: value})

    for value in (most + 16, 10**9, 10**30):
        edit_header(path, grow)
        with pytest.raises(CheckpointError, match=f'{name} {value} is more than any network'):
            load_network(str(path))
    keywords = {'image_size': 'img_size', **{field: keyword for keyword, field in FIELDS.items()}}
    told = dict(zip(REQUIRED, ('linear', 48, 128, 4, 4, 128, 4, 4), strict=True))
    with pytest.raises(ConfigError, match=f'{name} {10**9} is more than'):
        config_from_arguments(told | {'img_size': 128, keywords[name]: 10**9})


def test_failed_write_leaves_the_old_file(tmp_path):
    """Where the new file cannot be written, the error says so and nothing is left behind or lost."""
    loaded = load_network('untrained')
    with pytest.raises(CheckpointError, match='cannot be written'):
        save_network(loaded, tmp_path / 'absent' / 'model.safetensors')
    with pytest.raises(CheckpointError, match='must end in .safetensors'):
        save_network(loaded, tmp_path / 'model.pth')
    (tmp_path / 'model.safetensors').mkdir()
    with pytest.raises(CheckpointError, match='cannot be written'):
        save_network(loaded, tmp_path / 'model.safetensors')
    assert [path.name for path in tmp_path.iterdir()] == ['model.safetensors']


def run_cli(*argv):
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in argv])
    return caught.value.code


def test_convert_command(tmp_path, network):
    """`ttt3r convert` writes the file asked for, with the number type asked for."""
    source, target = write(tmp_path / 'model.pth', network), tmp_path / 'model.safetensors'
    assert run_cli('convert', source, target, '--dtype', 'bfloat16', '--streaming') == 0
    assert load_network(str(target)).network.config.rgb is False
    assert b'"BF16"' in target.read_bytes()[:2000]
    assert run_cli('convert', source, target, '--sha256', '0' * 64) == 2
    assert run_cli('convert', source, target, '--sha256', file_sha256(source)) == 0


def test_command_errors_are_one_line(tmp_path, capsys):
    """An error of our own is one line on standard error and exit code 2."""
    assert run_cli('convert', tmp_path / 'absent.pth', tmp_path / 'model.safetensors') == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and 'absent.pth' in error and 'Traceback' not in error
    assert run_cli('convert', 'a') == 2
    assert run_cli('--help') == 0


def test_help_does_not_import_torch():
    """The command line's help does not wait for torch."""
    script = ("import sys\ntry:\n    from ttt3r_ros.cli.main import main; main(['convert', '--help'])\n"
              "except SystemExit: pass\nassert 'torch' not in sys.modules")
    subprocess.run([sys.executable, '-c', script], check=True, cwd=ROOT, capture_output=True,
                   env=os.environ | {'PYTHONPATH': str(ROOT)})


def test_a_file_is_read_tensor_by_tensor_into_memory_of_its_own(tmp_path):
    """Every kind of number and shape comes back as safetensors has it; the file may then be written over."""
    path = tmp_path / 'a.safetensors'
    kept = {'a': torch.randn(3, 4), 'b': torch.randn(2, 2, 2).to(torch.bfloat16), 'c': torch.randn(5).half(),
            'd': torch.randn(2, 3, dtype=torch.float64), 'e': torch.tensor(1.5), 'f': torch.zeros(0, 3),
            'g': torch.arange(6).view(2, 3)}
    save_file(kept, path, {'name': 'x'})
    with TensorFile(path) as file:
        assert file.metadata == {'name': 'x'} and sorted(file.names()) == sorted(kept)
        read = {name: file.read(name) for name in file.names()}
    path.write_bytes(bytes(path.stat().st_size))
    assert all(torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype for name, tensor in kept.items())


def test_a_file_that_is_cut_while_it_is_read_is_told(tmp_path):
    """What ends within a tensor is an error that names it, no crash."""
    path = tmp_path / 'a.safetensors'
    save_file({'a': torch.randn(100), 'b': torch.randn(100)}, path)
    with TensorFile(path) as file:
        with path.open('r+b') as same:
            same.truncate(path.stat().st_size - 8)
        last = max(file.names(), key=lambda name: file._entries[name]['data_offsets'])
        with pytest.raises(OSError, match=f'ends within the tensor {last}'):
            file.read(last)


def test_weights_are_held_in_one_number_type_from_the_start(tmp_path):
    """A network from a bfloat16 file is, in bfloat16, the one that for_inference makes of the whole one."""
    whole = load_network('untrained').network
    path = tmp_path / 'a.safetensors'
    save_network(LoadedNetwork(whole, 'a', True), path, dtype=torch.bfloat16)
    loaded = load_network(str(path), precision='bfloat16').network
    expected = load_network('untrained', precision='bfloat16').network
    for (name, mine), (_, theirs) in zip(loaded.named_parameters(), expected.named_parameters(), strict=True):
        assert mine.dtype == theirs.dtype, name
    assert {p.dtype for p in loaded.parameters()} == {torch.bfloat16, torch.float32}
