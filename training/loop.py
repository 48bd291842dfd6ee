# SPDX-License-Identifier: Apache-2.0
"""The training loop: unrolled sequences, a schedule by time, checkpoints, alone or in several processes.

Long sequences are learned chunk by chunk: the memory is carried on, gradients are not (truncated back-propagation).

Half of the sequences write their state in full, as CUT3R does; half under TTT3R's gate, so that it works with both.
Processes of torch.distributed's default group, where there is one, each take their share of a step's sequences.
"""

from __future__ import annotations

import json
import os
import time
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from training.ahead import Ahead
from training.captured import Captured
from training.footage import SIZE
from training.initialisation import begin_with, initialise
from training.lessons import Answers, Lessons
from training.losses import Losses, losses
from training.optimizer import optimizers_of
from training.sampling import Batch, Sampler
from training.stream import Stream
from ttt3r_ros.model.compiling import compile_blocks
from ttt3r_ros.model.config import PATCH_SIZE, ModelConfig
from ttt3r_ros.model.heads import Decoded, Prediction
from ttt3r_ros.model.nested import mapped
from ttt3r_ros.model.network import Encoded, Network
from ttt3r_ros.model.recurrence import Memory, propose

HEAD = 32  # channels


def configuration(size: tuple[int, int] = SIZE, width: int = 128, patch: int = PATCH_SIZE) -> ModelConfig:
    """Return the network for images of a size (h, w) in patches of so many pixels a side, `width` channels wide.

    State tokens lie in a square as wide as an image's patches: each has its own place in the image. Raises ConfigError.
    """
    heads = width // HEAD
    return ModelConfig(head='linear', patch_size=patch, image_size=size[1], enc_dim=width, enc_depth=3, enc_heads=heads,
                       dec_dim=width, dec_depth=4, dec_heads=heads, state_heads=heads,
                       state_tokens=(size[1] // patch) ** 2, memory_tokens=4, world_points=False, rgb=False,
                       ray_map=False, aspects=(round(size[1] / size[0], 4),))


CONFIG = configuration()
TRAINED = frozenset({'points'})
GATED = 0.5  # of the sequences
WARMUP = 50  # steps
DESCENT = 0.6  # of the time, at its end
CLIP = 40.0  # of the gradient's norm
LOG_EVERY, SAVE_EVERY = 20, 30.0  # steps, seconds


class Stage(NamedTuple):
    """A part of the curriculum: until which share of the time, the frames of a chunk, and whether chunks follow."""

    until: float
    frames: int
    long: bool = False


CURRICULUM = (Stage(0.1, 4), Stage(0.3, 8), Stage(0.5, 16), Stage(1.0, 16, long=True))
LONG_ALONE = (Stage(1.0, 16, long=True),)  # for weights that have the rest behind them
SEQUENCES = 64  # in a step
AVERAGED = 0.998  # of the averaged weights stay at a step
Carried = tuple[Tensor, Tensor, Tensor]  # state, pose memory, and the last pose told (B, 7)
STRIDES = (*[1] * 9, 2)  # frames of the footage from one of a sequence's to the next


class Confidence:
    """TTT3R's gate for a batch: what update_rules.AttentionStatistics gathers for one sequence."""

    def __init__(self) -> None:
        """Start with no layer seen."""
        self._sum: Tensor | float = 0.0
        self._layers = 0

    @torch.compiler.disable
    def observe(self, query: Tensor, key: Tensor) -> None:
        """Add one layer: query (B, H, N, d), key (B, H, 1 + T, d)."""
        scale = 1 / (query.shape[1] * query.shape[3] ** 0.5)
        self._sum = self._sum + torch.einsum('bhnd,bhd->bn', query, key.mean(dim=2)) * scale
        self._layers += 1

    def gate(self) -> Tensor:
        """Return it, (B, N, 1)."""
        return torch.sigmoid(self._sum / self._layers)[..., None]


def unroll(network: Network, images: Tensor, gated: Tensor, lessons: Lessons,
           memory: Memory | None = None) -> tuple[Prediction, Answers, Memory]:
    """Predict B sequences of T frames, images (B, T, 3, H, W); B·T answers, sequence by sequence, and what they leave.

    gated (B,) bool: which are written under TTT3R's gate. memory: of sequences that go on; by default each is at its
    start. The encoder and the heads see all frames at once, only the memory goes frame by frame.
    """
    count, length = images.shape[:2]
    encoded = network.encode_image(images.flatten(0, 1))
    features = encoded.features.unflatten(0, (count, length))
    memory = memory or beginning(network, torch.ones(count, dtype=torch.bool, device=images.device))
    decoded = []
    for t in range(length):
        confidence = Confidence()
        decoding, pose_memory = propose(network, memory, Encoded(features[:, t], encoded.grid), confidence)
        decoded.append(decoding.heads_input)
        gate = torch.where((gated & ~memory.first)[:, None, None], confidence.gate().float(), 1.0)
        memory = Memory(torch.lerp(memory.state.float(), decoding.proposed_state.float(), gate), pose_memory.float(),
                        first=torch.zeros_like(memory.first))

    def joined(part) -> Tensor:
        return torch.stack([part(d) for d in decoded], dim=1).flatten(0, 1)

    middle = tuple(joined(lambda d, i=i: d.middle[i]) for i in range(2))
    pose_tokens = joined(lambda d: d.pose_token)
    prediction = network.predict(Decoded(encoded.features, middle, joined(lambda d: d.tokens), pose_tokens,
                                         encoded.grid, decoded[0].rotary), TRAINED)
    answers = lessons(*(x.unflatten(0, (count, length))[:, 1:] for x in (middle[0], pose_tokens)))
    return prediction, answers, memory


def beginning(network: Network, first: Tensor, memory: Memory | None = None) -> Memory:
    """Return the memory with which B sequences go on, those that are first (B,) bool from their start, detached."""
    initial = network.initial_state(), network.initial_pose_memory()
    if memory is None:
        return Memory(*(x.expand(len(first), -1, -1) for x in initial), first=first)
    state, pose_memory = (torch.where(first[:, None, None], start, kept.detach())
                          for start, kept in zip(initial, (memory.state, memory.pose_memory), strict=True))
    return Memory(state, pose_memory, first=first)


class Trainer:
    """A network in training, all that is needed to go on after a stop, and the log."""

    def __init__(self, folder: Path, sampler: Sampler, device: torch.device, *, minutes: float, learning_rate: float,
                 weights: Path | None = None, config: ModelConfig = CONFIG, sequences: int = SEQUENCES,
                 products: torch.dtype = torch.float32, compiled: bool = False, seed: int = 0) -> None:
        """Take the folder of checkpoint and log; what is there already is continued.

        weights: a `.safetensors` of the same configuration to begin with, and to learn long sequences from at once.
        sequences: of a step, over all processes. products: what the network's are computed in; the losses stay float32.
        Raises RuntimeError for another configuration's weights.
        """
        torch.manual_seed(seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.sampler, self.device = folder, sampler, device
        self.network = Network(config)
        if weights is None:
            initialise(self.network)
        else:
            begin_with(self.network, weights)
        self.network.to(device)
        self.averaged = deepcopy(self.network)
        self._curriculum = LONG_ALONE if weights else CURRICULUM
        self._stream: Stream | None = None
        self._lessons = Lessons(config.dec_dim).to(device)
        self._budget, self._sequences, self._products = 60 * minutes, sequences, products
        self._learning_rate = learning_rate
        self._learned = nn.ModuleDict({'network': self.network, 'lessons': self._lessons})
        self._optimizers = optimizers_of(self._learned, learning_rate)
        alone = not distributed.is_initialized()
        self._rank, self._processes = (0, 1) if alone else (distributed.get_rank(), distributed.get_world_size())
        if compiled:
            compile_blocks(self.network)
        self.step, self.seconds = 0, 0.0
        self._carried: Carried | None = None
        self._captured: Captured | None = None
        if self._checkpoint.exists():
            self._load()

    @property
    def _checkpoint(self) -> Path:
        return self.folder / 'training.pt'

    @property
    def first(self) -> bool:
        """Whether this is the process that logs and saves."""
        return self._rank == 0

    @property
    def progress(self) -> float:
        """The share of the time budget that is spent, over all runs."""
        return self.seconds / self._budget

    def run(self, report) -> None:
        """Train until the time is spent; the first process calls `report` with every log line, a dictionary."""
        recent: list[Losses] = []
        ahead, saved = Ahead(self._draw, self.device), self.seconds
        while self.progress < 1:
            began = time.perf_counter()
            stage, batch, gated = ahead.batch(self.step)
            recent.append(self.update(batch, gated, follows=stage.long))
            self.step += 1
            self.seconds = self._agreed(self.seconds + time.perf_counter() - began)
            if self.step % LOG_EVERY == 0 or self.progress >= 1:
                if self.first:
                    report(self._log(stage, recent))
                recent.clear()
            if self.seconds - saved > SAVE_EVERY:
                self.save()
                self.sampler.refresh()
                saved = self.seconds
        self.save()

    def _draw(self, step: int) -> tuple[Stage, Batch, np.ndarray]:
        """Draw the batch of a step, and which of its sequences are gated."""
        stage = next((s for s in self._curriculum if self.progress < s.until), self._curriculum[-1])
        rng = np.random.default_rng([step, self._rank, 6])
        count = max(1, self._sequences // self._processes)
        if stage.long:
            self._stream = self._stream or Stream(self.sampler, count, stage.frames, STRIDES)
            return stage, self._stream.draw(rng), np.arange(count) < GATED * count
        return stage, self.sampler.draw(rng, count, stage.frames, STRIDES), rng.random(count) < GATED

    def update(self, batch: Batch, gated: np.ndarray, follows: bool = False) -> Losses:
        """Learn from one batch, and return its losses; a gradient that is not finite counts as none.

        gated (B,) bool: see unroll. follows: sequences of an age go on from the batch before. With several processes
        each brings a batch of its own, and all learn from all.
        """
        # Level, then straight down: a run whose time is extended goes on where it was.
        rate = min(1.0, (self.step + 1) / WARMUP, max(0.0, 1 - self.progress) / DESCENT)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group['lr'] = self._learning_rate * rate
        carried = self._carried if follows and self._carried else self._nothing(len(gated))
        inputs = carried, torch.from_numpy(gated).to(self.device), batch
        if follows and self.device.type == 'cuda':
            self._captured = self._captured or Captured(self._gradients, list(self._learned.parameters()), inputs)
            loss, carried = self._captured(inputs)
        else:
            for optimizer in self._optimizers:
                optimizer.zero_grad(set_to_none=self._captured is None)
            loss, carried = self._gradients(inputs)
        self._carried = carried if follows else None
        self._average_gradients()
        self._follow_gradients()
        self._take_average()
        return mapped(loss, Tensor.clone)

    def _nothing(self, count: int) -> Carried:
        """Return what B sequences carry that have not begun."""
        memory = beginning(self.network, torch.ones(count, dtype=torch.bool, device=self.device))
        return memory.state.detach(), memory.pose_memory.detach(), torch.zeros(count, 7, device=self.device)

    def _gradients(self, inputs: tuple[Carried, Tensor, Batch]) -> tuple[Losses, Carried]:
        """Add to the gradients of what was carried, which sequences are gated (B,), and their batch."""
        (state, pose_memory, last), gated, batch = inputs
        began = batch.truth.age == 0
        memory = beginning(self.network, began, Memory(state, pose_memory, first=began))
        with torch.autocast(self.device.type, self._products, enabled=self._products != torch.float32):
            prediction, answers, memory = unroll(self.network, batch.images, gated, self._lessons, memory)
        prediction, answers = (mapped(told, Tensor.float) for told in (prediction, answers))
        loss = losses(prediction, answers, batch.truth, last, self.network.config.patch_size)
        loss.total.backward()
        told = prediction.pose.detach().unflatten(0, batch.images.shape[:2])[:, -1]
        return mapped(loss, Tensor.detach), (memory.state.detach(), memory.pose_memory.detach(), told)

    def _follow_gradients(self) -> None:
        """Move the weights. Nothing is asked of the GPU that it would have to be waited for."""
        gradients = [p.grad for p in self._learned.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        finite = torch.isfinite(norm)
        broken = ~finite
        for gradient in gradients:
            gradient.masked_fill_(broken, 0)
        torch._foreach_mul_(gradients, torch.where(finite, (CLIP / (norm + 1e-6)).clamp(max=1), 0.0))
        for optimizer in self._optimizers:
            optimizer.step()

    @torch.no_grad()
    def _take_average(self) -> None:
        torch._foreach_lerp_(list(self.averaged.parameters()), list(self.network.parameters()), 1 - AVERAGED)

    def _average_gradients(self) -> None:
        if self._processes == 1:
            return
        gradients = [p.grad for p in self._learned.parameters() if p.grad is not None]
        together = parameters_to_vector(gradients)
        distributed.all_reduce(together)
        vector_to_parameters(together / self._processes, gradients)

    def _agreed(self, seconds: float) -> float:
        """Return the first process's number: stages and rates go by it in all."""
        if self._processes == 1:
            return seconds
        number = torch.tensor(seconds, dtype=torch.float64)
        distributed.broadcast(number, 0)
        return float(number)

    def _log(self, stage: Stage, recent: list[Losses]) -> dict:
        """Write a line of the log: the means of this process's own losses."""
        means = {f.name: float(torch.stack([getattr(r, f.name).detach() for r in recent]).mean())
                 for f in fields(Losses)}
        line = {'step': self.step, 'seconds': round(self.seconds, 1), 'frames': stage.frames,
                'worlds': len(self.sampler.worlds), **{name: round(value, 5) for name, value in means.items()}}
        with (self.folder / 'log.jsonl').open('a') as file:
            file.write(json.dumps(line) + '\n')
        return line

    def save(self) -> None:
        """Write all that is needed to go on, whole or not at all; all processes have the same, the first writes."""
        if not self.first:
            return
        part = self._checkpoint.with_suffix('.part')
        torch.save({'learned': self._learned.state_dict(), 'averaged': self.averaged.state_dict(),
                    'optimizers': [o.state_dict() for o in self._optimizers], 'step': self.step,
                    'seconds': self.seconds}, part)
        os.replace(part, self._checkpoint)

    def _load(self) -> None:
        kept = torch.load(self._checkpoint, map_location=self.device, weights_only=True)
        self._learned.load_state_dict(kept['learned'])
        self.averaged.load_state_dict(kept['averaged'])
        for optimizer, state in zip(self._optimizers, kept['optimizers'], strict=True):
            optimizer.load_state_dict(state)
        self.step, self.seconds = kept['step'], kept['seconds']
