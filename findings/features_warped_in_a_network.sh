#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Features sampled between pixels, as where a network warps one view to another, cubic, and with the picture mirrored at its edge.
# It samples linearly, and repeats the last pixel: a matcher or a depth network is another than the one that was trained.
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


picture = np.random.default_rng(0).uniform(0, 1, (1, 1, 6, 6)).astype(np.float32)
places = np.array([[[[0.1, 0.2], [-0.4, 0.3], [1.3, 0.2], [-0.2, -1.5]]]], np.float32)  # two within the picture, two beyond


def sampled(mode, padding):
    """Return what both sample at the places."""
    return [np.round(values.ravel().astype(float), 2).tolist() for values in both('GridSample', {'x': picture}, {'grid': places}, mode=mode,
                                                                     padding_mode=padding, align_corners=0)]


linear, cubic = sampled('linear', 'border'), sampled('cubic', 'border')
mirrored = sampled('linear', 'reflection')
print(f'MNN {version("MNN")}, onnxruntime {version("onnxruntime")}\n'
      'guess: GridSample is the same in both\n'
      f'seen:  ONNX Runtime and MNN, linear and the edge repeated: {linear}; cubic: {cubic}; linear and mirrored: {mirrored}')
held = (linear[0] == linear[1] == cubic[1] == mirrored[1] and cubic[0] != cubic[1]
        and mirrored[0][:2] == linear[0][:2] and mirrored[0][2] != linear[0][2])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
