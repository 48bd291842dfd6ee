# SPDX-License-Identifier: Apache-2.0
"""Numbers that the papers print, each with its source, to stand beside ours. What they do not print is not here."""

from __future__ import annotations

from dataclasses import dataclass

TTT3R = 'arXiv 2509.26645'
LAB = "DDD3R's table, 2026, one lab and protocol"
RECAL3R = 'arXiv 2607.05356, its own sampling'
FILT3R = 'arXiv 2603.18493'


@dataclass(frozen=True)
class Printed:
    """A number: of a system, under a protocol at a length; measure: as dataset_summary names it; online: whether the
    system takes frames one by one, None where the source does not say."""

    protocol: str
    system: str
    length: int
    measure: str
    value: float
    source: str
    online: bool | None = None


# Sintel 50, TUM 90, ScanNet 90: ATE, RPE in metres, RPE in degrees, each.
SHORT = """
Robust-CVD no 0.360 0.154 3.443 0.153 0.026 3.528 0.227 0.064 7.374
CasualSAM no 0.141 0.035 0.615 0.071 0.010 1.712 0.158 0.034 1.618
DUSt3R no 0.417 0.250 5.796 0.083 0.017 3.567 0.081 0.028 0.784
MASt3R no 0.185 0.060 1.496 0.038 0.012 0.448 0.078 0.020 0.475
MonST3R no 0.111 0.044 0.869 0.098 0.019 0.935 0.077 0.018 0.529
Easi3R no 0.110 0.042 0.758 0.105 0.022 1.064 0.061 0.017 0.525
AETHER no 0.189 0.054 0.694 0.092 0.012 1.106 0.176 0.028 1.204
VGGT no 0.172 0.062 0.471 0.012 0.010 0.310 0.035 0.015 0.377
Spann3R yes 0.329 0.110 4.471 0.056 0.021 0.591 0.096 0.023 0.661
CUT3R yes 0.213 0.066 0.621 0.046 0.015 0.473 0.099 0.022 0.600
Point3R yes 0.351 0.128 1.822 0.075 0.029 0.642 0.106 0.035 1.946
StreamVGGT yes 0.251 0.149 1.894 0.061 0.033 3.209 0.161 0.057 3.647
TTT3R yes 0.201 0.063 0.617 0.028 0.012 0.379 0.064 0.021 0.592
"""
# Sintel 50, Bonn 110, KITTI 110: AbsRel, δ < 1.25 in %, each.
DEPTH = """
scale DUSt3R no 0.656 45.2 0.155 83.3 0.144 81.3
scale MASt3R no 0.641 43.9 0.252 70.1 0.183 74.5
scale MonST3R no 0.378 55.8 0.067 96.3 0.168 74.4
scale Easi3R no 0.377 55.9 0.059 97.0 0.102 91.2
scale AETHER no 0.324 50.2 0.273 59.4 0.056 97.8
scale VGGT no 0.287 66.1 0.055 97.1 0.070 96.5
scale Spann3R yes 0.622 42.6 0.144 81.3 0.198 73.7
scale CUT3R yes 0.421 47.9 0.078 93.7 0.118 88.1
scale Point3R yes 0.452 48.9 0.060 96.0 0.136 84.2
scale StreamVGGT yes 0.323 65.7 0.059 97.2 0.173 72.1
scale TTT3R yes 0.404 50.0 0.068 95.4 0.113 90.4
metric MASt3R no 1.022 14.3 0.272 70.6 0.467 15.2
metric CUT3R yes 1.029 23.8 0.103 88.5 0.122 85.5
metric Point3R yes 0.777 17.1 0.137 94.7 0.191 73.8
metric TTT3R yes 0.977 24.5 0.090 94.2 0.110 89.1
"""
# ATE by length.
LONG = """
tum-long CUT3R 50 .023 200 .061 400 .12 600 .14 800 .17 1000 .17
tum-long TTT3R 50 .014 200 .041 400 .051 600 .067 800 .091 1000 .11
scannet-long CUT3R 50 .045 200 .32 400 .57 600 .66 800 .76 1000 .82
scannet-long TTT3R 50 .033 200 .14 400 .24 600 .28 800 .37 1000 .40
"""
# ATE: TUM 1000, ScanNet 1000 (65 scenes), TUM 90, ScanNet 90.
ONE_LAB = """
CUT3R .166 .817 .033 .095
TTT3R .103 .406 .019 .064
TTSA3R .091 .378 .016 .058
constant·a .079 .283 .016 .065
brake .063 .261 .015 .072
ortho .055 .488 .015 .087
"""


def printed(protocol: str) -> list[Printed]:
    """Return the numbers that stand beside a protocol's."""
    return [number for number in (*_short(), *_depth(), *_long(), *_lab(), *OTHERS) if number.protocol == protocol]


def _short() -> list[Printed]:
    found = []
    for system, online, *values in (line.split() for line in SHORT.split('\n') if line):
        for i, (protocol, length) in enumerate((('sintel', 50), ('tum-short', 90), ('scannet-short', 90))):
            for measure, value in zip(('ate_sim3', 'rpe_sim3', 'rpe_rotation_deg'), values[3 * i:3 * i + 3]):
                found.append(Printed(protocol, system, length, measure, float(value), f'{TTT3R}, table 1',
                                     online == 'yes'))
    return found


def _depth() -> list[Printed]:
    found = []
    for alignment, system, online, *values in (line.split() for line in DEPTH.split('\n') if line):
        for i, (protocol, length) in enumerate((('sintel', 50), ('bonn', 110), ('kitti-depth', 110))):
            for measure, value, scale in zip(('abs_rel', 'close'), values[2 * i:2 * i + 2], (1.0, 100.0)):
                found.append(Printed(protocol, system, length, f'{measure} {alignment}', float(value) / scale,
                                     f'{TTT3R}, table 2', online == 'yes'))
    return found


def _long() -> list[Printed]:
    return [Printed(protocol, system, int(length), 'ate_sim3', float(value), TTT3R, True)
            for protocol, system, *pairs in (line.split() for line in LONG.split('\n') if line)
            for length, value in zip(pairs[::2], pairs[1::2])]


def _lab() -> list[Printed]:
    places = (('tum-long', 1000), ('scannet-long', 1000), ('tum-short', 90), ('scannet-short', 90))
    return [Printed(protocol, system, length, 'ate_sim3', float(value), LAB, True)
            for system, *values in (line.split() for line in ONE_LAB.split('\n') if line)
            for (protocol, length), value in zip(places, values)]


OTHERS = (
    *(Printed('tum-long', 'FILT3R', length, 'ate_sim3', value, FILT3R, True)
      for length, value in ((400, .033), (600, .042), (800, .057))),
    *(Printed(protocol, system, 1000, 'ate_sim3', value, RECAL3R, True) for protocol, system, value in (
        ('scannet-long', 'ReCal3R', .211), ('scannet-long', 'TTT3R', .423), ('tum-long', 'ReCal3R', .077),
        ('tum-long', 'TTT3R', .160))),
)
