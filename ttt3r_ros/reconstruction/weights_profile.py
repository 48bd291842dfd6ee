# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint says of itself: the settings that it goes best with, and which pictures it was trained on.

It stands in FILE.profile.json beside the weights, or else in their metadata (model/checkpoint.py), as JSON:

    {"settings": {"reset_policy": "interval", "reset_interval": 16, "segment_alignment": "se3",
                  "step_source": "images"},
     "trained_on": {"synthetic": true, "fields_of_view": [55, 80], "aspects": [1.3333], "steps_m": [0.05, 0.14],
                    "steps_deg": [0, 8], "confidence": 9.0}}

Every key may be left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ttt3r_ros.model.checkpoint import read_profile
from ttt3r_ros.reconstruction.preprocess import nearest
from ttt3r_ros.reconstruction.reset_policy import POLICIES, ResetPolicy, ResetPolicyError, make_reset_policy
from ttt3r_ros.reconstruction.trajectory import ALIGNMENTS, STEP_SOURCES

AUTO = 'auto'
AUTO_INTERVAL = 0
SETTINGS = ('reset_policy', 'reset_interval', 'segment_alignment', 'step_source')
FAMILIAR = 0.45  # of the confidence in training; synthetic worlds had .53 to 1.1, two real films .29 and .40
SAME_ASPECT = 0.03  # relative: as much as rounding to whole patches makes of one


class WeightsProfileError(ValueError):
    """A profile that cannot be understood; the message names it and the remedy."""


@dataclass(frozen=True)
class SegmentSettings:
    """When a segment ends, how the next is chained, and what says how the camera goes on in it.

    As the node's parameters of these names say it.

    told: where the automatic ones among them come from, for a log; empty if there were none.
    """

    reset_policy: str = 'never'
    reset_interval: int = 100
    segment_alignment: str = 'sim3'
    step_source: str = 'model'
    told: str = field(default='', compare=False)

    def __post_init__(self) -> None:
        """Refuse what no reconstruction can run with. Raises ResetPolicyError."""
        if self.reset_policy not in POLICIES:
            raise ResetPolicyError(f'reset_policy {self.reset_policy!r} is unknown: take one of {", ".join(POLICIES)}')
        if type(self.reset_interval) is not int or self.reset_interval < 2:
            raise ResetPolicyError(f'reset_interval {self.reset_interval} is not possible: take {AUTO_INTERVAL} '
                                   '(automatic), or at least 2 frames')
        if self.segment_alignment not in ALIGNMENTS:
            raise ResetPolicyError(f'segment_alignment {self.segment_alignment!r} is unknown: take one of '
                                   f'{", ".join(ALIGNMENTS)}')
        if self.step_source not in STEP_SOURCES:
            raise ResetPolicyError(f'step_source {self.step_source!r} is unknown: take one of '
                                   f'{", ".join(STEP_SOURCES)}')

    def __str__(self) -> str:
        """Return it as a log tells it."""
        interval = f' every {self.reset_interval} frames' if self.reset_policy == 'interval' else ''
        return f'reset {self.reset_policy}{interval}, {self.segment_alignment}, steps of {self.step_source}'

    def policy(self) -> ResetPolicy:
        """Return a reset policy of its own."""
        return make_reset_policy(self.reset_policy, self.reset_interval)

    def options(self) -> dict[str, Any]:
        """Return what a Reconstructor takes these settings as, by keyword."""
        return {'alignment': self.segment_alignment, 'step_source': self.step_source, 'policy': self.policy()}

    def same_as(self, other: SegmentSettings) -> bool:
        """Say whether both make the same path; an interval counts where the policy is one alone."""
        return (self.reset_policy, self.segment_alignment, self.step_source) == (
            other.reset_policy, other.segment_alignment, other.step_source) and (
            self.reset_policy != 'interval' or self.reset_interval == other.reset_interval)


@dataclass(frozen=True)
class TrainedOn:
    """The pictures that weights have seen, None where nobody says.

    synthetic: rendered ones alone. fields_of_view: least and most, degrees across the image. aspects: width over
    height, each that there was. steps_m, steps_deg: least and most of what is usual between two frames. confidence:
    what the weights answer in the median to such pictures, above 1.
    """

    synthetic: bool | None = None
    fields_of_view: tuple[float, float] | None = None
    aspects: tuple[float, ...] | None = None
    steps_m: tuple[float, float] | None = None
    steps_deg: tuple[float, float] | None = None
    confidence: float | None = None

    @classmethod
    def read(cls, values: dict[str, Any]) -> TrainedOn:
        """Return what JSON says. Raises TypeError or ValueError."""
        found = cls(**values)
        if found.synthetic not in (None, True, False):
            raise ValueError('synthetic must be true or false')
        if found.confidence is not None and not 1 < found.confidence < math.inf:
            raise ValueError(f'confidence must be above 1, not {found.confidence}')
        return cls(found.synthetic, *(_numbers(name, getattr(found, name), name != 'aspects')
                                      for name in ('fields_of_view', 'aspects', 'steps_m', 'steps_deg')),
                   confidence=found.confidence)


@dataclass(frozen=True)
class Source:
    """Pictures that weights are to be used on, None where unknown: as in TrainedOn, steps and confidence the median."""

    aspect: float | None = None
    field_of_view: float | None = None
    synthetic: bool | None = None
    step_m: float | None = None
    step_deg: float | None = None
    confidence: float | None = None


    def cut_to(self, aspects: Sequence[float]) -> Source:
        """Return what of the pictures is left where they are cut to the nearest of aspects; as they are for none."""
        if not aspects or self.aspect is None:
            return self
        aspect = nearest(self.aspect, aspects)
        view = self.field_of_view
        if view is not None and aspect < self.aspect:
            view = math.degrees(2 * math.atan(math.tan(math.radians(view) / 2) * aspect / self.aspect))
        return replace(self, aspect=aspect, field_of_view=view)


@dataclass(frozen=True)
class Familiarity:
    """What of a source is as in training, what is not, and what cannot be told: reasons in a few words each."""

    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class WeightsProfile:
    """settings: those that the weights ask for, by the parameters' names. where: what says so; empty if nothing does.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    trained_on: TrainedOn = TrainedOn()
    where: str = ''


def load_profile(weights: str) -> WeightsProfile:
    """Return what the weights, as the parameter of that name has them, say of themselves.

    Raises CheckpointError or WeightsProfileError if that cannot be read.
    """
    text, where = read_profile(weights)
    if not where:
        return WeightsProfile()
    try:
        values = json.loads(text)
        settings, trained_on = values.get('settings', {}), TrainedOn.read(values.get('trained_on', {}))
        if unknown := (values.keys() - {'settings', 'trained_on'}) | (settings.keys() - set(SETTINGS)):
            raise ValueError(f'{", ".join(map(repr, sorted(unknown)))} is not known')
        SegmentSettings(**settings)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise WeightsProfileError(f'{where} cannot be read as what the weights ask for ({error}): mend it, or remove '
                                  'it') from error
    return WeightsProfile(settings, trained_on, where)


def resolve(profile: WeightsProfile, reset_policy: str = AUTO, reset_interval: int = AUTO_INTERVAL,
            segment_alignment: str = AUTO, step_source: str = AUTO) -> SegmentSettings:
    """Return the settings in force: automatic values are the profile's, or without one never, 100, sim3 and model.

    The one place where that is decided, for the node and every command. Raises ResetPolicyError.
    """
    given = dict(zip(SETTINGS, (reset_policy, reset_interval, segment_alignment, step_source), strict=True))
    automatic = [name for name, value in given.items() if value in (AUTO, AUTO_INTERVAL)]
    asked = {name: profile.settings[name] for name in automatic if name in profile.settings}
    chosen = replace(SegmentSettings(), **{k: v for k, v in given.items() if k not in automatic}, **asked)
    left = {name: getattr(chosen, name) for name in automatic if name not in asked}
    told = [f'{", ".join(f"{name} {value}" for name, value in part.items())} {whence}'
            for part, whence in ((asked, f'from {profile.where}'), (left, 'as the weights do not say')) if part]
    return replace(chosen, told='; '.join(told))


def compare(trained_on: TrainedOn, source: Source) -> Familiarity:
    """Say what of the source the weights have seen in training, what they have not, and what is not known."""
    inside, outside, unknown = [], [], []

    def judge(what: str, value: float | None, seen: tuple[float, ...] | None, unit: str, slack: float = 0.0) -> None:
        if seen is None:
            unknown.append(f'which {what}s the weights were trained on')
        elif value is None:
            unknown.append(f'the {what}')
        else:
            low, high = min(seen), max(seen)
            fits = low * (1 - slack) <= value <= high * (1 + slack)
            span = f'{low:.3g}' if high == low else f'{low:.3g} to {high:.3g}'
            (inside if fits else outside).append(f'{what} {value:.3g}{unit}, in training {span}{unit}')

    if trained_on.synthetic is None:
        unknown.append('whether the weights have seen real pictures')
    elif source.synthetic is None:
        unknown.append('whether the pictures are real')
    elif source.synthetic or not trained_on.synthetic:
        inside.append(f'{"synthetic" if source.synthetic else "real"} pictures')
    else:
        outside.append('real pictures, in training synthetic ones alone')
    judge('aspect', source.aspect, trained_on.aspects, '', SAME_ASPECT)
    judge('field of view', source.field_of_view, trained_on.fields_of_view, '°')
    judge('step', source.step_m, trained_on.steps_m, ' m')
    judge('turn', source.step_deg, trained_on.steps_deg, '°')
    if trained_on.confidence is not None and source.confidence is not None:
        # It is 1 + exp of what the head says, so factors above 1 are what count.
        value, usual = source.confidence - 1, trained_on.confidence - 1
        (inside if value >= FAMILIAR * usual else outside).append(
            f'confidence {source.confidence:.2g}, in training {trained_on.confidence:.2g}')
    return Familiarity(tuple(inside), tuple(outside), tuple(unknown))


def _numbers(name: str, values: Any, is_range: bool) -> tuple[float, ...] | None:
    if values is None:
        return None
    numbers = tuple(float(value) for value in values)
    if not numbers or not all(math.isfinite(n) and n >= 0 for n in numbers) or (
            is_range and (len(numbers) != 2 or numbers[0] > numbers[1])):
        raise ValueError(f'{name} must be {"a least and a most" if is_range else "numbers"}, not {values}')
    return numbers
