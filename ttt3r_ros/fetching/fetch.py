# SPDX-License-Identifier: Apache-2.0
"""From a name to a file in the cache that a node loads."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from ttt3r_ros.fetching.download import FetchError, download, url_of
from ttt3r_ros.fetching.published_weights import PUBLISHED, PublishedWeights
from ttt3r_ros.model.cache import cache_folder, fetched_file
from ttt3r_ros.model.checkpoint import convert

log = logging.getLogger(__name__)


def fetch(name: str, tell: Callable[[int], None]) -> Path:
    """Bring published weights, a name of PUBLISHED, into the cache as bfloat16; return the file.

    The published file, twice as large, is removed once it is converted. tell: called with the bytes that are there.
    Raises FetchError, CheckpointError.
    """
    weights, target = PUBLISHED[name], fetched_file(name)
    if target.is_file():
        return target
    if not weights.places:
        raise FetchError(f'{name} is on no hub that could be asked. Get {weights.file} from {weights.by_hand} with a '
                         f'browser, then run "ttt3r convert {weights.file} {target} --dtype bfloat16 --streaming"')
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        _require_room(weights)
        source = cache_folder() / weights.file
        if not source.is_file():
            _from_any(weights, source, tell)
    except OSError as error:
        raise FetchError(f'{cache_folder()} cannot be written ({error.strerror}): TTT3R_CACHE names another folder'
                         ) from error
    convert(str(source), target, dtype=torch.bfloat16, streaming=True)
    source.unlink()
    return target


def _require_room(weights: PublishedWeights) -> None:
    there = sum(file.stat().st_size for file in cache_folder().glob(f'{weights.file}*'))
    missing = weights.size * 3 // 2 - there - shutil.disk_usage(cache_folder()).free
    if missing > 0:
        raise FetchError(f'{cache_folder()} has {missing / 1e6:,.0f} MB too little room: make some there, or name '
                         'another folder with TTT3R_CACHE')


def _from_any(weights: PublishedWeights, target: Path, tell: Callable[[int], None]) -> None:
    """Take the first place that has it."""
    for i, place in enumerate(weights.places, 1):
        try:
            download(url_of(place), target, weights.size, weights.sha256, tell)
            return
        except FetchError as error:
            if i == len(weights.places):
                raise FetchError(f'{error}; or get {weights.file} from {weights.by_hand} with a browser and convert it '
                                 '("ttt3r convert")') from error
            log.warning('%s; asking another', error)
