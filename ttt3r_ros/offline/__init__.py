# SPDX-License-Identifier: Apache-2.0
"""A source of frames run through the one loop without ROS, and what came of it, recorded on disk."""
