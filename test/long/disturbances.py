# SPDX-License-Identifier: Apache-2.0
"""What happens to the node in each phase: generators that do something and yield the seconds until they go on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import crowd
import numpy as np
from caller import succeeded
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter, parameter_value_to_python
from std_srvs.srv import Trigger
from ttt3r_ros.srv import LoadState, QueryView, SaveMap, SaveState

if TYPE_CHECKING:
    from soak import Soak

Disturbance = Callable[['Soak'], Iterator[float]]

CHANGES = (('update_rule', 'cut3r'), ('points.stride', 2), ('max_gap', 5.0), ('points.frame', 'odom'),
           ('depth.resolution', 'camera'), ('autosave_interval', 2.0), ('publish_tf', False),
           ('update_rule', 'ttt3r'), ('points.stride', 1), ('max_gap', 0.0), ('points.frame', 'camera'),
           ('depth.resolution', 'model'), ('autosave_interval', 1.0), ('publish_tf', True))
JUMPS_S = (-100.0, 0.0, 3600.0, 0.0, -0.5, 0.0)
DECIDED_S = 20.0  # after the first answer of a restarted node its state has been taken over or not


def quiet(soak: Soak) -> Iterator[float]:
    """Nothing."""
    while True:
        yield 1.0


def resets(soak: Soak) -> Iterator[float]:
    """Twice a second, and now and then all afresh."""
    while True:
        for _ in range(10):
            soak.caller.ask(Trigger, 'reset', Trigger.Request())
            yield 0.5
        soak.witness.forget()
        soak.caller.ask(Trigger, 'start_afresh', Trigger.Request())
        yield 0.5


def parameters(soak: Soak) -> Iterator[float]:
    """Ten times a second one is set, and read again when that has its reply."""
    ask = soak.caller.ask
    for name, value in itertools.cycle(CHANGES):
        reply = ask(SetParameters, 'set_parameters',
                    SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()]),
                    lambda response: response.results[0].successful)
        while not reply.done():
            yield 0.005
        ask(GetParameters, 'get_parameters', GetParameters.Request(names=[name]), _is(value))
        yield 0.1


def _is(value) -> Callable[[GetParameters.Response], bool]:
    def says(response: GetParameters.Response) -> bool:
        given: ParameterValue = response.values[0]
        return parameter_value_to_python(given) == value
    return says


def services(soak: Soak) -> Iterator[float]:
    """One after another, each when the last has replied."""
    for kind, name, request, right in itertools.cycle((
            (SaveState, 'save_state', SaveState.Request(path='soak.state'), _saved),
            (SaveMap, 'save_map', SaveMap.Request(path='soak.ply'), _saved),
            (SaveMap, 'save_trajectory', SaveMap.Request(path='soak.tum'), succeeded),
            (QueryView, 'query_view', QueryView.Request(), _seen_or_refused),
            (LoadState, 'load_state', LoadState.Request(path='soak.state'), succeeded))):
        if kind is LoadState:
            soak.witness.forget(10.0)
        reply = soak.caller.ask(kind, name, request, right)
        while not reply.done():
            yield 0.05
        yield 0.5


def _saved(response: SaveState.Response | SaveMap.Response) -> bool:
    """Right after it has begun afresh there is nothing to save yet, which it says."""
    return response.success or 'no frame has been seen' in response.message or 'no image has been' in response.message


def _seen_or_refused(response: QueryView.Response) -> bool:
    """Weights without a ray-map encoder, as the embedded ones, say so."""
    return response.success or 'no ray-map encoder' in response.message


def _beside(function: Callable[[], None]) -> Disturbance:
    def disturbance(soak: Soak) -> Iterator[float]:
        with crowd.process(function):
            while True:
                yield 1.0
    return disturbance


def clock_jumps(soak: Soak) -> Iterator[float]:
    """The camera's clock goes back, far ahead, and is right again."""
    try:
        for seconds in itertools.cycle(JUMPS_S):
            soak.camera.shift(seconds)
            yield 4.0
    finally:
        soak.camera.shift(0.0)


def pauses(soak: Soak) -> Iterator[float]:
    """The camera sends nothing for a while."""
    while True:
        yield 3.0
        soak.camera.pause()
        yield 3.0
        soak.camera.go_on()


def everything(soak: Soak) -> Iterator[float]:
    """All of these at once."""
    running = [(time.monotonic(), disturbance(soak)) for disturbance in (
        resets, parameters, services, clock_jumps, pauses, *map(_beside, (crowd.slow, crowd.many, crowd.busy_tf)))]
    try:
        while True:
            now = time.monotonic()
            running = [(now + next(one) if due <= now else due, one) for due, one in running]
            yield max(0.0, min(due for due, _ in running) - time.monotonic())
    finally:
        for _, one in running:
            one.close()


def kills(soak: Soak) -> Iterator[float]:
    """End it at a random moment, with the camera standing and going on in turn, and start it again."""
    rng = np.random.default_rng(soak.lives)
    try:
        for still in itertools.cycle((True, False)):
            yield rng.uniform(2.0, 4.0)
            soak.camera.stand(still)
            yield rng.uniform(2.0, 3.0)  # the state on the disk is of where it stands
            before = soak.witness.last
            soak.kill()
            while not soak.witness.statuses:
                yield 0.05
            seconds, end = soak.since_start, time.monotonic() + DECIDED_S
            while (outcome := soak.outcome) == 'silent' and time.monotonic() < end:
                yield 0.05
            yield 0.3
            error = soak.witness.error(before, soak.witness.last) if outcome == 'went on' else None
            soak.report.restarted(still, outcome, seconds, error)
            soak.witness.forget(0.0)
    finally:
        soak.camera.stand(False)


QUIET, TOGETHER = 'quiet', 'all of these at once'
PHASES: dict[str, Disturbance] = {
    QUIET: quiet, 'resets': resets, 'parameters': parameters, 'services': services,
    'slow subscribers': _beside(crowd.slow), 'subscribers come and go': _beside(crowd.many),
    '/tf at 1 kHz': _beside(crowd.busy_tf), 'clock jumps': clock_jumps, 'camera pauses': pauses,
    TOGETHER: everything}
