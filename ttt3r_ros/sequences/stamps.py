# SPDX-License-Identifier: Apache-2.0
"""Times as people write them: seconds with a fraction, or milli-, micro- or nanoseconds as whole numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

LOOP_NS = 500_000_000  # no camera delivers half a second out of order
LAST = 2**31 * 10**9  # a ROS stamp's seconds are an int32
EPOCH_S = 10**8  # 1973: a smaller number with a name before it is a counter
# By the size of a number written as a whole: what it is if it is a time of our days.
UNITS = ((10**11, 10**9, 'seconds'), (LAST // 10**6, 10**6, 'milliseconds'), (LAST // 10**3, 10**3, 'microseconds'),
         (LAST, 1, 'nanoseconds'))

_NAME = re.compile(r'(.*[^\d.])?(\d+)(\.\d+)?(\D*)', re.ASCII)
_CLOCK = re.compile(r'([01]\d|2[0-3])[0-5]\d[0-5]\d', re.ASCII)
_DATE = re.compile(r'(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d\d*')


def in_seconds(stamp: int) -> str:
    """Return a stamp in nanoseconds as seconds with nine decimals."""
    seconds, nanoseconds = divmod(abs(stamp), 10**9)
    return f'{"-" if stamp < 0 else ""}{seconds}.{nanoseconds:09d}'


def of_day(wholes: Sequence[str]) -> bool:
    """Return whether numbers are HHMMSS: hours, minutes and seconds. Of seconds that reach a hundred some are above 60.
    """
    return len({whole[:-2] for whole in wholes}) > 1 and all(map(_CLOCK.fullmatch, wholes))


def unit_of(value: Decimal) -> tuple[int, str]:
    """Return the nanoseconds in a unit of a time of our days, and the unit's name."""
    return next(((scale, name) for limit, scale, name in UNITS if value < limit), UNITS[-1][1:])


def of_names(stems: Sequence[str]) -> tuple[list[int], str] | None:
    """Return the stamps in nanoseconds that file names (without suffix) stand for, and what they were read as.

    `1305031102.175304` are seconds, and so is every number with a fraction; numbers of 13 digits and more are milli-,
    micro- or nanoseconds, by their size. One text may stand before all of them, and one behind. None if they are no
    times: counters, dates, times of day, or numbers that are equal or out of range.
    """
    matches = [_NAME.fullmatch(stem) for stem in stems]
    if not matches or not all(matches) or len({match.group(1, 4) for match in matches}) > 1:
        return None
    prefix, values = matches[0][1], [Decimal(match[2] + (match[3] or '')) for match in matches]
    if any(match[3] for match in matches):
        # `v1.2` is a version; a number alone, or one as large as a time, is a time.
        if max(values) * 10**9 >= LAST or prefix and min(values) < EPOCH_S or of_day([match[2] for match in matches]):
            return None
        scale, unit = 10**9, 'seconds'
    else:
        if min(len(match[2]) for match in matches) < 13 or all(_DATE.fullmatch(match[2]) for match in matches):
            return None
        scale, unit = unit_of(max(values))
        if min(values) * scale < EPOCH_S * 10**9 and unit != 'nanoseconds':
            return None  # leading zeros: a counter
    stamps = [int((value * scale).to_integral_value()) for value in values]
    return (stamps, unit) if len(set(stamps)) == len(stamps) and max(stamps) < LAST else None
