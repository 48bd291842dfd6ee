# SPDX-License-Identifier: Apache-2.0
"""A namespace of one's own: neither a robot in the ROS domain nor another one of us may hear our images and TF, answer
them or be answered with ours."""

from __future__ import annotations

import secrets

SHARED = ('/tf', '/tf_static', '/diagnostics')  # topics that a namespace alone does not move


def apart(kind: str) -> tuple[str, list[str]]:
    """Return a namespace that nobody else has, and the arguments, behind --ros-args, that put a node there."""
    namespace = f'/{kind}_{secrets.token_hex(4)}'  # not by the process: two containers number theirs alike
    rules = [f'__ns:={namespace}', *(f'{shared}:={namespace}{shared}' for shared in SHARED)]
    return namespace, [word for rule in rules for word in ('-r', rule)]
