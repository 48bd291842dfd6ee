# SPDX-License-Identifier: Apache-2.0
"""What topics and services are called: of one robot or of several, with one camera or several."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """node: the node's own name; robot and camera: one's among several, else empty. Robots have one camera each."""

    node: str
    robot: str = ''
    camera: str = ''

    @property
    def one(self) -> str:
        """Return what tells it from the others in diagnostics and files, empty where there are none."""
        return self.robot or self.camera

    @property
    def inputs(self) -> str:
        """Return what stands before the topics of a camera: 'a/' of robot a, 'front/' of camera front, or nothing."""
        return f'{self.one}/' if self.one else ''

    @property
    def aboard(self) -> str:
        """Return what stands before the topics of the robot itself, such as imu: 'a/', or nothing."""
        return f'{self.robot}/' if self.robot else ''

    @property
    def own(self) -> str:
        """Return what stands before what is offered for the robot: 'a/ttt3r/', or '~/'."""
        return f'{self.robot}/{self.node}/' if self.robot else '~/'

    @property
    def outputs(self) -> str:
        """Return what stands before what is told and offered of a camera: 'a/ttt3r/', '~/front/', or '~/'."""
        return f'{self.own}{self.camera}/' if self.camera else self.own

    @property
    def tf(self) -> tuple[str, str]:
        """Return the topics of the robot's TF, moving and fixed: its own among several."""
        return (f'{self.robot}/tf', f'{self.robot}/tf_static') if self.robot else ('/tf', '/tf_static')
