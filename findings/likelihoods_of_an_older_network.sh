#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Likelihoods over all that follows an axis, as `Softmax` is up to opset 12, in networks in OpenVINO and in ONNX Runtime.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check openvino==2026.4.1 numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper


def answers(opset, x, kind, names, how, **constants):
    node = helper.make_node(kind, ['x', *names], ['y'], **how)
    graph = helper.make_graph([node], 'g', [helper.make_tensor_value_info('x', TensorProto.FLOAT, x.shape)],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    told = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8).SerializeToString()
    core = openvino.Core()
    network = core.compile_model(core.read_model(told), 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
    return onnxruntime.InferenceSession(told, providers=['CPUExecutionProvider']).run(None, {'x': x})[0], network({'x': x})[0]


x = np.log(np.array([[[1, 2], [3, 4]]], 'f4'))
seen = {opset: [said.ravel().astype(float).round(2).tolist() for said in answers(opset, x, 'Softmax', [], {'axis': 1})] for opset in (11, 13)}
print(f'OpenVINO {version("openvino")}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: of opset 11 {seen[11][0]}, of opset 13 {seen[13][0]}, as in ONNX Runtime\n'
      f'seen:  {seen[11][1]} and {seen[13][1]}')
held = seen == {11: [[.1, .2, .3, .4], [.25, .33, .75, .67]], 13: [[.25, .33, .75, .67]] * 2}
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
