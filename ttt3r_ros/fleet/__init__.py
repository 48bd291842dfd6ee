# SPDX-License-Identifier: Apache-2.0
"""Many recordings on many processes and machines: Ray has them, this package says what each of them does."""
