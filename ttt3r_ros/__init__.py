# SPDX-License-Identifier: Apache-2.0
"""TTT3R for robots: streaming monocular 3D reconstruction, and its ROS 2 node."""

import pkgutil

# The generated messages (ttt3r_ros.msg) lie in the install space, also when this source tree is what runs.
__path__ = pkgutil.extend_path(__path__, __name__)

__version__ = '0.1.0'
