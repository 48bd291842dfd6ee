# SPDX-License-Identifier: Apache-2.0
"""Ray, on this machine or at an address: one task an item, a few ahead, and what each came to."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ttt3r_ros.model.device import why_it_failed
from ttt3r_ros.model.threads import allow_threads

RETRIES = 3  # of a task whose worker is lost
AHEAD = 2  # tasks given to Ray for each that can run: a worker that is done finds its next one waiting
LEAST_STORE = 100 << 20  # bytes of the object store; Ray takes no less than 75 MiB
POLL_S = 1.0
# Read as ray is imported, and by what it starts; named after the systems where 0 is the default.
LOOPBACK = 'RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER'
ANSWER_S = 5.0  # that a machine has to answer
START = ('start one with "ray start --head" and give the address that it tells; one that wants a token is joined with '
         'RAY_AUTH_MODE=token and its token in ~/.ray/auth_token')


class FleetError(RuntimeError):
    """What cannot be run on Ray, or did not come back from there; the message names the remedy."""


@dataclass(frozen=True)
class Share:
    """What a task has of a machine: cores, which are its threads, and a part of a GPU."""

    threads: int = 1
    gpu: float = 0.0


@dataclass(frozen=True)
class Done:
    """What a task came to: its value, or why there is none, and whether that was told by an error of ours."""

    value: Any = None
    failure: str = ''
    ours: bool = False


_held: dict[str, Any] = {}  # of a worker's process: what was taken out of the object store


@contextlib.contextmanager
def _heard_here_alone() -> Iterator[None]:
    """Let a Ray that is started in the block listen to this machine alone: it runs what it is sent, by whomever."""
    before = os.environ.get(LOOPBACK)
    os.environ.setdefault(LOOPBACK, '0')
    try:
        yield
    finally:
        if before is None:
            del os.environ[LOOPBACK]


class Cluster:
    """Where tasks run; use as a context manager."""

    def __init__(self, address: str = '', *, cores: int = 1, store_bytes: int = 0) -> None:
        """Join the Ray at an address, or without one start it here, to give away so many cores.

        store_bytes: what is held for all tasks. Raises FleetError, ModuleNotFoundError without Ray.
        """
        os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')  # nobody was asked whether he wants to tell
        os.environ.setdefault('RAY_worker_niceness', '0')  # not 15: a step is what the machine is here for
        with contextlib.nullcontext() if address else _heard_here_alone():
            import ray

            if address:
                _require_somebody(address)
            self._ray = ray
            self._begin(address, cores, store_bytes)

    def _begin(self, address: str, cores: int, store_bytes: int) -> None:
        ray = self._ray
        here = {} if address else {'num_cpus': cores, 'include_dashboard': False,
                                   'object_store_memory': max(LEAST_STORE, 2 * store_bytes)}
        try:
            ray.init(address or 'local', logging_level=logging.ERROR, log_to_driver=False, **here)
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            remedy = START if address else 'look whether /tmp and /dev/shm have room'
            raise FleetError(f'no Ray can be had{f" at {address}" if address else ""} ({_line(error)}): '
                             f'{remedy}') from error

    def __enter__(self) -> Cluster:
        """Return it; at the end what still runs is ended."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave."""
        self.close()

    def close(self) -> None:
        """Leave Ray; one that was started here ends."""
        self._ray.shutdown()

    @property
    def gpus(self) -> float:
        """How many GPUs there are."""
        return self._ray.cluster_resources().get('GPU', 0.0)

    def slots(self, share: Share) -> int:
        """Return how many tasks of a share can run at a time. Raises FleetError for none: Ray would wait for ever."""
        wanted = [(kind, part) for kind, part in (('CPU', share.threads), ('GPU', share.gpu)) if part]
        nodes = [node['Resources'] for node in self._ray.nodes() if node['Alive']]
        slots = sum(min(int(node.get(kind, 0) / part) for kind, part in wanted) for node in nodes)
        if not slots:
            largest = ' and '.join(f'{max((node.get(kind, 0) for node in nodes), default=0):g} {kind}s'
                                   for kind, _ in wanted)
            raise FleetError(f'a task wants {share.threads} cores and {share.gpu:g} of a GPU, and no node of the Ray '
                             f'there has more than {largest}: start a larger one')
        return slots

    def hold(self, value: Any) -> Any:
        """Put a value into the object store, once for all tasks; return what `each` takes for it."""
        return self._ray.put(value)

    def each(self, work: Callable[[Any, Any], Any], items: Iterable[Any], held: Any = None,
             share: Share = Share()) -> Iterator[tuple[Any, Done]]:
        """Yield each item with what work(held value, item) came to, in the order in which they are done.

        work: a module's function, or a partial of one. A task whose worker is lost is begun again, RETRIES times; what
        work raises is not tried again. Items are taken a few ahead, so that there may be any number of them.
        """
        ray, most = self._ray, AHEAD * self.slots(share)
        task = ray.remote(_carry_out).options(num_cpus=share.threads, num_gpus=share.gpu, max_retries=RETRIES,
                                              retry_exceptions=False)
        coming, running = iter(items), {}
        # In a list Ray hands it on as it is, and a worker takes it out once, not for each task.
        held, folder = [] if held is None else [held], os.getcwd()
        try:
            while True:
                for item in islice(coming, most - len(running)):
                    running[task.remote(work, held, item, share.threads, folder)] = item
                if not running:
                    return
                for reference in ray.wait(list(running), num_returns=1, timeout=POLL_S)[0]:
                    yield running.pop(reference), self._read(reference)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)

    def _read(self, reference: Any) -> Done:
        lost = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except (lost.WorkerCrashedError, lost.OutOfMemoryError, lost.NodeDiedError) as error:
            return Done(failure=f'its worker was lost {RETRIES + 1} times ({type(error).__name__}): is there memory '
                                'enough? Fewer --jobs need less', ours=True)
        except lost.RayError as error:  # such as a package that the other machine does not have
            return Done(failure=f'Ray could not carry it out: {_line(error)}', ours=True)


def _require_somebody(address: str) -> None:
    """Raise FleetError where nobody listens: Ray itself would try for minutes."""
    host, _, port = address.removeprefix('ray://').rpartition(':')
    if not (host and port.isdecimal()):
        return  # auto, which Ray knows
    try:
        socket.create_connection((host.strip('[]'), int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise FleetError(f'no Ray can be had at {address} ({_line(error)}): {START}') from error


def _carry_out(work: Callable[[Any, Any], Any], held: list, item: Any, threads: int, folder: str) -> Done:
    """Do one item, in a worker. No error travels: some would lose there what they say."""
    with contextlib.suppress(OSError):  # on another machine it need not be there
        os.chdir(folder)  # relative paths mean what they do to who asks
    allow_threads(threads)
    try:
        return Done(work(_take(held[0]) if held else None, item))
    except Exception as error:
        told = _line(error) if type(error).__module__.startswith('ttt3r_ros.') else why_it_failed(error)
        return Done(failure=told or ''.join(traceback.format_exception(error)), ours=told is not None)


def _take(reference: Any) -> Any:
    """Return what the object store holds; the worker keeps what it took last."""
    import ray

    if (key := reference.hex()) not in _held:
        _held.clear()
        _held[key] = ray.get(reference)
    return _held[key]


def _line(error: BaseException) -> str:
    return ' '.join(str(error).split())[:300]
