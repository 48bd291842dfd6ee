#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A depth image, a ramp from 0 to 5 m, made twice as large by a network with cubic interpolation, as decoders of depth have it.
# The first row and the first column are of other pixels: at the edge of each depth image stands a wall that is not there.
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


ramp = np.tile(np.arange(6, dtype=np.float32), (6, 1))


def enlarged(depth, **more):
    """Return the first five of the tenth row, or, where the ramp leads down, column, and all by how much the two differ."""
    sizes = {'_roi': None, '_scales': None, 'sizes': np.array([1, 1, 12, 12])}
    runtime, mnn = (picture[0, 0].astype(float) for picture in both('Resize', {'x': depth[None, None]}, sizes, mode='cubic', **more))
    first = [np.round(picture[9, :5] if depth[0, 5] else picture[:5, 9], 2).tolist() for picture in (runtime, mnn)]
    return first, np.abs(runtime - mnn)


right, down, corners = enlarged(ramp), enlarged(ramp.T.copy()), enlarged(ramp, coordinate_transformation_mode='align_corners')
print(f'MNN {version("MNN")}, onnxruntime {version("onnxruntime")}\n'
      'guess: cubic interpolation is the same in both\n'
      f'seen:  ONNX Runtime and MNN: a ramp to the right begins {right[0]}, one downwards {down[0]}; with align_corners they '
      f'differ by {corners[1].max():.4f}')
held = (all(edge.min() > 0.7 for edge in (right[1][:, 0], down[1][0]))
        and all(rest.max() < 1e-4 for rest in (right[1][:, 1:], down[1][1:], corners[1])))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
