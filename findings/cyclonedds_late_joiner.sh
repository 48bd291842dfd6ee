#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Transient local, keep last 10, in raw Cyclone DDS: who comes late gets one sample.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cyclonedds==11.0.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version

from cyclonedds.core import Policy, Qos
from cyclonedds.domain import DomainParticipant
from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import int32
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration


@dataclass
class Number(IdlStruct, typename='Number'):
    value: int32


kept = [Policy.Reliability.Reliable(duration(seconds=1)), Policy.Durability.TransientLocal, Policy.History.KeepLast(10)]
service = Policy.DurabilityService(cleanup_delay=0, history=Policy.History.KeepLast(10), max_samples=-1,
                                   max_instances=-1, max_samples_per_instance=-1)


def collect(reader, wanted):
    """Values that came until `wanted` are there and half a second more, at most ten seconds."""
    values, until = [], time.monotonic() + 10
    while time.monotonic() < until:
        values += [sample.value for sample in reader.take(N=20)]
        if len(values) >= wanted:
            until, wanted = min(until, time.monotonic() + .5), 99
        time.sleep(.05)
    return values


participant = DomainParticipant(0)
got = {}
for name, policies in (('without', kept), ('with', [*kept, service])):
    topic = Topic(participant, f'late_joiner_{name}', Number)
    writer = DataWriter(participant, topic, qos=Qos(*policies))
    early = DataReader(participant, topic, qos=Qos(*kept))
    for value in range(5):
        writer.write(Number(value))
    assert collect(early, 5) == [0, 1, 2, 3, 4]
    late = DataReader(participant, topic, qos=Qos(*kept))
    got[name] = collect(late, 1)
versions = f'cyclonedds {version("cyclonedds")}'
guess = 'the history is the depth that is kept for a late reader: [0, 1, 2, 3, 4]; DurabilityService is for a service'
seen = f'late reader {got["without"]}; with DurabilityService of the same depth on the writer {got["with"]}'
held = got == {'without': [4], 'with': [0, 1, 2, 3, 4]}
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
