# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node: messages in, messages out. The only part that imports rclpy."""
