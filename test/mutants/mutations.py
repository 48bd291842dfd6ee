# SPDX-License-Identifier: Apache-2.0
"""Which changes of a source text there are: one operator, number, condition or statement each."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
               ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
              ast.Mod: ast.Mult, ast.Pow: ast.Mult}
TOLD = ('debug', 'info', 'warning', 'error', 'fatal', 'exception')  # a call that only logs is no mutant


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
    lines = source.encode().splitlines(keepends=True)

    def text_of(node: ast.AST) -> str:  # ast.get_source_segment splits the whole source again for each
        part = lines[node.lineno - 1:node.end_lineno]
        part[-1] = part[-1][:node.end_col_offset]
        part[0] = part[0][node.col_offset:]
        return b''.join(part).decode()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr):  # words, whose places in the source older Pythons do not know
            return
        for after in changes(node):
            found.append(Mutant(file, node.lineno, node.col_offset, (node.end_lineno, node.end_col_offset),
                                text_of(node), ast.unparse(ast.fix_missing_locations(after))))
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


def function_at(source: str, line: int) -> str:
    """Return the line with which the innermost function round a line begins, as its code object tells it; 0: none."""
    found = 0
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.body[0].lineno <= line <= node.end_lineno:
            found = max(found, min(part.lineno for part in (node, *node.decorator_list)))
    return str(found)
