#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A spot in a picture that goes through a convolution padded SAME_LOWER, and one that is enlarged from the nearest pixel, rounded
# up, or linearly as opset 10 has it. All is done in another way: what the network finds lies up to a pixel beside what it sees.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check MNN==3.6.1 onnx==1.19.1 onnxruntime==1.32.0 numpy==2.4.6
cd "$work"
PATH="$work/venv/bin:$PATH" "$work/venv/bin/python" - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version

import MNN
import MNN.expr as expr
import MNN.nn
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper


def both(operator, given, constants, opset=20, **attributes):
    """Return what ONNX Runtime and MNN make of a network of this one operator."""
    names = [name for name in (*given, *constants)]
    graph = helper.make_graph(
        [helper.make_node(operator, [name if name[0] != '_' else '' for name in names], ['y'], **attributes)], 'one',
        [helper.make_tensor_value_info('x', TensorProto.FLOAT, given['x'].shape)],
        [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items() if name[0] != '_'])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8), 'one.onnx')
    subprocess.run(['mnnconvert', '-f', 'ONNX', '--modelFile', 'one.onnx', '--MNNModel', 'one.mnn', '--bizCode', 'one'],
                   check=True, stdout=subprocess.DEVNULL)
    runtime = onnxruntime.InferenceSession('one.onnx', providers=['CPUExecutionProvider']).run(None, given)[0]
    network = MNN.nn.load_module_from_file('one.mnn', ['x'], ['y'])
    out, = network.forward([expr.const(given['x'], list(given['x'].shape), expr.NCHW, expr.float)])
    return runtime, np.array(expr.convert(out, expr.NCHW).read())


row = np.zeros((1, 1, 5, 5), np.float32)
row[0, 0, 2, 2] = 1
ramp = np.tile(np.arange(4, dtype=np.float32), (4, 1))[None, None]
kernel = np.array([[[[0, 0], [0, 1]]]], np.float32)  # takes the lower right of four


def spot(how):
    """Return where both find the spot, row and column."""
    return [np.argwhere(values[0, 0])[0].tolist() for values in both('Conv', {'x': row}, {'w': kernel}, auto_pad=how)]


def nearest(how):
    """Return the first row that both make of a ramp of 0 1 2 3, at three pixels."""
    sizes = {'_roi': None, '_scales': None, 'sizes': np.array([1, 1, 3, 3])}
    return [values[0, 0, 0].tolist() for values in both('Resize', {'x': ramp}, sizes, mode='nearest', nearest_mode=how)]


seen = {how: spot(how) for how in ('SAME_UPPER', 'SAME_LOWER')} | {how: nearest(how) for how in ('floor', 'ceil')}
older = [values[0, 0, 0, :4].tolist() for values in both('Resize', {'x': ramp}, {'scales': np.array([1, 1, 2, 2], np.float32)},
                                                        opset=10, mode='linear')]
print(f'MNN {version("MNN")}, onnxruntime {version("onnxruntime")}\n'
      'guess: as the format has it, in both\n'
      f'seen:  ONNX Runtime and MNN: {seen}; linear, twice as large, of opset 10: {older}')
upper, lower, floor, ceil = seen.values()
held = (upper == [[1, 1], [1, 1]] and lower == [[2, 2], [1, 1]] and floor == [[0, 1, 2]] * 2 and ceil == [[1, 2, 3], [0, 1, 3]]
        and older == [[0, 0.5, 1, 1.5], [0, 0.25, 0.75, 1.25]])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
