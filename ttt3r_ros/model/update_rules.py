# SPDX-License-Identifier: Apache-2.0
"""How much of each proposed state token is written: S ← g⊙Ŝ + (1 − g)⊙S, one gate g per state token.

A rule is a small class with the field's name, its parameters as fields and its own memory as a dictionary that starts
afresh with every segment. To add one: write the class, add it to RULES.

Shapes: N state tokens, T image tokens, D decoder width, E encoder width. On a segment's first frame the gate in force
is 1 whatever the rule says.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

RuleMemory = dict[str, Tensor]
MEMIX_SUFFIX = '+memix'


class UpdateRuleError(ValueError):
    """An unknown rule or a parameter out of its range; the message says what is allowed."""


class AttentionStatistics:
    """Means of the state decoder's cross-attention logits q·k/√d, taken while it runs."""

    def __init__(self, wanted: frozenset[str], layers: int) -> None:
        """Take what to gather, 'confidence' (the mean over image tokens) and 'logits' (the whole matrix), and how many
        layers there are."""
        self._wanted = wanted
        self._layers = layers
        self._scale = 1.0
        self._mean: Tensor | float = 0.0
        self._logits: Tensor | float = 0.0

    def observe(self, query: Tensor, key: Tensor) -> None:
        """Add one layer: query (1, H, N, d), key (1, H, 1 + T, d), the pose token's key first."""
        self._scale = 1 / (query.shape[1] * query.shape[3] ** 0.5 * self._layers)  # the same for all
        query, key = query.float(), key.float()
        if 'confidence' in self._wanted:
            # The mean over keys is linear: one mean key a head stands for the whole attention map.
            self._mean = self._mean + (query * key.mean(dim=2, keepdim=True)).sum(dim=(1, 3))
        if 'logits' in self._wanted:
            # The sum over heads is one product over all channels.
            query, key = (x.transpose(1, 2).flatten(2) for x in (query, key[:, :, 1:]))
            self._logits = self._logits + query @ key.transpose(1, 2)

    def confidence(self) -> Tensor | None:
        """Return a_i = σ(mean logit), (N,), TTT3R eq. 7–8, or None if it was not asked for."""
        return torch.sigmoid(self._mean[0] * self._scale) if 'confidence' in self._wanted else None

    def logits(self) -> Tensor | None:
        """Return the logits averaged over layers and heads, (N, T), or None if they were not asked for."""
        return self._logits[0] * self._scale if 'logits' in self._wanted else None


@dataclass(frozen=True)
class Observation:
    """What a rule may look at: one frame's proposal and where it came from.

    proposed (N, D); features (T, E), the encoder's tokens; embedded (T, D), the decoder's view of them;
    confidence (N,) and logits (N, T), from AttentionStatistics, None unless the rule's `statistics` name them.
    """

    proposed: Tensor
    features: Tensor
    embedded: Tensor
    confidence: Tensor | None = None
    logits: Tensor | None = None

    def uniform(self, value: float) -> Tensor:
        """Return the same gate for every token, (N,)."""
        return torch.full(self.proposed.shape[:1], value, device=self.proposed.device)


def parameter(default: float, low: float, high: float, text: str) -> float:
    """Declare a rule's parameter with its range and a description."""
    return field(default=default, metadata={'low': low, 'high': high, 'text': text})


@dataclass(frozen=True)
class UpdateRule:
    """Base of all rules."""

    name: ClassVar[str]
    statistics: ClassVar[frozenset[str]] = frozenset()
    memory: ClassVar[dict[str, str]] = {}  # what is kept from frame to frame: its shape, in the letters above, by name

    def __post_init__(self) -> None:
        """Raise UpdateRuleError where a parameter is outside its range."""
        for f in fields(self):
            if 'low' in f.metadata and not f.metadata['low'] <= getattr(self, f.name) <= f.metadata['high']:
                raise UpdateRuleError(f'{self.name}.{f.name} = {getattr(self, f.name)} is outside '
                                      f'[{f.metadata["low"]}, {f.metadata["high"]}]')

    def __str__(self) -> str:
        """Return the name, and the parameters where there are any."""
        values = ', '.join(f'{f.name} {getattr(self, f.name):g}' for f in fields(self) if f.metadata)
        return f'{self.name} ({values})' if values else self.name

    def gate(self, seen: Observation, memory: RuleMemory | None) -> tuple[Tensor, RuleMemory]:
        """Return the gate (N,) in [0, 1] and the memory to give with the next frame.

        memory is None on the first frame that this rule sees in a segment. The arguments are not changed, so that a
        frame can still be refused.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Cut3r(UpdateRule):
    """Write the proposal in full (CUT3R)."""

    name = 'cut3r'

    def gate(self, seen, memory):
        """See UpdateRule."""
        return seen.uniform(1.0), {}


@dataclass(frozen=True)
class Ttt3r(UpdateRule):
    """Write by the attention's own confidence (TTT3R, arXiv 2509.26645, eq. 7–8)."""

    name = 'ttt3r'
    statistics = frozenset({'confidence'})

    def gate(self, seen, memory):
        """See UpdateRule."""
        return seen.confidence, {}


@dataclass(frozen=True)
class Constant(UpdateRule):
    """Write the same share of every token (ablation)."""

    name = 'constant'
    share: float = parameter(0.35, 0.0, 1.0, 'share of the proposal that is written')

    def gate(self, seen, memory):
        """See UpdateRule."""
        return seen.uniform(self.share), {}


@dataclass(frozen=True)
class PerFrame(UpdateRule):
    """One gate a frame, the mean of TTT3R's (the DeltaNet and Mamba-2 family)."""

    name = 'frame'
    statistics = frozenset({'confidence'})

    def gate(self, seen, memory):
        """See UpdateRule."""
        return seen.confidence.mean().expand_as(seen.confidence), {}


@dataclass(frozen=True)
class Filt3r(UpdateRule):
    """A scalar Kalman gain per token, from how much its proposals change (FILT3R, arXiv 2603.18493)."""

    name = 'filt3r'
    memory = {'proposed': 'ND', 'mean': '', 'variance': 'N'}
    rate: float = parameter(0.05, 0.0, 1.0, 'rate of the running mean of the change')
    floor: float = parameter(0.01, 1e-6, 1e3, 'lowest value of the running mean')
    noise_low: float = parameter(0.02, 0.0, 10.0, 'process noise of a token that is still')
    noise_span: float = parameter(0.48, 0.0, 10.0, 'process noise that a changing token adds')
    sharpness: float = parameter(20.0, 0.0, 1e3, 'steepness between still and changing')
    threshold: float = parameter(3.0, 0.0, 1e3, 'relative change at which a token counts as changing')
    initial_variance: float = parameter(1.5, 1e-6, 1e3, 'variance after the first, full write')

    def gate(self, seen, memory):
        """See UpdateRule."""
        if memory is None:
            # The memory is of one form from the first frame on, as recorded steps need it: below 0, no mean yet.
            return seen.uniform(1.0), {'proposed': seen.proposed, 'mean': seen.proposed.new_full((), -1.0),
                                       'variance': seen.uniform(self.initial_variance)}
        change = (seen.proposed - memory['proposed']).norm(dim=-1)
        mean = change.mean()
        mean = torch.where(memory['mean'] < 0, mean, torch.lerp(memory['mean'], mean, self.rate))
        mean = mean.clamp(min=self.floor)
        noise = self.noise_low + self.noise_span * torch.sigmoid(
            self.sharpness * (change / (mean + 1e-6) - self.threshold))
        predicted = memory['variance'] + noise
        gain = (predicted / (predicted + 1)).clamp(0.01, 0.99)
        variance = ((1 - gain) ** 2 * predicted + gain ** 2).clamp(min=1e-6)
        return gain, {'proposed': seen.proposed, 'mean': mean, 'variance': variance}


@dataclass(frozen=True)
class Ttsa3r(UpdateRule):
    """Write what changes in time and looks at what changes in the image (TTSA3R, arXiv 2601.22615)."""

    name = 'ttsa3r'
    statistics = frozenset({'logits'})
    memory = {'proposed': 'ND', 'features': 'TE'}
    offset: float = parameter(1.5, 0.0, 1e3, 'relative change of a token at which half of it is written')

    def gate(self, seen, memory):
        """See UpdateRule."""
        # A new image size has other tokens: there is nothing to compare with.
        if memory is None or memory['features'].shape != seen.features.shape:
            return seen.uniform(1.0), {'proposed': seen.proposed, 'features': seen.features}
        change = (seen.proposed - memory['proposed']).norm(dim=-1)
        temporal = torch.sigmoid(change / change.mean().clamp(min=1e-12) - self.offset)
        moved = 1 - cosine_similarity(seen.features, memory['features'], dim=-1)
        spatial = torch.sigmoid((seen.logits.abs() * moved).amax(dim=-1))
        return temporal * spatial, {'proposed': seen.proposed, 'features': seen.features}


@dataclass(frozen=True)
class Memix(UpdateRule):
    """Another rule, with the highest-scoring tokens left unwritten (MeMix, arXiv 2603.15330)."""

    rule: UpdateRule
    written: float = parameter(708 / 768, 0.0, 1.0, 'share of the tokens that are written')

    @property
    def name(self) -> str:
        """Return the inner rule's name with the suffix."""
        return self.rule.name + MEMIX_SUFFIX

    @property
    def statistics(self) -> frozenset[str]:
        """Return what the inner rule needs."""
        return self.rule.statistics

    @property
    def memory(self) -> dict[str, str]:
        """Return what the inner rule keeps."""
        return self.rule.memory

    def gate(self, seen, memory):
        """See UpdateRule."""
        gate, memory = self.rule.gate(seen, memory)
        score = seen.proposed @ seen.embedded.mean(dim=0)
        lowest = score.argsort()[:round(self.written * len(score))]
        return torch.zeros_like(gate).index_copy(0, lowest, gate[lowest]), memory


RULES: dict[str, type[UpdateRule]] = {rule.name: rule for rule in (
    Cut3r,
    Ttt3r,
    Constant,
    PerFrame,
    Filt3r,
    Ttsa3r,
)}


def make_rule(name: str, options: dict[str, float] | None = None) -> UpdateRule:
    """Build the rule called name, `+memix` behind it for the modifier.

    options: values of parameters by 'rule.parameter', e.g. 'constant.share'; those of other rules are passed over.
    Raises UpdateRuleError for an unknown rule, parameter, or value.
    """
    base, plus, modifier = name.partition('+')
    if base not in RULES or (plus and '+' + modifier != MEMIX_SUFFIX):
        raise UpdateRuleError(f'unknown update rule {name!r}: take one of {", ".join(RULES)}, '
                              f'each with {MEMIX_SUFFIX} behind it if wanted')
    options = dict(options or {})
    for key in options:
        if key not in rule_parameters():
            raise UpdateRuleError(f'unknown parameter {key!r}: there are {", ".join(rule_parameters())}')

    def given(group: str) -> dict[str, float]:
        return {key.partition('.')[2]: value for key, value in options.items() if key.startswith(group + '.')}

    rule = RULES[base](**given(base))
    return Memix(rule, **given('memix')) if plus else rule


def rule_parameters() -> dict[str, dict]:
    """Return every rule's parameters by 'rule.parameter': default, low, high and text of each."""
    groups = RULES | {MEMIX_SUFFIX.lstrip('+'): Memix}
    return {f'{group}.{f.name}': {'default': f.default, **f.metadata}
            for group, rule in groups.items() for f in fields(rule) if f.metadata}
