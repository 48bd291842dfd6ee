# SPDX-License-Identifier: Apache-2.0
"""Read a pickle without running it.

A pickle is a program for a small stack machine, whose REDUCE, NEWOBJ and BUILD call whatever Python it names.
The machine here has no such calls. A name becomes a `Global`, which nobody looks up; applying one makes a
`Record` of what was applied to what. Only the constructors that the caller gives are called, by exact name.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_LITERALS = frozenset({
    'INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1', 'LONG4', 'FLOAT', 'BINFLOAT',
    'STRING', 'BINSTRING', 'SHORT_BINSTRING', 'UNICODE', 'SHORT_BINUNICODE', 'BINUNICODE', 'BINUNICODE8',
    'BINBYTES', 'SHORT_BINBYTES', 'BINBYTES8', 'BYTEARRAY8'})
_CONSTANTS = {'NONE': None, 'NEWTRUE': True, 'NEWFALSE': False, 'EMPTY_TUPLE': ()}
_CONTAINERS = {'EMPTY_LIST': list, 'EMPTY_DICT': dict, 'EMPTY_SET': list}
_PLAIN_KEYS = (str, bytes, int, float, type(None))


class UnreadablePickle(ValueError):
    """The pickle is cut off, damaged, or needs something that only running it could give."""


@dataclass(frozen=True)
class Global:
    """The name of something in Python, never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        """Return the dotted name."""
        return f'{self.module}.{self.name}'


@dataclass(eq=False, repr=False)
class Record:
    """What an object of an unknown class was to be made of; fields holds its state and its items."""

    made_by: object
    arguments: object
    fields: dict = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the name only: a record may contain itself."""
        return f'a record of {self.made_by}' if isinstance(self.made_by, Global) else 'a record'


def read_pickle(data: bytes, constructors: Mapping[tuple[str, str], Callable],
                persistent: Callable[[object], object]) -> object:
    """Return what the pickle describes, in plain containers, Globals and Records; sets are read as lists.

    constructors: what to call, with positional arguments, for a (module, name); everything else is recorded.
    persistent: turns the pickle's persistent ids into objects. Raises UnreadablePickle.
    """
    machine = _Machine(constructors, persistent)
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == 'STOP':
                return machine.pop()
            machine.execute(opcode.name, argument)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise UnreadablePickle(str(error)) from error
    raise UnreadablePickle('it has no end')


class _Machine:
    """The stack, the marks in it, and the memo."""

    def __init__(self, constructors: Mapping[tuple[str, str], Callable], persistent: Callable) -> None:
        self._constructors = constructors
        self._persistent = persistent
        self._stack: list = []
        self._marks: list[int] = []
        self._memo: dict[int, object] = {}

    def pop(self) -> object:
        return self._stack.pop()

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _pop_to_mark(self) -> list:
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def execute(self, op: str, argument: object) -> None:
        """Carry out one instruction; raises LookupError, TypeError or ValueError on a damaged pickle."""
        if op in _LITERALS:
            self._push(argument)
            return
        if op in _CONSTANTS:
            self._push(_CONSTANTS[op])
            return
        if op in _CONTAINERS:
            self._push(_CONTAINERS[op]())
            return
        match op:
            case 'PROTO' | 'FRAME':
                return
            case 'MARK':
                self._marks.append(len(self._stack))
            case 'POP':
                if self._marks and self._marks[-1] == len(self._stack):
                    self._marks.pop()
                else:
                    self.pop()
            case 'POP_MARK':
                self._pop_to_mark()
            case 'DUP':
                self._push(self._stack[-1])
            case 'PUT' | 'BINPUT' | 'LONG_BINPUT':
                self._memo[argument] = self._stack[-1]
            case 'MEMOIZE':
                self._memo[len(self._memo)] = self._stack[-1]
            case 'GET' | 'BINGET' | 'LONG_BINGET':
                self._push(self._memo[argument])
            case 'TUPLE1' | 'TUPLE2' | 'TUPLE3':
                items = [self.pop() for _ in range(int(op[-1]))]
                self._push(tuple(reversed(items)))
            case 'TUPLE':
                self._push(tuple(self._pop_to_mark()))
            case 'LIST' | 'FROZENSET':
                self._push(self._pop_to_mark())
            case 'DICT':
                items = self._pop_to_mark()
                self._push({})
                _put_items(self._stack[-1], items)
            case 'APPEND':
                item = self.pop()
                _extend(self._stack[-1], [item])
            case 'APPENDS' | 'ADDITEMS':
                items = self._pop_to_mark()
                _extend(self._stack[-1], items)
            case 'SETITEM':
                value, key = self.pop(), self.pop()
                _put_items(self._stack[-1], [key, value])
            case 'SETITEMS':
                items = self._pop_to_mark()
                _put_items(self._stack[-1], items)
            case 'GLOBAL':
                self._push(_global(argument))
            case 'STACK_GLOBAL':
                name, module = self.pop(), self.pop()
                self._push(Global(str(module), str(name)))
            case 'EXT1' | 'EXT2' | 'EXT4':
                self._push(Global('copyreg', f'extension {argument}'))
            case 'REDUCE' | 'NEWOBJ':
                arguments, made_by = self.pop(), self.pop()
                self._push(self._apply(made_by, arguments))
            case 'NEWOBJ_EX':
                keywords, arguments, made_by = self.pop(), self.pop(), self.pop()
                self._push(Record(made_by, (arguments, keywords)))
            case 'OBJ':
                made_by, *arguments = self._pop_to_mark()
                self._push(self._apply(made_by, tuple(arguments)))
            case 'INST':
                self._push(self._apply(_global(argument), tuple(self._pop_to_mark())))
            case 'BUILD':
                state = self.pop()
                _build(self._stack[-1], state)
            case 'PERSID':
                self._push(self._persistent(argument))
            case 'BINPERSID':
                self._push(self._persistent(self.pop()))
            case _:
                raise ValueError(f'the instruction {op} is not supported')

    def _apply(self, made_by: object, arguments: object) -> object:
        if isinstance(made_by, Global) and (made_by.module, made_by.name) in self._constructors:
            return self._constructors[made_by.module, made_by.name](*arguments)
        return Record(made_by, arguments)


def _global(argument: str) -> Global:
    module, _, name = argument.partition(' ')
    return Global(module, name)


def _put_items(target: object, items: list) -> None:
    """Put [key, value, key, value, ...] into a dictionary or a record."""
    target = target.fields if isinstance(target, Record) else target
    if not isinstance(target, dict) or len(items) % 2:
        raise ValueError('items are put into something that takes none')
    # Other keys could run a hash, or recurse without end in one; nothing that we read has them.
    target.update((key, value) for key, value in zip(items[::2], items[1::2]) if isinstance(key, _PLAIN_KEYS))


def _extend(target: object, items: list) -> None:
    if isinstance(target, list):
        target.extend(items)
    elif not isinstance(target, Record):
        raise ValueError('items are appended to something that takes none')


def _build(target: object, state: object) -> None:
    """Give a record its state: a dictionary, or a pair of two (attributes and slots)."""
    if isinstance(target, Record):
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                target.fields.update(part)
