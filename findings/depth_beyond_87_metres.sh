#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth as a network tells it, by a softplus of 5, 86, 100 and 1000, and the logarithm of a sum of exponentials. The exponential
# within stops at 87: all that is farther than 87 m stands at 87 m, without a word.
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


told = np.array([5, 86, 100, 1000], np.float32)
softplus = [np.round(values.astype(float), 1).tolist() for values in both('Softplus', {'x': told}, {})]
sums = [round(float(values), 1) for values in both('ReduceLogSumExp', {'x': told[2:3].repeat(3)}, {}, keepdims=0)]
print(f'MNN {version("MNN")}, onnxruntime {version("onnxruntime")}\n'
      'guess: softplus of 100 is 100, and the logarithm of three times exp(100) is 101.1, or infinite\n'
      f'seen:  ONNX Runtime and MNN: Softplus {softplus}; ReduceLogSumExp {sums}')
held = (softplus == [[5, 86, 100, 1000], [5, 86, 87, 87]] and sums == [101.1, 88.1])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
