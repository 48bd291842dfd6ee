# SPDX-License-Identifier: Apache-2.0
"""Several that need a network, stepped together: what they want of it at the same time is done as one batch.

Whoever needs it is written as a generator that yields a Request and is sent the answer. One alone is a batch of one.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from typing import Any, Protocol, TypeVar

Result = TypeVar('Result')


class Request(Protocol):
    """Something that is wanted of a network."""

    early: bool  # done before those that are not: whoever still has to come that far is then in their batch

    def kind(self) -> Hashable:
        """Return what requests that can be done as one batch have in common."""

    def carry_out(self, alike: Sequence[Any]) -> list[Any]:
        """Return the answers to requests of this kind, this one among them, in their order."""


Steps = Generator[Request, Any, Result]


def alone(steps: Steps[Result]) -> Result:
    """Carry a generator of requests out to its end; return or raise what it does."""
    outcome, = together([steps])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def together(several: Sequence[Steps[Result]]) -> list[Result | Exception]:
    """Carry generators of requests out to their ends; return of each its result, or the exception that it raised.

    What one raises is no other's matter. What a batch raises is raised in each that is in it.
    """
    outcomes: list[Any] = [None] * len(several)
    wanted: dict[int, Request] = {}

    def advance(index: int, go_on, value: Any) -> None:
        wanted.pop(index, None)
        try:
            wanted[index] = go_on(value)
        except StopIteration as end:
            outcomes[index] = end.value
        except Exception as error:
            outcomes[index] = error

    for index, steps in enumerate(several):
        advance(index, steps.send, None)
    while wanted:
        batch = _next_batch(wanted)
        requests = [wanted[index] for index in batch]
        try:
            answers = requests[0].carry_out(requests)
        except Exception as error:
            for index in batch:
                advance(index, several[index].throw, error)
        else:
            for index, answer in zip(batch, answers, strict=True):
                advance(index, several[index].send, answer)
    return outcomes


def _next_batch(wanted: dict[int, Request]) -> list[int]:
    """Return whose requests are done next."""
    order = sorted(wanted)
    first = next((index for index in order if wanted[index].early), order[0])
    kind = wanted[first].kind()
    return [index for index in order if wanted[index].kind() == kind]
