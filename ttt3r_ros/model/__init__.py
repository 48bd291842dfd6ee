# SPDX-License-Identifier: Apache-2.0
"""The recurrent network, its write rules and its checkpoints: torch only, no ROS, no windows."""
