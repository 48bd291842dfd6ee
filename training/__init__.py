# SPDX-License-Identifier: Apache-2.0
"""How the embedded model was made: `python -m training`."""
