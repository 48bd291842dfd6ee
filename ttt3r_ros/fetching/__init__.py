# SPDX-License-Identifier: Apache-2.0
"""Published weights, fetched by name: from whom, under which licence, whole, and in the form that loads fast."""
