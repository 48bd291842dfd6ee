# SPDX-License-Identifier: Apache-2.0
"""What the node counts, and what it tells /diagnostics once a second."""

from __future__ import annotations

import resource
import time
from collections import deque
from dataclasses import dataclass

import torch
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.lifecycle import LifecycleNode

from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState
from ttt3r_ros.ros.cpu_shortage import CpuShortage
from ttt3r_ros.ros.silence import TURN_S
from ttt3r_ros.sequences.stamps import in_seconds

SILENCE_S = 2.0
RESERVED = 'GPU reserved at most (MiB)'
CPU_SHORT = 0.1  # of a second that a thread has waited for a core: at 30 Hz images come every 0.03 s
LEVELS = {TrackingState.OK: DiagnosticStatus.OK, TrackingState.INITIALISING: DiagnosticStatus.WARN,
          TrackingState.DEGRADED: DiagnosticStatus.WARN, TrackingState.LOST: DiagnosticStatus.ERROR}


@dataclass
class Counters:
    """Images since configuration, by what became of them. Each field is written by one thread only."""

    received: int = 0
    answered: int = 0
    dropped_overrun: int = 0
    dropped_stamp: int = 0
    dropped_invalid: int = 0
    dropped_nonfinite: int = 0
    withheld_lost: int = 0
    lost_in_transport: int = 0
    skipped_lazy: int = 0
    dropped_device: int = 0


class SequenceGaps:
    """Counts messages that a publisher numbered and we never saw. unheard: how many were sent before the first that we
    have just seen, 0 if it is not the first: before we listened, or before DDS had the two meet."""

    def __init__(self) -> None:
        """Start with no message seen."""
        self._last: int | None = None
        self.unheard = 0
        self._senders: frozenset[bytes] = frozenset()

    def lost(self, number: int | None) -> int:
        """Return how many are missing before this publication number; 0 where the middleware gives none."""
        if not number:
            return 0
        last, self._last = self._last, number
        self.unheard = number - 1 if last is None else 0
        return number - last - 1 if last is not None and number > last else 0

    def follow(self, senders: frozenset[bytes]) -> bool:
        """Take who publishes now; say whether they are all others than before, whose numbers are not to be compared."""
        others = bool(senders and self._senders) and not senders & self._senders
        self._senders = senders or self._senders
        if others:
            self._last = None
        return others


@dataclass
class Health:
    """What the last frames looked like, for the report; written by the executor and the inference thread."""

    last_image: float | None = None  # time.monotonic() seconds
    silence: float = 0.0  # seconds without one, see Silence
    last_inference_ms: float | None = None
    unreadable: str | None = None  # why the last image that could not be read could not
    not_finite: str | None = None  # what was not finite in the last prediction that was not
    publishers: int = 0  # of images
    broken_promise: str | None = None  # of the camera's rate, see Promise
    stamps: str | None = None  # why the last image was dropped by its stamp
    no_pose: str | None = None  # why the last frame that was answered has points but no pose
    strange: str | None = None  # in what the last images are unlike those that the weights have seen
    tracking: Tracking | None = None  # of the last frame
    resting: bool = False  # the last image was left out, as nobody listens


class Diagnostics:
    """Publishes the node's health on /diagnostics."""

    def __init__(self, node: LifecycleNode, counters: Counters, health: Health, device: str,
                 constant: dict[str, str], trained: bool, camera: str = '') -> None:
        """Take what to watch, of one camera; `constant` are values that stay as they are."""
        self._node = node
        self._counters = counters
        self._health = health
        self._device = device
        self._constant = constant
        self._trained = trained
        self._name = f"{node.get_fully_qualified_name().lstrip('/')}: {f'{camera} ' if camera else ''}"
        self._previous: Counters = Counters()
        self._cpu = CpuShortage()
        self._at = time.monotonic()
        self._turns: deque[float] = deque([0.0], 2)  # seconds from a report to the next: a loss is counted after it
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def publish(self, active: bool, input_topic: str, input_problem: str | None, state: dict[str, str],
                unsaved: str | None) -> None:
        """Report once: `input_problem` says why no images come, `state` are values that change, `unsaved` why the last
        autosave failed.
        """
        now = time.monotonic()
        self._turns.append(now - self._at)
        self._at = now
        idle = 'not active' if not active else 'at rest: nobody listens (lazy)' if self._health.resting else None
        array = DiagnosticArray(status=[self._input(active, input_topic, input_problem), self._tracking(idle),
                                        self._inference(idle, state), self._memory(unsaved)])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
        self._previous = Counters(**vars(self._counters))

    def age(self) -> float | None:
        """Return seconds since the last image, None before the first."""
        last = self._health.last_image
        return None if last is None else time.monotonic() - last

    def destroy(self) -> None:
        """Take the publisher off the node."""
        self._node.destroy_publisher(self._publisher)

    def _input(self, active: bool, topic: str, problem: str | None) -> DiagnosticStatus:
        counters, before, age, short = self._counters, self._previous, self.age(), self._cpu.share()
        level, text = DiagnosticStatus.OK, f'images arrive on {topic}'
        if not active:
            text = 'not active'
        elif age is None or self._health.silence > SILENCE_S:
            level, text = DiagnosticStatus.WARN, problem or f'no image on {topic}'
        elif counters.lost_in_transport > before.lost_in_transport:
            level, text = DiagnosticStatus.WARN, self._why_lost(short, max(self._turns))
        elif self._health.broken_promise:
            level, text = DiagnosticStatus.WARN, self._health.broken_promise
        elif (bad := counters.dropped_invalid - before.dropped_invalid):
            level, text = DiagnosticStatus.WARN, f'{bad} image(s) could not be read: {self._health.unreadable}'
        elif (bad := counters.dropped_stamp - before.dropped_stamp):
            level, text = DiagnosticStatus.WARN, f'{bad} image(s) dropped: {self._health.stamps}'
        values = {'rate (Hz)': str(counters.received - before.received),
                  'age of last image (s)': 'none' if age is None else f'{age:.2f}',
                  **{name.replace('_', ' '): str(value) for name, value in vars(counters).items()}}
        if self._health.publishers > 1:
            values['lost in transport'] += f' before, now unknown: {self._health.publishers} publishers'
            if level == DiagnosticStatus.OK:
                level, text = DiagnosticStatus.WARN, f'{self._health.publishers} publishers send images on {topic}'
        return self._status('input', level, text, values)

    @staticmethod
    def _why_lost(short: float | None, turn: float) -> str:
        if short is not None and short > CPU_SHORT:
            return (f'images are lost because the CPU is short: a thread of this node waited {short:.0%} of the last '
                    'second for a core; end what else runs, or lower the rate')
        if turn > TURN_S:
            return (f'images are lost because this node stood still for {turn:.1f} s: was its process stopped, or the '
                    'machine?')
        return 'images are lost on their way: see README, shared memory'

    def _tracking(self, idle: str | None) -> DiagnosticStatus:
        tracking, age = self._health.tracking, self.age()
        if idle is not None:
            return self._status('tracking', DiagnosticStatus.OK, idle, {})
        if tracking is None:
            return self._status('tracking', DiagnosticStatus.WARN, 'initialising: no image has been answered', {})
        state, since = tracking.state.value, tracking.since or 0
        level, text = LEVELS[tracking.state], f'{state}: {tracking.reason}' if tracking.reason else state
        if age is None or self._health.silence > SILENCE_S:
            level, text = max(level, DiagnosticStatus.WARN), f'{text}, at the last image'
        return self._status('tracking', level, text,
                            {'state': state, 'since stamp (s)': in_seconds(since),
                             'withheld': str(self._counters.withheld_lost)})

    def _inference(self, idle: str | None, state: dict[str, str]) -> DiagnosticStatus:
        level, text = DiagnosticStatus.OK, 'running'
        if idle is not None:
            text = idle
        elif self._counters.dropped_nonfinite > self._previous.dropped_nonfinite:
            level, text = DiagnosticStatus.ERROR, f'predictions are not finite: {self._health.not_finite}'
        elif self._health.no_pose:
            level, text = DiagnosticStatus.ERROR, f'no pose and no TF: {self._health.no_pose}'
        elif not self._trained:
            level, text = DiagnosticStatus.WARN, 'untrained weights: the poses mean nothing'
        elif self._health.strange:
            level, text = DiagnosticStatus.WARN, self._health.strange
        ms = self._health.last_inference_ms
        return self._status('inference', level, text,
                            {'last (ms)': 'none' if ms is None else f'{ms:.1f}', **self._constant, **state})

    def _memory(self, unsaved: str | None) -> DiagnosticStatus:
        values = {'peak resident (MiB)': str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)}
        if self._device.startswith('cuda'):
            values['GPU allocated (MiB)'] = str(torch.cuda.memory_allocated(self._device) >> 20)
            values[RESERVED] = str(torch.cuda.max_memory_reserved(self._device) >> 20)
        if unsaved is not None:
            return self._status('memory', DiagnosticStatus.ERROR, f'it is not saved: {unsaved}', values)
        return self._status('memory', DiagnosticStatus.OK, 'constant in the number of frames', values)

    def _status(self, part: str, level: bytes, text: str, values: dict[str, str]) -> DiagnosticStatus:
        return DiagnosticStatus(level=level, name=f'{self._name}{part}', message=text, hardware_id=self._device,
                                values=[KeyValue(key=key, value=value) for key, value in values.items()])
