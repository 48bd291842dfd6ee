# SPDX-License-Identifier: Apache-2.0
"""How the papers measure, each protocol by its name: one class, and its line in PROTOCOLS."""

from __future__ import annotations

from .contract import DepthRule, Protocol, ProtocolError
from .depths import BonnDepth, KittiVideo, Sintel
from .surfaces import SevenScenes
from .trajectories import ScannetLong, ScannetShort, TumLong, TumShort

PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol() for protocol in (
    TumLong,
    TumShort,
    ScannetLong,
    ScannetShort,
    Sintel,
    BonnDepth,
    KittiVideo,
    SevenScenes,
)}


def protocol(name: str) -> Protocol:
    """Return the protocol called name. Raises ProtocolError."""
    if name not in PROTOCOLS:
        raise ProtocolError(f'unknown protocol {name!r}: take one of {", ".join(PROTOCOLS)}, or none to measure all '
                            'frames, dropping nothing silently')
    return PROTOCOLS[name]


__all__ = ['PROTOCOLS', 'DepthRule', 'Protocol', 'ProtocolError', 'protocol']
