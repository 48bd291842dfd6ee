#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Points of a cloud counted, and their heights compared, in the cells of a grid inside a network, as detectors on pillars have it.
# Of the points that fall into one cell only the last one counts, and a cell counted from the end is none.
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


cells = np.array([[1], [1], [1], [3]])
heights = np.array([2, 5, 4, 1], np.float32)
empty = np.zeros(5, np.float32)


def grids(operator, which, **attributes):
    """Return what both make of the grid."""
    return [values.tolist() for values in both(operator, {'x': empty}, {'cells': which, 'values': heights[:len(which)]},
                                               **attributes)]


added, highest = (grids('ScatterND', cells, reduction=how) for how in ('add', 'max'))
elements = grids('ScatterElements', cells[:, 0], reduction='add')
last = grids('ScatterElements', np.array([-1, 0]))
taken = [values.tolist() for values in both('GatherElements', {'x': heights}, {'cells': np.array([-1, 0])})]
print(f'MNN {version("MNN")}, onnxruntime {version("onnxruntime")}\n'
      'guess: heights 2 5 4 in one cell add up to 11, the highest is 5, and -1 is the last cell, as the format says\n'
      f'seen:  ONNX Runtime and MNN: ScatterND, add {added}, max {highest}; ScatterElements, add {elements}, into -1 and 0 {last}; '
      f'GatherElements from -1 and 0 {taken}')
held = (added == [[0, 11, 0, 1, 0], [0, 4, 0, 1, 0]] and highest == [[0, 5, 0, 1, 0], [0, 4, 0, 1, 0]]
        and elements[0] == elements[1] == added[0] and last == [[5, 0, 0, 0, 2], [5, 0, 0, 0, 0]]
        and taken == [[1, 2], [0, 2]])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
