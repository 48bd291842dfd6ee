# SPDX-License-Identifier: Apache-2.0
"""All cases in turn, frame by frame: what disturbs the machine disturbs them alike, and their ratios hold."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ttt3r_ros.benchmark import machine
from ttt3r_ros.benchmark.fidelity import Deviation, deviations
from ttt3r_ros.benchmark.published import PublishedReconstructor
from ttt3r_ros.benchmark.stopwatch import Stopwatch
from ttt3r_ros.model.assembly import on_meta
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.compiling import compile_blocks
from ttt3r_ros.model.config import PRESETS
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.precision import DTYPES
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.synthetic import World

SIZES = {'small': 'small', 'published': 'cut3r_512_dpt_4_64'}
CAMERA = (480, 640)
FILM = 24  # images; longer runs go through them back and forth
SEED = 0
WORLD = 1000
PUBLISHED = 'published way'


@dataclass(frozen=True)
class Plan:
    """What to measure: a size (random weights) or a checkpoint, each precision under the first rule and each rule in
    the first precision, over `frames` rounds; deviation_frames of recurrence to compare precisions over; compiled: the
    first precision and rule with compiled blocks, too."""

    size: str
    weights: str | None
    precisions: tuple[str, ...]
    rules: tuple[str, ...]
    frames: int
    deviation_frames: int
    device: str
    compiled: bool = False

    def cases(self) -> list[tuple[str, str]]:
        """Return (precision, rule) of every case but the published way's."""
        first = [(self.precisions[0], rule) for rule in self.rules]
        return first + [(precision, self.rules[0]) for precision in self.precisions[1:]]


@dataclass(frozen=True)
class Times:
    """Milliseconds over all rounds; the best is what least disturbed."""

    best: float
    median: float
    p95: float

    @classmethod
    def of(cls, values: list[float]) -> Times:
        """Summarise."""
        return cls(float(np.min(values)), float(np.median(values)), float(np.percentile(values, 95)))


@dataclass(frozen=True)
class Measured:
    """One case: milliseconds a frame and by stage, work counted, shares of what the machine does, and the ratio.

    gflop: products, convolutions and attention of a frame; product_share: the part of its time that the machine's own
    measured product would need for them. weight_gb: weights that a frame reads; copy_share: the same for reading them.
    peak_mb: above what lay there before the step, None where nobody tells. speedup: the published way's time over this
    one's in the same round, median; speedup_quartiles: half of the rounds lie between. cpu_ms: of the process, all its
    threads; speedup_cpu: the ratio of its medians, which waiting for a busy core does not enter.
    """

    name: str
    precision: str
    rule: str
    frame_ms: Times
    cpu_ms: Times
    stages: dict[str, Times]
    gflop: float
    gflop_per_s: float
    product_share: float
    weight_gb: float
    copy_share: float
    peak_mb: float | None
    speedup: float
    speedup_quartiles: tuple[float, float]
    speedup_cpu: float


@dataclass(frozen=True)
class Results:
    """All that was measured. product_gflop_per_s by precision, copy_gb_per_s: medians of the same rounds."""

    machine: dict
    plan: Plan
    network: str
    product_gflop_per_s: dict[str, float]
    copy_gb_per_s: float
    cases: list[Measured]
    deviations: dict[str, Deviation]
    ros: bool


class _Computed(Recurrence):
    """A step whose every operation can be counted."""

    played = False


class _ComputedReconstructor(Reconstructor):
    recurrence = _Computed


class _Case:
    """A reconstructor with its stopwatch and the times that it took."""

    def __init__(self, name: str, precision: str, rule: str, network: Network,
                 kind: type[Reconstructor] = Reconstructor) -> None:
        self.name, self.precision, self.rule, self._network = name, precision, rule, network
        # Cases share a network; the published code's products read weights as they are in its file.
        self._arrange = network.unpack if kind is PublishedReconstructor or network.compiled else network.pack
        self._watch = Stopwatch(network.device)
        self._reconstructor = kind(network, make_rule(rule), stage=self._watch)
        self._counted = (_ComputedReconstructor if kind is Reconstructor else kind)(network, make_rule(rule))
        self.frames: list[float] = []
        self.cpu: list[float] = []
        self.stages: list[dict[str, float]] = []

    def warm_up(self, images: list[np.ndarray]) -> None:
        """Count the work and the memory of a frame, and do what is done for the first time."""
        self._arrange()
        self._counted.step(images[0])
        self._counted.step(images[1])  # the second is another computation than the first
        self.gflop, self.weight_gb = machine.count(lambda: self._counted.step(images[1]), self._network)
        self.peak = machine.peak_bytes(lambda: self._counted.step(images[2]), self._network.device)
        for turn in range(max(1, self._reconstructor.settling)):
            self._reconstructor.step(images[turn % len(images)])
        self._watch.lap()

    def step(self, image: np.ndarray, ros) -> None:
        """Answer a frame, with the ROS side's work where there is one."""
        self._arrange()
        message = ros.camera_message(image) if ros else None
        start, start_cpu = time.perf_counter(), time.process_time()
        if ros:
            with self._watch('convert'):
                image = ros.receive(message)
        frame = self._reconstructor.step(image)
        if ros:
            with self._watch('publish'):
                ros.publish(frame)
        self.frames.append(1e3 * (time.perf_counter() - start))
        self.cpu.append(1e3 * (time.process_time() - start_cpu))
        self.stages.append(self._watch.lap())


def carry_out(plan: Plan, progress: Callable[[], None], report: Callable[[str], None]) -> Results:
    """Measure; progress is called after every round, report with a line of its times: what is stopped is not lost.

    Raises CheckpointError, UpdateRuleError and PrecisionError.
    """
    device = torch.device(plan.device)
    for rule in plan.rules:
        make_rule(rule)
    precisions = dict.fromkeys(('float32', *plan.precisions))
    # Those of fewer bits first: what they are made of is as large as float32's, and gone when that is made.
    made = {precision: _network(plan, precision) for precision in sorted(precisions, key=lambda p: DTYPES[p].itemsize)}
    networks = {precision: made[precision] for precision in precisions}
    exact = networks['float32']
    cases = [_Case(PUBLISHED, 'float32', plan.rules[0], exact, PublishedReconstructor)]
    cases += [_Case(f'{PUBLISHED}, {precision}', precision, plan.rules[0], networks[precision], PublishedReconstructor)
              for precision in _also_published(plan) & networks.keys()]
    cases += [_Case(f'{precision}, {rule}', precision, rule, networks[precision]) for precision, rule in plan.cases()]
    if plan.compiled:
        precision, rule = plan.cases()[0]
        compiled = _network(plan, precision)
        compile_blocks(compiled)
        cases.append(_Case(f'{precision}, {rule}, compiled', precision, rule, compiled))
    images = film(max(plan.frames, 3))
    ros = _ros()
    for case in cases:
        case.warm_up(images)
    reached = {precision: [] for precision in networks}
    for turn in range(plan.frames):
        for precision, values in reached.items():
            values.append(machine.ceiling(DTYPES[precision], device))
        for case in cases if turn % 2 else cases[::-1]:
            case.step(images[turn], ros)
        report(f'round {turn + 1} of {plan.frames}: {_line(cases)}')
        progress()
    product = {precision: float(np.median([p for p, _ in values])) for precision, values in reached.items()}
    copy = float(np.median([c for values in reached.values() for _, c in values]))
    others = {p: networks[p] for p in networks if p == 'float32' or p in plan.precisions}
    off = deviations(others, plan.rules[0], film(plan.deviation_frames), progress) if len(others) > 1 else {}
    return Results(machine.describe(device), plan, plan.weights or f'random weights, size {plan.size}', product, copy,
                   [_measured(case, cases[0], product[case.precision], copy) for case in cases], off, ros is not None)


def _line(cases: list[_Case]) -> str:
    """Return the last round's CPU time of each case, and how often it goes into the first's."""
    return '; '.join(f'{case.name} {case.cpu[-1]:.0f} ms of CPU' + (f' ({cases[0].cpu[-1] / case.cpu[-1]:.2f} ×)'
                     if case is not cases[0] else '') for case in cases)


def _also_published(plan: Plan) -> set[str]:
    """Return in what the published way is computed beside float32: on a GPU bfloat16 is as usual."""
    return set() if torch.device(plan.device).type == 'cpu' else {'bfloat16'}


def _network(plan: Plan, precision: str) -> Network:
    if plan.weights is not None:
        return load_network(plan.weights, plan.device, precision).network
    # The heads that streaming leaves out are the published way's alone.
    network = random_network(plan.size, streaming=precision not in {'float32'} | _also_published(plan))
    return network.for_inference(DTYPES[precision]).to(plan.device)


def random_network(size: str, streaming: bool = False) -> Network:
    """Return a network of one of SIZES with fixed random weights; streaming: without heads that a robot leaves out."""
    config = PRESETS[SIZES[size]]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        whole = Network(config)
    if not streaming:
        return whole
    network = on_meta(replace(config, world_points=False, rgb=False))
    network.load_state_dict(whole.state_dict(keep_vars=True), strict=False, assign=True)
    return network


def film(count: int) -> list[np.ndarray]:
    """Return so many images, uint8 (480, 640, 3), of a walk through a synthetic room, back and forth."""
    images = [image for image, _ in World(WORLD, min(FILM, max(count, 2)), CAMERA).film()]
    images = there_and_back(images)
    return [images[i % len(images)] for i in range(count)]


def there_and_back(images: list[np.ndarray]) -> list[np.ndarray]:
    """Return images of a walk with those of the way back, so that they can be gone through over and over."""
    return images + images[-2:0:-1]


def _ros():
    """Return the ROS side, or None where there is no ROS."""
    try:
        from ttt3r_ros.benchmark import messages
    except ModuleNotFoundError:
        return None
    return messages


def _measured(case: _Case, published: _Case, product: float, copy: float) -> Measured:
    frame = Times.of(case.frames)
    seconds = frame.median / 1e3
    ratios = np.array(published.frames) / np.array(case.frames)
    return Measured(
        name=case.name, precision=case.precision, rule=case.rule, frame_ms=frame, cpu_ms=Times.of(case.cpu),
        stages={name: Times.of([stages[name] for stages in case.stages]) for name in case.stages[0]},
        gflop=case.gflop, gflop_per_s=case.gflop / seconds, product_share=case.gflop / seconds / product,
        weight_gb=case.weight_gb, copy_share=case.weight_gb / seconds / copy,
        peak_mb=None if case.peak is None else case.peak / 1e6, speedup=float(np.median(ratios)),
        speedup_quartiles=tuple(np.percentile(ratios, (25, 75)).tolist()),
        speedup_cpu=float(np.median(published.cpu) / np.median(case.cpu)))


def save(folder: Path, results: Results) -> None:
    """Write results.json. Raises OSError."""
    (folder / 'results.json').write_text(json.dumps(asdict(results), indent=1))
