# SPDX-License-Identifier: Apache-2.0
"""Changes one line of the product at a time and asks whether a test that belongs to its file sees it.

    make mutants [COUNT=200] [SEED=1] [FILES=ros/worker.py]

A run goes on where the last one stopped: each verdict is a line of OUT, and a mutant that has one is left out. The
sample is the same as long as the code is; where lines are added, most of it.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ('reconstruction', 'ros', 'model')
BELONGS = json.loads(Path(__file__).with_name('belongs.json').read_text())
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
               ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
              ast.Mod: ast.Mult, ast.Pow: ast.Mult}
TOLD = ('debug', 'info', 'warning', 'error', 'fatal', 'exception')  # a call that only logs is no mutant
SLOWEST = 4.0  # times the untouched run, and at least:
LEAST_S = 90.0


@dataclass(frozen=True)
class Mutant:
    """One change: file under ttt3r_ros/, line, the text before and after; column and end are of the text before.

    number: how many changes of the same text are before it in the file.
    """

    file: str
    line: int
    column: int
    end: tuple[int, int]
    before: str
    after: str
    number: int = 0

    @property
    def name(self) -> str:
        """What tells it from others, also after lines above it have moved."""
        return f'{self.file}: {self.before} -> {self.after} #{self.number}'

    def rank(self, seed: int) -> str:
        """Return its place among all, at random."""
        return sha256(f'{seed} {self.name}'.encode()).hexdigest()


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    def with_(**fields) -> ast.AST:
        changed = copy.deepcopy(node)
        for name, value in fields.items():
            setattr(changed, name, value)
        return changed

    match node:
        case ast.Compare(ops=[first, *rest]) if type(first) in COMPARISONS:
            yield with_(ops=[COMPARISONS[type(first)](), *rest])
        case ast.BinOp(op=op) if type(op) in ARITHMETIC and not isinstance(node.left, ast.Constant | ast.JoinedStr):
            yield with_(op=ARITHMETIC[type(op)]())
        case ast.BoolOp(op=op):
            yield with_(op=ast.And() if isinstance(op, ast.Or) else ast.Or())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield with_(value=not value)
        case ast.Constant(value=int(value) | float(value)):
            yield with_(value=value + 1)
        case ast.IfExp(body=body, orelse=other):
            yield with_(body=other, orelse=body)
        case ast.Expr(value=ast.Call(func=func)) if not (isinstance(func, ast.Attribute) and func.attr in TOLD):
            yield ast.Pass()
        case ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Return a file's mutants in the order of its lines; annotations and docstrings are left alone."""
    found: list[Mutant] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr):  # words, whose places in the source older Pythons do not know
            return
        for after in changes(node):
            found.append(Mutant(file, node.lineno, node.col_offset, (node.end_lineno, node.end_col_offset),
                                ast.get_source_segment(source, node), ast.unparse(ast.fix_missing_locations(after))))
        for field, value in ast.iter_fields(node):
            if field in ('annotation', 'returns'):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    visit(child)

    visit(ast.parse(source))
    found.sort(key=lambda mutant: (mutant.line, mutant.column, mutant.after))
    seen: Counter = Counter()
    for i, mutant in enumerate(found):
        found[i] = replace(mutant, number=seen[mutant.before, mutant.after])
        seen[mutant.before, mutant.after] += 1
    return found


def mutated(mutant: Mutant, source: str) -> str:
    """Return the file's text with the change in it."""
    lines = source.encode().splitlines(keepends=True)
    first, last, column = mutant.line - 1, mutant.end[0] - 1, mutant.end[1]
    text = lines[first][:mutant.column] + f'({mutant.after})'.encode() + lines[last][column:]
    if mutant.after == 'pass' or mutant.before.startswith(('self.', 'raise')):
        text = lines[first][:mutant.column] + mutant.after.encode() + lines[last][column:]
    return b''.join([*lines[:first], text, *lines[last + 1:]]).decode()


def tests_of(file: str) -> list[str]:
    """Return pytest's arguments for the tests that belong to a file, those that tell fastest first."""
    for pattern, tests in BELONGS.items():
        if fnmatch(file, pattern):
            return tests.split()
    raise SystemExit(f'belongs.json: no line for {file}')


class Trial:
    """A copy of the tree, in which one file at a time is changed."""

    def __init__(self, folder: Path) -> None:
        """Copy what git knows of."""
        self._folder = folder
        known = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, check=True, text=True).stdout
        for name in filter(None, known.split('\0')):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        self._environment = os.environ | {
            'PYTHONPATH': f'{folder}{os.pathsep}{os.environ.get("PYTHONPATH", "")}', 'PYTHONDONTWRITEBYTECODE': '1'}
        self._quiet: dict[tuple[str, ...], float] = {}

    def mutants(self, pattern: str) -> list[Mutant]:
        """Return all mutants of the files whose names match."""
        files = sorted(path for package in PACKAGES for path in (self._folder / 'ttt3r_ros' / package).glob('*.py'))
        return [mutant for path in files if fnmatch(f'{path.parent.name}/{path.name}', pattern)
                for mutant in mutants_of(f'{path.parent.name}/{path.name}', path.read_text())]

    def tests(self, arguments: list[str], limit_s: float | None = None) -> int | None:
        """Run pytest; return its exit code, None if it took too long."""
        process = subprocess.Popen(
            [sys.executable, '-m', 'pytest', '-x', '-q', '-p', 'no:cacheprovider', *arguments], cwd=self._folder,
            env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def judge(self, mutant: Mutant) -> str:
        """Return 'caught', 'survived' or 'too slow'. Ends the program where the tests fail without the change."""
        arguments = tests_of(mutant.file)
        if tuple(arguments) not in self._quiet:
            began = time.monotonic()
            if self.tests(arguments) != 0:
                raise SystemExit(f'the tests of {mutant.file} fail before anything is changed: {" ".join(arguments)}')
            self._quiet[tuple(arguments)] = time.monotonic() - began
        path = self._folder / 'ttt3r_ros' / mutant.file
        untouched = path.read_text()
        path.write_text(mutated(mutant, untouched))
        try:
            code = self.tests(arguments, max(LEAST_S, SLOWEST * self._quiet[tuple(arguments)]))
        finally:
            path.write_text(untouched)
        return {0: 'survived', None: 'too slow'}.get(code, 'caught')


def main() -> int:
    """Judge a random sample; write each verdict as it comes, then the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--count', type=int, default=200)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--files', default='*', help='pattern of the files to change, such as ros/*.py')
    parser.add_argument('--out', type=Path, default=ROOT / 'out' / 'mutants.jsonl')
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    verdicts = {}
    if options.out.exists():
        verdicts = {line['name']: line['verdict'] for line in map(json.loads, options.out.read_text().splitlines())}
    with tempfile.TemporaryDirectory() as folder, options.out.open('a') as out:
        trial = Trial(Path(folder))
        every = trial.mutants(options.files)
        sample = sorted(every, key=lambda mutant: mutant.rank(options.seed))[:options.count]
        print(f'{len(sample)} of {len(every)} mutants, seed {options.seed}; {options.out}', flush=True)
        for mutant in sorted(sample, key=lambda mutant: (mutant.file, mutant.line)):
            if mutant.name in verdicts:
                continue
            verdict = verdicts[mutant.name] = trial.judge(mutant)
            print(f'{verdict:9} {mutant.file}:{mutant.line}: {mutant.before} -> {mutant.after}', flush=True)
            out.write(json.dumps({'name': mutant.name, 'verdict': verdict, **asdict(mutant)}) + '\n')
            out.flush()
    judged = Counter(verdicts[mutant.name] for mutant in sample)
    caught = judged['caught'] / max(1, len(sample) - judged['too slow'])
    print(f'caught {judged["caught"]}, survived {judged["survived"]}, too slow {judged["too slow"]}: {caught:.0%} of '
          'those that ended')
    return 0


if __name__ == '__main__':
    sys.exit(main())
