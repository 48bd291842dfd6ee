#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A message in the second version of CDR, that of XTypes: one reader of MCAP takes it for the first.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  cyclonedds==11.0.1 numpy==2.4.6 rosbags==0.11.9 \
  mcap==1.6.0 mcap-ros2-support==0.6.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import io
import sys
from dataclasses import dataclass
from importlib.metadata import version

from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import float64, sequence, uint32
from mcap.writer import Writer
from mcap_ros2.reader import read_ros2_messages
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore


@dataclass
class Reading(IdlStruct, typename='demo::msg::dds_::Reading_'):
    number: uint32
    value: float64
    more: sequence[float64]


DEFINITION = 'uint32 number\nfloat64 value\nfloat64[] more'
store = get_typestore(Stores.EMPTY)
store.register(get_types_from_msg(DEFINITION, 'demo/msg/Reading'))


def by_rosbags(cdr):
    try:
        message = store.deserialize_cdr(cdr, 'demo/msg/Reading')
    except SerdeError as error:
        return str(error)
    return message.number, message.value, message.more.tolist()


def by_mcap(cdr):
    file = io.BytesIO()
    writer = Writer(file)
    writer.start('ros2')
    schema = writer.register_schema('demo/msg/Reading', 'ros2msg', DEFINITION.encode())
    writer.add_message(writer.register_channel('/reading', 'cdr', schema), 1, cdr, 1)
    writer.finish()
    file.seek(0)
    message = next(iter(read_ros2_messages(file))).ros_msg
    return message.number, message.value, list(message.more)


reading = Reading(7, 1.5, [2.5, 3.5])
read = {number: (by_rosbags(cdr), by_mcap(cdr))
        for number, cdr in enumerate((reading.serialize(), reading.serialize(use_version_2=True)), start=1)}
versions = (f'cyclonedds {version("cyclonedds")}, rosbags {version("rosbags")}, '
            f'mcap-ros2-support {version("mcap-ros2-support")}')
guess = 'the first bytes tell the version: read by both, or refused'
seen = f'version: (rosbags, mcap-ros2-support): {read}'
held = read[1] == ((7, 1.5, [2.5, 3.5]),) * 2 and 'unsupported' in read[2][0] and read[2][1][:2] != (7, 1.5)
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
