# SPDX-License-Identifier: Apache-2.0
"""What can be told of a message in its serialised form (CDR), without reading all of it."""

from __future__ import annotations

import struct


def byte_order(data: bytes) -> str:
    """Return struct's sign for the byte order, which the encapsulation's second byte tells."""
    return '<' if data[1] & 1 else '>'


def header_stamp(data: bytes) -> int:
    """Return the stamp, ns, of a message whose first field is a header. Raises struct.error for fewer than 12 bytes."""
    seconds, nanoseconds = struct.unpack_from(f'{byte_order(data)}iI', data, 4)
    return seconds * 1_000_000_000 + nanoseconds
