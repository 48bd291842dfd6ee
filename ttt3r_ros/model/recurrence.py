# SPDX-License-Identifier: Apache-2.0
"""One frame after another through the network: the only place where the memory is written.

Frames of several memories go through it as one batch, a single one as a batch of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import torch
from torch import Tensor

from ttt3r_ros.model.heads import Prediction
from ttt3r_ros.model.layers import AttentionObserver
from ttt3r_ros.model.network import Decoding, Encoded, Network
from ttt3r_ros.model.recording import Recordings
from ttt3r_ros.model.stages import Stage, untimed
from ttt3r_ros.model.tracing import Traces, traces_of
from ttt3r_ros.model.update_rules import AttentionStatistics, Observation, RuleMemory, UpdateRule

STREAMING = frozenset({'points'})


class NonFinitePrediction(ArithmeticError):
    """A frame's prediction or proposed memory has a NaN or an infinity; the memory is as it was before the frame."""


@dataclass(frozen=True)
class Memory:
    """All that a frame leaves behind; its size does not depend on how many there were.

    state (1, N, D), pose_memory (1, M, 2D), rule: the write rule's own memory, None before its first frame in the
    segment; first: no frame of this segment has been seen; of a batch a tensor says it, (B,) bool.
    """

    state: Tensor
    pose_memory: Tensor
    rule: RuleMemory | None = None
    first: bool | Tensor = True


@dataclass(frozen=True)
class Step:
    """One frame's outcome: the prediction, the memory it met, the one it proposed, the one it leaves, and the gate.

    gate (N,) or (N, D) is the one in force; proposed_state is what it was laid over the old one with, the rule's own if
    it has one. confidence (N,) is TTT3R's a_i where it was observed, else None. finite (k,) bool, on the network's
    device, says of each of the k parts whether it is finite.
    """

    prediction: Prediction
    before: Memory
    after: Memory
    proposed_state: Tensor
    proposed_pose_memory: Tensor
    gate: Tensor
    confidence: Tensor | None
    parts: tuple[str, ...]
    finite: Tensor


def propose(network: Network, memory: Memory, encoded: Encoded,
            observer: AttentionObserver | None = None, stage: Stage = untimed) -> tuple[Decoding, Tensor]:
    """Decode a frame against the memory: what the heads read, the proposed state, the proposed pose memory.

    A pure function of its arguments; the batch may be larger than one. Training unrolls it, a robot gates its writes.
    """
    with stage('memory'):
        key = network.pose_retriever.key(encoded.features)
        if memory.first is True:
            pose_token = network.pose_token.expand_as(key)
        else:
            pose_token = network.pose_retriever.read(memory.pose_memory, key)
        if isinstance(memory.first, Tensor):
            pose_token = torch.where(memory.first[:, None, None], network.pose_token, pose_token)
    with stage('decode'):
        decoding = network.decode(encoded, pose_token, memory.state, observer)
    with stage('memory'):
        written = network.pose_retriever.write(memory.pose_memory, key, decoding.heads_input.pose_token[:, None])
    return decoding, written


Players = tuple[Recordings | Traces | None, Recordings | Traces | None]


def players(network: Network) -> Players:
    """Return what plays a network's encodings, and the rest of its steps, instead of computing them call by call."""
    if network.device.type == 'cuda':
        return Recordings(reads=network.tables), Recordings(reads=network.tables)
    return (traces_of(network),) * 2


class Recurrence:
    """A network, the rule that writes its memory, and that memory."""

    observer = AttentionStatistics  # what looks at the state's cross-attention
    played = True

    def __init__(self, network: Network, rule: UpdateRule, stage: Stage = untimed,
                 beside: Recurrence | None = None) -> None:
        """Take a network in inference form and a rule; `stage` is told what a step is doing. beside: one of the same
        network, whose recordings are this one's too."""
        self.network = network
        self._stage = stage
        self._encodings, self._steps = self._players(beside)
        self._rule = rule
        self._flags = {first: torch.tensor([first], device=network.device) for first in (False, True)}
        self.start = self._initial_memory()  # as before the first frame
        self.memory = self.start

    @property
    def rule(self) -> UpdateRule:
        """The write rule, in force from the next frame on."""
        return self._rule

    @rule.setter
    def rule(self, rule: UpdateRule) -> None:
        self._rule = rule
        self.memory = replace(self.memory, rule=None)
        if self._steps:
            self._steps.forget()

    @property
    def settling(self) -> int:
        """How many steps alike go by, from a segment's start, until later ones are played."""
        return 1 + self._steps.after if self._steps else 0

    @torch.inference_mode()
    def _initial_memory(self) -> Memory:
        return Memory(self.network.initial_state().float(), self.network.initial_pose_memory().detach().float())

    def reset(self) -> None:
        """Forget everything: the next frame is a first frame."""
        self.memory = self.start

    def step(self, image: Tensor, *, write: bool = True, outputs: frozenset[str] = STREAMING,
             observe: frozenset[str] = frozenset()) -> Step:
        """Look at an image and write the memory by the rule; see `look`.

        Raises NonFinitePrediction, the memory untouched.
        """
        step = self.look(self.encode(image), write=write, outputs=outputs, observe=observe)
        self.accept(step, _read(step.finite))
        return step

    @torch.inference_mode()
    def encode(self, image: Tensor) -> Encoded:
        """Encode image (B, 3, H, W) in [-1, 1]; the memory has no part in it."""
        with self._stage('encode'):
            if self._encodings:
                return self._encodings.run(self.network.encode_image, image, 'encode')
            return self.network.encode_image(image)

    def trace(self, function: Callable[[Any], Any], inputs: Any, about: str) -> Any:
        """Return function(inputs), traced or recorded where steps are; see Traces.run and Recordings.run."""
        return self._steps.run(function, inputs, about) if self._steps else function(inputs)

    def look(self, encoded: Encoded, *, write: bool = True, outputs: frozenset[str] = STREAMING,
             observe: frozenset[str] = frozenset()) -> Step:
        """Predict from an encoded image and the memory, without waiting for the device.

        The memory is as before until the step is accepted. write=False: accepting it leaves state and memories alone.
        outputs: see Network.predict. observe: attention statistics wanted beside those that the rule needs.
        """
        return self.look_each(encoded, (self.memory,), write=write, outputs=outputs, observe=observe)[0]

    @torch.inference_mode()
    def look_each(self, encoded: Encoded, memories: tuple[Memory, ...], *, write: bool = True,
                  outputs: frozenset[str] = STREAMING, observe: frozenset[str] = frozenset()) -> tuple[Step, ...]:
        """Predict from a batch of encoded images, each against the memory of its place, which need not be this one's.

        What each gives is what `look` gives of it alone. Arguments as there.
        """
        # A rule that keeps something has nothing yet at a segment's start: that is another computation.
        played = self._steps and not (self._rule.memory and any(memory.first for memory in memories))
        given = memories
        if played or len(memories) > 1:  # asked of a tensor, first frames are as all others
            given = tuple(replace(memory, rule=memory.rule or None, first=self._flags[memory.first])
                          for memory in memories)
        if played:
            with self._stage('graph'):
                steps = self._steps.run(lambda given: self._compute(*given, outputs, observe, untimed),
                                        (encoded, given), (type(self), outputs, observe, self._rule))
        else:
            steps = self._compute(encoded, given, outputs, observe, self._stage)
        return tuple(replace(step, before=before, after=step.after if write else replace(before, first=False))
                     for step, before in zip(steps, memories, strict=True))

    def _players(self, beside: Recurrence | None) -> Players:
        if not self.played:
            return None, None
        if beside is None:
            return players(self.network)
        return tuple(player and player.shared() for player in (beside._encodings, beside._steps))

    def _compute(self, encoded: Encoded, memories: tuple[Memory, ...], outputs: frozenset[str],
                 observe: frozenset[str], stage: Stage) -> tuple[Step, ...]:
        """Compute steps as ones that are written; a pure function of its arguments, the weights and the rule."""
        net = self.network
        statistics = self.observer(self._rule.statistics | observe, net.config.dec_depth)
        decoding, pose_memories = propose(net, _joined(memories), encoded, statistics, stage)
        with stage('head'):
            prediction = net.predict(decoding.heads_input, outputs)
        with stage('write'):
            observed = (encoded.features, decoding.proposed_state, decoding.embedded, decoding.heads_input.tokens,
                        statistics.confidence(), statistics.logits(), statistics.entropy())
            # What a memory keeps is its own: it would hold the others' as long as it lives.
            parts = zip(memories, _each(pose_memories, own=True), zip(*(_each(part, own=True) for part in observed)),
                        _predictions(prediction), strict=True)
            return tuple(self._written(*part) for part in parts)

    def _written(self, before: Memory, pose_memory: Tensor, observed: tuple[Tensor | None, ...],
                 prediction: Prediction) -> Step:
        """Write one frame of a batch by the rule."""
        features, own, embedded, decoded, *statistics = (None if part is None else part[0] for part in observed)
        written = self._rule.write(Observation(own, before.state[0], self.start.state[0], features, embedded, decoded,
                                               *statistics), before.rule)
        proposed = own[None] if written.proposed is None else written.proposed[None]
        gate = written.gate
        if isinstance(before.first, Tensor):
            gate, proposed = torch.where(before.first, 1, gate), torch.where(before.first, own, proposed)
        elif before.first:
            gate, proposed = torch.ones_like(gate), own[None]
        state = torch.lerp(before.state, proposed, gate[..., None] if gate.dim() == 1 else gate)
        parts, finite = _finite(prediction, state=state, pose_memory=pose_memory)
        return Step(prediction, before, Memory(state, pose_memory, written.memory, first=False), proposed, pose_memory,
                    gate, statistics[0], parts, finite)

    def accept(self, step: Step, finite: Sequence[bool]) -> None:
        """Take over the memory that a step leaves; `finite` is its `finite`, read from the device.

        Raises NonFinitePrediction, the memory untouched.
        """
        self.require_finite(step, finite)
        self.memory = step.after

    @staticmethod
    def require_finite(step: Step, finite: Sequence[bool]) -> None:
        """Raise NonFinitePrediction unless all of a step is finite; `finite` is its `finite`, read from the device."""
        _require_finite(step.parts, finite)

    @torch.inference_mode()
    def query(self, ray_map: Tensor, *, outputs: frozenset[str] = STREAMING) -> Prediction:
        """Ask the memory about a view that no camera took: ray_map (1, 6, H, W). Writes nothing.

        Raises RayMapError if the network has no ray-map encoder, and NonFinitePrediction.
        """
        net = self.network
        encoded: Encoded = net.encode_ray_map(ray_map)
        pose_token = net.pose_retriever.read(self.memory.pose_memory, net.pose_retriever.key(encoded.features))
        prediction = net.predict(net.decode(encoded, pose_token, self.memory.state).heads_input, outputs)
        parts, finite = _finite(prediction)
        _require_finite(parts, _read(finite))
        return prediction


def _joined(memories: tuple[Memory, ...]) -> Memory:
    """Return memories as one of a batch; the rule's own stay apart."""
    if len(memories) == 1:
        return memories[0]
    state, pose_memory, first = (torch.cat([getattr(memory, part) for memory in memories])
                                 for part in ('state', 'pose_memory', 'first'))
    return Memory(state, pose_memory, first=first)


def _each(batch: Tensor | None, own: bool = False) -> Iterable[Tensor | None]:
    """Return the parts (1, ...) of a batch (B, ...); own: with memory of their own. For ever None of None."""
    if batch is None:
        return repeat(None)
    if len(batch) == 1:
        return batch,
    return tuple(part.clone() for part in batch.split(1)) if own else batch.split(1)


def _predictions(batch: Prediction) -> Iterator[Prediction]:
    """Yield the prediction of each image of a batch."""
    for values in zip(*map(_each, vars(batch).values())):
        yield Prediction(*values)


def _finite(prediction: Prediction, **memory: Tensor) -> tuple[tuple[str, ...], Tensor]:
    """Return the names of what must be finite, and of each, bool (k,), whether it is."""
    parts = {name: value for name, value in vars(prediction).items() if value is not None} | memory
    return tuple(parts), torch.stack([value.abs().amax() for value in parts.values()]).isfinite()


def _read(finite: Tensor) -> list[bool]:
    """Wait for the device."""
    return finite.tolist()


def _require_finite(parts: Sequence[str], finite: Sequence[bool]) -> None:
    """Raise NonFinitePrediction naming what is not finite."""
    bad = [name.replace('_', ' ') for name, ok in zip(parts, finite, strict=True) if not ok]
    if bad:
        raise NonFinitePrediction(f'not finite: {", ".join(bad)}')
