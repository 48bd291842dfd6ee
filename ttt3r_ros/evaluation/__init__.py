# SPDX-License-Identifier: Apache-2.0
"""How right the answers are, measured on synthetic worlds whose truth is exact."""
