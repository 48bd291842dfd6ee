# SPDX-License-Identifier: Apache-2.0
"""A step traced for a CPU: its thousand small calls come from TorchScript, not one by one from Python.

The results are the same to the bit, and other threads of Python go on meanwhile.
"""

from __future__ import annotations

import logging
import threading
import warnings
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ttt3r_ros.model import packing
from ttt3r_ros.model.device import first_line
from ttt3r_ros.model.nested import form, mapped, tensors
from ttt3r_ros.model.network import Network

SETTLING = 2  # calls until TorchScript has settled what a trace becomes
KEPT = 12  # traces of a network; the weights are the network's own in all
SMALL = 64_000_000  # weights: in a larger network the calls themselves take next to nothing of the time

# Of shapes that become constants, which is meant. For good: what catch_warnings gives back is the process's, and
# threads that read pictures do that in the midst of a trace.
warnings.filterwarnings('ignore', category=torch.jit.TracerWarning, module='ttt3r_ros')

log = logging.getLogger(__name__)

_of: weakref.WeakKeyDictionary[Network, Traces] = weakref.WeakKeyDictionary()
_suspended = threading.local()


@contextmanager
def suspended() -> Iterator[None]:
    """Let this thread compute everything call by call, for whoever looks at the calls."""
    before, _suspended.now = getattr(_suspended, 'now', False), True
    try:
        yield
    finally:
        _suspended.now = before


class Traces:
    """Pure functions of tensors, each traced once it has been called alike often enough; for several threads."""

    after = 8  # calls: a trace takes as long as some hundred calls gain

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._calls: dict[Hashable, int] = {}
        self._traced: dict[Hashable, tuple[Callable[..., Any], Any]] = {}
        self._refused = False

    def run(self, function: Callable[[Any], Any], inputs: Any, about: Hashable) -> Any:
        """Return function(inputs), computed or traced.

        inputs and the result: tensors, in dictionaries, tuples and dataclasses. about: all else that the result depends
        on. A function that cannot be traced, or gives another result then, is computed from then on.
        """
        if self._refused or getattr(_suspended, 'now', False):
            return function(inputs)
        key = about, form(inputs), packing.loads
        if traced := self._traced.get(key):
            return _call(*traced, inputs)
        result = function(inputs)
        with self._lock:
            self._calls[key] = calls = self._calls.get(key, 0) + 1
            if calls == self.after:
                self._keep(key, function, inputs, result)
        return result

    def __deepcopy__(self, memo: dict) -> Traces:
        """Return empty ones: the copy's weights may become others."""
        return Traces()

    def shared(self) -> Traces:
        """Return itself: there is room for a step of each batch."""
        return self

    def forget(self) -> None:
        """Do nothing: a trace under another rule may be somebody else's, and holds next to no memory."""

    def _keep(self, key: Hashable, function: Callable[[Any], Any], inputs: Any, expected: Any) -> None:
        while len(self._traced) >= KEPT:
            oldest = next(iter(self._traced))
            del self._traced[oldest], self._calls[oldest]
        try:
            traced = _traced(function, inputs)
            with _executed_plainly():
                found = [_call(traced, expected, inputs) for _ in range(SETTLING)][-1]
        except Exception as error:  # PyTorch raises many kinds
            reason = first_line(error)
        else:
            if all(_same(a, b) for a, b in zip(tensors(found), tensors(expected), strict=True)):
                # What is kept says how the result is put together; the tensors in it are not kept.
                self._traced[key] = traced, mapped(expected, lambda tensor: tensor.new_empty(0))
                return
            reason = 'it gives other answers than a computed one'
        self._refused = True
        log.info('steps are not traced and stay slower: %s', reason)


def traces_of(network: Network) -> Traces | None:
    """Return the traces of a network's functions, shared by all who run it; None where they do not pay."""
    if network not in _of:
        if network.compiled or sum(weight.numel() for weight in network.parameters()) > SMALL:
            return None
        _of[network] = Traces()
    return _of[network]


def _call(traced: Callable[..., Any], like: Any, inputs: Any) -> Any:
    results = iter(traced(*tensors(inputs)))
    return mapped(like, lambda _: next(results))


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Say whether they are equal to the bit; a NaN, such as the focal length of points that allow none, is one."""
    return torch.equal(a, b) or a.is_floating_point() and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)


@contextmanager
def _executed_plainly() -> Iterator[None]:
    """Let what is called for the first time in the block be TorchScript's older executor's for good.

    The newer watches which tensors come, and keeps copies of the graph for it: of a step 15 MB more, and no faster, as
    a trace knows them. The choice is the process's, so it is given back.
    """
    before = torch._C._jit_set_profiling_executor(False)
    try:
        yield
    finally:
        torch._C._jit_set_profiling_executor(before)


def _traced(function: Callable[[Any], Any], inputs: Any) -> Callable[..., Any]:
    with _PackedWeights() as seen:
        function(inputs)
    weights = tuple(seen.found.values())

    def flat(*given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        values = iter(given[len(weights):])
        return tuple(tensors(function(mapped(inputs, lambda _: next(values)))))

    graph, _ = torch._C._create_graph_by_tracing(flat, (*weights, *tensors(inputs)), lambda _: '', True, False)
    torch._C._jit_pass_constant_pooling(graph)  # two thirds of its nodes are the same few constants
    torch._C._jit_pass_dce(graph)
    # A function of its own, which goes with whoever holds it. torch.jit.trace adds each to one table of the process
    # and takes none out of it, nor the weights in it: 57 MB for each network that is loaded and dropped (2.13).
    return partial(torch._C._create_function_from_graph('step', graph), *weights)


class _PackedWeights(TorchFunctionMode):
    """Gathers the packed weights (packing) that are read: a graph cannot hold them as constants, it is given them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[int, torch.Tensor] = {}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.found.update((id(arg), arg) for arg in args if isinstance(arg, torch.Tensor) and arg.is_mkldnn)
        return function(*args, **(kwargs or {}))
