# SPDX-License-Identifier: Apache-2.0
"""One frame after another through the network: the only place where the memory is written."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ttt3r_ros.model.heads import Prediction
from ttt3r_ros.model.layers import AttentionObserver
from ttt3r_ros.model.network import Decoding, Encoded, Network
from ttt3r_ros.model.update_rules import AttentionStatistics, Observation, RuleMemory, UpdateRule

STREAMING = frozenset({'points'})


class NonFinitePrediction(ArithmeticError):
    """A frame's prediction or proposed memory has a NaN or an infinity; the memory is as it was before the frame."""


@dataclass(frozen=True)
class Memory:
    """All that a frame leaves behind; its size does not depend on how many there were.

    state (1, N, D), pose_memory (1, M, 2D), rule: the write rule's own memory, None before its first frame in the
    segment; first: no frame of this segment has been seen.
    """

    state: Tensor
    pose_memory: Tensor
    rule: RuleMemory | None = None
    first: bool = True


@dataclass(frozen=True)
class Step:
    """One frame's outcome: the prediction, the memory it met, the memory it proposed, and the gate.

    gate (N,) is the one in force; confidence (N,) is TTT3R's a_i where it was observed, else None.
    """

    prediction: Prediction
    before: Memory
    proposed_state: Tensor
    proposed_pose_memory: Tensor
    gate: Tensor
    confidence: Tensor | None


def propose(network: Network, memory: Memory, encoded: Encoded,
            observer: AttentionObserver | None = None) -> tuple[Decoding, Tensor]:
    """Decode a frame against the memory: what the heads read, the proposed state, the proposed pose memory.

    A pure function of its arguments; the batch may be larger than one. Training unrolls it, a robot gates its writes.
    """
    key = network.pose_retriever.key(encoded.features)
    if memory.first:
        pose_token = network.pose_token.expand_as(key)
    else:
        pose_token = network.pose_retriever.read(memory.pose_memory, key)
    decoding = network.decode(encoded, pose_token, memory.state, observer)
    written = network.pose_retriever.write(memory.pose_memory, key, decoding.heads_input.pose_token[:, None])
    return decoding, written


class Recurrence:
    """A network, the rule that writes its memory, and that memory."""

    def __init__(self, network: Network, rule: UpdateRule) -> None:
        """Take a network in inference form and a rule."""
        self.network = network
        self._rule = rule
        self._start = self._initial_memory()
        self.memory = self._start

    @property
    def rule(self) -> UpdateRule:
        """The write rule, in force from the next frame on."""
        return self._rule

    @rule.setter
    def rule(self, rule: UpdateRule) -> None:
        self._rule = rule
        self.memory = replace(self.memory, rule=None)

    @torch.inference_mode()
    def _initial_memory(self) -> Memory:
        return Memory(self.network.initial_state().float(), self.network.initial_pose_memory().detach().float())

    def reset(self) -> None:
        """Forget everything: the next frame is a first frame."""
        self.memory = self._start

    @torch.inference_mode()
    def step(self, image: Tensor, *, write: bool = True, outputs: frozenset[str] = STREAMING,
             observe: frozenset[str] = frozenset()) -> Step:
        """Predict from image (1, 3, H, W) in [-1, 1] and the memory, then write the memory by the rule.

        write=False leaves state and memories alone. outputs: see Network.predict. observe: attention statistics
        wanted beside those that the rule needs. Raises NonFinitePrediction, the memory untouched.
        """
        before, net = self.memory, self.network
        statistics = AttentionStatistics(self._rule.statistics | observe)
        encoded = net.encode_image(image)
        decoding, pose_memory = propose(net, before, encoded, statistics)
        prediction = net.predict(decoding.heads_input, outputs)
        gate, rule_memory = self._rule.gate(
            Observation(decoding.proposed_state[0], encoded.features[0], decoding.embedded[0],
                        statistics.confidence(), statistics.logits()), before.rule)
        if before.first:
            gate = torch.ones_like(gate)
        state = torch.lerp(before.state, decoding.proposed_state, gate[None, :, None])
        _require_finite(prediction, state, pose_memory)
        self.memory = Memory(state, pose_memory, rule_memory, first=False) if write else replace(before, first=False)
        return Step(prediction, before, decoding.proposed_state, pose_memory, gate, statistics.confidence())

    @torch.inference_mode()
    def query(self, ray_map: Tensor, *, outputs: frozenset[str] = STREAMING) -> Prediction:
        """Ask the memory about a view that no camera took: ray_map (1, 6, H, W). Writes nothing.

        Raises NonFinitePrediction.
        """
        net = self.network
        encoded: Encoded = net.encode_ray_map(ray_map)
        pose_token = net.pose_retriever.read(self.memory.pose_memory, net.pose_retriever.key(encoded.features))
        prediction = net.predict(net.decode(encoded, pose_token, self.memory.state).heads_input, outputs)
        _require_finite(prediction)
        return prediction


def _require_finite(prediction: Prediction, *memory: Tensor) -> None:
    """Raise NonFinitePrediction naming what is not finite; one synchronisation with the device."""
    parts = {name: value for name, value in vars(prediction).items() if value is not None}
    parts.update(zip(('state', 'pose memory'), memory))
    finite = torch.stack([value.isfinite().all() for value in parts.values()]).tolist()
    bad = [name for name, ok in zip(parts, finite, strict=True) if not ok]
    if bad:
        raise NonFinitePrediction(f'not finite: {", ".join(bad)}')
