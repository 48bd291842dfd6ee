# SPDX-License-Identifier: Apache-2.0
"""Changes one line of the product at a time and asks whether a test that belongs to its file sees it.

    make mutants [COUNT=200] [SEED=1] [FILES=ros/worker.py] [AGAIN=1]

A run goes on where the last one stopped: each verdict is a line of OUT, and a mutant that has one is left out. The
sample is the same as long as the code is; where lines are added, most of it. docs/testing.md says more.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path

from mutations import Mutant, function_at, mutants_of, mutated
from running import run_pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ('reconstruction', 'ros', 'model')
BELONGS = json.loads(Path(__file__).with_name('belongs.json').read_text())
ARGUED = json.loads(Path(__file__).with_name('argued.json').read_text())  # why no test is to catch it, by name
SLOWEST = 4.0  # times the untouched run, and at least:
LEAST_S = 90.0
CAUGHT, SURVIVED, TIMED_OUT, EQUIVALENT, OPEN = 'caught', 'survived', 'timed out', 'equivalent', 'not judged'
HEAD = 'verdict', 'mutant', 'by which test, or why not'


def tests_of(file: str) -> list[str]:
    """Return the files of tests that belong to a file."""
    for pattern, tests in BELONGS.items():
        if fnmatch(file, pattern):
            return tests.split()
    raise SystemExit(f'belongs.json: no line for {file}')


class Trial:
    """A copy of the tree, in which one file at a time is changed."""

    def __init__(self, folder: Path, durations: Path) -> None:
        """Copy what git knows of. durations: where it is kept what each file of tests takes and calls."""
        self._folder = folder
        known = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, check=True, text=True).stdout
        for name in filter(None, known.split('\0')):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        self._kept = durations
        self._known: dict[str, dict] = json.loads(durations.read_text()) if durations.exists() else {}

    def mutants(self, pattern: str) -> list[Mutant]:
        """Return all mutants of the files whose names match."""
        root = self._folder / 'ttt3r_ros'
        files = {str(path.relative_to(root)): path for package in PACKAGES for path in (root / package).rglob('*.py')}
        return [mutant for name, path in sorted(files.items()) if fnmatch(name, pattern)
                for mutant in mutants_of(name, path.read_text())]

    def judge(self, mutant: Mutant) -> tuple[str, str]:
        """Return what the tests say, and which one. Ends the program where they fail without the change."""
        files = tests_of(mutant.file)
        live = [file for file in files if file.startswith('test/ros/')]
        for together in ([file for file in files if file not in live], *([file] for file in live)):
            verdict, by = self._judge(mutant, together) if together else (SURVIVED, '')
            if verdict != SURVIVED:
                break
        return verdict, by

    def _judge(self, mutant: Mutant, files: list[str]) -> tuple[str, str]:
        for file in files:
            if file not in self._known:
                verdict, by = self._tests([file], None, watch=self._folder / 'watched.json')
                if verdict != SURVIVED:
                    raise SystemExit(f'{by or file} fails before anything is changed')
                self._known[file] = json.loads((self._folder / 'watched.json').read_text())
                self._kept.write_text(json.dumps(self._known, indent=0))
        path = self._folder / 'ttt3r_ros' / mutant.file
        untouched = path.read_text()
        tests = self._in_order(files, f'{mutant.file}:{function_at(untouched, mutant.line)}')
        path.write_text(mutated(mutant, untouched))
        try:
            return self._tests(tests, max(LEAST_S, SLOWEST * sum(self._known[file]['seconds'] for file in files)))
        finally:
            path.write_text(untouched)

    def _in_order(self, files: list[str], function: str) -> list[str]:
        """Return the tests of some files: first those that call a function, and of them and the others the quickest.

        Tests that share a node stand as they are.
        """
        if files[0].startswith('test/ros/'):
            return files
        files = sorted(files, key=lambda file: self._known[file]['seconds'])
        tests = [(function not in test['calls'], i, test['seconds'], name) for i, file in enumerate(files)
                 for name, test in self._known[file]['tests'].items()]
        return [name for *_, name in sorted(tests)]

    def _tests(self, tests: list[str], limit_s: float | None, watch: Path | None = None) -> tuple[str, str]:
        """Run pytest up to the first failure; return the verdict, and the test that failed."""
        with tempfile.TemporaryFile('w+') as told:
            process = run_pytest(self._folder, ['-x', '-q', '--tb=no', '-rfE', '-p', 'no:cacheprovider',
                                                '-m', 'not heavy and not slow', *tests], told.fileno(), watch)
            end = time.monotonic() + (limit_s or math.inf)
            try:
                while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
                    if time.monotonic() > end:
                        return TIMED_OUT, ''
                    time.sleep(0.05)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process, 0)
            if os.waitstatus_to_exitcode(ended[1]) == 0:
                return SURVIVED, ''
            told.seek(0)
            failed = re.search(r'^(?:FAILED|ERROR) (.*?)(?: - (.*))?$', told.read(), re.MULTILINE)
        if failed and (failed[2] or '').startswith('Failed: Timeout'):  # the limit of one test, not its judgement
            return TIMED_OUT, failed[1]
        return CAUGHT, failed[1] if failed else 'pytest itself'


def main() -> int:
    """Judge a random sample; write each verdict as it comes, then the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--count', type=int, default=200)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--files', default='*', help='pattern of the files to change, such as ros/*.py')
    parser.add_argument('--again', action='store_true', help='judge those that survived or timed out once more')
    parser.add_argument('--out', type=Path, default=ROOT / 'out' / 'mutants.jsonl')
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    judged: dict[str, list[dict]] = {}
    for line in options.out.read_text().splitlines() if options.out.exists() else []:
        verdict = json.loads(line)
        judged.setdefault(verdict['name'], []).append(verdict)
    with tempfile.TemporaryDirectory() as folder, options.out.open('a') as out:
        trial = Trial(Path(folder), options.out.with_suffix('.tests.json'))
        every = trial.mutants(options.files)
        sample = sorted(every, key=lambda mutant: mutant.rank(options.seed))[:options.count]
        # Those with quick tests first.
        sample.sort(key=lambda mutant: (tests_of(mutant.file)[0].startswith('test/ros/'), mutant.file, mutant.line))
        print(f'{len(sample)} of {len(every)} mutants, seed {options.seed}; {options.out}', flush=True)
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C: the table of those so far
            for mutant in sample:
                before = judged.setdefault(mutant.name, [])
                argued = any(mutant.name in names for names in ARGUED.values())
                if argued or before and not (options.again and before[-1]['verdict'] in (SURVIVED, TIMED_OUT)):
                    continue
                verdict, by = trial.judge(mutant)
                before.append({'name': mutant.name, 'verdict': verdict, 'by': by, **asdict(mutant)})
                print(f'{verdict:9} {mutant.file}:{mutant.line}: {mutant.before} -> {mutant.after}', flush=True)
                out.write(json.dumps(before[-1]) + '\n')
                out.flush()
    rows = sorted(row(mutant, judged.get(mutant.name, [])) for mutant in sample)
    options.out.with_suffix('.tsv').write_text(''.join('\t'.join(cells) + '\n' for cells in (HEAD, *rows)))
    print('\n'.join(summary(rows)))
    return 0


def row(mutant: Mutant, verdicts: list[dict]) -> tuple[str, ...]:
    """Return a mutant's line of the table: verdict, name, and by which test or why not."""
    name = ' '.join(mutant.name.split())
    for kind, names in ARGUED.items():
        if mutant.name in names:
            return EQUIVALENT if kind == EQUIVALENT else SURVIVED, name, names[mutant.name]
    return (verdicts[-1]['verdict'], name, verdicts[-1]['by']) if verdicts else (OPEN, name, '')


def summary(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the lines that sum up: all that no test caught by name, how many of each verdict, and the share."""
    lines = [f'{verdict}: {name}: {why or "nobody has looked at it"}' for verdict in (EQUIVALENT, TIMED_OUT, SURVIVED)
             for found, name, why in rows if found == verdict]
    counts = Counter(verdict for verdict, *_ in rows)
    ended = counts[CAUGHT] + counts[SURVIVED]
    return [*lines, ', '.join(f'{counts[verdict]} {verdict}' for verdict in (
        CAUGHT, SURVIVED, EQUIVALENT, TIMED_OUT, OPEN)),
            f'{counts[CAUGHT] / max(1, ended):.1%} of the {ended} that ended and could be caught']


if __name__ == '__main__':
    sys.exit(main())
