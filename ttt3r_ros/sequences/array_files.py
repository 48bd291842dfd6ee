# SPDX-License-Identifier: Apache-2.0
"""What numpy raises for an array file that is damaged, in its archive, its header or its numbers; or cannot be read."""

from __future__ import annotations

import tokenize
import zipfile
import zlib

DAMAGED = (OSError, ValueError, TypeError, KeyError, EOFError, SyntaxError, MemoryError, RuntimeError,
           tokenize.TokenError, zipfile.BadZipFile, zlib.error)
