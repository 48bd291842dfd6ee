# SPDX-License-Identifier: Apache-2.0
"""The exit statuses of `ttt3r`, the same for every command."""

NOT_WHOLE = 1  # what was asked for is there in part: a source failed, a form could not be written, a promise was broken
BAD_INPUT = 2  # nothing was done, and the one line on standard error says what is to be mended
LOST = 3  # all was done, and more than half of the path is not known
DEVICE_FAILED = 4  # a GPU that is full or lost
INTERRUPTED = 130


def of_verdict(word: str) -> int:
    """Return the status of what was done whole, by the word of the verdict on its path."""
    return LOST if word == 'lost' else 0
