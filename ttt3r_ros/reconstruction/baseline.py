# SPDX-License-Identifier: Apache-2.0
"""What confidence and gate usually are, and when a frame's are not."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from ttt3r_ros.reconstruction.fields import MOST_FRAMES, FieldError, Fields

WINDOW = 60  # frames that a baseline is made of
FEWEST = 20  # frames in the baseline before anything is compared with it
FAR = 4.0  # robust standard deviations: a frame this far off is bad,
NEAR = 2.0  # and only one nearer than this ends a run of bad ones
GATE_FAR = 3.0
CONFIDENCE_FLOOR = 0.1  # smallest deviation of the logarithm: a tenth more or less confident is nothing
GATE_FLOOR = 0.02
COLLAPSE = 4.0  # the confidence above 1 falling by this factor is bad by itself
MOST_LOGARITHM = 1000.0  # of a confidence: exp is a float's largest below
MAD_TO_SIGMA = 1.4826  # of a normal distribution


class Baseline:
    """What confidence and gate usually are: median and MAD of the last WINDOW good frames of a segment."""

    def __init__(self) -> None:
        """Begin without a frame. bad: frames running that were bad."""
        self.bad = 0
        self._confidence: deque[float] = deque(maxlen=WINDOW)
        self._gate: deque[float] = deque(maxlen=WINDOW)
        self._best: float | None = None

    def judge(self, confidence: float, gate: float) -> str | None:
        """Take a frame's log_confidence and mean gate; return what is bad about it, or None and remember it."""
        reason = self._judge(confidence, gate)
        if reason is None:
            self._confidence.append(confidence)
            self._gate.append(gate)
        return reason

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON."""
        return {'confidence': list(self._confidence), 'gate': list(self._gate), 'best': self._best, 'bad': self.bad}

    @classmethod
    def read(cls, fields: Fields) -> Baseline:
        """Return what `state` told of. Raises FieldError for anything else."""
        found = cls()
        confidence, gate = (fields.numbers(name, WINDOW, MOST_LOGARITHM) for name in ('confidence', 'gate'))
        if len(confidence) != len(gate):
            raise FieldError(f'confidence has {len(confidence)} frames, and gate {len(gate)}')
        found._best = fields.none_or(fields.number, 'best', -MOST_LOGARITHM, MOST_LOGARITHM)
        found.bad = fields.whole('bad', 0, MOST_FRAMES)
        found._confidence, found._gate = deque(confidence, WINDOW), deque(gate, WINDOW)
        return found

    def _judge(self, confidence: float, gate: float) -> str | None:
        """Count the frame to the run of bad ones, or end the run; return what is bad about it."""
        if len(self._confidence) < FEWEST:
            return None
        usual, off = _deviation(self._confidence, confidence, CONFIDENCE_FLOOR)
        self._best = usual if self._best is None else max(self._best, usual)
        usual_gate, gate_off = _deviation(self._gate, gate, GATE_FLOOR)
        reason = None
        if confidence < self._best - np.log(COLLAPSE):
            reason = f'the confidence above 1 fell from {np.exp(self._best):.3g} to {np.exp(confidence):.3g}'
        elif off < -FAR and abs(gate_off) > GATE_FAR:
            reason = (f'the confidence above 1 is {np.exp(confidence):.3g}, usually {np.exp(usual):.3g}, with the '
                      f'gate at {gate:.2f}, usually {usual_gate:.2f}')
        if reason:
            self.bad += 1
        elif off > -NEAR:
            self.bad = 0
        return reason


def log_confidence(median: float) -> float:
    """Return the logarithm of a confidence above 1: it is 1 + exp of what the head says, so factors are what count."""
    return float(np.log(max(median - 1, 1e-6)))


def _deviation(window: Sequence[float], value: float, floor: float) -> tuple[float, float]:
    """Return the window's median and how many robust standard deviations the value lies above it."""
    values = np.asarray(window)
    median = np.median(values)
    sigma = MAD_TO_SIGMA * np.median(np.abs(values - median))
    return float(median), float((value - median) / max(sigma, floor))
