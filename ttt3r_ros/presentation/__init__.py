# SPDX-License-Identifier: Apache-2.0
"""What people look at: progress, tables, charts and their style."""
