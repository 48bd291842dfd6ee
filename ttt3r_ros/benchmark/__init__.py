# SPDX-License-Identifier: Apache-2.0
"""Where a frame's time goes, beside what the machine can do and beside the published way of computing it."""
