#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The low-pass filter of an ICM-20948's gyroscope, set by two drivers. The data sheet has its mode in bits 5 to 3 of GYRO_CONFIG_1, whether it is
# used in bit 0, and of the modes 0 to 7 the bandwidths below; no device is needed, its registers are a table here.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check icm20948==1.0.0 smbus2==0.6.1 sparkfun-qwiic-icm20948==2.0.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from icm20948 import ICM20948
from qwiic_icm20948 import QwiicIcm20948

HERTZ = 196.6, 151.8, 119.5, 51.2, 23.9, 11.6, 5.7, 361.4


class Registers:
    """Stand for the device on the bus, in the ways of both drivers."""

    def __init__(self):
        self.bank, self.values = 0, {(2, 1): 0x01}

    def write_byte_data(self, _, register, value):
        if register == 0x7F:
            self.bank = value >> 4
        else:
            self.values[self.bank, register] = value

    def read_byte_data(self, _, register):
        return self.values.get((self.bank, register), 0)

    writeByte, readByte = write_byte_data, read_byte_data

    def bandwidth(self):
        """Return what the filter lets through, in hertz."""
        value = self.values[2, 1]
        return HERTZ[value >> 3 & 7] if value & 1 else None


class Identified(ICM20948):
    """The driver without its start, which asks the magnetometer, too, for its name."""

    def __init__(self, bus):
        self._bank, self._addr, self._bus = -1, 0x68, bus


seen, other = [], []
for mode in range(8):
    bus = Registers()
    Identified(bus).set_gyro_low_pass(enabled=True, mode=mode)
    seen.append(bus.bandwidth())
    bus = Registers()
    device = QwiicIcm20948(0x68, i2c_driver=bus)
    device.setDLPFcfgGyro(mode)
    device.enableDlpfGyro(True)
    other.append(bus.bandwidth())
print(f'icm20948 {version("icm20948")}, sparkfun-qwiic-icm20948 {version("sparkfun-qwiic-icm20948")}\n'
      f'guess: the modes 0 to 7 let {list(HERTZ)} Hz through; the default, 5, {HERTZ[5]}\n'
      f'seen:  by sparkfun-qwiic-icm20948 {other}\n       by icm20948 {seen}: the mode is written a bit too high')
sys.exit(0 if other == list(HERTZ) and seen == [HERTZ[mode << 1 & 7] for mode in range(8)] else 'The behaviour has changed.')
PYTHON
