# SPDX-License-Identifier: Apache-2.0
"""The main job for all to see: frames → bag → replay over DDS → the node in its own process → recorded results."""
