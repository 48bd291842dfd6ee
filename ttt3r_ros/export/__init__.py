# SPDX-License-Identifier: Apache-2.0
"""Where results go, and in which forms: one file a form."""
