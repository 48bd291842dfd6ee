# SPDX-License-Identifier: Apache-2.0
"""Array files of numpy that are damaged: named by whoever reads them, whatever numpy raises."""

from __future__ import annotations

import io
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from ttt3r_ros.datasets.tartanair import DEPTHS, TartanAir
from ttt3r_ros.evaluation.answers import ResultsError, _of_npz
from ttt3r_ros.offline.recording import RecordingError, read_arrays
from ttt3r_ros.sequences import SequenceError
from ttt3r_ros.view.run_folder import RunFolderError, _stored


def of_tartanair(file):
    root = file.parent
    (root / DEPTHS).mkdir(exist_ok=True)
    file.rename(root / DEPTHS / 'a_depth.npy')
    return TartanAir.depth(SimpleNamespace(_root=root, _files=[SimpleNamespace(stem='a')]), 0)


@pytest.mark.parametrize(('read', 'error', 'save'), [
    (read_arrays, RecordingError, np.savez), (lambda file: _stored(file, 'poses'), RunFolderError, np.savez),
    (lambda file: _of_npz(file, 2), ResultsError, np.savez), (of_tartanair, SequenceError, np.save)])
def test_a_damaged_file_is_named(tmp_path, read, error, save):
    """A byte anywhere, of the archive's directory or of numpy's header: an answer, or the error that names the file."""
    whole, rng, refused = io.BytesIO(), np.random.default_rng(7), 0
    save(whole, **{'poses' if save is np.savez else 'arr': np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))})
    whole = whole.getvalue()
    for _ in range(800):
        spoilt = bytearray(whole)
        for place in rng.integers(len(whole) if save is np.savez else 128, size=rng.integers(1, 4)):
            spoilt[place] = rng.integers(256)
        file = tmp_path / f'file.{"npz" if save is np.savez else "npy"}'
        file.write_bytes(spoilt)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of a header that Python 2 may have written
            try:
                read(file)
            except error as told:
                refused += 1
                assert 'cannot be read' in str(told) or 'file' in str(told) or 'a_depth.npy' in str(told)
    assert refused > 100
