# SPDX-License-Identifier: Apache-2.0
"""A step recorded as a CUDA graph: thousands of small kernels started at once, not one by one from Python."""

from __future__ import annotations

import logging
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any, Protocol

import torch
from torch import Tensor

from ttt3r_ros.model.device import first_line
from ttt3r_ros.model.nested import form, mapped, tensors

TOLERANCE = 1e-2  # of a played step against a computed one; the kernels are the same
KEPT = 2  # recordings of one thing: cameras of two sizes may share a memory; a step's holds its whole working memory

log = logging.getLogger(__name__)
# Streams, by device, of recorders that are gone: PyTorch keeps scratch memory of tens of megabytes for each for good.
_idle: dict[int, list[torch.cuda.Stream]] = defaultdict(list)
_one_at_a_time = threading.Lock()  # a recording begins with waiting for the device, which nobody may during another


class Graph(Protocol):
    """A computation that was recorded."""

    def replay(self) -> None:
        """Compute again from what now lies in the recorded inputs, into the recorded outputs."""


class CudaRecorder:
    """Records on a stream of its own: graphs recorded on one share scratch memory, and could not run side by side.

    They share their working memory too: of what one leaves there nothing is read once another is played.
    """

    def __init__(self) -> None:
        """Leave CUDA alone until there is something to record."""
        self._stream: torch.cuda.Stream | None = None
        self._graphs: weakref.WeakSet[torch.cuda.CUDAGraph] = weakref.WeakSet()

    def __call__(self, work: Callable[[], Any]) -> tuple[Graph, Any]:
        """Record work, return its outputs too; it must have run before, so that nothing is made for the first time."""
        if self._stream is None:
            idle = _idle[torch.cuda.current_device()]
            self._stream = idle.pop() if idle else torch.cuda.Stream()
            weakref.finalize(self, idle.append, self._stream)
        pool = next((recorded.pool() for recorded in self._graphs), None)  # gone with the last graph that has it
        graph = torch.cuda.CUDAGraph()
        # Other threads may use CUDA meanwhile.
        with _one_at_a_time, torch.cuda.graph(graph, pool=pool, stream=self._stream,
                                              capture_error_mode='thread_local'):
            outputs = work()
        self._graphs.add(graph)
        return graph, outputs


class Recordings:
    """A pure function of tensors, recorded the second time that it is called alike."""

    after = 2  # calls

    def __init__(self, record: Callable[[Callable[[], Any]], tuple[Graph, Any]] | None = None,
                 reads: Callable[[], Any] = tuple) -> None:
        """Take how to record, as CUDA does by default, and what tells the things beside its inputs that the function
        reads and somebody else might let go: a recording keeps them."""
        self._record = record or CudaRecorder()
        self._reads = reads
        self._seen: set[Hashable] = set()
        self._recorded: dict[Hashable, tuple[Any, Any, Graph, Any]] = {}
        self._refused = False
        self._room = KEPT

    def run(self, function: Callable[[Any], Any], inputs: Any, about: Hashable) -> Any:
        """Return function(inputs), computed or played.

        inputs and the result: tensors, in dictionaries, tuples and dataclasses. about: all else that the result depends
        on. A function that cannot be recorded, or plays something else than it computes, is computed from then on.
        """
        key = (about, form(inputs))
        if self._refused:
            return function(inputs)
        if key in self._recorded:
            places, outputs, graph, _ = self._recorded[key]
            _fill(places, inputs)
            graph.replay()
            return _copy(outputs)  # the next frame's will lie in the same place
        result = function(inputs)
        if key in self._seen and all(bool(value.isfinite().all()) for value in tensors(result)):
            self._keep(key, function, inputs, result)
        self._seen.add(key)
        return result

    def shared(self) -> Recordings:
        """Return itself, with room for one more who uses it: batches of another size are recordings of their own."""
        self._room += KEPT
        return self

    def forget(self) -> None:
        """Give up all recordings and their memory."""
        self._seen.clear()
        self._recorded.clear()

    def _keep(self, key: Hashable, function: Callable[[Any], Any], inputs: Any, expected: Any) -> None:
        alike = [other for other in self._recorded if other[0] == key[0]]
        for oldest in alike[:max(0, len(alike) + 1 - self._room)]:
            del self._recorded[oldest]
        places = _copy(inputs)
        try:
            with torch.cuda.device_of(tensors(places)[0]):  # which need not be the current one
                graph, outputs = self._record(lambda: function(places))
                for value in tensors(outputs):  # what is compared below must come from the graph
                    value.zero_()
                _fill(places, inputs)  # outputs may be inputs passed on
                graph.replay()
        except RuntimeError as error:
            self._refused = True
            log.warning('steps are not recorded as a CUDA graph and stay slower: %s', first_line(error))
            return
        if _agree(outputs, expected):
            self._recorded[key] = places, outputs, graph, self._reads()
        else:
            self._refused = True
            log.warning('a recorded step gives other answers than a computed one: all are computed, which is slower')


def _copy(value: Any) -> Any:
    """Return the value with tensors of its own."""
    return mapped(value, Tensor.clone)


def _fill(places: Any, values: Any) -> None:
    for place, value in zip(tensors(places), tensors(values), strict=True):
        place.copy_(value)


def _agree(found: Any, expected: Any) -> bool:
    pairs = zip(tensors(found), tensors(expected), strict=True)
    return all(bool((a.float() - b.float()).norm() <= TOLERANCE * b.float().norm()) for a, b in pairs)
