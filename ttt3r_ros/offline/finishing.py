# SPDX-License-Identifier: Apache-2.0
"""The end of a run: exports, results.json, and the folder in its place."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ttt3r_ros.export import forms
from ttt3r_ros.offline import measured
from ttt3r_ros.offline.folder import RESULTS, RunFolder
from ttt3r_ros.offline.reconstruction import Prepared
from ttt3r_ros.offline.recording import FRAMES, POINTS, Answerer, Recorded
from ttt3r_ros.sequences import Sequence

if TYPE_CHECKING:
    from ttt3r_ros.offline.session import Plan


def finish(plan: Plan, sequence: Sequence, prepared: Prepared, folder: RunFolder, numbers: dict,
           console: Console) -> dict:
    """Write what the plan exports of the folder's recording; return results.json, for which numbers are measured.

    A form that cannot hold the recording is left out, and told there. A part of a run keeps what was recorded, and its
    memory, for the whole. Raises OSError.
    """
    recorded = Recorded(folder.path, sequence.name, sequence.frame_id, _answerer(prepared))
    files, failed, exports_s = _export(() if plan.part else plan.exports, recorded, folder.path, console)
    results = measured.results(plan, sequence, prepared, recorded, numbers | {'exports_s': exports_s}, files,
                               failed)
    if plan.part is None:
        for kind in {*FRAMES, POINTS} - {name for listed in files.values() for name in listed}:
            shutil.rmtree(folder.path / kind, ignore_errors=True)
    (folder.path / RESULTS).write_text(json.dumps(results, indent=1) + '\n')
    folder.finish(keep_memory=keeps_memory(plan, prepared))
    return results


def keeps_memory(plan: Plan, prepared: Prepared) -> bool:
    """Say whether the memory that a run ends with is in its folder: views can be asked of it, or a part follows."""
    return plan.part is not None or 'frames' in plan.exports and prepared.loaded.network.config.ray_map


def _answerer(prepared: Prepared) -> Answerer:
    return Answerer(prepared.reconstructor.rule.name, prepared.loaded.name, prepared.loaded.trained,
                    prepared.fit.under(prepared.segments)[0])


def _export(names: tuple[str, ...], recorded: Recorded, folder: Path,
            console: Console) -> tuple[dict[str, list[str]], dict[str, str], dict[str, float]]:
    """Write the forms; return their files, why others cannot be written, and the seconds that each took."""
    files, failed, seconds = {}, {}, {}
    for name in names:
        begun = time.perf_counter()
        with console.status(f'writing {name}'):
            try:
                files[name] = forms.FORMS[name].write(recorded, folder)
            except forms.ExportError as error:
                failed[name] = str(error)
        seconds[name] = time.perf_counter() - begun
    return files, failed, seconds
