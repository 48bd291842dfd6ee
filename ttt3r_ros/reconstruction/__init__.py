# SPDX-License-Identifier: Apache-2.0
"""What a robot needs from the network: frames in, poses and points out. No ROS here."""
