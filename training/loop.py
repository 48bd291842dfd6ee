# SPDX-License-Identifier: Apache-2.0
"""The training loop: unrolled sequences under CUT3R's rule (gate 1), a schedule by time, checkpoints."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.losses import Losses, losses
from training.sampling import Batch, Sampler
from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.heads import Decoded, Prediction
from ttt3r_ros.model.layers import CrossAttention, DecoderBlock, EncoderBlock, SelfAttention
from ttt3r_ros.model.network import Encoded, Network
from ttt3r_ros.model.recurrence import Memory, propose

CONFIG = ModelConfig(head='linear', image_size=128, enc_dim=128, enc_depth=4, enc_heads=4, dec_dim=96, dec_depth=3,
                     dec_heads=3, state_heads=3, state_tokens=36, memory_tokens=8, rgb=False)
# World points are learned too: every pixel has to find its place among the frames before. Streaming drops their head.
TRAINED = frozenset({'points', 'world_points'})
NEARNESS = 0.6
WARMUP = 100  # steps
DESCENT = 0.25  # of the time, at its end
CLIP = 1.0  # of the gradient's norm
DECAY = 0.02
LOG_EVERY, SAVE_EVERY = 20, 200  # steps


@dataclass(frozen=True)
class Stage:
    """A part of the curriculum: until which share of the time, frames in a sequence and in a step.

    shrink: pixels a side that are averaged; strides: frames of the footage from one of a sequence's to the next.
    """

    until: float
    frames: int
    per_step: int
    shrink: int
    strides: tuple[int, ...]


# Short sequences first, never more than 16 frames: what happens in longer ones is the update rule's doing.
# Small images first, a quarter of the work, with motions of about a patch: so frames learn to find each other.
CURRICULUM = (Stage(0.3, 4, 96, 2, (2, 4, 6, 8)), Stage(0.45, 8, 96, 2, (1, 2, 4, 6)),
              Stage(0.75, 8, 64, 1, (1, 2, 3, 4)), Stage(1.0, 16, 64, 1, (1, 1, 2, 3, 4)))


def unroll(network: Network, images: Tensor) -> Prediction:
    """Predict B sequences of T frames, images (B, T, 3, H, W), each from its start; B·T answers, sequence by sequence.

    The encoder and the heads see all frames at once, only the memory goes frame by frame.
    """
    count, length = images.shape[:2]
    encoded = network.encode_image(images.flatten(0, 1))
    features = encoded.features.unflatten(0, (count, length))
    memory = Memory(network.initial_state().expand(count, -1, -1), network.initial_pose_memory().expand(count, -1, -1))
    decoded = []
    for t in range(length):
        decoding, pose_memory = propose(network, memory, Encoded(features[:, t], encoded.grid))
        decoded.append(decoding.heads_input)
        memory = Memory(decoding.proposed_state, pose_memory, first=False)

    def joined(part) -> Tensor:
        return torch.stack([part(d) for d in decoded], dim=1).flatten(0, 1)

    return network.predict(Decoded(encoded.features, tuple(joined(lambda d, i=i: d.middle[i]) for i in range(2)),
                                   joined(lambda d: d.tokens), joined(lambda d: d.pose_token), encoded.grid,
                                   decoded[0].rotary), TRAINED)


class Trainer:
    """A network in training, all that is needed to go on after a stop, and the log."""

    def __init__(self, folder: Path, sampler: Sampler, device: torch.device, *, minutes: float, learning_rate: float,
                 compiled: bool = False, seed: int = 0) -> None:
        """Take the folder of checkpoint and log; what is there already is continued."""
        torch.manual_seed(seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.sampler, self.device = folder, sampler, device
        self.network = Network(CONFIG).to(device)
        initialise(self.network)
        self._budget = 60 * minutes
        self._learning_rate = learning_rate
        self._optimizer = optimizer_of(self.network, learning_rate)
        if compiled:
            compile_blocks(self.network)
        self.step, self.seconds = 0, 0.0
        if self._checkpoint.exists():
            self._load()

    @property
    def _checkpoint(self) -> Path:
        return self.folder / 'training.pt'

    @property
    def progress(self) -> float:
        """The share of the time budget that is spent, over all runs."""
        return self.seconds / self._budget

    def run(self, report) -> None:
        """Train until the time is spent; `report` is called with every log line, a dictionary."""
        recent: list[Losses] = []
        while self.progress < 1:
            began = time.perf_counter()
            stage = next(s for s in CURRICULUM if self.progress < s.until)
            batch = self.sampler.draw(np.random.default_rng([self.step, 6]), stage.per_step // stage.frames,
                                      stage.frames, stage.strides, stage.shrink)
            recent.append(self.update(batch))
            self.step += 1
            self.seconds += time.perf_counter() - began
            if self.step % LOG_EVERY == 0:
                report(self._log(stage, recent))
                recent.clear()
            if self.step % SAVE_EVERY == 0:
                self.save()
                self.sampler.refresh()
        self.save()

    def update(self, batch: Batch) -> Losses:
        """Learn from one batch, and return its losses; a gradient that is not finite is passed over."""
        # Level, then straight down: a run whose time is extended goes on where it was.
        rate = min(1.0, (self.step + 1) / WARMUP, max(0.0, 1 - self.progress) / DESCENT)
        for group in self._optimizer.param_groups:
            group['lr'] = self._learning_rate * rate
        self._optimizer.zero_grad(set_to_none=True)
        loss = losses(unroll(self.network, batch.images), batch.truth)
        loss.total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        if torch.isfinite(norm):
            self._optimizer.step()
        return loss

    def _log(self, stage: Stage, recent: list[Losses]) -> dict:
        means = {f.name: float(torch.stack([getattr(r, f.name).detach() for r in recent]).mean())
                 for f in fields(Losses)}
        line = {'step': self.step, 'seconds': round(self.seconds, 1), 'frames': stage.frames,
                'worlds': len(self.sampler.worlds), **{name: round(value, 5) for name, value in means.items()}}
        with (self.folder / 'log.jsonl').open('a') as file:
            file.write(json.dumps(line) + '\n')
        return line

    def save(self) -> None:
        """Write all that is needed to go on, whole or not at all."""
        part = self._checkpoint.with_suffix('.part')
        torch.save({'network': self.network.state_dict(), 'optimizer': self._optimizer.state_dict(),
                    'step': self.step, 'seconds': self.seconds}, part)
        os.replace(part, self._checkpoint)

    def _load(self) -> None:
        kept = torch.load(self._checkpoint, map_location=self.device, weights_only=True)
        self.network.load_state_dict(kept['network'])
        self._optimizer.load_state_dict(kept['optimizer'])
        self.step, self.seconds = kept['step'], kept['seconds']


def compile_blocks(network: Network) -> None:
    """Compile each transformer block; a quarter faster on a CPU, after a minute or two for every sequence length."""
    torch._dynamo.config.recompile_limit = 64
    for module in network.modules():
        if isinstance(module, (EncoderBlock, DecoderBlock)):
            module.compile(dynamic=False)


def initialise(network: Network) -> None:
    """Set the weights so that frames find each other from the first step on.

    Xavier's scale, as CroCo has it; and in the cross-attentions, after mimetic initialisation (arXiv 2305.09828),
    queries and keys that start equal, so that tokens look at their likes, and values that pass through unchanged.
    """
    for module in network.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(module.weight)
            torch.nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, SelfAttention):
            for part in module.qkv.weight.data.chunk(3):
                torch.nn.init.xavier_uniform_(part)
        if isinstance(module, CrossAttention):
            module.projk.weight.data.copy_(module.projq.weight.data)
            through = torch.linalg.pinv(module.projv.weight.data)
            module.proj.weight.data.mul_(0.3).add_(0.5 * through)
            # Under rotary positions equal biases make every token look at its own place first.
            for part in (module.projq, module.projk):
                torch.nn.init.constant_(part.bias, NEARNESS)


def optimizer_of(network: Network, learning_rate: float) -> torch.optim.Optimizer:
    """Return AdamW; only matrices decay, tables of tokens do not."""
    decays = {name: p.dim() == 2 and 'token' not in name for name, p in network.named_parameters()}
    groups = [{'params': [p for name, p in network.named_parameters() if decays[name] is wanted], 'weight_decay': decay}
              for wanted, decay in ((True, DECAY), (False, 0.0))]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.95), fused=True)
