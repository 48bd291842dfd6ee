# SPDX-License-Identifier: Apache-2.0
"""What was reconstructed, in a browser; what is sent to it is bounded."""
