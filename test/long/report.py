# SPDX-License-Identifier: Apache-2.0
"""What a soak has seen: a line a second, a table by phase, and whether the bars are held."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from disturbances import QUIET, TOGETHER
from rich.table import Table
from vitals import Vitals

from ttt3r_ros.cli.tables import write_table
from ttt3r_ros.evaluation.restarts import RIGHT_DEG, RIGHT_M

WIDTH = 190
GROWTH, TIMES_QUIET, CALL_MS = 0.02, 6.0, 100.0  # the bars
WARM_UP, LAST = 'warm-up', 'last'
COUNTED = ('answered', 'withheld lost', 'dropped overrun', 'dropped stamp', 'dropped invalid', 'dropped nonfinite',
           'dropped device', 'skipped lazy')
LOST = 'lost in transport'


@dataclass
class Phase:
    """One phase of a life: images by what became of them, milliseconds from sending to pose, of calls, and vitals."""

    name: str
    round: str
    life: int
    seconds: float
    sent: int
    counts: dict[str, int]
    latencies: Sequence[float]
    calls: Sequence[float]
    unanswered: int
    failures: Counter[str]
    wrong: Counter[str]
    off: int
    steps: int
    vitals: list[Vitals]


@dataclass
class Restarts:
    """Of those after kill -9: how many, what became of them, metres and degrees of error, seconds to an answer."""

    outcomes: Counter[str] = field(default_factory=Counter)
    errors: list[tuple[float, float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class Report:
    """Collects, writes samples.csv as it goes, and table.txt."""

    def __init__(self, folder: Path) -> None:
        """Begin the files of a folder. Raises OSError."""
        self._folder = folder
        self._samples = (folder / 'samples.csv').open('w', newline='', buffering=1)
        self._rows = csv.writer(self._samples)
        self._rows.writerow(('life', 'round', 'phase', 'monotonic_s', 'resident_mib', 'descriptors', 'threads',
                             'cpu_s'))
        self.phases: list[Phase] = []
        self.unaccounted: list[int] = []  # of each life: images that are in no count
        self.restarts = {True: Restarts(), False: Restarts()}  # by whether the camera stood
        self.call_ms: list[float] = []  # of parameter calls with a step in hand

    @property
    def killed(self) -> int:
        """How many restarts have been judged."""
        return sum(len(told.seconds) for told in self.restarts.values())

    def sample(self, life: int, number: str, name: str, vitals: Vitals) -> None:
        """Write a line."""
        self._rows.writerow((life, number, name, f'{vitals.at:.1f}', f'{vitals.resident:.1f}', vitals.descriptors,
                             vitals.threads, f'{vitals.cpu:.2f}'))

    def restarted(self, still: bool, outcome: str, seconds: float, error: tuple[float, float] | None) -> None:
        """Take one restart; error where it went on."""
        told = self.restarts[still]
        wrong = error is not None and (error[0] > RIGHT_M or error[1] > RIGHT_DEG)
        told.outcomes[f'{outcome}, wrong' if wrong else outcome] += 1
        told.seconds.append(seconds)
        if error is not None:
            told.errors.append(error)

    def write(self) -> None:
        """Write table.txt as far as it goes."""
        write_table(self._folder, self.table(), width=WIDTH)
        with (self._folder / 'table.txt').open('a') as file:
            file.writelines(f'{line}\n' for line in self.lines())

    def table(self) -> Table:
        """Return a row a phase, over all rounds but the warm-up."""
        table = Table(title='soak', caption='latency: from sending an image to hearing its pose; off: steps told ok '
                      f'that are {RIGHT_M} m or {RIGHT_DEG:.0f}° from the truth')
        for head in ('phase', 'min', 'sent', 'answered', 'overrun', 'stamp', 'lost, counted', 'withheld', 'p50 ms',
                     'p95', 'p99', 'MiB', 'fds', 'threads', 'CPU', 'calls', 'p99 ms', 'failed', 'wrong', 'off'):
            table.add_column(head, justify='left' if head == 'phase' else 'right')
        for name in dict.fromkeys(phase.name for phase in self.phases):
            rows = [p for p in self.phases if p.name == name and p.round != WARM_UP]
            if not rows:
                continue
            seconds = sum(p.seconds for p in rows)
            counts = sum((Counter(p.counts) for p in rows), Counter())
            last = rows[-1].vitals[-1]
            calls = _percentiles([ms for p in rows for ms in p.calls])
            table.add_row(
                name, f'{seconds / 60:.1f}', *(str(n) for n in (
                    sum(p.sent for p in rows), counts['answered'], counts['dropped overrun'], counts['dropped stamp'],
                    counts[LOST], counts['withheld lost'])),
                *(f'{v:.0f}' for v in _percentiles([ms for p in rows for ms in p.latencies])),
                f'{last.resident:.0f}', str(last.descriptors), str(last.threads),
                f'{sum(p.vitals[-1].cpu - p.vitals[0].cpu for p in rows) / seconds:.0%}',
                str(sum(len(p.calls) for p in rows)), f'{calls[2]:.0f}',
                str(sum(p.unanswered + p.failures.total() for p in rows)), str(sum(p.wrong.total() for p in rows)),
                f'{sum(p.off for p in rows)} of {sum(p.steps for p in rows)}')
        return table

    def lines(self) -> Iterator[str]:
        """Yield what the table has no room for, and the bars."""
        for phase in self.phases:
            for kind, found in (('wrong', phase.wrong), ('failed', phase.failures)):
                yield from (f'{phase.name} ({phase.round}): {kind} {n} times: {what}' for what, n in found.items())
        for still, told in self.restarts.items():
            if told.seconds:
                errors = np.array(told.errors).reshape(-1, 2)
                off = f', off by {np.median(errors[:, 0]):.2f} m and {np.median(errors[:, 1]):.1f}° in the median, ' \
                      f'{errors[:, 0].max():.2f} m and {errors[:, 1].max():.1f}° at worst' if len(errors) else ''
                yield (f'kill -9 while the camera {"stood still" if still else "went on"}: {len(told.seconds)}, '
                       f'{", ".join(f"{n} {what}" for what, n in told.outcomes.items())}{off}; first answer after '
                       f'{np.median(told.seconds):.1f} s in the median, {max(told.seconds):.1f} s at worst')
        for held, text in self.verdicts():
            yield f'{"held" if held else "NOT HELD"}: {text}'

    def verdicts(self) -> Iterator[tuple[bool, str]]:
        """Yield of each bar that could be judged whether it is held, and the numbers."""
        counted = [p for p in self.phases if p.round != WARM_UP]
        for life in sorted({p.life for p in counted}):
            rests = [p for p in counted if p.life == life and p.name == QUIET]
            first, last = (float(np.mean([v.resident for v in p.vitals])) for p in (rests[0], rests[-1]))
            if len(rests) > 1:
                yield last <= (1 + GROWTH) * first, (
                    f'resident memory {first:.1f} -> {last:.1f} MiB ({last / first - 1:+.1%}) from the first to the '
                    'last quiet phase')
            slowest, name = max((_percentiles(p.latencies)[2], p.name) for p in counted
                                if p.life == life and p.name != TOGETHER)
            median = _percentiles(rests[0].latencies)[0]
            yield slowest <= TIMES_QUIET * median, (
                f'p99 of latency {slowest:.0f} ms at most ({name}), {slowest / median:.1f} times the {median:.0f} ms '
                f'of a quiet phase; {TOGETHER} are more than any bar is for')
        for lost in self.unaccounted:
            yield lost == 0, f'{lost} images of a life are in no count'
        wrong = sum(p.wrong.total() for p in self.phases)
        yield wrong == 0, f'{wrong} answers that must not be'
        failed = sum(p.unanswered + p.failures.total() for p in self.phases)
        yield failed == 0, f'{failed} of {sum(len(p.calls) for p in self.phases)} calls without a right reply'
        for still, told in self.restarts.items():
            bad = sum(n for what, n in told.outcomes.items() if 'wrong' in what or what in ('silent', 'damaged'))
            if told.seconds:
                yield bad == 0, f'{bad} of {len(told.seconds)} restarts wrong, camera {"still" if still else "moving"}'
        if self.call_ms:
            yield max(self.call_ms) <= CALL_MS, (
                f'a parameter call with a step in hand: {np.median(self.call_ms):.0f} ms in the median, '
                f'{max(self.call_ms):.0f} ms at most of {len(self.call_ms)}')


def _percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    return tuple(np.percentile(values, (50, 95, 99))) if len(values) else (float('nan'),) * 3
