# SPDX-License-Identifier: Apache-2.0
"""The benchmark: its yardstick answers the same, what it counts is so, and its command leaves what it promises."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ttt3r_ros.benchmark import machine
from ttt3r_ros.benchmark.campaign import Plan, Times
from ttt3r_ros.benchmark.endurance import endure
from ttt3r_ros.benchmark.fidelity import deviations
from ttt3r_ros.benchmark.published import AttentionMaps, PublishedReconstructor, PublishedRecurrence
from ttt3r_ros.benchmark.stopwatch import Stopwatch
from ttt3r_ros.benchmark.together import rounds
from ttt3r_ros.cli import bench
from ttt3r_ros.model.config import PRESETS, ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.precision import DTYPES
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.stages import STAGES
from ttt3r_ros.model.update_rules import AttentionStatistics, make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor

COMPUTED = {*STAGES} - {'graph'}
PLAYED = {*STAGES} - {'memory', 'decode', 'head', 'write'}
SCRIPT = Path(__file__).parents[1] / 'scripts' / 'ttt3r'


@pytest.fixture(scope='module')
def network():
    """The small network with every head."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Network(replace(PRESETS['small'], world_points=True, rgb=True)).for_inference()


@pytest.fixture(scope='module')
def images():
    """Four images of noise."""
    return list(np.random.default_rng(0).integers(0, 255, (4, 72, 96, 3), np.uint8))


def test_whole_maps_give_the_same_confidence():
    """The mean over whole attention maps is what one mean key a head gives."""
    random = torch.Generator().manual_seed(0)
    wanted, layers = frozenset({'confidence', 'logits'}), 3
    fused, maps = AttentionStatistics(wanted, layers), AttentionMaps(wanted, layers)
    for _ in range(layers):
        query, key = (torch.randn(1, 4, n, 8, generator=random) for n in (11, 7))
        fused.observe(query, key)
        maps.observe(query, key)
    torch.testing.assert_close(maps.confidence(), fused.confidence(), rtol=1e-5, atol=1e-6)
    assert torch.equal(maps.logits(), fused.logits())
    assert AttentionMaps(frozenset(), 0).confidence() is None


@pytest.mark.parametrize('rule', ['ttt3r', 'ttsa3r'])
def test_the_published_way_is_the_same_step_with_more_work(network, images, rule):
    """It computes every output and gives the poses that our way gives."""
    recurrence = PublishedRecurrence(network, make_rule(rule))
    prediction = recurrence.step(torch.zeros(1, 3, 96, 128)).prediction
    assert prediction.world_points is not None and prediction.rgb is not None
    ours, theirs = (kind(network, make_rule(rule)) for kind in (Reconstructor, PublishedReconstructor))
    for image in images:
        np.testing.assert_allclose(theirs.step(image).pose, ours.step(image).pose, atol=1e-5)


def test_the_published_way_makes_every_map_and_leaves_the_network_as_it_was():
    """With the heads of the published size: the same points by more work, and ours is not slowed down afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(ModelConfig(image_size=64, enc_dim=64, enc_depth=1, enc_heads=4, dec_dim=64, dec_depth=2,
                                      dec_heads=4, state_heads=4, state_tokens=12, memory_tokens=4,
                                      ray_map=False)).for_inference()
    image, before = torch.rand(1, 3, 48, 64) * 2 - 1, {name: {*vars(m)} for name, m in network.named_modules()}
    (work, ours), (more, theirs) = (
        (machine.count(lambda r=recurrence: r.step(image), network)[0], recurrence.step(image).prediction)
        for recurrence in (kind(network, make_rule('ttt3r')) for kind in (Recurrence, PublishedRecurrence)))
    torch.testing.assert_close(theirs.points, ours.points, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(theirs.pose, ours.pose, rtol=1e-4, atol=1e-5)
    assert more > work and {name: {*vars(m)} for name, m in network.named_modules()} == before

    class Maps(TorchDispatchMode):
        shapes: list = []

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            if 'softmax' in str(function):
                self.shapes.append(tuple(out.shape[-2:]))
            return out

    with Maps() as maps:
        PublishedRecurrence(network, make_rule('ttt3r')).step(image)
    # Two layers; each of the image's decoder and the state's: itself, then the other.
    assert sorted(maps.shapes) == sorted(2 * [(13, 13), (13, 12), (12, 12), (12, 13)])


def test_every_stage_of_a_step_is_measured(network, images):
    """A step that is computed names each stage of STAGES but the player's, one that may be played that, neither any
    other; and a lap begins anew."""
    watch = Stopwatch(torch.device('cpu'))
    for rule, named in (('filt3r', COMPUTED), ('ttt3r', PLAYED)):  # by its memory a rule's first step is computed
        Reconstructor(network, make_rule(rule), stage=watch).step(images[0])
        stages = watch.lap()
        assert set(stages) == named and all(value > 0 for value in stages.values())
    assert watch.lap() == {}
    with watch('a'), watch('b'):
        pass
    with watch('a'):
        pass
    assert set(watch.lap()) == {'a', 'b'}


def test_work_is_counted_by_hand(network):
    """A product is 2·m·n·k operations, weights count once however often they are read, unread ones not at all."""
    layers = nn.ModuleList(nn.Linear(8, 4, bias=False) for _ in range(2)).requires_grad_(False)
    gflop, gigabytes = machine.count(lambda: [layers[0](torch.ones(3, 8)) for _ in range(5)], layers)
    assert gflop == pytest.approx(5 * 2 * 3 * 4 * 8 / 1e9) and gigabytes == pytest.approx(4 * 8 * 4 / 1e9)
    q, k, v = (torch.randn(1, 4, n, 8) for n in (11, 7, 7))
    attention, _ = machine.count(lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v), layers)
    assert attention == pytest.approx(2 * 2 * 4 * 11 * 7 * 8 / 1e9)
    image = torch.zeros(1, 3, 96, 128)
    both = [kind(network, make_rule('ttt3r')) for kind in (Recurrence, PublishedRecurrence)]
    for recurrence in both:
        recurrence.step(image)
    ours, theirs = (machine.count(lambda r=recurrence: r.step(image), network) for recurrence in both)
    assert theirs[0] > ours[0] and theirs[1] > ours[1]


def test_the_peak_is_that_of_the_work():
    """Memory that some work takes and gives back counts, whatever was taken before."""
    size = 200_000_000
    held = np.ones(size, np.uint8)
    peak = machine.peak_bytes(lambda: np.ones(size, np.uint8).sum(), torch.device('cpu'))
    assert held.nbytes == size
    if peak is None:
        pytest.skip('this kernel does not tell')
    assert 0.9 * size < peak < 1.5 * size


def test_a_network_is_not_off_itself(network, images):
    """The same weights deviate by nothing; lower precision by something small, and by one value a frame."""
    lower = Network(network.config).requires_grad_(False)
    lower.load_state_dict(network.state_dict())
    found = deviations({'float32': network, 'again': network, 'bfloat16': lower.for_inference(torch.bfloat16)}, 'ttt3r',
                       images, lambda: None)
    same, off = found['again'], found['bfloat16']
    assert max(same.position + same.points) == 0 and max(same.rotation_deg) < 1e-5
    assert len(off.position) == len(off.rotation_deg) == len(off.points) == len(images)
    assert 0 < max(off.position) < 0.1 and 0 < max(off.rotation_deg) < 10 and 0 < max(off.points) < 0.1


def test_times_are_summarised():
    """Best, median and 95th percentile."""
    assert Times.of([float(x) for x in range(101)]) == Times(0, 50, 95)


def test_cases_are_each_rule_and_each_precision():
    """All rules in the first precision, then the other precisions under the first rule."""
    plan = Plan('small', None, ('float32', 'float16'), ('ttt3r', 'cut3r'), 1, 1, 'cpu')
    assert plan.cases() == [('float32', 'ttt3r'), ('float32', 'cut3r'), ('float16', 'ttt3r')]


def test_the_command_knows_what_there_is():
    """What the command lists without importing PyTorch is what there is."""
    assert set(DTYPES) == set(bench.PRECISIONS)


@pytest.mark.heavy
@pytest.mark.timeout(300)
def test_the_command_writes_table_picture_and_numbers(tmp_path):
    """`ttt3r bench` ends well and leaves its three files; a rule that is none is refused in one line."""
    command = [sys.executable, str(SCRIPT), 'bench', '--frames', '2', '--deviation-frames', '3', '--precisions',
               'float32', 'bfloat16', '--out', str(tmp_path), '--rules']
    done = subprocess.run([*command, 'ttt3r', 'cut3r'], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / 'results.json').read_text())
    published, ours, *others = results['cases']
    assert [case['name'] for case in (published, ours, *others)] == [
        'published way', 'float32, ttt3r', 'float32, cut3r', 'bfloat16, ttt3r']
    assert published['speedup'] == published['speedup_cpu'] == 1 and published['gflop'] > ours['gflop'] > 0
    assert others[1]['weight_gb'] < 0.6 * ours['weight_gb']
    assert results['ros'] and set(ours['stages']) == {*PLAYED, 'convert', 'publish'}
    for case in results['cases']:
        times = case['frame_ms']
        assert times['p95'] >= times['median'] >= times['best'] >= sum(s['best'] for s in case['stages'].values()) > 0
        assert case['gflop_per_s'] == pytest.approx(1e3 * case['gflop'] / times['median'])
        product = results['product_gflop_per_s'][case['precision']]
        assert case['product_share'] == pytest.approx(case['gflop_per_s'] / product)
    assert set(results['deviations']) == {'bfloat16'} and len(results['deviations']['bfloat16']['position']) == 3
    assert 'published way' in (tmp_path / 'table.txt').read_text() and 'off float32' in done.stdout
    assert (tmp_path / 'bench.png').stat().st_size > 20_000
    rounds = tmp_path.with_name(f'{tmp_path.name}_rounds.txt').read_text().splitlines()
    assert [line.partition(':')[0] for line in rounds] == ['round 1 of 2', 'round 2 of 2']
    refused = subprocess.run([*command, 'ttt4r'], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2 and refused.stderr.count('\n') == 1 and 'ttt4r' in refused.stderr


def test_endurance_reports_speed_and_memory(network, images):
    """Ten reports over a run, each of the frames since the one before."""
    reports = []
    endure(Reconstructor(network, make_rule('ttt3r')), images, 20, torch.device('cpu'), reports.append)
    assert [r['frame'] for r in reports] == list(range(2, 21, 2))
    for r in reports:
        assert r['frames_per_s'] > 0 and 0 < r['step_p50_ms'] <= r['step_p95_ms']
        assert r['memory_mb'] is None or r['memory_mb'] > 50


@pytest.mark.heavy
@pytest.mark.timeout(600)
def test_the_gpu_script_runs_through_on_a_cpu(tmp_path):
    """Rehearsed with small networks; without a GPU it says so and ends."""
    script = Path(__file__).parents[1] / 'tools' / 'gpu_bench.sh'
    small = {**os.environ, 'DEVICE': 'cpu', 'SIZE': 'small', 'ROUNDS': '2', 'FRAMES': '20', 'DEVIATION_FRAMES': '2'}
    done = subprocess.run([script, tmp_path / 'out'], env=small, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {
        'table', 'table_rounds.txt', 'endurance_float32.jsonl', 'endurance_bfloat16.jsonl'}
    lines = [json.loads(line) for line in (tmp_path / 'out/endurance_bfloat16.jsonl').read_text().splitlines()]
    assert lines[0]['precision'] == 'bfloat16' and [line['frame'] for line in lines[1:]] == list(range(2, 21, 2))
    if not torch.cuda.is_available():
        refused = subprocess.run([script, tmp_path / 'none'], capture_output=True, text=True, timeout=60)
        assert refused.returncode == 1 and 'sees no GPU' in refused.stderr


def test_the_gpu_script_needs_no_environment_but_a_python(tmp_path):
    """CUDA_PYTHON in a source tree where nothing is set up: it is asked for a GPU; without it nothing is begun."""
    (tmp_path / 'tools').mkdir()
    for name in ('gpu_bench.sh', 'gpu_python.sh', 'env.sh'):
        shutil.copy(Path(__file__).parents[1] / 'tools' / name, tmp_path / 'tools' / name)
    for given, told in (({'CUDA_PYTHON': sys.executable}, 'sees no GPU'), ({'CUDA_PYTHON': ''}, 'nothing is set up')):
        done = subprocess.run([tmp_path / 'tools/gpu_bench.sh', tmp_path / 'out'], capture_output=True, text=True,
                              env={**os.environ, 'CUDA_VISIBLE_DEVICES': '', **given}, timeout=60)
        assert done.returncode == 1 and told in done.stderr and not (tmp_path / 'out').exists()


def test_images_together_are_measured_against_single_ones(network):
    """Each round has both ways of answering as many images as there are cameras."""
    images = [np.full((48, 64, 3), shade, np.uint8) for shade in (50, 100, 150)]
    singly, batched = rounds(network, 2, images, 3)
    assert len(singly) == len(batched) == 3 and min(singly + batched) > 0
