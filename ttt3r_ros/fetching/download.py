# SPDX-License-Identifier: Apache-2.0
"""A large file from the Hugging Face hub: resumed where it was cut, and the one that was meant or none.

The hub's own client deletes what a cut transfer left and compares no hash.
"""

from __future__ import annotations

import fcntl
import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ttt3r_ros.model.checkpoint import file_sha256

HUB = 'https://huggingface.co'  # $HF_ENDPOINT names another, as it does for the hub's own client
BLOCK = 1 << 20
TIMEOUT_S = 30.0
TRIES = 5  # that bring nothing, one after another
PAUSE_S = 2.0
BUSY = {429, 500, 502, 503, 504}  # answers of a server that may have it a moment later

log = logging.getLogger(__name__)


class FetchError(RuntimeError):
    """The weights cannot be had; the message says why and what to do."""


def url_of(place: str) -> str:
    """Return where a place, `owner/repository/path`, is fetched from."""
    owner, repository, path = place.split('/', 2)
    return f'{os.environ.get("HF_ENDPOINT") or HUB}/{owner}/{repository}/resolve/main/{path}'


def download(url: str, target: Path, size: int, sha256: str, tell: Callable[[int], None]) -> None:
    """Bring a file of a known size and sha256 to target, which is there only once it is whole and right.

    What an earlier call left in TARGET.part is gone on with. tell: called with the bytes that are there. Raises
    FetchError.
    """
    part = target.with_name(target.name + '.part')
    with open(part, 'ab') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FetchError(f'{part} is being written by another "ttt3r fetch": wait for it') from error
        if file.tell() > size:
            file.truncate(0)
            file.seek(0)
        _bring_all(url, file, size, tell)
    found = file_sha256(part)
    if found != sha256:
        part.unlink()
        raise FetchError(f'{url} brought a file whose sha256 begins with {found[:12]}, and {sha256[:12]} is wanted: '
                         'another file, or damaged on the way; it has been deleted, try again')
    os.replace(part, target)


def _bring_all(url: str, file: BinaryIO, size: int, tell: Callable[[int], None]) -> None:
    """Append what is missing, however often the transfer is cut, as long as something comes."""
    failed = 0
    while (before := file.tell()) < size:
        try:
            _bring(url, file, size, tell)
            why = 'the transfer was cut'
        except urllib.error.HTTPError as error:
            why = f'{error.code} {error.reason}'
            if error.code not in BUSY:
                raise FetchError(f'{url} answers {why}: the file is not there, or not for everybody') from error
        except (OSError, http.client.HTTPException) as error:
            why = str(getattr(error, 'reason', None) or error) or type(error).__name__
        failed = failed + 1 if file.tell() == before else 0
        if failed == TRIES:
            kept = f'; {file.tell() / 1e6:,.1f} MB of it are kept, and the next call goes on there' if before else ''
            raise FetchError(f'{url} cannot be reached ({why}): is there a network, a proxy (https_proxy)?{kept}')
        if file.tell() < size:
            log.info('%s, at %.1f of %.1f MB; going on', why, file.tell() / 1e6, size / 1e6)
            time.sleep(PAUSE_S * failed)


def _bring(url: str, file: BinaryIO, size: int, tell: Callable[[int], None]) -> None:
    """Append what one answer brings."""
    start = file.tell()
    request = urllib.request.Request(url, headers={'Range': f'bytes={start}-'} if start else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        if start and answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            log.info('%s goes on nowhere but at the beginning', url)
            file.truncate(0)
            file.seek(0)
            start = 0
        offered = start + int(answer.headers.get('Content-Length') or size - start)
        if offered != size:
            raise FetchError(f'{url} offers {offered:,} bytes, and {size:,} are wanted: another file')
        while block := answer.read(BLOCK):
            file.write(block)
            tell(file.tell())
        file.flush()
