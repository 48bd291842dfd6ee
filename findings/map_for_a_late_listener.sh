#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A map that is published once on shared memory, by a service that keeps a history, and who comes a moment later.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check iceoryx2==0.10.0
cd "$work"
"$work/venv/bin/python" - 2>/dev/null <<'PYTHON'
import ctypes
import secrets
import sys
import time
from importlib.metadata import version

import iceoryx2


class Map(ctypes.Structure):
    _fields_ = [('number', ctypes.c_uint64)]


def heard(subscriber):
    found = []
    while (sample := subscriber.receive()) is not None:
        found.append(sample.payload().contents.number)
        sample.delete()
    return found


def latched():
    """Return a new service that keeps ten, a publisher that has sent three, and a subscriber that came after."""
    service = node.service_builder(iceoryx2.ServiceName.new(f'map_{secrets.token_hex(8)}')).publish_subscribe(
        Map).history_size(10).subscriber_max_buffer_size(10).open_or_create()
    publisher = service.publisher_builder().create()
    for number in (1, 2, 3):
        publisher.send_copy(Map(number=number))
    return service, publisher, service.subscriber_builder().create()


node = iceoryx2.NodeBuilder.new().create(iceoryx2.ServiceType.Ipc)
service, publisher, late = latched()
waited = []
for _ in range(20):
    time.sleep(0.1)
    waited += heard(late)
publisher.update_connections()
updated = heard(late)
other_service, other_publisher, other = latched()
other_publisher.send_copy(Map(number=4))
sent = heard(other)
print(f'iceoryx2 {version("iceoryx2")}\n'
      f'guess: with a history of ten who comes late has the three maps that were sent, as with DDS and transient local\n'
      f'seen:  {waited} in two seconds; once the publisher has updated its connections {updated}, or, of another, sent '
      f'one more, {sent}')
sys.exit(0 if (waited, updated, sent) == ([], [1, 2, 3], [1, 2, 3, 4]) else 'The behaviour has changed.')
PYTHON
