# SPDX-License-Identifier: Apache-2.0
"""The network computes what is asked for, no more, and never spoils the memory."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ttt3r_ros.model import layers
from ttt3r_ros.model import recurrence as recurrence_module
from ttt3r_ros.model.config import PRESETS, ConfigError, ModelConfig
from ttt3r_ros.model.heads import OUTPUTS
from ttt3r_ros.model.layers import Rotary
from ttt3r_ros.model.network import Network, RayMapError
from ttt3r_ros.model.recurrence import NonFinitePrediction, Recurrence
from ttt3r_ros.model.update_rules import RULES, make_rule
from ttt3r_ros.reconstruction.intrinsics import focal_length

CONFIG = ModelConfig(head='linear', image_size=64, enc_dim=64, enc_depth=2, enc_heads=4, dec_dim=96,
                     dec_depth=4, dec_heads=6, state_heads=8, state_tokens=44, memory_tokens=7)
HEADS_OF = {
    'linear': {'points': {'proj'}, 'world_points': {'cross_proj', 'final_transform.0', 'final_transform.1'},
               'rgb': {'rgb_proj'}},
    'dpt': {'points': {'dpt_self'}, 'world_points': {'dpt_cross', 'final_transform.0', 'final_transform.1'},
            'rgb': {'dpt_rgb'}}}


def fixed(config):
    """Return a network with fixed weights."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Network(config).for_inference()


@pytest.fixture(scope='module')
def network():
    """Return a small network with a linear head."""
    return fixed(CONFIG)


@pytest.fixture(scope='module')
def dpt_network():
    """Return a small network with a DPT head."""
    return fixed(replace(CONFIG, head='dpt'))


def image(height=48, width=80, seed=0):
    return torch.rand((1, 3, height, width), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def assert_same_memory(memory, expected):
    """Check that two memories hold the same numbers."""
    assert memory.first == expected.first
    assert torch.equal(memory.state, expected.state) and torch.equal(memory.pose_memory, expected.pose_memory)
    assert (memory.rule is None) == (expected.rule is None)
    for name, value in (expected.rule or {}).items():
        assert torch.equal(memory.rule[name], value)


def copy_of(memory):
    """Copy a memory's numbers, so that a write in place would show."""
    rule = memory.rule and {name: value.clone() for name, value in memory.rule.items()}
    return replace(memory, state=memory.state.clone(), pose_memory=memory.pose_memory.clone(), rule=rule)


@pytest.mark.parametrize('head', ['linear', 'dpt'])
@pytest.mark.parametrize('outputs', [(), ('points',), ('world_points',), ('rgb',), ('points', 'rgb'),
                                     tuple(OUTPUTS)])
def test_only_the_outputs_asked_for_are_computed(request, head, outputs):
    """The heads that run are the pose's and those of the outputs asked for; the other fields are None."""
    network = request.getfixturevalue({'linear': 'network', 'dpt': 'dpt_network'}[head])
    ran = set()
    parts = {name for group in HEADS_OF[head].values() for name in group}
    handles = [network.downstream_head.get_submodule(name).register_forward_hook(
        lambda *_, name=name: ran.add(name)) for name in parts]
    try:
        recurrence = Recurrence(network, make_rule('cut3r'))
        prediction = recurrence.step(image(), outputs=frozenset(outputs)).prediction
    finally:
        for handle in handles:
            handle.remove()
    assert ran == {name for output in outputs for name in HEADS_OF[head][output]}
    assert prediction.pose.shape == (1, 7)
    for field, output, shape in (('points', 'points', (1, 48, 80, 3)), ('confidence', 'points', (1, 48, 80)),
                                 ('world_points', 'world_points', (1, 48, 80, 3)),
                                 ('world_confidence', 'world_points', (1, 48, 80)),
                                 ('rgb', 'rgb', (1, 48, 80, 3))):
        value = getattr(prediction, field)
        assert (value is None) if output not in outputs else (value.shape == shape), field


@pytest.mark.parametrize(('lacking', 'wanted'), [
    ('world_points', 'world_points'), ('rgb', 'rgb'), ('rgb', 'depth')])
def test_an_output_without_a_head_is_refused(lacking, wanted):
    """What the network was built without, or nobody knows, is named, and the memory is as it was."""
    recurrence = Recurrence(fixed(replace(CONFIG, **{lacking: False})), make_rule('ttt3r'))
    before = copy_of(recurrence.memory)
    with pytest.raises(ValueError, match=f'no head for {wanted}'):
        recurrence.step(image(), outputs=frozenset({'points', wanted}))
    assert_same_memory(recurrence.memory, before)


def test_streaming_computes_points_alone(network):
    """By default a step gives the pose, the camera's points and their confidence."""
    prediction = Recurrence(network, make_rule('ttt3r')).step(image()).prediction
    given = {name for name, value in vars(prediction).items() if value is not None}
    assert given == {'pose', 'points', 'confidence'}


class Shapes(TorchDispatchMode):
    """Collects the last two sizes of everything that is computed."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for value in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(value, torch.Tensor):
                self.seen.add(tuple(value.shape[-2:]))
        return out


@pytest.mark.parametrize(('rule', 'materialised'), [('ttt3r', False), ('cut3r', False), ('frame', False),
                                                    ('filt3r', False), ('ttsa3r', True)])
def test_no_attention_map_is_materialised(network, rule, materialised):
    """No tensor of state tokens by image tokens is made, but for the rule whose formula needs one."""
    # 21 and 22 image tokens, 44 state tokens: no width of this network is one of these.
    recurrence = Recurrence(network, make_rule(rule))
    recurrence.step(image(48, 112))
    tokens, state = 3 * 7, CONFIG.state_tokens
    with Shapes() as shapes:
        recurrence.step(image(48, 112, seed=1))
    assert (state, CONFIG.dec_dim) in shapes.seen  # the state went by
    maps = {(a, b) for a in (state, tokens, tokens + 1) for b in (state, tokens, tokens + 1)}
    assert shapes.seen & maps == ({(state, tokens)} if materialised else set())


@pytest.mark.parametrize('dim', [4, 8, 12])
def test_rotary_turns_pairs_by_their_position(dim):
    """Each half of a head turns pair by pair by position · 100^(−i/Q), positions below zero included."""
    positions = torch.tensor([[-1, -1], [0, 0], [0, 3], [2, 1], [23, 31]])
    x = torch.randn((1, 2, 5, dim), generator=torch.Generator().manual_seed(0))
    expected = x.clone().double().numpy()
    quarter = dim // 4
    for token, position in enumerate(positions.tolist()):
        for half in range(2):
            for i in range(quarter):
                angle = position[half] * 100.0 ** (-i / quarter)
                first, second = half * dim // 2 + i, half * dim // 2 + quarter + i
                u, v = x[0, :, token, first].double().numpy(), x[0, :, token, second].double().numpy()
                expected[0, :, token, first] = u * np.cos(angle) - v * np.sin(angle)
                expected[0, :, token, second] = v * np.cos(angle) + u * np.sin(angle)
    np.testing.assert_allclose(Rotary(positions)(x).numpy(), expected, rtol=1e-5, atol=1e-5)


def test_rotary_keeps_the_number_type():
    """Rotation happens in float32 whatever the number type around it."""
    rotary = Rotary(torch.tensor([[-1, 5], [2, 7]]))
    x = torch.randn((1, 1, 2, 8), generator=torch.Generator().manual_seed(0)).bfloat16()
    assert rotary(x).dtype == torch.bfloat16
    assert torch.equal(rotary(x), rotary(x.float()).bfloat16())


def test_rotary_tables_are_made_once_for_each_image_size(network, monkeypatch):
    """A second frame of the same size makes no table; another size makes its own, and none pile up."""
    made = []

    class Counted(Rotary):
        def _table(self, head_dim):
            known = len(self._tables)
            table = super()._table(head_dim)
            made.extend([head_dim] * (len(self._tables) - known))
            return table

    monkeypatch.setattr('ttt3r_ros.model.network.Rotary', Counted)
    network = fixed(CONFIG)
    recurrence = Recurrence(network, make_rule('ttt3r'))
    recurrence.step(image(seed=0))
    first = len(made)
    recurrence.step(image(seed=1))
    assert first > 0 and len(made) == first
    kept = len(network._rotaries)
    for seed in range(3):
        recurrence.step(image(64, 48 + 16 * seed, seed))
    assert len(made) > first and len(network._rotaries) == kept


@pytest.mark.parametrize('positions', ['1d', '2d'])
def test_state_positions(positions):
    """State tokens lie on the diagonal, or in rows of an even width near the root of their number."""
    network = fixed(replace(CONFIG, state_positions=positions, state_tokens=50))
    expected = [(i, i) if positions == '1d' else (i // 8, i % 8) for i in range(50)]
    assert [tuple(row) for row in network._state_positions().tolist()] == expected


@pytest.mark.parametrize('head', ['linear', 'dpt'])
@pytest.mark.parametrize(('height', 'width'), [(48, 80), (80, 48), (16, 48), (64, 64), (16, 16)])
def test_any_multiple_of_sixteen_is_answered(request, head, height, width):
    """Portrait, landscape, square and tiny images, odd numbers of patches too, get answers of their size."""
    network = request.getfixturevalue({'linear': 'network', 'dpt': 'dpt_network'}[head])
    recurrence = Recurrence(network, make_rule('ttsa3r+memix'))
    for seed in range(2):
        prediction = recurrence.step(image(height, width, seed), outputs=OUTPUTS).prediction
        assert prediction.points.shape == prediction.rgb.shape == (1, height, width, 3)
        assert prediction.points.isfinite().all() and (prediction.confidence >= 1).all()
        quaternion = prediction.pose[0, 3:]
        assert quaternion[0] >= 0
        assert quaternion.norm().item() == pytest.approx(1, abs=1e-5)
        assert prediction.rgb.abs().max() <= 1


@pytest.mark.parametrize('rows', [16, 32, 48, 80])
def test_a_dense_head_answers_in_strips_as_it_would_whole(dpt_network, rows):
    """Strips read a row beyond their edges, and the picture's own are filled up: the same as the layers in turn."""
    head = dpt_network.downstream_head.dpt_self
    x = torch.randn(2, 128, rows, 48, generator=torch.Generator().manual_seed(rows))
    with torch.inference_mode():
        torch.testing.assert_close(head.answer(x), head.head[2:](x), rtol=1e-5, atol=1e-5)


def test_linear_points_lie_before_the_camera(network):
    """No camera-frame point of the linear head lies behind the camera."""
    prediction = Recurrence(network, make_rule('cut3r')).step(image()).prediction
    assert (prediction.points[..., 2] >= 0).all()


@pytest.mark.parametrize('rule', ['ttt3r', 'filt3r', 'ttsa3r'])
@pytest.mark.parametrize('poison', [float('nan'), float('inf')])
def test_non_finite_frame_is_refused(network, rule, poison):
    """A frame that leads to a NaN raises and leaves the memory as it was; the next good frame goes on."""
    recurrence, clean = Recurrence(network, make_rule(rule)), Recurrence(network, make_rule(rule))
    bad = image(seed=9)
    bad[0, 1, 20, 30] = poison
    for seed in range(3):
        before = copy_of(recurrence.memory)
        with pytest.raises(NonFinitePrediction, match='pose'):
            recurrence.step(bad)
        assert_same_memory(recurrence.memory, before)
        assert torch.equal(recurrence.step(image(seed=seed)).prediction.pose,
                           clean.step(image(seed=seed)).prediction.pose)
    with pytest.raises(NonFinitePrediction):
        recurrence.query(torch.full((1, 6, 48, 80), poison))
    assert_same_memory(recurrence.memory, clean.memory)


def test_non_finite_frozen_frame_is_refused(network):
    """A frame that is not to be written is refused as well where it leads to a NaN."""
    recurrence = Recurrence(network, make_rule('ttt3r'))
    with pytest.raises(NonFinitePrediction):
        recurrence.step(torch.full((1, 3, 48, 80), float('nan')), write=False)
    assert recurrence.memory.first


@pytest.mark.parametrize('rule', ['ttt3r', 'filt3r'])
def test_frozen_step_writes_nothing(network, rule):
    """A step that is not to write leaves state, memories and the rule's own memory as they were."""
    recurrence = Recurrence(network, make_rule(rule))
    recurrence.step(image(seed=0))
    recurrence.step(image(seed=1))
    before = copy_of(recurrence.memory)
    step = recurrence.step(image(seed=2), write=False)
    assert_same_memory(recurrence.memory, before)
    assert not torch.equal(step.proposed_state, before.state)


def test_frozen_first_frame_counts_as_seen(network):
    """After a first frame that was not written, the next one is a later frame on the initial state."""
    recurrence = Recurrence(network, make_rule('ttt3r'))
    start = copy_of(recurrence.memory)
    recurrence.step(image(seed=0), write=False)
    assert_same_memory(recurrence.memory, replace(start, first=False))
    assert (recurrence.step(image(seed=1)).gate < 1).any()


def test_query_writes_nothing_and_sees_the_memory(network):
    """A query leaves the memory alone, and its answer depends on it."""
    recurrence = Recurrence(network, make_rule('ttt3r'))
    ray_map = torch.rand((1, 6, 48, 80), generator=torch.Generator().manual_seed(4))
    fresh = recurrence.query(ray_map)
    recurrence.step(image())
    before = copy_of(recurrence.memory)
    later = recurrence.query(ray_map)
    assert_same_memory(recurrence.memory, before)
    assert torch.equal(later.pose, recurrence.query(ray_map).pose)
    assert not torch.equal(later.pose, fresh.pose)


@pytest.mark.parametrize('head', ['linear', 'dpt'])
def test_without_a_ray_map_encoder_views_are_refused(monkeypatch, head):
    """Such a network has none of its weights, steps to the bit as with them, and computes nothing when asked."""
    whole = fixed(replace(CONFIG, head=head))
    lean = fixed(replace(CONFIG, head=head, ray_map=False))
    weights = {name: value for name, value in whole.state_dict().items() if 'ray_map' not in name}
    assert list(lean.state_dict()) == list(weights)
    lean.load_state_dict(weights)
    one, other = (Recurrence(network, make_rule('ttt3r')) for network in (whole, lean))
    for seed in range(2):
        one.step(image(seed=seed))
        other.step(image(seed=seed))
    assert_same_memory(other.memory, one.memory)
    before = copy_of(other.memory)
    monkeypatch.setattr(Network, '_encode', lambda *_: pytest.fail('something is computed'))
    for ask in (other.query, lean.encode_ray_map):
        with pytest.raises(RayMapError, match='no ray-map encoder.*load weights that have one'):
            ask(torch.zeros(1, 6, 48, 80))
    assert_same_memory(other.memory, before)


def test_tokens_lie_one_after_another(network):
    """In every block of the encoder: a sum of transposed tokens takes several times as long."""
    lies = []
    hooks = [block.register_forward_pre_hook(lambda block, args: lies.append(args[0].is_contiguous()))
             for block in network.enc_blocks]
    assert network.encode_image(image()).features.is_contiguous()
    for hook in hooks:
        hook.remove()
    assert lies == [True] * CONFIG.enc_depth


def test_reset_forgets_everything(network):
    """After a reset the same frames get the very same answers."""
    recurrence = Recurrence(network, make_rule('filt3r'))
    runs = []
    for _ in range(2):
        runs.append([recurrence.step(image(seed=seed)).prediction for seed in range(3)])
        recurrence.reset()
    assert all(torch.equal(a.pose, b.pose) and torch.equal(a.points, b.points)
               for a, b in zip(*runs, strict=True))


@pytest.mark.parametrize(('change', 'match'), [
    ({'head': 'other'}, "head 'other' is unknown; known heads: dpt, linear"),
    ({'state_positions': '3d'}, 'state_positions'), ({'enc_depth': 0}, 'enc_depth'), ({'rgb': 1}, 'rgb'),
    ({'ray_map': 0}, 'ray_map'), ({'enc_dim': 96}, 'enc_dim 96 does not split into 16 heads'),
    ({'image_size': 500}, 'multiple of 16'), ({'dec_depth': 1}, 'dec_depth'), ({'enc_heads': 5}, 'enc_dim'),
    ({'state_heads': 7}, 'dec_dim'), ({'state_tokens': 2.5}, 'state_tokens')])
def test_impossible_configurations_are_refused(change, match):
    """Sizes that do not fit together are refused by the name of the field."""
    with pytest.raises(ConfigError, match=match):
        replace(CONFIG, **change)


@pytest.mark.parametrize('name', PRESETS)
def test_configuration_survives_plain_values(name):
    """A configuration written as plain values reads back equal; an unknown field is refused."""
    values = PRESETS[name].to_dict()
    assert ModelConfig.from_dict(values) == PRESETS[name]
    with pytest.raises(ConfigError, match='newer'):
        ModelConfig.from_dict(values | {'extra': 1})


def test_a_configuration_from_before_ray_map_has_it():
    """Plain values written before the field existed mean a network with a ray-map encoder."""
    values = CONFIG.to_dict()
    del values['ray_map']
    assert ModelConfig.from_dict(values) == CONFIG and CONFIG.ray_map


def test_the_ray_map_encoder_alone_wants_sixteen_heads():
    """Without it the encoder's width need not split into its heads."""
    assert replace(CONFIG, enc_dim=96, ray_map=False).enc_dim == 96


def test_cross_attention_follows_the_textbook():
    """Fused cross-attention gives what softmax(q·k/√d)·v gives, head by head."""
    random = torch.Generator().manual_seed(6)
    x, y = torch.randn((1, 5, 16), generator=random), torch.randn((1, 7, 16), generator=random)
    attention = layers.CrossAttention(16, 2).requires_grad_(False)
    q, k, v = attention.projq(x), attention.projk(y), attention.projv(y)
    heads = []
    for part in (slice(0, 8), slice(8, 16)):
        weights = (q[..., part] @ k[..., part].transpose(1, 2) / 8 ** 0.5).softmax(dim=-1)
        heads.append(weights @ v[..., part])
    expected = attention.proj(torch.cat(heads, dim=-1))
    torch.testing.assert_close(attention(x, y, None, None), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('rule', [*RULES, 'ttt3r+memix', 'filt3r+memix'])
@pytest.mark.parametrize('head', ['linear', 'dpt'])
def test_everything_stays_on_the_device_of_the_network(monkeypatch, head, rule):
    """No tensor is made elsewhere: on the meta device, which mixes with none, three frames and a query go through."""
    monkeypatch.setattr(recurrence_module, '_read', lambda finite: [True] * len(finite))  # nothing else reads values
    with torch.device('meta'):
        network = Network(replace(CONFIG, head=head)).requires_grad_(False)
    recurrence = Recurrence(network, make_rule(rule))
    for _ in range(3):
        step = recurrence.step(torch.empty(1, 3, 48, 64, device='meta'), outputs=OUTPUTS)
    assert step.gate.is_meta and recurrence.memory.state.is_meta and step.prediction.world_points.is_meta
    prediction = recurrence.query(torch.empty(1, 6, 48, 64, device='meta'))
    assert focal_length(prediction.points[0]).is_meta


def test_patches_of_32_make_what_those_of_16_make_of_the_half_image():
    """With each weight of a patch shared among four pixels: same tokens, same pose, every point four times."""
    config = replace(CONFIG, head='linear', ray_map=False, world_points=False, rgb=False)
    half, whole = fixed(config), fixed(replace(config, patch_size=32, image_size=128))
    tensors = half.state_dict()
    tensors['patch_embed.proj.weight'] = tensors['patch_embed.proj.weight'].repeat_interleave(2, 2).repeat_interleave(
        2, 3) / 4
    for part in ('weight', 'bias'):
        name = f'downstream_head.proj.fc2.{part}'
        pixels = tensors[name].unflatten(0, (4, 16, 16))
        tensors[name] = pixels.repeat_interleave(2, 1).repeat_interleave(2, 2).flatten(0, 2)
    whole.load_state_dict(tensors)
    whole.downstream_head.deblocking = torch.nn.Identity()  # which only patches of 32 have
    large = image(96, 128)
    small = torch.nn.functional.avg_pool2d(large, 2)
    a, b = (Recurrence(net, make_rule('ttt3r')).step(x).prediction for net, x in ((half, small), (whole, large)))
    assert b.points.shape == (1, 96, 128, 3) and torch.allclose(a.pose, b.pose, atol=1e-5)
    assert torch.allclose(b.points[:, 1::2, ::2], a.points, atol=1e-4)


@pytest.mark.parametrize('wrong', [{'patch_size': 24}, {'patch_size': 32, 'head': 'dpt', 'ray_map': False},
                                   {'patch_size': 32}, {'patch_size': 32, 'ray_map': False, 'image_size': 80}])
def test_patches_that_cannot_be_are_refused(wrong):
    """Of another size; of 32 pixels with a head or a ray-map encoder that has 16; of images that have no whole ones."""
    with pytest.raises(ConfigError, match='patch_size|multiple of 32'):
        ModelConfig(**{'head': 'linear', **wrong})
